/* SPDX-License-Identifier: MIT */
/*
 * What a worktree holds, for showing: asked of a worker that stays with it.
 */
#include "daemon/app.h"
#include "daemon/core/gitwork.h"
#include "daemon/core/worktreelook.h"
#include "daemon/core/worktreeop.h"
#include "lib/arena.h"
#include "lib/err.h"
#include "lib/js.h"

static void ask_worker(struct wt_op *op);

struct looking {
	worktree_status_fn *cb;
	void *arg;
	const char *path;
	struct wt_look look;
	bool known; /* a worker ran for it already */
};

static void
status_fail(struct wt_op *op, int err, const char *why)
{
	struct looking *l = op->own;

	l->cb(err, NULL, why, l->arg);
	wt_end(op);
}

static void
status_done(struct wt_op *op)
{
	struct looking *l = op->own;

	l->cb(0, &l->look.status, NULL, l->arg);
	wt_end(op);
}

static void
read_status(struct wt_op *op, const struct js *v)
{
	struct looking *l = op->own;
	const char *commit = js_str(v, "commit", NULL);
	const char *branch = js_str(v, "branch", NULL);

	l->look.status = (struct wt_status){
		.commit =
		    commit == NULL ? NULL : arena_strdup(op->arena, commit),
		.branch =
		    branch == NULL ? NULL : arena_strdup(op->arena, branch),
		.ahead = js_int(v, "ahead", 0),
		.behind = js_int(v, "behind", 0),
		.untracked = js_int(v, "untracked", 0),
		.modified = js_int(v, "modified", 0),
		.staged = js_int(v, "staged", 0),
	};
	status_done(op);
}

static void
fail_worker_git(struct wt_op *op, const struct js *v)
{
	const struct git_result r = { .status = (int)js_int(v, "status", 128),
		.err = js_str(v, "why", "") };

	wt_fail_git(op, &r);
}

/*
 * Without a worker git is asked as ever, and when the tree may have become
 * another one since, it is found anew first: once, as the next one is known to
 * be of it.
 */
static void
without_worker(struct wt_op *op)
{
	struct looking *l = op->own;

	if (l->known) {
		l->known = op->entered = false;
		op->at = op->top = NULL;
		wt_open(op, l->path, ask_worker);
	} else {
		worktree_look(op, &l->look, false, status_done);
	}
}

static void
worker_status_cb(int err, const struct js *v, const char *why, void *arg)
{
	struct wt_op *op = arg;

	if (err == 0)
		read_status(op, v);
	else if (err == RDV_E_INVALID)
		fail_worker_git(op, v);
	else if (err == RDV_E_TIMEOUT)
		wt_fail(op, err,
		    "git took longer than worktrees.git_timeout_ms");
	else if (err == RDV_E_TOO_BIG || op->w->app->draining)
		wt_fail(op, err, "%s", why);
	else
		without_worker(op);
}

static void
ask_worker(struct wt_op *op)
{
	const struct gitwork_tree tree = { op->who.uid, op->at, op->top,
		op->configs };

	gitwork_status(op->w->works, &tree, worker_status_cb, op);
}

/* It was opened once, and the worker says when that is not true any more. */
static void
status_start(struct wt_op *op)
{
	struct looking *l = op->own;
	const char *top = gitwork_top(op->w->works, op->who.uid, l->path);

	l->known = top != NULL;
	if (l->known) {
		op->at = l->path;
		op->top = arena_strdup(op->arena, top);
		wt_enter(op, ask_worker);
	} else {
		wt_open(op, l->path, ask_worker);
	}
}

void
worktree_status(struct worktrees *w, const struct worktree_who *who,
    const char *path, worktree_status_fn *cb, void *arg)
{
	struct wt_op *op = wt_new(w, who, false, status_fail);
	struct looking *l = arena_alloc(op->arena, sizeof(*l));

	l->cb = cb;
	l->arg = arg;
	l->path = arena_strdup(op->arena, path);
	op->own = l;
	wt_later(op, status_start);
}
