/* SPDX-License-Identifier: MIT */
/*
 * /api/integrity: what is wrong with the rows of the caller, as the job of
 * core/integrity has found it. Rows of others are none of his business, but
 * that something is wrong at all is in /health.
 */
#include "daemon/core/integrity.h"

#include <string.h>

#include "daemon/api/api.h"
#include "daemon/app.h"

static struct js *
report_json(const struct integrity_report *r, const char *user_id)
{
	struct js *o = js_object(), *list = js_array(), *item;

	for (size_t i = 0; i < r->n; i++) {
		const struct integrity_finding *f = &r->findings[i];

		if (strcmp(f->user_id, user_id) != 0)
			continue;
		item = js_object();
		js_add_str(item, "check", f->check);
		js_add_str(item, "table", f->table);
		js_add_str(item, "id", f->id);
		js_add_str(item, "what", f->what);
		js_push(list, item);
	}
	js_add_ms(o, "checked_at", r->at > 0 ? r->at : -1);
	js_add_int(o, "ms", r->ms);
	js_add_bool(o, "more", r->more);
	js_add(o, "findings", list);
	return o;
}

static void
reply(struct api_call *c)
{
	api_reply(c, 200,
	    report_json(integrity_report(c->app->integrity),
		c->actor->user_id));
}

static void
integrity_asked_cb(int err, const char *why, void *arg)
{
	struct api_call *c = arg;

	if (err != 0)
		api_fail(c, err, why);
	else
		reply(c);
}

static void
integrity_post(struct api_call *c)
{
	int err = integrity_ask(c->app->integrity, integrity_asked_cb, c);

	if (err != 0)
		api_fail(c, err, "too many wait for a look already");
}

const struct api_route api_routes_integrity[] = {
	{ HTTP_M_GET, "/api/integrity", SCOPE_READ, .handler = reply,
	    .success = 200,
	    .doc = "What the last look at runs, queue and approvals found "
		   "wrong" },
	{ HTTP_M_POST, "/api/integrity", SCOPE_WRITE, .handler = integrity_post,
	    .unclaimed = true, .success = 200,
	    .doc = "Looks now, and answers when that is over; nothing is "
		   "changed" },
	{ .pattern = NULL },
};
