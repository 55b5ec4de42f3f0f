/* SPDX-License-Identifier: MIT */
/*
 * Bounded bytes. A buf never holds more than its maximum and never reads past
 * what it holds, whatever lengths the data claims; every length is compared
 * with what is left, never added to a position first.
 */
#include "lib/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/secret.h"
#include "lib/xalloc.h"

#define BUF_FIRST 256

void
buf_init(struct buf *b, size_t max)
{
	memset(b, 0, sizeof(*b));
	b->max = max;
}

void
buf_init_secret(struct buf *b, size_t max)
{
	buf_init(b, max);
	b->secret = true;
}

void
buf_wrap(struct buf *b, const void *p, size_t len)
{
	memset(b, 0, sizeof(*b));
	/* Never written through: every put on a fixed buf fails. */
	b->data = (uint8_t *)p;
	b->len = b->cap = b->max = len;
	b->fixed = true;
}

void
buf_done(struct buf *b)
{
	if (b->secret)
		secret_wipe(b->data, b->cap);
	if (!b->fixed)
		free(b->data);
	memset(b, 0, sizeof(*b));
}

void
buf_reset(struct buf *b)
{
	if (b->secret)
		secret_wipe(b->data, b->len);
	if (!b->fixed)
		b->len = 0;
	b->off = 0;
	b->failed = false;
}

bool
buf_ok(const struct buf *b)
{
	return !b->failed;
}

bool
buf_end(const struct buf *b)
{
	return !b->failed && b->off == b->len;
}

size_t
buf_left(const struct buf *b)
{
	return b->len - b->off;
}

/* Room for `need` bytes; realloc would leave a secret's old copy behind. */
static void
grow(struct buf *b, size_t need)
{
	size_t cap = b->cap > 0 ? b->cap : BUF_FIRST;
	uint8_t *data;

	if (need <= b->cap)
		return;
	while (cap < need)
		cap = cap > SIZE_MAX / 2 ? need : cap * 2;
	if (!b->secret) {
		b->data = xreallocarray(b->data, cap, 1);
	} else {
		data = xmalloc(cap);
		if (b->len > 0)
			memcpy(data, b->data, b->len);
		secret_free(b->data, b->cap);
		b->data = data;
	}
	b->cap = cap;
}

void
buf_reserve(struct buf *b, size_t len)
{
	if (!b->failed && !b->fixed && len <= b->max - b->len)
		grow(b, b->len + len + 1);
}

uint8_t *
buf_room(struct buf *b, size_t len)
{
	uint8_t *at;

	if (b->failed || b->fixed || len > b->max - b->len) {
		b->failed = true;
		return NULL;
	}
	/* One more than asked for, so that buf_cstr() always has its NUL. */
	if (len >= b->cap - b->len)
		grow(b, b->len + len + 1);
	at = b->data + b->len;
	b->len += len;
	return at;
}

void
buf_put(struct buf *b, const void *p, size_t len)
{
	uint8_t *at = buf_room(b, len);

	if (at != NULL && len > 0)
		memcpy(at, p, len);
}

static void
put_le(struct buf *b, uint64_t v, size_t width)
{
	uint8_t *at = buf_room(b, width);
	size_t i;

	for (i = 0; at != NULL && i < width; i++)
		at[i] = (uint8_t)(v >> 8 * i);
}

void
buf_put_u8(struct buf *b, uint8_t v)
{
	buf_put(b, &v, 1);
}

void
buf_put_u16(struct buf *b, uint16_t v)
{
	put_le(b, v, 2);
}

void
buf_put_u32(struct buf *b, uint32_t v)
{
	put_le(b, v, 4);
}

void
buf_put_u64(struct buf *b, uint64_t v)
{
	put_le(b, v, 8);
}

void
buf_put_str(struct buf *b, const char *s)
{
	size_t len = strlen(s);

	if (len > UINT16_MAX) {
		b->failed = true;
		return;
	}
	buf_put_u16(b, (uint16_t)len);
	buf_put(b, s, len);
}

void
buf_put_text(struct buf *b, const char *s)
{
	buf_put(b, s, strlen(s));
}

/* By hand: printf takes ten times as long, and answers are full of numbers. */
void
buf_put_dec(struct buf *b, int64_t v)
{
	uint64_t left = v < 0 ? 0 - (uint64_t)v : (uint64_t)v;
	char text[20], *p = text + sizeof(text);

	do
		*--p = (char)('0' + left % 10);
	while ((left /= 10) != 0);
	if (v < 0)
		*--p = '-';
	buf_put(b, p, (size_t)(text + sizeof(text) - p));
}

void
buf_printf(struct buf *b, const char *fmt, ...)
{
	va_list ap, again;
	uint8_t *at;
	int n;

	va_start(ap, fmt);
	va_copy(again, ap);
	n = vsnprintf(NULL, 0, fmt, ap);
	at = n < 0 ? NULL : buf_room(b, (size_t)n);
	if (at != NULL)
		vsnprintf((char *)at, (size_t)n + 1, fmt, again);
	else
		b->failed = true;
	va_end(again);
	va_end(ap);
}

const char *
buf_cstr(struct buf *b)
{
	if (b->failed || b->fixed || b->len == 0)
		return "";
	b->data[b->len] = '\0';
	return (const char *)b->data;
}

/* Where the next `len` bytes stand, or NULL when there are fewer. */
static const uint8_t *
take(struct buf *b, size_t len)
{
	const uint8_t *at;

	if (b->failed || len > b->len - b->off) {
		b->failed = true;
		return NULL;
	}
	at = b->data + b->off;
	b->off += len;
	return at;
}

bool
buf_get(struct buf *b, void *p, size_t len)
{
	const uint8_t *at = take(b, len);

	if (at == NULL)
		return false;
	if (len > 0)
		memcpy(p, at, len);
	return true;
}

static bool
get_le(struct buf *b, uint64_t *v, size_t width)
{
	const uint8_t *at = take(b, width);
	uint64_t sum = 0;
	size_t i;

	if (at == NULL)
		return false;
	for (i = 0; i < width; i++)
		sum |= (uint64_t)at[i] << 8 * i;
	*v = sum;
	return true;
}

bool
buf_get_u8(struct buf *b, uint8_t *v)
{
	return buf_get(b, v, 1);
}

bool
buf_get_u16(struct buf *b, uint16_t *v)
{
	uint64_t wide;

	if (!get_le(b, &wide, 2))
		return false;
	*v = (uint16_t)wide;
	return true;
}

bool
buf_get_u32(struct buf *b, uint32_t *v)
{
	uint64_t wide;

	if (!get_le(b, &wide, 4))
		return false;
	*v = (uint32_t)wide;
	return true;
}

bool
buf_get_u64(struct buf *b, uint64_t *v)
{
	return get_le(b, v, 8);
}

/* The bytes of a string and its length, or NULL. */
static const uint8_t *
take_str(struct buf *b, size_t max, size_t *len)
{
	const uint8_t *at;
	uint16_t n;

	if (!buf_get_u16(b, &n))
		return NULL;
	at = n > max ? NULL : take(b, n);
	if (at == NULL || memchr(at, '\0', n) != NULL) {
		b->failed = true;
		return NULL;
	}
	*len = n;
	return at;
}

bool
buf_get_str(struct buf *b, char *out, size_t max)
{
	const uint8_t *at;
	size_t len;

	at = take_str(b, max, &len);
	if (at == NULL)
		return false;
	memcpy(out, at, len);
	out[len] = '\0';
	return true;
}

char *
buf_get_strdup(struct buf *b, size_t max)
{
	const uint8_t *at;
	size_t len;

	at = take_str(b, max, &len);
	return at == NULL ? NULL : xstrndup((const char *)at, len);
}
