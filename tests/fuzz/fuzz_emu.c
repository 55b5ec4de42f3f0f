/* SPDX-License-Identifier: MIT */
/*
 * The output of a program, the first two bytes being the terminal's size.
 * Invariant: the screen does not depend on how the bytes were cut, and what is
 * put for a client shows the same screen, with the cursor and modes of it.
 */
#include "tests/fuzz/fuzz.h"

#include <stdbool.h>
#include <string.h>

#include "daemon/emu/emu.h"
#include "lib/buf.h"

static void
feed(struct emu *e, const uint8_t *p, size_t len, size_t step)
{
	while (len > 0) {
		size_t n = emu_feed(e, p, len < step ? len : step, 5000);

		FUZZ_CHECK(n > 0 && n <= len);
		p += n;
		len -= n;
	}
}

static void
restore(const struct emu *e, struct buf *b)
{
	buf_init(b, 64u << 20);
	emu_restore(e, EMU_HISTORY, b);
	FUZZ_CHECK(buf_ok(b));
}

static void
same(const struct buf *a, const struct buf *b)
{
	FUZZ_CHECK(a->len == b->len);
	FUZZ_CHECK(a->len == 0 || memcmp(a->data, b->data, a->len) == 0);
}

static void
same_look(const struct emu *a, const struct emu *b)
{
	struct emu_look x, y;
	struct buf s, t;

	emu_look(a, &x);
	emu_look(b, &y);
	FUZZ_CHECK(x.x == y.x && x.y == y.y && x.alternate == y.alternate);
	FUZZ_CHECK(x.cursor_hidden == y.cursor_hidden);
	FUZZ_CHECK(strcmp(x.title, y.title) == 0);
	buf_init(&s, 64u << 20);
	buf_init(&t, 64u << 20);
	emu_text(a, false, &s);
	emu_text(b, false, &t);
	emu_modes(a, &s);
	emu_modes(b, &t);
	same(&s, &t);
	buf_done(&s);
	buf_done(&t);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct emu *whole, *cut, *back;
	struct buf a, b;
	unsigned cols, rows;

	if (size < 2)
		return 0;
	cols = 10 + data[0] % 60;
	rows = 3 + data[1] % 20;
	whole = emu_new(cols, rows);
	cut = emu_new(cols, rows);
	back = emu_new(cols, rows);
	feed(whole, data + 2, size - 2, size);
	feed(cut, data + 2, size - 2, 1 + size % 5);
	restore(whole, &a);
	restore(cut, &b);
	same(&a, &b);
	feed(back, a.data, a.len, a.len);
	same_look(whole, back);
	buf_done(&b);
	emu_resize(whole, 10 + data[1] % 60, 3 + data[0] % 20);
	feed(whole, data + 2, size - 2, size);
	restore(whole, &b);
	buf_done(&a);
	buf_done(&b);
	emu_free(whole);
	emu_free(cut);
	emu_free(back);
	return 0;
}
