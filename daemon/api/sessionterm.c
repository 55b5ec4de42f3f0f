/* SPDX-License-Identifier: MIT */
/*
 * The output that is meant when a path names a session: that of its newest run,
 * whether it lives or has ended.
 */
#include <errno.h>
#include <string.h>

#include "daemon/api/api.h"
#include "daemon/api/session.h"
#include "daemon/app.h"
#include "daemon/core/run.h"
#include "daemon/store/runs.h"
#include "daemon/store/sessions.h"
#include "daemon/term/term.h"
#include "lib/arena.h"
#include "lib/err.h"

struct asked {
	struct api_call *c;
	struct session_output *out;
	int err;
};

/* The row's strings are gone after this; what the answer names is copied. */
static bool
sessionterm_open_cb(const struct store_session *s, const struct store_run *r,
    void *arg)
{
	struct asked *a = arg;

	(void)s;
	a->err = RDV_E_STATE;
	if (r == NULL)
		return false;
	a->out->run_id = arena_strdup(a->c->req->arena, r->id);
	/* In flight and not in memory: its log can be read as it is by now. */
	a->out->is_unknown = (strcmp(r->state, "starting") == 0 ||
				 strcmp(r->state, "running") == 0) &&
			     run_find(a->c->app->runs, r->id) == NULL;
	a->err = run_open_term(a->c->app->runs, r, &a->out->term);
	if (a->err == -ENOENT)
		a->err = RDV_E_STATE;
	return false;
}

int
session_output(struct api_call *c, struct session_output *out)
{
	struct asked a = { .c = c, .out = out };
	int err = store_session_get(c->app->db, c->actor->user_id, c->params[0],
	    sessionterm_open_cb, &a);

	return err != 0 ? err : a.err;
}

void
session_output_fail(struct api_call *c, int err, const char *none)
{
	api_fail(c, err,
	    err == RDV_E_NOT_FOUND ? "there is no such session"
	    : err == RDV_E_STATE   ? none
				   : NULL);
}
