/* SPDX-License-Identifier: MIT */
#ifndef RDV_AGENTFIND_H
#define RDV_AGENTFIND_H

#include <stddef.h>
#include <stdint.h>

#include "daemon/core/worktree.h"

/*
 * The agents of an account: what of each is there, looked at with the account's
 * own eyes. Nothing is started for it.
 */
enum agentfind_state {
	AGENTFIND_READY,     /* there, and somebody has signed in */
	AGENTFIND_INSTALLED, /* there; whether it is signed in cannot be seen */
	AGENTFIND_SIGN_IN,   /* there, and nobody has signed in by it */
	AGENTFIND_REFUSED,   /* there, where others could replace it */
	AGENTFIND_MISSING
};

struct agentfind {
	const char *name; /* "CODEX" */
	const char *help;
	enum agentfind_state state;
	const char *program; /* absolute, or NULL */
	int64_t signed_in;   /* ms since the epoch, or -1 */
	bool traces;	     /* it was used here, whether it is there or not */
	const char *needs;   /* what a person has to do, or NULL */
	/* Where it is confined: it has a home there that is none of theirs. */
	const char *home;	       /* absolute; may be missing yet */
	enum agentfind_state confined; /* as `state`, by what is in there */
	int64_t confined_in;	       /* as `signed_in` */
	const char *confined_needs;    /* as `needs` */
	const char *const *sign_in;    /* arguments that sign somebody in */
};

/* Later, once; errors as those of worktree_create(). Valid during the call. */
typedef void agentfind_fn(int err, const struct agentfind *found, size_t n,
    const char *why, void *arg);
void agentfind(struct worktrees *w, const struct worktree_who *who,
    agentfind_fn *cb, void *arg);

#endif
