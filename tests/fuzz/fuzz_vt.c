/* SPDX-License-Identifier: MIT */
/*
 * A program's output on its way to a person's terminal: the first byte says who
 * looks, the second how it is cut. Invariants: a cut changes nothing; what
 * comes out has only controls and sequences that may be in it; and put through
 * once more it comes out the same, so it means here what was judged.
 */
#include "tests/fuzz/fuzz.h"

#include <stdbool.h>
#include <string.h>

#include "cli/vt.h"
#include "cli/vtsafe.h"
#include "lib/buf.h"

static struct vt *
reader(uint8_t who)
{
	struct vt *vt = vt_new(who & 1 ? VT_REPLAY : VT_WATCH);
	struct vtsafe *s = vt_safe(vt);

	s->answers = who & 2;
	s->clipboard_bytes = who & 4 ? 6000 : 0;
	s->notes_minute = 100000;
	return vt;
}

static void
feed(uint8_t who, const uint8_t *p, size_t len, size_t step, struct buf *out)
{
	struct vt *vt = reader(who);

	for (size_t n; len > 0; p += n, len -= n) {
		n = len < step ? len : step;
		vt_feed(vt, (const char *)p, n, out);
	}
	/* What may be the beginning of something waits for what follows. */
	vt_feed(vt, ".", 1, out);
	vt_free(vt);
}

static bool
has(const struct buf *b, const char *what)
{
	return memmem(b->data, b->len, what, strlen(what)) != NULL;
}

/* Bytes that nothing may begin with, and words that are never said. */
static void
check(uint8_t who, const struct buf *out)
{
	static const char *const never[] = { "\033P", "\033X", "\033^", "\033_",
		"\033]52;c;?", "\033]1337", "\033]7;", "\033Z" };

	for (size_t i = 0; i < out->len; i++) {
		uint8_t c = out->data[i];

		FUZZ_CHECK(c == 0x1b || c >= 7);
		FUZZ_CHECK(c != 0x18 && c != 0x1a && c != 0x7f);
		FUZZ_CHECK(c != 0xc2 || i + 1 == out->len ||
			   out->data[i + 1] >= 0xa0 || out->data[i + 1] < 0x80);
	}
	for (size_t i = 0; i < sizeof(never) / sizeof(never[0]); i++)
		FUZZ_CHECK(out->len == 0 || !has(out, never[i]));
	if (!(who & 4) && out->len > 0)
		FUZZ_CHECK(!has(out, "\033]52;"));
	if (((who & 1) || !(who & 2)) && out->len > 0)
		FUZZ_CHECK(!has(out, "\033[c") && !has(out, "\033[6n"));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf whole, cut, again;

	if (size < 2)
		return 0;
	buf_init(&whole, 1u << 22);
	buf_init(&cut, 1u << 22);
	buf_init(&again, 1u << 22);
	feed(data[0], data + 2, size - 2, size, &whole);
	feed(data[0], data + 2, size - 2, 1 + data[1] % 16, &cut);
	check(data[0], &whole);
	FUZZ_CHECK(whole.len == cut.len);
	if (whole.len > 0) {
		FUZZ_CHECK(memcmp(whole.data, cut.data, whole.len) == 0);
		feed(data[0], whole.data, whole.len, 64, &again);
		FUZZ_CHECK(again.len == whole.len + 1);
		FUZZ_CHECK(memcmp(whole.data, again.data, whole.len) == 0);
	}
	buf_done(&whole);
	buf_done(&cut);
	buf_done(&again);
	return 0;
}
