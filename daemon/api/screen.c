/* SPDX-License-Identifier: MIT */
/*
 * What a session's terminal shows, as text: for whoever wants to look without
 * being a terminal; or for one, as output that leads there. Invariant: of text
 * nothing acts on the reader's terminal but the colours that were asked for,
 * and no form has a byte of a program's sequences that is not shown to be one.
 */
#include <errno.h>
#include <string.h>

#include "daemon/api/answer.h"
#include "daemon/api/api.h"
#include "daemon/api/screensend.h"
#include "daemon/api/session.h"
#include "daemon/emu/emu.h"
#include "daemon/term/screen.h"
#include "daemon/term/term.h"
#include "lib/arena.h"
#include "lib/buf.h"
#include "lib/err.h"

/* More than any screen without colours, and most with them. */
#define TEXT_MAX (4u << 20)

struct screen_in {
	uint64_t set;
	const char *format;
};

static const struct js_field screen_fields[] = {
	{ .name = "format",
	    .kind = JS_ONE_OF,
	    .offset = offsetof(struct screen_in, format),
	    .words = "text|ansi|output",
	    .help = "ansi: with colours, as escape sequences; output: what "
		    "brings a terminal of that size there, with up to 2000 "
		    "lines above the screen; default text" },
	{ .name = NULL },
};

struct asked {
	struct api_call *c;
	struct session_output of;
	struct screen_job *job;
};

static struct js *
modes_json(const struct emu *e)
{
	struct js *list = js_array();
	char *names, *name;
	struct buf b;

	buf_init(&b, 1024);
	emu_modes(e, &b);
	buf_put_u8(&b, '\0');
	names = (char *)b.data;
	while ((name = strsep(&names, " ")) != NULL)
		if (*name != '\0')
			js_push_str(list, name);
	buf_done(&b);
	return list;
}

static struct js *
cursor_json(const struct emu_look *look)
{
	struct js *o = js_object();

	js_add_int(o, "x", look->x);
	js_add_int(o, "y", look->y);
	js_add_bool(o, "visible", !look->cursor_hidden);
	return o;
}

/* `text` NULL: it comes by itself. */
static struct js *
screen_json(const struct emu *e, uint64_t offset, const char *run_id,
    const char *text)
{
	struct js *o = js_object();
	struct emu_look look;

	emu_look(e, &look);
	if (text != NULL)
		js_add_str(o, "content", text);
	js_add_str(o, "run_id", run_id);
	js_add_int(o, "offset", (int64_t)offset);
	js_add_int(o, "cols", look.cols);
	js_add_int(o, "rows", look.rows);
	js_add(o, "cursor", cursor_json(&look));
	js_add_str(o, "title", look.title);
	js_add_bool(o, "alternate", look.alternate);
	js_add(o, "modes", modes_json(e));
	js_add_int(o, "history", look.history);
	return o;
}

static void
screen_done_cb(int err, const struct screen_got *got, void *arg)
{
	struct asked *a = arg;

	if (err != 0)
		api_fail(a->c, err == -ENOENT ? RDV_E_STATE : err,
		    err == -ENOENT ? "its output was removed" : NULL);
	else if (got->put == NULL)
		api_fail(a->c, RDV_E_TOO_BIG,
		    "the screen has too many colours");
	else if (!answer_holds(a->c))
		return;
	else if (got->put->len > SCREENSEND_PIECE)
		screensend(a->c, got->put,
		    screen_json(got->emu, got->offset, a->of.run_id, NULL));
	else
		api_reply(a->c, 200,
		    screen_json(got->emu, got->offset, a->of.run_id,
			buf_cstr(got->put)));
}

/* Nobody is there to look at it; the call has to end all the same. */
static void
screen_gone_cb(void *arg)
{
	struct asked *a = arg;

	screen_job_free(a->job);
	api_fail(a->c, RDV_E_STATE, "the client has left");
}

static enum screen_form
form_of(const char *format)
{
	if (format != NULL && strcmp(format, "output") == 0)
		return SCREEN_OUTPUT;
	if (format != NULL && strcmp(format, "ansi") == 0)
		return SCREEN_SGR;
	return SCREEN_TEXT;
}

static void
screen_get(struct api_call *c)
{
	const struct screen_in *in = c->in;
	struct asked *a = arena_alloc(c->req->arena, sizeof(*a));
	const struct screen_wish wish = { form_of(in->format), EMU_HISTORY,
		TEXT_MAX, TEXT_MAX };
	int err;

	*a = (struct asked){ .c = c };
	err = session_output(c, &a->of);
	if (err == 0) {
		a->job = screen_job_new(a->of.term, c->actor->user_id, &wish,
		    screen_done_cb, a);
		term_unref(a->of.term);
		err = a->job == NULL ? RDV_E_STATE : 0;
		c->req->gone = screen_gone_cb;
		c->req->gone_arg = a;
	}
	if (err != 0)
		session_output_fail(c, err, "it has no terminal");
}

const struct api_route api_routes_screen[] = {
	{ HTTP_M_GET, "/api/sessions/{id}/screen", SCOPE_READ | SCOPE_RUN,
	    .of = API_OF_SESSION, .query = screen_fields,
	    .in_size = sizeof(struct screen_in), .handler = screen_get,
	    .success = 200, .doc = "What its terminal shows, as text" },
	{ .pattern = NULL },
};
