/* SPDX-License-Identifier: MIT */
/*
 * The small things that a workspace asks for: a free name, a branch that is to
 * go, an empty directory. A branch goes only when git says that no commit goes
 * with it, and only as long as it is where that was said of it.
 */
#include "daemon/core/worktreespace.h"

#include <string.h>

#include "daemon/core/branch.h"
#include "daemon/core/worktreeask.h"
#include "daemon/core/worktreeop.h"
#include "lib/arena.h"
#include "lib/err.h"
#include "lib/path.h"

#define LOCAL "refs/heads/"

struct freeing {
	worktree_fresh_fn *cb;
	void *arg;
	const struct git_fact *fact;
};

static void
fresh_fail(struct wt_op *op, int err, const char *why)
{
	struct freeing *f = op->own;

	f->cb(err, NULL, why, f->arg);
	wt_end(op);
}

static void
fresh_seen(struct wt_op *op)
{
	struct freeing *f = op->own;

	if (f->fact->found != GIT_FOUND) {
		wt_fail_fact(op, f->fact);
	} else if (!path_absolute_ok(f->fact->text)) {
		wt_fail(op, RDV_E_SPAWN, "rdv-git: that is no path");
	} else {
		f->cb(0, f->fact->text, NULL, f->arg);
		wt_end(op);
	}
}

static void
fresh_start(struct wt_op *op)
{
	wt_ask(op, fresh_seen);
}

void
worktree_fresh(struct worktrees *w, const struct worktree_who *who,
    const char *name, worktree_fresh_fn *cb, void *arg)
{
	struct wt_op *op = wt_new(w, who, false, fresh_fail);
	struct freeing *f = arena_alloc(op->arena, sizeof(*f));

	*f = (struct freeing){ .cb = cb, .arg = arg };
	op->own = f;
	f->fact = wt_question(op, "fresh", arena_strdup(op->arena, name));
	wt_later(op, fresh_start);
}

struct missing {
	worktree_gone_fn *cb;
	void *arg;
	const struct git_fact *git;
};

static void
gone_fail(struct wt_op *op, int err, const char *why)
{
	struct missing *m = op->own;

	(void)err;
	(void)why;
	m->cb(false, m->arg);
	wt_end(op);
}

static void
gone_seen(struct wt_op *op)
{
	struct missing *m = op->own;

	m->cb(wt_absent(m->git), m->arg);
	wt_end(op);
}

static void
gone_start(struct wt_op *op)
{
	wt_ask(op, gone_seen);
}

void
worktree_gone(struct worktrees *w, const struct worktree_who *who,
    const char *repo, worktree_gone_fn *cb, void *arg)
{
	struct wt_op *op = wt_new(w, who, false, gone_fail);
	struct missing *m = arena_alloc(op->arena, sizeof(*m));

	*m = (struct missing){ .cb = cb, .arg = arg };
	op->own = m;
	m->git =
	    wt_question(op, "there", arena_printf(op->arena, "%s/.git", repo));
	wt_later(op, gone_start);
}

struct ending {
	worktree_done_fn *cb;
	void *arg;
	const char *repo, *start, *dir;
	struct copying *copying;
};

static void
done_fail(struct wt_op *op, int err, const char *why)
{
	struct ending *e = op->own;

	e->cb(err, why, e->arg);
	wt_end(op);
}

static void
done(struct wt_op *op)
{
	struct ending *e = op->own;

	e->cb(0, NULL, e->arg);
	wt_end(op);
}

static struct wt_op *
done_new(struct worktrees *w, const struct worktree_who *who, bool writes,
    worktree_done_fn *cb, void *arg)
{
	struct wt_op *op = wt_new(w, who, writes, done_fail);
	struct ending *e = arena_alloc(op->arena, sizeof(*e));

	*e = (struct ending){ .cb = cb, .arg = arg };
	op->own = e;
	return op;
}

static void
unbranched_cb(struct wt_op *op, const struct git_result *r)
{
	if (r->status != 0)
		wt_fail_git(op, r);
	else
		done(op);
}

static void
elsewhere_cb(struct wt_op *op, const struct git_result *r)
{
	if (r->status != 0)
		wt_fail_git(op, r);
	else if (r->out[0] != '0')
		wt_fail(op, RDV_E_STATE,
		    "branch %s stays: it has commits that stand nowhere else",
		    op->row.branch);
	else
		wt_unbranch(op, unbranched_cb);
}

/*
 * What was kept after the trash counts as elsewhere. What is kept for it does
 * not: bringing the worktree back lets go of that.
 */
static void
ask_elsewhere(struct wt_op *op)
{
	const char *const argv[] = { "rev-list", "--count", "--max-count=1",
		op->row.branch_start, "--not",
		arena_printf(op->arena, "--exclude=%s", op->row.branch),
		"--branches", "--remotes", "--tags", "--glob=refs/rdv/rescue/*",
		"--", NULL };

	wt_git(op, op->top, argv, NULL, elsewhere_cb);
}

static void
tip_cb(struct wt_op *op, const struct git_result *r)
{
	struct ending *e = op->own;
	size_t len = strcspn(r->out, "\n");

	/* Nothing is left to delete. */
	if (r->status != 0 || len == 0) {
		done(op);
		return;
	}
	/* The value with which git deletes it, and no other. */
	op->row.branch_start = arena_strndup(op->arena, r->out, len);
	if (e->start != NULL && strcmp(e->start, op->row.branch_start) == 0)
		wt_unbranch(op, unbranched_cb);
	else
		ask_elsewhere(op);
}

static void
claims_cb(struct wt_op *op, enum wt_claim claim)
{
	const char *const argv[] = { "rev-parse", "--verify", "--quiet",
		"--end-of-options",
		arena_printf(op->arena, LOCAL "%s", op->row.branch), NULL };

	if (claim == WT_UNCLAIMED)
		wt_git(op, op->top, argv, NULL, tip_cb);
	else
		wt_fail(op, RDV_E_STATE,
		    claim == WT_CLAIMED
			? "branch %s stays: a rebase or a bisection is to end "
			  "on it"
			: "branch %s stays: whether a rebase is to end on it "
			  "cannot be told",
		    op->row.branch);
}

static void
unbranch_opened(struct wt_op *op)
{
	const struct wt_entry *on = wt_on(&op->list, op->row.branch);

	if (on != NULL)
		wt_fail(op, RDV_E_STATE,
		    "branch %s stays: it is checked out in %s", op->row.branch,
		    on->path);
	else
		wt_claims(op, op->row.branch, claims_cb);
}

static void
unbranch_start(struct wt_op *op)
{
	struct ending *e = op->own;

	if (!branch_ok(op->row.branch))
		wt_fail(op, RDV_E_INVALID, "not a name for a branch");
	else
		wt_open(op, e->repo, unbranch_opened);
}

void
worktree_unbranch(struct worktrees *w, const struct worktree_who *who,
    const struct worktree_branch *b, worktree_done_fn *cb, void *arg)
{
	struct wt_op *op = done_new(w, who, true, cb, arg);
	struct ending *e = op->own;

	e->repo = arena_strdup(op->arena, b->repo);
	if (b->start != NULL)
		e->start = arena_strdup(op->arena, b->start);
	op->row.branch = arena_strdup(op->arena, b->name);
	wt_later(op, unbranch_start);
}

static void
single_cb(struct wt_op *op, const struct git_result *r)
{
	const char *why;

	if (wt_fact_of(op, r, &why) != NULL)
		done(op);
	else
		wt_fail(op, RDV_E_INVALID, "%s", why);
}

static void
vacate_start(struct wt_op *op)
{
	const struct ending *e = op->own;
	const char *const argv[] = { "vacate", e->dir, NULL };
	/* The right to remove a directory is one to the directory around it. */
	const char *const dirs[] = { path_parent(op->arena, e->dir), NULL };

	wt_worker_in(op, dirs, argv, single_cb);
}

void
worktree_vacate(struct worktrees *w, const struct worktree_who *who,
    const char *dir, worktree_done_fn *cb, void *arg)
{
	struct wt_op *op = done_new(w, who, false, cb, arg);
	struct ending *e = op->own;

	e->dir = arena_strdup(op->arena, dir);
	wt_later(op, vacate_start);
}

/* Words of one call; the rest of a long list is for the next. */
#define COPY_WORDS 60
#define COPY_BYTES 6000

struct copying {
	const char *from, *to;
	const char *const *left; /* patterns that were not copied yet */
};

static void copy_some(struct wt_op *op);

static void
copied_cb(struct wt_op *op, const struct git_result *r)
{
	const char *why;

	if (wt_fact_of(op, r, &why) == NULL)
		wt_fail(op, RDV_E_INVALID, "%s", why);
	else
		copy_some(op);
}

static void
copy_some(struct wt_op *op)
{
	const struct ending *e = op->own;
	struct copying *c = e->copying;
	const char *argv[COPY_WORDS + 4] = { "copy", c->from, c->to };
	const char *const dirs[] = { c->from, c->to, NULL };
	size_t n = 3, bytes = 0;

	while (*c->left != NULL && n < COPY_WORDS + 3 && bytes < COPY_BYTES) {
		bytes += strlen(*c->left) + 1;
		argv[n++] = *c->left++;
	}
	if (n == 3)
		done(op);
	else
		wt_worker_in(op, dirs, argv, copied_cb);
}

void
worktree_copy(struct worktrees *w, const struct worktree_who *who,
    const struct worktree_copy *copy, worktree_done_fn *cb, void *arg)
{
	struct wt_op *op = done_new(w, who, false, cb, arg);
	struct copying *c = arena_alloc(op->arena, sizeof(*c));
	struct ending *e = op->own;
	const char **list;
	size_t n = 0;

	while (copy->patterns[n] != NULL)
		n++;
	list = arena_alloc(op->arena, (n + 1) * sizeof(*list));
	for (size_t i = 0; i < n; i++)
		list[i] = arena_strdup(op->arena, copy->patterns[i]);
	*c = (struct copying){ arena_strdup(op->arena, copy->from),
		arena_strdup(op->arena, copy->to), list };
	e->copying = c;
	wt_later(op, copy_some);
}
