/* SPDX-License-Identifier: MIT */
/*
 * Who looks at a terminal, as its viewers are told and as the route says. Names
 * are account names and labels of links; ids of links are for the owner alone.
 */
#include "daemon/term/presence.h"

#include "daemon/api/api.h"
#include "daemon/api/door.h"
#include "daemon/api/session.h"
#include "daemon/http/ws.h"
#include "daemon/term/term.h"
#include "lib/buf.h"
#include "lib/err.h"

/* Of the route's answer; more than that nobody reads. */
#define LISTED 256

struct list {
	struct js *rows;
	bool ids; /* of links */
};

static void
viewers_push_cb(const struct presence_row *row, void *arg)
{
	const struct list *list = arg;
	struct js *o = js_object();

	js_add_int(o, "id", (int64_t)row->id);
	js_add_str(o, "name", row->name);
	js_add_bool(o, "guest", row->link != NULL);
	js_add_str(o, "mode", row->read_only ? "read" : "write");
	js_add_bool(o, "size_owner", row->owner);
	js_add_bool(o, "typing", row->typing);
	js_add_ms(o, "cols", row->cols > 0 ? (int64_t)row->cols : -1);
	js_add_ms(o, "rows", row->cols > 0 ? (int64_t)row->rows : -1);
	js_add_ms(o, "since", row->since);
	if (list->ids)
		js_add_str(o, "link_id", row->link);
	js_push(list->rows, o);
}

void
door_presence_cb(const struct term *t, struct buf *said, void *arg)
{
	struct door *d = arg;
	struct list list = { .ids = false };
	unsigned total;
	struct js *o;

	/* Nothing comes before "ready". */
	if (!d->ready || d->closing)
		return;
	if (said->len == 0) {
		list.rows = js_array();
		total =
		    presence_each(t, PRESENCE_SHOWN, viewers_push_cb, &list);
		o = js_object();
		js_add_str(o, "type", "presence");
		js_add_int(o, "total", total);
		js_add(o, "viewers", list.rows);
		js_dump(o, said);
		js_free(o);
	}
	if (buf_ok(said))
		ws_text(d->ws, buf_cstr(said), said->len);
}

static void
viewers_list(struct api_call *c)
{
	struct session_output out = { .term = NULL };
	struct list list = { .rows = js_array(), .ids = true };
	int err = session_output(c, &out);
	unsigned total = 0;
	struct js *o;

	/* Without a run there is nothing to look at. */
	if (err != 0 && err != RDV_E_STATE) {
		js_free(list.rows);
		session_output_fail(c, err, NULL);
		return;
	}
	if (err == 0)
		total = presence_each(out.term, LISTED, viewers_push_cb, &list);
	term_unref(out.term);
	o = js_object();
	js_add_int(o, "total", total);
	js_add(o, "viewers", list.rows);
	api_reply(c, 200, o);
}

const struct api_route api_routes_viewers[] = {
	{ HTTP_M_GET, "/api/sessions/{id}/viewers", SCOPE_READ | SCOPE_RUN,
	    .of = API_OF_SESSION, .handler = viewers_list, .success = 200,
	    .doc = "Who looks at its terminal: names, windows, who types" },
	{ .pattern = NULL },
};
