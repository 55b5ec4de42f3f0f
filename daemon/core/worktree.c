/* SPDX-License-Identifier: MIT */
/*
 * Worktrees as seen from outside: the module's life, and what only looks. What
 * makes one is in worktreeadd.c, what takes one away and brings it back in
 * worktreerm.c, what settles things after a crash in worktreefix.c.
 */
#include "daemon/core/worktree.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "daemon/app.h"
#include "daemon/conf.h"
#include "daemon/core/gitwork.h"
#include "daemon/core/worktreefix.h"
#include "daemon/core/worktreelook.h"
#include "daemon/core/worktreeop.h"
#include "daemon/loop.h"
#include "lib/arena.h"
#include "lib/err.h"
#include "lib/js.h"
#include "lib/log.h"
#include "lib/xalloc.h"

/* Out of rdv-git's reach; rdvd has its own rights before it confines itself. */
static void
make_dir(const struct conf *conf)
{
	if (!conf->system && conf_is_set(conf, "worktrees.dir") &&
	    mkdir(conf->worktree_dir, 0700) < 0 && errno != EEXIST)
		log_warn("worktree", "%s cannot be made", conf->worktree_dir);
}

/*
 * In system mode it lies in a home that rdvd cannot see. Elsewhere it lies in
 * rdvd's own state, and may be a link there, which is followed once, before
 * anything that runs for the account could have turned it.
 */
static void
find_trash(struct worktrees *w)
{
	const struct conf *conf = w->app->conf;
	char *server, *real;

	if (conf->system) {
		w->trash = xstrdup("~/.rdv/trash");
		return;
	}
	w->trash = xasprintf("%s/server/trash", conf->base);
	w->real_trash = realpath(w->trash, NULL);
	if (w->real_trash != NULL)
		return;
	/* Not made yet, then. */
	server = xasprintf("%s/server", conf->base);
	real = realpath(server, NULL);
	w->real_trash = xasprintf("%s/trash", real != NULL ? real : server);
	free(server);
	free(real);
}

struct worktrees *
worktrees_new(struct app *app)
{
	struct worktrees *w = xcalloc(1, sizeof(*w));

	w->app = app;
	w->git = git_new(app);
	w->works = gitwork_new(app);
	find_trash(w);
	TAILQ_INIT(&w->ops);
	TAILQ_INIT(&w->ended);
	make_dir(app->conf);
	worktreefix_init(w);
	return w;
}

/*
 * Operations that wait for git hear that it will not come; those that wait for
 * the disk hear from the database, which is settled after this.
 */
void
worktrees_let_go(struct worktrees *w)
{
	git_end(w->git);
	gitwork_end(w->works);
	wt_let_go(w);
}

void
worktrees_free(struct worktrees *w)
{
	if (w == NULL)
		return;
	worktreefix_done(w);
	git_free(w->git);
	gitwork_free(w->works);
	wt_done(w);
	free(w->trash);
	free(w->real_trash);
	free(w);
}

struct listing {
	worktree_list_fn *cb;
	void *arg;
	const char *path;
};

/* Nothing is undone: whoever only looks has changed nothing. */
static void
list_fail(struct wt_op *op, int err, const char *why)
{
	struct listing *l = op->own;

	l->cb(err, NULL, why, l->arg);
	wt_end(op);
}

/* What lies in the trash is registered with git all the same. */
static void
drop_trash(struct wt_op *op)
{
	size_t n = 0;

	for (size_t i = 0; i < op->list.n; i++)
		if (!worktree_in_trash(op, op->list.entries[i].path))
			op->list.entries[n++] = op->list.entries[i];
	op->list.n = n;
}

static void
list_done(struct wt_op *op)
{
	struct listing *l = op->own;

	drop_trash(op);
	l->cb(0, &op->list, NULL, l->arg);
	wt_end(op);
}

static void
list_start(struct wt_op *op)
{
	struct listing *l = op->own;

	wt_open(op, l->path, list_done);
}

void
worktree_list(struct worktrees *w, const struct worktree_who *who,
    const char *path, worktree_list_fn *cb, void *arg)
{
	/* false: it only looks, and waits for no other who looks. */
	struct wt_op *op = wt_new(w, who, false, list_fail);
	struct listing *l = arena_alloc(op->arena, sizeof(*l));

	*l = (struct listing){ cb, arg, arena_strdup(op->arena, path) };
	op->own = l;
	wt_later(op, list_start);
}

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
