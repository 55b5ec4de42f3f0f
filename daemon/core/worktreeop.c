/* SPDX-License-Identifier: MIT */
/*
 * What every operation on worktrees is made of: its life, its turn, the
 * programs that run for it, its row.
 */
#include "daemon/core/worktreeop.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/app.h"
#include "daemon/auth/auth.h"
#include "daemon/core/complaint.h"
#include "daemon/core/worktreequota.h"
#include "daemon/loop.h"
#include "daemon/store/db.h"
#include "lib/arena.h"
#include "lib/clock.h"
#include "lib/err.h"
#include "lib/js.h"
#include "lib/list.h"
#include "lib/xalloc.h"

/* Of git's output: a list of thousands of worktrees or changed files. */
#define OUTPUT_MAX (8 << 20)
#define PATHS_MAX  12

#define LOCAL "refs/heads/"

struct wt_op *
wt_new(struct worktrees *w, const struct worktree_who *who, bool writes,
    wt_fail_fn *fail)
{
	struct wt_op *op = xcalloc(1, sizeof(*op));

	op->w = w;
	op->arena = arena_new();
	op->who = *who;
	op->writes = writes;
	op->fail = fail;
	TAILQ_INSERT_TAIL(&w->ops, op, link);
	return op;
}

static void
wt_sweep_cb(void *arg)
{
	struct worktrees *w = arg;
	struct wt_op *op;

	while ((op = TAILQ_FIRST(&w->ended)) != NULL) {
		TAILQ_REMOVE(&w->ended, op, link);
		arena_free(op->arena);
		free(op);
	}
}

static void
wt_step_cb(void *arg)
{
	struct wt_op *op = arg;

	op->deferred = false;
	op->next(op);
}

void
wt_later(struct wt_op *op, wt_step_fn *step)
{
	op->next = step;
	op->deferred = true;
	loop_defer(op->w->app->loop, wt_step_cb, op);
}

/* One before it in the list that is there, or wants to, and does not agree. */
static bool
must_wait(const struct wt_op *op)
{
	const struct wt_op *o;
	bool before = true;

	TAILQ_FOREACH (o, &op->w->ops, link) {
		if (o == op)
			before = false;
		/* What one account says of a place holds up no other. */
		else if (o->who.uid == op->who.uid &&
			 (o->entered || (before && o->waiting)) &&
			 (o->writes || op->writes) &&
			 strcmp(o->top, op->top) == 0)
			return true;
	}
	return false;
}

void
wt_enter(struct wt_op *op, wt_step_fn *step)
{
	op->waiting = must_wait(op);
	op->entered = !op->waiting;
	if (op->entered)
		step(op);
	else
		op->next = step;
}

/* In the order in which they came; each that enters may hold the next. */
static void
let_in(struct worktrees *w)
{
	struct wt_op *o;

	TAILQ_FOREACH (o, &w->ops, link) {
		if (!o->waiting || must_wait(o))
			continue;
		o->waiting = false;
		o->entered = true;
		wt_later(o, o->next);
	}
}

void
wt_leave(struct wt_op *op)
{
	op->entered = false;
	let_in(op->w);
}

void
wt_end(struct wt_op *op)
{
	struct worktrees *w = op->w;

	TAILQ_REMOVE(&w->ops, op, link);
	op->entered = op->waiting = false;
	worktree_quota_leave(w, op);
	let_in(w);
	if (TAILQ_EMPTY(&w->ended))
		loop_defer(w->app->loop, wt_sweep_cb, w);
	TAILQ_INSERT_TAIL(&w->ended, op, link);
}

void
wt_let_go(struct worktrees *w)
{
	struct wt_op *op, *next;

	TAILQ_FOREACH_SAFE (op, &w->ops, link, next) {
		/* Those that wait for git have heard from git_end(). */
		if (!op->deferred && !op->waiting && !op->queued)
			continue;
		loop_undefer(w->app->loop, wt_step_cb, op);
		op->deferred = op->waiting = false;
		op->fail(op, RDV_E_UNAVAILABLE, "rdv is ending");
	}
}

void
wt_done(struct worktrees *w)
{
	struct wt_op *op;

	wt_let_go(w);
	while ((op = TAILQ_FIRST(&w->ops)) != NULL)
		op->fail(op, RDV_E_UNAVAILABLE, "rdv is ending");
	loop_undefer(w->app->loop, wt_sweep_cb, w);
	wt_sweep_cb(w);
}

void
wt_fail(struct wt_op *op, int err, const char *fmt, ...)
{
	char why[1024];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(why, sizeof(why), fmt, ap);
	va_end(ap);
	op->fail(op, err, why);
}

bool
wt_still_may(struct wt_op *op)
{
	const struct worktree_who *who = &op->who;

	if (auth_holds(op->w->app->auth, who->user_id, who->token_id))
		return true;
	wt_fail(op, RDV_E_REVOKED, "the credential has ended meanwhile");
	return false;
}

bool
wt_begins(struct wt_op *op)
{
	if (!wt_still_may(op))
		return false;
	op->who.token_id[0] = '\0';
	return true;
}

/* An object that git cannot get at may lie where the profile is closed. */
static bool
lacks_borrowed(const struct wt_op *op, const struct git_result *r)
{
	return (strstr(r->err, "object") != NULL ||
		   strstr(r->err, "unable to read") != NULL) &&
	       op->borrows;
}

void
wt_fail_git(struct wt_op *op, const struct git_result *r)
{
	char text[512];

	git_complaint(r, text, sizeof(text));
	if (lacks_borrowed(op, r))
		wt_fail(op, RDV_E_INVALID,
		    "%s borrows objects from another repository, which rdv's "
		    "git may not read; `git repack -a -d && rm "
		    ".git/objects/info/alternates` there gives it its own "
		    "(git: %s)",
		    op->top, text);
	else if (git_complains_of_lock(r, text, sizeof(text)))
		wt_fail(op, RDV_E_BUSY,
		    "%s is there: another git is at work, or one was killed; "
		    "when none is, delete that file",
		    text);
	else
		wt_fail(op, RDV_E_INVALID, "git: %s", text);
}

static void
wt_git_cb(int err, const struct git_result *r, const char *why, void *arg)
{
	const struct git_result none = { .status = 128, .out = "", .err = "" };
	struct wt_op *op = arg;

	/*
	 * An answer that does not come is one when a removal is judged: not
	 * known. Where something is to be done it is a failure. The policy may
	 * grant git and no program that sees everything.
	 */
	if ((op->judging && (err == RDV_E_TOO_BIG || err == RDV_E_TIMEOUT ||
				err == RDV_E_SPAWN)) ||
	    (op->optional && err == RDV_E_DENIED))
		op->git_next(op, &none);
	else if (err != 0)
		wt_fail(op, err, "%s", why);
	else if (op->looks && r->killed)
		wt_fail(op, RDV_E_UNAVAILABLE,
		    "git was killed as it looked at %s; nothing was changed",
		    op->at);
	else
		op->git_next(op, r);
}

static void
run(struct wt_op *op, const struct git_call *call, wt_git_fn *next)
{
	op->git_next = next;
	op->optional = call->optional;
	git_run(op->w->git, call, wt_git_cb, op);
}

static void
run_git(struct wt_op *op, struct git_call *call, const char *const *more,
    wt_git_fn *next)
{
	/* Both ends of a linked worktree: its index is in the repository. */
	const char *paths[PATHS_MAX + 1] = { op->at };
	size_t n = op->at != NULL;

	call->uid = op->who.uid;
	call->paths = paths;
	call->configs = op->configs;
	call->max = OUTPUT_MAX;
	if (op->top != NULL && op->top != op->at)
		paths[n++] = op->top;
	for (; more != NULL && *more != NULL && n < PATHS_MAX; more++)
		paths[n++] = *more;
	run(op, call, next);
}

void
wt_git(struct wt_op *op, const char *dir, const char *const *argv,
    const char *const *more, wt_git_fn *next)
{
	struct git_call call = { .dir = dir, .argv = argv };

	run_git(op, &call, more, next);
}

void
wt_git_in(struct wt_op *op, const char *dir, const char *const *argv,
    const char *in, wt_git_fn *next)
{
	wt_git_bytes(op, dir, argv, in, strlen(in), next);
}

void
wt_git_bytes(struct wt_op *op, const char *dir, const char *const *argv,
    const char *in, size_t len, wt_git_fn *next)
{
	struct git_call call = {
		.dir = dir, .argv = argv, .in = in, .inlen = len
	};
	const bool known = (op->at != NULL && strcmp(dir, op->at) == 0) ||
			   (op->top != NULL && strcmp(dir, op->top) == 0);
	const char *const more[] = { known ? NULL : dir, NULL };

	run_git(op, &call, more, next);
}

void
wt_worker_in(struct wt_op *op, const char *const *dirs, const char *const *argv,
    wt_git_fn *next)
{
	struct git_call call = {
		.uid = op->who.uid,
		.dir = "/",
		.argv = argv,
		.paths = dirs,
		.max = OUTPUT_MAX,
		.as = GIT_AS_WORKER,
	};

	run(op, &call, next);
}

/*
 * Outside of the sandbox, hence never with a word from a repository for a
 * program: all of argv is ours, but for paths.
 */
void
wt_host(struct wt_op *op, const char *const *argv, wt_git_fn *next)
{
	struct git_call call = {
		.uid = op->who.uid,
		.dir = "/",
		.argv = argv,
		.max = OUTPUT_MAX,
		.as = GIT_AS_HOST,
		.optional = op->judging,
	};

	run(op, &call, next);
}

static void
list_cb(struct wt_op *op, const struct git_result *r)
{
	if (r->status != 0)
		wt_fail_git(op, r);
	else if (!porcelain_list(op->arena, r->out, r->outlen, &op->list))
		wt_fail(op, RDV_E_INVALID, "git worktree list: not understood");
	else
		op->next(op);
}

void
wt_relist(struct wt_op *op, wt_step_fn *next)
{
	/* -z, because a path may hold a newline. */
	static const char *const argv[] = { "worktree", "list", "--porcelain",
		"-z", NULL };

	op->next = next;
	wt_git(op, op->top, argv, NULL, list_cb);
}

static void
attach_cb(struct wt_op *op, const struct git_result *r)
{
	if (r->status == 0)
		op->row.branch = op->branch;
	op->attached(op);
}

static void
branch_cb(struct wt_op *op, const struct git_result *r)
{
	const char *const argv[] = { "symbolic-ref", "HEAD",
		arena_printf(op->arena, LOCAL "%s", op->branch), NULL };
	const char *const more[] = { op->row.path, NULL };
	size_t len = strlen(op->commit);

	/* Moved since: taking it would show other files than the tree has. */
	if (r->status == 0 && strncmp(r->out, op->commit, len) == 0 &&
	    r->out[len] == '\n')
		wt_git(op, op->row.path, argv, more, attach_cb);
	else
		op->attached(op);
}

void
wt_attach(struct wt_op *op, const struct wt_entry *e, wt_step_fn *next)
{
	const char *branch = op->row.branch;
	const char *const argv[] = { "rev-parse", "--verify", "--quiet",
		"--end-of-options",
		arena_printf(op->arena, LOCAL "%s",
		    branch != NULL ? branch : ""),
		NULL };

	op->row.branch = e->branch;
	op->branch = branch;
	op->commit = e->commit;
	op->attached = next;
	if (branch == NULL || e->branch != NULL || e->commit == NULL ||
	    wt_on(&op->list, branch) != NULL)
		next(op);
	else
		wt_git(op, op->top, argv, NULL, branch_cb);
}

void
wt_unbranch(struct wt_op *op, wt_git_fn *next)
{
	/* With the old value git deletes it only if it still is that. */
	const char *const argv[] = { "update-ref", "-d", "--",
		arena_printf(op->arena, LOCAL "%s", op->row.branch),
		op->row.branch_start, NULL };

	wt_git(op, op->top, argv, NULL, next);
}

static bool
equal(const char *a, const char *b)
{
	return a != NULL && b != NULL && strcmp(a, b) == 0;
}

bool
wt_in_flight(const struct worktrees *w, const struct wt_op *but, uid_t uid,
    const char *path, const char *id)
{
	const struct wt_op *op;

	TAILQ_FOREACH (op, &w->ops, link)
		if (op != but && op->who.uid == uid &&
		    ((equal(op->row.path, path) && op->destroying == NULL) ||
			equal(op->row.id, id)))
			return true;
	return false;
}

bool
wt_half_made(const struct wt_entry *e)
{
	return e->lock != NULL && strcmp(e->lock, "initializing") == 0;
}

static struct js *
row_json(const struct store_worktree *w)
{
	struct js *o = js_object();

	js_add_str(o, "id", w->id);
	js_add_str(o, "path", w->path);
	js_add_str(o, "repo_path", w->repo_path);
	js_add_str(o, "branch", w->branch);
	js_add_str(o, "state", w->state);
	js_add_str(o, "cause", w->cause);
	return o;
}

static void
wt_stored_cb(int err, void *arg)
{
	struct wt_op *op = arg;

	if (err != 0)
		wt_fail(op, err, "the database cannot be written: %s",
		    strerror(-err));
	else
		op->next(op);
}

void
wt_store(struct wt_op *op, bool insert, enum event_kind kind, wt_step_fn *next)
{
	struct tx *tx;

	/* A row tells of what is about to be done, or has been. */
	if (!wt_begins(op))
		return;
	tx = tx_begin(op->w->app->db);
	op->next = next;
	op->row.updated_at = clock_wall_ms();
	/* Errors stay in the transaction and are told by its end. */
	if (insert)
		(void)store_worktree_insert(tx, &op->row);
	else
		(void)store_worktree_change(tx, &op->row);
	event_emit(tx, kind, op->row.user_id, op->row.id, row_json(&op->row));
	tx_commit(tx, wt_stored_cb, op);
}
