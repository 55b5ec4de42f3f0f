/* SPDX-License-Identifier: MIT */
/*
 * What a crash left of workspaces. A creation is ended when all of its
 * worktrees are there, and undone otherwise; a removal and a filling go on.
 * Each worktree is settled first by itself (worktreefix.c), so what is still on
 * its way is looked at again a little later (abuse G20).
 */
#include "daemon/core/workspaceop.h"

#include <string.h>

#include "daemon/app.h"
#include "daemon/core/owner.h"
#include "daemon/core/worktreeop.h"
#include "daemon/loop.h"
#include "lib/arena.h"
#include "lib/log.h"
#include "lib/xalloc.h"

#define AGAIN_MS  500
#define PAUSE_MS  3000
#define PAUSE_MAX (10 * 60 * 1000LL)

/* What each state in between goes on with. */
static const struct {
	const char *state;
	ws_step_fn *step;
} unsettled[] = {
	{ "creating", ws_create_resume },
	{ "archiving", ws_end_start },
	{ "deleting", ws_end_start },
};

struct fixing {
	struct workspaces *s;
	ws_step_fn *step;
	const char *goal; /* as ws_op.goal */
	bool again;	  /* some are still on their way */
};

static void
fixed_cb(int err, const struct workspace *ws, const char *why, void *arg)
{
	struct workspaces *s = arg;

	if (err == 0)
		s->pause_ms = 0;
	else
		log_warnx("workspace", "%s (%s): %s",
		    ws != NULL ? ws->row.id : "?",
		    ws != NULL ? ws->row.state : "?", why);
}

/* One of its worktrees is being settled right now. */
static bool
is_moving(const struct workspaces *s, struct arena *a,
    const struct store_workspace *w, uid_t uid)
{
	struct workspace ws;

	if (workspace_load(s->app->db, a, w->user_id, w->id, &ws) != 0)
		return true;
	for (size_t i = 0; i < ws.n; i++)
		if (wt_in_flight(s->app->worktrees, NULL, uid, NULL,
			ws.parts[i].repo.worktree_id))
			return true;
	return false;
}

static void
go_on(struct fixing *f, const struct store_workspace *w,
    const struct worktree_who *who)
{
	struct ws_op *op = ws_new(f->s, who, w->id, fixed_cb, f->s);

	op->wish = (unsigned)w->wish;
	op->goal = f->goal;
	op->resumed = true;
	ws_open(op, f->step);
}

static bool
fix_one_cb(const struct store_workspace *w, void *arg)
{
	struct fixing *f = arg;
	struct worktree_who who;
	struct arena *a;

	if (ws_in_flight(f->s, w->id) ||
	    !owner_may_begin(f->s->app, w->user_id, &who))
		return true;
	a = arena_new();
	if (is_moving(f->s, a, w, who.uid))
		f->again = true;
	else
		go_on(f, w, &who);
	arena_free(a);
	return true;
}

static void
log_unread(int err)
{
	if (err != 0)
		log_warnx("workspace", "rows cannot be read: %s",
		    strerror(-err));
}

void
workspaces_settle(struct workspaces *s)
{
	struct fixing f = { .s = s };

	if (s == NULL)
		return;
	for (size_t i = 0; i < sizeof(unsettled) / sizeof(*unsettled); i++) {
		f.step = unsettled[i].step;
		f.goal = unsettled[i].state;
		log_unread(store_workspaces_in(s->app->db, unsettled[i].state,
		    fix_one_cb, &f));
	}
	f.step = ws_ensure_start;
	f.goal = NULL;
	log_unread(store_workspaces_mending(s->app->db, fix_one_cb, &f));
	if (f.again)
		loop_timer_set(s->settle, AGAIN_MS);
}

int64_t
ws_pause_after(int64_t ms)
{
	if (ms < PAUSE_MS)
		return PAUSE_MS;
	return ms < PAUSE_MAX / 2 ? 2 * ms : PAUSE_MAX;
}

void
ws_retry(struct ws_op *op)
{
	struct workspaces *s = op->s;

	if (!op->resumed) {
		s->pause_ms = 0;
		worktrees_reconcile(s->app->worktrees);
	} else if (!s->retrying) {
		/* Several that are stuck wait for the same moment. */
		s->retrying = true;
		s->pause_ms = ws_pause_after(s->pause_ms);
		loop_timer_set(s->retry, s->pause_ms);
	}
}

static void
retry_cb(void *arg)
{
	struct workspaces *s = arg;

	s->retrying = false;
	worktrees_reconcile(s->app->worktrees);
}

static void
settle_cb(void *arg)
{
	workspaces_settle(arg);
}

struct workspaces *
workspaces_new(struct app *app)
{
	struct workspaces *s = xcalloc(1, sizeof(*s));

	s->app = app;
	TAILQ_INIT(&s->ops);
	TAILQ_INIT(&s->ended);
	ws_clock_start(&s->clock);
	s->settle = loop_timer_new(app->loop, settle_cb, s);
	s->retry = loop_timer_new(app->loop, retry_cb, s);
	return s;
}
