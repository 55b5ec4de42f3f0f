/* SPDX-License-Identifier: MIT */
#ifndef RDV_CLONEPROC_H
#define RDV_CLONEPROC_H

#include <stdbool.h>
#include <stdint.h>

#include "daemon/core/clonetalk.h"
#include "daemon/core/worktree.h"

struct app;
struct cloneproc;

/* Strings are copied. */
struct cloneproc_start {
	const struct worktree_who *who;
	const char *profile;
	const char *dir;	  /* working directory, absolute */
	const char *const *argv;  /* its first is found in the PATH */
	const char *const *paths; /* that it may write, NULL-terminated */
	bool bound;		  /* what it may bring into `dir` is */
};

/*
 * One `git clone` of an account's, as a run of it through the helper. `heard`
 * comes whenever the progress has changed; `end` later, once, and frees nothing
 * but what the callee frees: 0 and the status (128 + signal), or RDV_E_SPAWN,
 * RDV_E_DENIED, RDV_E_BUSY or RDV_E_TOO_BIG with a sentence, or
 * RDV_E_UNAVAILABLE: it may still run, and is ended by whoever takes the
 * inventory (core/reconcile.c).
 */
typedef void cloneproc_heard_fn(void *arg);
typedef void cloneproc_end_fn(int err, int status, const char *why, void *arg);
struct cloneproc *
cloneproc_new(struct app *app, const struct cloneproc_start *start,
    cloneproc_heard_fn *heard, cloneproc_end_fn *end, void *arg);
/* Ends it with all it started; `end` comes all the same. Twice is once. */
void cloneproc_stop(struct cloneproc *p);
const struct clone_talk *cloneproc_talk(const struct cloneproc *p);
/* Nothing is called any more; NULL is fine. What runs is not ended by this. */
void cloneproc_free(struct cloneproc *p);

#endif
