/* SPDX-License-Identifier: MIT */
/*
 * The output of a program, the first two bytes being the terminal's size.
 * Invariant: the screen does not depend on how the bytes were cut, and what is
 * put for a client shows the same screen, with the cursor and modes of it. What
 * is saved and loaded is the very same; and as saved bytes, the input is
 * refused or is an emulator too.
 */
#include "tests/fuzz/fuzz.h"

#include <stdbool.h>
#include <string.h>

#include "daemon/emu/emu.h"
#include "daemon/emu/save.h"
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

static struct emu *
load(unsigned cols, unsigned rows, const uint8_t *p, size_t len)
{
	struct emu_load *l = emu_load_new(cols, rows);
	struct emu *e = NULL;
	struct buf b;

	buf_wrap(&b, p, len);
	if (emu_load_step(l, &b) == 1)
		e = emu_load_take(l);
	emu_load_free(l);
	return e;
}

/* Another that is as this one, but for a character that is not complete. */
static void
saved(const struct emu *e, unsigned cols, unsigned rows)
{
	struct emu_save *s = emu_save_new(e);
	struct emu *back;
	struct buf a, b;

	buf_init(&b, 64u << 20);
	while (emu_save_step(s, &b, b.len + 1000, 64u << 20))
		;
	emu_save_free(s);
	back = load(cols, rows, b.data, b.len);
	FUZZ_CHECK(back != NULL);
	buf_done(&b);
	restore(e, &a);
	restore(back, &b);
	same(&a, &b);
	buf_done(&a);
	buf_done(&b);
	emu_free(back);
}

static void
loaded(unsigned cols, unsigned rows, const uint8_t *p, size_t len)
{
	struct emu *e = load(cols, rows, p, len);
	struct buf b;

	if (e == NULL)
		return;
	feed(e, p, len, len);
	restore(e, &b);
	buf_done(&b);
	emu_free(e);
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
	saved(whole, cols, rows);
	loaded(cols, rows, data + 2, size - 2);
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
