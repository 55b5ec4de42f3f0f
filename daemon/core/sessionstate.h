/* SPDX-License-Identifier: MIT */
#ifndef RDV_SESSIONSTATE_H
#define RDV_SESSIONSTATE_H

#include <sys/queue.h>

#include "daemon/core/session.h"
#include "daemon/store/runs.h"
#include "daemon/store/sessions.h"

struct app;
struct arena;
struct js;
struct run;
struct session_making;
struct tx;

/* What core/session*.c share. */
struct sessions {
	struct app *app;
	struct loop_timer *again;	     /* sessiontmux.c; or NULL */
	TAILQ_HEAD(, session_making) making; /* not yet rows: sessionnew.c */
};

/*
 * One request from its call to its answer. Everything it needs is copied into
 * an arena, the caller's or its own, and is freed by session_op_end().
 */
struct session_op {
	struct sessions *sessions;
	struct arena *arena;
	struct session_who who; /* its strings live in the arena */
	struct store_session row;
	bool has_run;
	struct store_run run_row;
	struct run *run; /* being started */
	int err;	 /* to be answered, perhaps after a last change */
	const char *why;
	const char *adopt; /* the tmux session it takes over; or NULL */
	bool continued;	   /* its program was stopped, and was told to go on */
	bool in_tmux;	   /* tmux has made or renamed its session */
	void *more;	   /* the call's own, in the arena */
};

struct session_op *
session_op_new(struct sessions *s, const struct session_who *who);
/* Answers and frees. `why` may be NULL or live in the op's arena. */
void session_op_end(struct session_op *op, int err, const char *why);
/* Loads row and run; false when that was answered. */
bool session_op_load(struct session_op *op);
/* Of any kind, a conversation too, with that run of it and no other. */
bool session_op_load_run(struct session_op *op, const char *run_id);
/* The same for a caller who keeps what it needs of them. */
bool session_op_read(struct session_op *op, store_session_fn *cb, void *arg);
/* The live run of a row, or NULL; *unknown: not settled yet. */
struct run *
session_run_of(struct app *app, const struct store_run *row, bool *unknown);
/* The same of the op's session. */
struct run *session_op_run(struct session_op *op, bool *unknown);
/* Commits; the op ends with 0 when durable. */
void session_op_commit(struct session_op *op, struct tx *tx, int err);
const char *session_new_id(struct session_op *op);
/* The strings of a JSON array in the arena, NULL-terminated; NULL: none. */
const char *const *session_strings(struct arena *a, const char *text);
/* The variables of its program, "NAME=value", in the arena. */
const char *const *session_env(struct session_op *op);
/* Where its next run begins; NULL: at home. */
const char *session_cwd(const struct session_op *op);
/* After a wait: true when it was refused, as its credential has ended (C13). */
bool session_op_refuse_revoked(struct session_op *op);
/* Before a run: true when it was refused, as its directory is going away. */
bool session_op_refuse_leaving(struct session_op *op);
/*
 * Writes a new run with the id op->row.run_id into `tx`, after the session it
 * belongs to.
 */
struct run *
session_start_run(struct session_op *op, struct tx *tx, enum priv_io io);
/*
 * The session is over, with the credentials that were for it alone: writes
 * that and commits; the op ends with op->err and op->why.
 */
void session_op_over(struct session_op *op);
/* Event body of a session. */
struct js *session_event(const struct store_session *s, const char *status);

#endif
