/* SPDX-License-Identifier: MIT */
#ifndef RDV_SPAN_H
#define RDV_SPAN_H

#include <stdbool.h>
#include <stdint.h>

struct ops;
struct run;

/*
 * How long a run may go on, as its record says. `gone`: milliseconds that it
 * has run already; what no clock can have meant counts as nothing.
 */
void span_begin(struct run *r, int64_t gone);
/* Its time has come, or it has had the time to end that it was given then. */
bool span_is_over(const struct run *r);
/*
 * Ends it: first as a stop does, with a moment to finish, then by force. An act
 * that cannot be recorded is not done, and tried again.
 */
void span_end(struct ops *o, struct run *r);

#endif
