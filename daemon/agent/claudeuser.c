/* SPDX-License-Identifier: MIT */
/*
 * Lines that Claude's program writes in its user's name: what tools gave back,
 * what it tells itself, and what we wrote, once more. What a person decided
 * about a call becomes an entry of its own here, with the call's result and not
 * with the decision: the order of entries is that of the output.
 */
#include "daemon/agent/claudestate.h"

#include <string.h>

#include "lib/arena.h"
#include "lib/js.h"

/* What a command of its own printed comes in tags. */
static const char *
untagged(struct arena *a, const char *text)
{
	static const char *const tags[] = { "<local-command-stdout>",
		"</local-command-stdout>" };
	char *out = arena_alloc(a, strlen(text) + 1), *to = out;
	size_t n;

	while (*text != '\0') {
		n = 0;
		for (size_t i = 0; i < 2 && n == 0; i++)
			if (strncmp(text, tags[i], strlen(tags[i])) == 0)
				n = strlen(tags[i]);
		if (n == 0)
			*to++ = *text++;
		text += n;
	}
	return out;
}

/*
 * All texts of an array that has nothing else, with blank lines between; NULL
 * of any other. There may be very many of them.
 */
static const char *
joined(struct claude *c, struct jsval list)
{
	struct jsval v = jsval_first(list);
	const char *text = "";
	bool first = true;
	struct buf all;

	if (jsval_type(list) == JSVIEW_STRING)
		return jsval_text(list, c->a);
	if (jsval_type(v) == JSVIEW_NONE)
		return NULL;
	buf_init(&all, SIZE_MAX / 4);
	for (; jsval_type(v) != JSVIEW_NONE && text != NULL;
	     v = jsval_next(v)) {
		text = jsval_is(jsval_get(v, "type"), "text")
			   ? jsval_text(jsval_get(v, "text"), c->a)
			   : NULL;
		buf_put_text(&all, first ? "" : "\n\n");
		buf_put_text(&all, text != NULL ? text : "");
		first = false;
	}
	if (text != NULL)
		text = arena_strdup(c->a, buf_cstr(&all));
	buf_done(&all);
	return text;
}

static void
decided(struct claude *c, const struct claude_call *k)
{
	if (k->state == ENTRY_DENIED && k->reason != NULL)
		agent_add(c->g, entry_feedback(k->name, k->reason));
	if (k->answers != NULL)
		agent_add(c->g, entry_answers(k->answers));
}

static void
tool_result(struct claude *c, struct jsval block)
{
	const char *id = jsval_text(jsval_get(block, "tool_use_id"), c->a);
	struct jsval content = jsval_get(block, "content");
	struct claude_call *k = id != NULL ? claude_call_find(c, id) : NULL;
	struct claude_told told = {
		.failed = jsval_bool(jsval_get(block, "is_error"), false),
		.text = joined(c, content),
	};
	struct js *value = NULL;
	const char *raw;

	if (k == NULL) {
		raw = jsval_raw(block, c->a);
		claude_quote(c, raw, strlen(raw));
		return;
	}
	if (told.text == NULL)
		told.value = value = jsval_js(content);
	if (k->state == ENTRY_CREATED || k->state == ENTRY_PENDING)
		k->state = told.failed ? ENTRY_FAILED : ENTRY_SUCCESS;
	claude_call_show(c, k,
	    k->state == ENTRY_DENIED || k->state == ENTRY_TIMED_OUT ? NULL
								    : &told);
	decided(c, k);
	claude_call_free(c, k);
	js_free(value);
}

/* Nothing has an entry any more, so nothing may replace one. */
static void
forget(struct claude *c)
{
	struct claude_call *k;

	claude_streams_end(c);
	while ((k = TAILQ_FIRST(&c->calls)) != NULL)
		claude_call_free(c, k);
	c->usage_at = AGENT_NO_ENTRY;
	c->model_shown = false;
	claude_said(c, "");
	agent_restart(c->g);
}

/* Of its user there is only one text in Amp's: the prompt, behind the past. */
static void
says(struct claude *c, const char *text)
{
	if (c->amp)
		forget(c);
	else
		agent_add(c->g, entry_text(ENTRY_SYSTEM, untagged(c->a, text)));
}

void
claude_user(struct claude *c, struct jsval line)
{
	struct jsval content = jsval_get(jsval_get(line, "message"), "content");
	const char *text = jsval_text(jsval_get(line, "uuid"), c->a);
	struct jsval block;

	if (text != NULL)
		agent_fact(c->g, AGENT_MESSAGE, text);
	if (jsval_bool(jsval_get(line, "isReplay"), false))
		return;
	if ((text = jsval_text(content, c->a)) != NULL)
		says(c, text);
	for (block = jsval_first(content); jsval_type(block) != JSVIEW_NONE;
	     block = jsval_next(block)) {
		struct jsval type = jsval_get(block, "type");

		text = jsval_text(jsval_get(block, "text"), c->a);
		if (jsval_is(type, "tool_result"))
			tool_result(c, block);
		else if (jsval_is(type, "text") && text != NULL)
			says(c, text);
		else {
			text = jsval_raw(block, c->a);
			claude_quote(c, text, strlen(text));
		}
	}
}
