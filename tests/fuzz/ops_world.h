/* SPDX-License-Identifier: MIT */
#ifndef RDV_FUZZ_OPS_WORLD_H
#define RDV_FUZZ_OPS_WORLD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "priv-helper/ops.h"

#define WORLD_UID 1000 /* whom this [ops] serves */
#define FAR_MAX	  128

/* What the audit log answers. */
enum scribe { SCRIBE_WRITES, SCRIBE_REFUSES, SCRIBE_ABSENT, SCRIBE_MODES };

/* The reaper of one run, as [ops] sees it from its end of the channels. */
struct far {
	uint64_t handle;
	int control, status;
	int output; /* write end of what the run's descriptors read; -1: gone */
	bool news;  /* something is in one of the channels */
	bool told;  /* rdvd has been given the handle */
	bool ended; /* has reported that all is over */
	bool confirmed;
};

/*
 * [ops] in this process, with everything around it played by the target: rdvd's
 * end of the socket, the audit log, reapers. Nothing is forked.
 */
struct world {
	struct ops ops;
	int rdvd; /* the daemon's end, or -1 */
	enum scribe scribe;
	struct far far[FAR_MAX];
	unsigned nfar;
	unsigned starts; /* child_start() was called so often */
	unsigned before; /* records of acts to come that were written */
	unsigned after;	 /* records of what became of acts */
	bool broken;	 /* [ops] has ended itself */
	int64_t shift;	 /* of its clock, ms */
};

extern struct world world;

/* A new [ops] with nobody connected. */
void world_begin(void);
/* Everything closed; aborts when a descriptor is left. */
void world_end(void);
/* A new rdvd. */
void world_connect(void);
/* Takes one packet from rdvd, as the loop of [ops] does. */
void world_read(void);
/* What that loop does after it: reports, starts, ends. */
void world_step(void);

#endif
