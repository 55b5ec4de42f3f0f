/* SPDX-License-Identifier: MIT */
/*
 * What a worktree holds, for showing: asked of a worker that stays with it.
 */
#include "daemon/app.h"
#include "daemon/core/gitshape.h"
#include "daemon/core/gitwork.h"
#include "daemon/core/worktreelook.h"
#include "daemon/core/worktreeop.h"
#include "lib/arena.h"
#include "lib/buf.h"
#include "lib/err.h"
#include "lib/js.h"

static void ask_worker(struct wt_op *op);

/* How often a tree is found anew that is another one each time. */
#define TRIES 2
/* Two names and two refs, each coded. */
#define ARGS_MAX 49152

/* What is asked of a worker. */
struct reading {
	const char *path;
	const char *op, *args; /* JSON; NULL: none */
	int64_t ms;	       /* 0: as long as git may take */
	bool waits;	       /* it may take long, and holds up nobody */
	bool left;	       /* nobody waits for it any more */
	bool known;	       /* a worker ran for it already */
	unsigned tries;
	/* Its answer is there. */
	void (*answered)(struct wt_op *op, const struct js *v);
	/* There is no worker for it. */
	void (*alone)(struct wt_op *op, const char *why);
};

struct looking {
	struct reading r; /* first, so that it is found as op->own */
	worktree_status_fn *cb;
	void *arg;
	struct wt_look look;
};

struct showing {
	struct reading r;
	const struct shape *shape;
	bool cut; /* its arguments are longer than a question may be */
	worktree_read_fn *cb;
	void *arg;
};

static void
fail_worker_git(struct wt_op *op, const struct js *v)
{
	const struct git_result r = { .status = (int)js_int(v, "status", 128),
		.err = js_str(v, "why", "") };

	wt_fail_git(op, &r);
}

static void
find_anew(struct wt_op *op)
{
	struct reading *r = op->own;

	r->known = op->entered = false;
	op->at = op->top = NULL;
	wt_open(op, r->path, ask_worker);
}

/*
 * When the tree may have become another one since it was found, it is found
 * anew, and the next worker is known to be of it.
 */
static void
without_worker(struct wt_op *op, int err, const char *why)
{
	struct reading *r = op->own;

	if (r->known || (err == RDV_E_STATE && r->tries++ < TRIES))
		find_anew(op);
	else
		r->alone(op, why);
}

static void
worker_cb(int err, const struct js *v, const char *why, void *arg)
{
	struct wt_op *op = arg;
	struct reading *r = op->own;

	if (r->left)
		wt_fail(op, RDV_E_STATE, "nobody waits for it");
	else if (err == 0)
		r->answered(op, v);
	else if (err == RDV_E_INVALID)
		fail_worker_git(op, v);
	else if (err == RDV_E_TIMEOUT)
		wt_fail(op, err, "git took longer than %s",
		    r->ms > 0 ? "timeout_ms" : "worktrees.git_timeout_ms");
	else if (err == RDV_E_TOO_BIG || err == RDV_E_MALFORMED ||
		 op->w->app->draining)
		wt_fail(op, err, "%s", why);
	else
		without_worker(op, err, why);
}

static void
ask_worker(struct wt_op *op)
{
	struct reading *r = op->own;
	const struct gitwork_tree tree = { op->who.uid, op->at, op->top,
		op->configs };
	struct js *o;

	if (r->left) {
		wt_fail(op, RDV_E_STATE, "nobody waits for it");
		return;
	}
	o = js_object();
	js_add_str(o, "op", r->op);
	if (r->args != NULL)
		js_add_json(o, "args", r->args);
	gitwork_ask(op->w->works, &tree, &(struct gitwork_question){ o, r->ms },
	    worker_cb, op);
	if (r->waits)
		wt_leave(op);
}

/* It was opened once, and the worker says when that is not true any more. */
static void
reading_start(struct wt_op *op)
{
	struct reading *r = op->own;
	const char *top = gitwork_top(op->w->works, op->who.uid, r->path);

	r->known = top != NULL;
	if (r->known) {
		op->at = r->path;
		op->top = arena_strdup(op->arena, top);
		wt_enter(op, ask_worker);
	} else {
		wt_open(op, r->path, ask_worker);
	}
}

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
		.partial = js_bool(v, "partial", false),
	};
	status_done(op);
}

/* Without a worker git is asked as ever. */
static void
look_alone(struct wt_op *op, const char *why)
{
	struct looking *l = op->own;

	(void)why;
	worktree_look(op, &l->look, false, status_done);
}

void
worktree_status(struct worktrees *w, const struct worktree_who *who,
    const char *path, worktree_status_fn *cb, void *arg)
{
	struct wt_op *op = wt_new(w, who, false, status_fail);
	struct looking *l = arena_alloc(op->arena, sizeof(*l));

	l->cb = cb;
	l->arg = arg;
	l->r = (struct reading){ .path = arena_strdup(op->arena, path),
		.op = "status",
		.answered = read_status,
		.alone = look_alone };
	op->own = l;
	wt_later(op, reading_start);
}

static void
read_fail(struct wt_op *op, int err, const char *why)
{
	struct showing *s = op->own;

	s->cb(err, NULL, why, s->arg);
	wt_end(op);
}

static void
read_done(struct wt_op *op, const struct js *v)
{
	struct showing *s = op->own;
	struct js *result = shape_copy(s->shape, js_get(v, "result"));

	if (result == NULL) {
		wt_fail(op, RDV_E_SPAWN, "what rdv-git says is not understood");
		return;
	}
	s->cb(0, result, NULL, s->arg);
	wt_end(op);
}

static void
read_alone(struct wt_op *op, const char *why)
{
	wt_fail(op, RDV_E_UNAVAILABLE, "nobody can look at it: %s", why);
}

/* Half of a question would be another one. */
static void
read_start(struct wt_op *op)
{
	const struct showing *s = op->own;

	if (s->cut)
		wt_fail(op, RDV_E_MALFORMED,
		    "path and old_path are too long, as JSON has them");
	else
		reading_start(op);
}

struct wt_op *
worktree_read(struct worktrees *w, const struct worktree_who *who,
    const struct worktree_query *q, worktree_read_fn *cb, void *arg)
{
	struct wt_op *op = wt_new(w, who, false, read_fail);
	struct showing *s = arena_alloc(op->arena, sizeof(*s));
	struct buf text;

	buf_init(&text, ARGS_MAX);
	js_finish(q->args, &text);
	s->cut = !buf_ok(&text);
	s->shape = q->shape;
	s->cb = cb;
	s->arg = arg;
	s->r = (struct reading){ .path = arena_strdup(op->arena, q->path),
		.op = q->op,
		.args = arena_strdup(op->arena, buf_cstr(&text)),
		.answered = read_done,
		.alone = read_alone };
	buf_done(&text);
	s->r.ms = q->ms;
	s->r.waits = q->waits;
	op->own = s;
	wt_later(op, read_start);
	return op;
}

void
worktree_read_cancel(struct wt_op *op)
{
	struct reading *r = op->own;

	r->left = true;
	gitwork_cancel(op->w->works, op);
}
