/* SPDX-License-Identifier: MIT */
/*
 * What an ACP agent tells while it works, one row for each kind of update. What
 * it says comes in chunks, which are one entry until something else comes.
 * Invariant: nothing told about another session, and nothing of the past that a
 * session tells while it is loaded, becomes an entry of this turn.
 */
#include "daemon/agent/acpstate.h"

#include <stdlib.h>
#include <string.h>

#include "lib/arena.h"
#include "lib/js.h"
#include "lib/xalloc.h"

void
acp_put(struct acp *p, size_t *at, struct js *entry)
{
	if (*at == AGENT_NO_ENTRY)
		*at = agent_add(p->g, entry);
	else
		agent_set(p->g, *at, entry);
}

void
acp_text_end(struct acp *p)
{
	if (p->text != NULL)
		agent_text_end(p->text);
	p->text = NULL;
}

void
acp_models(struct acp *p, const struct js *models)
{
	const char *id = js_str(models, "currentModelId", NULL);
	char *text;

	if (id == NULL)
		return;
	agent_fact(p->g, AGENT_MODEL, id);
	text = xasprintf("model: %s", id);
	acp_put(p, &p->model_entry, entry_text(ENTRY_SYSTEM, text));
	free(text);
}

static void
says(struct acp *p, const struct js *update, enum entry_kind kind)
{
	const char *text = acp_block_text(js_get(update, "content"));
	size_t len = strlen(text);

	if (p->text == NULL || p->text_kind != kind) {
		acp_text_end(p);
		p->text = agent_text_new(p->g, kind);
		p->text_kind = kind;
		if (kind == ENTRY_ASSISTANT)
			buf_reset(&p->said);
	}
	agent_text_add(p->text, text, len);
	if (kind == ENTRY_ASSISTANT && len <= AGENT_LINE_MAX - p->said.len)
		buf_put(&p->said, text, len);
}

static void
message(struct acp *p, const struct js *update, const struct rpc_msg *m)
{
	(void)m;
	says(p, update, ENTRY_ASSISTANT);
}

static void
thought(struct acp *p, const struct js *update, const struct rpc_msg *m)
{
	(void)m;
	says(p, update, ENTRY_THINKING);
}

static void
tool(struct acp *p, const struct js *update, const struct rpc_msg *m)
{
	acp_text_end(p);
	if (acp_tool_told(p, update) == NULL)
		acp_odd(p, m, "a tool without a name of its own");
}

static void
plan(struct acp *p, const struct js *update, const struct rpc_msg *m)
{
	const struct entry_status done = { ENTRY_SUCCESS, NULL };

	(void)m;
	acp_text_end(p);
	acp_put(p, &p->todo_entry,
	    entry_tool("plan", entry_todos(js_get(update, "entries"), "update"),
		&done, ""));
}

static void
commands(struct acp *p, const struct js *update, const struct rpc_msg *m)
{
	const struct js *list = js_get(update, "availableCommands");
	struct buf b;

	(void)m;
	acp_text_end(p);
	buf_init(&b, AGENT_LINE_MAX);
	for (size_t i = 0; i < js_len(list); i++) {
		buf_put_text(&b, i == 0 ? "commands: " : ", ");
		buf_put_text(&b, js_str(js_at(list, i), "name", "?"));
	}
	if (b.len > 0)
		acp_put(p, &p->commands_entry,
		    entry_text(ENTRY_SYSTEM, buf_cstr(&b)));
	buf_done(&b);
}

static void
mode(struct acp *p, const struct js *update, const struct rpc_msg *m)
{
	char *text =
	    xasprintf("mode: %s", js_str(update, "currentModeId", "another"));

	(void)m;
	acp_text_end(p);
	agent_add(p->g, entry_text(ENTRY_SYSTEM, text));
	free(text);
}

static const struct {
	const char *kind;
	void (*told)(struct acp *p, const struct js *update,
	    const struct rpc_msg *m);
} updates[] = {
	{ "agent_message_chunk", message },
	{ "agent_thought_chunk", thought },
	{ "tool_call", tool },
	{ "tool_call_update", tool },
	{ "plan", plan },
	{ "available_commands_update", commands },
	{ "current_mode_update", mode },
	/* The prompt, which is known. */
	{ "user_message_chunk", NULL },
};

static void
told(struct acp *p, const struct js *update, const struct rpc_msg *m)
{
	const char *kind = js_str(update, "sessionUpdate", "");

	for (size_t i = 0; i < sizeof(updates) / sizeof(updates[0]); i++) {
		if (strcmp(updates[i].kind, kind) != 0)
			continue;
		if (updates[i].told != NULL)
			updates[i].told(p, update, m);
		return;
	}
	acp_text_end(p);
	acp_odd(p, m, "an update we do not know");
}

void
acp_update(struct acp *p, const struct rpc_msg *m)
{
	const char *id = js_str(m->body, "sessionId", "");

	if (p->at == ACP_LOAD && strcmp(id, p->resume) == 0)
		return;
	if (p->session == NULL || strcmp(id, p->session) != 0) {
		acp_text_end(p);
		acp_odd(p, m, "about a session that is not this one");
		return;
	}
	told(p, js_get(m->body, "update"), m);
}
