/* SPDX-License-Identifier: MIT */
/*
 * What stays stuck is tried again less and less often, and never given up.
 */
#include "tests/unit/check.h"

#include "daemon/core/workspaceop.h"

#define MINUTE (60 * 1000LL)

static void
pauses_grow_to_a_bound(void **state)
{
	int64_t ms = 0, before, all = 0;

	(void)state;
	for (int i = 0; i < 20; i++, all += ms) {
		before = ms;
		ms = ws_pause_after(ms);
		assert_true(ms >= 1000 && ms <= 10 * MINUTE);
		assert_true(ms >= 2 * before || ms == 10 * MINUTE);
	}
	assert_int_equal(ms, 10 * MINUTE);
	assert_true(all > 100 * MINUTE);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pauses_grow_to_a_bound),
	};

	return CHECK_RUN("workspace", tests);
}
