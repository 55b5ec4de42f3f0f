/* SPDX-License-Identifier: MIT */
/*
 * What is let through. Two questions, both about what will be dialled: is this
 * very host and port in the list, and is the address that its name has come to
 * one of the public network. The second is there because names belong to
 * others: whoever answers for one could point it at this host or at the network
 * it is in (abuse I10, I11).
 */
#include "egress/judge.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stddef.h>
#include <string.h>
#include <strings.h>

#include "lib/egress.h"
#include "lib/host.h"
#include "lib/str.h"

static bool
is_address(const char *name)
{
	unsigned char any[16];

	return inet_pton(AF_INET, name, any) == 1 ||
	       inet_pton(AF_INET6, name, any) == 1;
}

bool
target_parse(const char *text, struct target *t)
{
	const bool six = text[0] == '[';
	uint64_t port;
	size_t n;

	if (!host_port_ok(text))
		return false;
	n = host_name_len(text);
	if (!str_to_u64(text + n + 1, 1, UINT16_MAX, &port) ||
	    n >= sizeof(t->name))
		return false;
	memset(t, 0, sizeof(*t));
	memcpy(t->name, text + six, n - 2 * (size_t)six);
	t->port = (uint16_t)port;
	t->literal = is_address(t->name);
	return true;
}

static bool
same_address(const char *a, const char *b)
{
	unsigned char x[16], y[16];

	return inet_pton(AF_INET6, a, x) == 1 &&
	       inet_pton(AF_INET6, b, y) == 1 && memcmp(x, y, 16) == 0;
}

static bool
same(const struct target *a, const struct target *b)
{
	return a->port == b->port && (strcasecmp(a->name, b->name) == 0 ||
					 same_address(a->name, b->name));
}

int
judge_target(const struct egress_page *p, const struct target *t)
{
	struct target row;

	for (uint32_t i = 0; i < p->n; i++)
		if (target_parse(p->rows[i].host, &row) && same(&row, t))
			return (int)i;
	return -1;
}

struct block {
	const char *prefix;
	unsigned bits;
	const char *what;
};

/* IANA's registry of special addresses, as far as it is not for everybody. */
static const struct block v4_blocks[] = {
	{ "0.0.0.0", 8, "an unspecified address" },
	{ "10.0.0.0", 8, "a private address" },
	{ "100.64.0.0", 10, "a private address" },
	{ "127.0.0.0", 8, "a loopback address" },
	{ "169.254.0.0", 16, "a link-local address" },
	{ "172.16.0.0", 12, "a private address" },
	{ "192.0.0.0", 24, "a reserved address" },
	{ "192.88.99.0", 24, "a reserved address" }, /* relays of 6to4 */
	{ "192.168.0.0", 16, "a private address" },
	{ "198.18.0.0", 15, "a private address" },
	{ "224.0.0.0", 4, "a multicast address" },
	{ "240.0.0.0", 4, "a reserved address" },
	{ NULL, 0, NULL },
};

/* Of those outside of 2000::/3 what is told by name; the rest is reserved. */
static const struct block v6_blocks[] = {
	{ "::", 128, "an unspecified address" },
	{ "::1", 128, "a loopback address" },
	{ "fc00::", 7, "a private address" },
	{ "fe80::", 10, "a link-local address" },
	{ "fec0::", 10, "a private address" },
	{ "ff00::", 8, "a multicast address" },
	{ "2001::", 23, "a reserved address" }, /* Teredo and its like */
	{ "2001:db8::", 32, "a reserved address" },
	{ NULL, 0, NULL },
};

/* Prefixes of v6 addresses that carry a v4 one, and where it stands. */
static const struct {
	const char *prefix;
	unsigned bits, at;
} carriers[] = {
	{ "::ffff:0:0", 96, 12 }, { "64:ff9b::", 96, 12 }, /* NAT64, RFC 6052 */
	{ "2002::", 16, 2 },				   /* 6to4 */
};

static bool
within(const unsigned char *ip, int family, const char *prefix, unsigned bits)
{
	unsigned char net[16] = { 0 };
	const unsigned whole = bits / 8, rest = bits % 8;

	(void)inet_pton(family, prefix, net);
	if (memcmp(ip, net, whole) != 0)
		return false;
	return rest == 0 || (ip[whole] ^ net[whole]) >> (8 - rest) == 0;
}

static const char *
look_up(const struct block *b, const unsigned char *ip, int family)
{
	for (; b->prefix != NULL; b++)
		if (within(ip, family, b->prefix, b->bits))
			break;
	return b->what;
}

static const char *
judge_v6(const unsigned char *ip)
{
	const char *what;

	for (size_t i = 0; i < sizeof(carriers) / sizeof(carriers[0]); i++)
		if (within(ip, AF_INET6, carriers[i].prefix, carriers[i].bits))
			return look_up(v4_blocks, ip + carriers[i].at, AF_INET);
	what = look_up(v6_blocks, ip, AF_INET6);
	if (what == NULL && !within(ip, AF_INET6, "2000::", 3))
		what = "a reserved address";
	return what;
}

const char *
judge_address(const struct sockaddr *sa)
{
	const struct sockaddr_in *in = (const void *)sa;
	const struct sockaddr_in6 *in6 = (const void *)sa;

	if (sa->sa_family == AF_INET)
		return look_up(v4_blocks, (const void *)&in->sin_addr, AF_INET);
	if (sa->sa_family == AF_INET6)
		return judge_v6(in6->sin6_addr.s6_addr);
	return "no address of the internet";
}
