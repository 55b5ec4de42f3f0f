/* SPDX-License-Identifier: MIT */
/*
 * What may be called a host. It ends up in a configuration of nginx, so the
 * second half is what somebody would try there.
 */
#include <stdio.h>
#include <string.h>

#include "lib/host.h"
#include "tests/unit/check.h"

static void
test_good(void **state)
{
	static const struct {
		const char *host;
		size_t len;
	} rows[] = {
		{ "a", 1 },
		{ "dev.example", 11 },
		{ "DEV.Example:8443", 11 },
		{ "xn--bcher-kva.example", 21 },
		{ "1a.2-b.c3:1", 9 },
		{ "0x.example", 10 },
		{ "127.0.0.1", 9 },
		{ "10.0.0.7:65535", 8 },
		{ "[::1]", 5 },
		{ "[2001:db8::7]:80", 13 },
		{ "[::ffff:10.0.0.7]", 17 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		if (!host_ok(rows[i].host))
			fail_msg("%s", rows[i].host);
		assert_int_equal(host_name_len(rows[i].host), rows[i].len);
	}
}

static void
test_bad(void **state)
{
	static const char *const rows[] = { "", ".", "a.", ".a", "a..b", "-a",
		"a-", "a.-b", "a_b", "*.example", "~a", ":80", "a:", "a:0",
		"a:080", "a:65536", "a:+1", "a:1:2", "a:b", "user@a", "a/",
		"http://a", "1", "2130706433", "127.1", "0x7f.0.0.1", "0x7f",
		"127.0.0.01", "a.0x", "256.0.0.1", "1.2.3.4.5", "::1", "[]",
		"[::1", "[::1]x", "[::1]:", "[::1%lo]", "[fe80::1%25lo]",
		"[a.example]", "[127.0.0.1]", "[[::1]]",
		"b\303\274cher.example" };

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		if (host_ok(rows[i]))
			fail_msg("%s", rows[i]);
	}
}

/* Every byte that is not of the grammar, in front, within and behind. */
static void
test_bytes(void **state)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyz"
				    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
	char text[8];

	(void)state;
	for (int c = 1; c < 256; c++) {
		bool in = strchr(plain, c) != NULL;

		(void)snprintf(text, sizeof(text), "%cab", c);
		assert_int_equal(host_ok(text), in);
		(void)snprintf(text, sizeof(text), "a%cb", c);
		assert_int_equal(host_ok(text), in || c == '.' || c == '-');
		(void)snprintf(text, sizeof(text), "ab%c", c);
		assert_int_equal(host_ok(text), in);
		(void)snprintf(text, sizeof(text), "ab:1%c", c);
		assert_int_equal(host_ok(text), c >= '0' && c <= '9');
	}
}

static void
test_lengths(void **state)
{
	char text[300];

	(void)state;
	memset(text, 'a', sizeof(text));
	text[63] = '\0';
	assert_true(host_ok(text));
	text[63] = 'a';
	text[64] = '\0';
	assert_false(host_ok(text));
	memset(text, 'a', sizeof(text));
	for (size_t i = 63; i < 253; i += 64)
		text[i] = '.';
	text[253] = '\0';
	assert_true(host_ok(text));
	text[253] = 'a';
	text[254] = '\0';
	assert_false(host_ok(text));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_bad),
		cmocka_unit_test(test_bytes),
		cmocka_unit_test(test_lengths),
	};

	return CHECK_RUN("host", tests);
}
