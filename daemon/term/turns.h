/* SPDX-License-Identifier: MIT */
#ifndef RDV_TURNS_H
#define RDV_TURNS_H

#include <stdbool.h>

#include "lib/list.h"

struct loop;
struct loop_timer;

/*
 * Who has logs to read through does so in steps, by turns with all others, for
 * TURNS_US in a turn of the loop. Embedded.
 */
struct turn {
	TAILQ_ENTRY(turn) link;
	bool joined;
	/* One step. False: no more for now, and `arg` may be gone. */
	bool (*step)(void *arg);
	void *arg;
};

struct turns {
	TAILQ_HEAD(, turn) all;
	struct loop_timer *timer;
};

#define TURNS_US 500

void turns_init(struct turns *ts, struct loop *l);
void turns_done(struct turns *ts);
/* Joining twice is once; from within its own step too. */
void turn_join(struct turns *ts, struct turn *t);
void turn_leave(struct turns *ts, struct turn *t);

#endif
