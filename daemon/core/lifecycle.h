/* SPDX-License-Identifier: MIT */
#ifndef RDV_LIFECYCLE_H
#define RDV_LIFECYCLE_H

#include <stdbool.h>
#include <stddef.h>

/*
 * What follows what: of turns, of the chains that are worked off for them, of
 * the links of those, and of messages that wait. One table; nobody else knows
 * the name of a next state.
 */
enum life_of { LIFE_TURN, LIFE_CHAIN, LIFE_LINK, LIFE_QUEUED, LIFE_OF_MAX };

enum life_event {
	LIFE_START, /* its run, or its turn, is on the way */
	LIFE_DONE,  /* as it was wished */
	LIFE_FAIL,
	LIFE_STOP, /* somebody wanted its end */
	LIFE_LOSE, /* it has ended, and nobody can tell how */
	LIFE_SKIP, /* there was nothing to do, or no reason to any more */
	LIFE_EVENT_MAX
};

struct life_row {
	enum life_of of;
	const char *from;
	enum life_event event;
	const char *to;
};
/* Ends with a row without `from`; a seam for its test. */
extern const struct life_row life_rows[];

/* The state that follows; NULL: that cannot happen in this one. */
const char *life_next(enum life_of of, const char *from, enum life_event event);
/* The state it begins in. */
const char *life_first(enum life_of of);
/* Nothing follows any more. */
bool life_is_over(enum life_of of, const char *state);
/* What the end of a run, by its state, is to what it was started for. */
enum life_event life_of_run(const char *state);

#endif
