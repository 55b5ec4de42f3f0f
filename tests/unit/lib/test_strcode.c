/* SPDX-License-Identifier: MIT */
/* Hexadecimal and base64: known values, one spelling each, exact bounds. */
#include "tests/unit/check.h"

#include <string.h>

#include "lib/secret.h"
#include "lib/str.h"

static void
hex(void **state)
{
	static const char *const bad[] = { "", "00f", "00ff1", "00fF", "0 ff",
		"00fg", "00ff00" };
	unsigned char out[2];
	char text[5];
	size_t i;

	(void)state;
	str_hex(text, "\x00\xff", 2);
	assert_string_equal(text, "00ff");
	assert_true(str_unhex(out, 2, "00ff"));
	assert_memory_equal(out, "\x00\xff", 2);
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(str_unhex(out, 2, bad[i]));
	assert_true(str_unhex(out, 0, ""));
}

/* RFC 4648 section 10. */
static const struct {
	const char *plain, *std, *url;
} vectors[] = {
	{ "", "", "" },
	{ "f", "Zg==", "Zg" },
	{ "fo", "Zm8=", "Zm8" },
	{ "foo", "Zm9v", "Zm9v" },
	{ "foob", "Zm9vYg==", "Zm9vYg" },
	{ "fooba", "Zm9vYmE=", "Zm9vYmE" },
	{ "foobar", "Zm9vYmFy", "Zm9vYmFy" },
	{ "\xfb\xff\xfe", "+//+", "-__-" },
};

static void
base64_vectors(void **state)
{
	unsigned char back[8];
	char text[16];
	size_t i, n;

	(void)state;
	for (i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
		n = strlen(vectors[i].plain);
		str_base64(text, vectors[i].plain, n);
		assert_string_equal(text, vectors[i].std);
		str_base64url(text, vectors[i].plain, n);
		assert_string_equal(text, vectors[i].url);
		n = 99;
		assert_true(str_unbase64(back, strlen(vectors[i].plain), &n,
		    vectors[i].std));
		assert_int_equal(n, strlen(vectors[i].plain));
		assert_memory_equal(back, vectors[i].plain, n);
	}
}

static void
base64_takes_one_spelling(void **state)
{
	static const char *const bad[] = { "Z", "Zg",
		"Zg=", "Zg===", "=Zg=", "Zh==", "Zm9=", "Zm8", "Zm8 ",
		" Zg=", "Z=g=", "Zg==Zg==", "-_8=", "Zg=\n", "====", "Zg==\n",
		"Z g=" };
	unsigned char out[16];
	size_t i, n = 99;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(str_unbase64(out, sizeof(out), &n, bad[i]));
	assert_false(str_unbase64(out, 2, &n, "Zm9v"));
	assert_false(str_unbase64(out, 0, &n, "Zg=="));
	assert_int_equal(n, 99);
}

static void
base64url_of_a_length(void **state)
{
	static const char *const bad[] = { "", "Z", "Zg", "-_", "-_8=", "+/8",
		"-_9", "-_8a", "- 8" };
	unsigned char in[65], out[65];
	char text[4 * 22 + 1];

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(str_unbase64url(out, 2, bad[i]));
	assert_true(str_unbase64url(out, 2, "-_8"));
	secret_random(in, sizeof(in));
	for (size_t len = 0; len <= sizeof(in); len++) {
		str_base64url(text, in, len);
		assert_true(str_unbase64url(out, len, text));
		assert_memory_equal(in, out, len);
		assert_false(str_unbase64url(out, len + 1, text));
	}
}

static void
base64_round_trip(void **state)
{
	unsigned char in[48], out[48];
	char text[4 * 16 + 1];
	size_t len, n;

	(void)state;
	secret_random(in, sizeof(in));
	for (len = 0; len <= sizeof(in); len++) {
		str_base64(text, in, len);
		assert_int_equal(strlen(text), 4 * ((len + 2) / 3));
		assert_true(str_unbase64(out, len, &n, text));
		assert_int_equal(n, len);
		assert_memory_equal(in, out, len);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hex),
		cmocka_unit_test(base64_vectors),
		cmocka_unit_test(base64_takes_one_spelling),
		cmocka_unit_test(base64url_of_a_length),
		cmocka_unit_test(base64_round_trip),
	};

	return CHECK_RUN("strcode", tests);
}
