/* SPDX-License-Identifier: MIT */
/*
 * Walks a chunked body and says where it ends, before the parser decodes it
 * (abuse B06). The parser library as distributions build it takes any byte for
 * the CR or LF around a chunk and skips extensions and trailers; a proxy that
 * counts differently would see another request in the rest. Nothing of that is
 * needed by anybody, so the grammar here is the smallest there is.
 */
#include "daemon/http/chunk.h"

#include <stddef.h>

/*
 * 32 bits of length: far above every bound of ours, so `left` cannot overflow
 * before a bound is met.
 */
#define DIGITS_MAX 8

enum chunk_state {
	CHUNK_SIZE,
	CHUNK_SIZE_LF,
	CHUNK_DATA,
	CHUNK_CR,
	CHUNK_LF,
	CHUNK_END_CR,
	CHUNK_END_LF
};

static int
digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* One byte of the size line. */
static bool
size_byte(struct chunk *g, char c)
{
	int d = digit(c);

	if (d != -1) {
		g->left = g->left << 4 | (unsigned)d;
		return ++g->digits <= DIGITS_MAX;
	}
	g->state = CHUNK_SIZE_LF;
	return c == '\r' && g->digits > 0;
}

/*
 * One byte that is no data; false when it is not the one that must stand here.
 */
static bool
frame_byte(struct chunk *g, char c)
{
	switch ((enum chunk_state)g->state) {
	case CHUNK_SIZE:
		return size_byte(g, c);
	/*
	 * A chunk of no bytes is the last one; what may stand behind it are
	 * trailers.
	 */
	case CHUNK_SIZE_LF:
		g->state = g->left > 0 ? CHUNK_DATA : CHUNK_END_CR;
		return c == '\n';
	case CHUNK_CR:
		g->state = CHUNK_LF;
		return c == '\r';
	case CHUNK_LF:
		g->state = CHUNK_SIZE;
		g->digits = 0;
		return c == '\n';
	case CHUNK_END_CR:
		g->state = CHUNK_END_LF;
		return c == '\r';
	case CHUNK_END_LF:
		g->done = true;
		return c == '\n';
	case CHUNK_DATA:
		break;
	}
	return false;
}

ssize_t
chunk_feed(struct chunk *g, const char *p, size_t len)
{
	size_t i = 0;

	while (i < len && !g->done) {
		if (g->state == CHUNK_DATA) {
			size_t n = len - i < g->left ? len - i : g->left;

			i += n;
			g->left -= n;
			if (g->left == 0)
				g->state = CHUNK_CR;
		} else if (!frame_byte(g, p[i++])) {
			return -1;
		}
	}
	return (ssize_t)i;
}
