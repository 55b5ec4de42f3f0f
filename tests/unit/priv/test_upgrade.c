/* SPDX-License-Identifier: MIT */
/* How long [main] sleeps in the middle of an upgrade (abuse P02). */
#include "lib/clock.h"
#include "priv-helper/upgrade.h"
#include "tests/unit/check.h"

/* Whoever is late was killed: until that one has ended there is no work. */
static void
abuse_P02_waiting_is_not_work(void **state)
{
	static const enum upgrade_phase phases[] = { UPGRADE_TRYING,
		UPGRADE_LEAVING, UPGRADE_SETTLING };
	struct upgrade u = { .phase = UPGRADE_NONE };
	size_t i;

	(void)state;
	assert_int_equal(upgrade_patience(&u), -1);
	for (i = 0; i < sizeof(phases) / sizeof(phases[0]); i++) {
		u.phase = phases[i];
		u.due = clock_mono_ms() + 60000;
		assert_true(upgrade_patience(&u) > 1000);
		u.due = clock_mono_ms();
		assert_true(upgrade_patience(&u) >= 50);
		u.due = 0;
		assert_true(upgrade_patience(&u) >= 50);
		assert_true(upgrade_patience(&u) <= 1000);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(abuse_P02_waiting_is_not_work),
	};

	return CHECK_RUN("upgrade", tests);
}
