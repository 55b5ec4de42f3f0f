/* SPDX-License-Identifier: MIT */
/*
 * What Claude's program says about itself: how it is set up, what it is busy
 * with, how full its context is, and that the turn is over. A result may claim
 * success and be an error; the error counts.
 */
#include "daemon/agent/claudestate.h"

#include <string.h>

#include "lib/arena.h"
#include "lib/js.h"

/* One entry for the whole turn: it is a gauge, not a story. */
void
claude_usage(struct claude *c)
{
	struct js *e;

	if (c->usage_at != AGENT_NO_ENTRY && c->told_total == c->total &&
	    c->told_window == c->window)
		return;
	c->told_total = c->total;
	c->told_window = c->window;
	e = entry_usage(c->total, c->window);
	if (c->usage_at == AGENT_NO_ENTRY)
		c->usage_at = agent_add(c->g, e);
	else
		agent_set(c->g, c->usage_at, e);
}

static void
system_init(struct claude *c, struct jsval line)
{
	claude_model(c, jsval_text(jsval_get(line, "model"), c->a));
	if (!c->key_warned &&
	    jsval_is(jsval_get(line, "apiKeySource"), "ANTHROPIC_API_KEY")) {
		c->key_warned = true;
		agent_add(c->g,
		    entry_error("ANTHROPIC_API_KEY is set: this is billed to "
				"that key and not to a subscription.",
			false));
	}
}

static void
system_status(struct claude *c, struct jsval line)
{
	const char *text = jsval_text(jsval_get(line, "status"), c->a);

	if (text != NULL)
		agent_add(c->g, entry_text(ENTRY_SYSTEM, text));
}

static const char *
task_input(struct claude *c, struct jsval line)
{
	static const char *const keys[] = { "description", "prompt" };
	struct js *o = js_object();
	const char *s;

	for (size_t i = 0; i < 2; i++) {
		s = jsval_text(jsval_get(line, keys[i]), c->a);
		if (s != NULL)
			js_add_str(o, keys[i], s);
	}
	s = jsval_text(jsval_get(line, "task_type"), c->a);
	if (s != NULL)
		js_add_str(o, "subagent_type", s);
	return claude_text(c, o);
}

/* A call that is a task has an entry already, and its result ends it. */
static bool
task_of_call(struct claude *c, struct jsval line)
{
	const char *id = jsval_text(jsval_get(line, "tool_use_id"), c->a);
	struct claude_call *k = id != NULL ? claude_call_find(c, id) : NULL;

	return k != NULL && (claude_tool_is(k->name, "Task") ||
				claude_tool_is(k->name, "Agent"));
}

/* Calls have ids of their own: a task's is told from them by its prefix. */
static const char *
task_id(struct claude *c, struct jsval line)
{
	const char *id = jsval_text(jsval_get(line, "task_id"), c->a);

	return arena_printf(c->a, "task:%s", id != NULL ? id : "");
}

static void
task_started(struct claude *c, struct jsval line)
{
	if (!task_of_call(c, line))
		claude_call_new(c, task_id(c, line), "Task",
		    task_input(c, line));
}

static void
task_progress(struct claude *c, struct jsval line)
{
	struct claude_call *k = claude_call_find(c, task_id(c, line));

	if (k == NULL) {
		task_started(c, line);
		return;
	}
	if (jsval_type(jsval_get(line, "description")) == JSVIEW_STRING)
		claude_call_input(c, k, "Task", task_input(c, line));
	claude_call_show(c, k, NULL);
}

static void
task_notification(struct claude *c, struct jsval line)
{
	struct claude_call *k;
	/* One that was stopped has not succeeded. */
	struct claude_told told = {
		.failed = !jsval_is(jsval_get(line, "status"), "completed"),
		.text = jsval_text(jsval_get(line, "summary"), c->a),
	};

	if (task_of_call(c, line))
		return;
	k = claude_call_find(c, task_id(c, line));
	if (k == NULL)
		k = claude_call_new(c, task_id(c, line), "Task",
		    task_input(c, line));
	k->state = told.failed ? ENTRY_FAILED : ENTRY_SUCCESS;
	claude_call_show(c, k, &told);
	claude_call_free(c, k);
}

static void
nothing(struct claude *c, struct jsval line)
{
	(void)c;
	(void)line;
}

static void
by_name(struct claude *c, struct jsval line)
{
	const char *text = jsval_text(jsval_get(line, "subtype"), c->a);

	agent_add(c->g,
	    entry_text(ENTRY_SYSTEM,
		arena_printf(c->a, "System: %s", text != NULL ? text : "?")));
}

/* Each turn begins with hooks; that one went well is no news. */
static void
hook_response(struct claude *c, struct jsval line)
{
	if (!jsval_is(jsval_get(line, "outcome"), "success"))
		by_name(c, line);
}

static const struct {
	const char *subtype;
	void (*take)(struct claude *c, struct jsval line);
} subtypes[] = {
	{ "status", system_status },
	{ "init", system_init },
	{ "compact_boundary", nothing },
	{ "hook_started", nothing },
	{ "hook_response", hook_response },
	{ "task_started", task_started },
	{ "task_progress", task_progress },
	{ "task_notification", task_notification },
};

void
claude_system(struct claude *c, struct jsval line)
{
	struct jsval subtype = jsval_get(line, "subtype");

	for (size_t i = 0; i < sizeof(subtypes) / sizeof(subtypes[0]); i++) {
		if (jsval_is(subtype, subtypes[i].subtype)) {
			subtypes[i].take(c, line);
			return;
		}
	}
	by_name(c, line);
}

/* The window that the model really has is known in the end. */
static void
true_window(struct claude *c, struct jsval line)
{
	struct jsval usage = jsval_get(line, "modelUsage");
	int64_t window;

	if (c->model == NULL)
		return;
	window =
	    jsval_int(jsval_get(jsval_get(usage, c->model), "contextWindow"),
		0);
	if (window <= 0)
		return;
	c->window = window;
	claude_usage(c);
}

static void
conclude(struct claude *c, struct jsval line, const char *text)
{
	const char *why = jsval_text(jsval_get(line, "subtype"), c->a);

	agent_finish(c->g);
	if (agent_interrupted(c->g)) {
		agent_over(c->g, AGENT_INTERRUPTED, NULL);
		return;
	}
	if (!jsval_bool(jsval_get(line, "is_error"), true)) {
		agent_over(c->g, AGENT_SUCCEEDED, NULL);
		return;
	}
	if (c->auth_failed)
		why = arena_printf(c->a, "%s is not signed in.", c->title);
	else if (c->timed_out)
		why = "What it asked was not answered in time.";
	else if (text != NULL && *text != '\0')
		why = text;
	else if (why != NULL)
		why = arena_printf(c->a, "%s ended with %s.", c->title, why);
	agent_over(c->g, AGENT_FAILED, why);
}

void
claude_result(struct claude *c, struct jsval line)
{
	const char *text = jsval_text(jsval_get(line, "result"), c->a);
	const char *said = buf_cstr(&c->said);

	claude_streams_end(c);
	true_window(c, line);
	if (c->last_uuid != NULL)
		agent_fact(c->g, AGENT_MESSAGE, c->last_uuid);
	if (text != NULL && *text != '\0' && strstr(said, text) == NULL &&
	    jsval_is(jsval_get(line, "subtype"), "success")) {
		agent_add(c->g, entry_text(ENTRY_ASSISTANT, text));
		said = text;
	}
	if (*said != '\0')
		agent_fact(c->g, AGENT_SAID, said);
	conclude(c, line, text);
}
