/* SPDX-License-Identifier: MIT */
#ifndef RDV_PARKED_H
#define RDV_PARKED_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>
#include <sys/types.h>

#include "lib/seqpkt.h"
#include "priv-helper/cgroup.h"
#include "priv-helper/park.h"

struct pollfd;
struct stored;

/* A run that [main] keeps for the next [ops]. */
struct parked_run {
	TAILQ_ENTRY(parked_run) entry;
	struct park_record record;
	struct seqpkt_fds fds; /* as park.h orders them; none: it is done */
	int pidfd;	       /* of its reaper */
	uint64_t egress_began; /* sweep_started() of its rdv-egress */
	bool nobodys;	       /* it was done when its [ops] ended */
	bool ours;	       /* its reaper has come to us */
	bool ended;	       /* and that, and [ops] is not its parent */
	bool told;	       /* and [ops] has heard that */
	bool waited;	       /* we were the parent of its program too: */
	int status;	       /* how that ended */
	bool held;	       /* there are orphans of its account */
	bool stray;  /* its reaper is the child of no process of ours */
	bool unkept; /* the service manager has no room for it */
	struct stored *stored; /* where that has it; NULL: nowhere */
	/*
	 * Monotonic ms: so long its orphans are waited for before it is told
	 * of, or, of one that was done, its reaper before that is killed.
	 */
	int64_t due;
};

/* All of them, oldest first. [ops] gets a copy by the fork that makes it. */
struct parked {
	TAILQ_HEAD(, parked_run) list;
	unsigned n;
	char cgroups[CGROUP_PATH]; /* place of theirs; "": none */
	bool sweep;		   /* there may be orphans */
	int64_t sweep_at;	   /* monotonic ms: not before, */
	int64_t sweep_by;	   /* and no longer */
};

struct parked *parked_new(void);
/* Forgets all runs, and closes their descriptors. */
void parked_drop(struct parked *p);
/* With all of that; NULL is fine. */
void parked_free(struct parked *p);
/* The record can be what [ops] wrote: another build may have. */
bool parked_understands(const struct park_record *rec);
bool parked_has(const struct parked *p, uint64_t handle);
/*
 * A run of a [main] before this one, still without descriptors. What becomes of
 * its reaper only its pidfd says, and of its program only the reaper.
 */
struct parked_run *
parked_stray(struct parked *p, const struct park_record *rec);
/*
 * A place for each of those, at most RUNS_TABLE; how many. After poll(2), and
 * before anything else happens to `p`, the second looks at them.
 */
unsigned parked_watch(const struct parked *p, struct pollfd *out);
void parked_look(struct parked *p, const struct pollfd *polled);
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
/*
 * For the program that has taken them over: who of theirs is a child of it. For
 * how long anything is waited for begins anew.
 */
void parked_carried(struct parked *p);
/* [ops] has ended: what it was the parent of has come to us. */
void parked_orphaned(struct parked *p);
/*
 * A child of ours has ended that is none of the three: a reaper, an orphan, or
 * another program of rdv's that was tried or asked.
 */
void parked_ended(struct parked *p, pid_t pid, int status);
/*
 * Ends orphans when there may be some, and reapers that stay, and tells [ops]
 * of `sock` (-1: none) which runs are gone with all of theirs: those of other
 * accounts do not hold that up, nor what cannot be ended for longer than its
 * reaper would have waited. `spare` knows our other children. Milliseconds
 * until it is to be called again if nothing happens before; -1: it is not.
 */
int64_t parked_sweep(struct parked *p, bool (*spare)(pid_t pid, void *arg),
    void *arg, int sock);

#endif
