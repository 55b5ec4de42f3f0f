/* SPDX-License-Identifier: MIT */
/*
 * The failure counters, with time as an argument (abuse C10).
 */
#include "daemon/auth/limit.h"

#include <stdio.h>

#include "tests/unit/check.h"

#define BOUND 5

static void
test_backs_off_and_doubles(void **state)
{
	struct auth_limit *l = auth_limit_new(BOUND);
	int64_t now = 1000000, last = 0;

	(void)state;
	for (int i = 0; i < BOUND; i++)
		assert_int_equal(auth_limit_fail(l, 1, "rdv_aaaaaaaa", now), 0);
	assert_int_equal(auth_limit_check(l, 1, "rdv_aaaaaaaa", now), 0);
	for (int64_t want = 1; want <= 256; want *= 2) {
		last = auth_limit_fail(l, 1, "rdv_aaaaaaaa", now);
		assert_int_equal(last, want);
		assert_int_equal(auth_limit_check(l, 1, "rdv_aaaaaaaa", now),
		    want);
		now += last * 1000;
		assert_int_equal(auth_limit_check(l, 1, "rdv_aaaaaaaa", now),
		    0);
		/* Stay inside one window, where nothing is forgiven. */
		now -= last * 1000;
	}
	assert_int_equal(auth_limit_fail(l, 1, "rdv_aaaaaaaa", now), 300);
	auth_limit_free(l);
}

static void
test_forgives_after_a_quiet_minute(void **state)
{
	struct auth_limit *l = auth_limit_new(BOUND);
	int64_t now = 1000000;

	(void)state;
	for (int i = 0; i <= BOUND; i++)
		(void)auth_limit_fail(l, 1, "rdv_aaaaaaaa", now);
	assert_int_equal(auth_limit_check(l, 1, "rdv_aaaaaaaa", now), 1);
	now += 61000;
	for (int i = 0; i < BOUND; i++)
		assert_int_equal(auth_limit_fail(l, 1, "rdv_aaaaaaaa", now), 0);
	auth_limit_free(l);
}

static void
test_others_are_heard(void **state)
{
	struct auth_limit *l = auth_limit_new(BOUND);
	int64_t now = 1000000;

	(void)state;
	for (int i = 0; i < 100; i++)
		(void)auth_limit_fail(l, 1, "rdv_aaaaaaaa", now);
	assert_true(auth_limit_check(l, 1, "rdv_aaaaaaaa", now) > 0);
	/* The same peer with another token; another peer with the same. */
	assert_int_equal(auth_limit_check(l, 1, "rdv_bbbbbbbb", now), 0);
	assert_int_equal(auth_limit_check(l, 2, "rdv_aaaaaaaa", now), 0);
	/* Only the first characters count: the rest is what is guessed. */
	assert_true(auth_limit_check(l, 1, "rdv_aaaaaaaaXYZ", now) > 0);
	auth_limit_free(l);
}

static void
test_peer_and_everybody_are_counted(void **state)
{
	struct auth_limit *l = auth_limit_new(BOUND);
	int64_t now = 1000000, wait = 0;
	char text[16];

	(void)state;
	/* One peer with ever new prefixes. */
	for (int i = 0; i <= BOUND; i++) {
		(void)snprintf(text, sizeof(text), "p%d", i);
		wait = auth_limit_fail(l, 1, text, now);
		assert_int_equal(wait > 0, i == BOUND);
	}
	/* Ever new peers. */
	for (int i = 0; i < 10 * BOUND; i++)
		wait = auth_limit_fail(l, (uid_t)(100 + i), "x", now);
	assert_true(wait > 0);
	auth_limit_free(l);
}

static void
test_table_is_bounded(void **state)
{
	struct auth_limit *l = auth_limit_new(BOUND);
	char text[16];

	(void)state;
	for (int i = 0; i < 100000; i++) {
		(void)snprintf(text, sizeof(text), "%d", i);
		(void)auth_limit_fail(l, 7, text, 1000000 + i);
	}
	assert_int_equal(auth_limit_check(l, 8, "rdv_aaaaaaaa", 1100000), 0);
	auth_limit_free(l);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_backs_off_and_doubles),
		cmocka_unit_test(test_forgives_after_a_quiet_minute),
		cmocka_unit_test(test_others_are_heard),
		cmocka_unit_test(test_peer_and_everybody_are_counted),
		cmocka_unit_test(test_table_is_bounded),
	};

	return CHECK_RUN("limit", tests);
}
