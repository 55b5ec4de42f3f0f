/* SPDX-License-Identifier: MIT */
#ifndef RDV_RULES_H
#define RDV_RULES_H

#include <stdbool.h>
#include <sys/types.h>

#include "priv-helper/roots.h"

struct profile;

#define RULES_PATHS 32

/* What the rules depend on beside the profile and what stands at its paths. */
struct rules_for {
	uid_t uid;
	bool network; /* TCP ports are open */
	const struct roots *roots;
};

/* The rule set for the next run of one profile, made before it is asked for. */
struct rules {
	int ruleset; /* Landlock's; -1: none is ready */
	/* For whom: who had the last one. */
	uid_t uid;
	bool network;
	struct roots roots; /* without rights; "" as home: for nobody yet */
	/* What was found at the profile's paths; no inode: nothing. */
	struct rules_seen {
		dev_t dev;
		ino_t ino;
		mode_t mode;
		bool granted; /* not closed to this account */
	} seen[RULES_PATHS];
};

/* An empty one, for nobody. */
void rules_init(struct rules *r);
/*
 * Makes a rule set that grants a profile's own paths, but for those with the
 * account's home directory or rdv's own state in them; does nothing while one
 * is ready, or for nobody. Not every system has all of the paths. Call both
 * with the account's rights. 0 or -errno.
 */
int rules_make(struct rules *r, const struct profile *profile);
/*
 * Hands out the one that is ready, if it is for this account and all that was
 * found at the paths is still what is there, or else a new one; `seen` is of
 * that one then. A close-on-exec descriptor, the caller's, or -errno.
 */
int rules_take(struct rules *r, const struct rules_for *who,
    const struct profile *profile);
/* Forgets what is ready, and for whom. */
void rules_drop(struct rules *r);

#endif
