/* SPDX-License-Identifier: MIT */
#ifndef RDV_PRESENCE_H
#define RDV_PRESENCE_H

#include <stdbool.h>
#include <stdint.h>

struct loop_timer;
struct term;

/*
 * Who looks at a terminal. Those who want to hear of it (viewer_conf.hears) are
 * told of all changes of a while at once: PRESENCE_GATHER_MS and one more for
 * each viewer, so that a crowd that comes and goes costs each of them a message
 * a second and not one for each of the others.
 */
#define PRESENCE_GATHER_MS 200
/* So long after the last key a viewer is said to type. */
#define PRESENCE_TYPING_MS 3000
/* Of more only the number is told. */
#define PRESENCE_SHOWN 32
#define PRESENCE_NAME  65 /* bytes with the NUL; a longer name is cut */

/* Of one terminal. */
struct presence {
	unsigned listeners;	  /* viewers that want to hear */
	uint64_t last;		  /* id given */
	struct loop_timer *timer; /* NULL: nobody ever wanted to */
	bool soon;		  /* it runs for a change, not an end */
};

struct presence_row {
	uint64_t id; /* of this terminal's viewers, from 1; never used again */
	const char *name; /* as given; for people, and chosen by some */
	const char *link; /* id of the link it came by; NULL: an account */
	bool read_only, owner, typing;
	unsigned cols, rows; /* of its window; 0: not stated */
	int64_t since;	     /* wall clock, ms */
};

/* The first `max` to have come, in that order; how many there are in all. */
typedef void presence_fn(const struct presence_row *row, void *arg);
unsigned
presence_each(const struct term *t, unsigned max, presence_fn *cb, void *arg);

#endif
