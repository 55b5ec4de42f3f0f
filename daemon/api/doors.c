/* SPDX-License-Identifier: MIT */
/*
 * Who looks at a session, to be told what changes for all of them. Only
 * numbers are told here: the text of a clipboard is fetched by who may.
 */
#include "daemon/api/doors.h"

#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "daemon/api/api.h"
#include "daemon/api/door.h"
#include "daemon/app.h"
#include "daemon/conf.h"
#include "lib/js.h"
#include "lib/xalloc.h"

struct doors {
	TAILQ_HEAD(, door) list;
};

struct doors *
doors_new(void)
{
	struct doors *ds = xcalloc(1, sizeof(*ds));

	TAILQ_INIT(&ds->list);
	return ds;
}

void
doors_free(struct doors *ds)
{
	free(ds);
}

void
doors_join(struct doors *ds, struct door *d)
{
	d->doors = ds;
	TAILQ_INSERT_TAIL(&ds->list, d, link);
}

void
doors_part(struct door *d)
{
	if (d->doors != NULL)
		TAILQ_REMOVE(&d->doors->list, d, link);
	d->doors = NULL;
}

struct js *
doors_safe(const struct app *app, bool clipboard)
{
	const struct conf *conf = app->conf;
	struct js *o = js_object();

	js_add_int(o, "clipboard_bytes", clipboard ? conf->clipboard_bytes : 0);
	js_add_int(o, "title_chars", conf->title_chars);
	js_add_int(o, "link_bytes", conf->link_bytes);
	js_add_int(o, "notifications_per_minute",
	    conf->notifications_per_minute);
	return o;
}

void
doors_tell_safe(struct app *app, const char *session_id, bool clipboard)
{
	struct door *d;
	struct js *o;

	TAILQ_FOREACH (d, &api_kept(app->api)->doors->list, link) {
		if (d->clipboard == clipboard ||
		    strcmp(d->session_id, session_id) != 0)
			continue;
		d->clipboard = clipboard;
		o = js_object();
		js_add_str(o, "type", "safe");
		js_add(o, "safe", doors_safe(app, clipboard));
		door_say(d, o);
	}
}

unsigned
doors_tell_text(struct app *app, const char *session_id, uint64_t revision,
    size_t bytes)
{
	unsigned told = 0;
	struct door *d;
	struct js *o;

	TAILQ_FOREACH (d, &api_kept(app->api)->doors->list, link) {
		if (!d->clipboard || !d->subscribed || d->read_only ||
		    d->guest || strcmp(d->session_id, session_id) != 0)
			continue;
		o = js_object();
		js_add_str(o, "type", "clipboard_update");
		js_add_int(o, "revision", (int64_t)revision);
		js_add_int(o, "bytes", (int64_t)bytes);
		door_say(d, o);
		told++;
	}
	return told;
}
