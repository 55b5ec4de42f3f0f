/* SPDX-License-Identifier: MIT */
/*
 * What of a flood need not be emulated. Reading it costs a tenth of emulating
 * it, and it is the only thing that is done with all of it. Invariant: what is
 * called plain moves the cursor within its line or down, and changes nothing
 * that outlives the line but the pen.
 */
#include "daemon/emu/skip.h"

#include <string.h>

#include "daemon/emu/state.h"

/* Looked at in one piece where all of it is likely to be printable. */
#define STRIDE 1024

typedef uint8_t vec __attribute__((vector_size(16)));

/* ESC, the shifts, and what may be the first byte of a C1 control. */
static bool
is_odd(uint8_t c)
{
	return c == 0x1b || (c & 0xfe) == 0x0e || c == 0xc2;
}

static bool
any_odd(const uint8_t *p)
{
	vec v, hit = { 0 };
	uint64_t out[2];

	for (unsigned i = 0; i < 64; i += sizeof(v)) {
		memcpy(&v, p + i, sizeof(v));
		hit |= (vec)(v == 0x1b) | (vec)(v == 0xc2) |
		       (vec)((v & 0xfe) == 0x0e);
	}
	memcpy(out, &hit, sizeof(out));
	return (out[0] | out[1]) != 0;
}

static size_t
even(const uint8_t *p, size_t len)
{
	size_t n = 0;

	while (n + 64 <= len && !any_odd(p + n))
		n += 64;
	while (n < len && !is_odd(p[n]))
		n++;
	return n;
}

/* The length of a sequence for colours or for erasing in the line, or 0. */
static size_t
sequence(const uint8_t *p, size_t len)
{
	size_t n = 2;

	if (len < 3 || p[0] != 0x1b || p[1] != '[')
		return 0;
	while (n < len && p[n] >= '0' && p[n] <= ';')
		n++;
	return n < len && (p[n] == 'm' || p[n] == 'K') ? n + 1 : 0;
}

size_t
skip_plain(const uint8_t *p, size_t len, size_t *last)
{
	size_t at = 0, n;

	for (;;) {
		at += even(p + at, len - at);
		if (at == len)
			return at;
		n = sequence(p + at, len - at);
		if (n > 0)
			*last = at + n;
		/* A character of Latin, not a control. */
		else if (p[at] == 0xc2 && at + 1 < len && p[at + 1] >= 0xa0)
			n = 2;
		if (n == 0)
			return at;
		at += n;
	}
}

static bool
is_printable(uint8_t c)
{
	return c >= 0x20 && c < 0x7f;
}

/* Two instructions for 16 bytes: the smallest and the largest tell. */
static bool
all_printable(const uint8_t *p)
{
	uint8_t least = 0xff, most = 0;

	for (unsigned i = 0; i < STRIDE; i++) {
		least = p[i] < least ? p[i] : least;
		most = p[i] > most ? p[i] : most;
	}
	return is_printable(least) && is_printable(most);
}

size_t
skip_printable(const uint8_t *p, size_t len)
{
	size_t n = 0;

	while (n + STRIDE <= len && all_printable(p + n))
		n += STRIDE;
	while (n < len && is_printable(p[n]))
		n++;
	return n;
}

size_t
skip_unprintable(const uint8_t *p, size_t len)
{
	while (len >= STRIDE && all_printable(p + len - STRIDE))
		len -= STRIDE;
	while (len > 0 && is_printable(p[len - 1]))
		len--;
	return len;
}

bool
skip_to_margin(const struct emu *e, size_t *n)
{
	*n = (e->cols - e->main.x) % e->cols;
	return e->modes & MODE_WRAP;
}

bool
skip_possible(const struct emu *e)
{
	return e->on == &e->main && e->main.top == 0 &&
	       e->main.bottom == e->rows - 1 && !(e->modes & MODE_ORIGIN) &&
	       e->in.need == 0 && e->in.pending_len == 0;
}

void
skip_jump(struct emu *e)
{
	e->main.x = 0;
	e->main.y = e->rows - 1;
	e->main.line[e->main.y]->wrapped = false;
	e->in.join = 0;
}

/* Sets every attribute anew: no parameter, or a zero and nothing else. */
static bool
is_reset(const uint8_t *p, size_t n)
{
	return p[n - 1] == 'm' && (n == 3 || (n == 4 && p[2] == '0'));
}

static const uint8_t *
last_reset(const uint8_t *p, size_t len)
{
	const uint8_t *at;
	size_t n, end = len;

	while ((at = memrchr(p, 0x1b, end)) != NULL) {
		end = (size_t)(at - p);
		n = sequence(at, len - end);
		if (n > 0 && is_reset(at, n))
			return at;
	}
	return NULL;
}

bool
skip_pen(struct emu *e, const uint8_t *p, size_t len, bool whole)
{
	const uint8_t *at = last_reset(p, len), *end = p + len;
	size_t n;

	if (at == NULL && !whole)
		return false;
	if (at == NULL)
		at = p;
	while ((at = memchr(at, 0x1b, (size_t)(end - at))) != NULL) {
		n = sequence(at, (size_t)(end - at));
		if (n > 0 && at[n - 1] == 'm')
			(void)emu_feed(e, at, n, SIZE_MAX);
		at += n > 0 ? n : 1;
	}
	return true;
}
