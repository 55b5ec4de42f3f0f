/* SPDX-License-Identifier: MIT */
#ifndef RDV_RESETSTATE_H
#define RDV_RESETSTATE_H

#include <sys/queue.h>

#include "daemon/core/reset.h"
#include "daemon/core/workspaceop.h"
#include "daemon/core/worktreereset.h"
#include "lib/list.h"
#include "lib/secret.h"

/* What core/reset*.c share. */

struct reset;
typedef void reset_step_fn(struct reset *r);

/* One that is under way. Strings live in its arena. */
struct reset {
	TAILQ_ENTRY(reset) link;
	struct resets *s;
	struct arena *arena;
	struct worktree_who who;
	struct store_reset row;	 /* as it was last durable */
	struct store_reset next; /* what becomes of it, being stored */
	struct ws_op *op;	 /* it has the workspace for itself; or NULL */
	struct reset_part *parts;
	size_t n, i;  /* `i`: the one that is at work */
	reset_fn *cb; /* NULL: nobody waits, a crash cut it off */
	void *arg;
	reset_step_fn *then;
	bool waits;	   /* for what is at work to end */
	bool resumed;	   /* it was put off, or an earlier daemon began it */
	bool cleared;	   /* the part: what was not committed is discarded */
	const char *head;  /* of the part that is at work, as it was seen */
	const char *stays; /* why the part cannot go back; or NULL */
	const char *late;  /* why one of them goes back later; or NULL */
	int err;	   /* of what it fails with */
	const char *why, *code;
};

struct resets {
	struct app *app;
	TAILQ_HEAD(, reset) all;
	struct loop_timer *retry;
	int64_t pause_ms;
	bool poked; /* a look is with the loop */
};

struct reset *reset_new(struct resets *s, const struct worktree_who *who,
    reset_fn *cb, void *arg);
/* Answers, and it is over. */
void reset_answer(struct reset *r, int err, const char *why);
/* Whether all that was at work there is over; then it goes on. */
void reset_wait(struct reset *r);
/*
 * Stores r->next in place of r->row with an event, and goes on when that is
 * durable. reset_tx() begins it, for what belongs in the same transaction.
 */
struct tx *
reset_tx(struct reset *r, const char *state, const char *cause, bool over);
void reset_store(struct reset *r, struct tx *tx, reset_step_fn *then);

/* resetlook.c: it has the workspace for itself. */
void reset_held(struct reset *r);
/* resetgo.c: all are looked at, or some were moved already. */
void reset_move(struct reset *r);
/* resetback.c: those that were moved go back, with r->err and r->why. */
void reset_back(struct reset *r);
/* resetfix.c: it is tried again later, as it could not be ended now. */
void reset_retry(struct reset *r);

/* resetpart.c: the one that is at work. */
struct reset_part *reset_part(struct reset *r);
bool reset_same(const char *a, const char *b);
const char *reset_keep(struct reset *r, const char *s);
int64_t reset_files(const struct worktree_changed *how);
/* "<r->why so far>; <repository>: <why>" into r->why. */
void reset_add_why(struct reset *r, const char *why);
/* It from `from`, or wherever it is, to `to`, with its own name for `from`. */
struct worktree_reset
reset_wish_of(struct reset *r, const char *from, const char *to);
/* Into `tx`: what is known of each of them by now. */
void reset_store_parts(struct reset *r, struct tx *tx);
/* Stores that, with discard_id. */
void reset_note_moved(struct reset *r, bool moved, reset_step_fn *then);
/* And that git is told now, so it is not durable too late: before it. */
void reset_note_begun(struct reset *r, reset_step_fn *then);
/* Remembers of the part whether git has failed as it wrote, or after. */
void
reset_note_torn(struct reset *r, int err, const struct worktree_changed *how);
/* Nothing that git has written in the part is half done. */
void reset_note_whole(struct reset *r);
/* Only a later rdvd can go on with it, or this one in a while. */
bool reset_is_later(const struct reset *r, int err);
void reset_later(struct reset *r, int err, const char *why);

#endif
