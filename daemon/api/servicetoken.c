/* SPDX-License-Identifier: MIT */
/*
 * /api/service-token: another one for the reverse proxy, without downtime. Its
 * text is in its file and nowhere else; who starts the proxy sees that file
 * change and tells it (cli/launch.c).
 */
#include <string.h>

#include "daemon/api/answer.h"
#include "daemon/api/api.h"
#include "daemon/app.h"
#include "daemon/conf.h"
#include "lib/arena.h"
#include "lib/err.h"

/* The audit line comes first: without it nothing is replaced. */
static void
servicetoken_rotate(struct api_call *c)
{
	struct auth *auth = c->app->auth;
	struct auth_service fresh;
	struct js *o;
	int err;

	if (c->app->conf->system) {
		api_fail(c, RDV_E_STATE,
		    "the service token of this host acts for everybody, so "
		    "root replaces it: sudo rdv token rotate-service");
		return;
	}
	if (!auth_audit(auth, c->req, "service.rotate", c->actor, NULL)) {
		answer_unrecorded(c);
		return;
	}
	err = auth_rotate_service(auth, &fresh);
	if (err != 0) {
		/* Elsewhere rdvd may not write once it is confined. */
		api_fail(c, RDV_E_UNAVAILABLE,
		    arena_printf(c->req->arena,
			"auth.service_token_file: %s; a file in server/ can "
			"be replaced at any time, others when rdv starts",
			strerror(-err)));
		return;
	}
	o = js_object();
	js_add_str(o, "token_id", fresh.id);
	js_add_ms(o, "created_at", fresh.created_at);
	js_add_ms(o, "previous_until", fresh.previous_until);
	api_reply(c, 200, o);
}

const struct api_route api_routes_servicetoken[] = {
	{ HTTP_M_POST, "/api/service-token/rotate", SCOPE_TOKENS,
	    .handler = servicetoken_rotate, .success = 200,
	    .doc = "A new token for the reverse proxy; the one before is "
		   "honoured until previous_until" },
	{ .pattern = NULL },
};
