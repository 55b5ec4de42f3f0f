/* SPDX-License-Identifier: MIT */
/* Wiping, comparing, randomness and the ids. */
#include "tests/unit/check.h"

#include <stdio.h>
#include <string.h>

#include "lib/clock.h"
#include "lib/secret.h"
#include "lib/xalloc.h"

static void
wipes(void **state)
{
	char text[16] = "hunter2 hunter2";
	const char zero[16] = "";

	(void)state;
	secret_wipe(text, 7);
	assert_memory_equal(text, zero, 7);
	assert_string_equal(text + 7, " hunter2");
	secret_wipe(NULL, 3);
	secret_free(NULL, 3);
	secret_free(xstrdup("x"), 2);
}

static void
compares_every_byte(void **state)
{
	unsigned char a[32], b[32];
	size_t i;

	(void)state;
	secret_random(a, sizeof(a));
	memcpy(b, a, sizeof(a));
	assert_true(secret_equal(a, b, sizeof(a)));
	for (i = 0; i < sizeof(a) * 8; i++) {
		b[i / 8] ^= (unsigned char)(1 << i % 8);
		assert_false(secret_equal(a, b, sizeof(a)));
		b[i / 8] ^= (unsigned char)(1 << i % 8);
	}
	b[31] ^= 1;
	assert_true(secret_equal(a, b, 31));
	assert_true(secret_equal(a, b, 0));
}

static void
random_fills_all(void **state)
{
	unsigned char p[4096], seen[4096] = { 0 };
	size_t i;
	int round;

	(void)state;
	for (round = 0; round < 8; round++) {
		memset(p, 0, sizeof(p));
		secret_random(p, sizeof(p) - 1);
		assert_int_equal(p[4095], 0);
		for (i = 0; i < sizeof(p); i++)
			seen[i] |= p[i];
	}
	/* Eight zero bytes in one place: 1 in 2^64 each. */
	for (i = 0; i < sizeof(p) - 1; i++)
		assert_int_not_equal(seen[i], 0);
}

static void
uuid_is_version_7_of_now(void **state)
{
	char id[UUID_TEXT], head[14], now[16];
	int64_t ms = clock_wall_ms();

	(void)state;
	uuid_v7(id);
	assert_int_equal(strlen(id), 36);
	assert_true(uuid_valid(id));
	assert_int_equal(id[14], '7');
	assert_non_null(strchr("89ab", id[19]));
	snprintf(now, sizeof(now), "%012llx", (unsigned long long)ms);
	snprintf(head, sizeof(head), "%.8s%.4s", id, id + 9);
	/* Equal but for the low byte: at most a few milliseconds passed. */
	assert_memory_equal(head, now, 9);
}

static void
uuids_sort_as_made(void **state)
{
	char last[UUID_TEXT] = "", id[UUID_TEXT];
	int i;

	(void)state;
	/* Many per millisecond, and the clock going back in the middle. */
	for (i = 0; i < 20000; i++) {
		if (i == 10000)
			clock_shift(0, -86400 * 1000LL);
		uuid_v7(id);
		assert_true(strcmp(last, id) < 0);
		memcpy(last, id, sizeof(id));
	}
	clock_shift(0, 0);
}

static void
uuid_valid_takes_one_form(void **state)
{
	static const char *const bad[] = { "", "0", "-",
		"01890a5d-ac96-774b-bcce-b302099a805",
		"01890a5d-ac96-774b-bcce-b302099a80577",
		"01890A5D-ac96-774b-bcce-b302099a8057",
		"01890a5d-ac96-774b-bcce_b302099a8057",
		"01890a5dac96774bbcceb302099a8057----",
		"01890a5d-ac96-774b-bcce-b302099a805g",
		" 1890a5d-ac96-774b-bcce-b302099a8057",
		"../../../../../../../../../etc/passwd" };
	size_t i;

	(void)state;
	assert_true(uuid_valid("01890a5d-ac96-774b-bcce-b302099a8057"));
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(uuid_valid(bad[i]));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(wipes),
		cmocka_unit_test(compares_every_byte),
		cmocka_unit_test(random_fills_all),
		cmocka_unit_test(uuid_is_version_7_of_now),
		cmocka_unit_test(uuids_sort_as_made),
		cmocka_unit_test(uuid_valid_takes_one_form),
	};

	return CHECK_RUN("secret", tests);
}
