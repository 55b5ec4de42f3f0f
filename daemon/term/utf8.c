/* SPDX-License-Identifier: MIT */
/*
 * Programs write bytes, JSON holds characters. Output is cut between
 * characters so that each frame is whole, and what is no character is shown
 * as U+FFFD. Invariant: offsets count bytes of the log, whatever a client was
 * shown in their place.
 */
#include "daemon/term/utf8.h"

#include <stdbool.h>
#include <string.h>

#include "lib/buf.h"
#include "lib/str.h"
#include "lib/word.h"

#define REPLACEMENT 0xfffdu

size_t
utf8_whole(const uint8_t *p, size_t len, bool last)
{
	return last ? len : len - str_utf8_tail((const char *)p, len);
}

/*
 * First bytes with the length they announce and the bounds of the second
 * byte, which rule out overlong forms, surrogates and what lies beyond
 * U+10FFFF (RFC 3629 section 4).
 */
static const struct lead {
	uint8_t from, to, len, low, high;
} leads[] = {
	{ 0xc2, 0xdf, 2, 0x80, 0xbf },
	{ 0xe0, 0xe0, 3, 0xa0, 0xbf },
	{ 0xe1, 0xec, 3, 0x80, 0xbf },
	{ 0xed, 0xed, 3, 0x80, 0x9f },
	{ 0xee, 0xef, 3, 0x80, 0xbf },
	{ 0xf0, 0xf0, 4, 0x90, 0xbf },
	{ 0xf1, 0xf3, 4, 0x80, 0xbf },
	{ 0xf4, 0xf4, 4, 0x80, 0x8f },
};

static const struct lead *
lead_find(uint8_t c)
{
	for (size_t i = 0; i < sizeof(leads) / sizeof(leads[0]); i++)
		if (c >= leads[i].from && c <= leads[i].to)
			return &leads[i];
	return NULL;
}

size_t
utf8_next(const uint8_t *p, size_t len, uint32_t *ch)
{
	const struct lead *l;
	uint32_t v;
	size_t i;

	*ch = p[0];
	if (p[0] < 0x80)
		return 1;
	*ch = REPLACEMENT;
	l = lead_find(p[0]);
	if (l == NULL || len < 2 || p[1] < l->low || p[1] > l->high)
		return 1;
	v = (uint32_t)(p[0] & 0xff >> (l->len + 1)) << 6 | (p[1] & 0x3f);
	for (i = 2; i < l->len; i++) {
		if (i >= len || (p[i] & 0xc0) != 0x80)
			return i;
		v = v << 6 | (p[i] & 0x3f);
	}
	*ch = v;
	return l->len;
}

void
utf8_put(struct buf *b, uint32_t ch)
{
	uint8_t out[4];
	size_t len = ch < 0x80 ? 1 : ch < 0x800 ? 2 : ch < 0x10000 ? 3 : 4;
	static const uint8_t mark[] = { 0, 0, 0xc0, 0xe0, 0xf0 };

	for (size_t i = len - 1; i > 0; i--) {
		out[i] = (uint8_t)(0x80 | (ch & 0x3f));
		ch >>= 6;
	}
	out[0] = (uint8_t)(mark[len] | ch);
	buf_put(b, out, len);
}

static void
put_ascii(struct buf *b, uint8_t c)
{
	static const char hex[] = "0123456789abcdef";
	char esc[6] = { '\\', 'u', '0', '0', hex[c >> 4], hex[c & 15] };

	buf_put(b, esc, sizeof(esc));
}

static bool
all_plain(const uint8_t *p)
{
	uint64_t w;

	memcpy(&w, p, sizeof(w));
	/* DEL as well, which JSON would take. */
	return (word_odd(w) |
		   word_wide((w ^ WORD_EACH(0x7f)) - WORD_EACH(1))) == 0;
}

/* Bytes at the front that JSON takes as they are. */
static size_t
plain(const uint8_t *p, size_t len)
{
	size_t n = 0;

	while (n + sizeof(uint64_t) <= len && all_plain(p + n))
		n += sizeof(uint64_t);
	while (n < len && p[n] >= 0x20 && p[n] < 0x7f && p[n] != '"' &&
	       p[n] != '\\')
		n++;
	return n;
}

void
utf8_put_json(struct buf *b, const uint8_t *p, size_t len)
{
	uint32_t ch;
	size_t n;

	while (len > 0) {
		n = plain(p, len);
		if (n > 0) {
			buf_put(b, p, n);
		} else {
			n = utf8_next(p, len, &ch);
			if (ch < 0x80)
				put_ascii(b, (uint8_t)ch);
			else
				utf8_put(b, ch);
		}
		p += n;
		len -= n;
	}
}
