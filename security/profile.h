/* SPDX-License-Identifier: MIT */
#ifndef RDV_PROFILE_H
#define RDV_PROFILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/resource.h>

#include "security/filter.h"
#include "security/landlock.h"
#include "security/nspace.h"

struct profile_path {
	const char *path; /* NULL ends; one that does not exist is skipped */
	enum landlock_access access;
};

struct profile_limit {
	int resource; /* -1 ends */
	rlim_t max;   /* soft and hard; a lower limit in force stays */
};

/* Of one run, kept by its cgroup where that can be; 0: no limit. */
struct profile_quota {
	unsigned processes; /* threads count too, as in pids.max */
	uint64_t memory_mb;
	uint64_t cpu_percent; /* of one processor */
};

/* How a child is held. One row each in profile.c; nothing else decides. */
struct profile {
	const char *name;
	const char *help;
	/* no_new_privs, seccomp, Landlock, limits, death with the reaper. */
	bool confined;
	bool network; /* may speak to other hosts */
	/* Where this host allows it; without, the rest below holds alone. */
	enum nspace_view view;
	/* A run may ask for a way to rdvd; only for NSPACE_ROOT. */
	bool door;
	/* The only program, found in `search`; NULL: whatever is asked for. */
	const char *exe;
	const char *search; /* NULL: the request's PATH */
	/*
	 * One of rdv's own, beside the helper, that may be asked for in its
	 * place; it may also make directories where the account's own of rdv
	 * lie. NULL: there is none.
	 */
	const char *worker;
	/*
	 * Likewise one of rdv's own, but the only program there is, found where
	 * the helper is; NULL: there is none.
	 */
	const char *own;
	const char *const *env; /* fixed NAME=value, win over all */
	const struct profile_path *paths;
	enum landlock_access roots;   /* what the request's paths get */
	enum landlock_access scratch; /* and its own temporary directory */
	/*
	 * Where one of them is a linked worktree: what of its repository's
	 * common git directory comes with it, "." being all of that; NULL:
	 * nothing. The worktree's own directory in it gets `repo_own`.
	 */
	const struct profile_path *repo;
	enum landlock_access repo_own;
	const struct filter_spec *filter;
	/*
	 * In its place where the run has a root of its own, and can name no
	 * socket, queue or memory of anybody else's; NULL: there is none.
	 */
	const struct filter_spec *own_filter;
	/* For a run that asks for no network and cannot have an empty one. */
	const struct filter_spec *offline_filter;
	const struct profile_limit *limits;
	struct profile_quota quota;
};

#define PROFILES 6

extern const struct profile profiles[PROFILES];

/* Its index, or -1. */
int profile_find(const char *name);

#endif
