/* SPDX-License-Identifier: MIT */
#ifndef RDV_ANSWER_H
#define RDV_ANSWER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/term/turns.h"

struct screen_job;
struct term;

/*
 * A program that asks its terminal something waits for an answer, and nobody
 * may be looking. Then the daemon gives those that are the same for every
 * terminal, and where the cursor is. Who looks and has the size gives them
 * instead, so there is one answer (abuse J02).
 */
#define ANSWER_SEQ    8
#define ANSWER_CURSOR 24

struct answer {
	uint64_t at; /* of the log: what is behind it waits to be looked at */
	uint8_t len; /* of a sequence that has begun */
	char seq[ANSWER_SEQ];
	struct screen_job *job;	    /* NULL: the cursor was never asked for */
	bool asked;		    /* it is being worked out */
	bool dec;		    /* by DECXCPR */
	bool late;		    /* its output is not held up for that */
	char cursor[ANSWER_CURSOR]; /* worked out, and no room for it yet */
	struct loop_timer *timer;
	uint64_t until; /* asked before somebody looked: answered here */
	struct turn turn;
};

/* What the log holds at its start was asked before. */
void answer_start(struct term *t);
/* The log has more, or the program has read its input. */
void answer_grown(struct term *t);
/* Somebody has the size now, who answers what comes from here on. */
void answer_owned(struct term *t);
void answer_stop(struct term *t);

#endif
