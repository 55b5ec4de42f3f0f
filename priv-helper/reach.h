/* SPDX-License-Identifier: MIT */
#ifndef RDV_REACH_H
#define RDV_REACH_H

#include <stdbool.h>

#include "priv-helper/roots.h"
#include "security/nspace.h"

struct account;
struct child_error;
struct ops;
struct priv_spawn;
struct profile;

/*
 * What a confined run is to reach; the pointers and `terminal` are borrowed,
 * and `spaces` has been begun by view_init().
 */
struct reach {
	struct ops *o; /* whose rules of the profile are used up */
	const struct account *user;
	const struct priv_spawn *m;
	const struct profile *profile;
	const char *program; /* as it has been found */
	bool worker;	     /* it is the profile's worker */
	const char *scratch; /* its own directory */
	int terminal;	     /* its side of it, or -1 */
	bool online;	     /* the host's network is open to it */
	int ruleset;	     /* Landlock; -1, or the caller's to close */
	struct roots roots;
	struct nspace spaces;
};

/*
 * Makes the rule set, and shows the same in `spaces`; of a profile that is not
 * confined there is none. Call it with the account's rights. False with `e`
 * filled.
 */
bool reach_make(struct reach *x, struct child_error *e);

#endif
