/* SPDX-License-Identifier: MIT */
/*
 * Worktrees over the real helper and the real git: made as asked, found where
 * they are, and never taken for something they are not.
 */
#include "tests/unit/check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/conf.h"
#include "daemon/store/db.h"
#include "daemon/store/users.h"
#include "daemon/store/worktrees.h"
#include "daemon/core/worktreeremove.h"
#include "lib/err.h"
#include "tests/unit/core/kit.h"
#include "tests/unit/core/live.h"

static void
made_listed_clean_removed(void **state)
{
	struct outcome w = kit_make("feature/foo-Bar"), o;
	char *want;

	(void)state;
	assert_true(w.created);
	assert_non_null(strstr(w.path, "/base/worktrees/repo"));
	assert_non_null(strstr(w.path, "-feature-foo-bar"));
	assert_string_equal(live_out(w.path, "cat file"), "one");
	assert_string_equal(live_out(w.path, "git symbolic-ref --short HEAD"),
	    "feature/foo-Bar");
	kit_state_is(w.id, "ready");
	o = kit_list(live.repo);
	assert_int_equal(o.n, 2);
	want = strdup(live_path("x"));
	assert_non_null(strstr(o.list, w.path));
	free(want);
	/* From inside it, it is the same repository. */
	o = kit_list(w.path);
	assert_int_equal(o.n, 2);
	o = kit_status(w.path);
	kit_ok(&o);
	assert_string_equal(o.status_branch, "feature/foo-Bar");
	assert_int_equal(o.status.untracked + o.status.modified, 0);
	o = kit_drop(w.path, false);
	kit_ok(&o);
	assert_string_equal(o.path, w.path);
	assert_string_equal(o.id, "");
	assert_false(live_exists(w.path));
	kit_state_is(w.id, "removed");
	/* The branch stays. */
	assert_int_equal(live_sh(live.repo,
			     "git rev-parse -q --verify feature/foo-Bar"),
	    0);
	o = kit_list(live.repo);
	assert_int_equal(o.n, 1);
}

static void
branches_new_old_and_taken(void **state)
{
	struct worktree_spec s = kit_spec("topic");
	struct outcome o, w;

	(void)state;
	assert_int_equal(live_sh(live.repo, "git branch topic"), 0);
	o = kit_create(&s);
	kit_refused(&o, RDV_E_STATE, "exists already");
	s.create_branch = false;
	w = kit_create(&s);
	kit_ok(&w);
	assert_false(w.created);
	o = kit_create(&s);
	kit_refused(&o, RDV_E_BUSY, "checked out in");
	s.branch = "main";
	o = kit_create(&s);
	kit_refused(&o, RDV_E_BUSY, "checked out in");
	s.branch = "nowhere";
	o = kit_create(&s);
	kit_refused(&o, RDV_E_INVALID, "no branch nowhere");
	s.either = true;
	o = kit_create(&s);
	kit_ok(&o);
	assert_true(o.created);
}

static void
a_new_branch_starts_where_it_should(void **state)
{
	struct worktree_spec s = kit_spec("b1");
	struct outcome o;

	(void)state;
	/* origin/main is one ahead; main has one that origin has not. */
	assert_int_equal(
	    live_sh(live.repo,
		"git branch ahead && git update-ref refs/remotes/origin/main "
		"$(git commit-tree -p HEAD -m theirs HEAD^{tree}) && "
		"git update-ref refs/remotes/origin/ahead HEAD && "
		"git checkout -q ahead && git commit -q --allow-empty -m mine "
		"&& git checkout -q main && "
		"git update-ref refs/remotes/origin/only "
		"$(git commit-tree -p HEAD -m only HEAD^{tree})"),
	    0);
	s.base = "main";
	o = kit_create(&s);
	kit_ok(&o);
	assert_string_equal(live_out(o.path, "git log -1 --format=%%s"),
	    "theirs");
	s.base = "ahead";
	s.branch = "b2";
	o = kit_create(&s);
	kit_ok(&o);
	assert_string_equal(live_out(o.path, "git log -1 --format=%%s"),
	    "mine");
	/* One that only origin has, and follows it. */
	s = kit_spec("only");
	s.create_branch = false;
	s.either = true;
	o = kit_create(&s);
	kit_ok(&o);
	assert_string_equal(live_out(o.path, "git log -1 --format=%%s"),
	    "only");
	s = kit_spec("b3");
	s.base = "nowhere";
	o = kit_create(&s);
	kit_refused(&o, RDV_E_INVALID, "no branch nowhere to start from");
	/* Without a base: where the tree is that one asks from. */
	s = kit_spec("b4");
	s.repo =
	    live_path("base/worktrees/repo%s", strrchr(live.repo, 'o') + 1);
	s.repo = live.repo;
	assert_int_equal(live_sh(live.repo, "git checkout -q ahead"), 0);
	o = kit_create(&s);
	kit_ok(&o);
	assert_string_equal(live_out(o.path, "git log -1 --format=%%s"),
	    "mine");
}

static void
paths_are_judged(void **state)
{
	struct worktree_spec s = kit_spec("p1");
	struct outcome o;

	(void)state;
	s.path = live_path("w/mine");
	o = kit_create(&s);
	kit_ok(&o);
	assert_string_equal(o.path, live_path("w/mine"));
	s.branch = "p2";
	o = kit_create(&s);
	kit_refused(&o, RDV_E_EXISTS, "is there already");
	s.path = live_path("no/such/place");
	o = kit_create(&s);
	kit_refused(&o, RDV_E_INVALID, "No such file");
	s.path = live_path("base/server/x");
	o = kit_create(&s);
	kit_refused(&o, RDV_E_DENIED, "rdv's own state");
	s.path = live_path("a/../b");
	o = kit_create(&s);
	kit_refused(&o, RDV_E_INVALID, "plain absolute");
	s.path = "relative";
	o = kit_create(&s);
	kit_refused(&o, RDV_E_INVALID, "plain absolute");
	s.path = NULL;
	s.repo = live.home;
	o = kit_create(&s);
	kit_refused(&o, RDV_E_INVALID, "no git repository");
	s.repo = live_path("missing");
	o = kit_create(&s);
	kit_refused(&o, RDV_E_NOT_FOUND, "missing");
	s.repo = live.repo;
	s.branch = "-x";
	o = kit_create(&s);
	kit_refused(&o, RDV_E_INVALID, "not a name");
	/* None of them has left anything. */
	assert_int_equal(kit_list(live.repo).n, 2);
	assert_string_equal(live_out(live.repo, "git branch --list 'p2'"), "");
	(void)kit_drop(live_path("w/mine"), true);
}

static void
outside_the_roots_nothing_is_done(void **state)
{
	char **roots = live.app.conf->repo_roots;
	char *only[] = { (char *)live_path("elsewhere"), NULL };
	struct worktree_spec s = kit_spec("r1");
	struct outcome o, w = kit_make("r0");

	(void)state;
	live.app.conf->repo_roots = only;
	o = kit_create(&s);
	assert_int_equal(live_sh(live.scratch, "mkdir elsewhere"), 0);
	kit_refused(&o, RDV_E_INVALID, "is outside worktrees.repo_roots");
	/* A link into the root does not bring it inside (abuse F05). */
	assert_int_equal(live_sh(live.scratch, "ln -s %s elsewhere/link",
			     live.repo),
	    0);
	s.repo = live_path("elsewhere/link");
	o = kit_create(&s);
	kit_refused(&o, RDV_E_INVALID, "is outside worktrees.repo_roots");
	/* Nor does a name that only begins like it. */
	assert_int_equal(live_sh(live.scratch, "cp -r %s elsewhere2",
			     live.repo),
	    0);
	s.repo = live_path("elsewhere2");
	o = kit_create(&s);
	kit_refused(&o, RDV_E_INVALID, "is outside worktrees.repo_roots");
	/* A worktree of ours whose repository has left the roots. */
	o = kit_status(w.path);
	kit_refused(&o, RDV_E_INVALID, "repo_roots");
	assert_int_equal(live_sh(live.scratch, "cp -r %s elsewhere/r",
			     live.repo),
	    0);
	s.repo = live_path("elsewhere/r");
	o = kit_create(&s);
	kit_ok(&o);
	live.app.conf->repo_roots = roots;
	assert_int_equal(live_sh(live.scratch, "rm -rf elsewhere elsewhere2"),
	    0);
}

/* A shared directory: what another had there once decides nothing. */
static void
abuse_C14_a_row_of_another_user_is_not_there(void **state)
{
	struct store_user other = { .uid = live.who.uid + 1, .name = "other" };
	struct store_worktree row = { .repo_path = "/hers",
		.path = live_path("w/mine"),
		.state = "ready" };
	struct worktree_spec s = kit_spec("c14");
	struct outcome o;
	struct tx *tx = tx_begin(live.app.db);
	char id[UUID_TEXT];

	(void)state;
	uuid_v7(other.id);
	uuid_v7(id);
	row.id = id;
	row.user_id = other.id;
	assert_int_equal(store_user_insert(tx, &other, 1), 0);
	assert_int_equal(store_worktree_insert(tx, &row), 0);
	tx_commit(tx, NULL, NULL);
	db_settle(live.app.db);
	s.path = row.path;
	o = kit_create(&s);
	kit_ok(&o);
	o = kit_status(row.path);
	kit_ok(&o);
	/* The control: one's own is in the way, on disk or not. */
	assert_int_equal(live_sh(live.repo, "git worktree remove --force %s",
			     row.path),
	    0);
	s.branch = "c14b";
	o = kit_create(&s);
	kit_refused(&o, RDV_E_EXISTS, "belongs to another worktree");
}

static void
the_main_tree_is_never_removed(void **state)
{
	struct outcome o;

	(void)state;
	o = kit_drop(live.repo, false);
	kit_refused(&o, RDV_E_INVALID, "never removed");
	o = kit_drop(live.repo, true);
	kit_refused(&o, RDV_E_INVALID, "never removed");
	assert_int_equal(live_sh(live.repo, "mkdir sub"), 0);
	o = kit_drop(live_path("repo%s/sub", strrchr(live.repo, 'o') + 1),
	    true);
	kit_refused(&o, RDV_E_INVALID, "never removed");
	assert_true(live_exists(live.repo));
}

/* Made by hand: the .git file says where to ask, the repository decides. */
static void
one_that_git_alone_knows(void **state)
{
	const char *path = live_path("w/byhand");
	struct outcome o;

	(void)state;
	assert_int_equal(live_sh(live.repo, "git worktree add -q -b hand %s",
			     path),
	    0);
	o = kit_status(path);
	kit_ok(&o);
	assert_string_equal(o.status_branch, "hand");
	assert_int_equal(live_sh(path, "echo x >new"), 0);
	o = kit_drop(path, true);
	kit_ok(&o);
	assert_false(live_exists(path));
	o = kit_restore(o.id);
	kit_ok(&o);
	assert_string_equal(live_out(path, "cat new"), "x");
	(void)kit_drop(path, true);
}

static void
abuse_G09_the_file_in_the_tree_decides_nothing(void **state)
{
	struct outcome one = kit_make("one"), two = kit_make("two"), o;
	const char *other = live_path("other");
	char *mine;

	(void)state;
	assert_int_equal(live_sh(live.scratch, "git clone -q %s %s", live.repo,
			     other),
	    0);
	assert_int_equal(live_sh(two.path, "echo dirty >file"), 0);
	mine = strdup(live_out(two.path, "cat .git"));
	/* To a sibling that is clean: the look is not believed. */
	assert_int_equal(live_sh(two.path, "cp %s/.git .git", one.path), 0);
	o = kit_drop(two.path, false);
	assert_int_equal(o.err, RDV_E_DIRTY);
	assert_true((o.reasons & WT_UNKNOWN) != 0);
	/* To another repository: it is not listed there. */
	assert_int_equal(live_sh(other, "git worktree add -q -b x ../otherw"),
	    0);
	assert_int_equal(live_sh(two.path, "cp ../../../otherw/.git .git"), 0);
	o = kit_drop(two.path, false);
	assert_true(o.err != 0);
	o = kit_status(two.path);
	assert_true(o.err != 0);
	/* One that rdv has no record of, likewise. */
	assert_int_equal(live_sh(live.scratch,
			     "mkdir stray && cp otherw/.git stray/.git"),
	    0);
	o = kit_status(live_path("stray"));
	kit_refused(&o, RDV_E_INVALID, "is not registered as a worktree of");
	o = kit_drop(live_path("stray"), true);
	kit_refused(&o, RDV_E_INVALID, "is not registered as a worktree of");
	/* The control: with its own file it is what it is. */
	live_write(live_path("%s/.git", two.path + strlen(live.scratch) + 1),
	    mine);
	assert_int_equal(live_sh(two.path, "echo >>.git"), 0);
	o = kit_drop(two.path, false);
	assert_int_equal(o.err, RDV_E_DIRTY);
	assert_int_equal(o.reasons, WT_DIRTY);
	free(mine);
	assert_int_equal(live_sh(live.scratch, "rm -rf other otherw stray"), 0);
}

static void
abuse_G12_links_for_git_directories_are_refused(void **state)
{
	struct outcome o;

	(void)state;
	assert_int_equal(live_sh(live.scratch,
			     "mkdir linked && ln -s %s/.git linked/.git",
			     live.repo),
	    0);
	o = kit_list(live_path("linked"));
	kit_refused(&o, RDV_E_INVALID, "no git repository");
	o = kit_list(live.repo);
	kit_ok(&o);
	assert_int_equal(live_sh(live.scratch, "rm -r linked"), 0);
}

static void
many_at_once(void **state)
{
	struct worktree_spec s = kit_spec("race");
	struct outcome o[20];
	char branch[20][16];
	int made = 0;

	(void)state;
	memset(o, 0, sizeof o);
	/* The same branch: one of them gets it. */
	for (int i = 0; i < 20; i++)
		worktree_create(live.app.worktrees, &s, kit_made_cb, &o[i]);
	for (int i = 0; i < 20; i++)
		live_until(&o[i].done);
	for (int i = 0; i < 20; i++)
		made += o[i].err == 0;
	assert_int_equal(made, 1);
	assert_int_equal(kit_list(live.repo).n, 2);
	memset(o, 0, sizeof o);
	/* Different ones: all of them. */
	for (int i = 0; i < 20; i++) {
		(void)snprintf(branch[i], sizeof branch[i], "many%d", i);
		s.branch = branch[i];
		worktree_create(live.app.worktrees, &s, kit_made_cb, &o[i]);
	}
	for (int i = 0; i < 20; i++)
		live_until(&o[i].done);
	for (int i = 0; i < 20; i++)
		kit_ok(&o[i]);
	assert_int_equal(kit_list(live.repo).n, 22);
	memset(o, 0, sizeof o);
	/* One of them removed by twenty. */
	made = 0;
	for (int i = 0; i < 20; i++)
		worktree_remove(live.app.worktrees, &live.who,
		    live_path("base/worktrees/%s-many3",
			strrchr(live.repo, '/') + 1),
		    true, kit_moved_cb, &o[i]);
	for (int i = 0; i < 20; i++)
		live_until(&o[i].done);
	for (int i = 0; i < 20; i++)
		made += o[i].err == 0;
	assert_int_equal(made, 1);
}

static void
a_failed_checkout_leaves_nothing(void **state)
{
	struct worktree_spec s = kit_spec("broken");
	struct outcome o;

	(void)state;
	/* A commit whose content is gone. */
	assert_int_equal(
	    live_sh(live.repo,
		"git checkout -q -b bad && head -c 3000 /dev/urandom >big && "
		"git add big && git commit -q -m bad && "
		"b=$(git rev-parse HEAD:big) && git checkout -q main && "
		"rm -f .git/objects/$(echo $b | cut -c1-2)/$(echo $b | "
		"cut -c3-)"),
	    0);
	s.base = "bad";
	o = kit_create(&s);
	kit_refused(&o, RDV_E_INVALID, "git:");
	assert_int_equal(kit_list(live.repo).n, 1);
	assert_string_equal(live_out(live.repo, "git branch --list broken"),
	    "");
	assert_false(live_exists(live_path("base/worktrees/%s-broken",
	    strrchr(live.repo, '/') + 1)));
	s.base = "main";
	o = kit_create(&s);
	kit_ok(&o);
}

static void
an_empty_repository_has_nothing_to_start_from(void **state)
{
	struct worktree_spec s = kit_spec("x");
	struct outcome o;

	(void)state;
	assert_int_equal(live_sh(live.scratch, "git init -q -b main empty"), 0);
	s.repo = live_path("empty");
	o = kit_create(&s);
	kit_refused(&o, RDV_E_INVALID, "no commit yet");
	o = kit_status(live_path("empty"));
	kit_ok(&o);
	assert_string_equal(o.status_branch, "main");
	assert_int_equal(live_sh(live.scratch, "rm -rf empty"), 0);
}

/* Each is told for what it is, not for the next best thing. */
static const struct {
	const char *command; /* in an empty repository */
	const char *word;
} broken[] = {
	{ "rm -rf .git/*", "not a git repository" },
	{ ": >.git/HEAD", "not a git repository" },
	{ "echo nonsense >.git/HEAD", "not a git repository" },
	{ "rm -rf .git/objects", "not a git repository" },
	{ "rm -rf .git/refs", "not a git repository" },
	{ "git commit -q --allow-empty -m x; : >.git/refs/heads/main",
	    "cannot be read" },
	{ "git commit -q --allow-empty -m x; echo x >.git/refs/heads/main",
	    "cannot be read" },
	{ "true", "no commit yet" },
};

static void
a_broken_repository_is_called_so(void **state)
{
	struct worktree_spec s = kit_spec("x");
	struct outcome o;

	(void)state;
	s.repo = live_path("broken");
	for (size_t i = 0; i < sizeof broken / sizeof broken[0]; i++) {
		assert_int_equal(live_sh(live.scratch,
				     "git init -q -b main broken && "
				     "cd broken && %s",
				     broken[i].command),
		    0);
		o = kit_create(&s);
		if (o.err != RDV_E_INVALID ||
		    strstr(o.why, broken[i].word) == NULL)
			fail_msg("%s: %s %s", broken[i].command,
			    err_name(o.err), o.why);
		assert_int_equal(live_sh(live.scratch, "rm -rf broken"), 0);
	}
}

/* Longer than a file's name may be, in itself or together with the branch. */
static void
a_long_name_is_not_a_taken_one(void **state)
{
	struct worktree_spec s = kit_spec("a-branch-with-a-name");
	char name[300];
	struct outcome o;

	(void)state;
	memset(name, 'n', sizeof name);
	name[240] = '\0';
	assert_int_equal(live_sh(live.scratch, "cp -a '%s' %s", live.repo,
			     name),
	    0);
	s.repo = live_path("%s", name);
	o = kit_create(&s);
	kit_refused(&o, RDV_E_INVALID, "too long");
	s.path = live_path("base/worktrees/short");
	o = kit_create(&s);
	kit_ok(&o);
	assert_int_equal(live_sh(live.scratch, "rm -rf %s base/worktrees/short",
			     name),
	    0);
	s = kit_spec("b");
	name[240] = 'n';
	name[299] = '\0';
	s.path = live_path("base/worktrees/%s", name);
	o = kit_create(&s);
	kit_refused(&o, RDV_E_INVALID, "too long");
}

/* `git clone --shared`: what rdv's git may not read is another repository. */
static void
borrowed_objects_are_told_of(void **state)
{
	struct worktree_spec s = kit_spec("x");
	struct outcome o;

	(void)state;
	assert_int_equal(live_sh(live.scratch,
			     "git clone -q --shared '%s' shared", live.repo),
	    0);
	s.repo = live_path("shared");
	o = kit_create(&s);
	kit_refused(&o, RDV_E_INVALID, "objects/info/alternates");
	o = kit_status(s.repo);
	kit_refused(&o, RDV_E_INVALID, "objects/info/alternates");
	/* What has nothing to do with it is told without that. */
	s.branch = "main";
	o = kit_create(&s);
	assert_int_equal(o.err, RDV_E_BUSY);
	/* And what is advised helps. */
	s.branch = "x";
	assert_int_equal(live_sh(s.repo, "git repack -q -a -d && "
					 "rm .git/objects/info/alternates"),
	    0);
	o = kit_create(&s);
	kit_ok(&o);
	assert_int_equal(live_sh(live.scratch, "rm -rf shared"), 0);
}

static int
all(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, live_setup, live_teardown)
	const struct CMUnitTest tests[] = {
		T(made_listed_clean_removed),
		T(branches_new_old_and_taken),
		T(a_new_branch_starts_where_it_should),
		T(paths_are_judged),
		T(outside_the_roots_nothing_is_done),
		T(abuse_C14_a_row_of_another_user_is_not_there),
		T(the_main_tree_is_never_removed),
		T(one_that_git_alone_knows),
		T(abuse_G09_the_file_in_the_tree_decides_nothing),
		T(abuse_G12_links_for_git_directories_are_refused),
		T(many_at_once),
		T(a_failed_checkout_leaves_nothing),
		T(an_empty_repository_has_nothing_to_start_from),
		T(a_broken_repository_is_called_so),
		T(a_long_name_is_not_a_taken_one),
		T(borrowed_objects_are_told_of),
	};

	return CHECK_RUN("core/worktree", tests);
}

int
main(int argc, char **argv)
{
	return live_main(argc, argv, all);
}
