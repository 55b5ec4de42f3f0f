/* SPDX-License-Identifier: MIT */
/*
 * What Claude says: texts and thoughts that grow piece by piece, and the same
 * once more as whole blocks, which have the last word. A block has no number of
 * its own when it comes whole; it is the next of its message. Streams of
 * subagents run beside the main one and are told apart by the call they belong
 * to.
 */
#include "daemon/agent/claudestate.h"

#include <stdlib.h>
#include <string.h>

#include "lib/arena.h"
#include "lib/js.h"
#include "lib/xalloc.h"

#define STREAMS_MAX 32
#define WINDOW	    200000
#define WINDOW_1M   1000000

static void
stream_reset(struct claude_stream *s, const char *message)
{
	for (size_t i = 0; i < CLAUDE_BLOCKS; i++) {
		if (s->blocks[i] != NULL)
			agent_text_end(s->blocks[i]);
		s->blocks[i] = NULL;
	}
	free(s->message);
	s->message = xstrdup(message);
	s->frames = 0;
}

static void
stream_free(struct claude *c, struct claude_stream *s)
{
	TAILQ_REMOVE(&c->streams, s, entry);
	c->nstreams--;
	stream_reset(s, "");
	free(s->message);
	free(s->parent);
	free(s);
}

void
claude_streams_end(struct claude *c)
{
	struct claude_stream *s;

	while ((s = TAILQ_FIRST(&c->streams)) != NULL)
		stream_free(c, s);
}

/* The stream a line belongs to; the least used goes when there are too many. */
static struct claude_stream *
stream_of(struct claude *c, struct jsval line)
{
	const char *parent =
	    jsval_text(jsval_get(line, "parent_tool_use_id"), c->a);
	struct claude_stream *s;

	if (parent == NULL)
		parent = "";
	TAILQ_FOREACH (s, &c->streams, entry)
		if (strcmp(s->parent, parent) == 0)
			break;
	if (s == NULL) {
		if (c->nstreams == STREAMS_MAX)
			stream_free(c,
			    TAILQ_LAST(&c->streams, claude_stream_head));
		s = xcalloc(1, sizeof(*s));
		s->parent = xstrdup(parent);
		s->message = xstrdup("");
		TAILQ_INSERT_HEAD(&c->streams, s, entry);
		c->nstreams++;
	} else if (s != TAILQ_FIRST(&c->streams)) {
		TAILQ_REMOVE(&c->streams, s, entry);
		TAILQ_INSERT_HEAD(&c->streams, s, entry);
	}
	return s;
}

/* Which model it is, once; what a program makes up by itself has none. */
void
claude_model(struct claude *c, const char *model)
{
	if (model == NULL || *model == '<')
		return;
	if (c->model == NULL) {
		c->model = xstrdup(model);
		c->window = strstr(model, "[1m]") != NULL ? WINDOW_1M : WINDOW;
		agent_fact(c->g, AGENT_MODEL, model);
	}
}

static void
show_model(struct claude *c, struct jsval message)
{
	const char *model;

	if (c->model_shown)
		return;
	model = jsval_text(jsval_get(message, "model"), c->a);
	claude_model(c, model);
	if (model == NULL || *model == '<')
		return;
	c->model_shown = true;
	agent_add(c->g, entry_text(ENTRY_SYSTEM,
			    arena_printf(c->a,
				"System initialized with model: %s", model)));
}

static void
message_start(struct claude *c, struct claude_stream *s, struct jsval event)
{
	struct jsval message = jsval_get(event, "message");
	const char *id = jsval_text(jsval_get(message, "id"), c->a);

	stream_reset(s, id != NULL ? id : "");
	show_model(c, message);
}

/* The text of a block that is there, or is now; NULL for an odd number. */
static struct agent_text *
block(struct claude *c, struct claude_stream *s, struct jsval event,
    enum entry_kind kind)
{
	int64_t i = jsval_int(jsval_get(event, "index"), -1);

	if (i < 0 || i >= CLAUDE_BLOCKS)
		return NULL;
	if (s->blocks[i] == NULL)
		s->blocks[i] = agent_text_new(c->g, kind);
	return s->blocks[i];
}

static void
grow(struct claude *c, struct claude_stream *s, struct jsval event,
    struct jsval part)
{
	struct jsval v = jsval_get(part, "text");
	enum entry_kind kind = ENTRY_ASSISTANT;
	struct agent_text *t;
	const char *text;

	if (jsval_type(v) != JSVIEW_STRING) {
		v = jsval_get(part, "thinking");
		kind = ENTRY_THINKING;
	}
	text = jsval_text(v, c->a);
	t = text != NULL ? block(c, s, event, kind) : NULL;
	if (t != NULL)
		agent_text_add(t, text, strlen(text));
}

static void
message_delta(struct claude *c, struct claude_stream *s, struct jsval event)
{
	static const char *const keys[] = { "input_tokens", "output_tokens",
		"cache_creation_input_tokens", "cache_read_input_tokens" };
	struct jsval usage = jsval_get(event, "usage");
	int64_t n, sum = 0;

	if (*s->parent != '\0' || jsval_type(usage) != JSVIEW_OBJECT)
		return;
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		n = jsval_int(jsval_get(usage, keys[i]), 0);
		sum += n > 0 && n < INT32_MAX ? n : 0;
	}
	c->total = sum;
	claude_usage(c);
}

void
claude_stream_event(struct claude *c, struct jsval line)
{
	struct jsval event = jsval_get(line, "event");
	struct jsval type = jsval_get(event, "type");
	struct claude_stream *s = stream_of(c, line);
	const char *raw;

	if (jsval_is(type, "content_block_delta"))
		grow(c, s, event, jsval_get(event, "delta"));
	else if (jsval_is(type, "content_block_start"))
		grow(c, s, event, jsval_get(event, "content_block"));
	else if (jsval_is(type, "message_start"))
		message_start(c, s, event);
	else if (jsval_is(type, "message_delta"))
		message_delta(c, s, event);
	else if (!jsval_is(type, "content_block_stop") &&
		 !jsval_is(type, "message_stop") && !jsval_is(type, "ping")) {
		raw = jsval_raw(line, c->a);
		claude_quote(c, raw, strlen(raw));
	}
}

void
claude_said(struct claude *c, const char *text)
{
	buf_reset(&c->said);
	buf_put_text(&c->said, text);
}

/* The words of a block; the entry that grew for it, if any, has them now. */
static void
whole_text(struct claude *c, struct claude_stream *s, unsigned i,
    enum entry_kind kind, const char *text)
{
	struct agent_text *t = i < CLAUDE_BLOCKS ? s->blocks[i] : NULL;

	if (t == NULL && *text == '\0')
		return;
	if (t == NULL)
		t = agent_text_new(c->g, kind);
	agent_text_set(t, text, strlen(text));
	agent_text_end(t);
	if (i < CLAUDE_BLOCKS)
		s->blocks[i] = NULL;
	if (kind != ENTRY_ASSISTANT || *s->parent != '\0')
		return;
	claude_said(c, text);
}

static void
whole_call(struct claude *c, struct jsval block)
{
	const char *id = jsval_text(jsval_get(block, "id"), c->a);
	const char *name = jsval_text(jsval_get(block, "name"), c->a);
	const char *input = jsval_raw(jsval_get(block, "input"), c->a);

	claude_call_new(c, id != NULL ? id : "", name != NULL ? name : "?",
	    input != NULL ? input : "null");
}

static void
whole_block(struct claude *c, struct claude_stream *s, struct jsval block)
{
	struct jsval type = jsval_get(block, "type");
	const char *text = jsval_text(jsval_get(block, "text"), c->a), *raw;
	unsigned i = s->frames;

	if (s->frames < CLAUDE_BLOCKS)
		s->frames++;
	if (jsval_is(type, "text") && text != NULL) {
		whole_text(c, s, i, ENTRY_ASSISTANT, text);
		return;
	}
	text = jsval_text(jsval_get(block, "thinking"), c->a);
	if (jsval_is(type, "thinking") && text != NULL)
		whole_text(c, s, i, ENTRY_THINKING, text);
	else if (jsval_is(type, "tool_use") ||
		 jsval_is(type, "server_tool_use"))
		whole_call(c, block);
	else {
		raw = jsval_raw(block, c->a);
		claude_quote(c, raw, strlen(raw));
	}
}

/* It cannot speak to its model before a person does something about it. */
static void
signed_out(struct claude *c, struct jsval message)
{
	struct jsval first = jsval_first(jsval_get(message, "content"));
	const char *text = jsval_text(jsval_get(first, "text"), c->a);

	if (text == NULL)
		text = "Not signed in";
	claude_said(c, text);
	agent_add(c->g, entry_error(text, true));
	if (!c->auth_failed)
		agent_fact(c->g, AGENT_NEEDS,
		    c->amp ? "Amp is not signed in. Run: amp login"
			   : "Claude Code is not signed in. Run: claude "
			     "/login");
	c->auth_failed = true;
}

void
claude_assistant(struct claude *c, struct jsval line)
{
	struct jsval message = jsval_get(line, "message"), block;
	const char *id = jsval_text(jsval_get(message, "id"), c->a), *uuid;
	struct claude_stream *s = stream_of(c, line);

	uuid = jsval_text(jsval_get(line, "uuid"), c->a);
	if (uuid != NULL) {
		free(c->last_uuid);
		c->last_uuid = xstrdup(uuid);
	}
	if (jsval_is(jsval_get(line, "error"), "authentication_failed")) {
		signed_out(c, message);
		return;
	}
	show_model(c, message);
	if (id == NULL || strcmp(id, s->message) != 0)
		stream_reset(s, id != NULL ? id : "");
	for (block = jsval_first(jsval_get(message, "content"));
	     jsval_type(block) != JSVIEW_NONE; block = jsval_next(block))
		whole_block(c, s, block);
}
