/* SPDX-License-Identifier: MIT */
/* What a network may bring: all of its bound, and not a byte more. */
#include "tests/unit/check.h"

#include "daemon/app.h"
#include "daemon/core/netbound.h"
#include "daemon/core/worktreestate.h"
#include "daemon/loop.h"

#define MIB ((int64_t)1 << 20)

static void
netbound_told_cb(const char *why, void *arg)
{
	int *told = arg;

	assert_string_equal(why,
	    "more came than the 4 MiB that [user.ann] max_transfer_mb (F:9) "
	    "allows");
	++*told;
}

static void
all_of_it(void **state)
{
	struct app app = { .loop = loop_new() };
	struct worktrees w = { .app = &app };
	const struct worktree_who who = { .user_id = "u" };
	const struct allowance max = { 4, "[user.ann] max_transfer_mb (F:9)" };
	int told = 0;
	struct netbound *b =
	    netbound_new(&w, &who, "/d", &max, netbound_told_cb, &told);

	(void)state;
	netbound_heard(b, -1);
	netbound_heard(b, 4 * MIB);
	assert_int_equal(told, 0);
	netbound_heard(b, 4 * MIB + 1);
	netbound_heard(b, 4 * MIB + 2);
	assert_int_equal(told, 1);
	netbound_free(b);
	loop_free(app.loop);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_of_it),
	};

	return CHECK_RUN("core/netbound", tests);
}
