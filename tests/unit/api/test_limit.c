/* SPDX-License-Identifier: MIT */
/*
 * The failure counters, with time as an argument (abuse C10).
 */
#include "daemon/auth/limit.h"

#include "tests/unit/check.h"

#define BOUND 5

static void
test_backs_off_and_doubles(void **state)
{
	struct auth_limit *l = auth_limit_new(BOUND);
	int64_t now = 1000000;

	(void)state;
	for (int i = 0; i < BOUND; i++)
		assert_int_equal(auth_limit_fail(l, 1, now), 0);
	for (int64_t want = 1; want <= 256; want *= 2)
		assert_int_equal(auth_limit_fail(l, 1, now), want);
	assert_int_equal(auth_limit_fail(l, 1, now), 300);
	auth_limit_free(l);
}

static void
test_forgives_after_a_quiet_minute(void **state)
{
	struct auth_limit *l = auth_limit_new(BOUND);
	int64_t now = 1000000;

	(void)state;
	for (int i = 0; i < BOUND; i++)
		(void)auth_limit_fail(l, 1, now);
	assert_int_equal(auth_limit_fail(l, 1, now), 1);
	/* Waiting out a back-off is not quiet enough. */
	now += 59000;
	assert_int_equal(auth_limit_fail(l, 1, now), 2);
	now += 61000;
	for (int i = 0; i < BOUND; i++)
		assert_int_equal(auth_limit_fail(l, 1, now), 0);
	assert_int_equal(auth_limit_fail(l, 1, now), 1);
	auth_limit_free(l);
}

static void
test_peers_are_apart(void **state)
{
	struct auth_limit *l = auth_limit_new(BOUND);
	int64_t now = 1000000;

	(void)state;
	for (int i = 0; i < 4 * BOUND; i++)
		(void)auth_limit_fail(l, 1, now);
	assert_int_equal(auth_limit_fail(l, 2, now), 0);
	/* In the same set. */
	assert_int_equal(auth_limit_fail(l, 17, now), 0);
	assert_int_equal(auth_limit_fail(l, 1, now), 300);
	auth_limit_free(l);
}

static void
test_everybody_is_counted(void **state)
{
	struct auth_limit *l = auth_limit_new(BOUND);
	int64_t wait = 0;

	(void)state;
	for (int i = 0; i < 10 * BOUND; i++)
		assert_int_equal(auth_limit_fail(l, (uid_t)(100 + i), 1000000),
		    0);
	wait = auth_limit_fail(l, 99, 1000000);
	assert_int_equal(wait, 1);
	auth_limit_free(l);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_backs_off_and_doubles),
		cmocka_unit_test(test_forgives_after_a_quiet_minute),
		cmocka_unit_test(test_peers_are_apart),
		cmocka_unit_test(test_everybody_is_counted),
	};

	return CHECK_RUN("limit", tests);
}
