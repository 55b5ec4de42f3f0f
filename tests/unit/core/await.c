/* SPDX-License-Identifier: MIT */
/*
 * A session's run, and the moment at which its end is durable.
 */
#include "tests/unit/core/await.h"

#include <stdio.h>
#include <string.h>

#include "daemon/core/run.h"
#include "daemon/store/runs.h"
#include "daemon/store/sessions.h"

const char *
await_run_of(struct corerig *r, const char *session)
{
	static char id[UUID_TEXT];

	(void)snprintf(id, sizeof(id), "%s",
	    corerig_session(r, session)->run_id);
	return id;
}

struct state_wait {
	struct corerig *r;
	const char *run, *state;
};

static bool
has_state(void *arg)
{
	const struct state_wait *w = arg;
	const struct store_run *row = corerig_row(w->r, w->run);

	/* Not in memory any more: the end is durable, not only written. */
	return strcmp(row->state, w->state) == 0 &&
	       run_find(w->r->app.runs, w->run) == NULL;
}

void
await_end(struct corerig *r, const char *run, const char *state)
{
	struct state_wait w = { r, run, state };

	corerig_until(r, has_state, &w);
	corerig_settle(r);
}
