/* SPDX-License-Identifier: MIT */
#ifndef RDV_UNIT_RACE_H
#define RDV_UNIT_RACE_H

#include <stdbool.h>
#include <stdint.h>

/* Pairs of names that are swapped at a time, at most. */
#define RACE_PAIRS 12

/* Of each test: a directory with "out" in it, which nobody may reach. */
extern char race_top[64];
extern int race_topfd;

int race_set_up(void **state);
int race_tear_down(void **state);
/* Its absolute path; good until four more were asked for. */
const char *race_in(const char *name);
bool race_there(const char *name);
void race_put_file(int dir, const char *name);
/* That in "out" nothing is gone and nothing is new. */
void race_outside_is_whole(void);

/* A thread swaps <a>0 with <b>0, <a>1 with <b>1, ... until race_end(). */
void race_swap(const char *a, const char *b, unsigned n);
/* It has swapped for the last time when this returns. */
void race_hold(void);
/* Lets it go; how often it has swapped before. */
unsigned long race_release(void);
/* How often it has swapped until now. */
unsigned long race_swaps(void);
void race_end(void);

/*
 * How a case goes on: until all rounds are over and some of both kinds have
 * been among them: opened and refused, or with the swap in their middle and
 * without. Said at the end, for whoever counts.
 */
struct race {
	const char *name, *kinds;
	unsigned long rounds, n, kind[2];
	int64_t late;
};

/* One in `share` of the rounds: making trees takes its time. */
struct race race_begin(const char *name, const char *kinds, unsigned share);
bool race_more(struct race *s);
void race_say(const struct race *s);

#endif
