/* SPDX-License-Identifier: MIT */
/*
 * What Codex asks: leave to run a command or to change files, questions, and,
 * when a turn is over, whether its plan is good. The default is no: what does
 * not belong to the running turn, what does not say what it wants to do, and
 * what is no question we know is refused, with an entry that says so.
 * Invariant: each is answered once, and nothing stays asked when its turn is
 * over.
 */
#include "daemon/agent/codexstate.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/arena.h"
#include "lib/js.h"
#include "lib/xalloc.h"

struct codex_ask {
	TAILQ_ENTRY(codex_ask) link;
	char *key;
	struct js *questions; /* of questions; else NULL */
	struct js *answers;   /* given to them */
	size_t entry;	      /* of questions */
	bool open;
};

static struct js *
decision(const char *word)
{
	struct js *o = js_object();

	js_add_str(o, "decision", word);
	return o;
}

/* Answers under the ids of the questions; NULL answers none. */
static struct js *
answers_to(const struct js *questions, const struct js *answers)
{
	struct js *o = js_object(), *all = js_object(), *one;
	const struct js *q, *a;

	for (size_t i = 0; i < js_len(questions); i++) {
		q = js_at(questions, i);
		for (size_t n = 0; n < js_len(answers); n++) {
			a = js_at(answers, n);
			if (strcmp(js_str(a, "question", ""),
				js_str(q, "question", "")) != 0)
				continue;
			one = js_object();
			js_add(one, "answers", js_copy(js_get(a, "answer")));
			js_add(all, js_str(q, "id", ""), one);
			break;
		}
	}
	js_add(o, "answers", all);
	return o;
}

static struct codex_ask *
remember(struct codex *c, const char *key, struct js *questions, size_t entry)
{
	struct codex_ask *a = xcalloc(1, sizeof(*a));

	a->key = xstrdup(key);
	a->questions = questions;
	a->entry = entry;
	a->open = true;
	TAILQ_INSERT_TAIL(&c->asks, a, link);
	return a;
}

static struct codex_ask *
find(struct codex *c, const char *key)
{
	struct codex_ask *a;

	TAILQ_FOREACH (a, &c->asks, link)
		if (strcmp(a->key, key) == 0)
			return a;
	return NULL;
}

static void
forget(struct codex *c, struct codex_ask *a)
{
	TAILQ_REMOVE(&c->asks, a, link);
	free(a->key);
	js_free(a->questions);
	js_free(a->answers);
	free(a);
}

static struct js *
options(const struct js *in)
{
	struct js *list = js_array();

	for (size_t i = 0; i < js_len(in); i++)
		js_push(list, entry_option(js_str(js_at(in, i), "label", ""),
				  js_str(js_at(in, i), "description", "")));
	return list;
}

static struct js *
questions_shown(const struct js *questions)
{
	struct js *list = js_array();

	for (size_t i = 0; i < js_len(questions); i++) {
		const struct js *q = js_at(questions, i);

		js_push(list,
		    entry_question(js_str(q, "question", ""),
			js_str(q, "header", ""), options(js_get(q, "options")),
			js_bool(q, "multiSelect",
			    js_bool(q, "multiple", false))));
	}
	return entry_questions(list);
}

static struct js *
question_entry(const struct js *questions, enum entry_state state)
{
	const struct entry_status status = { state, NULL };

	return entry_tool("question", questions_shown(questions), &status,
	    js_str(js_at(questions, 0), "question", ""));
}

/* Codex waits no more: what was said is shown, what was not is closed. */
static void
close_ask(struct codex *c, struct codex_ask *a)
{
	if (a->open) {
		agent_unasked(c->g, a->key);
		rpc_forget(c->rpc, a->key);
		if (a->questions != NULL)
			agent_set(c->g, a->entry,
			    question_entry(a->questions, ENTRY_DENIED));
	} else if (a->answers != NULL)
		agent_add(c->g, entry_answers(a->answers));
	forget(c, a);
}

void
codex_resolved(struct codex *c, const struct js *id)
{
	struct codex_ask *a, *tmp;

	TAILQ_FOREACH_SAFE (a, &c->asks, link, tmp)
		if (rpc_key_is(a->key, id))
			close_ask(c, a);
}

void
codex_asks_end(struct codex *c)
{
	while (!TAILQ_EMPTY(&c->asks))
		close_ask(c, TAILQ_FIRST(&c->asks));
}

void
codex_asks_free(struct codex *c)
{
	while (!TAILQ_EMPTY(&c->asks))
		forget(c, TAILQ_FIRST(&c->asks));
}

/* Requests. */

static void
decline(struct codex *c, const struct rpc_msg *m, const char *why)
{
	codex_odd(c, m, why);
	rpc_result(c->rpc, m->key, decision("decline"));
}

/* Puts it before a person; takes `input`. */
static void
ask_tool(struct codex *c, const struct rpc_msg *m, struct agent_ask *ask,
    struct js *input)
{
	char *key = xstrdup(m->key);
	struct codex_ask *a = remember(c, key, NULL, AGENT_NO_ENTRY);

	ask->key = key;
	ask->kind = AGENT_TOOL;
	ask->call = js_str(m->body, "itemId", "");
	ask->input = input;
	codex_item_state(c, ask->call, ENTRY_PENDING, NULL);
	if (!agent_asked(c->g, ask)) {
		forget(c, a);
		codex_item_state(c, ask->call, ENTRY_DENIED, NULL);
		rpc_result(c->rpc, key, decision("decline"));
	}
	js_free(input);
	free(key);
}

static void
ask_command(struct codex *c, const struct rpc_msg *m)
{
	struct agent_ask ask = { .tool = "bash" };
	const struct js *item =
	    codex_item(c, js_str(m->body, "itemId", ""), &ask.entry);
	const char *line =
	    js_str(m->body, "command", js_str(item, "command", NULL));
	struct arena *a;
	struct js *input;

	if (item == NULL || line == NULL) {
		decline(c, m, "leave for a command that was not begun");
		return;
	}
	a = arena_new();
	ask.command = codex_plain_command(a, line);
	input = js_object();
	js_add_str(input, "command", line);
	js_add_str(input, "cwd",
	    js_str(m->body, "cwd", js_str(item, "cwd", c->cwd)));
	if (js_str(m->body, "reason", NULL) != NULL)
		js_add_str(input, "reason", js_str(m->body, "reason", ""));
	ask_tool(c, m, &ask, input);
	arena_free(a);
}

static void
ask_files(struct codex *c, const struct rpc_msg *m)
{
	struct agent_ask ask = { .tool = "edit" };
	const struct js *item =
	    codex_item(c, js_str(m->body, "itemId", ""), &ask.entry);
	const struct js *changes = js_get(item, "changes");
	struct js *input;

	if (js_len(changes) == 0) {
		decline(c, m, "leave for changes that were not shown");
		return;
	}
	input = js_object();
	js_add(input, "changes", js_copy(changes));
	if (js_str(m->body, "grantRoot", NULL) != NULL)
		js_add_str(input, "grantRoot",
		    js_str(m->body, "grantRoot", ""));
	if (js_str(m->body, "reason", NULL) != NULL)
		js_add_str(input, "reason", js_str(m->body, "reason", ""));
	ask_tool(c, m, &ask, input);
}

static void
ask_person(struct codex *c, const struct rpc_msg *m)
{
	const struct js *questions = js_get(m->body, "questions");
	struct agent_ask ask = { .kind = AGENT_QUESTION, .tool = "question" };
	char *key = xstrdup(m->key);
	struct js *input = js_object();
	struct codex_ask *a;

	js_add(input, "questions", js_copy(questions));
	ask.key = key;
	ask.call = js_str(m->body, "itemId", NULL);
	ask.input = input;
	ask.entry = agent_add(c->g, question_entry(questions, ENTRY_PENDING));
	a = remember(c, key, js_copy(questions), ask.entry);
	if (!agent_asked(c->g, &ask)) {
		forget(c, a);
		agent_set(c->g, ask.entry,
		    question_entry(questions, ENTRY_DENIED));
		rpc_result(c->rpc, key, answers_to(questions, NULL));
	}
	js_free(input);
	free(key);
}

/* No tools of ours were offered to it. */
static struct js *
no_tool(void)
{
	struct js *o = js_object(), *items = js_array(), *text = js_object();

	js_add_str(text, "type", "inputText");
	js_add_str(text, "text", "There is no such tool.");
	js_push(items, text);
	js_add(o, "contentItems", items);
	js_add_bool(o, "success", false);
	return o;
}

/* It has to belong to the turn that runs. */
static bool
ours(const struct codex *c, const struct rpc_msg *m)
{
	return c->at == CODEX_TURN && c->turn != NULL &&
	       strcmp(js_str(m->body, "threadId", ""), c->thread) == 0 &&
	       strcmp(js_str(m->body, "turnId", ""), c->turn) == 0;
}

static void
ask_leave(struct codex *c, const struct rpc_msg *m,
    void (*ask)(struct codex *c, const struct rpc_msg *m))
{
	if (!ours(c, m))
		decline(c, m, "leave for what is not in this turn");
	else if (codex_trusted(c))
		rpc_result(c->rpc, m->key, decision("acceptForSession"));
	else
		ask(c, m);
}

void
codex_asked(struct codex *c, const struct rpc_msg *m)
{
	if (strcmp(m->method, "item/commandExecution/requestApproval") == 0)
		ask_leave(c, m, ask_command);
	else if (strcmp(m->method, "item/fileChange/requestApproval") == 0)
		ask_leave(c, m, ask_files);
	else if (strcmp(m->method, "item/tool/requestUserInput") == 0 &&
		 ours(c, m) && js_len(js_get(m->body, "questions")) > 0)
		ask_person(c, m);
	else if (strcmp(m->method, "item/tool/requestUserInput") == 0) {
		codex_odd(c, m, "a question that is none of this turn");
		rpc_result(c->rpc, m->key, answers_to(NULL, NULL));
	} else if (strcmp(m->method, "item/tool/call") == 0)
		rpc_result(c->rpc, m->key, no_tool());
	else {
		codex_odd(c, m, "a request we do not know");
		rpc_refuse(c->rpc, m->key, RPC_NO_METHOD, "method not found");
	}
}

/* When a turn is over. */

static struct js *
plan_entry(const struct codex *c, enum entry_state state, const char *detail)
{
	const struct entry_status status = { state, detail };

	return entry_tool("plan", entry_plan(c->plan_text), &status,
	    c->plan_text);
}

bool
codex_ask_plan(struct codex *c)
{
	struct agent_ask ask = { .kind = AGENT_PLAN, .tool = "plan" };
	struct js *input;
	char key[40];
	bool asked;

	if (c->plan_text == NULL)
		return false;
	snprintf(key, sizeof(key), "plan/%u", c->turns);
	input = js_object();
	js_add_str(input, "plan", c->plan_text);
	ask.key = key;
	ask.input = input;
	ask.entry = c->plan_entry;
	agent_set(c->g, ask.entry, plan_entry(c, ENTRY_PENDING, NULL));
	asked = agent_asked(c->g, &ask);
	js_free(input);
	if (!asked)
		agent_set(c->g, ask.entry, plan_entry(c, ENTRY_DENIED, NULL));
	return asked;
}

bool
codex_ask_ending(struct codex *c)
{
	struct agent_ask ask = {
		.kind = AGENT_ENDING, .tool = "", .entry = AGENT_NO_ENTRY
	};
	char key[40];

	if (!c->checked)
		return false;
	snprintf(key, sizeof(key), "end/%u", c->turns);
	ask.key = key;
	return agent_asked(c->g, &ask);
}

/* Answers. */

/* What each verdict means to Codex, and to who reads the conversation. */
static const struct {
	const char *word;
	enum entry_state state;
} verdicts[] = {
	[AGENT_APPROVED] = { "accept", ENTRY_CREATED },
	[AGENT_DENIED] = { "decline", ENTRY_DENIED },
	[AGENT_ANSWERED] = { "decline", ENTRY_DENIED },
	[AGENT_TIMED_OUT] = { "decline", ENTRY_TIMED_OUT },
	[AGENT_WITHDRAWN] = { "cancel", ENTRY_DENIED },
};

static const char *
reason_of(const struct agent_answer *answer)
{
	if (answer->verdict != AGENT_DENIED || answer->reason == NULL ||
	    *answer->reason == '\0')
		return NULL;
	return answer->reason;
}

/* It is said to Codex in a turn of its own. */
static void
queue_reason(struct codex *c, const char *tool, const char *reason)
{
	if (c->denied.len > 0)
		buf_put_u8(&c->denied, '\n');
	buf_put_text(&c->denied, reason);
	free(c->denied_tool);
	c->denied_tool = xstrdup(tool);
}

static void
answer_tool(struct codex *c, const struct agent_ask *ask,
    const struct agent_answer *answer)
{
	const char *reason = reason_of(answer);
	const char *word = verdicts[answer->verdict].word;

	/* A turn that is cancelled can be told why; one that goes on cannot. */
	if (reason != NULL) {
		queue_reason(c, ask->tool, reason);
		word = "cancel";
	}
	codex_item_state(c, ask->call, verdicts[answer->verdict].state, reason);
	rpc_result(c->rpc, ask->key, decision(word));
}

static void
answer_question(struct codex *c, const struct agent_ask *ask,
    const struct agent_answer *answer, struct codex_ask *a)
{
	const struct js *questions = js_get(ask->input, "questions");
	bool given = answer->verdict == AGENT_ANSWERED;
	enum entry_state state =
	    given ? ENTRY_SUCCESS : verdicts[answer->verdict].state;

	if (given)
		a->answers = js_copy(answer->answers);
	if (answer->verdict == AGENT_APPROVED)
		state = ENTRY_DENIED;
	agent_set(c->g, ask->entry, question_entry(questions, state));
	rpc_result(c->rpc, ask->key,
	    answers_to(questions, given ? answer->answers : NULL));
}

static void
end_or_ask(struct codex *c)
{
	if (!codex_ask_ending(c))
		codex_over(c, AGENT_SUCCEEDED, NULL);
}

static void
answer_plan(struct codex *c, const struct agent_ask *ask,
    const struct agent_answer *answer)
{
	const char *reason = reason_of(answer);
	bool good = answer->verdict == AGENT_APPROVED;
	char *text;

	agent_set(c->g, ask->entry,
	    plan_entry(c,
		good ? ENTRY_SUCCESS : verdicts[answer->verdict].state,
		reason));
	if (good) {
		c->plan = false;
		codex_turn(c, "Implement the plan.");
	} else if (reason != NULL) {
		queue_reason(c, ask->tool, reason);
		c->heard = true;
		text = xasprintf("User feedback on the plan: %s", reason);
		codex_turn(c, text);
		free(text);
	} else if (answer->verdict != AGENT_WITHDRAWN)
		end_or_ask(c);
}

static void
answer_ending(struct codex *c, const struct agent_answer *answer)
{
	if (reason_of(answer) != NULL)
		codex_turn(c, answer->reason);
	else if (answer->verdict != AGENT_WITHDRAWN)
		codex_over(c, AGENT_SUCCEEDED, NULL);
}

void
codex_answer(void *own, const struct agent_ask *ask,
    const struct agent_answer *answer)
{
	struct codex *c = own;
	struct codex_ask *a = find(c, ask->key);

	if (a != NULL)
		a->open = false;
	if (ask->kind == AGENT_TOOL)
		answer_tool(c, ask, answer);
	else if (ask->kind == AGENT_QUESTION && a != NULL)
		answer_question(c, ask, answer, a);
	else if (ask->kind == AGENT_PLAN)
		answer_plan(c, ask, answer);
	else if (ask->kind == AGENT_ENDING)
		answer_ending(c, answer);
}
