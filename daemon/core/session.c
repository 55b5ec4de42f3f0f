/* SPDX-License-Identifier: MIT */
/*
 * The life of a session after its creation: active and suspended change into
 * each other, closed is the end. Invariant: a session is closed only after its
 * run has ended, and one whose closing had begun when rdvd died is closed by
 * the next.
 */
#include "daemon/core/session.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/app.h"
#include "daemon/core/run.h"
#include "daemon/core/sessionstate.h"
#include "daemon/core/sessiontmux.h"
#include "daemon/event/event.h"
#include "daemon/loop.h"
#include "daemon/store/db.h"
#include "daemon/store/folders.h"
#include "daemon/term/term.h"
#include "lib/arena.h"
#include "lib/clock.h"
#include "lib/err.h"
#include "lib/js.h"
#include "lib/log.h"
#include "lib/xalloc.h"

static const char unsettled[] =
    "what became of its program is not known yet; try again shortly";

static void
emit(struct session_op *op, struct tx *tx, enum event_kind kind,
    const char *status)
{
	event_emit(tx, kind, op->row.user_id, op->row.id,
	    session_event(&op->row, status));
}

static bool
is(const struct session_op *op, const char *status)
{
	return strcmp(op->row.status, status) == 0;
}

/* One whose closing has begun is as good as closed: it gets no program. */
static bool
refuse_closed(struct session_op *op)
{
	if (op->row.closed_at < 0)
		return false;
	session_op_end(op, RDV_E_STATE,
	    is(op, "closed") ? "the session is closed"
			     : "the session is being closed");
	return true;
}

/* It is so already, but whoever made it so may still wait for the disk. */
static void
end_when_durable(struct session_op *op)
{
	session_op_commit(op, tx_begin(op->sessions->app->db), 0);
}

static int
judge_patch(struct session_op *op, const struct session_patch *p)
{
	struct store_folder folder;

	if (p->has_name && !session_name_ok(p->name, &op->why))
		return RDV_E_INVALID;
	if (!p->has_folder || p->folder_id == NULL)
		return 0;
	/* Told only if the look-up fails. */
	op->why = "folder_id: there is no such folder";
	return store_folder_get(op->sessions->app->db, op->arena,
	    op->who.user_id, p->folder_id, &folder);
}

struct patching {
	struct session_op *op;
	const struct session_patch *patch;
	session_row_fn *made;
};

/*
 * The answer is made of the row while it is at hand; of all its text only what
 * is written and told is copied.
 */
static bool
session_patch_cb(const struct store_session *s, const struct store_run *r,
    void *arg)
{
	const struct patching *patching = arg;
	const struct session_patch *p = patching->patch;
	struct session_op *op = patching->op;
	struct store_session row = *s;

	op->err = judge_patch(op, p);
	if (op->err != 0)
		return false;
	row.updated_at = clock_wall_ms();
	if (p->has_name)
		row.name = p->name;
	if (p->has_order)
		row.tab_order = p->tab_order;
	if (p->has_clipboard)
		row.clipboard = p->clipboard;
	if (p->has_folder)
		row.folder_id = p->folder_id;
	if (patching->made != NULL)
		patching->made(&row, r, op->who.arg);
	op->row = (struct store_session){
		.id = op->who.id,
		.user_id = op->who.user_id,
		.name = arena_strdup(op->arena, row.name),
		.status = arena_strdup(op->arena, row.status),
		.folder_id = row.folder_id == NULL
				 ? NULL
				 : arena_strdup(op->arena, row.folder_id),
		.tab_order = row.tab_order,
		.clipboard = row.clipboard,
		.updated_at = row.updated_at,
	};
	return false;
}

static int
write_patch(struct session_op *op, struct tx *tx, const struct session_patch *p)
{
	int err = 0;

	/* What a rule could refuse comes first, see tx_begin_bare(). */
	if (p->has_folder || p->has_order)
		err = store_session_place(tx, &op->row);
	return err == 0 ? store_session_update(tx, &op->row) : err;
}

void
session_update(struct sessions *s, const struct session_who *who,
    const struct session_patch *patch, session_row_fn *made)
{
	struct session_op *op = session_op_new(s, who);
	struct patching patching = { op, patch, made };
	struct tx *tx;
	int err;

	if (!session_op_read(op, session_patch_cb, &patching))
		return;
	if (op->err != 0) {
		session_op_end(op, op->err, op->why);
		return;
	}
	tx = tx_begin_bare(s->app->db);
	err = write_patch(op, tx, patch);
	if (err == 0)
		emit(op, tx, EV_SESSION_UPDATED, op->row.status);
	session_op_commit(op, tx, err);
}

void
session_reorder(struct sessions *s, const struct session_who *who,
    const char *const *ids)
{
	struct session_op *op = session_op_new(s, who);
	struct tx *tx = tx_begin(s->app->db);
	int64_t now = clock_wall_ms();
	int err = 0;

	for (int64_t i = 0; ids[i] != NULL && err == 0; i++) {
		op->why = arena_strdup(op->arena, ids[i]);
		err = store_session_order(tx, op->who.user_id, ids[i], i, now);
	}
	/*
	 * One event for all, without a subject: the list is to be read again.
	 */
	if (err == 0)
		event_emit(tx, EV_SESSION_UPDATED, op->who.user_id, NULL, NULL);
	session_op_commit(op, tx, err);
}

/* As tmux itself calls it: a detach. What runs there goes on without us. */
static void
leave_tmux(struct session_op *op, struct run *run, run_end_fn *next)
{
	run_on_end(run, next, op);
	run_stop(run, "the session was suspended: detached from tmux");
}

static void
session_left_cb(int err, void *arg)
{
	session_op_end(arg, err, "rdv is ending");
}

static void
session_suspended_cb(int err, void *arg)
{
	struct session_op *op = arg;
	bool unknown;
	struct run *run = session_op_run(op, &unknown);

	/* Now that it is durable: who comes back at once is told so, too. */
	if (err == 0 && run != NULL && run_term(run) != NULL)
		term_detach_all(run_term(run), "the session is suspended");
	if (err == 0 && run != NULL && session_is_tmux(&op->row))
		leave_tmux(op, run, session_left_cb);
	else
		session_op_end(op, err, NULL);
}

void
session_suspend(struct sessions *s, const struct session_who *who)
{
	struct session_op *op = session_op_new(s, who);
	struct tx *tx;

	if (!session_op_load(op) || refuse_closed(op))
		return;
	if (is(op, "suspended")) {
		end_when_durable(op);
		return;
	}
	tx = tx_begin(s->app->db);
	(void)store_session_status(tx, op->row.id, "suspended",
	    clock_wall_ms());
	emit(op, tx, EV_SESSION_UPDATED, "suspended");
	tx_commit(tx, session_suspended_cb, op);
}

static void
session_restarted_cb(int err, const char *why, void *arg)
{
	session_op_end(arg, err, why);
}

static void
session_resumed_cb(int err, void *arg)
{
	struct session_op *op = arg;

	if (err == 0) {
		session_launch(op, session_restarted_cb);
		return;
	}
	run_discard(op->run);
	session_op_end(op, err, NULL);
}

/* After a death: another run in the same session, where the last one was. */
static void
restart(struct session_op *op)
{
	bool pipes = op->has_run && strcmp(op->run_row.io, "pipes") == 0;
	struct tx *tx;

	/*
	 * No program may begin in a directory that is on its way to the trash.
	 */
	if (session_op_refuse_leaving(op))
		return;
	tx = tx_begin(op->sessions->app->db);
	op->row.run_id = session_new_id(op);
	op->run =
	    session_start_run(op, tx, pipes ? PRIV_IO_PIPES : PRIV_IO_PTY);
	(void)store_session_run(tx, op->row.id, op->row.run_id,
	    clock_wall_ms());
	emit(op, tx, EV_SESSION_UPDATED, "active");
	tx_commit(tx, session_resumed_cb, op);
}

static void session_reborn_cb(int, void *);
static void session_continued_cb(int, void *);

static void
resume(struct session_op *op)
{
	struct run *run;
	bool unknown;
	struct tx *tx;

	if (session_op_refuse_revoked(op) || !session_op_load(op) ||
	    refuse_closed(op))
		return;
	run = session_op_run(op, &unknown);
	if (unknown) {
		session_op_end(op, RDV_E_UNAVAILABLE, unsettled);
	} else if (run == NULL) {
		restart(op);
	} else if (run_has_ended(run)) {
		/* Its end can be read already, but is not durable yet. */
		run_on_end(run, session_reborn_cb, op);
	} else if (run_is_halted(run) && !op->continued) {
		op->continued = true;
		run_signal(run, SIGCONT, false, session_continued_cb, op);
	} else if (is(op, "active")) {
		end_when_durable(op);
	} else if (session_is_tmux(&op->row)) {
		/* A crash came between the word and the detach. */
		leave_tmux(op, run, session_reborn_cb);
	} else {
		tx = tx_begin(op->sessions->app->db);
		(void)store_session_status(tx, op->row.id, "active",
		    clock_wall_ms());
		emit(op, tx, EV_SESSION_UPDATED, "active");
		session_op_commit(op, tx, 0);
	}
}

/*
 * The old run is gone, with all its output recorded. Meanwhile the session may
 * have been closed, or have got a new run from somebody else who waited.
 */
static void
session_reborn_cb(int err, void *arg)
{
	if (err == 0)
		resume(arg);
	else
		session_op_end(arg, err, "rdv is ending");
}

/* Handed over, and in time it is told of; now for the session. */
static void
session_continued_cb(int err, void *arg)
{
	if (err != 0)
		session_op_end(arg, err,
		    "its program is stopped, and could not be told to go on");
	else
		resume(arg);
}

void
session_resume(struct sessions *s, const struct session_who *who)
{
	resume(session_op_new(s, who));
}

/* Its run is over: the last step. */
static void
session_run_ended_cb(int err, void *arg)
{
	struct session_op *op = arg;

	if (err != 0)
		session_op_end(op, err, "rdv is ending; the session follows");
	else
		session_op_over(op);
}

static void
end_run(struct session_op *op)
{
	bool unknown;
	struct run *run = session_op_run(op, &unknown);

	if (unknown) {
		/* sessions_settle() takes it up again. */
		session_op_end(op, RDV_E_UNAVAILABLE, unsettled);
	} else if (run == NULL) {
		session_run_ended_cb(0, op);
	} else {
		run_on_end(run, session_run_ended_cb, op);
		run_stop(run, "the session was closed");
	}
}

static void
session_closing_cb(int err, void *arg)
{
	struct session_op *op = arg;

	if (err == 0)
		session_tmux_kill(op, end_run);
	else
		session_op_end(op, err, NULL);
}

void
session_close(struct sessions *s, const struct session_who *who)
{
	struct session_op *op = session_op_new(s, who);
	struct tx *tx;

	if (!session_op_load(op))
		return;
	if (is(op, "closed")) {
		end_when_durable(op);
		return;
	}
	/*
	 * The intent comes first: a crash from here on ends in a closed
	 * session.
	 */
	tx = tx_begin(s->app->db);
	(void)store_session_closing(tx, op->row.id, clock_wall_ms());
	tx_commit(tx, session_closing_cb, op);
}

struct closing {
	struct sessions *sessions;
	struct session_op **ops;
	size_t n;
};

static bool
session_closing_row_cb(const struct store_session *row,
    const struct store_run *r, void *arg)
{
	struct closing *c = arg;
	struct session_who who = { .user_id = row->user_id, .id = row->id };

	(void)r;
	/*
	 * Collected first: what ends them writes to the table that is walked.
	 */
	c->ops = xreallocarray(c->ops, c->n + 1, sizeof(struct session_op *));
	c->ops[c->n++] = session_op_new(c->sessions, &who);
	return true;
}

void
sessions_settle(struct sessions *s)
{
	struct closing c = { .sessions = s };
	int err =
	    store_sessions_closing(s->app->db, session_closing_row_cb, &c);

	if (err != 0)
		log_errorx("session", "closing sessions cannot be read");
	for (size_t i = 0; i < c.n; i++)
		if (session_op_load(c.ops[i]))
			session_tmux_kill(c.ops[i], end_run);
	free(c.ops);
}
