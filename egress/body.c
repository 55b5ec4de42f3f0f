/* SPDX-License-Identifier: MIT */
/*
 * Where the body of a request ends. What comes behind it would be a second
 * request to the other side, with a Host that nobody has judged (abuse I11), so
 * nothing behind it is let through. Chunks have neither extensions nor a
 * trailer: no client needs them, and parsers differ over them.
 */
#include "egress/body.h"

#include <string.h>

#define SIZE_DIGITS 15 /* hexadecimal: below 2^60 */

void
body_begin(struct body *b, enum body_kind kind, uint64_t length)
{
	*b = (struct body){ .chunked = kind == BODY_CHUNKED, .left = length };
	if (kind == BODY_NONE)
		b->at = BODY_END;
	else
		b->at = b->chunked ? BODY_SIZE : BODY_DATA;
}

static int
digit(char c)
{
	static const char digits[] = "0123456789abcdef";
	const char low = (char)(c >= 'A' && c <= 'F' ? c + ('a' - 'A') : c);
	const char *at = low != '\0' ? strchr(digits, low) : NULL;

	return at != NULL ? (int)(at - digits) : -1;
}

static enum body_at
size_byte(struct body *b, char c)
{
	const int d = digit(c);

	if (d >= 0 && b->digits < SIZE_DIGITS) {
		b->left = b->left * 16 + (unsigned)d;
		b->digits++;
		return BODY_SIZE;
	}
	return c == '\r' && b->digits > 0 ? BODY_SIZE_LF : BODY_BAD;
}

/* Everything but data, byte by byte. */
static enum body_at
frame_byte(struct body *b, char c)
{
	static const struct {
		char c;
		enum body_at next;
	} rows[BODY_END] = {
		[BODY_DATA_CR] = { '\r', BODY_DATA_LF },
		[BODY_DATA_LF] = { '\n', BODY_SIZE },
		[BODY_SIZE_LF] = { '\n', BODY_DATA },
		[BODY_LAST_CR] = { '\r', BODY_LAST_LF },
		[BODY_LAST_LF] = { '\n', BODY_END },
	};

	if (b->at == BODY_SIZE)
		return size_byte(b, c);
	if (c != rows[b->at].c)
		return BODY_BAD;
	b->digits = 0;
	if (b->at == BODY_SIZE_LF && b->left == 0)
		return BODY_LAST_CR;
	return rows[b->at].next;
}

size_t
body_take(struct body *b, const char *p, size_t n)
{
	size_t used = 0, some;

	while (used < n && b->at < BODY_END) {
		if (b->at != BODY_DATA) {
			b->at = frame_byte(b, p[used]);
			used += b->at != BODY_BAD;
			continue;
		}
		some = n - used < b->left ? n - used : (size_t)b->left;
		used += some;
		b->left -= some;
		if (b->left == 0)
			b->at = b->chunked ? BODY_DATA_CR : BODY_END;
	}
	return used;
}
