/* SPDX-License-Identifier: MIT */
/*
 * Nothing expires by a clock that is not to be believed: after a start or a
 * jump not before a full round has passed.
 */
#include "tests/unit/check.h"

#include "daemon/core/workspaceclock.h"
#include "lib/clock.h"

#define HOUR (3600 * 1000LL)
#define DAY  (24 * HOUR)

/* It may have been set before that, and rounds can be asked for. */
static void
abuse_G23_start_is_waited_out(void **state)
{
	struct ws_clock c;

	(void)state;
	clock_shift(0, 0);
	ws_clock_start(&c);
	for (int i = 0; i < 3; i++)
		assert_false(ws_clock_round(&c, DAY, false));
	/* But that something was done about then, which is the control. */
	assert_true(ws_clock_round(&c, DAY, true));
	clock_shift(DAY, DAY);
	assert_true(ws_clock_round(&c, DAY, false));
	clock_shift(0, 0);
}

static void
abuse_G23_jump_is_waited_out(void **state)
{
	static const int64_t jumps[] = { 400 * DAY, -400 * DAY, HOUR };

	(void)state;
	for (size_t i = 0; i < sizeof(jumps) / sizeof(*jumps); i++) {
		struct ws_clock c;

		clock_shift(0, 0);
		ws_clock_start(&c);
		assert_true(ws_clock_round(&c, DAY, true));
		clock_shift(HOUR, HOUR + jumps[i]);
		assert_false(ws_clock_round(&c, DAY, true));
		/* However often somebody asks for rounds. */
		assert_false(ws_clock_round(&c, DAY, true));
		clock_shift(DAY, DAY + jumps[i]);
		assert_false(ws_clock_round(&c, DAY, true));
		clock_shift(DAY + 2 * HOUR, DAY + 2 * HOUR + jumps[i]);
		assert_true(ws_clock_round(&c, DAY, true));
		/* Back again: that is a jump as well. */
		clock_shift(DAY + 2 * HOUR, DAY + 2 * HOUR);
		assert_false(ws_clock_round(&c, DAY, true));
	}
	clock_shift(0, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(abuse_G23_start_is_waited_out),
		cmocka_unit_test(abuse_G23_jump_is_waited_out),
	};

	return CHECK_RUN("workspaceclock", tests);
}
