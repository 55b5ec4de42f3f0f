/* SPDX-License-Identifier: MIT */
/* Rates: the burst, the long run, and clocks that stand still or jump. */
#include "tests/unit/check.h"

#include <stdbool.h>

#include "lib/bucket.h"

static int
take_all(struct bucket *b, int64_t now)
{
	int n = 0;

	while (n < 1000 && bucket_take(b, now))
		n++;
	return n;
}

static void
burst_then_rate(void **state)
{
	struct bucket b;

	(void)state;
	bucket_init(&b, 60, 5, 1000);
	assert_int_equal(take_all(&b, 1000), 5);
	assert_false(bucket_take(&b, 1999));
	assert_true(bucket_take(&b, 2000));
	assert_false(bucket_take(&b, 2000));
	assert_int_equal(take_all(&b, 4500), 2);
	assert_int_equal(take_all(&b, 5000), 1);
}

/* 7 a minute: no whole number of milliseconds each, and none lost. */
static void
nothing_lost_by_rounding(void **state)
{
	struct bucket b;
	int n = 0;

	(void)state;
	bucket_init(&b, 7, 2, 0);
	for (int64_t t = 0; t <= 600000; t++)
		n += bucket_take(&b, t);
	assert_int_equal(n, 72);
}

static void
long_silence_and_back(void **state)
{
	struct bucket b;

	(void)state;
	bucket_init(&b, 60, 5, 0);
	assert_int_equal(take_all(&b, 0), 5);
	assert_int_equal(take_all(&b, INT64_MAX / 2), 5);
	/* A clock that goes back gives nothing and takes nothing away. */
	assert_int_equal(take_all(&b, 0), 0);
	assert_int_equal(take_all(&b, 1000), 1);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(burst_then_rate),
		cmocka_unit_test(nothing_lost_by_rounding),
		cmocka_unit_test(long_silence_and_back),
	};

	return CHECK_RUN("bucket", tests);
}
