/* SPDX-License-Identifier: MIT */
/*
 * A worktree that was being made with a new branch when rdvd died: what is
 * taken back includes the branch, so that the same can be asked for again; but
 * never one that somebody has done something with.
 */
#include "tests/unit/check.h"

#include <stdio.h>
#include <string.h>

#include "daemon/core/worktreefix.h"
#include "daemon/core/worktreeop.h"
#include "daemon/store/db.h"
#include "daemon/store/worktrees.h"
#include "lib/arena.h"
#include "tests/unit/core/kit.h"
#include "tests/unit/core/live.h"

/* The row says what it said when git was asked. */
static void
cut_short(const struct outcome *w)
{
	struct arena *a = arena_new();
	struct store_worktree row;
	struct tx *tx;

	assert_int_equal(store_worktree_get(live.app.db, a, live.who.user_id,
			     w->id, &row),
	    0);
	row.state = "creating";
	tx = tx_begin(live.app.db);
	assert_int_equal(store_worktree_change(tx, &row), 0);
	tx_commit(tx, NULL, NULL);
	db_settle(live.app.db);
	arena_free(a);
}

static void
half_made(const struct outcome *w)
{
	cut_short(w);
	assert_int_equal(
	    live_sh(w->path,
		"printf initializing >$(git rev-parse --git-dir)/locked"),
	    0);
}

static void
not_begun(const struct outcome *w)
{
	cut_short(w);
	assert_int_equal(live_sh(live.repo, "git worktree remove %s", w->path),
	    0);
}

static bool
idle(const void *arg)
{
	const struct worktrees *w = arg;

	return TAILQ_EMPTY(&w->ops);
}

static void
settle(void)
{
	worktreefix_settle(live.app.worktrees);
	live_wait(idle, live.app.worktrees);
}

static void
expect_branches(const char *want)
{
	assert_string_equal(live_out(live.repo,
				"git for-each-ref --format='%%(refname:short)' "
				"refs/heads | paste -sd ' '"),
	    want);
}

static void
abuse_G20_the_same_can_be_asked_for_again(void **state)
{
	struct outcome half = kit_make("g1"), only = kit_make("g2");

	(void)state;
	half_made(&half);
	not_begun(&only);
	expect_branches("g1 g2 main");
	settle();
	kit_state_is(half.id, "failed");
	kit_state_is(only.id, "failed");
	expect_branches("main");
	(void)kit_make("g1");
	(void)kit_make("g2");
	assert_int_equal(live_sh(live.repo, "git fsck --full"), 0);
}

static void
a_branch_in_use_stays(void **state)
{
	struct worktree_spec old = kit_spec("old");
	struct outcome more = kit_make("more"), out = kit_make("out"), was;

	(void)state;
	assert_int_equal(live_sh(live.repo, "git branch old"), 0);
	old.create_branch = false;
	was = kit_create(&old);
	kit_ok(&was);
	/* Somebody has committed to it meanwhile. */
	not_begun(&more);
	assert_int_equal(live_sh(live.repo,
			     "git checkout -q more && "
			     "git commit -q --allow-empty -m more && "
			     "git checkout -q main"),
	    0);
	/* Somebody works on it elsewhere. */
	not_begun(&out);
	assert_int_equal(live_sh(live.repo, "git checkout -q out"), 0);
	/* It was there before. */
	not_begun(&was);
	settle();
	kit_state_is(more.id, "failed");
	kit_state_is(out.id, "failed");
	kit_state_is(was.id, "failed");
	expect_branches("main more old out");
}

static int
all(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, live_setup, live_teardown)
	const struct CMUnitTest tests[] = {
		T(abuse_G20_the_same_can_be_asked_for_again),
		T(a_branch_in_use_stays),
	};

	return CHECK_RUN("core/worktree_undone", tests);
}

int
main(int argc, char **argv)
{
	return live_main(argc, argv, all);
}
