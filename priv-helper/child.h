/* SPDX-License-Identifier: MIT */
#ifndef RDV_CHILD_H
#define RDV_CHILD_H

#include "lib/privproto.h"

struct account;
struct ahead_guess;
struct ops;
struct run;

/* Why a child was not started: DENIED with `why`, or FAILED with a stage. */
struct child_error {
	enum priv_result result;
	const char *stage; /* static */
	int err;
	bool stale; /* it was made before, and another may do */
	char why[PRIV_WHY_MAX + 1];
};

/* Fills `e`. False. */
bool child_failed(struct child_error *e, const char *stage, int err);
/* Fills `e`, but for `why`, for a start without a record. False. */
bool child_unrecorded(struct child_error *e);
/*
 * P3..P7 for `user` and a request that fits what `r` says of account, profile,
 * io and network: on success `r` has a reaper, its descriptors and a status
 * pipe, and its program begins. False with `e` filled otherwise; then one that
 * has a reaper is to be abandoned, and of another nothing is left behind.
 */
bool child_start(struct ops *o, const struct account *user,
    const struct priv_spawn *m, struct run *r, struct child_error *e);
/*
 * As much of that as takes no request, for a child_start() that is still to
 * come: the program's process waits. It shows what is expected, or waits until
 * that is known, too (NULL). False with nothing left behind.
 */
bool child_ahead(struct ops *o, const struct account *user, struct run *r,
    const struct ahead_guess *guess);

#endif
