/* SPDX-License-Identifier: MIT */
/*
 * Ends that somebody else has a part in. What a run was started for may have to
 * look at what it left behind, and writes its own rows in the transaction of
 * the end. Invariant: until then nothing of the end is written or told, and the
 * helper keeps it; a daemon that dies meanwhile leaves it all to the next one.
 */
#include <stdlib.h>
#include <string.h>

#include "daemon/core/runstate.h"
#include "lib/xalloc.h"

/* A term keeps the pointer; the row's text is gone by then. */
const char *
run_state_name(const char *state)
{
	static const char *const states[] = { "completed", "failed", "killed",
		"lost" };

	for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++)
		if (strcmp(states[i], state) == 0)
			return states[i];
	return "lost";
}

void
runs_keep(struct runs *r, run_keep_fn *keep, void *arg)
{
	r->keep = keep;
	r->keep_arg = arg;
}

void
run_news(const struct run *run, struct run_news *out)
{
	*out = (struct run_news){
		.id = run->id,
		.user_id = run->user_id,
		.reason = run->reason,
		.state = run->end.state,
		.cause = run->end.cause,
		.exit_code = run->end.exit_code,
		.began = run->start_err == 0,
	};
}

void
run_conclude(struct run *run, const char *state, const char *cause,
    run_write_fn *write, void *arg)
{
	if (state != NULL)
		run->end.state = run_state_name(state);
	if (cause != NULL) {
		free(run->end.cause);
		run->end.cause = xstrdup(cause);
	}
	run->write = write;
	run->write_arg = arg;
	run->end_due = true;
	run_store(run);
}
