/* SPDX-License-Identifier: MIT */
/*
 * A limit for what rdv makes of an account's: worktrees and what was removed of
 * them. It is asked before something is made and holds up nothing else, since
 * what is written into a worktree is the account's business and its disk's.
 *
 * Invariant: over the limit nothing is made, and nothing is taken away either;
 * of one account one at a time makes something, so that it was counted.
 */
#include "daemon/core/worktreequota.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/app.h"
#include "daemon/core/allowance.h"
#include "daemon/core/worktreeask.h"
#include "daemon/core/worktreeop.h"
#include "daemon/core/worktreesize.h"
#include "lib/arena.h"
#include "lib/err.h"
#include "lib/list.h"
#include "lib/xalloc.h"

#define FRESH_MS (10 * 60 * 1000LL)
#define MIB	 (1 << 20)
/* Rows that are looked at; nobody has as many. */
#define ROWS_MAX 20000

struct wt_room {
	TAILQ_ENTRY(wt_room) link;
	const void *who;    /* makes something, or wants to */
	struct wt_op *asks; /* its question; NULL: it was told that it may */
	uid_t uid;
};

struct counting {
	struct wt_room *room;
	worktree_done_fn *cb;
	void *arg;
	struct arena *arena;
	struct wt_size_ask *asks; /* what is not known yet */
	size_t n, i;
	const struct git_fact *there; /* of what could not be counted */
	const char *why;
	int64_t bytes;
	struct allowance max;
};

static void count_next(struct wt_op *op);
static void quota_start(struct wt_op *op);

bool
worktree_has_quota(const struct worktrees *w, uid_t uid)
{
	struct allowance a;

	allowance_of(w->app, uid, CTL_WORKTREES, &a);
	return a.mb > 0;
}

/* In the order in which they came, each when none of its account is before. */
static void
next_rooms(struct worktrees *w)
{
	const struct wt_room *o;
	struct wt_room *r;

	TAILQ_FOREACH (r, &w->rooms, link) {
		if (r->asks == NULL || !r->asks->queued)
			continue;
		TAILQ_FOREACH (o, &w->rooms, link)
			if (o == r || o->uid == r->uid)
				break;
		if (o != r)
			continue;
		r->asks->queued = false;
		wt_later(r->asks, quota_start);
	}
}

static void
room_free(struct worktrees *w, struct wt_room *r)
{
	TAILQ_REMOVE(&w->rooms, r, link);
	free(r);
}

void
worktree_quota_leave(struct worktrees *w, const void *arg)
{
	struct wt_room *r, *next;

	TAILQ_FOREACH_SAFE (r, &w->rooms, link, next)
		if (r->who == arg && r->asks == NULL)
			room_free(w, r);
	next_rooms(w);
}

void
worktree_quota_done(struct worktrees *w)
{
	while (!TAILQ_EMPTY(&w->rooms))
		room_free(w, TAILQ_FIRST(&w->rooms));
}

static void
quota_fail(struct wt_op *op, int err, const char *why)
{
	const struct counting *q = op->own;

	op->queued = false;
	room_free(op->w, q->room);
	q->cb(err, why, q->arg);
	next_rooms(op->w);
	wt_end(op);
}

static void
over(struct wt_op *op)
{
	const struct counting *q = op->own;

	wt_fail(op, RDV_E_TOO_BIG,
	    "worktrees and trash take %" PRId64 " MiB, and %s allows %" PRId64
	    "; rdv workspace ls --space, rdv trash ls and rdv gc --dry-run "
	    "tell what could go",
	    q->bytes / MIB, q->max.by, q->max.mb);
}

/* What is gone takes nothing, whatever was known of it. */
static void
uncounted(struct wt_op *op)
{
	struct counting *q = op->own;
	const char *path = q->asks[q->i - 1].path;
	const struct wt_size *known =
	    worktree_size_known(op->w, op->who.uid, path);
	const bool gone = wt_absent(q->there);

	if (gone || known != NULL) {
		q->bytes += gone ? 0 : known->own;
		count_next(op);
	} else {
		wt_fail(op, RDV_E_TOO_BIG,
		    "what %s takes cannot be counted (%s), and %s allows "
		    "%" PRId64 " MiB",
		    path, q->why, q->max.by, q->max.mb);
	}
}

static void
not_counted(struct wt_op *op, const char *why)
{
	struct counting *q = op->own;
	struct wt_size_ask *ask = &q->asks[q->i - 1];

	if (strcmp(ask->top, ask->path) != 0) {
		/* Without its repository, which may be gone. */
		ask->top = ask->path;
		q->i--;
		count_next(op);
	} else {
		q->why = arena_strdup(op->arena, why);
		q->there = wt_question(op, "there", ask->path);
		wt_ask(op, uncounted);
	}
}

static void
counted_cb(int err, const struct wt_size *size, const char *why, void *arg)
{
	struct wt_op *op = arg;
	struct counting *q = op->own;

	if (err == RDV_E_UNAVAILABLE) {
		wt_fail(op, err, "%s", why);
		return;
	}
	if (err == 0) {
		q->bytes += size->own;
		count_next(op);
	} else {
		not_counted(op, why);
	}
}

static void
count_next(struct wt_op *op)
{
	struct counting *q = op->own;

	if (q->bytes / MIB >= q->max.mb) {
		over(op);
	} else if (q->i < q->n) {
		worktree_size(op->w, &op->who, &q->asks[q->i++], counted_cb,
		    op);
	} else {
		q->room->asks = NULL;
		q->cb(0, NULL, q->arg);
		wt_end(op);
	}
}

static bool
row_cb(const struct store_worktree *t, void *arg)
{
	struct counting *q = arg;
	const bool gone = strcmp(t->state, "trashed") == 0;
	const char *path = gone ? t->trash_path : t->path;

	if (gone && t->bytes >= 0)
		q->bytes += t->bytes;
	else if (path != NULL && q->n < ROWS_MAX)
		q->asks[q->n++] = (struct wt_size_ask){
			.top = arena_strdup(q->arena, t->repo_path),
			.path = arena_strdup(q->arena, path),
			.fresh_ms = FRESH_MS,
		};
	return true;
}

static void
quota_start(struct wt_op *op)
{
	struct counting *q = op->own;
	int err =
	    store_worktrees_held(op->w->app->db, op->who.user_id, row_cb, q);

	if (err != 0)
		wt_fail(op, err, "the database cannot be read");
	else
		count_next(op);
}

void
worktree_quota(struct worktrees *w, const struct worktree_who *who,
    worktree_done_fn *cb, void *arg)
{
	struct wt_op *op = wt_new(w, who, false, quota_fail);
	struct counting *q = arena_alloc(op->arena, sizeof(*q));

	*q = (struct counting){ .cb = cb, .arg = arg, .arena = op->arena };
	allowance_of(w->app, who->uid, CTL_WORKTREES, &q->max);
	q->asks = arena_alloc(op->arena, ROWS_MAX * sizeof(*q->asks));
	q->room = xcalloc(1, sizeof(*q->room));
	*q->room = (struct wt_room){ .who = arg, .asks = op, .uid = who->uid };
	TAILQ_INSERT_TAIL(&w->rooms, q->room, link);
	op->own = q;
	op->queued = true;
	next_rooms(w);
}
