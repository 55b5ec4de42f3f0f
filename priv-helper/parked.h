/* SPDX-License-Identifier: MIT */
#ifndef RDV_PARKED_H
#define RDV_PARKED_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>
#include <sys/types.h>

#include "lib/seqpkt.h"
#include "priv-helper/park.h"

/* A run that [main] keeps for the next [ops]. */
struct parked_run {
	TAILQ_ENTRY(parked_run) entry;
	struct park_record record;
	struct seqpkt_fds fds; /* as park.h orders them; none: it is done */
	int pidfd;	       /* of its reaper */
	bool nobodys;	       /* it was done when its [ops] ended */
	bool ended;	       /* its reaper, and [ops] is not its parent */
	bool told;	       /* and [ops] has heard that */
	int status;	       /* of a program whose reaper was killed */
};

/* All of them, oldest first. [ops] gets a copy by the fork that makes it. */
struct parked {
	TAILQ_HEAD(, parked_run) list;
	unsigned n;
	bool sweep;	  /* there may be orphans */
	int64_t sweep_at; /* monotonic ms: not before */
};

struct parked *parked_new(void);
/* With all descriptors; NULL is fine. */
void parked_free(struct parked *p);
/* How many runs another [ops] would adopt. */
unsigned parked_live(const struct parked *p);
/*
 * Takes what [ops] has said so far. False when it said what no [ops] says: it
 * is broken.
 */
bool parked_hear(struct parked *p, int sock);
/*
 * Closes all descriptors from `first` on that are not a parked run's, and moves
 * those clear of it before: for the child that becomes [ops]. False: it cannot.
 */
bool parked_clear(struct parked *p, int first);
void parked_close_others(const struct parked *p, int first);
/* [ops] has ended: what it was the parent of has come to us. */
void parked_orphaned(struct parked *p);
/* A child of ours has ended that is none of the three. */
void parked_ended(struct parked *p, pid_t pid, int status);
/*
 * Ends orphans, those of reapers that were killed, when there may be some, and
 * tells [ops] of `sock` (-1: none) which runs are gone with all of theirs.
 * `spare` knows our other children. True: there is more to do in a moment.
 */
bool parked_sweep(struct parked *p, bool (*spare)(pid_t pid, void *arg),
    void *arg, int sock);

#endif
