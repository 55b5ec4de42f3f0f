/* SPDX-License-Identifier: MIT */
#ifndef RDV_PINS_H
#define RDV_PINS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/core/worktreeop.h"

/*
 * The end of the names under refs/rdv: those of the trash and of discards,
 * rescued commits, dropped stashes and deleted branches are kept for as long as
 * the trash is, from when their row was last changed.
 */

/* What belongs together: the references of one row, or one alone. */
struct pin_item {
	const char *repo; /* of the main work tree */
	/* The reference, or what they begin with: "refs/rdv/trash/<id>". */
	const char *name;
	const char *id; /* of the row; NULL: no row says what it is */
	int64_t since;	/* wall clock, ms; -1: not known */
};

/*
 * Those whose time is over, and those of which no row is known, which nobody
 * but their owner takes away. `more`: not all was looked at. Strings are valid
 * during the call.
 */
typedef void
pins_fn(const struct pin_item *items, size_t n, bool more, void *arg);
/* Later, once; RDV_E_UNAVAILABLE ends in `more`. */
void pins_look(struct worktrees *w, const struct worktree_who *who, pins_fn *cb,
    void *arg);
/*
 * A round of that account's, begun now: of some repositories, behind that of
 * the last round, as many as may go at once.
 */
void pins_tidy(struct worktrees *w, struct wt_round *r);

/*
 * Stores that `name`, of the repository at op->top, is in `state`, and goes on
 * when that is durable. Before a reference is made, and before one goes.
 */
void pin_store(struct wt_op *op, const char *name, const char *state,
    wt_step_fn *next);

enum pin_verdict { PIN_KEPT, PIN_DUE, PIN_UNKNOWN };

/*
 * What the rows say of item->name in item->repo (pinjudge.c). It is due when
 * what it is of was last changed before `before`. Fills in id and since; an
 * error reading a row is PIN_KEPT.
 */
enum pin_verdict
pin_judge(struct wt_op *op, struct pin_item *item, int64_t before);
/* How much of a reference's name is the item's; 0: it is none of rdv's. */
size_t pin_name_len(const char *ref);

#endif
