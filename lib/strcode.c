/* SPDX-License-Identifier: MIT */
/*
 * Bytes as text and back: hexadecimal and base64. Decoding takes one spelling
 * of each value and no other, so that a token or digest compares as text.
 */
#include "lib/str.h"

#include <string.h>

static const char hex_digits[] = "0123456789abcdef";
static const char std_alphabet[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static const char url_alphabet[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

void
str_hex(char *dst, const void *src, size_t len)
{
	const uint8_t *s = src;
	size_t i;

	for (i = 0; i < len; i++) {
		*dst++ = hex_digits[s[i] >> 4];
		*dst++ = hex_digits[s[i] & 15];
	}
	*dst = '\0';
}

/* Position of `c` in the alphabet, or -1; the NUL is no member. */
static int
value_of(const char *alphabet, char c)
{
	const char *hit = c == '\0' ? NULL : strchr(alphabet, c);

	return hit == NULL ? -1 : (int)(hit - alphabet);
}

bool
str_unhex(void *dst, size_t len, const char *hex)
{
	uint8_t *d = dst;
	int hi, lo;
	size_t i;

	if (strlen(hex) != 2 * len)
		return false;
	for (i = 0; i < len; i++) {
		hi = value_of(hex_digits, hex[2 * i]);
		lo = value_of(hex_digits, hex[2 * i + 1]);
		if (hi < 0 || lo < 0)
			return false;
		d[i] = (uint8_t)(hi << 4 | lo);
	}
	return true;
}

static void
encode(char *dst, const uint8_t *s, size_t len, const char *alphabet, bool pad)
{
	uint32_t v;
	size_t n, i;

	for (; len > 0; s += n, len -= n) {
		n = len < 3 ? len : 3;
		v = (uint32_t)s[0] << 16;
		v |= n > 1 ? (uint32_t)s[1] << 8 : 0;
		v |= n > 2 ? s[2] : 0;
		for (i = 0; i < n + 1; i++)
			*dst++ = alphabet[v >> (18 - 6 * i) & 63];
		for (; pad && i < 4; i++)
			*dst++ = '=';
	}
	*dst = '\0';
}

void
str_base64(char *dst, const void *src, size_t len)
{
	encode(dst, src, len, std_alphabet, true);
}

void
str_base64url(char *dst, const void *src, size_t len)
{
	encode(dst, src, len, url_alphabet, false);
}

/*
 * What there is but in another spelling is none, so that two texts are never of
 * the same bytes.
 */
bool
str_unbase64url(void *dst, size_t len, const char *src)
{
	const size_t n = strlen(src);
	uint8_t *d = dst;
	uint32_t v = 0;
	size_t used = 0, i;
	int digit;

	if (n != (len * 8 + 5) / 6)
		return false;
	for (i = 0; i < n; i++) {
		digit = value_of(url_alphabet, src[i]);
		if (digit < 0)
			return false;
		v = v << 6 | (uint32_t)digit;
		if (i % 4 != 0)
			d[used++] = (uint8_t)(v >> (6 - 2 * (i % 4)));
	}
	return used == len && (v & ((1u << (n * 6 - len * 8)) - 1)) == 0;
}

bool
str_unbase64(void *dst, size_t max, size_t *len, const char *src)
{
	size_t n = strlen(src), pad = 0, used = 0, i;
	uint8_t *d = dst;
	uint32_t v = 0;
	int digit;

	if (n % 4 != 0)
		return false;
	while (pad < 2 && pad < n && src[n - 1 - pad] == '=')
		pad++;
	if (n / 4 * 3 - pad > max)
		return false;
	for (i = 0; i < n - pad; i++) {
		digit = value_of(std_alphabet, src[i]);
		if (digit < 0)
			return false;
		v = v << 6 | (uint32_t)digit;
		if (i % 4 != 0)
			d[used++] = (uint8_t)(v >> (6 - 2 * (i % 4)));
	}
	/* Bits behind the last byte are zero in the one right spelling. */
	if (v & ((1u << 2 * pad) - 1))
		return false;
	*len = used;
	return true;
}
