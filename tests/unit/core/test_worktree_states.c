/* SPDX-License-Identifier: MIT */
/*
 * What is found out about a worktree before it goes, over the real git: states
 * are computed, and what stands elsewhere in another shape is recognised. And
 * what the trash holds keeps its commits, whatever git cleans up.
 */
#include "tests/unit/check.h"

#include <stdio.h>
#include <string.h>

#include "daemon/conf.h"
#include "daemon/core/worktreefix.h"
#include "daemon/core/worktreeop.h"
#include "daemon/core/worktreeremove.h"
#include "lib/clock.h"
#include "lib/err.h"
#include "tests/unit/core/kit.h"
#include "tests/unit/core/live.h"

/* Two commits on a branch that is called `branch`. */
#define WORK                                               \
	"echo a >a && git add a && git commit -q -m a && " \
	"echo b >>a && git commit -q -am b"

static struct outcome
at_work(const char *branch)
{
	struct outcome w = kit_make(branch);

	assert_int_equal(live_sh(w.path, WORK), 0);
	return w;
}

/* How work came into main, and what is then said of it. */
static const struct {
	const char *how;
	unsigned reasons, notes;
} ways[] = {
	{ "true", WT_UNPUSHED, WT_UNMERGED },
	{ "git merge -q work", 0, 0 },
	{ "git merge -q --no-ff work", 0, 0 },
	{ "git cherry-pick work~1 work", 0, 0 },
	{ "git merge -q --squash work && git commit -q -m squashed", 0, 0 },
	{ "git merge -q --squash work && git commit -q -m s && "
	  "echo on >on && git add on && git commit -q -m on",
	    0, 0 },
	/* Half of it, and something else under its name. */
	{ "git cherry-pick work~1", WT_UNPUSHED, WT_UNMERGED },
	{ "echo c >a && git add a && git commit -q -m c", WT_UNPUSHED,
	    WT_UNMERGED },
	/* Taken back again. */
	{ "git merge -q --squash work && git commit -q -m s && "
	  "git revert --no-edit HEAD",
	    WT_UNPUSHED, WT_UNMERGED },
	/* In front of it there is nothing to recognise it by. */
	{ "git -C \"$(git worktree list --porcelain | sed -n "
	  "'s/^worktree //p' | tail -1)\" reset -q --hard HEAD~2 && "
	  "git -C \"$(git worktree list --porcelain | sed -n "
	  "'s/^worktree //p' | tail -1)\" commit -q --allow-empty -m words",
	    WT_UNPUSHED, WT_UNMERGED },
	/* Pushed is saved, and merged is another thing. */
	{ "git update-ref refs/remotes/origin/work work", 0, WT_UNMERGED },
};

static void
abuse_G22_merged_work_is_recognised(void **state)
{
	struct outcome w, o;
	char start[80];

	(void)state;
	/* No name, or what stands on it would stand elsewhere. */
	(void)snprintf(start, sizeof start, "%s",
	    live_out(live.repo, "git rev-parse HEAD"));
	for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++) {
		assert_int_equal(live_sh(live.repo, "git reset -q --hard %s",
				     start),
		    0);
		w = at_work("work");
		assert_int_equal(live_sh(live.repo,
				     "echo x >>file && git commit -q -am x"),
		    0);
		if (live_sh(live.repo, "%s", ways[i].how) != 0)
			fail_msg("%s", ways[i].how);
		o = kit_states(w.path);
		if (o.err != 0 || o.reasons != ways[i].reasons ||
		    o.notes != ways[i].notes)
			fail_msg("%s: %x %x %s", ways[i].how, o.reasons,
			    o.notes, o.why);
		o = kit_drop(w.path, false);
		assert_int_equal(o.err, ways[i].reasons != 0 ? RDV_E_DIRTY : 0);
		if (o.err != 0)
			assert_non_null(strstr(o.why,
			    "it has commits that its base has not (main)"));
		if (o.err != 0)
			o = kit_drop(w.path, true);
		kit_ok(&o);
		assert_int_equal(live_sh(live.repo, "git branch -q -D work && "
						    "git update-ref -d "
						    "refs/remotes/origin/work"),
		    0);
	}
}

static void
what_was_stashed_there_holds_it(void **state)
{
	struct outcome w = kit_make("one"), other = kit_make("one-more"), o;

	(void)state;
	assert_int_equal(live_sh(w.path, "echo 1 >>file && git stash -q && "
					 "echo 2 >>file && "
					 "git stash push -q -m 'in words'"),
	    0);
	o = kit_states(w.path);
	assert_int_equal(o.reasons, WT_STASHED);
	o = kit_drop(w.path, false);
	kit_refused(&o, RDV_E_DIRTY, "were stashed on its branch (2)");
	assert_int_equal(o.reasons, WT_STASHED);
	/* Of another branch there is none, whatever its name begins with. */
	o = kit_drop(other.path, false);
	kit_ok(&o);
	o = kit_drop(w.path, true);
	kit_ok(&o);
	assert_string_equal(live_out(live.repo, "git stash list | wc -l"), "2");
}

static void
a_detached_one_is_kept(void **state)
{
	struct outcome w = kit_make("on"), o;

	(void)state;
	assert_int_equal(live_sh(w.path, "git checkout -q --detach"), 0);
	o = kit_states(w.path);
	assert_int_equal(o.reasons, 0);
	assert_int_equal(o.notes, WT_DETACHED);
	assert_string_equal(o.why, "it is on no branch");
	/* Where it stood nothing says once it is gone. */
	o = kit_drop(w.path, false);
	kit_ok(&o);
	assert_string_not_equal(o.id, "");
}

static void
ignored_files_that_matter_are_named(void **state)
{
	struct outcome w, o;

	(void)state;
	assert_int_equal(live_sh(live.repo,
			     "printf '%%s\\n' '.env' 'node_modules/' 'out/' "
			     ">.gitignore && git add .gitignore && "
			     "git commit -q -m ignore"),
	    0);
	w = kit_make("env");
	assert_int_equal(
	    live_sh(w.path, "mkdir -p node_modules/x out && "
			    "echo 1 >node_modules/x/test.pem && echo 1 >out/o"),
	    0);
	o = kit_states(w.path);
	assert_int_equal(o.notes, 0);
	assert_int_equal(live_sh(w.path, "echo 1 >.env; echo 1 >out/a.key"), 0);
	o = kit_states(w.path);
	assert_int_equal(o.reasons, 0);
	assert_int_equal(o.notes, WT_PRECIOUS);
	assert_string_equal(o.why,
	    "it has ignored files that matter (.env, out/a.key)");
	/* In a refusal for another reason they stand, too. */
	assert_int_equal(live_sh(w.path, "echo 1 >new"), 0);
	o = kit_drop(w.path, false);
	kit_refused(&o, RDV_E_DIRTY, "that matter (.env, out/a.key)");
	assert_int_equal(o.reasons, WT_UNTRACKED);
	assert_int_equal(o.notes, WT_PRECIOUS);
}

/* Commits that only the tree in the trash stands on, by their subjects. */
static void
pins_are(const char *id, const char *subjects)
{
	assert_string_equal(live_out(live.repo,
				"git for-each-ref --format='%%(subject)' "
				"--sort=subject refs/rdv/trash/%s",
				id),
	    subjects);
}

static void
abuse_G21_gc_takes_nothing_from_the_trash(void **state)
{
	struct outcome w = at_work("work"), o;

	(void)state;
	/* In the middle of a rebase, on commits of no branch. */
	assert_int_equal(live_sh(w.path,
			     "git checkout -q --detach && git branch -D work &&"
			     "GIT_SEQUENCE_EDITOR='sed -i s/pick/edit/' "
			     "git rebase -q -i HEAD~2 && "
			     "git commit -q --amend -m amended"),
	    0);
	o = kit_drop(w.path, true);
	kit_ok(&o);
	pins_are(w.id, "a\namended\nb\none");
	/* git forgets the worktree, and all that nothing names any more. */
	assert_int_equal(live_sh(live.repo,
			     "mv %s %s.away && git worktree prune && "
			     "git reflog expire --expire=now --all && "
			     "git gc -q --prune=now && "
			     "git for-each-ref refs/rdv/trash | wc -l",
			     live_path("base/server/trash/%s", w.id),
			     live_path("base/server/trash/%s", w.id)),
	    0);
	pins_are(w.id, "a\namended\nb\none");
	assert_int_equal(live_sh(live.repo, "git fsck --full"), 0);
}

/* More of them than git is told in one call, and each on its own. */
static void
abuse_G21_own_references_are_kept(void **state)
{
	struct outcome w = kit_make("own"), o;

	(void)state;
	assert_int_equal(live_sh(w.path,
			     "for i in $(seq 40); do git update-ref "
			     "refs/worktree/$i $(git commit-tree -m own$i "
			     "HEAD^{tree}); done"),
	    0);
	o = kit_drop(w.path, false);
	kit_refused(&o, RDV_E_DIRTY, "commits that stand nowhere else");
	o = kit_drop(w.path, true);
	kit_ok(&o);
	/* And HEAD. */
	assert_string_equal(live_out(live.repo,
				"git for-each-ref refs/rdv/trash/%s | wc -l",
				w.id),
	    "41");
	o = kit_empty(w.id);
	kit_ok(&o);
	assert_string_equal(live_out(live.repo,
				"git for-each-ref refs/rdv/rescue | wc -l"),
	    "41");
	assert_string_equal(live_out(live.repo,
				"git for-each-ref refs/rdv/trash | wc -l"),
	    "0");
	assert_int_equal(live_sh(live.repo,
			     "git log --format=%%s refs/rdv/rescue/%s-40 | "
			     "grep -q own",
			     w.id),
	    0);
}

static void
back_again_it_needs_no_pins(void **state)
{
	struct outcome w = at_work("work"), o;

	(void)state;
	o = kit_drop(w.path, true);
	kit_ok(&o);
	/* git keeps there what `worktree add` came from. */
	pins_are(w.id, "b\none");
	o = kit_restore(o.id);
	kit_ok(&o);
	pins_are(w.id, "");
	assert_string_equal(live_out(live.repo, "git for-each-ref refs/rdv"),
	    "");
}

static bool
idle(const void *arg)
{
	(void)arg;
	return TAILQ_EMPTY(&live.app.worktrees->ops);
}

/* Its time in the trash is over: what only it had is called something else. */
static void
at_its_end_only_lonely_work_is_named(void **state)
{
	struct outcome plain = at_work("plain"), lone = at_work("lone"), o;

	(void)state;
	assert_int_equal(live_sh(lone.path,
			     "git checkout -q --detach && git branch -D lone &&"
			     "git commit -q --amend -m left && "
			     "git commit -q --allow-empty -m undone && "
			     "git reset -q --hard HEAD~1"),
	    0);
	o = kit_drop(plain.path, true);
	kit_ok(&o);
	o = kit_drop(lone.path, true);
	kit_ok(&o);
	worktreefix_tidy(live.app.worktrees);
	live_wait(idle, NULL);
	clock_shift(31LL * 86400000, 31LL * 86400000);
	/* What other tests left there comes first, a few in each round. */
	for (int i = 0; i < 10; i++) {
		worktreefix_tidy(live.app.worktrees);
		live_wait(idle, NULL);
	}
	clock_shift(0, 0);
	kit_state_is(plain.id, "removed");
	kit_state_is(lone.id, "removed");
	assert_string_equal(live_out(live.repo,
				"git for-each-ref --format='%%(subject)' "
				"refs/rdv/trash refs/rdv/rescue/%s",
				plain.id),
	    "");
	/* Where it stood, and what was thrown away in front of that. */
	assert_string_equal(live_out(live.repo,
				"git for-each-ref --format='%%(subject)' "
				"refs/rdv/rescue/%s 'refs/rdv/rescue/%s-*'",
				lone.id, lone.id),
	    "left\nundone");
}

static int
all(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, live_setup, live_teardown)
	const struct CMUnitTest tests[] = {
		T(abuse_G22_merged_work_is_recognised),
		T(what_was_stashed_there_holds_it),
		T(a_detached_one_is_kept),
		T(ignored_files_that_matter_are_named),
		T(abuse_G21_gc_takes_nothing_from_the_trash),
		T(abuse_G21_own_references_are_kept),
		T(back_again_it_needs_no_pins),
		T(at_its_end_only_lonely_work_is_named),
	};

	return CHECK_RUN("core/worktree_states", tests);
}

int
main(int argc, char **argv)
{
	return live_main(argc, argv, all);
}
