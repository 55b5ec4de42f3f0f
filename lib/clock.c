/* SPDX-License-Identifier: MIT */
/*
 * The two clocks, kept apart: monotonic time decides (timeouts, rates, ages),
 * wall time is stored, shown and compared with dates that outlast a start, such
 * as the end of a token. A jump of the wall clock therefore ends no wait early
 * and keeps none alive (abuse D13). Tests shift either one.
 */
#include "lib/clock.h"

#include <time.h>

static int64_t mono_shift_ms;
static int64_t wall_shift_ms;

static int64_t
read_us(clockid_t id)
{
	struct timespec ts;

	/* Cannot fail: both clocks exist on every kernel we run on. */
	(void)clock_gettime(id, &ts);
	return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

int64_t
clock_mono_us(void)
{
	return read_us(CLOCK_MONOTONIC) + mono_shift_ms * 1000;
}

int64_t
clock_mono_ms(void)
{
	return clock_mono_us() / 1000;
}

int64_t
clock_boot_ms(void)
{
	return read_us(CLOCK_BOOTTIME) / 1000 + mono_shift_ms;
}

int64_t
clock_wall_ms(void)
{
	return read_us(CLOCK_REALTIME) / 1000 + wall_shift_ms;
}

void
clock_shift(int64_t mono_ms, int64_t wall_ms)
{
	mono_shift_ms = mono_ms;
	wall_shift_ms = wall_ms;
}
