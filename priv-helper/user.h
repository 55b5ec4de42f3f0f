/* SPDX-License-Identifier: MIT */
#ifndef RDV_USER_H
#define RDV_USER_H

#include <stddef.h>
#include <sys/types.h>

#define USER_GROUPS_MAX 1024
#define USER_PATH_MAX	4096

/* The account this helper serves. */
struct user {
	uid_t uid;
	gid_t gid;
	gid_t groups[USER_GROUPS_MAX];
	unsigned ngroups;
	char name[65];
	char home[USER_PATH_MAX];
	char shell[USER_PATH_MAX];
};

/*
 * Looks our own account up. Asks the name service, which may block, load
 * libraries and open descriptors: once, at start, never near a fork. 0, or
 * -errno / RDV_E_NOT_FOUND with a sentence in `why`.
 */
int user_load(struct user *u, char *why, size_t whysize);
/*
 * The same for an account of rdv's own, by name and without its groups: what
 * runs as one has none. Never root.
 */
int user_named(struct user *u, const char *name, char *why, size_t whysize);

#endif
