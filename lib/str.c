/* SPDX-License-Identifier: MIT */
/*
 * Text that comes from outside: numbers, UTF-8, and the printable form in which
 * it may appear in a log or on a terminal. Every parser here takes the whole
 * string or nothing.
 */
#include "lib/str.h"

#include <string.h>

#include "lib/log.h"
#include "lib/word.h"

bool
str_to_u64(const char *s, uint64_t min, uint64_t max, uint64_t *out)
{
	uint64_t v = 0;
	unsigned digit;

	if (*s == '\0')
		return false;
	for (; *s != '\0'; s++) {
		if (*s < '0' || *s > '9')
			return false;
		digit = (unsigned)(*s - '0');
		if (v > (UINT64_MAX - digit) / 10)
			return false;
		v = v * 10 + digit;
	}
	if (v < min || v > max)
		return false;
	*out = v;
	return true;
}

bool
str_to_i64(const char *s, int64_t min, int64_t max, int64_t *out)
{
	bool negative = *s == '-';
	uint64_t limit = (uint64_t)INT64_MAX + (negative ? 1 : 0);
	uint64_t magnitude;
	int64_t v;

	if (!str_to_u64(s + (negative ? 1 : 0), 0, limit, &magnitude))
		return false;
	/* Unsigned negation: the magnitude of INT64_MIN has no int64_t. */
	v = (int64_t)(negative ? 0 - magnitude : magnitude);
	if (v < min || v > max)
		return false;
	*out = v;
	return true;
}

bool
str_starts(const char *s, const char *prefix)
{
	return strncmp(s, prefix, strlen(prefix)) == 0;
}

bool
str_ends(const char *s, const char *suffix)
{
	size_t len = strlen(s), tail = strlen(suffix);

	return tail <= len && memcmp(s + len - tail, suffix, tail) == 0;
}

bool
str_copy(char *dst, const char *src, size_t size)
{
	size_t len = strlen(src);
	bool fits = len < size;

	if (size == 0)
		fatalx("str", "copy into nothing");
	if (!fits)
		len = size - 1;
	memcpy(dst, src, len);
	dst[len] = '\0';
	return fits;
}

/*
 * Lead bytes and what may follow them (RFC 3629 section 4). The bounds of the
 * second byte are what keeps out overlongs, surrogates and > U+10FFFF.
 */
static const struct utf8_lead {
	uint8_t lo, hi;	  /* lead byte */
	uint8_t len;	  /* of the sequence */
	uint8_t lo2, hi2; /* second byte */
} leads[] = {
	{ 0x00, 0x7f, 1, 0x00, 0x00 },
	{ 0xc2, 0xdf, 2, 0x80, 0xbf },
	{ 0xe0, 0xe0, 3, 0xa0, 0xbf },
	{ 0xe1, 0xec, 3, 0x80, 0xbf },
	{ 0xed, 0xed, 3, 0x80, 0x9f },
	{ 0xee, 0xef, 3, 0x80, 0xbf },
	{ 0xf0, 0xf0, 4, 0x90, 0xbf },
	{ 0xf1, 0xf3, 4, 0x80, 0xbf },
	{ 0xf4, 0xf4, 4, 0x80, 0x8f },
};

#define UTF8_BAD   0
#define UTF8_SHORT (-1) /* good so far, but the bytes end too early */

/* Length of the sequence that `s` begins with, or one of the above. */
static int
utf8_seq(const uint8_t *s, size_t len)
{
	const struct utf8_lead *l = leads;
	const struct utf8_lead *end = l + sizeof(leads) / sizeof(leads[0]);
	uint8_t lo, hi;
	size_t i;

	while (l < end && (s[0] < l->lo || s[0] > l->hi))
		l++;
	if (l == end)
		return UTF8_BAD;
	for (i = 1; i < l->len; i++) {
		if (i == len)
			return UTF8_SHORT;
		lo = i == 1 ? l->lo2 : 0x80;
		hi = i == 1 ? l->hi2 : 0xbf;
		if (s[i] < lo || s[i] > hi)
			return UTF8_BAD;
	}
	return l->len;
}

static bool
ascii_word(const uint8_t *s, size_t len)
{
	uint64_t w;

	if (len < sizeof(w))
		return false;
	memcpy(&w, s, sizeof(w));
	return word_wide(w) == 0;
}

bool
str_utf8_valid(const char *s, size_t len)
{
	const uint8_t *p = (const uint8_t *)s;
	int n;

	for (; len > 0; p += n, len -= (size_t)n) {
		n = ascii_word(p, len) ? 8 : utf8_seq(p, len);
		if (n <= 0)
			return false;
	}
	return true;
}

size_t
str_utf8_tail(const char *s, size_t len)
{
	const uint8_t *end = (const uint8_t *)s + len;
	size_t n;

	for (n = 1; n <= 3 && n <= len; n++)
		if (utf8_seq(end - n, n) == UTF8_SHORT)
			return n;
	return 0;
}

/* Length of the first character if it may stay as it is, else 0. */
static size_t
plain_len(const uint8_t *s, size_t len)
{
	int n = utf8_seq(s, len);

	if (n <= 0 || s[0] < 0x20 || s[0] == 0x7f || s[0] == '"' ||
	    s[0] == '\\')
		return 0;
	/* C1 controls: some terminals obey them even as UTF-8. */
	if (s[0] == 0xc2 && s[1] < 0xa0)
		return 0;
	return (size_t)n;
}

/* Writes the escape of one byte, at most 4 characters, and its length. */
static size_t
escape_byte(char out[4], uint8_t c)
{
	static const char from[] = "\n\r\t\033\"\\";
	static const char to[] = "nrte\"\\";
	const char *hit = c == '\0' ? NULL : strchr(from, c);

	out[0] = '\\';
	if (hit != NULL) {
		out[1] = to[hit - from];
		return 2;
	}
	out[1] = 'x';
	out[2] = "0123456789abcdef"[c >> 4];
	out[3] = "0123456789abcdef"[c & 15];
	return 4;
}

/* How many bytes are printable ASCII that needs no escape: nearly all. */
static size_t
ascii_len(const uint8_t *s, size_t len)
{
	size_t n = 0;
	uint64_t w;

	for (; len - n >= sizeof(w); n += sizeof(w)) {
		memcpy(&w, s + n, sizeof(w));
		w = word_odd(w) |
		    word_wide((w ^ WORD_EACH(0x7f)) - WORD_EACH(1));
		if (w != 0)
			break;
	}
	while (n < len && s[n] >= 0x20 && s[n] < 0x7f && s[n] != '"' &&
	       s[n] != '\\')
		n++;
	return n;
}

size_t
str_escape(char *dst, size_t size, const char *src, size_t len)
{
	const uint8_t *s = (const uint8_t *)src;
	size_t room, used = 0, cut = 0, take, n;
	char piece[4];

	if (size == 0)
		fatalx("str", "escape into nothing");
	room = size - 1;
	while (len > 0) {
		n = ascii_len(s, len < room - used ? len : room - used);
		memcpy(dst + used, s, n);
		used += n;
		s += n;
		len -= n;
		/* The last boundary after which "..." still fits. */
		if (n > 0 && used - n + 3 <= room)
			cut = used + 3 <= room ? used : room - 3;
		if (len == 0)
			break;
		take = n = plain_len(s, len);
		memcpy(piece, s, n);
		if (n == 0) {
			take = 1;
			n = escape_byte(piece, s[0]);
		}
		if (n > room - used)
			break;
		memcpy(dst + used, piece, n);
		used += n;
		if (used + 3 <= room)
			cut = used;
		s += take;
		len -= take;
	}
	if (len > 0) {
		n = room - cut < 3 ? room - cut : 3;
		memset(dst + cut, '.', n);
		used = cut + n;
	}
	dst[used] = '\0';
	return used;
}
