/* SPDX-License-Identifier: MIT */
/*
 * The emulator by itself: what a screen shows, that it does not depend on how
 * bytes are cut, and that what it puts leads another one to the same state.
 * That xterm.js agrees is what tests/screen looks at.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/emu/emu.h"
#include "daemon/emu/state.h"
#include "lib/buf.h"
#include "tests/unit/check.h"

#define COLS 12
#define ROWS 4
#define OUT  (8u << 20)

static void
feed(struct emu *e, const void *p, size_t len, size_t step)
{
	const uint8_t *s = p;

	while (len > 0) {
		size_t n = emu_feed(e, s, len < step ? len : step, 1000);

		assert_true(n > 0 && n <= step);
		s += n;
		len -= n;
	}
}

static struct emu *
shown(const char *in, size_t step)
{
	struct emu *e = emu_new(COLS, ROWS);

	feed(e, in, strlen(in), step);
	return e;
}

static char *
text(const struct emu *e, bool sgr)
{
	struct buf b;
	char *s;

	buf_init(&b, OUT);
	emu_text(e, sgr, &b);
	s = strdup(buf_cstr(&b));
	buf_done(&b);
	return s;
}

static char *
restored(const struct emu *e)
{
	struct buf b;
	char *s;

	buf_init(&b, OUT);
	emu_restore(e, EMU_HISTORY, &b);
	assert_true(buf_ok(&b));
	s = strdup(buf_cstr(&b));
	buf_done(&b);
	return s;
}

/* What is shown, and where the cursor is. */
static const struct {
	const char *in, *text;
	unsigned x, y;
} rows[] = {
	{ "one\r\ntwo", "one\ntwo\n\n\n", 3, 1 },
	{ "0123456789abcd", "0123456789ab\ncd\n\n\n", 2, 1 },
	{ "0123456789ab", "0123456789ab\n\n\n\n", 11, 0 },
	{ "a\r\nb\r\nc\r\nd\r\ne", "b\nc\nd\ne\n", 1, 3 },
	{ "abc\x1b[2;3Hx\x1b[H", "abc\n  x\n\n\n", 0, 0 },
	{ "abcdef\x1b[3G\x1b[K", "ab\n\n\n\n", 2, 0 },
	{ "abcdef\x1b[3G\x1b[2P", "abef\n\n\n\n", 2, 0 },
	{ "abcdef\x1b[3G\x1b[2@", "ab  cdef\n\n\n\n", 2, 0 },
	{ "a\r\nb\r\nc\x1b[2;3r\x1b[3;1H\nX", "a\nc\nX\n\n", 1, 2 },
	{ "a\r\nb\x1b[H\x1b[L", "\na\nb\n\n", 0, 0 },
	{ "\xe6\x97\xa5\xe6\x9c\xac", "\xe6\x97\xa5\xe6\x9c\xac\n\n\n\n", 4,
	    0 },
	{ "0123456789a\xe6\x97\xa5", "0123456789a\n\xe6\x97\xa5\n\n\n", 2, 1 },
	{ "e\xcc\x81x", "e\xcc\x81x\n\n\n\n", 2, 0 },
	{ "\xf0\x9f\x98\x80.", "\xf0\x9f\x98\x80.\n\n\n\n", 3, 0 },
	{ "a\xff\xc3(b", "a(b\n\n\n\n", 3, 0 },
	{ "\x1b(0lqk\x1b(B.", "\xe2\x94\x8c\xe2\x94\x80\xe2\x94\x90.\n\n\n\n",
	    4, 0 },
	{ "main\x1b[?1049h\x1b[Halt", "alt\n\n\n\n", 3, 0 },
	{ "main\x1b[?1049h\x1b[Halt\x1b[?1049l", "main\n\n\n\n", 4, 0 },
	{ "\ta\x1b[3g\r\tb", "        a  b\n\n\n\n", 11, 0 },
	{ "x\x1b[4b", "xxxxx\n\n\n\n", 5, 0 },
	{ "ab\x1b"
	  "7\x1b[4;4H\x1b"
	  "8c",
	    "abc\n\n\n\n", 3, 0 },
	{ "\x1b[1\"qa\x1b[0\"qb\x1b[?2K", "a\n\n\n\n", 2, 0 },
	{ "a\x1b]52;c;aGk=\x07"
	  "b",
	    "ab\n\n\n\n", 2, 0 },
	{ "a\x1bP$qm\x1b\\b", "ab\n\n\n\n", 2, 0 },
	{ "gone\x1b"
	  "cnew",
	    "new\n\n\n\n", 3, 0 },
};

static void
test_shown(void **state)
{
	struct emu_look look;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct emu *e = shown(rows[i].in, 4096);
		char *got = text(e, false);

		emu_look(e, &look);
		assert_string_equal(got, rows[i].text);
		assert_int_equal(look.x, rows[i].x);
		assert_int_equal(look.y, rows[i].y);
		free(got);
		emu_free(e);
	}
}

/* Cut anywhere, also inside of characters and sequences. */
static void
test_cut(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct emu *whole = shown(rows[i].in, 4096);
		struct emu *cut = shown(rows[i].in, 1);
		char *a = restored(whole), *b = restored(cut);

		assert_string_equal(a, b);
		free(a);
		free(b);
		emu_free(whole);
		emu_free(cut);
	}
}

/* At each byte: what is put there and the rest lead to the same end. */
static void
test_restore(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const char *in = rows[i].in;
		size_t len = strlen(in);
		struct emu *whole = shown(in, len);
		char *want = restored(whole);

		for (size_t k = 0; k <= len; k++) {
			struct emu *a = emu_new(COLS, ROWS);
			struct emu *b = emu_new(COLS, ROWS);
			char *put, *got;

			feed(a, in, k, 4096);
			put = restored(a);
			feed(b, put, strlen(put), 4096);
			feed(b, in + k - emu_partial(a),
			    len - k + emu_partial(a), 4096);
			got = restored(b);
			assert_string_equal(got, want);
			free(put);
			free(got);
			emu_free(a);
			emu_free(b);
		}
		free(want);
		emu_free(whole);
	}
}

static void
test_modes(void **state)
{
	struct emu *e = shown("\x1b[?1h\x1b[?2004h\x1b[?1002h\x1b[?1006h\x1b="
			      "\x1b]2;the title\x07\x1b[?25l",
	    4096);
	struct emu_look look;
	struct buf b;

	(void)state;
	buf_init(&b, 4096);
	emu_modes(e, &b);
	assert_string_equal(buf_cstr(&b),
	    "application-cursor "
	    "application-keypad bracketed-paste wrap mouse-drag");
	emu_look(e, &look);
	assert_string_equal(look.title, "the title");
	assert_true(look.cursor_hidden);
	assert_false(look.alternate);
	buf_done(&b);
	emu_free(e);
}

static void
test_colours(void **state)
{
	struct emu *e = shown("\x1b[1;31mred\x1b[0m \x1b[48;2;1;2;3mbg", 4096);
	char *s = text(e, true);

	(void)state;
	assert_string_equal(s, "\x1b[0;1;31mred\x1b[0m \x1b[0;48;2;1;2;3mbg"
			       "\x1b[0m\n\n\n\n");
	free(s);
	emu_free(e);
}

static void
test_resize(void **state)
{
	struct emu *e = shown("1\r\n2\r\n3\r\n4\r\n5\r\nlast", 4096);
	struct emu_look look;
	char *s;

	(void)state;
	emu_resize(e, 20, 3);
	s = text(e, false);
	assert_string_equal(s, "4\n5\nlast\n");
	free(s);
	emu_resize(e, 20, 5);
	s = text(e, false);
	assert_string_equal(s, "2\n3\n4\n5\nlast\n");
	free(s);
	emu_look(e, &look);
	assert_int_equal(look.history, 1);
	assert_int_equal(look.y, 4);
	/* Back on the line that was above. */
	feed(e, "\x1b[H!", 4, 4096);
	s = text(e, false);
	assert_string_equal(s, "!\n3\n4\n5\nlast\n");
	free(s);
	emu_free(e);
}

/*
 * J06: floods of marks, of links and of wide characters take bounded room, and
 * what comes behind them is shown as ever.
 */
static void
test_J06_floods_of_rare_things_are_bounded(void **state)
{
	struct emu *e = emu_new(COLS, ROWS);
	char in[64], *s;

	(void)state;
	for (unsigned i = 0; i < 200000; i++) {
		int n = snprintf(in, sizeof(in),
		    "\x1b]8;;http://%u/\x1b\\\x1b[4:%u;58:2::%u:1:2m\xcc%c"
		    "\xcc%c",
		    i, i % 6, i % 256, 0x80 + i % 0x30, 0x80 + i / 7 % 0x30);

		feed(e, in, (size_t)n, 4096);
	}
	feed(e, "\x1b]8;;\x1b\\\x1b[0m\x1b[2J\x1b[Hafter", 24, 4096);
	s = text(e, false);
	assert_string_equal(s, "after\n\n\n\n");
	free(s);
	s = restored(e);
	assert_true(strlen(s) < OUT / 2);
	free(s);
	emu_free(e);
}

/* FNV-1a: what a key tells of its slot when no secret is in it. */
static uint32_t
plain_hash(const void *p, size_t len)
{
	const uint8_t *s = p;
	uint32_t h = 0x811c9dc5u;

	for (size_t i = 0; i < len; i++)
		h = (h ^ s[i]) * 0x01000193u;
	return h;
}

/*
 * J06: strings that were chosen to meet in one place find room as others do,
 * and what a search looks at is bounded and paid for.
 */
static void
test_J06_chosen_strings_do_not_meet(void **state)
{
	uint32_t key[2] = { 0, 0x300 };
	size_t work, lost = 0, n = 0;
	struct intern t;

	(void)state;
	intern_init(&t, 65535, 65535 * sizeof(key));
	for (; n < 500; key[0]++) {
		/* In a table of twice or four times as many slots. */
		if (plain_hash(key, sizeof(key)) % (4 * 65535) % 131070 >= 64)
			continue;
		n++;
		work = 0;
		if (intern_id(&t, key, sizeof(key), &work) == 0)
			lost++;
		assert_in_range(work, 1, INTERN_PROBES);
	}
	assert_int_equal(lost, 0);
	intern_done(&t);
}

/* One sequence costs no more than a screen, and the caller gets its turn. */
static void
test_work(void **state)
{
	struct emu *e = emu_new(1000, 500);
	const char *in = "x\x1b[2147483647b\x1b[2147483647L\x1b[2147483647T";

	(void)state;
	assert_int_equal(emu_feed(e, (const uint8_t *)in, strlen(in), 1), 1);
	assert_true(emu_feed(e, (const uint8_t *)in, strlen(in), 1000) <
		    strlen(in));
	emu_free(e);
}

/* What makes or clears much ends a step by itself, so no step has two of it. */
static void
test_J06_screens_are_work(void **state)
{
	static const struct {
		const char *in;
		size_t first, least;
	} steps[] = {
		{ "\x1b"
		  "c\x1b"
		  "c",
		    2, 500000 },
		{ "\x1b[?47h\x1b[?47l", 6, 500000 },
		{ "\x1b[?1049h\x1b[?1049l", 8, 500000 },
		{ "\x1b[3J\x1b[3J", 4, 500 },
	};
	struct emu *e = emu_new(1000, 500);
	size_t n;

	(void)state;
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		const char *in = steps[i].in;

		feed(e, "\x1b[500H", 6, 6);
		for (unsigned k = 0; k < 500; k++)
			feed(e, "\n", 1, 1);
		n = emu_feed(e, (const uint8_t *)in, strlen(in), 500);
		assert_int_equal(n, steps[i].first);
		assert_true(e->work >= steps[i].least);
		feed(e, in + n, strlen(in) - n, strlen(in));
	}
	emu_free(e);
}

/* So does text that pushes a line away with each character. */
static void
test_J06_inserted_text_is_work(void **state)
{
	struct emu *e = emu_new(1000, 5);
	uint8_t in[4096];

	(void)state;
	memset(in, 'x', sizeof(in));
	feed(e, "\x1b[4h", 4, 4);
	assert_in_range(emu_feed(e, in, sizeof(in), 65536), 1, 512);
	emu_free(e);
}

/* J06: what is too much for a buffer ends there: no later line is looked at. */
static void
test_J06_no_line_behind_a_full_buffer(void **state)
{
	struct emu *e = emu_new(100, 50);
	struct line *last;
	struct buf b[3];

	(void)state;
	for (unsigned i = 0; i < 5000; i++)
		feed(e, i % 2 ? "\x1b[31mx" : "\x1b[32mx", 6, 6);
	feed(e, "\x1b[H", 3, 3);
	/* Looking at it would be the end. */
	last = e->main.line[40];
	e->main.line[40] = NULL;
	for (unsigned i = 0; i < 3; i++)
		buf_init(&b[i], 4096);
	emu_text(e, true, &b[0]);
	emu_restore(e, 0, &b[1]);
	e->on = &e->alt;
	e->alt.line = e->main.line;
	emu_restore(e, 0, &b[2]);
	for (unsigned i = 0; i < 3; i++) {
		assert_false(buf_ok(&b[i]));
		buf_done(&b[i]);
	}
	e->alt.line = NULL;
	e->on = &e->main;
	e->main.line[40] = last;
	emu_free(e);
}

static bool
put_within(const struct emu *e, size_t max, size_t alone, struct buf *out)
{
	struct emu_put *w = emu_put_new(e, 200, max, alone);
	bool ok;

	while (emu_put_step(w, COLS))
		;
	ok = emu_put_take(w, out);
	emu_put_free(w);
	return ok;
}

/* The newest lines above the screen that there is room for. */
static void
test_restore_of_most(void **state)
{
	struct emu *e = shown("", 1), *other = emu_new(COLS, ROWS);
	struct emu_look look;
	struct buf most, want, got;
	char line[32];

	(void)state;
	for (unsigned i = 0; i < 200; i++)
		feed(e, line,
		    (size_t)snprintf(line, sizeof(line), "\x1b[3%umline %u\r\n",
			i % 8, i),
		    32);
	assert_false(put_within(e, 32, 0, &most));
	assert_true(put_within(e, 32, 1500, &most));
	buf_init(&want, OUT);
	emu_restore(e, 0, &want);
	assert_int_equal(most.len, want.len);
	buf_done(&most);
	buf_done(&want);
	assert_true(put_within(e, 1500, 0, &most));
	assert_in_range(most.len, 750, 1500);
	feed(other, most.data, most.len, 1000);
	emu_look(other, &look);
	assert_in_range(look.history, 1, 199);
	buf_init(&want, OUT);
	buf_init(&got, OUT);
	emu_restore(e, look.history, &want);
	emu_restore(other, 200, &got);
	assert_int_equal(got.len, want.len);
	assert_memory_equal(got.data, want.data, want.len);
	buf_done(&most);
	buf_done(&want);
	buf_done(&got);
	emu_free(e);
	emu_free(other);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_shown),
		cmocka_unit_test(test_cut),
		cmocka_unit_test(test_restore),
		cmocka_unit_test(test_modes),
		cmocka_unit_test(test_colours),
		cmocka_unit_test(test_resize),
		cmocka_unit_test(test_J06_floods_of_rare_things_are_bounded),
		cmocka_unit_test(test_J06_chosen_strings_do_not_meet),
		cmocka_unit_test(test_J06_screens_are_work),
		cmocka_unit_test(test_J06_inserted_text_is_work),
		cmocka_unit_test(test_J06_no_line_behind_a_full_buffer),
		cmocka_unit_test(test_work),
		cmocka_unit_test(test_restore_of_most),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
