/* SPDX-License-Identifier: MIT */
/*
 * What may be called a host. The answer decides what is written into a
 * configuration of nginx, so it names what is allowed and nothing else passes.
 */
#include "lib/host.h"

#include <arpa/inet.h>
#include <stdint.h>
#include <string.h>

#include "lib/str.h"

#define NAME_MAX_BYTES 253 /* RFC 1035 section 3.1, without the final dot */
#define LABEL_MAX      63
#define DIGITS	       "0123456789"
#define HEX	       DIGITS "abcdefABCDEF"
#define LETTERS	       "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"

size_t
host_name_len(const char *s)
{
	const char *end = s[0] == '[' ? strchr(s, ']') : NULL;

	return end != NULL ? (size_t)(end - s) + 1 : strcspn(s, ":");
}

static bool
address_ok(int family, const char *s, size_t len)
{
	char text[INET6_ADDRSTRLEN];
	struct in6_addr addr;

	if (len >= sizeof(text))
		return false;
	memcpy(text, s, len);
	text[len] = '\0';
	return inet_pton(family, text, &addr) == 1;
}

/* Browsers take such a name for an address in one of its many spellings. */
static bool
is_number(const char *label, size_t len)
{
	if (strspn(label, DIGITS) >= len)
		return true;
	return len >= 2 && label[0] == '0' &&
	       (label[1] == 'x' || label[1] == 'X') &&
	       strspn(label + 2, HEX) >= len - 2;
}

static bool
label_ok(const char *s, size_t len)
{
	return len > 0 && len <= LABEL_MAX && s[0] != '-' &&
	       s[len - 1] != '-' && strspn(s, LETTERS DIGITS "-") >= len;
}

static bool
name_ok(const char *s, size_t len)
{
	const char *label = s;
	size_t n = strcspn(s, ".:");

	if (len > NAME_MAX_BYTES)
		return false;
	while (label_ok(label, n) && label[n] == '.') {
		label += n + 1;
		n = strcspn(label, ".:");
	}
	if (label + n != s + len || !label_ok(label, n))
		return false;
	return !is_number(label, n) || address_ok(AF_INET, s, len);
}

/* In the one spelling browsers have for it: no sign, no leading zero. */
static bool
port_ok(const char *s)
{
	uint64_t port;

	if (*s == '\0')
		return true;
	return s[0] == ':' && s[1] != '0' &&
	       str_to_u64(s + 1, 1, UINT16_MAX, &port);
}

bool
host_ok(const char *s)
{
	size_t len = host_name_len(s);

	if (!port_ok(s + len))
		return false;
	if (s[0] != '[')
		return name_ok(s, len);
	return len > 2 && s[len - 1] == ']' &&
	       address_ok(AF_INET6, s + 1, len - 2);
}

bool
host_port_ok(const char *s)
{
	return host_ok(s) && s[host_name_len(s)] == ':';
}
