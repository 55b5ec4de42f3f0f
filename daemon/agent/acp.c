/* SPDX-License-Identifier: MIT */
/*
 * Agents by the Agent Client Protocol: a conversation in a few steps (hello,
 * session, its model and mode, prompt), and prompts after the first where a
 * person has said something to a denied tool. Files and terminals are not
 * offered to it. Invariants: each step begins when the one before it was
 * answered; what a loaded session tells of the past makes no entry; who is not
 * signed in is told how to be.
 */
#include "daemon/agent/acpstate.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/agent/command.h"
#include "daemon/agent/odd.h"
#include "lib/arena.h"
#include "lib/js.h"
#include "lib/xalloc.h"

#define VERSION	   1
#define SIGN_IN	   (-32000)  /* the error of one that is not signed in */
#define DENIED_MAX (1 << 20) /* of what is said to it in the next prompt */

/* It ends by itself when its input does, with all it knows on its disk. */
void
acp_over(struct acp *p, enum agent_outcome how, const char *why)
{
	agent_finish(p->g);
	agent_over(p->g, how, why);
}

static void
fail(struct acp *p, const char *what, const char *why)
{
	char *text = xasprintf("%s %s: %s", p->row->title, what,
	    *why != '\0' ? why : "no reason was given");

	agent_add(p->g, entry_error(text, false));
	acp_over(p, agent_interrupted(p->g) ? AGENT_INTERRUPTED : AGENT_FAILED,
	    text);
	free(text);
}

/* What it says itself stands behind it: it knows its ways to sign in. */
static void
needs(struct acp *p, const char *said)
{
	char *text = xasprintf("%s is not signed in: %s%s%s", p->row->title,
	    p->row->sign_in, *said != '\0' ? " It says: " : "", said);

	agent_add(p->g, entry_error(text, true));
	agent_fact(p->g, AGENT_NEEDS, text);
	acp_over(p, AGENT_FAILED, text);
	free(text);
}

void
acp_odd(struct acp *p, const struct rpc_msg *m, const char *why)
{
	odd_show(p->g, p->row->title, m, why);
}

bool
acp_trusted(const struct acp *p)
{
	return js_bool(p->config, p->row->trust, false);
}

/* The steps, in their order. */

/* There is one at a time: what is answered is always the last. */
static void
step(struct acp *p, enum acp_at at, const char *method, struct js *params)
{
	p->at = at;
	rpc_call(p->rpc, at, method, params);
}

void
acp_begin(void *own)
{
	struct acp *p = own;
	struct js *o = js_object();

	js_add_int(o, "protocolVersion", VERSION);
	js_add(o, "clientCapabilities", js_object());
	step(p, ACP_HELLO, "initialize", o);
}

static void
open_session(struct acp *p)
{
	struct js *o = js_object();

	js_add_str(o, "cwd", p->cwd);
	js_add(o, "mcpServers", js_array());
	p->told = p->history != NULL;
	step(p, ACP_OPEN, "session/new", o);
}

static void
load_session(struct acp *p)
{
	struct js *o = js_object();

	js_add_str(o, "sessionId", p->resume);
	js_add_str(o, "cwd", p->cwd);
	js_add(o, "mcpServers", js_array());
	step(p, ACP_LOAD, "session/load", o);
}

static void
greeted(struct acp *p, const struct js *answer)
{
	const struct js *can = js_get(answer, "agentCapabilities");
	char why[80];

	if (js_int(answer, "protocolVersion", 0) != VERSION) {
		snprintf(why, sizeof(why),
		    "it speaks version %lld of the protocol, not %d",
		    (long long)js_int(answer, "protocolVersion", 0), VERSION);
		fail(p, "cannot be spoken to", why);
	} else if (p->resume != NULL && js_bool(can, "loadSession", false))
		load_session(p);
	else if (p->resume != NULL && p->history == NULL)
		fail(p, "cannot go on with an earlier conversation",
		    "it has no session/load, and no history is there");
	else
		open_session(p);
}

static void
first_prompt(struct acp *p)
{
	char *text;

	if (!p->told) {
		acp_prompt(p, p->prompt);
		return;
	}
	text = xasprintf(COMMAND_HISTORY, p->history, p->prompt);
	acp_prompt(p, text);
	free(text);
}

/* Each of the two is said when the variant names it. */
static void
choose(struct acp *p, enum acp_at at)
{
	bool model = at == ACP_MODEL;
	const char *id = js_str(p->config, model ? "model" : "agent", "");
	struct js *o;

	if (!p->row->chooses || *id == '\0') {
		if (model)
			choose(p, ACP_MODE);
		else
			first_prompt(p);
		return;
	}
	o = js_object();
	js_add_str(o, "sessionId", p->session);
	js_add_str(o, model ? "modelId" : "modeId", id);
	step(p, at, model ? "session/set_model" : "session/set_mode", o);
}

static void
session_known(struct acp *p, const char *id, const struct js *answer)
{
	p->session = xstrdup(id);
	agent_fact(p->g, AGENT_CONVERSATION, id);
	acp_models(p, js_get(answer, "models"));
	choose(p, ACP_MODEL);
}

static void
opened(struct acp *p, const struct js *answer)
{
	const char *id = js_str(answer, "sessionId", "");

	if (*id == '\0')
		fail(p, "began no session", "its answer has none");
	else
		session_known(p, id, answer);
}

static void
loaded(struct acp *p, const struct js *answer)
{
	session_known(p, p->resume, answer);
}

static void
model_chosen(struct acp *p, const struct js *answer)
{
	(void)answer;
	choose(p, ACP_MODE);
}

static void
mode_chosen(struct acp *p, const struct js *answer)
{
	(void)answer;
	first_prompt(p);
}

void
acp_prompt(struct acp *p, const char *text)
{
	struct js *o = js_object(), *parts = js_array(), *part = js_object();

	p->turns++;
	p->cancelled = false;
	p->todo_entry = AGENT_NO_ENTRY;
	js_add_str(part, "type", "text");
	js_add_str(part, "text", text);
	js_push(parts, part);
	js_add_str(o, "sessionId", p->session);
	js_add(o, "prompt", parts);
	step(p, ACP_PROMPT, "session/prompt", o);
}

void
acp_cancel(struct acp *p)
{
	struct js *o;

	if (p->at != ACP_PROMPT || p->cancelled)
		return;
	p->cancelled = true;
	o = js_object();
	js_add_str(o, "sessionId", p->session);
	rpc_notify(p->rpc, "session/cancel", o);
}

/*
 * What a person said to what was denied is the next prompt, unless nobody wants
 * one any more.
 */
static void
say_denied(struct acp *p)
{
	char *text = xasprintf("User feedback: %s", buf_cstr(&p->denied));

	agent_add(p->g, entry_feedback(p->denied_tool, buf_cstr(&p->denied)));
	buf_reset(&p->denied);
	if (agent_interrupted(p->g))
		acp_over(p, AGENT_INTERRUPTED, NULL);
	else
		acp_prompt(p, text);
	free(text);
}

/* Why a prompt stopped before it was done. */
static const struct {
	const char *reason, *why;
} stops[] = {
	{ "max_tokens", "stopped at its limit of tokens" },
	{ "max_turn_requests", "stopped at its limit of requests" },
	{ "refusal", "refused to go on" },
};

static void
stopped(struct acp *p, const char *reason)
{
	size_t i, n = sizeof(stops) / sizeof(stops[0]);

	if (agent_interrupted(p->g) && strcmp(reason, "cancelled") == 0) {
		acp_over(p, AGENT_INTERRUPTED, NULL);
		return;
	}
	if (strcmp(reason, "cancelled") == 0) {
		acp_over(p, AGENT_INTERRUPTED,
		    "The agent says that it was cancelled.");
		return;
	}
	for (i = 0; i < n && strcmp(stops[i].reason, reason) != 0; i++)
		;
	fail(p, i < n ? stops[i].why : "stopped", reason);
}

/* Everything of the prompt is closed, however it ended. */
static void
close_prompt(struct acp *p)
{
	acp_text_end(p);
	acp_asks_end(p);
	acp_tools_end(p);
	if (p->said.len > 0)
		agent_fact(p->g, AGENT_SAID, buf_cstr(&p->said));
	buf_reset(&p->said);
	p->at = ACP_BETWEEN;
}

static void
prompted(struct acp *p, const struct js *answer)
{
	const char *reason = js_str(answer, "stopReason", "for no reason");

	close_prompt(p);
	if (p->denied.len > 0)
		say_denied(p);
	else if (strcmp(reason, "end_turn") != 0)
		stopped(p, reason);
	else if (agent_interrupted(p->g))
		acp_over(p, AGENT_INTERRUPTED, NULL);
	else if (!acp_ask_ending(p))
		acp_over(p, AGENT_SUCCEEDED, NULL);
}

/* What answers a step, and what it is called when it goes wrong. */
static const struct {
	void (*known)(struct acp *p, const struct js *answer);
	const char *failed;
} steps[] = {
	[ACP_HELLO] = { greeted, "did not start" },
	[ACP_LOAD] = { loaded, "could not load the conversation" },
	[ACP_OPEN] = { opened, "began no session" },
	[ACP_MODEL] = { model_chosen, "did not take the model" },
	[ACP_MODE] = { mode_chosen, "did not take the mode" },
	[ACP_PROMPT] = { prompted, "could not answer" },
};

static void
refused(struct acp *p, const struct rpc_msg *m)
{
	enum acp_at at = p->at;

	if (at == ACP_PROMPT)
		close_prompt(p);
	if (m->code == SIGN_IN)
		needs(p, m->text);
	else if (at == ACP_LOAD && p->history != NULL)
		open_session(p); /* what it forgot is told to it */
	else
		fail(p, steps[at].failed, m->text);
}

static void
noticed(struct acp *p, const struct rpc_msg *m)
{
	if (strcmp(m->method, "session/update") == 0)
		acp_update(p, m);
	else
		acp_odd(p, m, NULL);
}

/*
 * Also when the turn is over: given again without the interrupt that ended it,
 * the same output makes the same entries.
 */
void
acp_line(void *own, const char *text, size_t len)
{
	struct acp *p = own;
	struct rpc_msg m;

	rpc_read(p->rpc, text, len, &m);
	if (m.kind == RPC_RESULT)
		steps[p->at].known(p, m.body);
	else if (m.kind == RPC_ERROR)
		refused(p, &m);
	else if (m.kind == RPC_CALL)
		acp_asked(p, &m);
	else if (m.kind == RPC_NOTICE)
		noticed(p, &m);
	else
		acp_odd(p, &m, m.why);
	rpc_done(&m);
}

/* In a prompt most lines are news; before it each is waited for. */
void
acp_lost(void *own)
{
	struct acp *p = own;

	if (p->at < ACP_PROMPT && p->at != ACP_LOAD)
		fail(p, steps[p->at].failed, "its answer is too long");
}

void
acp_interrupt(void *own)
{
	struct acp *p = own;

	if (p->at == ACP_PROMPT)
		acp_cancel(p);
	else
		acp_over(p, AGENT_INTERRUPTED, NULL);
}

/* It is a server: that it ended by itself is no success, whatever its code. */
void
acp_ended(void *own, int code)
{
	struct acp *p = own;
	char how[60], *why;

	close_prompt(p);
	if (code >= 0)
		snprintf(how, sizeof(how), "ended with exit status %d", code);
	else
		snprintf(how, sizeof(how), "was ended by a signal");
	why = xasprintf("%s %s before its turn was over.", p->row->title, how);
	agent_over(p->g, AGENT_FAILED, why);
	free(why);
}

static void
acp_send_cb(struct js *line, void *arg)
{
	struct acp *p = arg;

	agent_send(p->g, line);
}

void *
acp_make(struct agent *g, const struct agent_wish *wish,
    const struct acp_row *row)
{
	struct acp *p = xcalloc(1, sizeof(*p));
	struct arena *a = arena_new();

	p->g = g;
	p->row = row;
	p->rpc = rpc_new(true, acp_send_cb, p);
	p->prompt = xstrdup(command_prompt(a, wish));
	p->cwd = xstrdup(wish->cwd);
	p->resume = wish->resume != NULL ? xstrdup(wish->resume) : NULL;
	/* Without one to resume the prompt has it. */
	p->history = wish->history != NULL && wish->resume != NULL
			 ? xstrdup(wish->history)
			 : NULL;
	p->config = js_copy(wish->config);
	p->checked = wish->checked;
	TAILQ_INIT(&p->tools);
	TAILQ_INIT(&p->asks);
	buf_init(&p->denied, DENIED_MAX);
	buf_init(&p->said, AGENT_LINE_MAX);
	p->model_entry = p->todo_entry = p->commands_entry = AGENT_NO_ENTRY;
	arena_free(a);
	return p;
}

void
acp_unmake(void *own)
{
	struct acp *p = own;

	acp_text_end(p);
	acp_asks_free(p);
	acp_tools_free(p);
	rpc_free(p->rpc);
	buf_done(&p->denied);
	buf_done(&p->said);
	js_free(p->config);
	free(p->prompt);
	free(p->cwd);
	free(p->resume);
	free(p->history);
	free(p->session);
	free(p->denied_tool);
	free(p);
}
