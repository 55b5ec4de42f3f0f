/* SPDX-License-Identifier: MIT */
#ifndef RDV_AHEAD_H
#define RDV_AHEAD_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "priv-helper/policy.h"

struct ops;
struct priv_spawn;
struct run;

/*
 * Spare runs: what a start needs and no request decides, with both processes,
 * for a request like the last one of its account. In a root of its own such a
 * run sees the paths of that request and no others, so there is an open one
 * beside it, which is told what it is to see when it is asked for. A start that
 * finds neither makes all of that itself, in the same way.
 */

/* Kinds of starts that are expected, each with at most one spare run. */
#define AHEAD_MAX 4
/* And kinds with an open one. */
#define AHEAD_OPEN   2
#define AHEAD_PLACES (AHEAD_MAX + AHEAD_OPEN)
/* Of an account that may have fewer processes there is none. */
#define AHEAD_PROCESSES 100
/* No longer than this without one. */
#define AHEAD_IDLE_MS 30000
/* Nor is one made so soon after a start, whose program has just begun. */
#define AHEAD_REST_MS 2

/* What a run is expected to be shown. */
struct ahead_guess {
	char **paths; /* those asked for, where only they can be seen */
	unsigned pathc;
	bool uses_tmp;
};

struct ahead {
	struct ahead_kind {
		int64_t until; /* monotonic ms; 0: a free place */
		uid_t uid;
		int profile;
		uint8_t io;
		enum policy_net net;
		bool in_tmp; /* cwd or a path, as far as names tell */
		struct ahead_guess guess;
		struct run *run; /* NULL: still to be made */
	} kinds[AHEAD_PLACES];	 /* the last AHEAD_OPEN: for any paths */
	/* Of kinds that have lost their places to this start's; or NULL. */
	struct run *replaced[2];
	int64_t rest; /* monotonic ms: nothing is done until then */
	bool begun;   /* runs still have what they were made of */
};

/*
 * This start has been made, and another like it may follow. Nothing is made
 * ahead for a network that is held to a list.
 */
void
ahead_expect(struct ops *o, const struct run *r, const struct priv_spawn *m);
/*
 * The spare run for such a start as `like`, which is the caller's as one that
 * is starting; or NULL.
 */
struct run *
ahead_take(struct ops *o, const struct run *like, const struct priv_spawn *m);
/*
 * True when there is something to make; not while a start is under way, for an
 * account without a live grant, or while no start could be put on record. Or
 * when something is to be given back.
 */
bool ahead_due(struct ops *o);
/* The program of a run is about to be one that has begun. */
void ahead_rest(struct ops *o);
/* Milliseconds for which nothing is to be done because of that; 0: now. */
int ahead_resting(const struct ops *o);
/*
 * Gives back what runs were made of, or else makes one of those that are
 * expected. What fails here fails again, and is told, at a start.
 */
void ahead_make(struct ops *o);
/*
 * Ends what has not been asked for in time, or outlives the grants of its
 * account. Milliseconds until the next such end, or -1.
 */
int64_t ahead_expire(struct ops *o);
/* All of them, or those of an account, are ended and not made again. */
void ahead_drop(struct ops *o);
void ahead_drop_of(struct ops *o, uid_t uid);
/*
 * What is mounted on the host is not what it was: open ones, which still see
 * all of it, are ended and not made again.
 */
void ahead_drop_open(struct ops *o);
/* This one is of no use any more. */
void ahead_lose(struct ops *o, struct run *r);

#endif
