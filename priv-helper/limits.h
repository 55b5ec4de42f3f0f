/* SPDX-License-Identifier: MIT */
#ifndef RDV_LIMITS_H
#define RDV_LIMITS_H

#include <sys/types.h>

#include "priv-helper/cgroup.h"
#include "security/profile.h"

struct ops;
struct policy_rights;

/* What the limits of an account come to for one run of it. */
struct limits {
	struct profile_quota all;	 /* of all its runs, by its cgroup */
	struct profile_limit process[3]; /* of each of the run's processes */
	uint64_t output_mb;		 /* for rdvd to keep; 0: no limit */
	uint64_t run_seconds;		 /* for us; 0: no limit */
};

/*
 * By the cgroup of the account what `kept` (CGLIMIT_*) says can be kept by one,
 * by rlimits what can be; of its memory that is nothing but the share of one
 * process. Pure.
 */
void limits_of(struct limits *l, const struct policy_rights *r, unsigned kept);
/* CGLIMIT_*: what the cgroups of accounts can be held to. */
unsigned limits_kept(const struct ops *o);
/*
 * Where the cgroups of that account's runs lie; "": nowhere. In user mode there
 * is one account, and what is delegated is all for it.
 */
void limits_cgroup(const struct ops *o, uid_t uid, char dir[CGROUP_PATH]);
/* Makes that of an account in system mode and limits it. 0 or -errno. */
int limits_hold(const struct ops *o, const struct limits *l, const char *dir);

#endif
