/* SPDX-License-Identifier: MIT */
/*
 * What Codex tells without being asked: one row for each notification. Those
 * that say what is known already have an empty row; any other is shown as it
 * came. Invariant: nothing told about another thread or another turn moves this
 * one.
 */
#include "daemon/agent/codexstate.h"

#include <stdlib.h>
#include <string.h>

#include "lib/js.h"
#include "lib/xalloc.h"

void
codex_model(struct codex *c, const struct js *answer)
{
	const char *effort = js_str(answer, "reasoningEffort", NULL);
	char *text = xasprintf("model: %s%s%s", c->model,
	    effort != NULL ? "  reasoning effort: " : "",
	    effort != NULL ? effort : "");

	agent_fact(c->g, AGENT_MODEL, c->model);
	codex_put(c, &c->model_entry, entry_text(ENTRY_SYSTEM, text));
	free(text);
}

void
codex_heard(struct codex *c)
{
	if (!c->heard)
		return;
	agent_add(c->g, entry_feedback(c->denied_tool, buf_cstr(&c->denied)));
	buf_reset(&c->denied);
	c->heard = false;
}

static void
turn_started(struct codex *c, struct rpc_msg *m)
{
	codex_turn_id(c, js_get(m->body, "turn"));
	codex_heard(c);
}

static void
turn_completed(struct codex *c, struct rpc_msg *m)
{
	const struct js *turn = js_get(m->body, "turn");
	const char *id = js_str(turn, "id", "");

	if (c->at != CODEX_TURN ||
	    (c->turn != NULL && strcmp(c->turn, id) != 0))
		codex_odd(c, m, "the end of a turn that does not run");
	else
		codex_completed(c, turn);
}

static void
item_completed(struct codex *c, struct rpc_msg *m)
{
	const struct js *item = js_get(m->body, "item");

	if (js_is_object(item))
		codex_item_completed(c, item);
	else
		codex_odd(c, m, NULL);
}

static void
item_grows(struct codex *c, struct rpc_msg *m)
{
	codex_item_grows(c, js_str(m->body, "itemId", ""),
	    js_str(m->body, "delta", ""));
}

static void
item_part(struct codex *c, struct rpc_msg *m)
{
	codex_item_part(c, js_str(m->body, "itemId", ""));
}

static void
usage(struct codex *c, struct rpc_msg *m)
{
	const struct js *u = js_get(m->body, "tokenUsage");
	int64_t total = js_int(js_get(u, "last"), "totalTokens", -1);

	if (total < 0)
		return;
	codex_put(c, &c->usage_entry,
	    entry_usage(total, js_int(u, "modelContextWindow", 0)));
}

/* The words of a list of things to do are those of the contract but one. */
static struct js *
todos(const struct js *plan)
{
	struct js *list = js_array(), *o;
	const struct js *step;
	const char *status;

	for (size_t i = 0; i < js_len(plan); i++) {
		step = js_at(plan, i);
		status = js_str(step, "status", "pending");
		o = js_object();
		js_add_str(o, "content", js_str(step, "step", ""));
		js_add_str(o, "status",
		    strcmp(status, "inProgress") == 0 ? "in_progress" : status);
		js_push(list, o);
	}
	return list;
}

static void
plan_updated(struct codex *c, struct rpc_msg *m)
{
	const struct entry_status done = { ENTRY_SUCCESS, NULL };
	struct js *list = todos(js_get(m->body, "plan"));

	codex_put(c, &c->todo_entry,
	    entry_tool("plan", entry_todos(list, "update"), &done,
		js_str(m->body, "explanation", "")));
	js_free(list);
}

static void
resolved(struct codex *c, struct rpc_msg *m)
{
	codex_resolved(c, js_get(m->body, "requestId"));
}

static void
error(struct codex *c, struct rpc_msg *m)
{
	const char *text =
	    js_str(js_get(m->body, "error"), "message", "an error");
	bool again = js_bool(m->body, "willRetry", false);
	char *line = xasprintf("%s%s", text, again ? " (it tries again)" : "");

	agent_add(c->g, entry_error(line, false));
	free(line);
}

/* Newer ones have a message, older ones a summary and perhaps details. */
static void
warning(struct codex *c, struct rpc_msg *m)
{
	const char *more = js_str(m->body, "details", NULL);
	char *line = xasprintf("%s%s%s",
	    js_str(m->body, "message",
		js_str(m->body, "summary", "a warning without words")),
	    more != NULL ? "\n" : "", more != NULL ? more : "");

	agent_add(c->g, entry_error(line, false));
	free(line);
}

static void
rerouted(struct codex *c, struct rpc_msg *m)
{
	const char *why = js_str(m->body, "reason", NULL);
	char *line = xasprintf("model: %s instead of %s%s%s",
	    js_str(m->body, "toModel", "another"),
	    js_str(m->body, "fromModel", "the one before"),
	    why != NULL ? ", because of " : "", why != NULL ? why : "");

	agent_add(c->g, entry_text(ENTRY_SYSTEM, line));
	free(line);
}

static void
compacted(struct codex *c, struct rpc_msg *m)
{
	(void)m;
	agent_add(c->g, entry_text(ENTRY_SYSTEM, "The context was compacted."));
}

static const struct {
	const char *method;
	void (*told)(struct codex *c, struct rpc_msg *m);
} notes[] = {
	{ "item/agentMessage/delta", item_grows },
	{ "item/reasoning/summaryTextDelta", item_grows },
	{ "item/commandExecution/outputDelta", item_grows },
	{ "item/plan/delta", item_grows },
	{ "item/reasoning/summaryPartAdded", item_part },
	{ "item/started", codex_item_started },
	{ "item/completed", item_completed }, { "turn/started", turn_started },
	{ "turn/completed", turn_completed },
	{ "turn/plan/updated", plan_updated },
	{ "thread/tokenUsage/updated", usage },
	{ "thread/compacted", compacted },
	{ "serverRequest/resolved", resolved }, { "error", error },
	{ "configWarning", warning }, { "warning", warning },
	{ "guardianWarning", warning }, { "model/rerouted", rerouted },
	/* Said elsewhere, or of no use to who reads the conversation. */
	{ "item/fileChange/outputDelta", NULL },
	{ "item/reasoning/textDelta", NULL }, { "thread/started", NULL },
	{ "thread/status/changed", NULL }, { "turn/diff/updated", NULL },
	{ "account/rateLimits/updated", NULL }, { "account/updated", NULL },
	{ "thread/name/updated", NULL }, { "thread/readState/changed", NULL },
	{ "thread/settings/updated", NULL },
	{ "remoteControl/status/changed", NULL },
	{ "mcpServer/startupStatus/updated", NULL },
	{ "deprecationNotice", NULL }, /* for who wrote this file */
};

/* Told about this conversation, or about none. */
static bool
ours(const struct codex *c, const struct rpc_msg *m)
{
	const char *thread = js_str(m->body, "threadId", NULL);

	if (thread == NULL)
		return true;
	return c->thread != NULL && strcmp(thread, c->thread) == 0;
}

void
codex_notice(struct codex *c, struct rpc_msg *m)
{
	for (size_t i = 0; i < sizeof(notes) / sizeof(notes[0]); i++) {
		if (strcmp(notes[i].method, m->method) != 0)
			continue;
		if (notes[i].told == NULL)
			return;
		if (ours(c, m))
			notes[i].told(c, m);
		else
			codex_odd(c, m, "about a thread that is not this one");
		return;
	}
	codex_odd(c, m, NULL);
}
