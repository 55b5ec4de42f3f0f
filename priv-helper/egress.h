/* SPDX-License-Identifier: MIT */
#ifndef RDV_PRIV_EGRESS_H
#define RDV_PRIV_EGRESS_H

#include <sys/types.h>

struct drop_plan;

/* The rdv-egress of one run. Descriptors are -1 where there is none. */
struct egress {
	pid_t pid;
	int leash; /* the run's end, for its program's process and its reaper */
	int page;  /* struct egress_page, to be looked at alone */
};

/*
 * Starts `program` (O_PATH) for a run that is about to be made by this plan, as
 * its account and outside of its namespaces. It waits for the listening socket,
 * and ends when the last copy of `leash` is closed. 0 or -errno with nothing
 * left behind. The descriptors are the caller's.
 */
int egress_start(int program, const struct drop_plan *plan, char *const *hosts,
    const char *rule, struct egress *out);
void egress_close(struct egress *e);

#endif
