/* SPDX-License-Identifier: MIT */
#ifndef RDV_WORKSPACEOP_H
#define RDV_WORKSPACEOP_H

#include <sys/queue.h>

#include "daemon/core/workspace.h"
#include "daemon/core/workspaceclock.h"
#include "daemon/core/worktreespace.h"
#include "daemon/event/event.h"
#include "lib/secret.h"

struct ws_op;
typedef void ws_step_fn(struct ws_op *op);

/*
 * One operation on a workspace: a chain of operations on its worktrees, part
 * after part, kept alive by the list until it has answered. Strings live in its
 * arena.
 */
struct ws_op {
	TAILQ_ENTRY(ws_op) link;
	struct workspaces *s;
	struct arena *arena;
	struct worktree_who who;
	const char *id; /* of the workspace */
	struct workspace ws;
	size_t i; /* the part that is at work */
	ws_step_fn *next, *opened;
	workspace_fn *cb;
	void *arg;
	void *own; /* what a step of another file needs */

	const struct workspace_spec *spec; /* of a creation */
	unsigned wish;			   /* WORKSPACE_* */
	int64_t before;	     /* not touched since, or it does not expire */
	const char *expired; /* says so; NULL: somebody wishes it */
	const char *goal;    /* "archiving" or "deleting"; NULL: neither */
	bool restores;	     /* from the trash, too */
	bool resumed;	     /* what a crash cut off */
	bool again;	     /* the part was tried once already */
	bool roomed; /* others wait until it is over (worktreequota.h) */
	struct loop_timer *limit; /* of its archive script, or NULL */

	int err; /* of the failure that is being undone */
	const char *why;
	bool known;    /* ws is filled */
	bool deferred; /* its next step is with the loop */
	bool waiting;  /* for another one of this workspace */
};
TAILQ_HEAD(ws_ops, ws_op);

struct workspaces {
	struct app *app;
	struct ws_ops ops, ended;
	struct loop_timer *settle, *retry;
	struct ws_clock clock;
	unsigned rounds;  /* of expiry */
	int64_t pause_ms; /* before the next retry, which is set when > 0 */
	bool retrying;
};

/* `id` NULL: of one that is to be made. Nobody is told of it (cb NULL). */
struct ws_op *ws_new(struct workspaces *s, const struct worktree_who *who,
    const char *id, workspace_fn *cb, void *arg);
/* `step` later, when no earlier one is at work on this workspace. */
void ws_enter(struct ws_op *op, ws_step_fn *step);
/* The same, with the workspace loaded; fails when there is none. */
void ws_open(struct ws_op *op, ws_step_fn *step);
/* Answers, and it is over. */
void ws_answer(struct ws_op *op, int err, const char *why);
/*
 * Before the first that it does: the last look at its credential. False: that
 * has ended, and it was answered.
 */
bool ws_begins(struct ws_op *op);
/* An operation is at work on it, or waits to be. */
bool ws_in_flight(const struct workspaces *s, const char *id);

/*
 * Stores the row with an event, and goes on when that is durable: also the part
 * that is at work, or all of it, as it is new; or an archiving begins with it,
 * in which no archive script has run yet.
 */
enum ws_store { WS_ROW, WS_PART, WS_INSERT, WS_GOAL };
void ws_store(struct ws_op *op, enum ws_store what, enum event_kind kind,
    ws_step_fn *next);
/* Reads the part's worktree once more; 0 or -errno. */
int ws_tree(struct ws_op *op, struct workspace_part *p);
/* "<repository>: <why>". */
const char *ws_of_part(struct ws_op *op, const char *why);
/* "its repository is gone from <path>", of the part that is at work. */
const char *ws_of_gone(struct ws_op *op);
/*
 * Copies what the part's repository wants in each worktree. `cb` gets the
 * operation.
 */
void ws_copy(struct ws_op *op, worktree_done_fn *cb);

/* Whether what has the part's path now is its worktree, and no later one. */
bool ws_is_ours(struct ws_op *op, const struct workspace_part *p);
/* Being made or moved: it is settled by itself (worktreefix.c). */
bool ws_is_moving(const struct workspace_part *p);
/*
 * What is not settled is gone on with later; with growing pauses when that was
 * tried before.
 */
void ws_retry(struct ws_op *op);
/* The pause after one of `ms`; a seam for tests. */
int64_t ws_pause_after(int64_t ms);

/* What workspace_states() has found of it: nothing is in the way of that. */
bool ws_may_expire(const struct workspace_part *p);

/*
 * Ends what runs there for the workspace itself: dev servers, and an archive
 * script that a crash cut off. `done` follows, with the first part at work,
 * unless the credential has ended before that.
 */
void ws_scripts_quiet(struct ws_op *op, ws_step_fn *done);
/*
 * Runs the archive scripts that have not ended yet, each for at most
 * conf.archive_timeout_ms. `done` follows with op->err 0, RDV_E_STATE when one
 * has failed or was stopped and nothing goes by force, or RDV_E_UNAVAILABLE;
 * op->why says more.
 */
void ws_scripts_run(struct ws_op *op, ws_step_fn *done);

/* From ws_open() on, for what a crash cut off. */
void ws_create_resume(struct ws_op *op);
void ws_end_start(struct ws_op *op);
void ws_ensure_start(struct ws_op *op);

#endif
