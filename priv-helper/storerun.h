/* SPDX-License-Identifier: MIT */
#ifndef RDV_STORERUN_H
#define RDV_STORERUN_H

#include <stdint.h>

#include "priv-helper/store.h"

struct parked_run;

/*
 * One run in the service manager's store. Roles: its record; what park.h
 * orders; the pidfd of its reaper; and a second memory file once something of
 * its end is known, for the first one is sealed. The sixth of what park.h
 * orders has a role behind the others, whose numbers are those of builds
 * without it.
 */
enum {
	STORERUN_RECORD,
	STORERUN_FDS,
	STORERUN_PIDFD = 6,
	STORERUN_END,
	STORERUN_SIXTH
};

/*
 * What the last of them says. Its number is its version, too: who does not know
 * it understands none of it.
 */
enum storerun_what {
	STORERUN_RUNS,	 /* there is none */
	STORERUN_ENDED,	 /* its end is on record */
	STORERUN_WAITED, /* not yet, but [main] knows how its program ended */
};

#define STORERUN_VERSION 1
#define STORERUN_DOOR	 2 /* and of a run with a door, since there are any */
#define STORERUN_BUILD	 64

/* For so many descriptors; 0: no run has as many. */
unsigned storerun_room(unsigned nfds);
enum storerun_what storerun_what(const struct parked_run *k);
/* A bit for each role that is to be kept now. */
uint16_t storerun_roles(const struct parked_run *k);
/* What is kept in that role, for storerun_close(), or -errno. */
int storerun_fd(const struct parked_run *k, unsigned role);
void storerun_close(unsigned role, int fd);
/*
 * A run into `p` from that place, with duplicates of `fd` (-1: not there). NULL
 * with a sentence in `why`: that is not a whole run that this program
 * understands.
 */
struct parked_run *storerun_read(const int fd[STORE_ROLES], unsigned place,
    struct parked *p, const char **why);
/* Tells the reaper to end it; its handle, 0 where that cannot be read. */
uint64_t storerun_end(const int fd[STORE_ROLES]);

#endif
