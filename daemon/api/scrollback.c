/* SPDX-License-Identifier: MIT */
/*
 * The last lines of a session's output, for whoever has no terminal, or those
 * that have a text in them. Invariant: whatever the size of a log, an answer
 * has a bound, and says where the next one goes on.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/api/answer.h"
#include "daemon/api/api.h"
#include "daemon/api/session.h"
#include "daemon/term/search.h"
#include "daemon/term/strip.h"
#include "daemon/term/term.h"
#include "lib/arena.h"
#include "lib/buf.h"
#include "lib/err.h"
#include "lib/xalloc.h"

#define HITS	 100
#define HITS_MAX 1000

struct scroll_in {
	uint64_t set;
	const char *query;
	int64_t lines, before, limit, context;
	bool raw, ignore_case;
};

enum { LINES, RAW, QUERY, CASE, BEFORE, LIMIT, CONTEXT };
/* Of the fields, by whether a text is looked for. */
#define OF_LINES  (1u << LINES | 1u << RAW)
#define OF_SEARCH (1u << CASE | 1u << BEFORE | 1u << LIMIT | 1u << CONTEXT)

#define FIELD(n, k, member, ...)                                          \
	{                                                                 \
		.name = n, .kind = k,                                     \
		.offset = offsetof(struct scroll_in, member), __VA_ARGS__ \
	}

static const struct js_field scroll_fields[] = {
	[LINES] = FIELD("lines", JS_INT, lines, .min = 1, .max = 100000,
	    .help = "default 100"),
	[RAW] = FIELD("raw", JS_BOOL, raw, .help = "keep escape sequences"),
	[QUERY] = FIELD("query", JS_TEXT, query, .min = 1, .max = SEARCH_TEXT,
	    .help = "only lines with this text, newest first"),
	[CASE] = FIELD("ignore_case", JS_BOOL, ignore_case,
	    .help = "of its letters a to z"),
	[BEFORE] = FIELD("before", JS_INT, before, .min = 0, .max = INT64_MAX,
	    .help = "and before this byte: `next` of the page before"),
	[LIMIT] = FIELD("limit", JS_INT, limit, .min = 1, .max = HITS_MAX,
	    .help = "so many of them; default 100"),
	[CONTEXT] = FIELD("context", JS_INT, context, .min = 0,
	    .max = SEARCH_CONTEXT, .help = "with so many lines around each"),
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
last_lines(struct api_call *c, const struct session_output *of)
{
	const struct scroll_in *in = c->in;
	struct scrollback s = { .raw = in->raw };
	struct buf text;
	int err;

	/* Each byte may become the three of U+FFFD. */
	buf_init(&text, 3 * SCROLLBACK_MAX + 1);
	s.out = &text;
	err = scrollback_get(of->term,
	    JS_SET(in, LINES) ? (uint64_t)in->lines : 100, &s);
	/* Motions make more of it; half of that would look like all. */
	if (err == 0 && !buf_ok(&text))
		api_fail(c, RDV_E_TOO_BIG,
		    "as text these lines are over 3 MiB; ask for fewer");
	else if (err == 0)
		api_reply(c, 200, scrollback_json(&s, of->run_id));
	else
		api_fail(c, err, NULL);
	buf_done(&text);
}

struct searching {
	struct api_call *c;
	const char *run_id;
	struct search *search;
	struct js *hits;
};

/* Each ends with a line feed, the last perhaps not. */
static struct js *
lines_json(const char *text)
{
	struct js *list = js_array();
	char *copy = xstrdup(text), *at = copy, *line;

	while (at != NULL && *at != '\0') {
		line = strsep(&at, "\n");
		js_push_str(list, line);
	}
	free(copy);
	return list;
}

static void
search_hit_cb(const struct search_hit *h, void *arg)
{
	const struct searching *x = arg;
	const struct scroll_in *in = x->c->in;
	struct js *o = js_object();

	js_add_int(o, "offset", (int64_t)h->offset);
	js_add_str(o, "text", h->text);
	if (in->context > 0) {
		js_add(o, "before", lines_json(h->before));
		js_add(o, "after", lines_json(h->after));
	}
	js_push(x->hits, o);
}

static void
search_done_cb(int err, uint64_t next, void *arg)
{
	struct searching *x = arg;
	struct js *o;

	if (err != 0) {
		js_free(x->hits);
		api_fail(x->c, err == -ENOENT ? RDV_E_STATE : err,
		    err == -ENOENT ? "its output was removed" : NULL);
		return;
	}
	o = js_object();
	js_add_str(o, "run_id", x->run_id);
	js_add(o, "hits", x->hits);
	js_add_ms(o, "next", next > 0 ? (int64_t)next : -1);
	api_reply(x->c, 200, o);
}

static void
search_gone_cb(void *arg)
{
	struct searching *x = arg;

	search_free(x->search);
	js_free(x->hits);
	api_fail(x->c, RDV_E_STATE, "the client has left");
}

static void
begin_search(struct api_call *c, const struct session_output *of)
{
	const struct scroll_in *in = c->in;
	struct search_conf conf = { .user_id = c->actor->user_id,
		.text = in->query,
		.ignore_case = in->ignore_case,
		.limit = JS_SET(in, LIMIT) ? (unsigned)in->limit : HITS,
		.context = (unsigned)in->context,
		.before =
		    JS_SET(in, BEFORE) ? (uint64_t)in->before : UINT64_MAX };
	struct searching *x = arena_alloc(c->req->arena, sizeof(*x));
	int err;

	*x = (struct searching){
		.c = c, .run_id = of->run_id, .hits = js_array()
	};
	err = search_new(of->term, &conf, search_hit_cb, search_done_cb, x,
	    &x->search);
	if (err == 0) {
		c->req->gone = search_gone_cb;
		c->req->gone_arg = x;
		return;
	}
	js_free(x->hits);
	answer_bounded(c, err,
	    err == RDV_E_FULL ? "two searches of yours are under way" : NULL);
}

static void
scrollback_route(struct api_call *c)
{
	const struct scroll_in *in = c->in;
	struct session_output of;
	int err;

	if (in->set & (in->query != NULL ? OF_LINES : OF_SEARCH)) {
		api_fail(c, RDV_E_INVALID,
		    in->query != NULL ? "query excludes lines and raw"
				      : "ignore_case, before, limit and "
					"context are about a query");
		return;
	}
	err = session_output(c, &of);
	if (err != 0) {
		session_output_fail(c, err, "it has no output yet");
		return;
	}
	if (in->query != NULL)
		begin_search(c, &of);
	else
		last_lines(c, &of);
	term_unref(of.term);
}

const struct api_route api_routes_scrollback[] = {
	{ HTTP_M_GET, "/api/sessions/{id}/scrollback", SCOPE_READ | SCOPE_RUN,
	    .of = API_OF_SESSION, .query = scroll_fields,
	    .in_size = sizeof(struct scroll_in), .handler = scrollback_route,
	    .success = 200,
	    .doc = "The last lines of its output as text, or those with a text "
		   "in them" },
	{ .pattern = NULL },
};
