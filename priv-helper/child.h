/* SPDX-License-Identifier: MIT */
#ifndef RDV_CHILD_H
#define RDV_CHILD_H

#include "lib/privproto.h"

struct account;
struct ops;
struct run;

/* Why a child was not started: DENIED with `why`, or FAILED with a stage. */
struct child_error {
	enum priv_result result;
	const char *stage; /* static */
	int err;
	char why[PRIV_WHY_MAX + 1];
};

/* Fills `e`. False. */
bool child_failed(struct child_error *e, const char *stage, int err);
/* Fills `e`, but for `why`, for a start without a record. False. */
bool child_unrecorded(struct child_error *e);
/*
 * P3..P7 for `user` and a request that names a known profile: on success `r`
 * has a reaper, its descriptors and a status pipe. False with `e` filled and
 * nothing left behind otherwise.
 */
bool child_start(struct ops *o, const struct account *user,
    const struct priv_spawn *m, struct run *r, struct child_error *e);

#endif
