/* SPDX-License-Identifier: MIT */
/*
 * Codex by its app-server: a conversation in four steps (hello, account,
 * thread, turn), and turns after the first where a person has said something to
 * a plan or to a denied tool. Invariants: each step begins when the one before
 * it was answered, and a message that belongs to another step changes nothing;
 * a turn that failed is a failure; who is not signed in is told how to be.
 */
#include "daemon/agent/codexstate.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/agent/agents.h"
#include "daemon/agent/command.h"
#include "daemon/agent/odd.h"
#include "lib/arena.h"
#include "lib/js.h"
#include "lib/xalloc.h"

#define DENIED_MAX (1 << 20) /* of what is said to it in the next turn */
#define SIGN_IN	   "Codex is not signed in: run \"codex login\"."

/* It ends by itself when its input does, with all it knows on its disk. */
void
codex_over(struct codex *c, enum agent_outcome how, const char *why)
{
	agent_finish(c->g);
	agent_over(c->g, how, why);
}

static void
fail(struct codex *c, const char *what, const char *why)
{
	char *text = xasprintf("%s: %s", what,
	    *why != '\0' ? why : "no reason was given");

	agent_add(c->g, entry_error(text, false));
	codex_over(c,
	    agent_interrupted(c->g) ? AGENT_INTERRUPTED : AGENT_FAILED, text);
	free(text);
}

void
codex_put(struct codex *c, size_t *at, struct js *entry)
{
	if (*at == AGENT_NO_ENTRY)
		*at = agent_add(c->g, entry);
	else
		agent_set(c->g, *at, entry);
}

void
codex_odd(struct codex *c, const struct rpc_msg *m, const char *why)
{
	odd_show(c->g, "Codex", m, why);
}

/* The steps, in their order. */

/* An answer is known by its step, and that of a turn by which turn it was. */
#define STEPS 16

static void
step(struct codex *c, enum codex_at at, const char *method, struct js *params)
{
	c->at = at;
	rpc_call(c->rpc, at + STEPS * c->turns, method, params);
}

static void
hello(struct codex *c)
{
	struct js *o = js_object(), *who = js_object(), *can = js_object();

	js_add_str(who, "name", "rdv");
	js_add_str(who, "title", NULL);
	js_add_str(who, "version", "1");
	js_add_bool(can, "experimentalApi", true);
	js_add(o, "clientInfo", who);
	js_add(o, "capabilities", can);
	step(c, CODEX_HELLO, "initialize", o);
}

static void
greeted(struct codex *c, const struct js *answer)
{
	struct js *o = js_object();

	(void)answer;
	rpc_notify(c->rpc, "initialized", NULL);
	js_add_bool(o, "refreshToken", false);
	step(c, CODEX_ACCOUNT, "account/read", o);
}

static void
account_known(struct codex *c, const struct js *answer)
{
	const char *method = c->resume != NULL ? "thread/fork" : "thread/start";

	if (js_bool(answer, "requiresOpenaiAuth", false) &&
	    !js_is_object(js_get(answer, "account"))) {
		agent_add(c->g, entry_error(SIGN_IN, true));
		agent_fact(c->g, AGENT_NEEDS, SIGN_IN);
		codex_over(c, AGENT_FAILED, SIGN_IN);
		return;
	}
	step(c, CODEX_THREAD, method, codex_thread_params(c));
}

static void
thread_known(struct codex *c, const struct js *answer)
{
	const char *id = js_str(js_get(answer, "thread"), "id", NULL);

	if (id == NULL || *id == '\0') {
		fail(c, "Codex began no thread", "its answer has none");
		return;
	}
	c->thread = xstrdup(id);
	c->model = xstrdup(js_str(answer, "model", ""));
	agent_fact(c->g, AGENT_CONVERSATION, id);
	codex_model(c, answer);
	codex_turn(c, c->prompt);
}

static struct js *
turn_params(const struct codex *c, const char *text)
{
	struct js *o = js_object(), *input = js_array(), *part = js_object();
	struct js *mode = js_object(), *set = js_object();

	js_add_str(part, "type", "text");
	js_add_str(part, "text", text);
	js_add(part, "text_elements", js_array());
	js_push(input, part);
	js_add_str(set, "model", c->model);
	js_add_str(set, "reasoning_effort", NULL);
	js_add_str(set, "developer_instructions", NULL);
	js_add_str(mode, "mode", c->plan ? "plan" : "default");
	js_add(mode, "settings", set);
	js_add_str(o, "threadId", c->thread);
	js_add(o, "input", input);
	js_add(o, "collaborationMode", mode);
	return o;
}

void
codex_turn(struct codex *c, const char *text)
{
	free(c->turn);
	c->turn = NULL;
	free(c->plan_text);
	c->plan_text = NULL;
	c->todo_entry = AGENT_NO_ENTRY;
	c->turns++;
	step(c, CODEX_TURN, "turn/start", turn_params(c, text));
}

static void
stop_turn(struct codex *c)
{
	struct js *o = js_object();

	js_add_str(o, "threadId", c->thread);
	js_add_str(o, "turnId", c->turn);
	rpc_aside(c->rpc, "turn/interrupt", o);
}

void
codex_turn_id(struct codex *c, const struct js *turn)
{
	const char *id = js_str(turn, "id", NULL);

	if (c->at != CODEX_TURN || c->turn != NULL || id == NULL)
		return;
	c->turn = xstrdup(id);
	if (c->stop)
		stop_turn(c);
}

static void
turn_begun(struct codex *c, const struct js *answer)
{
	codex_turn_id(c, js_get(answer, "turn"));
}

/* What a person said to what was denied is the next prompt. */
static void
say_denied(struct codex *c)
{
	char *text = xasprintf("User feedback: %s", buf_cstr(&c->denied));

	c->heard = true;
	codex_turn(c, text);
	free(text);
}

static void
turn_failed(struct codex *c, const struct js *turn)
{
	const struct js *error = js_get(turn, "error");

	fail(c, "The turn failed", js_str(error, "message", ""));
}

/* Something has to come after each way a turn can end. */
void
codex_completed(struct codex *c, const struct js *turn)
{
	const char *status = js_str(turn, "status", "");

	codex_asks_end(c);
	codex_items_end(c);
	codex_heard(c);
	c->at = CODEX_BETWEEN;
	if (strcmp(status, "completed") != 0 &&
	    strcmp(status, "interrupted") != 0)
		turn_failed(c, turn);
	else if (agent_interrupted(c->g))
		codex_over(c, AGENT_INTERRUPTED, NULL);
	else if (c->denied.len > 0)
		say_denied(c);
	else if (*status == 'i')
		codex_over(c, AGENT_INTERRUPTED,
		    "Codex says that the turn was interrupted.");
	else if (!codex_ask_plan(c) && !codex_ask_ending(c))
		codex_over(c, AGENT_SUCCEEDED, NULL);
}

/* What answers a step, and what it is called when it goes wrong. */
static const struct {
	void (*known)(struct codex *c, const struct js *answer);
	const char *failed;
} steps[] = {
	[CODEX_HELLO] = { greeted, "Codex did not start" },
	[CODEX_ACCOUNT] = { account_known, "Codex knows no account" },
	[CODEX_THREAD] = { thread_known, "Codex began no thread" },
	[CODEX_TURN] = { turn_begun, "Codex began no turn" },
};

static void
answered(struct codex *c, struct rpc_msg *m)
{
	unsigned at = m->tag % STEPS;

	if (m->tag != c->at + STEPS * c->turns) {
		/* A turn may be over before its beginning is answered. */
		if (at != CODEX_TURN)
			codex_odd(c, m, "an answer that came too late");
	} else if (m->kind == RPC_ERROR)
		fail(c, steps[at].failed, m->text);
	else
		steps[at].known(c, m->body);
}

/*
 * Also when the turn is over: given again without the interrupt that ended it,
 * the same output makes the same entries.
 */
static void
codex_line(void *own, const char *text, size_t len)
{
	struct codex *c = own;
	struct rpc_msg m;

	rpc_read(c->rpc, text, len, &m);
	if (m.kind == RPC_RESULT || m.kind == RPC_ERROR)
		answered(c, &m);
	else if (m.kind == RPC_CALL)
		codex_asked(c, &m);
	else if (m.kind == RPC_NOTICE)
		codex_notice(c, &m);
	else if (m.kind != RPC_ASIDE)
		codex_odd(c, &m, m.why);
	rpc_done(&m);
}

/* In a turn most lines are news; before it each is waited for. */
static void
codex_lost(void *own)
{
	struct codex *c = own;

	if (c->at < CODEX_TURN)
		fail(c, steps[c->at].failed, "its answer is too long");
}

static void
codex_send_cb(struct js *line, void *arg)
{
	struct codex *c = arg;

	agent_send(c->g, line);
}

static void *
codex_make(struct agent *g, const struct agent_wish *wish)
{
	struct codex *c = xcalloc(1, sizeof(*c));
	struct arena *a = arena_new();

	c->g = g;
	c->rpc = rpc_new(false, codex_send_cb, c);
	c->prompt = xstrdup(command_prompt(a, wish));
	arena_free(a);
	c->cwd = xstrdup(wish->cwd);
	c->resume = wish->resume != NULL ? xstrdup(wish->resume) : NULL;
	c->config = js_copy(wish->config);
	c->checked = wish->checked;
	c->plan = js_bool(c->config, "plan", false);
	TAILQ_INIT(&c->items);
	TAILQ_INIT(&c->asks);
	buf_init(&c->denied, DENIED_MAX);
	c->model_entry = c->usage_entry = c->todo_entry = AGENT_NO_ENTRY;
	return c;
}

static void
codex_unmake(void *own)
{
	struct codex *c = own;

	codex_items_free(c);
	codex_asks_free(c);
	rpc_free(c->rpc);
	buf_done(&c->denied);
	js_free(c->config);
	free(c->prompt);
	free(c->cwd);
	free(c->resume);
	free(c->thread);
	free(c->turn);
	free(c->model);
	free(c->plan_text);
	free(c->denied_tool);
	free(c);
}

static void
codex_begin(void *own)
{
	hello(own);
}

/* Before there is a turn nothing was begun that would have to be ended. */
static void
codex_interrupt(void *own)
{
	struct codex *c = own;

	if (c->at != CODEX_TURN) {
		codex_over(c, AGENT_INTERRUPTED, NULL);
		return;
	}
	c->stop = true;
	if (c->turn != NULL)
		stop_turn(c);
}

/* It is a server: that it ended by itself is no success, whatever its code. */
static void
codex_ended(void *own, int code)
{
	struct codex *c = own;
	char why[80];

	codex_asks_end(c);
	codex_items_end(c);
	if (code == 0)
		snprintf(why, sizeof(why),
		    "Codex ended before its turn was over.");
	else if (code > 0)
		snprintf(why, sizeof(why), "Codex ended with exit status %d.",
		    code);
	else
		snprintf(why, sizeof(why), "Codex was ended by a signal.");
	agent_over(c->g, AGENT_FAILED, why);
}

const struct agent_ops agent_codex = {
	.name = "CODEX",
	.help = "Codex by its app-server",
	.can = AGENT_CAN_FORK | AGENT_CAN_CONTEXT | AGENT_CAN_ASK |
	       AGENT_CAN_SETUP,
	.brings = ".codex/config.toml\n.codex/hooks.json",
	.defaults = "{}",
	.command = codex_command,
	.make = codex_make,
	.unmake = codex_unmake,
	.begin = codex_begin,
	.line = codex_line,
	.lost = codex_lost,
	.answer = codex_answer,
	.interrupt = codex_interrupt,
	.ended = codex_ended,
};
