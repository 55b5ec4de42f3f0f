/* SPDX-License-Identifier: MIT */
#ifndef RDV_FOLLOW_H
#define RDV_FOLLOW_H

#include <stdbool.h>

struct ops;
struct run;

/* A run's reaper has something to say, or is gone. */
void follow_reaper(struct ops *o, struct run *r);
/* The status pipe of a start has a failure, or has ended. */
void follow_start(struct run *r);
/*
 * Waits for what has ended. True while there are children other than reapers,
 * which is what killed reapers leave.
 */
bool follow_children(struct ops *o);
/* Moves every run on as far as what is known allows, and frees some. */
void follow_step(struct ops *o, bool orphans);

#endif
