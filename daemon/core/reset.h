/* SPDX-License-Identifier: MIT */
#ifndef RDV_RESET_H
#define RDV_RESET_H

#include <stdbool.h>
#include <stddef.h>

#include "daemon/core/worktree.h"
#include "daemon/store/conversations.h"
#include "daemon/store/resets.h"

struct app;
struct js;
struct resets;

/*
 * Conversations that are taken back to before one of their turns: what is at
 * work is stopped, scripts and dev servers too, every repository is looked at,
 * then each goes back to where it stood before the turn, and the turn and all
 * after it are dropped. Its row is there before anything is done; what a crash
 * cuts off is gone on with. No turn and no script begins in that workspace
 * meanwhile.
 *
 * Nothing is lost: the commit that a branch leaves is called
 * refs/rdv/rescue/<id>-<place>, and what is not committed stands against it or,
 * by force, goes where discards are restored from.
 */
struct resets *resets_new(struct app *app);
/* NULL is fine for these. */
void resets_free(struct resets *s);
/* rdvd ends: those that wait hear it. */
void resets_let_go(struct resets *s);
/* A chain or a script is over; maybe somebody waits for that. */
void resets_poke(struct resets *s);
/* Goes on with what a crash left, once worktrees are being settled. */
void resets_settle(struct resets *s);

/* Of one repository. */
struct reset_part {
	struct store_reset_repo row;
	int64_t files;	 /* that are not committed */
	const char *why; /* what stands against it, or NULL */
	bool yields;	 /* by force that would not */
	bool torn;	 /* git has failed, or was cut off, as it wrote */
};

struct reset_told {
	const struct store_reset *row; /* NULL: nothing was begun */
	const struct reset_part *parts;
	size_t n;
	const char *code; /* of a refusal, or NULL */
};

/*
 * Later or at once, and once. RDV_E_NOT_FOUND: that conversation has no such
 * turn, or reset; RDV_E_STATE: it is closed, the turn is dropped already, or a
 * repository stands against it; RDV_E_BUSY: another conversation's agent, a
 * reset or a process is at work there; RDV_E_DIRTY: something is not committed
 * and `force` was not said; RDV_E_MIDWAY; RDV_E_UNAVAILABLE: it is gone on with
 * later. Each with a sentence that names the repository.
 */
typedef void
reset_fn(int err, const struct reset_told *told, const char *why, void *arg);
struct reset_wish {
	const struct store_conversation *conversation;
	const char *turn_id; /* the first to be dropped */
	bool force;
};
void reset_begin(struct resets *s, const struct worktree_who *who,
    const struct reset_wish *wish, reset_fn *cb, void *arg);

/*
 * Takes the last one back: the repositories go to where they were, and the
 * turns count again; what was discarded is restored by itself. RDV_E_NOT_FOUND:
 * there is none; RDV_E_STATE, also HEAD_MOVED: something has come since;
 * RDV_E_DIRTY: something is not committed; and as above.
 */
void reset_undo(struct resets *s, const struct worktree_who *who,
    const struct store_conversation *c, reset_fn *cb, void *arg);

/* As clients and events have it; the caller's. */
struct js *reset_json(const struct store_reset *r,
    const struct reset_part *parts, size_t n);

#endif
