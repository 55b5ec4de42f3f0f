/* SPDX-License-Identifier: MIT */
#ifndef RDV_SPAN_H
#define RDV_SPAN_H

#include <stdbool.h>

struct ops;
struct run;

/* How long a run that begins now may go on, as its record says. */
void span_begin(struct run *r);
/* Its time has come, or it has had the time to end that it was given then. */
bool span_is_over(const struct run *r);
/*
 * Ends it: first as a stop does, with a moment to finish, then by force. An act
 * that cannot be recorded is not done, and tried again.
 */
void span_end(struct ops *o, struct run *r);

#endif
