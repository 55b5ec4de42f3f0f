/* SPDX-License-Identifier: MIT */
/*
 * The clocks run in the units they say, and a shift of one does not move the
 * other (abuse D13).
 */
#include "tests/unit/check.h"

#include <time.h>

#include "lib/clock.h"

static void
units(void **state)
{
	int64_t ms = clock_mono_ms(), us = clock_mono_us();
	time_t now = time(NULL);

	(void)state;
	assert_true(us / 1000 >= ms && us / 1000 < ms + 60000);
	assert_true(clock_wall_ms() / 1000 >= now);
	assert_true(clock_wall_ms() / 1000 < now + 60);
	assert_true(clock_mono_us() >= us);
}

static void
abuse_D13_wall_jump_leaves_monotonic(void **state)
{
	const int64_t year = 365LL * 86400 * 1000;
	int64_t mono = clock_mono_ms(), wall = clock_wall_ms();

	(void)state;
	clock_shift(0, year);
	assert_true(clock_wall_ms() >= wall + year);
	assert_true(clock_mono_ms() - mono < 60000);
	clock_shift(5000, -year);
	assert_true(clock_wall_ms() < wall);
	assert_true(clock_mono_ms() >= mono + 5000);
	assert_true(clock_mono_us() >= (mono + 5000) * 1000);
	clock_shift(0, 0);
	assert_true(clock_wall_ms() - wall < 60000);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(units),
		cmocka_unit_test(abuse_D13_wall_jump_leaves_monotonic),
	};

	return CHECK_RUN("clock", tests);
}
