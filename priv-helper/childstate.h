/* SPDX-License-Identifier: MIT */
#ifndef RDV_CHILDSTATE_H
#define RDV_CHILDSTATE_H

/* What child.c and processes.c share; nobody else includes it. */
#include <limits.h>
#include <stdbool.h>

#include "priv-helper/cgroup.h"
#include "priv-helper/child.h"
#include "priv-helper/egress.h"
#include "priv-helper/limits.h"
#include "priv-helper/reach.h"
#include "priv-helper/spare.h"
#include "security/nspace.h"

/* What is built for one child; freed as a whole, whoever failed. */
struct child {
	struct ops *o;
	const struct account *user;
	const struct priv_spawn *m; /* NULL: it is made before a request, */
	const struct ahead_guess *guess; /* and this is what is expected */
	const struct profile *profile;
	struct run *r;
	struct spare *s;
	bool fresh; /* `s` is being made, and not used up */
	bool ahead; /* of no request yet */
	char **env;
	char program[PATH_MAX];
	bool as_user;		   /* the account's rights are on */
	struct limits limits;	   /* of the account */
	char cgroups[CGROUP_PATH]; /* where that of the run lies */
	int cgroup;
	struct reach reach;
	struct nspace now; /* what a spare one would show if made now */
	int status[2];
	int control[2];
	struct egress egress;
};

/*
 * Forks rdv-egress, when there is a list of hosts, and the reaper, which forks
 * the program; that waits for its order. false: `e` says why.
 */
bool processes_make(struct child *c, struct child_error *e);
/* The socket of a door, where a run like this can have one. */
bool door_make(struct child *c, struct child_error *e);
/* It is asked for, and can be had: a token alone is no use to anybody. */
bool door_asked(const struct child *c);
/* It becomes the last of the run's descriptors, if it is asked for. */
void door_give(struct child *c);

#endif
