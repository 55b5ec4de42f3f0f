/* SPDX-License-Identifier: MIT */
/*
 * Worktrees leave and come back, over the real helper and the real git: never
 * removed with work in them unless forced, never removed so that they could not
 * come back, and settled after a crash.
 */
#include "tests/unit/check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/core/run.h"
#include "daemon/core/worktreefix.h"
#include "daemon/core/worktreeop.h"
#include "daemon/core/worktreeremove.h"
#include "daemon/store/db.h"
#include "daemon/store/worktrees.h"
#include "lib/arena.h"
#include "lib/clock.h"
#include "lib/err.h"
#include "tests/unit/core/kit.h"
#include "tests/unit/core/live.h"

/* Each state in which work could be lost, how to get there, its bit. */
static const struct {
	unsigned bit;
	const char *command;
	const char *word;
} unsaved[] = {
	{ WT_DIRTY, "echo two >file", "uncommitted" },
	{ WT_DIRTY, "git rm -q file", "uncommitted" },
	{ WT_DIRTY, "echo n >n; git add n", "uncommitted" },
	{ WT_UNTRACKED, "echo n >n", "untracked" },
	{ WT_UNPUSHED, "git commit -q --allow-empty -m more",
	    "stand nowhere else" },
	{ WT_UNPUSHED,
	    "git checkout -q --detach; git commit -q --allow-empty -m det",
	    "stand nowhere else" },
	{ WT_LOCKED, "git worktree lock --reason because .", "locked" },
	{ WT_MIDWAY, "git bisect start", "(bisect)" },
	{ WT_MIDWAY,
	    "git commit -q --allow-empty -m a; GIT_SEQUENCE_EDITOR='sed -i "
	    "s/pick/edit/' git rebase -q -i HEAD~1 || true",
	    "(rebase)" },
	{ WT_MIDWAY,
	    "git checkout -q -b side && echo s >file && git commit -q -am s && "
	    "git checkout -q - && echo o >file && git commit -q -am o && "
	    "git branch keep1 && ! git merge -q side && git reset -q --hard &&"
	    " touch $(git rev-parse --git-dir)/MERGE_HEAD && "
	    "git rev-parse HEAD > $(git rev-parse --git-dir)/MERGE_HEAD",
	    "(merge)" },
};

static void
abuse_G22_unsaved_work_is_not_removed(void **state)
{
	struct outcome w, o;
	char branch[16];
	char *before;

	(void)state;
	for (size_t i = 0; i < sizeof unsaved / sizeof unsaved[0]; i++) {
		(void)snprintf(branch, sizeof branch, "u%zu", i);
		w = kit_make(branch);
		if (live_sh(w.path, "%s", unsaved[i].command) != 0)
			fail_msg("%s", unsaved[i].command);
		before = strdup(live_out(w.path, "find . -type f | sort"));
		o = kit_drop(w.path, false);
		if (o.err != RDV_E_DIRTY || (o.reasons & unsaved[i].bit) == 0 ||
		    strstr(o.why, unsaved[i].word) == NULL)
			fail_msg("%s: %s %x %s", unsaved[i].command,
			    err_name(o.err), o.reasons, o.why);
		assert_string_equal(live_out(w.path, "find . -type f | sort"),
		    before);
		kit_state_is(w.id, "ready");
		/* With force it goes, whole, and comes back, whole. */
		o = kit_drop(w.path, true);
		kit_ok(&o);
		assert_false(live_exists(w.path));
		kit_state_is(w.id, "trashed");
		assert_int_equal(kit_list(live.repo).n, 1);
		o = kit_restore(o.id);
		kit_ok(&o);
		assert_string_equal(o.path, w.path);
		assert_string_equal(live_out(w.path, "find . -type f | sort"),
		    before);
		kit_state_is(w.id, "ready");
		free(before);
		assert_int_equal(live_sh(w.path,
				     "git worktree unlock . ; git bisect reset;"
				     " git rebase --quit; true"),
		    0);
		o = kit_drop(w.path, true);
		kit_ok(&o);
	}
}

static void
commits_that_stand_elsewhere_do_not_hold_it(void **state)
{
	struct outcome w = kit_make("pushed"), o;

	(void)state;
	assert_int_equal(live_sh(w.path,
			     "git commit -q --allow-empty -m more && "
			     "git update-ref refs/remotes/origin/pushed HEAD"),
	    0);
	o = kit_drop(w.path, false);
	kit_ok(&o);
	w = kit_make("merged");
	assert_int_equal(live_sh(w.path,
			     "git commit -q --allow-empty -m more && "
			     "git branch other"),
	    0);
	o = kit_drop(w.path, false);
	kit_ok(&o);
}

static void
ignored_files_are_kept(void **state)
{
	struct outcome w, o;

	(void)state;
	assert_int_equal(live_sh(live.repo,
			     "echo .env >.gitignore && git add .gitignore && "
			     "git commit -q -m ignore"),
	    0);
	w = kit_make("env");
	live_write(live_path("%s/.env", w.path + strlen(live.scratch) + 1),
	    "SECRET=1\n");
	/* Clean to git, and still something that it could not give back. */
	o = kit_drop(w.path, false);
	kit_ok(&o);
	assert_string_not_equal(o.id, "");
	assert_false(live_exists(w.path));
	o = kit_restore(o.id);
	kit_ok(&o);
	assert_string_equal(live_out(w.path, "cat .env"), "SECRET=1");
}

static void
in_the_trash_the_branch_is_free(void **state)
{
	struct outcome w = kit_make("free"), again, o, trash;
	struct worktree_spec s = kit_spec("free");

	(void)state;
	live_write(live_path("%s/precious", w.path + strlen(live.scratch) + 1),
	    "mine\n");
	trash = kit_drop(w.path, true);
	kit_ok(&trash);
	s.create_branch = false;
	again = kit_create(&s);
	kit_ok(&again);
	assert_string_equal(again.path, w.path);
	/* Its place is taken now, */
	o = kit_restore(trash.id);
	kit_refused(&o, RDV_E_EXISTS, "is there already");
	o = kit_drop(again.path, false);
	kit_ok(&o);
	/* and later its branch is somewhere else. */
	assert_int_equal(live_sh(live.repo,
			     "git checkout -q free && "
			     "git commit -q --allow-empty -m on"),
	    0);
	o = kit_restore(trash.id);
	kit_ok(&o);
	assert_string_equal(o.branch, "");
	assert_string_equal(live_out(w.path, "cat precious"), "mine");
	assert_string_equal(live_out(w.path, "git rev-parse --abbrev-ref HEAD"),
	    "HEAD");
	o = kit_restore(trash.id);
	kit_refused(&o, RDV_E_NOT_FOUND, "no such worktree in the trash");
}

static void
coming_back_it_takes_its_branch(void **state)
{
	struct outcome w = kit_make("home"), o;

	(void)state;
	assert_int_equal(live_sh(w.path, "echo x >new"), 0);
	o = kit_drop(w.path, true);
	kit_ok(&o);
	o = kit_restore(o.id);
	kit_ok(&o);
	assert_string_equal(o.branch, "home");
	assert_string_equal(live_out(w.path, "git symbolic-ref --short HEAD"),
	    "home");
	assert_string_equal(live_out(w.path, "git status --porcelain"),
	    "?? new");
}

/* A row as a daemon that died would have left it. */
static void
leave(const char *id, const char *state, const char *trash)
{
	struct arena *a = arena_new();
	struct store_worktree row;
	struct tx *tx;

	assert_int_equal(store_worktree_get(live.app.db, a, live.who.user_id,
			     id, &row),
	    0);
	row.state = state;
	row.trash_path = trash;
	tx = tx_begin(live.app.db);
	assert_int_equal(store_worktree_change(tx, &row), 0);
	tx_commit(tx, NULL, NULL);
	db_settle(live.app.db);
	arena_free(a);
}

static bool
idle(const void *arg)
{
	const struct worktrees *w = arg;

	return TAILQ_EMPTY(&w->ops);
}

static void
abuse_G20_what_a_crash_left_is_settled(void **state)
{
	struct outcome done = kit_make("g1"), half = kit_make("g2"),
		       never = kit_make("g3"), moved = kit_make("g4"),
		       still = kit_make("g5"), gone = kit_make("g6");
	const char *trash = live_path("base/server/trash/%s", moved.id);

	(void)state;
	/* Made, but the row does not say so. */
	leave(done.id, "creating", NULL);
	/* Killed in the middle of it: git's own mark is there. */
	leave(half.id, "creating", NULL);
	assert_int_equal(
	    live_sh(half.path,
		"printf initializing >$(git rev-parse --git-dir)/locked"),
	    0);
	/* Not begun. */
	leave(never.id, "creating", NULL);
	assert_int_equal(live_sh(live.repo, "git worktree remove %s",
			     never.path),
	    0);
	/* Moved, but the row does not say so. */
	leave(moved.id, "removing", trash);
	assert_int_equal(live_sh(live.repo, "git worktree move %s %s",
			     moved.path, trash),
	    0);
	/* Not moved yet. */
	leave(still.id, "removing",
	    live_path("base/server/trash/%s", still.id));
	/* Removed for good. */
	leave(gone.id, "removing", NULL);
	assert_int_equal(live_sh(live.repo, "git worktree remove %s",
			     gone.path),
	    0);
	worktreefix_settle(live.app.worktrees);
	live_wait(idle, live.app.worktrees);
	kit_state_is(done.id, "ready");
	kit_state_is(half.id, "failed");
	assert_false(live_exists(half.path));
	kit_state_is(never.id, "failed");
	kit_state_is(moved.id, "trashed");
	kit_state_is(still.id, "ready");
	kit_state_is(gone.id, "removed");
	/* The branch of the one in the trash is free, and it comes back. */
	assert_int_equal(live_sh(live.repo, "git branch -f g4 HEAD"), 0);
	moved = kit_restore(moved.id);
	kit_ok(&moved);
	assert_string_equal(moved.branch, "g4");
	assert_int_equal(live_sh(live.repo, "git fsck --full"), 0);
}

/* git was killed after its rename and before it had written down where to. */
static void
abuse_G20_half_a_move_is_completed(void **state)
{
	struct outcome there = kit_make("m1"), back = kit_make("m2"), o;
	const char *trash1 = live_path("base/server/trash/%s", there.id);
	const char *trash2 = live_path("base/server/trash/%s", back.id);

	(void)state;
	assert_int_equal(live_sh(there.path, "echo mine >new"), 0);
	assert_int_equal(live_sh(back.path, "echo mine >new"), 0);
	leave(there.id, "removing", trash1);
	assert_int_equal(live_sh(live.repo, "mv %s %s", there.path, trash1), 0);
	o = kit_drop(back.path, true);
	kit_ok(&o);
	leave(back.id, "removing", trash2);
	assert_int_equal(live_sh(live.repo, "mv %s %s", trash2, back.path), 0);
	worktreefix_settle(live.app.worktrees);
	live_wait(idle, live.app.worktrees);
	kit_state_is(there.id, "trashed");
	kit_state_is(back.id, "ready");
	assert_string_equal(live_out(back.path, "cat new"), "mine");
	assert_string_equal(live_out(back.path, "git branch --show-current"),
	    "m2");
	o = kit_restore(there.id);
	kit_ok(&o);
	assert_string_equal(o.branch, "m1");
	assert_string_equal(live_out(there.path, "git status --porcelain"),
	    "?? new");
	assert_string_equal(live_out(back.path, "git status --porcelain"),
	    "?? new");
}

/* git gives up in the middle of deleting, and forgets the worktree first. */
static void
half_a_removal_is_no_worktree(void **state)
{
	struct outcome w, o;

	(void)state;
	if (geteuid() == 0)
		skip();
	assert_int_equal(live_sh(live.repo,
			     "mkdir sub && echo s >sub/s && git add sub && "
			     "git commit -q -m sub"),
	    0);
	w = kit_make("half");
	assert_int_equal(live_sh(w.path, "chmod 500 sub"), 0);
	o = kit_drop(w.path, false);
	assert_int_equal(live_sh(w.path, "chmod 700 sub"), 0);
	kit_refused(&o, RDV_E_INVALID, "failed to delete");
	kit_state_is(w.id, "removing");
	worktreefix_settle(live.app.worktrees);
	live_wait(idle, live.app.worktrees);
	kit_state_is(w.id, "failed");
	assert_string_equal(live_out(w.path, "cat sub/s"), "s");
}

static bool
counted_cb(const struct store_worktree *row, void *arg)
{
	(void)row;
	++*(int *)arg;
	return true;
}

static int
in_trash(void)
{
	int n = 0;

	assert_int_equal(store_worktrees_trash(live.app.db, live.who.user_id,
			     counted_cb, &n),
	    0);
	return n;
}

static void
abuse_G23_the_trash_ends_late_and_little_by_little(void **state)
{
	struct outcome w, o;
	char branch[16];
	int before;

	(void)state;
	for (int i = 0; i < 7; i++) {
		(void)snprintf(branch, sizeof branch, "t%d", i);
		w = kit_make(branch);
		assert_int_equal(live_sh(w.path,
				     "git checkout -q --detach && echo x >new "
				     "&& git commit -q --allow-empty -m mine"),
		    0);
		o = kit_drop(w.path, true);
		kit_ok(&o);
	}
	before = in_trash();
	worktreefix_tidy(live.app.worktrees);
	live_wait(idle, live.app.worktrees);
	assert_int_equal(in_trash(), before);
	/* A month has passed, by the clock of the host as well. */
	clock_shift(31LL * 86400000, 31LL * 86400000);
	worktreefix_tidy(live.app.worktrees);
	live_wait(idle, live.app.worktrees);
	assert_int_equal(in_trash(), before - 5);
	for (int i = 0; i < 20 && in_trash() > 0; i++) {
		worktreefix_tidy(live.app.worktrees);
		live_wait(idle, live.app.worktrees);
	}
	clock_shift(0, 0);
	assert_int_equal(in_trash(), 0);
	assert_false(live_exists(live_path("base/server/trash/%s", w.id)));
	/* What only it had is still to be found. */
	assert_string_equal(live_out(live.repo,
				"git log -1 --format=%%s refs/rdv/rescue/%s",
				w.id),
	    "mine");
	assert_int_equal(live_sh(live.repo, "git fsck --full"), 0);
}

static bool
git_is_asked(const void *arg)
{
	const struct wt_op *op = TAILQ_FIRST(&live.app.worktrees->ops);

	(void)arg;
	return op != NULL && op->asking != NULL;
}

static bool
it_leaves(const void *path)
{
	return worktree_leaves(live.app.worktrees, live.who.uid, path);
}

/* All the while the repository itself goes nowhere. */
static bool
it_alone_left(const void *arg)
{
	const struct outcome *o = arg;

	assert_false(worktree_leaves(live.app.worktrees, live.who.uid,
	    live.repo));
	return o->done;
}

/* As a session would, in the turn it is asked for. */
static struct run *
begin_run(const char *dir)
{
	static const char *const argv[] = { "/bin/true", NULL };
	static char id[UUID_TEXT];
	struct run_spec spec = { .id = id,
		.user_id = live.who.user_id,
		.uid = live.who.uid,
		.reason = "terminal",
		.profile = "login",
		.cwd = dir,
		.argv = argv };
	struct tx *tx = tx_begin(live.app.db);
	struct run *run;

	uuid_v7(id);
	run = run_create(live.app.runs, tx, &spec);
	tx_commit(tx, NULL, NULL);
	return run;
}

/* A program begins while git looks: the removal was judged too early. */
static void
a_program_that_begins_meanwhile_holds_it(void **state)
{
	struct outcome w = kit_make("busy"), o = { 0 };
	struct run *run;

	(void)state;
	worktree_remove(live.app.worktrees, &live.who, w.path, false,
	    kit_moved_cb, &o);
	live_wait(git_is_asked, NULL);
	run = begin_run(w.path);
	live_until(&o.done);
	kit_refused(&o, RDV_E_DIRTY, "a process runs in it");
	assert_int_equal(o.reasons, WT_BUSY);
	assert_true(live_exists(w.path));
	assert_false(worktree_leaves(live.app.worktrees, live.who.uid, w.path));
	run_discard(run);
	o = (struct outcome){ 0 };
	worktree_remove(live.app.worktrees, &live.who, w.path, false,
	    kit_moved_cb, &o);
	live_wait(it_leaves, w.path);
	live_wait(it_alone_left, &o);
	kit_ok(&o);
	assert_false(worktree_leaves(live.app.worktrees, live.who.uid, w.path));
}

/* As many as one round takes, and none of them can be ended. */
static void
who_cannot_be_ended_keeps_nobody(void **state)
{
	struct outcome w, o, last = { .done = false };
	char branch[16];

	(void)state;
	for (int i = 0; i < 6; i++) {
		(void)snprintf(branch, sizeof branch, "k%d", i);
		w = kit_make(branch);
		o = kit_drop(w.path, true);
		kit_ok(&o);
		if (i < 5)
			leave(o.id, "trashed", "/nowhere");
		else
			last = o;
	}
	clock_shift(31LL * 86400000, 31LL * 86400000);
	for (int i = 0; i < 3; i++) {
		worktreefix_tidy(live.app.worktrees);
		live_wait(idle, live.app.worktrees);
	}
	clock_shift(0, 0);
	kit_state_is(last.id, "removed");
}

static int
all(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, live_setup, live_teardown)
	const struct CMUnitTest tests[] = {
		T(abuse_G22_unsaved_work_is_not_removed),
		T(commits_that_stand_elsewhere_do_not_hold_it),
		T(ignored_files_are_kept),
		T(in_the_trash_the_branch_is_free),
		T(coming_back_it_takes_its_branch),
		T(a_program_that_begins_meanwhile_holds_it),
		T(abuse_G20_what_a_crash_left_is_settled),
		T(abuse_G20_half_a_move_is_completed),
		T(half_a_removal_is_no_worktree),
		T(abuse_G23_the_trash_ends_late_and_little_by_little),
		T(who_cannot_be_ended_keeps_nobody),
	};

	return CHECK_RUN("core/worktree_trash", tests);
}

int
main(int argc, char **argv)
{
	return live_main(argc, argv, all);
}
