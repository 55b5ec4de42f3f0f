/* SPDX-License-Identifier: MIT */
#ifndef RDV_EXPLAIN_H
#define RDV_EXPLAIN_H

#include <stdbool.h>
#include <stdio.h>

struct explain_policy;
struct profile;

/* What a profile meets here. */
struct explain_host {
	int abi; /* of Landlock; 0: none */
	bool seccomp;
	/* What the helper that runs has; otherwise nothing is known of it. */
	bool cgroup_known;
	bool cgroup;	    /* one for each run */
	unsigned cgroup_on; /* CGLIMIT_*: what it can limit */
	/* Why a path of a profile is not granted here, or NULL: it is. */
	const char *(*left_out)(const char *path, void *arg);
	void *arg;
	const struct explain_policy *policy;
};

/* What this host makes of a profile, in plain words or as one JSON object. */
void explain_profile(const struct profile *p, const struct explain_host *h,
    bool json, FILE *out);
/* All profiles, a line or an object each. */
void explain_list(bool json, FILE *out);

#define EXPLAIN_USAGE                                                    \
	"rdv-helper --explain [PROFILE [--base DIR] [--cgroup "          \
	"none|WORD,...]\n"                                               \
	"                  [--policy FILE --run DIR]] [--json]\n"        \
	"                  what a profile comes to here; the words: run" \
	" processes memory"
/*
 * The words after `rdv-helper --explain`. Needs no privilege, starts nothing
 * and reads nothing but its words and the policy. The exit status: 0, 1 for a
 * profile that does not exist or output that failed, 2 for wrong usage.
 */
int explain_main(int argc, char **argv);

#endif
