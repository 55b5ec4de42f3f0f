/* SPDX-License-Identifier: MIT */
/*
 * Worktrees with submodules, which git itself neither moves nor removes: they
 * go to the trash and come back with everything in them, and do not go unforced
 * while a submodule holds work that stands nowhere else.
 */
#include "tests/unit/check.h"

#include <stdio.h>
#include <string.h>

#include "daemon/core/worktreefix.h"
#include "daemon/core/worktreeop.h"
#include "daemon/core/worktreeremove.h"
#include "lib/clock.h"
#include "lib/err.h"
#include "tests/unit/core/kit.h"
#include "tests/unit/core/live.h"

#define INIT "git -c protocol.file.allow=always submodule -q update --init"

/* live.repo gets a submodule `sub`, which itself has one, `deep`. */
static int
setup(void **state)
{
	int err = live_setup(state);

	if (err != 0)
		return err;
	return live_sh(live.scratch,
	    "rm -rf one two; for r in one two; do git init -q -b main $r && "
	    "git -C $r commit -q --allow-empty -m $r && "
	    "echo $r >$r/file && git -C $r add file && "
	    "git -C $r commit -q -m file || exit 1; done && "
	    "git -C one -c protocol.file.allow=always submodule -q add "
	    "\"$PWD/two\" deep && git -C one commit -q -m deep && "
	    "git -C '%s' -c protocol.file.allow=always submodule -q add "
	    "\"$PWD/one\" sub && git -C '%s' commit -q -m sub",
	    live.repo, live.repo);
}

static struct outcome
with_submodules(const char *branch)
{
	struct outcome w = kit_make(branch);

	assert_int_equal(live_sh(w.path, INIT " --recursive"), 0);
	return w;
}

static void
by_force_it_goes_and_comes_back(void **state)
{
	struct outcome w = with_submodules("m"), o;

	(void)state;
	assert_int_equal(live_sh(w.path,
			     "echo mine >sub/file && echo mine >sub/deep/new"),
	    0);
	o = kit_drop(w.path, true);
	kit_ok(&o);
	assert_false(live_exists(w.path));
	kit_state_is(w.id, "trashed");
	assert_int_equal(kit_list(live.repo).n, 1);
	o = kit_restore(o.id);
	kit_ok(&o);
	assert_string_equal(o.path, w.path);
	assert_string_equal(live_out(w.path, "cat sub/file sub/deep/new"),
	    "mine\nmine");
	/* git finds its way again, down to the innermost. */
	assert_string_equal(live_out(w.path, "git -C sub status --porcelain "
					     "--ignore-submodules=all"),
	    " M file");
	assert_string_equal(live_out(w.path,
				"git -C sub/deep status --porcelain"),
	    "?? new");
	assert_string_equal(live_out(w.path, "git symbolic-ref HEAD"),
	    "refs/heads/m");
}

static void
unforced_a_clean_one_goes_to_the_trash(void **state)
{
	struct outcome w = with_submodules("m"), bare = kit_make("bare"), o;

	(void)state;
	o = kit_drop(w.path, false);
	kit_ok(&o);
	assert_string_not_equal(o.id, "");
	o = kit_restore(o.id);
	kit_ok(&o);
	assert_string_equal(live_out(w.path, "git status --porcelain; "
					     "cat sub/deep/file"),
	    "two");
	/* Nobody has ever fetched what it only names. */
	o = kit_drop(bare.path, false);
	kit_ok(&o);
	assert_false(live_exists(bare.path));
}

/* What may be in a submodule, and what is said about it. */
static const struct {
	unsigned bit;
	const char *command;
} unsaved[] = {
	{ WT_DIRTY, "echo two >sub/file" },
	{ WT_DIRTY, "echo new >sub/new" },
	{ WT_DIRTY, "echo new >sub/deep/new" },
	{ WT_UNPUSHED, "git -C sub checkout -q -b side && "
		       "git -C sub commit -q --allow-empty -m side && "
		       "git -C sub checkout -q --detach HEAD~1" },
	{ WT_UNPUSHED, "git -C sub/deep checkout -q -b side && "
		       "git -C sub/deep commit -q --allow-empty -m side && "
		       "git -C sub/deep checkout -q --detach HEAD~1" },
	{ WT_UNPUSHED, "echo two >sub/file && git -C sub stash -q" },
	/* Committed and pushed above, and nowhere pushed itself. */
	{ WT_UNPUSHED, "git -C sub commit -q --allow-empty -m more && "
		       "git commit -q -am up && "
		       "git update-ref refs/remotes/origin/up HEAD" },
	/* No module of git's: a repository of its own in there. */
	{ WT_UNPUSHED,
	    "git init -q -b main own && git -C own commit -q --allow-empty "
	    "-m own && git -c advice.addEmbeddedRepo=false add own && "
	    "git commit -q -m own && "
	    "git update-ref refs/remotes/origin/up HEAD" },
};

static void
abuse_G22_work_in_a_submodule_is_not_removed(void **state)
{
	struct outcome w, o;
	char branch[16];

	(void)state;
	for (size_t i = 0; i < sizeof unsaved / sizeof unsaved[0]; i++) {
		(void)snprintf(branch, sizeof branch, "u%zu", i);
		w = with_submodules(branch);
		if (live_sh(w.path, "%s", unsaved[i].command) != 0)
			fail_msg("%s", unsaved[i].command);
		o = kit_drop(w.path, false);
		if (o.err != RDV_E_DIRTY || o.reasons != unsaved[i].bit)
			fail_msg("%s: %s %x %s", unsaved[i].command,
			    err_name(o.err), o.reasons, o.why);
		assert_true(live_exists(w.path));
		kit_state_is(w.id, "ready");
	}
}

/* Its file leads to another one, which must not lose its place for that. */
static void
abuse_G09_a_turned_one_is_not_moved(void **state)
{
	struct outcome w = with_submodules("m"), other = kit_make("o"), o;

	(void)state;
	assert_int_equal(live_sh(w.path, "cp '%s/.git' .git", other.path), 0);
	o = kit_drop(w.path, true);
	assert_int_not_equal(o.err, 0);
	assert_true(live_exists(w.path));
	assert_int_equal(kit_list(live.repo).n, 3);
	assert_string_equal(live_out(other.path, "git status --porcelain"), "");
}

static bool
idle(const void *arg)
{
	const struct worktrees *w = arg;

	return TAILQ_EMPTY(&w->ops);
}

static void
its_time_in_the_trash_ends(void **state)
{
	struct outcome w = with_submodules("m"), o = kit_drop(w.path, true);

	(void)state;
	kit_ok(&o);
	/* The first round of an rdvd believes no clock. */
	worktreefix_tidy(live.app.worktrees);
	live_wait(idle, live.app.worktrees);
	clock_shift(31LL * 86400000, 31LL * 86400000);
	worktreefix_tidy(live.app.worktrees);
	live_wait(idle, live.app.worktrees);
	clock_shift(0, 0);
	kit_state_is(w.id, "removed");
	assert_int_equal(live_sh(live.repo, "! test -e .git/worktrees"), 0);
}

static int
all(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, live_teardown)
	const struct CMUnitTest tests[] = {
		T(by_force_it_goes_and_comes_back),
		T(unforced_a_clean_one_goes_to_the_trash),
		T(abuse_G22_work_in_a_submodule_is_not_removed),
		T(abuse_G09_a_turned_one_is_not_moved),
		T(its_time_in_the_trash_ends),
	};

	return CHECK_RUN("core/worktree_modules", tests);
}

int
main(int argc, char **argv)
{
	return live_main(argc, argv, all);
}
