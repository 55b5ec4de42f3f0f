/* SPDX-License-Identifier: MIT */
#ifndef RDV_PLACES_H
#define RDV_PLACES_H

#include <stddef.h>
#include <sys/types.h>

#define PLACES_KEEP "var/lib/rdv-helper"
#define PLACES_PID  "pid" /* in there: of [main], while it lives */

/* The directories of system mode, and what stands in them. */
struct places {
	char *run;	/* run/rdv: a directory for each account */
	char *state;	/* var/lib/rdv: rdvd's own */
	char *keep;	/* var/lib/rdv-helper: root's own */
	char *audit;	/* in there: the record of acts */
	char *settings; /* etc/rdv/rdv.toml */
	int run_fd, keep_fd;
};

/*
 * Makes what is missing below `root` ("" for "/") and checks the rest: owner
 * and mode of each directory of rdv, and that nobody but root can put another
 * in its place. Never reachable with a wider mode or another owner but root.
 * 0, or -errno with a sentence in `why`.
 */
int places_make(struct places *p, const char *root, uid_t uid, gid_t gid,
    char *why, size_t whysize);
/* The same places once more, whose descriptors these are. */
void places_take(struct places *p, const char *root, int run_fd, int keep_fd);
void places_done(struct places *p);

#endif
