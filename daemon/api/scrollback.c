/* SPDX-License-Identifier: MIT */
/*
 * The last lines of a session's output, for whoever has no terminal.
 */
#include "daemon/api/api.h"
#include "daemon/api/session.h"
#include "daemon/term/strip.h"
#include "daemon/term/term.h"
#include "lib/buf.h"

struct scroll_in {
	uint64_t set;
	int64_t lines;
	bool raw;
};

#define FIELD(n, k, member, ...)                                          \
	{                                                                 \
		.name = n, .kind = k,                                     \
		.offset = offsetof(struct scroll_in, member), __VA_ARGS__ \
	}

static const struct js_field scroll_fields[] = {
	FIELD("lines", JS_INT, lines, .min = 1, .max = 100000,
	    .help = "default 100"),
	FIELD("raw", JS_BOOL, raw, .help = "keep escape sequences"),
	{ .name = NULL },
};

static struct js *
scrollback_json(const struct scrollback *s, const char *run_id)
{
	struct js *o = js_object();

	js_add_str(o, "content", buf_cstr(s->out));
	js_add_str(o, "run_id", run_id);
	js_add_int(o, "from", (int64_t)s->from);
	js_add_int(o, "to", (int64_t)s->to);
	js_add_bool(o, "truncated", s->truncated);
	return o;
}

static void
scrollback_lines(struct api_call *c)
{
	const struct scroll_in *in = c->in;
	struct session_output of;
	struct scrollback s = { .raw = in->raw };
	struct buf text;
	int err = session_output(c, &of);

	if (err != 0) {
		session_output_fail(c, err, "it has no output yet");
		return;
	}
	/* Each byte may become the three of U+FFFD. */
	buf_init(&text, 3 * SCROLLBACK_MAX + 1);
	s.out = &text;
	err = scrollback_get(of.term, JS_SET(in, 0) ? (uint64_t)in->lines : 100,
	    &s);
	if (err == 0)
		api_reply(c, 200, scrollback_json(&s, of.run_id));
	else
		api_fail(c, err, NULL);
	buf_done(&text);
	term_unref(of.term);
}

const struct api_route api_routes_scrollback[] = {
	{ HTTP_M_GET, "/api/sessions/{id}/scrollback", SCOPE_READ | SCOPE_RUN,
	    .of = API_OF_SESSION, .query = scroll_fields,
	    .in_size = sizeof(struct scroll_in), .handler = scrollback_lines,
	    .success = 200, .doc = "The last lines of its output as text" },
	{ .pattern = NULL },
};
