/* SPDX-License-Identifier: MIT */
#ifndef RDV_WORKSPACECLOCK_H
#define RDV_WORKSPACECLOCK_H

#include <stdbool.h>
#include <stdint.h>

/* Both clocks as they were when they were last believed; milliseconds. */
struct ws_clock {
	int64_t wall, boot;
	int64_t began;	/* as boot: believed since then */
	int64_t jumped; /* the same; -1: it has not */
};
void ws_clock_start(struct ws_clock *c);
/*
 * A round begins: whether one may expire by the wall clock. Not for `rest_ms`
 * (> 0) after a jump, nor after a start, but that rows tell of about the same
 * time (`known`).
 */
bool ws_clock_round(struct ws_clock *c, int64_t rest_ms, bool known);

#endif
