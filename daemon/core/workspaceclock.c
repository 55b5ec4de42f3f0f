/* SPDX-License-Identifier: MIT */
/*
 * Whether the wall clock can be believed when it says that a workspace lies
 * untouched: it has to go on as the host's own does, and to have done so for
 * long enough (abuse G23).
 *
 * Invariant: what is not known of it counts as a jump.
 */
#include "daemon/core/workspaceclock.h"

#include "lib/clock.h"

/* Clocks that are set little by little drift as far in years. */
#define JUMP_MS (10 * 60 * 1000LL)

void
ws_clock_start(struct ws_clock *c)
{
	*c = (struct ws_clock){
		.wall = clock_wall_ms(), .boot = clock_boot_ms(), .jumped = -1
	};
	c->began = c->boot;
}

bool
ws_clock_round(struct ws_clock *c, int64_t rest_ms, bool known)
{
	const int64_t boot = clock_boot_ms();
	const int64_t off = clock_wall_ms() - c->wall - (boot - c->boot);

	if (off > JUMP_MS || off < -JUMP_MS) {
		ws_clock_start(c);
		c->jumped = boot;
		return false;
	}
	if (!known && boot - c->began < rest_ms)
		return false;
	return c->jumped < 0 || boot - c->jumped >= rest_ms;
}
