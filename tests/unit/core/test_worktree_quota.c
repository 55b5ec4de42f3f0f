/* SPDX-License-Identifier: MIT */
/*
 * What an account's worktrees take, as it was known some time ago. Over the
 * real helper and the real git.
 */
#include "tests/unit/check.h"

#include <unistd.h>

#include "daemon/conf.h"
#include "lib/clock.h"
#include "lib/err.h"
#include "tests/unit/core/kit.h"
#include "tests/unit/core/live.h"

/* Nothing that was counted is that young. */
#define LONG_AGO (3600 * 1000LL)

static int
setup(void **state)
{
	int err = live_setup(state);

	live.app.conf->worktrees_max_mb = 3;
	return err;
}

static int
teardown(void **state)
{
	live.app.conf->worktrees_max_mb = 0;
	clock_shift(0, 0);
	return live_teardown(state);
}

static void
is_full(const char *branch)
{
	struct worktree_spec s = kit_spec(branch);
	struct outcome o = kit_create(&s);

	kit_refused(&o, RDV_E_TOO_BIG, "take 4 MiB");
}

static void
what_is_gone_takes_nothing(void **state)
{
	struct outcome w = kit_make("big");

	(void)state;
	if (geteuid() == 0)
		skip();
	assert_int_equal(live_sh(w.path, "head -c 4194304 /dev/urandom >big && "
					 "sync -f big"),
	    0);
	is_full("seen");
	clock_shift(LONG_AGO, 0);
	/* It counts as it was seen while nobody can look at it, */
	assert_int_equal(live_sh(live.scratch, "chmod 0 '%s'", w.path), 0);
	is_full("shut");
	assert_int_equal(live_sh(live.scratch, "chmod 700 '%s'", w.path), 0);
	/* and no more when it is no more. */
	assert_int_equal(live_sh(live.scratch, "rm -rf '%s'", w.path), 0);
	(void)kit_make("gone");
}

static int
all(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(what_is_gone_takes_nothing),
	};

	return CHECK_RUN("core/worktree_quota", tests);
}

int
main(int argc, char **argv)
{
	return live_main(argc, argv, all);
}
