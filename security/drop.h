/* SPDX-License-Identifier: MIT */
#ifndef RDV_DROP_H
#define RDV_DROP_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/types.h>

struct filter;
struct nspace;
struct profile_limit;

/*
 * What a child is to do in the end. It lies in memory that is shared with
 * whoever made the child, and may come after it.
 */
struct drop_order {
	/*
	 * Not 0: what all runs like it see is there, and what this one sees,
	 * and all the rest; each a futex(2).
	 */
	uint32_t begun, shown, given;
	const struct nspace *common, *view; /* NULL without namespaces */
	const char *token; /* of its door, wiped by C11c; NULL: it has none */
	const char *cwd;
	const char *path; /* for execve(2), as it will be looked up after C12 */
	char *const *argv;
	char *const *envp;
};

/*
 * Everything else a child needs between fork and exec, decided and opened
 * before the fork. Descriptors may have any numbers; drop_exec() moves them.
 */
struct drop_plan {
	bool confined;
	bool privileged; /* ids can be set; otherwise they are only verified */
	bool pty;	 /* stdio[0] becomes the controlling terminal */
	int stdio[3];
	int status;	/* where a failure is reported; close-on-exec */
	int ruleset;	/* Landlock, or -1 when not confined */
	int egress;	/* the leash of rdv-egress, or -1 for none */
	int network;	/* for nspace_join(), or -1 */
	int door;	/* for nsdoor_open(), or -1 */
	unsigned first; /* of those that nobody needs; C4 says */
	uid_t uid;
	gid_t gid;
	const gid_t *groups; /* by rising number */
	unsigned ngroups;
	rlim_t nofile; /* soft limit as this helper found it */
	const struct profile_limit *limits;  /* of its profile */
	const struct profile_limit *account; /* and of whose it is */
	const struct filter *filter;	     /* when confined */
	/*
	 * Made in new namespaces, by a reaper in new ones; NULL: not. What is
	 * to be seen in them comes with the order.
	 */
	const struct nspace *spaces;
	pid_t parent; /* whose death is the child's, confined */
	/*
	 * Shared with the parent, who sets and wakes it (futex) when it is what
	 * it shall be; before that no program begins.
	 */
	uint32_t *ready;
	const struct drop_order *order;
};

/* What comes down the status pipe instead of its end. */
struct drop_report {
	uint32_t stage; /* 1..DROP_STAGES, see drop_stage_name() */
	int32_t err;
};

#define DROP_STAGES 22

/*
 * C1..C18, with a wait for the order between: becomes the program or reports
 * {stage, errno} and _exit(127)s. Call with all signals blocked. No allocation,
 * stdio, NSS or logging happens here.
 */
_Noreturn void drop_exec(const struct drop_plan *plan);
/*
 * For the parent of the program: becomes the plan's user as C8 does, and keeps
 * CAP_KILL alone, if it had that. System calls only. 0 or -errno.
 */
int drop_to_reaper(const struct drop_plan *p);
/* "C12 chdir"; "?" outside the range. */
const char *drop_stage_name(uint32_t stage);

#endif
