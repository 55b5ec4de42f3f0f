/* SPDX-License-Identifier: MIT */
/*
 * An emulator as bytes and back: it goes on as if nothing had been, and bytes
 * that nobody wrote are either refused or an emulator.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/emu/emu.h"
#include "daemon/emu/piece.h"
#include "daemon/emu/save.h"
#include "daemon/emu/state.h"
#include "lib/buf.h"
#include "tests/unit/check.h"

#define COLS 12
#define ROWS 4
#define OUT  (8u << 20)

static void
feed(struct emu *e, const char *in)
{
	size_t len = strlen(in), n = 0;

	while (n < len)
		n += emu_feed(e, (const uint8_t *)in + n, len - n, 1000);
}

static void
save(const struct emu *e, size_t max, struct buf *out)
{
	struct emu_save *s = emu_save_new(e);

	buf_init(out, OUT);
	while (emu_save_step(s, out, out->len + 64, max))
		;
	emu_save_free(s);
	assert_true(buf_ok(out));
}

/* In pieces of `cut` bytes. NULL: they were refused. */
static struct emu *
load(const uint8_t *p, size_t len, size_t cut)
{
	struct emu_load *l = emu_load_new(COLS, ROWS);
	struct emu *e = NULL;
	struct buf b;
	size_t at = 0, have = 0;
	int got = 0;

	while (got == 0 && have < len) {
		have = len - have < cut ? len : have + cut;
		buf_wrap(&b, p + at, have - at);
		got = emu_load_step(l, &b);
		at += b.off;
	}
	if (got == 1 && have == len)
		e = emu_load_take(l);
	emu_load_free(l);
	return e;
}

static void
same(const struct emu *a, const struct emu *b)
{
	struct buf x, y;

	buf_init(&x, OUT);
	buf_init(&y, OUT);
	emu_restore(a, EMU_HISTORY, &x);
	emu_restore(b, EMU_HISTORY, &y);
	assert_int_equal(x.len, y.len);
	assert_memory_equal(x.data, y.data, x.len);
	buf_done(&x);
	buf_done(&y);
}

/* Everything that has a place of its own in what is saved. */
static const char *const states[] = {
	"",
	"one\r\ntwo\r\n\r\nfour and more than a line\r\nfive\r\nsix\r\nseven",
	"\x1b[31mred\x1b[48;2;1;2;3mrgb\x1b[1;3;7mbold \x1b[4:3;58:5:9mcurl",
	"e\xcc\x81\xcc\x88 \xe6\xbc\xa2\xe5\xad\x97 \xf0\x9f\x98\x80"
	"12345678901\xe6\xbc\xa2",
	"\x1b]8;id=a;http://a/\x07link\x1b]8;;\x07 \x1b]8;;http://b/\x07"
	"another",
	"main\r\n\x1b[2;3H\x1b"
	"7\x1b[?1049h\x1b[2;3r\x1b[?6halt\x1b[5m\x1b"
	"7",
	"\x1b]2;title\x07\x1b]4;3;rgb:11/22/33\x07\x1b]11;#123\x07",
	"\x1b(0qqq\x0e\x1b)A\x1b[?1;25;1002;1006;2004h\x1b[4h\x1b[3 q",
	"\x1b[3g\x1b[5G\x1bH\tx\x1b[1\"qkept\x1b[0\"q\x1b[?45h",
	"exactly 12 x",
	"a\xcc\x81",
	"\x1b[?7lexactly 12 x\x1b[m\xcc\x81",
	"cut\x1b[38;2;",
	"cut\x1b]2;tit",
	"cut\xe6\xbc",
	"\x1b[44m\x1b[J\x1b[2;2Hx\x1b[1K",
};
/* What tells apart whether it goes on alike. */
static const char tails[] =
    "\xcc\x88z\x1b[2b\r\n\tq\x1b[0m\x1b"
    "8y\x0f\x1b[?1049l\x1b"
    "8end\r\n1\r\n2\r\n3\r\n4 wraps and wraps again and on";

static void
test_goes_on(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++) {
		struct emu *e = emu_new(COLS, ROWS), *got;
		size_t part;
		struct buf b;

		feed(e, states[i]);
		part = emu_partial(e);
		save(e, OUT, &b);
		got = load(b.data, b.len, 1 + i % 7);
		assert_non_null(got);
		feed(got, states[i] + strlen(states[i]) - part);
		same(e, got);
		feed(e, tails);
		feed(got, tails);
		same(e, got);
		emu_resize(e, COLS + 3, ROWS + 2);
		emu_resize(got, COLS + 3, ROWS + 2);
		same(e, got);
		buf_done(&b);
		emu_free(e);
		emu_free(got);
	}
}

/* Of what no line refers to any more nothing is kept: there is room again. */
static void
test_tables_have_room_again(void **state)
{
	struct emu *e = emu_new(COLS, ROWS), *got;
	struct buf b;

	(void)state;
	feed(e, "\x1b]8;;http://a/\x07x\x1b]8;;\x07o\xcc\x81\r\n\x1b"
		"c\x1b]8;;http://b/\x07y");
	assert_int_equal(e->links.n, 2);
	save(e, OUT, &b);
	got = load(b.data, b.len, b.len);
	assert_non_null(got);
	assert_int_equal(got->links.n, 1);
	assert_int_equal(got->marked.n, 0);
	same(e, got);
	buf_done(&b);
	emu_free(e);
	emu_free(got);
}

static void
test_oldest_lines_are_left_out(void **state)
{
	struct emu *e = emu_new(COLS, ROWS), *got;
	struct emu_look look;
	struct buf b;

	(void)state;
	for (unsigned i = 0; i < 500; i++)
		feed(e, "abc\r\n");
	feed(e, "last\r\nline\r\n");
	save(e, 2000, &b);
	assert_in_range(b.len, 2000, 2600);
	got = load(b.data, b.len, b.len);
	assert_non_null(got);
	emu_look(got, &look);
	assert_in_range(look.history, 50, 200);
	buf_done(&b);
	buf_init(&b, OUT);
	emu_free(e);
	emu_text(got, false, &b);
	assert_string_equal(buf_cstr(&b), "abc\nlast\nline\n\n");
	buf_done(&b);
	emu_free(got);
}

/* Each byte, one after the other, is another one; and it ends too soon. */
static void
test_whatever_the_bytes_say(void **state)
{
	struct emu *e = emu_new(COLS, ROWS), *got;
	unsigned refused = 0;
	struct buf b;

	(void)state;
	for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++)
		feed(e, states[i]);
	save(e, OUT, &b);
	for (size_t i = 0; i < 3 * b.len; i++) {
		uint8_t *p = &b.data[i % b.len], was = *p;

		*p ^= (uint8_t)(1 << i % 8);
		got = load(b.data, b.len, b.len);
		*p = was;
		refused += got == NULL;
		if (got == NULL)
			continue;
		feed(got, tails);
		emu_resize(got, COLS - 1, ROWS + 3);
		feed(got, tails);
		emu_free(got);
	}
	assert_true(refused > b.len / 10);
	for (size_t len = 0; len < b.len; len++)
		assert_null(load(b.data, len, len + 1));
	buf_done(&b);
	emu_free(e);
}

static void
put_piece(struct buf *b, enum piece kind, const uint32_t *v, size_t n)
{
	buf_put_u32(b, (uint32_t)kind << 24 | (uint32_t)(4 * n));
	for (size_t i = 0; i < n; i++)
		buf_put_u32(b, v[i]);
}

/* A chain of marks has an end, and refers to what is there. */
static void
test_marks_of_nobody(void **state)
{
	static const struct {
		uint32_t first, step, n;
		bool ok;
	} chains[] = { { 'a', 1, EMU_MARKS, true },
		{ 'a', 1, EMU_MARKS + 1, false }, { 'a', 2, 2, false },
		{ CELL_MARKED | 1, 1, 1, false },
		{ CELL_MARKED, 1, 1, false } };

	(void)state;
	for (size_t i = 0; i < sizeof(chains) / sizeof(chains[0]); i++) {
		struct emu_load *l = emu_load_new(COLS, ROWS);
		struct buf b, in;

		buf_init(&b, OUT);
		for (uint32_t k = 0; k < chains[i].n; k++)
			put_piece(&b, PIECE_MARKED,
			    (uint32_t[]){
				k == 0 ? chains[i].first
				       : CELL_MARKED | k * chains[i].step,
				0x301 + k },
			    2);
		buf_wrap(&in, b.data, b.len);
		assert_int_equal(emu_load_step(l, &in),
		    chains[i].ok ? 0 : -EBADMSG);
		buf_done(&b);
		emu_load_free(l);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_goes_on),
		cmocka_unit_test(test_tables_have_room_again),
		cmocka_unit_test(test_oldest_lines_are_left_out),
		cmocka_unit_test(test_whatever_the_bytes_say),
		cmocka_unit_test(test_marks_of_nobody),
	};

	return CHECK_RUN("save", tests);
}
