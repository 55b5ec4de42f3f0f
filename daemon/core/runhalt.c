/* SPDX-License-Identifier: MIT */
/*
 * A live run whose program a signal has stopped. It is a fact beside the run's
 * state and none of its states: it holds its terminal, counts as running and
 * ends as any other. Invariant: the row says what was told last; where [ops]
 * does not know yet, it stays as it is.
 */
#include "daemon/core/runstate.h"
#include "daemon/event/event.h"
#include "daemon/store/runs.h"
#include "lib/clock.h"
#include "lib/js.h"

bool
run_is_halted(const struct run *run)
{
	return run->halted_at >= 0;
}

void
run_halted(struct run *run, enum priv_halt halt)
{
	const bool halted = halt == PRIV_HALTED;

	if (halt == PRIV_HALT_UNKNOWN || run->phase != RUN_LIVE ||
	    run->exited || halted == run_is_halted(run))
		return;
	run->halted_at = halted ? clock_wall_ms() : -1;
	run_store(run);
}

void
runs_halted(struct runs *r, const struct priv_halted *ev)
{
	struct run *run = run_by_handle(r, ev->handle);

	if (run != NULL)
		run_halted(run, (enum priv_halt)ev->halt);
}

unsigned
runs_count_halted(const struct runs *r)
{
	const struct run *run;
	unsigned n = 0;

	TAILQ_FOREACH (run, &r->live, link)
		n += run_is_halted(run) && run->phase == RUN_LIVE;
	return n;
}

/* An end says all there is to say, and the row forgets this with it. */
bool
run_halt_due(const struct run *run)
{
	return run->halted_at != run->halted_row && run->phase == RUN_LIVE;
}

void
run_write_halt(struct tx *tx, struct run *run)
{
	struct js *o;

	run->halted_tx = run->halted_at;
	if (store_run_halted(tx, run->id, run->halted_at) != 0)
		return;
	o = run_event(run, "running");
	js_add_ms(o, "stopped_at", run->halted_at);
	event_emit(tx, run_is_halted(run) ? EV_RUN_STOPPED : EV_RUN_CONTINUED,
	    run->user_id, run->id, o);
}
