/* SPDX-License-Identifier: MIT */
/*
 * A terminal of another size through a view of ours. What was drawn goes into
 * an emulator of our size, and has to be there what is in the other, cell by
 * cell, with the cursor on the same one.
 */
#include <stdio.h>
#include <string.h>

#include "cli/crop.h"
#include "daemon/emu/emu.h"
#include "lib/buf.h"
#include "tests/unit/check.h"

#define ROW_MAX 65536
#define STEPS	2000

static struct crop *crop;
static struct emu *theirs, *ours;
static unsigned cols, rows;
static size_t drawn; /* bytes, by the last draw */

static void
start(unsigned their_cols, unsigned their_rows, unsigned c, unsigned r)
{
	crop = crop_new(their_cols, their_rows);
	theirs = emu_new(their_cols, their_rows);
	ours = emu_new(c, r);
	cols = c;
	rows = r;
}

static void
end(void)
{
	crop_free(crop);
	emu_free(theirs);
	emu_free(ours);
}

static void
feed(struct emu *e, const void *p, size_t len)
{
	const uint8_t *b = p;
	size_t n;

	for (; len > 0; b += n, len -= n)
		n = emu_feed(e, b, len, SIZE_MAX);
}

static void
draw(void)
{
	struct buf b;

	buf_init(&b, 1u << 24);
	crop_draw(crop, cols, rows, &b);
	assert_true(buf_ok(&b));
	feed(ours, b.data, b.len);
	drawn = b.len;
	buf_done(&b);
}

static const char *
cells(const struct emu *e, unsigned y, unsigned x)
{
	static char text[2][ROW_MAX];
	static unsigned turn;
	struct buf b;

	turn = 1 - turn;
	buf_init(&b, ROW_MAX - 1);
	emu_cells(e, y, x, cols, &b);
	(void)snprintf(text[turn], ROW_MAX, "%s", buf_cstr(&b));
	buf_done(&b);
	return text[turn];
}

/* The view is wherever the cursor says, if that is somewhere in it. */
static void
compare(void)
{
	struct emu_look t, o;
	unsigned y;

	emu_look(theirs, &t);
	emu_look(ours, &o);
	assert_true(o.x <= t.x && o.y <= t.y);
	assert_true(t.cols <= cols ? o.x == t.x : t.x - o.x + cols <= t.cols);
	assert_true(t.rows <= rows ? o.y == t.y : t.y - o.y + rows <= t.rows);
	assert_int_equal(o.cursor_hidden, t.cursor_hidden);
	assert_int_equal(o.alternate, t.alternate);
	assert_int_equal(o.app_cursor, t.app_cursor);
	assert_string_equal(o.title, t.title);
	for (y = 0; y < rows; y++)
		assert_string_equal(cells(ours, y, 0),
		    y + t.y - o.y < t.rows
			? cells(theirs, y + t.y - o.y, t.x - o.x)
			: "");
}

static void
show(const char *text)
{
	crop_feed(crop, text, strlen(text));
	feed(theirs, text, strlen(text));
	draw();
	compare();
}

static void
test_the_cursor_is_in_view(void **state)
{
	struct emu_look o;
	char text[64];
	unsigned i;

	(void)state;
	start(100, 40, 30, 10);
	for (i = 1; i <= 60; i++) {
		(void)snprintf(text, sizeof(text), "line %u%s", i,
		    i < 60 ? "\r\n" : "");
		show(text);
	}
	/* Somewhere inside, it stays where it is. */
	emu_look(ours, &o);
	assert_int_equal(o.y, 9);
	show("\033[35;1H");
	emu_look(ours, &o);
	assert_int_equal(o.y, 4);
	show("\033[1;1Htop");
	show("\033[20;90Hfar right");
	show("\033[40;100H.");
	end();
}

static void
test_what_is_there_is_not_drawn_again(void **state)
{
	(void)state;
	start(100, 40, 80, 24);
	show("\033[2J\033[Hfirst\r\nsecond");
	draw();
	assert_int_equal(drawn, 0);
	show("x");
	assert_in_range(drawn, 1, 60);
	end();
}

/* All of it in our corner, and nothing else anywhere. */
static void
test_a_smaller_one_is_in_the_corner(void **state)
{
	(void)state;
	start(20, 5, 50, 12);
	show(
	    "a line that is longer than what it is in\r\n1\r\n2\r\n3\r\n4\r\n");
	show("\033[41m\033[2J\033[3;3Hred");
	show("\033[m\033[?1049h\033[Hother\033[?1049l");
	end();
}

static void
test_half_a_wide_character_is_blank(void **state)
{
	(void)state;
	start(40, 3, 11, 3);
	show("\346\274\242\346\274\242\346\274\242\346\274\242\346\274\242"
	     "\346\274\242\346\274\242\346\274\242\r\n\033[1;1H");
	assert_string_equal(cells(ours, 0, 0),
	    "\346\274\242\346\274\242\346\274\242\346\274\242\346\274\242 ");
	/* To the right: the view begins within one. */
	show("\033[1;13H");
	show("\033[1;17H");
	end();
}

/* Keys are encoded by what the program asked for; mice would be elsewhere. */
static void
test_modes_of_keys(void **state)
{
	struct buf b;

	(void)state;
	start(100, 40, 30, 10);
	show("\033[?1h\033=\033[?2004h\033[?1003h\033[?1006h\033[?25l");
	buf_init(&b, 1024);
	emu_modes(ours, &b);
	assert_string_equal(buf_cstr(&b),
	    "application-cursor application-keypad bracketed-paste");
	show("\033[?1l\033>\033[?2004l\033[?25h\033]2;title\033\\");
	buf_reset(&b);
	emu_modes(ours, &b);
	assert_string_equal(buf_cstr(&b), "");
	buf_done(&b);
	end();
}

static unsigned
some(unsigned n)
{
	static uint32_t x = 7;

	x = x * 1664525u + 1013904223u;
	return (x >> 8) % n;
}

static void
step(char *out, size_t size)
{
	static const char *const words[] = { "plain ",
		"\346\274\242\345\255\227", "\r\n", "\033[K", "\033[2J",
		"\033[m", "\t", "e\314\201", "\b", "\033[L", "\033[3M",
		"\033[?1049h", "\033[?1049l", "\033D", "\033[5;20r", "\033[r",
		"\033[4:3mwave" };

	if (some(3) == 0)
		(void)snprintf(out, size, "\033[%u;%uH", some(45) + 1,
		    some(105) + 1);
	else if (some(3) == 0)
		(void)snprintf(out, size, "\033[%u;%u;38;5;%um", some(10),
		    some(8) + 40, some(256));
	else
		(void)snprintf(out, size, "%s",
		    words[some(sizeof(words) / sizeof(words[0]))]);
}

static void
test_whatever_comes(void **state)
{
	static const unsigned sizes[][2] = { { 30, 10 }, { 80, 24 }, { 101, 3 },
		{ 120, 50 }, { 10, 60 } };
	char text[64];
	size_t s, i;

	(void)state;
	for (s = 0; s < sizeof(sizes) / sizeof(sizes[0]); s++) {
		start(100, 40, sizes[s][0], sizes[s][1]);
		for (i = 0; i < STEPS; i++) {
			step(text, sizeof(text));
			show(text);
		}
		end();
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_cursor_is_in_view),
		cmocka_unit_test(test_what_is_there_is_not_drawn_again),
		cmocka_unit_test(test_a_smaller_one_is_in_the_corner),
		cmocka_unit_test(test_half_a_wide_character_is_blank),
		cmocka_unit_test(test_modes_of_keys),
		cmocka_unit_test(test_whatever_comes),
	};

	return CHECK_RUN("crop", tests);
}
