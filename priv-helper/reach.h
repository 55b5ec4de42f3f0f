/* SPDX-License-Identifier: MIT */
#ifndef RDV_REACH_H
#define RDV_REACH_H

#include <stdbool.h>

struct account;
struct child_error;
struct nspace;
struct ops;
struct profile;
struct spare;

/* What a confined run is to reach; all of it is borrowed. */
struct reach {
	const struct ops *o;
	const struct account *user;
	const struct profile *profile;
	const char *program; /* as it has been found */
	bool worker;	     /* it is the profile's worker */
	const char *scratch; /* its own directory */
	const char *cwd;
	char *const *paths;
	unsigned pathc;
	int terminal; /* its side of it, or -1 */
	bool online;  /* the host's network is open to it */
	struct spare *spare;
	/* Where it is shown; has been begun by view_init(). */
	struct nspace *spaces;
	bool shown; /* and nowhere granted */
};

/*
 * Of a profile that is not confined there is nothing to reach. Call all of them
 * with the account's rights.
 *
 * Makes the rule set, which grants nothing yet. 0 or -errno.
 */
int reach_new(struct reach *x);
/* Grants by it what no request decides. 0 or -errno. */
int reach_begin(struct reach *x);
/* False when something else would be made now. */
bool reach_holds(struct reach *x);
/*
 * Shows what the profile and the policy have in it, and grants the latter's
 * unless it is only to be shown. 0 or -errno.
 */
int reach_common(struct reach *x);
/*
 * Grants the rest by that rule set, unless it is only to be shown, and shows
 * all of it. False with `e` filled.
 */
bool reach_make(struct reach *x, struct child_error *e);

#endif
