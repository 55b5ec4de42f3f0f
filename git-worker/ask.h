/* SPDX-License-Identifier: MIT */
#ifndef RDV_ASK_H
#define RDV_ASK_H

#include <stdbool.h>

#include "git-worker/place.h"
#include "lib/gitproto.h"

/* What the questions of one call have in common. */
struct asking {
	struct arena *arena;
	struct place_rules rules;
	const char *trash;   /* where removed worktrees go; may be missing */
	const char *home;    /* of the account; NULL: not known */
	const char **search; /* set by "search"; or NULL */
	size_t nsearch;
};

/* Fills `f`, all zero before. False: there is no such question. */
bool ask_answer(struct asking *q, const char *question, const char *arg,
    struct git_fact *f);

#endif
