/* SPDX-License-Identifier: MIT */
/*
 * The life of what goes to a remote or comes from it: begun, written down,
 * cancelled, shown. Invariant: nothing leaves this host before the row that
 * tells of it is durable.
 */
#include "daemon/core/transfer.h"

#include <stdlib.h>
#include <string.h>

#include "daemon/app.h"
#include "daemon/core/cloneproc.h"
#include "daemon/core/gitnet.h"
#include "daemon/core/transferstate.h"
#include "daemon/event/event.h"
#include "daemon/loop.h"
#include "daemon/store/db.h"
#include "lib/arena.h"
#include "lib/clock.h"
#include "lib/err.h"
#include "lib/js.h"
#include "lib/xalloc.h"

/* At once, of one account: each is a process and somebody's network. */
#define LIVE_MAX 4
/* A git of an earlier daemon is being ended, and gets 2 s for that. */
#define SETTLE_MS 3000

struct transfers *
transfers_new(struct app *app)
{
	struct transfers *ts = xcalloc(1, sizeof(*ts));

	ts->app = app;
	TAILQ_INIT(&ts->live);
	ts->settle = loop_timer_new(app->loop, transferfix_settle_cb, ts);
	return ts;
}

void
transfers_free(struct transfers *ts)
{
	loop_timer_free(ts->settle);
	free(ts);
}

void
transfers_reconcile(struct transfers *ts)
{
	loop_timer_set(ts->settle, SETTLE_MS);
}

struct transfer *
transfer_find(const struct transfers *ts, const char *user_id, const char *id)
{
	struct transfer *t;

	TAILQ_FOREACH (t, &ts->live, link)
		if (t->noted && strcmp(t->row.id, id) == 0 &&
		    strcmp(t->row.user_id, user_id) == 0)
			return t;
	return NULL;
}

void
transfer_over(struct transfer *t)
{
	if (t->over)
		return;
	t->over = true;
	cloneproc_free(t->proc);
	t->proc = NULL;
	TAILQ_REMOVE(&t->ts->live, t, link);
	wt_end(t->op);
}

static bool
is_in(const struct transfer *t, const char *state)
{
	return t->row.state != NULL && strcmp(t->row.state, state) == 0;
}

/*
 * Before the row the caller hears of it. Without the helper nothing can be
 * known or undone: the row stays as it is and is settled when there is one.
 */
static void
transfer_fail(struct wt_op *op, int err, const char *why)
{
	struct transfer *t = op->own;

	if (t->over)
		return;
	if (t->cb != NULL) {
		t->cb(err, NULL, why, t->arg);
		transfer_over(t);
	} else if (err == RDV_E_UNAVAILABLE || err < 0) {
		if (!t->ts->app->draining)
			transfers_reconcile(t->ts);
		transfer_over(t);
	} else if (t->row.outcome != NULL) {
		transfer_stays(t, why);
	} else if (is_in(t, "landing") && strcmp(t->row.kind, "push") == 0) {
		/* It has arrived; what is remembered of that is the lesser. */
		transfer_end(t, "done", NULL, why);
	} else if (t->unsure) {
		transfer_end(t, "failed",
		    t->row.code != NULL ? t->row.code : "OUTCOME_UNKNOWN",
		    arena_printf(op->arena,
			"%s; whether it has arrived could not be asked", why));
	} else {
		transfer_end(t, "failed",
		    err == RDV_E_TOO_BIG ? "TOO_LARGE" : "GIT_FAILED", why);
	}
}

struct transfer *
transfer_new(struct transfers *ts, const struct worktree_who *who)
{
	struct wt_op *op = wt_new(ts->app->worktrees, who, true, transfer_fail);
	struct transfer *t = arena_alloc(op->arena, sizeof(*t));

	*t = (struct transfer){ .ts = ts, .op = op };
	op->own = t;
	/* Its directory is beside what lies in the trash. */
	op->keeps = true;
	TAILQ_INSERT_TAIL(&ts->live, t, link);
	return t;
}

static void
transfer_stored_cb(int err, void *arg)
{
	struct transfer *t = arg;

	if (t->over)
		return;
	if (err != 0)
		wt_fail(t->op, err, "the database cannot be written: %s",
		    strerror(-err));
	else
		t->next(t->op);
}

static bool
has_ended(const struct store_transfer *row)
{
	return row->outcome != NULL && strcmp(row->state, row->outcome) == 0;
}

void
transfer_store(struct transfer *t, const char *state, wt_step_fn *next)
{
	const bool insert = !t->noted;
	struct tx *tx;

	if (!wt_begins(t->op))
		return;
	tx = tx_begin(t->ts->app->db);
	t->next = next;
	t->row.state = state;
	t->row.updated_at = clock_wall_ms();
	/* Errors stay in the transaction and are told by its end. */
	if (insert) {
		(void)store_transfer_insert(tx, &t->row);
		(void)store_transfers_trim(tx, t->row.user_id, TRANSFERS_SHOWN);
	} else {
		(void)store_transfer_change(tx, &t->row);
	}
	event_emit(tx,
	    insert		 ? EV_TRANSFER_STARTED
	    : has_ended(&t->row) ? EV_TRANSFER_ENDED
				 : EV_TRANSFER_PROGRESS,
	    t->row.user_id, t->row.id, transfer_json(t->op->w, &t->row));
	tx_commit(tx, transfer_stored_cb, t);
}

/* From now on it goes on by itself, whatever becomes of its request. */
static void
noted(struct wt_op *op)
{
	struct transfer *t = op->own;
	transfer_made_fn *cb = t->cb;

	t->cb = NULL;
	t->noted = true;
	/* A network may take its time; others need the repository. */
	wt_leave(op);
	cb(0, &t->row, NULL, t->arg);
	transfer_go(op);
}

void
transfer_note(struct transfer *t)
{
	struct arena *a = t->op->arena;
	char id[UUID_TEXT];

	uuid_v7(id);
	t->row.id = arena_strdup(a, id);
	t->row.user_id = t->op->who.user_id;
	t->row.path = t->op->at;
	t->row.repo_path = t->op->top;
	t->row.temp_path =
	    arena_printf(a, "%s/.rdv-transfer-%s", t->op->trash, id);
	t->row.created_at = clock_wall_ms();
	transfer_store(t, "making", noted);
}

static unsigned
count_live(const struct transfers *ts, uid_t uid)
{
	const struct transfer *t;
	unsigned n = 0;

	TAILQ_FOREACH (t, &ts->live, link)
		n += t->op->who.uid == uid;
	return n;
}

static void
begin(struct wt_op *op)
{
	struct transfer *t = op->own;

	if (count_live(t->ts, op->who.uid) > LIVE_MAX)
		wt_fail(op, RDV_E_BUSY,
		    "%d pushes and fetches are under way; wait for one, or "
		    "cancel it",
		    LIVE_MAX);
	else
		wt_open(op, t->spec.path, transfer_ask);
}

static const char *
keep(struct arena *a, const char *s)
{
	return s != NULL ? arena_strdup(a, s) : NULL;
}

void
transfer_start(struct worktrees *w, const struct worktree_who *who,
    const struct transfer_spec *spec, transfer_made_fn *cb, void *arg)
{
	struct transfer *t = transfer_new(w->transfers, who);
	struct arena *a = t->op->arena;

	t->cb = cb;
	t->arg = arg;
	t->spec = *spec;
	t->spec.path = arena_strdup(a, spec->path);
	t->spec.remote = keep(a, spec->remote);
	t->spec.lease = keep(a, spec->lease);
	t->row.kind = arena_strdup(a, spec->kind);
	t->row.upstream = spec->upstream;
	t->row.prune = spec->prune;
	wt_later(t->op, begin);
}

/* What it is by now, though that may not be durable yet. */
static int
read_row(struct transfers *ts, struct arena *a, const struct worktree_who *who,
    const char *id, struct store_transfer *row)
{
	const struct transfer *t = transfer_find(ts, who->user_id, id);

	if (t == NULL)
		return store_transfer_get(ts->app->db, a, who->user_id, id,
		    row);
	*row = t->row;
	return 0;
}

/* Before the end is looked for there is something to be ended. */
static bool
can_be_cancelled(const struct store_transfer *row)
{
	static const char *const states[] = { "making", "reading", "working" };

	for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++)
		if (strcmp(row->state, states[i]) == 0)
			return true;
	return false;
}

int
transfer_cancel(struct worktrees *w, struct tx *tx, struct arena *a,
    const struct worktree_who *who, const char *id, struct store_transfer *row,
    const char **why)
{
	struct transfer *t = transfer_find(w->transfers, who->user_id, id);
	int err = read_row(w->transfers, a, who, id, row);

	if (err == RDV_E_NOT_FOUND)
		*why = "there is no such transfer";
	if (err != 0)
		return err;
	if (!can_be_cancelled(row)) {
		*why = "it has ended";
		return RDV_E_STATE;
	}
	/* A crash before git has ended leaves a row that says so. */
	row->cancelled = true;
	err = store_transfer_change(tx, row);
	if (err == 0 && t != NULL) {
		t->row.cancelled = true;
		if (t->proc != NULL)
			cloneproc_stop(t->proc);
	}
	return err;
}

struct js *
transfer_json(const struct worktrees *w, const struct store_transfer *row)
{
	const struct transfer *t =
	    transfer_find(w->transfers, row->user_id, row->id);
	struct js *o = js_object();

	js_add_str(o, "id", row->id);
	js_add_str(o, "kind", row->kind);
	js_add_str(o, "path", row->path);
	js_add_str(o, "repo_path", row->repo_path);
	js_add_str(o, "remote", row->remote);
	js_add_str(o, "url", row->url);
	js_add_str(o, "branch", row->branch);
	js_add_str(o, "commit", row->commit);
	js_add_bool(o, "force", row->lease != NULL);
	js_add_str(o, "state", row->state);
	js_add_bool(o, "cancelled", row->cancelled);
	js_add_str(o, "code", row->code);
	js_add_str(o, "cause", row->cause);
	js_add_json(o, "said", row->said_json);
	js_add_int(o, "changed", row->changed);
	if (t != NULL && t->proc != NULL)
		js_add(o, "progress",
		    gitnet_progress(&cloneproc_talk(t->proc)->now));
	else
		js_add_str(o, "progress", NULL);
	js_add_ms(o, "created_at", row->created_at);
	js_add_ms(o, "updated_at", row->updated_at);
	return o;
}
