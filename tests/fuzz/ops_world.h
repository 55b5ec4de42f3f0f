/* SPDX-License-Identifier: MIT */
#ifndef RDV_FUZZ_OPS_WORLD_H
#define RDV_FUZZ_OPS_WORLD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "priv-helper/ops.h"

#define WORLD_UID 1000 /* whom this [ops] serves in user mode */
#define FAR_MAX	  128

/* Texts of tokens; in system mode two are known from the start. */
#define WORLD_TOKENS 6
extern const char *const world_token[WORLD_TOKENS];
#define WORLD_ANN 0 /* of uid 1000 */
#define WORLD_BOB 1 /* of uid 1001 */

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
	bool system;	 /* mode */
	bool proof;	 /* there is one, for any account that enrols a token */
	uid_t started;	 /* for whom child_start() was called last */
	unsigned starts; /* child_start() was called so often */
	unsigned before; /* records of acts to come that were written */
	unsigned after;	 /* records of what became of acts */
	bool broken;	 /* [ops] has ended itself */
	int64_t shift;	 /* of its clock, ms */
};

extern struct world world;

/* A new [ops] with nobody connected; `system`: it serves two accounts. */
void world_begin(bool system);
/* Everything closed; aborts when a descriptor is left. */
void world_end(void);
/* A new rdvd. */
void world_connect(void);
/* Takes one packet from rdvd, as the loop of [ops] does. */
void world_read(void);
/* What that loop does after it: reports, starts, ends. */
void world_step(void);

#endif
