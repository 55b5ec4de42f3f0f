/* SPDX-License-Identifier: MIT */
/*
 * What should go on and does not, counted for whoever watches rdv. Nothing
 * rests on it: each has its own deadline or is tried again where it stands.
 */
#include "daemon/core/stuck.h"

#include "daemon/app.h"
#include "daemon/core/chainstate.h"
#include "daemon/core/runstate.h"
#include "daemon/loop.h"
#include "lib/clock.h"

#define STUCK_MS 60000

/* A live one that nobody wants to end may run for as long as it likes. */
static bool
is_waited_for(const struct run *run)
{
	return run->phase != RUN_LIVE || run->stop != NULL || run->exited;
}

void
stuck_count(struct app *app, struct stuck *out)
{
	const int64_t before = clock_mono_ms() - STUCK_MS;
	const struct run *run;
	const struct chain *c;

	*out = (struct stuck){ 0, 0 };
	TAILQ_FOREACH (run, &app->runs->live, link) {
		out->runs += is_waited_for(run) && run->moved_ms < before;
		out->retries +=
		    run->retry != NULL && loop_timer_pending(run->retry);
	}
	TAILQ_FOREACH (c, &app->chains->live, link)
		out->retries += loop_timer_pending(c->retry);
}
