/* SPDX-License-Identifier: MIT */
#ifndef RDV_PARK_H
#define RDV_PARK_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "lib/privproto.h"
#include "priv-helper/scratch.h"

struct ops;
struct parked;
struct run;

/*
 * A run as [ops] leaves it with [main], so that it outlives [ops]: before
 * anybody is told that it runs, and until it is nobody's any more. One packet,
 * always of this size. Its descriptors are the socket to the reaper, those of
 * INVENTORY, and the reaper's pidfd when that has not ended yet. What the
 * reaper says waits in the socket, and its last word is left there until the
 * end is durable: so [main] need not know how a run ends.
 */
#define PARK_VERSION 3
#define PARK_FDS_MIN 3 /* socket, a pipe each of output and errors */

enum park_verb {
	PARK_ADD,
	PARK_REST, /* its end is durable: only the processes are left */
	PARK_DROP, /* and they are gone */
	PARK_END   /* how it ended is on record */
};

struct park_record {
	uint32_t version; /* PARK_VERSION */
	uint32_t verb;
	uint64_t handle;
	/*
	 * To [main] alone this matters: which of its children are no orphans.
	 */
	int32_t reaper, egress; /* 0: none any more */
	/* What [main] does not look at. */
	int32_t pid;
	uint32_t uid, gid, guards;
	int64_t started_ms;
	int64_t until; /* CLOCK_MONOTONIC, which is one for all of us */
	uint8_t io, net, uses_tmp;
	uint8_t ended;	/* its end is on record, */
	int32_t status; /* with this */
	char profile[PRIV_PROFILE_MAX + 8];
	char label[PRIV_LABEL_MAX + 8];
	char scratch[SCRATCH_PATH];
	struct priv_hold hold;
};

/*
 * Leaves a run that is about to be told of with [main]. 0, -EAGAIN while [main]
 * does not take it, or another -errno.
 */
int park_add(struct ops *o, struct run *r);
/* Follows an end that was put on record. False: [main] does not take it now. */
bool park_end(struct ops *o, struct run *r);
/* Follows a run that is done. False: [main] does not take it now. */
bool park_rest(struct ops *o, struct run *r);
bool park_drop(struct ops *o, struct run *r);
/* The runs of an [ops] before this one; NULL: there was none. Frees `p`. */
void park_adopt(struct ops *o, struct parked *p);

#endif
