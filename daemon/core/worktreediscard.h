/* SPDX-License-Identifier: MIT */
#ifndef RDV_WORKTREEDISCARD_H
#define RDV_WORKTREEDISCARD_H

#include "daemon/core/worktreechangeop.h"
#include "daemon/store/discards.h"

/* A discard under way, or one that is brought back; wt_change's `more`. */
struct wt_discard {
	struct store_discard row;
	bool noted;  /* the row says that it is under way */
	bool undoes; /* what failed is being taken back */
	bool settles;
	bool again;	     /* what a crash cut off behind the pin */
	bool torn;	     /* git may have written some of the files */
	const char *touched; /* names of the files, as wt_change's */
	size_t touched_len;
	const char *differ; /* of those, which are not as the index is */
	size_t differ_len;
	wt_step_fn *compared;
	struct wt_raw *raw; /* while worktreediscardraw.c is at it */
	const char *prefix; /* of its pins, so that none is lost */
	const char *before, *without, *with; /* trees of the index */
	const char *mid; /* as much of `with` as is there, too */
	const char *c_before, *c_without, *c_with, *wish;
	const char *both; /* names in work tree or index, as wt_change's */
	size_t both_len;
	int err;
	const char *why;
};

/* `id` NULL: a new one. The row is not read yet. */
struct wt_op *wt_discard_new(struct worktrees *w,
    const struct worktree_who *who, const struct worktree_change *change,
    const char *id, worktree_changed_fn *cb, void *arg);
/* Stores the row, with an event, and goes on when that is durable. */
void wt_discard_store(struct wt_op *op, bool insert, wt_step_fn *next);
/* The id that git printed; NULL after failing. */
const char *wt_discard_oid(struct wt_op *op, const struct git_result *r);
/* The step that throws away; ch->names are what is to go. */
void wt_discard_take(struct wt_op *op);
/* The row says `state`; the failure that was is told. */
void wt_discard_failed(struct wt_op *op, const char *state);
/* What git said is that it has written nothing: a file is another one. */
bool wt_discard_refused(const struct git_result *r);
/*
 * Later, with what was recorded in the index: d->differ is those of d->touched
 * whose files may be something else, or gone. Fails when git cannot tell.
 */
void wt_discard_compare(struct wt_op *op, wt_step_fn *next);
/*
 * worktreediscardraw.c: names the bytes of files that git keeps otherwise, and
 * brings them back over what git has just written of them.
 */
void wt_discard_keep_raw(struct wt_op *op, wt_step_fn *next);
void wt_discard_raw_back(struct wt_op *op, wt_step_fn *next);
/* Rows that a crash left under way. */
void wt_discard_settle(struct worktrees *w);

#endif
