/* SPDX-License-Identifier: MIT */
/*
 * Worktrees over the real helper and the real git: made as asked, found where
 * they are, never removed with work in them unless forced, never removed so
 * that they could not come back.
 */
#include "tests/unit/check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/conf.h"
#include "daemon/core/porcelain.h"
#include "daemon/core/worktreefix.h"
#include "daemon/core/worktreeop.h"
#include "daemon/store/db.h"
#include "daemon/store/worktrees.h"
#include "lib/arena.h"
#include "lib/clock.h"
#include "lib/err.h"
#include "lib/str.h"
#include "tests/unit/core/live.h"

struct outcome {
	bool done;
	int err;
	char why[512], path[512], branch[256], id[64];
	bool created;
	unsigned reasons;
	struct wt_status status;
	char status_branch[128];
	size_t n;
	char list[2048]; /* "path branch\n" each */
};

static void
put(char *to, size_t size, const char *text)
{
	(void)snprintf(to, size, "%s", text != NULL ? text : "");
}

static void
made_cb(int err, const struct worktree_made *made, const char *why, void *arg)
{
	struct outcome *o = arg;

	o->done = true;
	o->err = err;
	put(o->why, sizeof o->why, why);
	if (err != 0)
		return;
	put(o->path, sizeof o->path, made->path);
	put(o->branch, sizeof o->branch, made->branch);
	put(o->id, sizeof o->id, made->id);
	o->created = made->created_branch;
}

static void
moved_cb(int err, const struct worktree_moved *m, const char *why, void *arg)
{
	struct outcome *o = arg;

	o->done = true;
	o->err = err;
	put(o->why, sizeof o->why, why);
	put(o->path, sizeof o->path, m->path);
	put(o->branch, sizeof o->branch, m->branch);
	put(o->id, sizeof o->id, m->trash_id);
	o->reasons = m->reasons;
}

static void
status_cb(int err, const struct wt_status *s, const char *why, void *arg)
{
	struct outcome *o = arg;

	o->done = true;
	o->err = err;
	put(o->why, sizeof o->why, why);
	if (err != 0)
		return;
	o->status = *s;
	put(o->status_branch, sizeof o->status_branch, s->branch);
}

static void
list_cb(int err, const struct wt_list *l, const char *why, void *arg)
{
	struct outcome *o = arg;
	size_t at = 0;

	o->done = true;
	o->err = err;
	put(o->why, sizeof o->why, why);
	for (size_t i = 0; err == 0 && i < l->n && at < 1024; i++)
		at += (size_t)snprintf(o->list + at, sizeof o->list - at,
		    "%s %s\n", l->entries[i].path,
		    l->entries[i].branch != NULL ? l->entries[i].branch : "-");
	o->n = err == 0 ? l->n : 0;
}

static struct worktree_spec
spec(const char *branch)
{
	struct worktree_spec s = {
		.uid = live.who.uid,
		.repo = live.repo,
		.branch = branch,
		.create_branch = true,
	};

	(void)str_copy(s.user_id, live.who.user_id, sizeof s.user_id);
	return s;
}

static struct outcome
create(const struct worktree_spec *s)
{
	struct outcome o = { .done = false };

	worktree_create(live.app.worktrees, s, made_cb, &o);
	/* Later, not now. */
	assert_false(o.done);
	live_until(&o.done);
	return o;
}

static struct outcome
make(const char *branch)
{
	struct worktree_spec s = spec(branch);
	struct outcome o = create(&s);

	if (o.err != 0)
		fail_msg("%s: %s", err_name(o.err), o.why);
	return o;
}

static struct outcome
drop(const char *path, bool force)
{
	struct outcome o = { .done = false };

	worktree_remove(live.app.worktrees, &live.who, path, force, moved_cb,
	    &o);
	assert_false(o.done);
	live_until(&o.done);
	return o;
}

static struct outcome
restore(const char *id)
{
	struct outcome o = { .done = false };

	worktree_restore(live.app.worktrees, &live.who, id, moved_cb, &o);
	live_until(&o.done);
	return o;
}

static struct outcome
status(const char *path)
{
	struct outcome o = { .done = false };

	worktree_status(live.app.worktrees, &live.who, path, status_cb, &o);
	live_until(&o.done);
	return o;
}

static struct outcome
list(const char *path)
{
	struct outcome o = { .done = false };

	worktree_list(live.app.worktrees, &live.who, path, list_cb, &o);
	live_until(&o.done);
	return o;
}

static void
state_is(const char *id, const char *state)
{
	struct arena *a = arena_new();
	struct store_worktree row;

	assert_int_equal(store_worktree_get(live.app.db, a, live.who.user_id,
			     id, &row),
	    0);
	assert_string_equal(row.state, state);
	arena_free(a);
}

static void
ok(const struct outcome *o)
{
	if (o->err != 0)
		fail_msg("%s: %s", err_name(o->err), o->why);
}

static void
refused(const struct outcome *o, int err, const char *word)
{
	if (o->err != err || strstr(o->why, word) == NULL)
		fail_msg("%s: %s", err_name(o->err), o->why);
}

static void
made_listed_clean_removed(void **state)
{
	struct outcome w = make("feature/foo-Bar"), o;
	char *want;

	(void)state;
	assert_true(w.created);
	assert_non_null(strstr(w.path, "/base/worktrees/repo"));
	assert_non_null(strstr(w.path, "-feature-foo-bar"));
	assert_string_equal(live_out(w.path, "cat file"), "one");
	assert_string_equal(live_out(w.path, "git symbolic-ref --short HEAD"),
	    "feature/foo-Bar");
	state_is(w.id, "ready");
	o = list(live.repo);
	assert_int_equal(o.n, 2);
	want = strdup(live_path("x"));
	assert_non_null(strstr(o.list, w.path));
	free(want);
	/* From inside it, it is the same repository. */
	o = list(w.path);
	assert_int_equal(o.n, 2);
	o = status(w.path);
	ok(&o);
	assert_string_equal(o.status_branch, "feature/foo-Bar");
	assert_int_equal(o.status.untracked + o.status.modified, 0);
	o = drop(w.path, false);
	ok(&o);
	assert_string_equal(o.path, w.path);
	assert_string_equal(o.id, "");
	assert_false(live_exists(w.path));
	state_is(w.id, "removed");
	/* The branch stays. */
	assert_int_equal(live_sh(live.repo,
			     "git rev-parse -q --verify feature/foo-Bar"),
	    0);
	o = list(live.repo);
	assert_int_equal(o.n, 1);
}

static void
branches_new_old_and_taken(void **state)
{
	struct worktree_spec s = spec("topic");
	struct outcome o, w;

	(void)state;
	assert_int_equal(live_sh(live.repo, "git branch topic"), 0);
	o = create(&s);
	refused(&o, RDV_E_STATE, "exists already");
	s.create_branch = false;
	w = create(&s);
	ok(&w);
	assert_false(w.created);
	o = create(&s);
	refused(&o, RDV_E_BUSY, "checked out in");
	s.branch = "main";
	o = create(&s);
	refused(&o, RDV_E_BUSY, "checked out in");
	s.branch = "nowhere";
	o = create(&s);
	refused(&o, RDV_E_INVALID, "no branch nowhere");
	s.either = true;
	o = create(&s);
	ok(&o);
	assert_true(o.created);
}

static void
a_new_branch_starts_where_it_should(void **state)
{
	struct worktree_spec s = spec("b1");
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
	o = create(&s);
	ok(&o);
	assert_string_equal(live_out(o.path, "git log -1 --format=%%s"),
	    "theirs");
	s.base = "ahead";
	s.branch = "b2";
	o = create(&s);
	ok(&o);
	assert_string_equal(live_out(o.path, "git log -1 --format=%%s"),
	    "mine");
	/* One that only origin has, and follows it. */
	s = spec("only");
	s.create_branch = false;
	s.either = true;
	o = create(&s);
	ok(&o);
	assert_string_equal(live_out(o.path, "git log -1 --format=%%s"),
	    "only");
	s = spec("b3");
	s.base = "nowhere";
	o = create(&s);
	refused(&o, RDV_E_INVALID, "no branch nowhere to start from");
	/* Without a base: where the tree is that one asks from. */
	s = spec("b4");
	s.repo =
	    live_path("base/worktrees/repo%s", strrchr(live.repo, 'o') + 1);
	s.repo = live.repo;
	assert_int_equal(live_sh(live.repo, "git checkout -q ahead"), 0);
	o = create(&s);
	ok(&o);
	assert_string_equal(live_out(o.path, "git log -1 --format=%%s"),
	    "mine");
}

static void
paths_are_judged(void **state)
{
	struct worktree_spec s = spec("p1");
	struct outcome o;

	(void)state;
	s.path = live_path("w/mine");
	o = create(&s);
	ok(&o);
	assert_string_equal(o.path, live_path("w/mine"));
	s.branch = "p2";
	o = create(&s);
	refused(&o, RDV_E_EXISTS, "is there already");
	s.path = live_path("no/such/place");
	o = create(&s);
	refused(&o, RDV_E_INVALID, "No such file");
	s.path = live_path("base/server/x");
	o = create(&s);
	refused(&o, RDV_E_DENIED, "rdv's own state");
	s.path = live_path("a/../b");
	o = create(&s);
	refused(&o, RDV_E_INVALID, "plain absolute");
	s.path = "relative";
	o = create(&s);
	refused(&o, RDV_E_INVALID, "plain absolute");
	s.path = NULL;
	s.repo = live.home;
	o = create(&s);
	refused(&o, RDV_E_INVALID, "no git repository");
	s.repo = live_path("missing");
	o = create(&s);
	refused(&o, RDV_E_NOT_FOUND, "missing");
	s.repo = live.repo;
	s.branch = "-x";
	o = create(&s);
	refused(&o, RDV_E_INVALID, "not a name");
	/* None of them has left anything. */
	assert_int_equal(list(live.repo).n, 2);
	assert_string_equal(live_out(live.repo, "git branch --list 'p2'"), "");
	(void)drop(live_path("w/mine"), true);
}

static void
outside_the_roots_nothing_is_done(void **state)
{
	char **roots = live.app.conf->repo_roots;
	char *only[] = { (char *)live_path("elsewhere"), NULL };
	struct worktree_spec s = spec("r1");
	struct outcome o, w = make("r0");

	(void)state;
	live.app.conf->repo_roots = only;
	o = create(&s);
	assert_int_equal(live_sh(live.scratch, "mkdir elsewhere"), 0);
	refused(&o, RDV_E_INVALID, "is outside worktrees.repo_roots");
	/* A link into the root does not bring it inside (abuse F05). */
	assert_int_equal(live_sh(live.scratch, "ln -s %s elsewhere/link",
			     live.repo),
	    0);
	s.repo = live_path("elsewhere/link");
	o = create(&s);
	refused(&o, RDV_E_INVALID, "is outside worktrees.repo_roots");
	/* Nor does a name that only begins like it. */
	assert_int_equal(live_sh(live.scratch, "cp -r %s elsewhere2",
			     live.repo),
	    0);
	s.repo = live_path("elsewhere2");
	o = create(&s);
	refused(&o, RDV_E_INVALID, "is outside worktrees.repo_roots");
	/* A worktree of ours whose repository has left the roots. */
	o = status(w.path);
	refused(&o, RDV_E_INVALID, "repo_roots");
	assert_int_equal(live_sh(live.scratch, "cp -r %s elsewhere/r",
			     live.repo),
	    0);
	s.repo = live_path("elsewhere/r");
	o = create(&s);
	ok(&o);
	live.app.conf->repo_roots = roots;
	assert_int_equal(live_sh(live.scratch, "rm -rf elsewhere elsewhere2"),
	    0);
}

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
		w = make(branch);
		if (live_sh(w.path, "%s", unsaved[i].command) != 0)
			fail_msg("%s", unsaved[i].command);
		before = strdup(live_out(w.path, "find . -type f | sort"));
		o = drop(w.path, false);
		if (o.err != RDV_E_DIRTY || (o.reasons & unsaved[i].bit) == 0 ||
		    strstr(o.why, unsaved[i].word) == NULL)
			fail_msg("%s: %s %x %s", unsaved[i].command,
			    err_name(o.err), o.reasons, o.why);
		assert_string_equal(live_out(w.path, "find . -type f | sort"),
		    before);
		state_is(w.id, "ready");
		/* With force it goes, whole, and comes back, whole. */
		o = drop(w.path, true);
		ok(&o);
		assert_false(live_exists(w.path));
		state_is(w.id, "trashed");
		assert_int_equal(list(live.repo).n, 1);
		o = restore(o.id);
		ok(&o);
		assert_string_equal(o.path, w.path);
		assert_string_equal(live_out(w.path, "find . -type f | sort"),
		    before);
		state_is(w.id, "ready");
		free(before);
		assert_int_equal(live_sh(w.path,
				     "git worktree unlock . ; git bisect reset;"
				     " git rebase --quit; true"),
		    0);
		o = drop(w.path, true);
		ok(&o);
	}
}

static void
commits_that_stand_elsewhere_do_not_hold_it(void **state)
{
	struct outcome w = make("pushed"), o;

	(void)state;
	assert_int_equal(live_sh(w.path,
			     "git commit -q --allow-empty -m more && "
			     "git update-ref refs/remotes/origin/pushed HEAD"),
	    0);
	o = drop(w.path, false);
	ok(&o);
	w = make("merged");
	assert_int_equal(live_sh(w.path,
			     "git commit -q --allow-empty -m more && "
			     "git branch other"),
	    0);
	o = drop(w.path, false);
	ok(&o);
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
	w = make("env");
	live_write(live_path("%s/.env", w.path + strlen(live.scratch) + 1),
	    "SECRET=1\n");
	/* Clean to git, and still something that it could not give back. */
	o = drop(w.path, false);
	ok(&o);
	assert_string_not_equal(o.id, "");
	assert_false(live_exists(w.path));
	o = restore(o.id);
	ok(&o);
	assert_string_equal(live_out(w.path, "cat .env"), "SECRET=1");
}

static void
in_the_trash_the_branch_is_free(void **state)
{
	struct outcome w = make("free"), again, o, trash;
	struct worktree_spec s = spec("free");

	(void)state;
	live_write(live_path("%s/precious", w.path + strlen(live.scratch) + 1),
	    "mine\n");
	trash = drop(w.path, true);
	ok(&trash);
	s.create_branch = false;
	again = create(&s);
	ok(&again);
	assert_string_equal(again.path, w.path);
	/* Its place is taken now, */
	o = restore(trash.id);
	refused(&o, RDV_E_EXISTS, "is there already");
	o = drop(again.path, false);
	ok(&o);
	/* and later its branch is somewhere else. */
	assert_int_equal(live_sh(live.repo,
			     "git checkout -q free && "
			     "git commit -q --allow-empty -m on"),
	    0);
	o = restore(trash.id);
	ok(&o);
	assert_string_equal(o.branch, "");
	assert_string_equal(live_out(w.path, "cat precious"), "mine");
	assert_string_equal(live_out(w.path, "git rev-parse --abbrev-ref HEAD"),
	    "HEAD");
	o = restore(trash.id);
	refused(&o, RDV_E_NOT_FOUND, "no such worktree in the trash");
}

static void
coming_back_it_takes_its_branch(void **state)
{
	struct outcome w = make("home"), o;

	(void)state;
	assert_int_equal(live_sh(w.path, "echo x >new"), 0);
	o = drop(w.path, true);
	ok(&o);
	o = restore(o.id);
	ok(&o);
	assert_string_equal(o.branch, "home");
	assert_string_equal(live_out(w.path, "git symbolic-ref --short HEAD"),
	    "home");
	assert_string_equal(live_out(w.path, "git status --porcelain"),
	    "?? new");
}

static void
the_main_tree_is_never_removed(void **state)
{
	struct outcome o;

	(void)state;
	o = drop(live.repo, false);
	refused(&o, RDV_E_INVALID, "never removed");
	o = drop(live.repo, true);
	refused(&o, RDV_E_INVALID, "never removed");
	assert_int_equal(live_sh(live.repo, "mkdir sub"), 0);
	o = drop(live_path("repo%s/sub", strrchr(live.repo, 'o') + 1), true);
	refused(&o, RDV_E_INVALID, "never removed");
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
	o = status(path);
	ok(&o);
	assert_string_equal(o.status_branch, "hand");
	assert_int_equal(live_sh(path, "echo x >new"), 0);
	o = drop(path, true);
	ok(&o);
	assert_false(live_exists(path));
	o = restore(o.id);
	ok(&o);
	assert_string_equal(live_out(path, "cat new"), "x");
	(void)drop(path, true);
}

static void
abuse_G09_the_file_in_the_tree_decides_nothing(void **state)
{
	struct outcome one = make("one"), two = make("two"), o;
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
	o = drop(two.path, false);
	assert_int_equal(o.err, RDV_E_DIRTY);
	assert_true((o.reasons & WT_UNKNOWN) != 0);
	/* To another repository: it is not listed there. */
	assert_int_equal(live_sh(other, "git worktree add -q -b x ../otherw"),
	    0);
	assert_int_equal(live_sh(two.path, "cp ../../../otherw/.git .git"), 0);
	o = drop(two.path, false);
	assert_true(o.err != 0);
	o = status(two.path);
	assert_true(o.err != 0);
	/* One that rdv has no record of, likewise. */
	assert_int_equal(live_sh(live.scratch,
			     "mkdir stray && cp otherw/.git stray/.git"),
	    0);
	o = status(live_path("stray"));
	refused(&o, RDV_E_INVALID, "is not registered as a worktree of");
	o = drop(live_path("stray"), true);
	refused(&o, RDV_E_INVALID, "is not registered as a worktree of");
	/* The control: with its own file it is what it is. */
	live_write(live_path("%s/.git", two.path + strlen(live.scratch) + 1),
	    mine);
	assert_int_equal(live_sh(two.path, "echo >>.git"), 0);
	o = drop(two.path, false);
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
	o = list(live_path("linked"));
	refused(&o, RDV_E_INVALID, "no git repository");
	o = list(live.repo);
	ok(&o);
	assert_int_equal(live_sh(live.scratch, "rm -r linked"), 0);
}

static void
many_at_once(void **state)
{
	struct worktree_spec s = spec("race");
	struct outcome o[20];
	char branch[20][16];
	int made = 0;

	(void)state;
	memset(o, 0, sizeof o);
	/* The same branch: one of them gets it. */
	for (int i = 0; i < 20; i++)
		worktree_create(live.app.worktrees, &s, made_cb, &o[i]);
	for (int i = 0; i < 20; i++)
		live_until(&o[i].done);
	for (int i = 0; i < 20; i++)
		made += o[i].err == 0;
	assert_int_equal(made, 1);
	assert_int_equal(list(live.repo).n, 2);
	memset(o, 0, sizeof o);
	/* Different ones: all of them. */
	for (int i = 0; i < 20; i++) {
		(void)snprintf(branch[i], sizeof branch[i], "many%d", i);
		s.branch = branch[i];
		worktree_create(live.app.worktrees, &s, made_cb, &o[i]);
	}
	for (int i = 0; i < 20; i++)
		live_until(&o[i].done);
	for (int i = 0; i < 20; i++)
		ok(&o[i]);
	assert_int_equal(list(live.repo).n, 22);
	memset(o, 0, sizeof o);
	/* One of them removed by twenty. */
	made = 0;
	for (int i = 0; i < 20; i++)
		worktree_remove(live.app.worktrees, &live.who,
		    live_path("base/worktrees/%s-many3",
			strrchr(live.repo, '/') + 1),
		    true, moved_cb, &o[i]);
	for (int i = 0; i < 20; i++)
		live_until(&o[i].done);
	for (int i = 0; i < 20; i++)
		made += o[i].err == 0;
	assert_int_equal(made, 1);
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
	struct outcome done = make("g1"), half = make("g2"), never = make("g3"),
		       moved = make("g4"), still = make("g5"),
		       gone = make("g6");
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
	state_is(done.id, "ready");
	state_is(half.id, "failed");
	assert_false(live_exists(half.path));
	state_is(never.id, "failed");
	state_is(moved.id, "trashed");
	state_is(still.id, "ready");
	state_is(gone.id, "removed");
	/* The branch of the one in the trash is free, and it comes back. */
	assert_int_equal(live_sh(live.repo, "git branch -f g4 HEAD"), 0);
	moved = restore(moved.id);
	ok(&moved);
	assert_string_equal(moved.branch, "g4");
	assert_int_equal(live_sh(live.repo, "git fsck --full"), 0);
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
		w = make(branch);
		assert_int_equal(live_sh(w.path,
				     "git checkout -q --detach && echo x >new "
				     "&& git commit -q --allow-empty -m mine"),
		    0);
		o = drop(w.path, true);
		ok(&o);
	}
	before = in_trash();
	worktreefix_tidy(live.app.worktrees);
	assert_true(idle(live.app.worktrees));
	/* A month has passed, or so the clock says. */
	clock_shift(0, 31LL * 86400000);
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

static void
a_failed_checkout_leaves_nothing(void **state)
{
	struct worktree_spec s = spec("broken");
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
	o = create(&s);
	refused(&o, RDV_E_INVALID, "git:");
	assert_int_equal(list(live.repo).n, 1);
	assert_string_equal(live_out(live.repo, "git branch --list broken"),
	    "");
	assert_false(live_exists(live_path("base/worktrees/%s-broken",
	    strrchr(live.repo, '/') + 1)));
	s.base = "main";
	o = create(&s);
	ok(&o);
}

static void
an_empty_repository_has_nothing_to_start_from(void **state)
{
	struct worktree_spec s = spec("x");
	struct outcome o;

	(void)state;
	assert_int_equal(live_sh(live.scratch, "git init -q -b main empty"), 0);
	s.repo = live_path("empty");
	o = create(&s);
	refused(&o, RDV_E_INVALID, "no commit yet");
	o = status(live_path("empty"));
	ok(&o);
	assert_string_equal(o.status_branch, "main");
	assert_int_equal(live_sh(live.scratch, "rm -rf empty"), 0);
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
		T(abuse_G22_unsaved_work_is_not_removed),
		T(commits_that_stand_elsewhere_do_not_hold_it),
		T(ignored_files_are_kept),
		T(in_the_trash_the_branch_is_free),
		T(coming_back_it_takes_its_branch),
		T(the_main_tree_is_never_removed),
		T(one_that_git_alone_knows),
		T(abuse_G09_the_file_in_the_tree_decides_nothing),
		T(abuse_G12_links_for_git_directories_are_refused),
		T(many_at_once),
		T(abuse_G20_what_a_crash_left_is_settled),
		T(abuse_G23_the_trash_ends_late_and_little_by_little),
		T(a_failed_checkout_leaves_nothing),
		T(an_empty_repository_has_nothing_to_start_from),
	};

	return CHECK_RUN("core/worktree", tests);
}

int
main(int argc, char **argv)
{
	return live_main(argc, argv, all);
}
