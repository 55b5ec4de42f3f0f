/* SPDX-License-Identifier: MIT */
/*
 * /api/user: the person behind the credential (contract 2.10).
 */
#include "daemon/api/api.h"
#include "daemon/app.h"

static void
user_get(struct api_call *c)
{
	const char *id = c->actor->user_id;
	struct js *o = js_object();

	js_add_str(o, "id", id);
	js_add_str(o, "name", auth_user_name(c->app->auth, id));
	/* In the shape that clients decode; an account has none. */
	js_add_str(o, "email", NULL);
	api_reply(c, 200, o);
}

const struct api_route api_routes_user[] = {
	{ HTTP_M_GET, "/api/user", SCOPE_READ, .handler = user_get,
	    .success = 200, .doc = "The user behind the credential" },
	{ .pattern = NULL },
};
