/* SPDX-License-Identifier: MIT */
/*
 * Workspaces that nobody has touched for long are put away, from where they can
 * be had back. Of each it is asked what rdv knows was done with it, when its
 * files were written, and then all that a removal asks; the archiving asks once
 * more. Any answer but "nothing" keeps it, and so does a clock that is not to
 * be believed: a round or two later it is asked again (abuse G23).
 *
 * Invariant: nothing is deleted here, and at most EXPIRE_MAX go in one round.
 */
#include "daemon/core/workspaceexpire.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/app.h"
#include "daemon/conf.h"
#include "daemon/core/workspaceclock.h"
#include "daemon/core/workspaceop.h"
#include "daemon/core/worktreefix.h"
#include "daemon/store/users.h"
#include "lib/arena.h"
#include "lib/clock.h"
#include "lib/err.h"
#include "lib/log.h"
#include "lib/str.h"
#include "lib/xalloc.h"

#define EXPIRE_MAX 2  /* in one round */
#define LOOKS_MAX  20 /* the same; each is a dozen of git's commands */
#define HOUR_MS	   (3600 * 1000LL)
#define DAY_MS	   (24 * HOUR_MS)

struct candidate {
	const char *id;
	int64_t touched;
};

struct expiring {
	struct workspaces *s;
	struct arena *arena;
	struct worktree_who who;
	struct candidate *all;
	size_t n, at; /* those there are; the one that is looked at */
	size_t left;  /* looks */
	unsigned archived;
	int64_t now, before;
	struct workspace ws; /* that is looked at */
	size_t part;
	workspace_due_fn *cb; /* NULL: they are archived */
	void *arg;
};

/* Its turn has come, and much may have been done with it before. */
static void
expire_start(struct ws_op *op)
{
	const struct store_workspace *w = &op->ws.row;
	int64_t touched;
	int err = store_workspace_touched(op->s->app->db, w, &touched);

	if (err != 0)
		ws_answer(op, err, "the database cannot be read");
	else if (w->pinned || touched > op->before || w->archived_at >= 0)
		ws_answer(op, RDV_E_STATE, "it was touched");
	else
		ws_end_start(op);
}

/*
 * Archives what has not been touched since `before` (wall clock, ms), with
 * `cause` in its row. RDV_E_STATE when it was; else as workspace_archive(), but
 * that nothing may be missing or precious either.
 */
static void
expire(struct workspaces *s, const struct worktree_who *who, const char *id,
    int64_t before, const char *cause, workspace_fn *cb, void *arg)
{
	struct ws_op *op = ws_new(s, who, id, cb, arg);

	op->wish = WORKSPACE_REMOVE | WORKSPACE_EXPIRES;
	op->goal = "archiving";
	op->before = before;
	op->expired = arena_strdup(op->arena, cause);
	ws_open(op, expire_start);
}

static void look_next(struct expiring *x);

static void
end(struct expiring *x, bool more)
{
	if (x->cb != NULL)
		x->cb(NULL, -1, more, x->arg);
	arena_free(x->arena);
	free(x);
}

/* This one stays, whatever the reason; without rdv-git all do. */
static void
stays(struct expiring *x, int err)
{
	if (err == RDV_E_UNAVAILABLE) {
		end(x, true);
		return;
	}
	x->at = (x->at + 1) % x->n;
	look_next(x);
}

static void
archived_cb(int err, const struct workspace *ws, const char *why, void *arg)
{
	struct expiring *x = arg;

	(void)ws;
	/* One that failed on its way may be gone in part: it counts. */
	x->archived++;
	if (err != 0)
		log_warnx("workspace", "%s does not expire: %s",
		    x->all[x->at].id, why);
	stays(x, err);
}

static void
expires(struct expiring *x)
{
	const struct candidate *c = &x->all[x->at];
	const int64_t days = (x->now - c->touched) / DAY_MS;

	if (x->cb != NULL) {
		x->cb(&x->ws.row, c->touched, false, x->arg);
		stays(x, 0);
		return;
	}
	expire(x->s, &x->who, c->id, x->before,
	    arena_printf(x->arena, "expired: untouched for %" PRId64 " days",
		days),
	    archived_cb, x);
}

static void
states_cb(int err, const struct workspace *ws, const char *why, void *arg)
{
	struct expiring *x = arg;

	(void)why;
	for (size_t i = 0; err == 0 && i < ws->n; i++)
		if (!ws_may_expire(&ws->parts[i]))
			err = RDV_E_DIRTY;
	if (err != 0)
		stays(x, err);
	else
		expires(x);
}

static void touched_next(struct expiring *x);

static void
touched_cb(int err, bool touched, const char *why, void *arg)
{
	struct expiring *x = arg;

	(void)why;
	if (err != 0 || touched) {
		stays(x, err);
		return;
	}
	x->part++;
	touched_next(x);
}

static void
touched_next(struct expiring *x)
{
	const struct workspaces *s = x->s;

	if (x->part < x->ws.n)
		worktree_touched(s->app->worktrees, &x->who,
		    &(struct worktree_quiet){ x->ws.parts[x->part].path,
			x->part == 0 ? x->ws.row.directory : NULL, x->before },
		    touched_cb, x);
	else
		workspace_states(x->s, &x->who, x->ws.row.id, states_cb, x);
}

static void
look_next(struct expiring *x)
{
	for (; x->left > 0 && x->archived < EXPIRE_MAX;
	     x->at = (x->at + 1) % x->n) {
		x->left--;
		x->part = 0;
		if (workspace_load(x->s->app->db, x->arena, x->who.user_id,
			x->all[x->at].id, &x->ws) != 0 ||
		    x->ws.n == 0)
			continue;
		touched_next(x);
		return;
	}
	end(x, x->n > LOOKS_MAX);
}

/* One that was touched in days to come is of another clock. */
static bool
candidate_cb(const struct store_workspace *w, void *arg)
{
	struct expiring *x = arg;
	int64_t touched;

	if (w->pinned || w->archived_at >= 0 ||
	    strcmp(w->state, "ready") != 0 ||
	    store_workspace_touched(x->s->app->db, w, &touched) != 0 ||
	    touched > x->before)
		return true;
	x->all[x->n++] =
	    (struct candidate){ arena_strdup(x->arena, w->id), touched };
	return true;
}

static int
by_age(const void *a, const void *b)
{
	const struct candidate *x = a, *y = b;

	return (x->touched > y->touched) - (x->touched < y->touched);
}

/* Of very many each round looks at others. */
static void
look_all(struct expiring *x)
{
	int err;

	x->all = arena_alloc(x->arena, WORKSPACES_MAX * sizeof(*x->all));
	err = store_workspaces_list(x->s->app->db, x->who.user_id, 0, NULL,
	    WORKSPACES_MAX, candidate_cb, x);
	if (err != 0 || x->n == 0) {
		end(x, err != 0);
		return;
	}
	qsort(x->all, x->n, sizeof(*x->all), by_age);
	x->left = x->n < LOOKS_MAX ? x->n : LOOKS_MAX;
	if (x->n > LOOKS_MAX)
		x->at = x->s->rounds * LOOKS_MAX % x->n;
	look_next(x);
}

static void
start(struct workspaces *s, const struct worktree_who *who,
    workspace_due_fn *cb, void *arg)
{
	const int64_t days = s != NULL ? s->app->conf->expire_days : 0;
	struct expiring *x = xcalloc(1, sizeof(*x));

	*x = (struct expiring){ .s = s,
		.arena = arena_new(),
		.who = *who,
		.now = clock_wall_ms(),
		.cb = cb,
		.arg = arg };
	x->before = x->now - days * DAY_MS;
	if (days == 0)
		end(x, false);
	else
		look_all(x);
}

void
workspaces_due(struct workspaces *s, const struct worktree_who *who,
    workspace_due_fn *cb, void *arg)
{
	start(s, who, cb, arg);
}

/*
 * Something was done a rest ago, or two: then the clock is not days ahead. A
 * start may be right after the jump, and nobody has seen that.
 */
static bool
is_known(const struct workspaces *s, const char *user_id, int64_t rest_ms)
{
	const int64_t now = clock_wall_ms();
	int64_t n;

	return store_worktrees_active(s->app->db, user_id, now - 2 * rest_ms,
		   now - rest_ms, &n) == 0 &&
	       n > 0;
}

void
workspaces_expire(struct workspaces *s, uid_t uid, bool first)
{
	struct worktree_who who = { .uid = uid };
	int64_t rest_ms;

	if (s == NULL || s->app->conf->expire_days == 0 ||
	    !worktreefix_who(s->app, &who))
		return;
	rest_ms = s->app->conf->cleanup_interval_hours * HOUR_MS;
	if (!ws_clock_round(&s->clock, rest_ms,
		is_known(s, who.user_id, rest_ms)) ||
	    first)
		return;
	s->rounds++;
	start(s, &who, NULL, NULL);
}
