/* SPDX-License-Identifier: MIT */
/*
 * The only place where a request target is taken apart and percent-decoded
 * (abuse B07). nginx in front of us decodes and normalises too; wherever its
 * reading and ours could differ, the target is refused instead of repaired.
 *
 * Invariant: a path that passes begins with '/', is valid UTF-8 without
 * control bytes or backslash, and has no empty segment (a trailing slash
 * apart) and no segment that could mean "here" or "up".
 */
#include "daemon/http/target.h"

#include <stdint.h>
#include <string.h>
#include <strings.h>

#include "lib/err.h"
#include "lib/str.h"

/* The longest name DNS has (RFC 1035 section 2.3.4). */
#define HOST_MAX 255

/* RFC 3986 pchar without '%', plus '/'. */
static bool
path_byte(unsigned char c)
{
	if ((c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') ||
	    (c >= 'a' && c <= 'z') || c == '-' || c == '/')
		return true;
	return c != '\0' && strchr("._~!$&'()*+,;=:@", c) != NULL;
}

static int
hex_digit(unsigned char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* The byte that "%XX" at `p` stands for, or -1. */
static int
escape(const char *p, size_t left)
{
	int hi, lo;

	if (left < 3)
		return -1;
	hi = hex_digit((unsigned char)p[1]);
	lo = hex_digit((unsigned char)p[2]);
	return hi == -1 || lo == -1 ? -1 : hi << 4 | lo;
}

/* Case does not count in a scheme (RFC 3986 section 3.1). */
static size_t
scheme_len(const char *raw, size_t len)
{
	if (len >= 7 && strncasecmp(raw, "http://", 7) == 0)
		return 7;
	if (len >= 8 && strncasecmp(raw, "https://", 8) == 0)
		return 8;
	return 0;
}

bool
target_split(const char *raw, size_t len, struct target *out)
{
	struct target t = { 0 };
	const char *end = raw + len, *p = raw;
	size_t scheme;

	if (len == 0)
		return false;
	if (*raw != '/') {
		scheme = scheme_len(raw, len);
		if (scheme == 0)
			return false;
		t.authority = p += scheme;
		while (p < end && *p != '/' && *p != '?')
			p++;
		t.authority_len = (size_t)(p - t.authority);
	}
	t.path = p;
	p = memchr(p, '?', (size_t)(end - p));
	t.path_len = (size_t)((p != NULL ? p : end) - t.path);
	if (p != NULL) {
		t.query = p + 1;
		t.query_len = (size_t)(end - t.query);
	}
	*out = t;
	return true;
}

/*
 * "", "." and "..", and those two with ";parameters" behind them, which some
 * readers cut off before they look.
 */
static bool
segment_ok(const char *s, size_t len)
{
	const char *semi = memchr(s, ';', len);
	size_t n = semi == NULL ? len : (size_t)(semi - s);

	if (len == 0)
		return false;
	return !(n == 1 && s[0] == '.') &&
	       !(n == 2 && s[0] == '.' && s[1] == '.');
}

static bool
segments_ok(const char *path, size_t len)
{
	const char *p = path + 1, *end = path + len;

	while (p < end) {
		const char *slash = memchr(p, '/', (size_t)(end - p));
		const char *stop = slash == NULL ? end : slash;

		if (!segment_ok(p, (size_t)(stop - p)))
			return false;
		p = stop + 1;
	}
	return true;
}

/*
 * An escaped slash would be a separator to some and a letter to others; a
 * backslash is a slash on some systems.
 */
static bool
decoded_byte_ok(int c)
{
	return c >= 0x20 && c != 0x7f && c != '/' && c != '\\';
}

int
target_path(const char *raw, size_t len, char *out)
{
	size_t n = 0;

	if (len == 0) {
		/* "http://host" and "http://host?query" mean the root. */
		memcpy(out, "/", 2);
		return 0;
	}
	if (raw[0] != '/')
		return RDV_E_MALFORMED;
	for (size_t i = 0; i < len;) {
		int c = (unsigned char)raw[i];

		if (c == '%') {
			c = escape(raw + i, len - i);
			if (!decoded_byte_ok(c))
				return RDV_E_MALFORMED;
			i += 3;
		} else {
			if (!path_byte((unsigned char)c))
				return RDV_E_MALFORMED;
			i++;
		}
		out[n++] = (char)c;
	}
	out[n] = '\0';
	if (!str_utf8_valid(out, n) || !segments_ok(out, n))
		return RDV_E_MALFORMED;
	return 0;
}

int
target_query(const char *raw, size_t len, char *scratch)
{
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)raw[i];

		if (c <= 0x20 || c >= 0x7f || c == '#')
			return RDV_E_MALFORMED;
		/*
		 * 0 too: a NUL would end the value for us and not for others.
		 */
		if (c == '%' && escape(raw + i, len - i) <= 0)
			return RDV_E_MALFORMED;
	}
	target_query_decode(raw, len, scratch);
	return str_utf8_valid(scratch, strlen(scratch)) ? 0 : RDV_E_MALFORMED;
}

void
target_query_decode(const char *raw, size_t len, char *out)
{
	for (size_t i = 0; i < len;) {
		if (raw[i] == '%') {
			*out++ = (char)escape(raw + i, len - i);
			i += 3;
		} else {
			*out++ = raw[i] == '+' ? ' ' : raw[i];
			i++;
		}
	}
	*out = '\0';
}

static bool
port_valid(const char *s, size_t len)
{
	unsigned port = 0;

	if (len == 0 || len > 5)
		return false;
	for (size_t i = 0; i < len; i++) {
		if (s[i] < '0' || s[i] > '9')
			return false;
		port = port * 10 + (unsigned)(s[i] - '0');
	}
	return port >= 1 && port <= 65535;
}

/*
 * Length of the name or address before the port; 0 when it is none. Whether it
 * is an address is not asked: a name that is none of ours is refused by
 * comparison (auth/origin); this only keeps out what can be read in two ways.
 */
static size_t
host_name_len(const char *s, size_t len)
{
	size_t n = 0;

	if (len > 0 && s[0] == '[') {
		const char *close = memchr(s, ']', len);

		if (close == NULL || close == s + 1)
			return 0;
		for (const char *p = s + 1; p < close; p++)
			if (hex_digit((unsigned char)*p) == -1 && *p != ':' &&
			    *p != '.')
				return 0;
		return (size_t)(close - s) + 1;
	}
	while (n < len && s[n] != ':' && s[n] != '\0' &&
	       strchr("!$&'()*+,;=/@~", s[n]) == NULL &&
	       path_byte((unsigned char)s[n]))
		n++;
	return n;
}

bool
target_host_valid(const char *s, size_t len)
{
	size_t n = host_name_len(s, len);

	if (n == 0 || n > HOST_MAX)
		return false;
	if (n == len)
		return true;
	return s[n] == ':' && port_valid(s + n + 1, len - n - 1);
}
