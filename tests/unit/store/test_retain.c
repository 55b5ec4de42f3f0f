/* SPDX-License-Identifier: MIT */
/*
 * Which events are old, under a clock that was wrong: rows keep their order
 * whatever they say of the time, so no hole is made, and none holds up what
 * comes after it until a day that is far away (abuse G23).
 */
#include "tests/unit/check.h"

#include "daemon/event/event.h"
#include "daemon/event/retain.h"
#include "daemon/loop.h"
#include "daemon/store/db.h"
#include "daemon/store/outbox.h"
#include "lib/clock.h"
#include "tests/unit/store/fx.h"

#define DAY_MS INT64_C(86400000)

/* Rows written when the clock was so many days from now. */
static void
emit(struct fx *fx, int64_t days, int n)
{
	struct tx *tx = tx_begin(fx->db);

	clock_shift(0, days * DAY_MS);
	while (n-- > 0)
		event_emit(tx, EV_SYSTEM, NULL, NULL, NULL);
	tx_commit(tx, NULL, NULL);
	db_settle(fx->db);
	clock_shift(0, 0);
}

/* Kept for 30 days. */
static long
expire(struct fx *fx, int64_t to, int64_t limit)
{
	const int64_t now = clock_wall_ms();
	const struct store_expiry e = { to, now - 30 * DAY_MS, now, limit };
	struct tx *tx = tx_begin(fx->db);
	long n = store_events_expire(tx, &e);

	tx_commit(tx, NULL, NULL);
	db_settle(fx->db);
	return n;
}

static int64_t
oldest(struct fx *fx)
{
	int64_t first, last;

	assert_int_equal(store_event_bounds(fx->db, &first, &last), 0);
	return first;
}

static void
rows_from_the_future_hold_up_nothing(void **state)
{
	struct fx *fx = *state;

	emit(fx, 365, 3);
	emit(fx, -40, 3);
	emit(fx, 365, 1);
	emit(fx, -40, 1);
	emit(fx, 0, 1);
	assert_int_equal(expire(fx, 100, 100), 8);
	assert_int_equal(oldest(fx), 9);
}

static void
they_are_as_old_as_what_follows(void **state)
{
	struct fx *fx = *state;

	emit(fx, -40, 2);
	emit(fx, 365, 3);
	emit(fx, -20, 3);
	emit(fx, -40, 3);
	/* Those of 20 days ago end the prefix, whatever comes after them. */
	assert_int_equal(expire(fx, 100, 100), 2);
	assert_int_equal(expire(fx, 100, 100), 0);
	assert_int_equal(oldest(fx), 3);
}

/* Nothing follows them, or what follows is not to be deleted. */
static void
they_may_be_all_there_is(void **state)
{
	struct fx *fx = *state;

	emit(fx, 365, 10);
	assert_int_equal(expire(fx, 100, 100), 0);
	emit(fx, -40, 1);
	assert_int_equal(expire(fx, 4, 100), 4);
	assert_int_equal(oldest(fx), 5);
}

/* More of them than are looked at in one go. */
static void
many_of_them_go_little_by_little(void **state)
{
	struct fx *fx = *state;

	emit(fx, 365, 250);
	emit(fx, -40, 1);
	emit(fx, 0, 1);
	assert_int_equal(expire(fx, 1000, 100), 100);
	assert_int_equal(expire(fx, 1000, 100), 100);
	assert_int_equal(expire(fx, 1000, 100), 51);
	assert_int_equal(oldest(fx), 252);
}

static void
moved_cb(int64_t first, void *arg)
{
	*(bool *)arg = first == 701;
}

/* The whole of it, with a clock that is set back and then goes on. */
static void
retention_goes_on_after_a_clock_was_set_back(void **state)
{
	struct fx *fx = *state;
	bool gone = false;
	struct retain_spec spec = { 30 * DAY_MS, 0, moved_cb, &gone };
	struct retain *r;

	emit(fx, 3650, 600);
	emit(fx, 0, 1100);
	clock_shift(0, 31 * DAY_MS);
	r = retain_new(fx->loop, fx->db, &spec);
	fx_until(fx, &gone);
	clock_shift(0, 0);
	retain_free(r);
	assert_int_equal(oldest(fx), 701);
}

int
main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, fx_setup, fx_teardown)
	const struct CMUnitTest tests[] = {
		T(rows_from_the_future_hold_up_nothing),
		T(they_are_as_old_as_what_follows),
		T(they_may_be_all_there_is),
		T(many_of_them_go_little_by_little),
		T(retention_goes_on_after_a_clock_was_set_back),
	};

	return CHECK_RUN("store/retain", tests);
}
