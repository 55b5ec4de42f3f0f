/* SPDX-License-Identifier: MIT */
/* Grants: random, bound to a uid, mortal, and bounded in number. */
#include <stdbool.h>
#include <string.h>

#include "lib/clock.h"
#include "priv-helper/grant.h"
#include "tests/unit/check.h"

static struct grants g;
static const uint8_t none[SHA256_LEN];

static int
clean(void **state)
{
	(void)state;
	grant_wipe(&g);
	return 0;
}

static void
found_by_all_of_its_bytes(void **state)
{
	uint8_t a[PRIV_GRANT_LEN], b[PRIV_GRANT_LEN];
	uid_t uid = 0;
	int i;

	(void)state;
	assert_true(grant_new(&g, 1001, none, GRANT_TTL_MS, a));
	assert_true(grant_new(&g, 1002, none, GRANT_TTL_MS, b));
	assert_memory_not_equal(a, b, sizeof(a));
	assert_true(grant_find(&g, a, &uid));
	assert_int_equal(uid, 1001);
	assert_true(grant_find(&g, b, &uid));
	assert_int_equal(uid, 1002);
	for (i = 0; i < PRIV_GRANT_LEN; i++) {
		a[i] ^= 0x80;
		assert_false(grant_find(&g, a, &uid));
		a[i] ^= 0x80;
	}
}

/* An empty place holds zeros, and zeros are no grant. */
static void
zeros_are_no_grant(void **state)
{
	const uint8_t zero[PRIV_GRANT_LEN] = { 0 };
	uid_t uid;

	(void)state;
	assert_false(grant_find(&g, zero, &uid));
	assert_false(grant_drop(&g, zero));
}

static void
expires_by_monotonic_time(void **state)
{
	uint8_t a[PRIV_GRANT_LEN];
	uid_t uid;

	(void)state;
	assert_true(grant_new(&g, 1, none, GRANT_TTL_MS, a));
	/* The wall clock may jump as it likes. */
	clock_shift(0, 365ll * 86400 * 1000);
	assert_true(grant_find(&g, a, &uid));
	clock_shift(GRANT_TTL_MS - 1000, 0);
	assert_true(grant_find(&g, a, &uid));
	clock_shift(GRANT_TTL_MS + 1000, 0);
	assert_false(grant_find(&g, a, &uid));
	clock_shift(0, 0);
}

static void
bounded_and_reused(void **state)
{
	uint8_t a[PRIV_GRANT_LEN], last[PRIV_GRANT_LEN];
	int i;

	(void)state;
	for (i = 0; i < GRANTS_MAX; i++)
		assert_true(grant_new(&g, 1, none, GRANT_TTL_MS, last));
	assert_false(grant_room(&g));
	assert_false(grant_new(&g, 1, none, GRANT_TTL_MS, a));
	assert_true(grant_drop(&g, last));
	assert_true(grant_room(&g));
	assert_false(grant_drop(&g, last));
	assert_true(grant_new(&g, 1, none, GRANT_TTL_MS, a));
	assert_false(grant_new(&g, 1, none, GRANT_TTL_MS, a));
	/* Dead ones make room. */
	clock_shift(GRANT_TTL_MS + 1000, 0);
	assert_true(grant_new(&g, 1, none, GRANT_TTL_MS, a));
	clock_shift(0, 0);
}

static bool
keep_even(uid_t uid, bool own, void *arg)
{
	(void)own;
	++*(unsigned *)arg;
	return uid % 2 == 0;
}

static bool
keep_own(uid_t uid, bool own, void *arg)
{
	(void)uid;
	(void)arg;
	return own;
}

/* Of an account that is served no more all end, of others none. */
static void
ended_by_uid(void **state)
{
	uint8_t odd[2][PRIV_GRANT_LEN], even[PRIV_GRANT_LEN];
	unsigned asked = 0;
	uid_t uid;

	(void)state;
	assert_true(grant_new(&g, 1001, none, GRANT_TTL_MS, odd[0]));
	assert_true(grant_new(&g, 1002, none, GRANT_TTL_MS, even));
	assert_true(grant_new(&g, 1001, none, GRANT_TTL_MS, odd[1]));
	assert_int_equal(grant_keep(&g, keep_even, &asked), 2);
	assert_int_equal(asked, 3);
	assert_false(grant_find(&g, odd[0], &uid));
	assert_false(grant_find(&g, odd[1], &uid));
	assert_true(grant_find(&g, even, &uid));
	assert_int_equal(uid, 1002);
	/* Which is the web's, as that has no token of the account's. */
	assert_true(grant_new(&g, 1002, odd[0], GRANT_TTL_MS, odd[1]));
	assert_int_equal(grant_keep(&g, keep_own, NULL), 1);
	assert_false(grant_find(&g, even, &uid));
	assert_true(grant_find(&g, odd[1], &uid));
}

/* With its token all that it was good for, and nothing of another's. */
static void
ended_with_its_token(void **state)
{
	const uint8_t one[SHA256_LEN] = { 1 }, two[SHA256_LEN] = { 2 };
	uint8_t a[PRIV_GRANT_LEN], b[PRIV_GRANT_LEN], c[PRIV_GRANT_LEN];
	uid_t uid;

	(void)state;
	assert_true(grant_new(&g, 1001, one, GRANT_TTL_MS, a));
	assert_true(grant_new(&g, 1001, two, 5000, b));
	assert_true(grant_new(&g, 1001, none, GRANT_TTL_MS, c));
	grant_end_of(&g, one);
	assert_false(grant_find(&g, a, &uid));
	assert_true(grant_find(&g, b, &uid));
	assert_true(grant_find(&g, c, &uid));
	/* And not later than that. */
	clock_shift(6000, 0);
	assert_false(grant_find(&g, b, &uid));
	assert_true(grant_find(&g, c, &uid));
	clock_shift(0, 0);
}

/* What stands in the audit log: no part of the grant, and never used twice. */
static void
named_by_number(void **state)
{
	uint8_t a[PRIV_GRANT_LEN], b[PRIV_GRANT_LEN];
	uint32_t first;

	(void)state;
	assert_true(grant_new(&g, 1, none, GRANT_TTL_MS, a));
	first = grant_number(&g, a);
	assert_true(first > 0);
	grant_wipe(&g);
	assert_int_equal(grant_number(&g, a), 0);
	assert_true(grant_new(&g, 1, none, GRANT_TTL_MS, b));
	assert_int_equal(grant_number(&g, b), first + 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(found_by_all_of_its_bytes, clean),
		cmocka_unit_test_setup(zeros_are_no_grant, clean),
		cmocka_unit_test_setup(expires_by_monotonic_time, clean),
		cmocka_unit_test_setup(bounded_and_reused, clean),
		cmocka_unit_test_setup(ended_by_uid, clean),
		cmocka_unit_test_setup(ended_with_its_token, clean),
		cmocka_unit_test_setup(named_by_number, clean),
	};

	return CHECK_RUN("grant", tests);
}
