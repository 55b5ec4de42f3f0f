/* SPDX-License-Identifier: MIT */
/*
 * Which target a list lets through, and which address a name may lead to: each
 * a table of what somebody will try (abuse I10, I11).
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "egress/judge.h"
#include "lib/egress.h"
#include "tests/unit/check.h"

#define LEN(a) (sizeof(a) / sizeof((a)[0]))

static const char *const list[] = { "registry.example.org:443",
	"Mixed.Example.org:80", "127.0.0.1:8080", "[::1]:8081",
	"[2001:db8::1]:443", "xn--bcher-kva.example:443" };

static int
row_of(const char *text)
{
	static struct egress_page page;
	struct target t;

	page.n = LEN(list);
	for (size_t i = 0; i < LEN(list); i++)
		(void)snprintf(page.rows[i].host, sizeof(page.rows[i].host),
		    "%s", list[i]);
	return target_parse(text, &t) ? judge_target(&page, &t) : -2;
}

/* -1: not in the list; -2: no target at all. */
static const struct {
	const char *text;
	int row;
} targets[] = {
	{ "registry.example.org:443", 0 },
	{ "REGISTRY.example.ORG:443", 0 },
	{ "mixed.example.org:80", 1 },
	{ "127.0.0.1:8080", 2 },
	{ "[::1]:8081", 3 },
	{ "[0:0:0:0:0:0:0:1]:8081", 3 },
	{ "[2001:DB8:0::1]:443", 4 },
	{ "xn--bcher-kva.example:443", 5 },
	/* The port is part of it. */
	{ "registry.example.org:80", -1 },
	{ "registry.example.org:4430", -1 },
	{ "registry.example.org:44", -1 },
	{ "127.0.0.1:8081", -1 },
	{ "[::1]:8080", -1 },
	/* Neither above nor below it, nor beside. */
	{ "example.org:443", -1 },
	{ "a.registry.example.org:443", -1 },
	{ "registry.example.org.evil.example:443", -1 },
	{ "evilregistry.example.org:443", -1 },
	{ "registryxexample.org:443", -1 },
	/* An address of one that is in it by name, and the other way round. */
	{ "localhost:8080", -1 },
	{ "127.0.0.2:8080", -1 },
	{ "[::ffff:127.0.0.1]:8080", -1 },
	{ "[::ffff:7f00:1]:8080", -1 },
	/* Other spellings are none. */
	{ "registry.example.org.:443", -2 },
	{ "registry.example.org:0443", -2 },
	{ "registry.example.org:+443", -2 },
	{ "registry.example.org:443 ", -2 },
	{ " registry.example.org:443", -2 },
	{ "registry.example.org", -2 },
	{ "registry.example.org:", -2 },
	{ "registry.example.org:0", -2 },
	{ "registry.example.org:65979", -2 }, /* 443 in 16 bits */
	{ "registry.example.org:443:443", -2 },
	{ "user@registry.example.org:443", -2 },
	{ "registry.example.org%00:443", -2 },
	{ "registry_example.org:443", -2 },
	{ "b\xc3\xbc"
	  "cher.example:443",
	    -2 },
	{ "127.1:8080", -2 },
	{ "2130706433:8080", -2 },
	{ "0x7f000001:8080", -2 },
	{ "0177.0.0.1:8080", -2 },
	{ "127.0.0.1.:8080", -2 },
	{ "[::1%25lo]:8081", -2 },
	{ "[::1]8081", -2 },
	{ "::1:8081", -2 },
	{ "[127.0.0.1]:8080", -2 },
	{ "*:443", -2 },
	{ "*.example.org:443", -2 },
	{ ":443", -2 },
	{ "", -2 },
};

static void
abuse_I11_targets(void **state)
{
	(void)state;
	for (size_t i = 0; i < LEN(targets); i++)
		if (row_of(targets[i].text) != targets[i].row)
			fail_msg("%s: %d", targets[i].text,
			    row_of(targets[i].text));
}

static void
test_target(void **state)
{
	struct target t;

	(void)state;
	assert_true(target_parse("a.example:65535", &t));
	assert_string_equal(t.name, "a.example");
	assert_int_equal(t.port, 65535);
	assert_false(t.literal);
	assert_true(target_parse("[2001:db8::1]:1", &t));
	assert_string_equal(t.name, "2001:db8::1");
	assert_true(t.literal);
	assert_true(target_parse("10.0.0.1:22", &t));
	assert_true(t.literal);
}

/* NULL: of the public network. */
static const struct {
	const char *ip, *what;
} addresses[] = {
	{ "1.1.1.1", NULL },
	{ "9.255.255.255", NULL },
	{ "11.0.0.0", NULL },
	{ "100.63.255.255", NULL },
	{ "100.128.0.0", NULL },
	{ "126.255.255.255", NULL },
	{ "128.0.0.0", NULL },
	{ "169.253.255.255", NULL },
	{ "169.255.0.0", NULL },
	{ "172.15.255.255", NULL },
	{ "172.32.0.0", NULL },
	{ "192.0.1.0", NULL },
	{ "192.167.255.255", NULL },
	{ "192.169.0.0", NULL },
	{ "198.20.0.0", NULL },
	{ "223.255.255.255", NULL },
	{ "0.0.0.0", "an unspecified address" },
	{ "0.1.2.3", "an unspecified address" },
	{ "10.0.0.0", "a private address" },
	{ "10.255.255.255", "a private address" },
	{ "100.64.0.0", "a private address" },
	{ "100.127.255.255", "a private address" },
	{ "127.0.0.1", "a loopback address" },
	{ "127.255.255.255", "a loopback address" },
	{ "169.254.169.254", "a link-local address" },
	{ "169.254.0.0", "a link-local address" },
	{ "172.16.0.0", "a private address" },
	{ "172.31.255.255", "a private address" },
	{ "192.0.0.170", "a reserved address" },
	{ "192.88.99.0", "a reserved address" },
	{ "192.88.99.255", "a reserved address" },
	{ "192.88.98.255", NULL },
	{ "192.88.100.0", NULL },
	{ "192.168.0.0", "a private address" },
	{ "192.168.255.255", "a private address" },
	{ "198.18.0.0", "a private address" },
	{ "198.19.255.255", "a private address" },
	{ "224.0.0.1", "a multicast address" },
	{ "239.255.255.255", "a multicast address" },
	{ "240.0.0.0", "a reserved address" },
	{ "255.255.255.255", "a reserved address" },
	{ "2606:4700::1111", NULL },
	{ "2001:4860:4860::8888", NULL },
	{ "3fff::", NULL },
	{ "::", "an unspecified address" },
	{ "::1", "a loopback address" },
	{ "::2", "a reserved address" },
	{ "::127.0.0.1", "a reserved address" },
	{ "1fff::1", "a reserved address" },
	{ "4000::1", "a reserved address" },
	{ "fc00::1", "a private address" },
	{ "fdff::1", "a private address" },
	{ "fe80::1", "a link-local address" },
	{ "febf::1", "a link-local address" },
	{ "fec0::1", "a private address" },
	{ "ff02::1", "a multicast address" },
	{ "2001::1", "a reserved address" }, /* Teredo */
	{ "2001:db8::1", "a reserved address" },
	{ "64:ff9b:1::1", "a reserved address" }, /* a network's own NAT64 */
	/* Those that stand for a v4 address. */
	{ "::ffff:1.1.1.1", NULL },
	{ "::ffff:127.0.0.1", "a loopback address" },
	{ "::ffff:10.1.2.3", "a private address" },
	{ "::ffff:169.254.169.254", "a link-local address" },
	{ "::ffff:0.0.0.0", "an unspecified address" },
	{ "64:ff9b::101:101", NULL },
	{ "64:ff9b::7f00:1", "a loopback address" },
	{ "64:ff9b::a9fe:a9fe", "a link-local address" },
	{ "2002:101:101::1", NULL },
	{ "2002:7f00:1::1", "a loopback address" },
	{ "2002:c0a8:1::1", "a private address" },
};

static const char *
judge(const char *ip)
{
	struct sockaddr_in6 six = { .sin6_family = AF_INET6 };
	struct sockaddr_in four = { .sin_family = AF_INET };

	if (inet_pton(AF_INET, ip, &four.sin_addr) == 1)
		return judge_address((const struct sockaddr *)&four);
	assert_int_equal(inet_pton(AF_INET6, ip, &six.sin6_addr), 1);
	return judge_address((const struct sockaddr *)&six);
}

static void
abuse_I10_addresses(void **state)
{
	const struct sockaddr other = { .sa_family = AF_UNIX };

	(void)state;
	for (size_t i = 0; i < LEN(addresses); i++) {
		const char *what = judge(addresses[i].ip);

		if ((what == NULL) != (addresses[i].what == NULL) ||
		    (what != NULL && strcmp(what, addresses[i].what) != 0))
			fail_msg("%s: %s", addresses[i].ip,
			    what != NULL ? what : "let through");
	}
	assert_non_null(judge_address(&other));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(abuse_I11_targets),
		cmocka_unit_test(test_target),
		cmocka_unit_test(abuse_I10_addresses),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
