/* SPDX-License-Identifier: MIT */
/*
 * Making a worktree: judge the names, find out what the branch shall start
 * from, write down the intent, let git do it, write down the outcome. A failure
 * is undone as far as git itself would undo it: the registration, the directory
 * git has just made, and the branch, if it is new and still where it began.
 */
#include <string.h>

#include "daemon/app.h"
#include "daemon/core/branch.h"
#include "daemon/core/worktreeask.h"
#include "daemon/core/worktreeop.h"
#include "daemon/core/worktreequota.h"
#include "lib/arena.h"
#include "lib/clock.h"
#include "lib/err.h"
#include "lib/path.h"
#include "lib/str.h"

#define LOCAL  "refs/heads/"
#define REMOTE "refs/remotes/origin/"
struct adding {
	worktree_made_fn *cb;
	void *arg;
	const char *repo, *branch, *base, *path, *id;
	bool create, either;
	const struct git_fact *placed; /* where it can be made */
	const char *start; /* commit of a new branch; NULL: it exists */
	bool track;	   /* it is the one origin has of this name */
	const char *local_base, *remote_base; /* commits, or NULL */
	bool gone;  /* with the half-made tree its new branch goes */
	bool noted; /* a row tells of it */
	int err;
	const char *why; /* of the failure that is being undone */
};

static void
add_answer(struct wt_op *op, int err, const char *why)
{
	struct adding *d = op->own;
	struct worktree_made made = {
		.path = op->row.path,
		.branch = d->branch,
		.repo = op->top,
		.created_branch = d->start != NULL,
	};

	if (err == 0)
		(void)str_copy(made.id, op->row.id, sizeof(made.id));
	d->cb(err, err == 0 ? &made : NULL, why, d->arg);
	wt_end(op);
}

static void
add_failed(struct wt_op *op)
{
	struct adding *d = op->own;

	add_answer(op, d->err, d->why);
}

/* The undoing has done what it could. Whatever fails now, we answer. */
static void
add_undone(struct wt_op *op)
{
	struct adding *d = op->own;

	d->noted = false;
	op->row.state = "failed";
	op->row.cause = d->why;
	wt_store(op, false, EV_WORKTREE_FAILED, add_failed);
}

static void
undo_branch_cb(struct wt_op *op, const struct git_result *r)
{
	(void)r;
	add_undone(op);
}

/* A branch that git has just made, unless it was there or has moved since. */
static bool
branch_is_ours(const struct wt_op *op)
{
	const struct adding *d = op->own;

	return d->start != NULL && wt_on(&op->list, d->branch) == NULL &&
	       strstr(d->why, "already exists") == NULL;
}

static void
undo_tree_cb(struct wt_op *op, const struct git_result *r)
{
	struct adding *d = op->own;

	(void)r;
	if (d->gone || branch_is_ours(op))
		wt_unbranch(op, undo_branch_cb);
	else
		add_undone(op);
}

/*
 * git takes back by itself what it could not finish. Only one that was killed
 * leaves a directory, and that is marked; any other was made by somebody else
 * meanwhile.
 */
static void
undo_tree(struct wt_op *op)
{
	struct adding *d = op->own;
	const struct wt_entry *e = wt_at(&op->list, op->row.path);
	/*
	 * Twice: git locks a worktree while it makes it, and a locked one takes
	 * two (git-worktree(1)).
	 */
	const char *const argv[] = { "worktree", "remove", "--force", "--force",
		"--", op->row.path, NULL };
	const char *const more[] = { path_parent(op->arena, op->row.path),
		NULL };

	if (e == NULL || !wt_half_made(e)) {
		undo_tree_cb(op, NULL);
		return;
	}
	d->gone = d->start != NULL;
	wt_git(op, op->top, argv, more, undo_tree_cb);
}

/*
 * Before the row: the answer. With the row: the first failure begins the
 * undoing, one during that ends it. Without the helper nothing can be undone;
 * the row stays as it is and is settled when there is one.
 */
static void
add_fail(struct wt_op *op, int err, const char *why)
{
	struct adding *d = op->own;

	if (d->err == 0) {
		d->err = err;
		d->why = arena_strdup(op->arena, why);
		if (d->noted && err != RDV_E_UNAVAILABLE) {
			wt_relist(op, undo_tree);
			return;
		}
	} else if (d->noted && err != RDV_E_UNAVAILABLE) {
		add_undone(op);
		return;
	}
	add_answer(op, d->err, d->why);
}

static void
add_ready(struct wt_op *op)
{
	add_answer(op, 0, NULL);
}

static void
add_cb(struct wt_op *op, const struct git_result *r)
{
	if (r->status != 0) {
		wt_fail_git(op, r);
		return;
	}
	op->row.state = "ready";
	wt_store(op, false, EV_WORKTREE_CREATED, add_ready);
}

static void
add_noted(struct wt_op *op)
{
	struct adding *d = op->own;
	/*
	 * A new branch follows nothing, whatever branch.autoSetupMerge says:
	 * what is pushed from it must not land in its base.
	 */
	const char *const fresh[] = { WT_WORKERS, "worktree", "add",
		"--no-track", "-b", d->branch, "--", op->row.path, d->start,
		NULL };
	/* By its name, so that git sets up what it follows. */
	const char *const theirs[] = { WT_WORKERS, "worktree", "add", "-b",
		d->branch, "--", op->row.path,
		arena_printf(op->arena, REMOTE "%s", d->branch), NULL };
	const char *const known[] = { WT_WORKERS, "worktree", "add", "--",
		op->row.path, d->branch, NULL };
	/* git makes the directory itself, so it has to write in its parent. */
	const char *const more[] = { path_parent(op->arena, op->row.path),
		NULL };

	d->noted = true;
	wt_git(op, op->top,
	    d->track	       ? theirs
	    : d->start != NULL ? fresh
			       : known,
	    more, add_cb);
}

static void
add_note(struct wt_op *op)
{
	struct adding *d = op->own;
	char id[UUID_TEXT];

	uuid_v7(id);
	op->row.id = d->id != NULL ? d->id : arena_strdup(op->arena, id);
	op->row.user_id = op->who.user_id;
	op->row.repo_path = op->top;
	op->row.branch = d->branch;
	op->row.base = d->base;
	op->row.created_branch = d->start != NULL;
	/* What an undoing after a crash goes by: there, the branch is ours. */
	op->row.branch_start = d->start;
	op->row.state = "creating";
	op->row.created_at = clock_wall_ms();
	wt_store(op, true, EV_WORKTREE_CREATING, add_noted);
}

static void
base_cb(struct wt_op *op, const struct git_result *r)
{
	struct adding *d = op->own;

	if (r->status != 0) {
		wt_fail_git(op, r);
		return;
	}
	/* Commits that were not pushed yet are not left behind. */
	d->start = r->out[0] == '0' ? d->remote_base : d->local_base;
	add_note(op);
}

/* Of a branch that is still to be born git tells the name. */
static void
no_start(struct wt_op *op)
{
	if (op->here->branch != NULL)
		wt_fail(op, RDV_E_INVALID, "%s has no commit yet", op->at);
	else
		wt_fail(op, RDV_E_INVALID,
		    "the HEAD of %s cannot be read; git fsck there tells more",
		    op->at);
}

/* The branch's start: origin's unless the local one has more. */
static void
choose_base(struct wt_op *op)
{
	struct adding *d = op->own;
	const char *const argv[] = { "rev-list", "--count", "--max-count=1",
		d->local_base, "--not", d->remote_base, "--", NULL };

	if (d->base == NULL)
		d->start = op->here->commit;
	else if (d->local_base == NULL)
		d->start = d->remote_base;
	else if (d->remote_base == NULL)
		d->start = d->local_base;
	if (d->start != NULL)
		add_note(op);
	else if (d->base == NULL)
		no_start(op);
	else if (d->local_base == NULL)
		wt_fail(op, RDV_E_INVALID,
		    "there is no branch %s to start from", d->base);
	else
		wt_git(op, op->top, argv, NULL, base_cb);
}

/*
 * The commit of a ref in lines of "commit ref"; NULL when it is not there.
 * Compared whole, since a pattern of for-each-ref matches all below it.
 */
static const char *
commit_of(struct arena *a, const char *lines, const char *kind,
    const char *name)
{
	const char *line = lines, *end, *want;

	if (name == NULL)
		return NULL;
	want = arena_printf(a, " %s%s", kind, name);
	for (; (end = strchr(line, '\n')) != NULL; line = end + 1) {
		size_t oid = strcspn(line, " ");

		if ((size_t)(end - line) == oid + strlen(want) &&
		    strncmp(line + oid, want, strlen(want)) == 0)
			return arena_strndup(a, line, oid);
	}
	return NULL;
}

static void
refs_cb(struct wt_op *op, const struct git_result *r)
{
	struct adding *d = op->own;
	const char *local, *remote;

	if (r->status != 0) {
		wt_fail_git(op, r);
		return;
	}
	local = commit_of(op->arena, r->out, LOCAL, d->branch);
	remote = commit_of(op->arena, r->out, REMOTE, d->branch);
	d->local_base = commit_of(op->arena, r->out, LOCAL, d->base);
	d->remote_base = commit_of(op->arena, r->out, REMOTE, d->base);
	if (local != NULL && d->create && !d->either) {
		wt_fail(op, RDV_E_STATE, "branch %s exists already", d->branch);
	} else if (local != NULL) {
		add_note(op);
	} else if (remote != NULL && (d->either || !d->create)) {
		d->start = remote;
		d->track = true;
		add_note(op);
	} else if (d->create || d->either) {
		choose_base(op);
	} else {
		wt_fail(op, RDV_E_INVALID, "there is no branch %s", d->branch);
	}
}

static void
ask_refs(struct wt_op *op)
{
	struct adding *d = op->own;
	const char *base = d->base != NULL ? d->base : d->branch;
	/* One question for all; without a base two of them are the same. */
	const char *const argv[] = { "for-each-ref",
		"--format=%(objectname) %(refname)", "--",
		arena_printf(op->arena, LOCAL "%s", d->branch),
		arena_printf(op->arena, REMOTE "%s", d->branch),
		arena_printf(op->arena, LOCAL "%s", base),
		arena_printf(op->arena, REMOTE "%s", base), NULL };

	wt_git(op, op->top, argv, NULL, refs_cb);
}

static void
add_placed(struct wt_op *op)
{
	struct adding *d = op->own;
	struct store_worktree taken;

	if (d->placed->found != GIT_FOUND) {
		wt_fail_fact(op, d->placed);
		return;
	}
	if (!path_absolute_ok(d->placed->text)) {
		wt_fail(op, RDV_E_SPAWN, "rdv-git: that is no path");
		return;
	}
	op->row.path = d->placed->text;
	/*
	 * Missing on disk, and still somebody's: registered, or in the making.
	 */
	if (wt_at(&op->list, op->row.path) != NULL ||
	    store_worktree_at(op->w->app->db, op->arena, op->who.user_id,
		op->row.path, &taken) != RDV_E_NOT_FOUND)
		wt_fail(op, RDV_E_EXISTS, "%s belongs to another worktree",
		    op->row.path);
	else
		ask_refs(op);
}

/* <repository>-<branch>: where rdv makes worktrees it gets a free name. */
static const char *
default_name(const struct wt_op *op)
{
	const struct adding *d = op->own;
	char name[160];

	branch_dir(name, sizeof(name), d->branch);
	return arena_printf(op->arena, "%s-%s", strrchr(op->top, '/') + 1,
	    *name != '\0' ? name : "wt");
}

static void
add_opened(struct wt_op *op)
{
	struct adding *d = op->own;
	const struct wt_entry *other = wt_on(&op->list, d->branch);

	if (other != NULL) {
		wt_fail(op, RDV_E_BUSY, "branch %s is checked out in %s",
		    d->branch, other->path);
		return;
	}
	if (d->path == NULL)
		d->placed = wt_question(op, "fresh", default_name(op));
	else if (path_absolute_ok(d->path))
		d->placed = wt_question(op, "new", d->path);
	if (d->placed == NULL)
		wt_fail(op, RDV_E_INVALID,
		    "the new worktree's path is not a plain absolute one");
	else
		wt_ask(op, add_placed);
}

static void
roomy_cb(int err, const char *why, void *arg)
{
	struct wt_op *op = arg;
	const struct adding *d = op->own;

	if (err != 0)
		wt_fail(op, err, "%s", why);
	else
		wt_open(op, d->repo, add_opened);
}

/* Of a workspace that was asked for all of it (workspacenew.c). */
static void
add_start(struct wt_op *op)
{
	struct adding *d = op->own;

	/* Before git is asked anything about it (abuse G13). */
	if (!branch_ok(d->branch))
		wt_fail(op, RDV_E_INVALID, "not a name for a branch");
	else if (d->base != NULL && !branch_ok(d->base))
		wt_fail(op, RDV_E_INVALID,
		    "the base is not a name of a branch");
	else if (d->id == NULL && worktree_has_quota(op->w, op->who.uid))
		worktree_quota(op->w, &op->who, roomy_cb, op);
	else
		wt_open(op, d->repo, add_opened);
}

static const char *
keep(struct arena *a, const char *s)
{
	return s != NULL ? arena_strdup(a, s) : NULL;
}

void
worktree_create(struct worktrees *w, const struct worktree_spec *spec,
    worktree_made_fn *cb, void *arg)
{
	struct wt_op *op = wt_new(w, &spec->who, true, add_fail);
	struct adding *d = arena_alloc(op->arena, sizeof(*d));

	d->cb = cb;
	d->arg = arg;
	d->repo = arena_strdup(op->arena, spec->repo);
	d->branch = arena_strdup(op->arena, spec->branch);
	d->base = keep(op->arena, spec->base);
	d->path = keep(op->arena, spec->path);
	d->id = keep(op->arena, spec->id);
	d->create = spec->create_branch;
	d->either = spec->either;
	op->own = d;
	wt_later(op, add_start);
}
