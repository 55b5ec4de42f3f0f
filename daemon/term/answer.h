/* SPDX-License-Identifier: MIT */
#ifndef RDV_ANSWER_H
#define RDV_ANSWER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct screen_job;
struct term;

/*
 * A program that asks its terminal something waits for an answer, and nobody
 * may be looking. Then the daemon gives those that are the same for every
 * terminal, and where the cursor is. Who looks and has the size gives them
 * instead, so there is one answer (abuse J02).
 */
#define ANSWER_SEQ   8
#define ANSWER_AFTER 64

struct answer {
	uint64_t at; /* of the log: looked at up to here */
	uint8_t len; /* of a sequence that has begun */
	char seq[ANSWER_SEQ];
	/* The cursor is being worked out; what was asked then waits for it. */
	struct screen_job *job;
	bool dec; /* by DECXCPR */
	char after[ANSWER_AFTER];
};

/* What the log holds at its start was asked before. */
void answer_start(struct term *t);
/* The log has more. */
void answer_grown(struct term *t);
void answer_stop(struct term *t);

#endif
