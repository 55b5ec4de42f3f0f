/* SPDX-License-Identifier: MIT */
/*
 * /api/sessions/{id}/clipboard: the text that goes between a session's programs
 * and the clipboard of who looks (contract 3.3). It is in no event, log line or
 * stored answer.
 */
#include <stddef.h>
#include <string.h>

#include "daemon/api/api.h"
#include "daemon/api/doors.h"
#include "daemon/app.h"
#include "daemon/core/clipboard.h"
#include "daemon/store/sessions.h"
#include "lib/err.h"
#include "lib/js.h"

struct clip_in {
	uint64_t set;
	const char *data;
	bool tell;
};

static const struct js_field clip_fields[] = {
	{ .name = "data",
	    .kind = JS_TEXT,
	    .offset = offsetof(struct clip_in, data),
	    .required = true,
	    .min = 1,
	    /* More than there may be: that is 413 (contract 3.3). */
	    .max = 2 * CLIP_BYTES,
	    .help = "the text, at most 1 MiB of UTF-8" },
	{ .name = "tell",
	    .kind = JS_BOOL,
	    .offset = offsetof(struct clip_in, tell),
	    .help = "false: those who look are not to take it; default true" },
	{ .name = NULL },
};

static bool
clip_session_cb(const struct store_session *s, const struct store_run *r,
    void *arg)
{
	(void)s;
	(void)r;
	(void)arg;
	return false;
}

/* True when the session is the caller's. */
static bool
clip_judge(struct api_call *c)
{
	int err = store_session_get(c->app->db, c->actor->user_id, c->params[0],
	    clip_session_cb, NULL);

	if (err != 0)
		api_fail(c, err, err > 0 ? "there is no such session" : NULL);
	return err == 0;
}

static void
clipboard_post(struct api_call *c)
{
	const struct clip_in *in = c->in;
	struct clips *clips = api_kept(c->app->api)->clips;
	bool tell = in->tell || !JS_SET(in, 1);
	size_t len = strlen(in->data);
	uint64_t revision = 0;
	struct js *o;
	int err;

	if (!clip_judge(c))
		return;
	err = clips_put(clips, c->actor->user_id, c->params[0], in->data, len,
	    &revision);
	if (err != 0) {
		api_fail(c, err,
		    err == RDV_E_TOO_BIG ? "more than 1 MiB"
					 : "data: is no UTF-8");
		return;
	}
	o = js_object();
	js_add_int(o, "revision", (int64_t)revision);
	js_add_int(o, "delivered",
	    tell ? doors_tell_text(c->app, c->params[0], revision, len) : 0);
	api_reply(c, 200, o);
}

static void
clipboard_get(struct api_call *c)
{
	const char *text;
	size_t len = 0;

	if (!clip_judge(c))
		return;
	text = clips_get(api_kept(c->app->api)->clips, c->actor->user_id,
	    c->params[0], &len);
	if (text == NULL)
		api_empty(c, 204);
	else
		api_reply_raw(c, 200, "text/plain; charset=utf-8", text, len);
}

const struct api_route api_routes_clipboard[] = {
	{ HTTP_M_GET, "/api/sessions/{id}/clipboard", SCOPE_RUN,
	    .of = API_OF_SESSION, .handler = clipboard_get, .success = 200,
	    .doc = "What was copied last for it; 204: nothing, or too long "
		   "ago" },
	{ HTTP_M_POST, "/api/sessions/{id}/clipboard", SCOPE_RUN,
	    .of = API_OF_SESSION, .body = clip_fields,
	    .in_size = sizeof(struct clip_in), .handler = clipboard_post,
	    .unclaimed = true, .success = 200,
	    .doc = "Copies a text, for 10 minutes and in memory alone; an "
		   "Idempotency-Key is not looked at" },
	{ .pattern = NULL },
};
