/* SPDX-License-Identifier: MIT */
/*
 * /api/sessions/{id}/agent-status: an agent's hooks say what it is at. It costs
 * the agent one request, which it waits for.
 */
#include <stddef.h>

#include "daemon/api/api.h"
#include "daemon/api/session.h"
#include "daemon/app.h"
#include "lib/err.h"

struct status_in {
	uint64_t set;
	const char *status, *source, *note;
};

static const struct js_field status_fields[] = {
	{ .name = "status",
	    .kind = JS_ONE_OF,
	    .offset = offsetof(struct status_in, status),
	    .words = "running|subagent|waiting|compacting|idle|ended|error",
	    .help = "what it is at; absent: as it was" },
	{ .name = "source",
	    .kind = JS_ONE_OF,
	    .offset = offsetof(struct status_in, source),
	    .nullable = true,
	    .words = "subagent-stop",
	    .help = "why it is that, where that says more; or null" },
	{ .name = "note",
	    .kind = JS_TEXT,
	    .offset = offsetof(struct status_in, note),
	    .min = 1,
	    .max = 500,
	    .help = "a sentence for who follows; kept in the event alone" },
	{ .name = NULL },
};

static void
sessionagent_told_cb(int err, const char *id, const char *why, void *arg)
{
	struct api_call *c = arg;

	(void)id;
	if (err == RDV_E_FULL)
		api_fail_code(c, 429, "RATE_LIMITED", why, NULL);
	else if (err != 0)
		session_fail(c, err, why);
	else
		api_empty(c, 204);
}

static void
agent_status(struct api_call *c)
{
	const struct status_in *in = c->in;
	struct session_who who = session_who_of(c, sessionagent_told_cb);
	const struct session_agent told = {
		.run_id = c->req->door[0] != '\0' ? c->req->door : NULL,
		.status = in->status,
		.source = in->source,
		.note = in->note,
	};

	if (in->status != NULL || in->note != NULL)
		session_agent_told(c->app->sessions, &who, &told);
	else
		api_fail(c, RDV_E_INVALID, "status: is needed, or a note");
}

const struct api_route api_routes_sessionagent[] = {
	{ HTTP_M_POST, "/api/sessions/{id}/agent-status", SCOPE_RUN,
	    .of = API_OF_SESSION, .door = true, .body = status_fields,
	    .in_size = sizeof(struct status_in), .handler = agent_status,
	    .unclaimed = true, .success = 204,
	    .doc = "What its agent is at, as its hooks tell "
		   "(rdv hook); an Idempotency-Key is not looked at" },
	{ .pattern = NULL },
};
