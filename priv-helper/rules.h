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

/* A rule set for one run of a profile. */
struct rules {
	int ruleset; /* Landlock's; -1: none */
	uid_t uid;
	bool network;
	/* Of the roots it was made for. */
	char home[ROOTS_PATH_MAX];
	char base[ROOTS_PATH_MAX];
	char run[ROOTS_PATH_MAX];
	/* What was found at the profile's paths; no inode: nothing. */
	struct rules_seen {
		dev_t dev;
		ino_t ino;
		mode_t mode;
		bool granted; /* not closed to this account */
	} seen[RULES_PATHS];
};

/*
 * Begins a rule set that grants nothing yet: a process that is to have it can
 * be made then. Close-on-exec, and the caller's. 0 or -errno, which is in
 * r->ruleset as well.
 */
int rules_new(struct rules *r, bool network);
/*
 * Grants a profile's own paths by it, but for those with the account's home
 * directory or rdv's own state in them. Not every system has all of the paths.
 * Call it and rules_hold() with the account's rights. 0 or -errno.
 */
int rules_make(struct rules *r, const struct rules_for *who,
    const struct profile *profile);
/*
 * True when it is what would be made now: it is for this account, and all that
 * was found at the paths is still what is there.
 */
bool rules_hold(const struct rules *r, const struct rules_for *who,
    const struct profile *profile);

#endif
