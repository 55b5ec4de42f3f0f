/* SPDX-License-Identifier: MIT */
/*
 * What an ACP agent asks: leave to use a tool, by options of which one is to be
 * chosen. The default is no: what does not belong to the running prompt, has no
 * name, or offers nothing that means yes is refused. Invariants: leave for once
 * is never given as leave for good where a person was asked; each request is
 * answered once, and nothing stays asked when its prompt is over.
 */
#include "daemon/agent/acpstate.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/js.h"
#include "lib/str.h"
#include "lib/xalloc.h"

struct acp_ask {
	TAILQ_ENTRY(acp_ask) link;
	char *key, *call;
	char *yes, *no; /* its options for once, or NULL */
};

static void
forget(struct acp *p, struct acp_ask *a)
{
	TAILQ_REMOVE(&p->asks, a, link);
	free(a->key);
	free(a->call);
	free(a->yes);
	free(a->no);
	free(a);
}

void
acp_asks_free(struct acp *p)
{
	while (!TAILQ_EMPTY(&p->asks))
		forget(p, TAILQ_FIRST(&p->asks));
}

void
acp_asks_end(struct acp *p)
{
	struct acp_ask *a;

	while ((a = TAILQ_FIRST(&p->asks)) != NULL) {
		agent_unasked(p->g, a->key);
		rpc_forget(p->rpc, a->key);
		acp_tool_state(p, a->call, ENTRY_DENIED, NULL);
		forget(p, a);
	}
}

/* The id of the first option of that kind, or NULL. */
static const char *
option(const struct js *options, const char *kind)
{
	const char *id;

	for (size_t i = 0; i < js_len(options); i++) {
		id = js_str(js_at(options, i), "optionId", NULL);
		if (id != NULL &&
		    strcmp(js_str(js_at(options, i), "kind", ""), kind) == 0)
			return id;
	}
	return NULL;
}

/* Chooses that option; NULL chooses none. */
static void
choose(struct acp *p, const char *key, const char *id)
{
	struct js *o = js_object(), *outcome = js_object();

	js_add_str(outcome, "outcome", id != NULL ? "selected" : "cancelled");
	if (id != NULL)
		js_add_str(outcome, "optionId", id);
	js_add(o, "outcome", outcome);
	rpc_result(p->rpc, key, o);
}

static void
refuse(struct acp *p, const struct rpc_msg *m, const char *why)
{
	acp_text_end(p);
	acp_odd(p, m, why);
	choose(p, m->key, NULL);
}

static char *
copy(const char *s)
{
	return s != NULL ? xstrdup(s) : NULL;
}

static struct acp_ask *
remember(struct acp *p, const struct rpc_msg *m, const char *call)
{
	const struct js *options = js_get(m->body, "options");
	struct acp_ask *a = xcalloc(1, sizeof(*a));

	a->key = xstrdup(m->key);
	a->call = xstrdup(call);
	a->yes = copy(option(options, "allow_once"));
	a->no = copy(option(options, "reject_once"));
	TAILQ_INSERT_TAIL(&p->asks, a, link);
	return a;
}

static void
put_before(struct acp *p, const struct acp_tool *t, struct acp_ask *a)
{
	struct js *input = acp_tool_input(t);
	char *command = acp_tool_command(t);
	struct agent_ask ask = { .key = a->key,
		.kind = AGENT_TOOL,
		.tool = acp_tool_kind(t),
		.call = a->call,
		.command = command,
		.input = input,
		.entry = acp_tool_entry(t) };

	acp_tool_state(p, a->call, ENTRY_PENDING, NULL);
	if (!agent_asked(p->g, &ask)) {
		acp_tool_state(p, a->call, ENTRY_DENIED, NULL);
		choose(p, a->key, a->no);
		forget(p, a);
	}
	free(command);
	js_free(input);
}

static void
permission(struct acp *p, const struct rpc_msg *m)
{
	const struct js *call = js_get(m->body, "toolCall");
	const struct js *options = js_get(m->body, "options");
	const char *id = js_str(call, "toolCallId", "");
	const char *always = option(options, "allow_always");
	const char *once = option(options, "allow_once");
	const struct acp_tool *t;

	if (p->at != ACP_PROMPT ||
	    strcmp(js_str(m->body, "sessionId", ""), p->session) != 0) {
		refuse(p, m, "leave for what is not in this prompt");
		return;
	}
	if (*id == '\0' ||
	    (once == NULL && (always == NULL || !acp_trusted(p)))) {
		refuse(p, m, "leave that cannot be given once");
		return;
	}
	acp_text_end(p);
	t = acp_tool_told(p, call);
	if (acp_trusted(p))
		choose(p, m->key, always != NULL ? always : once);
	else
		put_before(p, t, remember(p, m, id));
}

void
acp_asked(struct acp *p, const struct rpc_msg *m)
{
	if (strcmp(m->method, "session/request_permission") == 0) {
		permission(p, m);
		return;
	}
	acp_text_end(p);
	acp_odd(p, m, "a request that is not offered");
	rpc_refuse(p->rpc, m->key, RPC_NO_METHOD, "method not found");
}

bool
acp_ask_ending(struct acp *p)
{
	struct agent_ask ask = {
		.kind = AGENT_ENDING, .tool = "", .entry = AGENT_NO_ENTRY
	};
	char key[40];

	if (!p->checked)
		return false;
	snprintf(key, sizeof(key), "end/%u", p->turns);
	ask.key = key;
	return agent_asked(p->g, &ask);
}

static bool
has_reason(const struct agent_answer *answer)
{
	return answer->verdict == AGENT_DENIED && answer->reason != NULL &&
	       *answer->reason != '\0';
}

static void
answer_ending(struct acp *p, const struct agent_answer *answer)
{
	if (has_reason(answer))
		acp_prompt(p, answer->reason);
	else if (answer->verdict != AGENT_WITHDRAWN)
		acp_over(p, AGENT_SUCCEEDED, NULL);
}

/* A prompt that is cancelled can be told why; one that goes on cannot. */
static void
deny(struct acp *p, const struct acp_ask *a, const struct agent_ask *ask,
    const struct agent_answer *answer)
{
	choose(p, a->key, a->no);
	acp_tool_state(p, a->call, ENTRY_DENIED, answer->reason);
	if (!has_reason(answer))
		return;
	if (p->denied.len > 0)
		buf_put_u8(&p->denied, '\n');
	buf_put_text(&p->denied, answer->reason);
	free(p->denied_tool);
	p->denied_tool = xstrdup(ask->tool);
	acp_cancel(p);
}

static void
answer_tool(struct acp *p, const struct acp_ask *a, const struct agent_ask *ask,
    const struct agent_answer *answer)
{
	if (answer->verdict == AGENT_APPROVED) {
		acp_tool_state(p, a->call, ENTRY_CREATED, NULL);
		choose(p, a->key, a->yes);
	} else if (answer->verdict == AGENT_DENIED)
		deny(p, a, ask, answer);
	else {
		acp_tool_state(p, a->call,
		    answer->verdict == AGENT_TIMED_OUT ? ENTRY_TIMED_OUT
						       : ENTRY_DENIED,
		    NULL);
		/* The word to stop goes first: no tool begins between them. */
		if (answer->verdict == AGENT_WITHDRAWN)
			acp_cancel(p);
		choose(p, a->key, NULL);
	}
}

void
acp_answer(void *own, const struct agent_ask *ask,
    const struct agent_answer *answer)
{
	struct acp *p = own;
	struct acp_ask *a;

	if (ask->kind == AGENT_ENDING) {
		answer_ending(p, answer);
		return;
	}
	TAILQ_FOREACH (a, &p->asks, link) {
		if (strcmp(a->key, ask->key) != 0)
			continue;
		answer_tool(p, a, ask, answer);
		forget(p, a);
		return;
	}
}
