/* SPDX-License-Identifier: MIT */
/*
 * Tickets for terminals: contract 3.4. What opens a WebSocket of a client that
 * can say who it is nowhere but in the address (docs/stream.md).
 */
#include "daemon/auth/ticket.h"

#include "daemon/api/answer.h"
#include "daemon/api/api.h"
#include "daemon/app.h"
#include "daemon/store/db.h"
#include "daemon/store/sessions.h"
#include "lib/clock.h"

struct ticket_in {
	uint64_t set;
	bool read_only;
};

static const struct js_field ticket_fields[] = {
	{ .name = "read_only",
	    .kind = JS_BOOL,
	    .offset = offsetof(struct ticket_in, read_only),
	    .help = "who comes with it may look and not touch" },
	{ .name = NULL },
};

static bool
ticket_session_cb(const struct store_session *s, const struct store_run *r,
    void *arg)
{
	(void)s;
	(void)r;
	(void)arg;
	return false;
}

static struct js *
ticket_json(const char *text)
{
	struct js *o = js_object();

	js_add_str(o, "token", text);
	js_add_ms(o, "expires_at", clock_wall_ms() + TICKET_MS);
	return o;
}

/*
 * The row is atomic: a ticket does not outlive the process, so a crash takes
 * back all that was done. A repetition gets the answer without the ticket.
 */
static void
ticket_issue(struct api_call *c)
{
	const struct ticket_in *in = c->in;
	struct api_answer answer = { .status = 201 };
	char text[TOKEN_TEXT];

	if (auth_ticket_issue(c->app->auth, c->actor, c->params[0],
		in->read_only, text) != 0) {
		api_fail_code(c, 429, "TOO_MANY",
		    "there are too many tickets; each is void after a minute",
		    NULL);
		return;
	}
	answer.body = ticket_json(text);
	answer.kept = ticket_json(NULL);
	secret_wipe(text, sizeof(text));
	api_commit_answer(c, tx_begin(c->app->db), &answer);
}

/* The audit line comes first: without it no ticket is made. */
static void
ticket_new(struct api_call *c)
{
	int err = store_session_get(c->app->db, c->actor->user_id, c->params[0],
	    ticket_session_cb, NULL);

	if (err != 0)
		answer_missing(c, err, "there is no such session");
	else if (!auth_audit_often(c->app->auth, c->req, "ticket.new", c->actor,
		     c->params[0]))
		answer_unrecorded(c);
	else
		ticket_issue(c);
}

const struct api_route api_routes_ticket[] = {
	{ HTTP_M_POST, "/api/sessions/{id}/terminal-token",
	    SCOPE_READ | SCOPE_RUN, .of = API_OF_SESSION, .body = ticket_fields,
	    .in_size = sizeof(struct ticket_in), .body_max = 1024,
	    .handler = ticket_new, .atomic = true, .success = 201,
	    .doc = "A ticket for its terminal: good once, for 60 s" },
	{ .pattern = NULL },
};
