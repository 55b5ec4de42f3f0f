/* SPDX-License-Identifier: MIT */
#ifndef RDV_FUZZ_OPS_WORLD_H
#define RDV_FUZZ_OPS_WORLD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "priv-helper/ops.h"
#include "tests/fuzz/ops_people.h"

#define WORLD_UID PEOPLE_UID /* whom this [ops] serves in user mode */
#define FAR_MAX	  128

/* Texts of tokens; in system mode the first two are known from the start. */
enum {
	WORLD_ANN, /* of the first account */
	WORLD_BOB, /* of the second, which has WORLD_BOBS more of them */
	WORLD_SERVICE = 6,
	WORLD_OLD, /* the service token before it, for WORLD_OLD_MS */
	WORLD_TOKENS
};
extern const char *const world_token[WORLD_TOKENS];
#define WORLD_BOBS (TOKENS_EACH - 2)

/* Time stands still but for world.shift. */
#define WORLD_MONO   ((int64_t)1000000)
#define WORLD_WALL   ((int64_t)1700000000000)
#define WORLD_OLD_MS ((int64_t)20000)

/* What the audit log answers. */
enum scribe { SCRIBE_WRITES, SCRIBE_REFUSES, SCRIBE_ABSENT, SCRIBE_MODES };

/* The reaper of one run, as [ops] sees it from its end of the channels. */
struct far {
	uint64_t handle;
	uid_t uid; /* whose run it is */
	bool pty;
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
	unsigned policy; /* the one in force, of system mode */
	uid_t proof;	 /* whose account has one, of any token; 0: nobody's */
	uid_t started;	 /* for whom child_start() was called last */
	enum policy_net net; /* and what that has of it */
	unsigned starts;     /* child_start() was called so often */
	unsigned before;     /* records of acts to come that were written */
	unsigned after;	     /* records of what became of acts */
	bool broken;	     /* [ops] has ended itself */
	int64_t shift;	     /* of both clocks, ms */
};

extern struct world world;

/* A new [ops] with nobody connected; `system`: it has the first policy. */
void world_begin(bool system);
/* Everything closed; aborts when a descriptor is left. */
void world_end(void);
/* A new rdvd. */
void world_connect(void);
/* Takes one packet from rdvd, as the loop of [ops] does. */
void world_read(void);
/* [main] hands over what it has read after a SIGHUP. */
void world_reload(unsigned policy);
/* What that loop does after it: reports, starts, ends. */
void world_step(void);

#endif
