/* SPDX-License-Identifier: MIT */
/*
 * The table of states of everything that is done for a prompt. Invariant: each
 * thing has exactly one end, so a state without rows of its own is left by
 * nothing; and what waits is only ever taken once.
 */
#include "daemon/core/lifecycle.h"

#include <string.h>

const struct life_row life_rows[] = {
	/* Setup scripts may come first. */
	{ LIFE_TURN, "waiting", LIFE_START, "running" },
	{ LIFE_TURN, "waiting", LIFE_FAIL, "failed" },
	{ LIFE_TURN, "waiting", LIFE_STOP, "killed" },
	{ LIFE_TURN, "waiting", LIFE_LOSE, "lost" },
	{ LIFE_TURN, "running", LIFE_DONE, "completed" },
	{ LIFE_TURN, "running", LIFE_FAIL, "failed" },
	{ LIFE_TURN, "running", LIFE_STOP, "killed" },
	{ LIFE_TURN, "running", LIFE_LOSE, "lost" },

	{ LIFE_CHAIN, "running", LIFE_DONE, "completed" },
	{ LIFE_CHAIN, "running", LIFE_FAIL, "failed" },
	{ LIFE_CHAIN, "running", LIFE_STOP, "killed" },
	{ LIFE_CHAIN, "running", LIFE_LOSE, "lost" },

	{ LIFE_LINK, "waiting", LIFE_START, "running" },
	{ LIFE_LINK, "waiting", LIFE_FAIL, "failed" },
	{ LIFE_LINK, "waiting", LIFE_SKIP, "skipped" },
	{ LIFE_LINK, "running", LIFE_DONE, "completed" },
	{ LIFE_LINK, "running", LIFE_FAIL, "failed" },
	{ LIFE_LINK, "running", LIFE_STOP, "killed" },
	{ LIFE_LINK, "running", LIFE_LOSE, "lost" },
	{ LIFE_LINK, "running", LIFE_SKIP, "skipped" },

	{ LIFE_QUEUED, "waiting", LIFE_START, "taken" },
	{ LIFE_QUEUED, "waiting", LIFE_STOP, "cancelled" },
	{ LIFE_OF_MAX, NULL, LIFE_EVENT_MAX, NULL },
};

const char *
life_next(enum life_of of, const char *from, enum life_event event)
{
	for (const struct life_row *r = life_rows; r->from != NULL; r++)
		if (r->of == of && r->event == event &&
		    strcmp(r->from, from) == 0)
			return r->to;
	return NULL;
}

const char *
life_first(enum life_of of)
{
	return of == LIFE_CHAIN ? "running" : "waiting";
}

bool
life_is_over(enum life_of of, const char *state)
{
	for (const struct life_row *r = life_rows; r->from != NULL; r++)
		if (r->of == of && strcmp(r->from, state) == 0)
			return false;
	return true;
}

enum life_event
life_of_run(const char *state)
{
	if (strcmp(state, "completed") == 0)
		return LIFE_DONE;
	if (strcmp(state, "failed") == 0)
		return LIFE_FAIL;
	return strcmp(state, "killed") == 0 ? LIFE_STOP : LIFE_LOSE;
}
