/* SPDX-License-Identifier: MIT */
/*
 * SHA-256 against the vectors of FIPS 180-4 and against every length of tail.
 */
#include <string.h>

#include "lib/sha256.h"
#include "lib/str.h"
#include "tests/unit/check.h"

static const char *
hex_of(const void *p, size_t len)
{
	static char hex[SHA256_TEXT];
	uint8_t sum[SHA256_LEN];

	sha256(p, len, sum);
	str_hex(hex, sum, sizeof(sum));
	return hex;
}

static void
known_answers(void **state)
{
	static char million[1000000];

	(void)state;
	assert_string_equal(hex_of("", 0),
	    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
	assert_string_equal(hex_of("abc", 3),
	    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	assert_string_equal(
	    hex_of("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
		56),
	    "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
	memset(million, 'a', sizeof(million));
	assert_string_equal(hex_of(million, sizeof(million)),
	    "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

/*
 * The digest of the digests of 0, 1, ... 200 bytes 'r', one after another: each
 * place at which padding may begin. As coreutils' sha256sum(1) has it.
 */
static void
every_tail(void **state)
{
	static uint8_t all[201 * SHA256_LEN];
	char text[200];
	size_t len;

	(void)state;
	memset(text, 'r', sizeof(text));
	for (len = 0; len <= sizeof(text); len++)
		sha256(text, len, all + len * SHA256_LEN);
	assert_string_equal(hex_of(all, sizeof(all)),
	    "953f8b9704bf9f9541d670bfa576878524b267b6c60d2035ee94277f09bba511");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(known_answers),
		cmocka_unit_test(every_tail),
	};

	return CHECK_RUN("sha256", tests);
}
