/* SPDX-License-Identifier: MIT */
/*
 * The last lines of a log as text. Found by reading backwards in blocks, so
 * its cost depends on what is asked for and not on the size of the log.
 * Invariant: at most SCROLLBACK_MAX bytes of the log are looked at.
 */
#include <errno.h>
#include <stdlib.h>

#include "daemon/term/strip.h"
#include "daemon/term/term.h"
#include "daemon/term/utf8.h"
#include "lib/buf.h"
#include "lib/xalloc.h"

#define BLOCK 65536

/* Exactly `len` bytes, which the log is known to have. */
static int
read_all(const struct term *t, uint64_t off, uint8_t *p, size_t len)
{
	while (len > 0) {
		long n = term_read(t, off, p, len);

		if (n <= 0)
			return n < 0 ? (int)n : -EIO;
		off += (uint64_t)n;
		p += n;
		len -= (size_t)n;
	}
	return 0;
}

/*
 * Where the last `lines` lines begin. A newline at the very end closes the
 * last line and begins none.
 */
static int
find_start(const struct term *t, uint64_t lines, uint64_t to, uint8_t *block,
    struct scrollback *s)
{
	uint64_t at = to, floor = to > SCROLLBACK_MAX ? to - SCROLLBACK_MAX : 0;
	size_t len, i;
	int err;

	while (at > floor) {
		len = at - floor < BLOCK ? (size_t)(at - floor) : BLOCK;
		at -= len;
		err = read_all(t, at, block, len);
		if (err != 0)
			return err;
		for (i = len; i > 0; i--) {
			if (block[i - 1] != '\n' || at + i == to)
				continue;
			if (--lines == 0) {
				s->from = at + i;
				return 0;
			}
		}
	}
	s->from = floor;
	s->truncated = floor > 0;
	return 0;
}

/* Escape sequences stay, but JSON text holds neither NUL nor bad UTF-8. */
static void
put_raw(struct buf *out, const uint8_t *p, size_t len)
{
	uint32_t ch;
	size_t n;

	for (; len > 0; p += n, len -= n) {
		n = utf8_next(p, len, &ch);
		utf8_put(out, ch != 0 ? ch : 0xfffd);
	}
}

static int
convert(const struct term *t, uint8_t *block, struct scrollback *s)
{
	struct strip *strip = s->raw ? NULL : strip_new(s->out);
	uint64_t at = s->from;
	size_t len, whole;
	int err = 0;

	while (at < s->to && err == 0) {
		len = s->to - at < BLOCK ? (size_t)(s->to - at) : BLOCK;
		err = read_all(t, at, block, len);
		if (err != 0)
			break;
		whole = utf8_whole(block, len, at + len == s->to);
		if (s->raw)
			put_raw(s->out, block, whole);
		else
			strip_feed(strip, block, whole);
		at += whole;
	}
	if (strip != NULL)
		strip_end(strip);
	return err;
}

int
scrollback_get(const struct term *t, uint64_t lines, struct scrollback *s)
{
	uint8_t *block = xmalloc(BLOCK);
	int err;

	s->to = term_bytes(t);
	s->truncated = false;
	err = find_start(t, lines, s->to, block, s);
	if (err == 0)
		err = convert(t, block, s);
	free(block);
	return err;
}
