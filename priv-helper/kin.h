/* SPDX-License-Identifier: MIT */
#ifndef RDV_KIN_H
#define RDV_KIN_H

#include <stdint.h>
#include <sys/types.h>

struct launch;

/* In this order; `due` is the deadline of each but the first. */
enum phase { RUNNING, DRAINING, ENDING_OPS, ENDING_REST, ENDING_AUDIT, GONE };

/* One of the three. */
struct kin {
	const char *name;
	pid_t (*launch)(const struct launch *l, int control);
	pid_t pid;   /* 0: not running */
	int control; /* -1: none */
	int64_t started;
	int64_t start_at; /* when not running */
	int64_t delay;
	enum phase until; /* its end is news before that */
	pid_t untold;	  /* its end is still to be put on record; 0: none */
	int status;	  /* of that end */
};

/* Starts it with an end of a new socket to us; or it has ended at once. */
void kin_start(struct kin *k, const struct launch *l);
/*
 * Delays the next start: twice as long as before when it was short-lived, half
 * as long when it outlived its delay by far. Starting then never takes more
 * than a third of the time, and a client never waits longer than a second.
 */
void kin_ended(struct kin *k);
void kin_close(struct kin *k);
/* One that the program before us had started. */
struct carry_kin;
void kin_carried(struct kin *k, const struct carry_kin *from);

#endif
