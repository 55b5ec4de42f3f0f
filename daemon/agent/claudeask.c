/* SPDX-License-Identifier: MIT */
/*
 * Claude's control protocol: what we ask of its program before a turn, and what
 * it asks of a person. Everything that is not exactly as it has to be is
 * answered no: a request before the program has taken our hooks, a callback
 * nobody registered, an input that is none. What a person is shown is what the
 * program is told to do, byte for byte of its meaning: the input of the request
 * and not of the announcement before it.
 */
#include "daemon/agent/claudestate.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/arena.h"
#include "lib/js.h"
#include "lib/xalloc.h"

/* What hooks call us by. */
#define HOOK_ASK  "tool_approval"
#define HOOK_AUTO "AUTO_APPROVE_CALLBACK_ID"
#define HOOK_STOP "STOP_GIT_CHECK_CALLBACK_ID"

/* Tools that change nothing. */
#define QUIET "Glob|Grep|NotebookRead|Read|Task|TodoWrite"

#define INPUT_MAX   ((size_t)4 << 20)
#define MEMBERS_MAX 64 /* of an input: no tool has a tenth of it */

/* The first two of ours: a program that refuses one of them must not go on. */
#define ID_INIT "rdv-1"
#define ID_MODE "rdv-2"

static void
add_copy(struct js *o, const char *key, const struct js *v)
{
	struct buf b;

	buf_init(&b, SIZE_MAX / 4);
	js_dump(v, &b);
	js_add_json(o, key, buf_cstr(&b));
	buf_done(&b);
}

static struct js *
copy(const struct js *v)
{
	struct js *made = NULL;
	struct buf b;
	char why[80];

	if (v == NULL)
		return NULL;
	buf_init(&b, SIZE_MAX / 4);
	js_dump(v, &b);
	made = js_parse((const char *)b.data, b.len, why, sizeof(why));
	buf_done(&b);
	return made;
}

/* Takes `request`. */
static void
control(struct claude *c, struct js *request)
{
	struct js *o = js_object();

	js_add_str(o, "type", "control_request");
	js_add_str(o, "request_id", arena_printf(c->a, "rdv-%u", ++c->asks));
	js_add(o, "request", request);
	agent_send(c->g, o);
}

static struct js *
request(const char *subtype)
{
	struct js *o = js_object();

	js_add_str(o, "subtype", subtype);
	return o;
}

static struct js *
hook(const char *matcher, const char *callback)
{
	struct js *o = js_object(), *ids = js_array();

	if (matcher != NULL)
		js_add_str(o, "matcher", matcher);
	js_push_str(ids, callback);
	js_add(o, "hookCallbackIds", ids);
	return o;
}

static struct js *
hooks(const struct claude *c)
{
	struct js *o = js_object(), *stop = js_array(), *pre = js_array();

	js_push(stop, hook(NULL, HOOK_STOP));
	if (c->checked)
		js_add(o, "Stop", stop);
	else
		js_free(stop);
	if (c->plan) {
		js_push(pre,
		    hook("^(ExitPlanMode|AskUserQuestion)$", HOOK_ASK));
		js_push(pre,
		    hook("^(?!(ExitPlanMode|AskUserQuestion)$).*", HOOK_AUTO));
	} else if (c->approvals)
		js_push(pre, hook("^(?!(" QUIET ")$).*", HOOK_ASK));
	else
		js_push(pre, hook("^AskUserQuestion$", HOOK_ASK));
	js_add(o, "PreToolUse", pre);
	return o;
}

/* Nobody is asked only where the variant says so in that many words. */
static bool
is_free(const struct claude *c)
{
	return c->skip && c->may_bypass && !c->approvals;
}

static const char *
mode(const struct claude *c)
{
	return is_free(c) ? "bypassPermissions" : "default";
}

void
claude_begin(void *own)
{
	struct claude *c = own;
	struct js *o = request("initialize"), *message;

	js_add(o, "hooks", hooks(c));
	control(c, o);
	o = request("set_permission_mode");
	js_add_str(o, "mode", c->plan ? "plan" : mode(c));
	control(c, o);
	message = js_object();
	js_add_str(message, "role", "user");
	js_add_str(message, "content", c->prompt);
	o = js_object();
	js_add_str(o, "type", "user");
	js_add(o, "message", message);
	agent_send(c->g, o);
}

void
claude_interrupt(void *own)
{
	control(own, request("interrupt"));
}

/* Takes `payload`, which is the answer or, as text, why there is none. */
static void
respond(struct claude *c, const char *id, struct js *payload, const char *error)
{
	struct js *o = js_object(), *r = js_object();

	js_add_str(r, "subtype", error == NULL ? "success" : "error");
	js_add_str(r, "request_id", id);
	if (error == NULL)
		js_add(r, "response", payload);
	else
		js_add_str(r, "error", error);
	js_add_str(o, "type", "control_response");
	js_add(o, "response", r);
	agent_send(c->g, o);
}

static void
deny(struct claude *c, const char *id, const char *message, bool interrupt)
{
	struct js *o = js_object();

	js_add_str(o, "behavior", "deny");
	js_add_str(o, "message", message);
	js_add_bool(o, "interrupt", interrupt);
	respond(c, id, o, NULL);
}

/*
 * While it plans its program keeps it from doing anything. What it does when
 * its plan was approved is asked about as it would be without a plan.
 */
static bool
is_allowed(const struct claude *c, struct jsval r)
{
	static const char *const quiet[] = { "Glob", "Grep", "NotebookRead",
		"Read", "Task", "TodoWrite" };
	struct jsval tool = jsval_get(jsval_get(r, "input"), "tool_name");

	if (!c->planned || is_free(c))
		return c->plan;
	for (size_t i = 0; i < sizeof(quiet) / sizeof(quiet[0]); i++)
		if (jsval_is(tool, quiet[i]))
			return true;
	return false;
}

static void
hook_decision(struct claude *c, const char *id, bool allow)
{
	struct js *o = js_object(), *out = js_object();

	js_add_str(out, "hookEventName", "PreToolUse");
	js_add_str(out, "permissionDecision", allow ? "allow" : "ask");
	js_add_str(out, "permissionDecisionReason",
	    allow ? "It changes nothing, or need not be asked about."
		  : "A person is asked.");
	js_add(o, "hookSpecificOutput", out);
	respond(c, id, o, NULL);
}

static void
stop_decision(struct claude *c, const char *id, const char *reason)
{
	struct js *o = js_object();

	js_add_str(o, "decision", reason == NULL ? "approve" : "block");
	if (reason != NULL)
		js_add_str(o, "reason", reason);
	respond(c, id, o, NULL);
}

/* It wants to end; it is told once at most that it may not. */
static void
stop_hook(struct claude *c, const char *id, struct jsval r)
{
	const struct agent_ask ask = {
		.key = id,
		.kind = AGENT_ENDING,
		.tool = "",
		.entry = AGENT_NO_ENTRY,
	};
	struct jsval input = jsval_get(r, "input");

	if (jsval_bool(jsval_get(input, "stop_hook_active"), false) ||
	    !agent_asked(c->g, &ask))
		stop_decision(c, id, NULL);
}

static void
hook_callback(struct claude *c, const char *id, struct jsval r)
{
	struct jsval name = jsval_get(r, "callback_id");

	if (jsval_is(name, HOOK_ASK))
		hook_decision(c, id, false);
	else if (jsval_is(name, HOOK_AUTO))
		hook_decision(c, id, is_allowed(c, r));
	else if (jsval_is(name, HOOK_STOP) && c->checked)
		stop_hook(c, id, r);
	else
		respond(c, id, NULL, "no such hook was registered");
}

/*
 * The call a request is about, as the request has it; nearly always that is as
 * it was announced.
 */
static struct claude_call *
call_of(struct claude *c, const char *call, const char *tool,
    struct jsval input)
{
	struct claude_call *k = claude_call_find(c, call);
	const char *raw = jsval_raw(input, c->a);

	if (k == NULL)
		return claude_call_new(c, call, tool, raw);
	if (strcmp(k->input, raw) != 0 || strcmp(k->name, tool) != 0)
		claude_call_input(c, k, tool, raw);
	return k;
}

static enum agent_asks
kind_of(const char *tool)
{
	if (claude_tool_is(tool, "AskUserQuestion"))
		return AGENT_QUESTION;
	return claude_tool_is(tool, "ExitPlanMode") ? AGENT_PLAN : AGENT_TOOL;
}

/* Not about an input that can be read in two ways, or that nobody reads. */
static bool
ask_person(struct claude *c, const char *id, const char *tool,
    const struct claude_call *k)
{
	char why[80];
	size_t len = strlen(k->input);
	struct js *input =
	    len <= INPUT_MAX ? js_parse(k->input, len, why, sizeof(why)) : NULL;
	const struct agent_ask ask = { .key = id,
		.kind = kind_of(tool),
		.tool = tool,
		.call = k->id,
		.command = claude_tool_command(tool, input),
		.input = input,
		.entry = k->at };
	const char *key;
	struct js *v;
	bool asked;

	/* What is answered is put together of these, one by one. */
	asked = input != NULL && !js_member(input, MEMBERS_MAX, &key, &v) &&
		agent_asked(c->g, &ask);

	js_free(input);
	return asked;
}

static void
can_use_tool(struct claude *c, const char *id, struct jsval r)
{
	const char *tool = jsval_text(jsval_get(r, "tool_name"), c->a);
	const char *call = jsval_text(jsval_get(r, "tool_use_id"), c->a);
	struct jsval input = jsval_get(r, "input");
	struct claude_call *k;

	if (call == NULL)
		call = id;
	if (tool == NULL || *tool == '\0' || *call == '\0' ||
	    jsval_type(input) != JSVIEW_OBJECT) {
		deny(c, id, "The request names no tool with its input.", false);
		return;
	}
	k = call_of(c, call, tool, input);
	k->state = ENTRY_PENDING;
	/* What was decided before was about another request. */
	free(k->reason);
	k->reason = NULL;
	js_free(k->answers);
	k->answers = NULL;
	free(k->key);
	k->key = xstrdup(id);
	claude_call_show(c, k, NULL);
	if (ask_person(c, id, tool, k))
		return;
	deny(c, id, "This cannot be asked now.", false);
	k->state = ENTRY_DENIED;
	claude_call_show(c, k, NULL);
}

void
claude_control_request(struct claude *c, struct jsval line)
{
	const char *id = jsval_text(jsval_get(line, "request_id"), c->a);
	struct jsval r = jsval_get(line, "request");
	struct jsval subtype = jsval_get(r, "subtype");

	/* Whoever cannot be answered is not listened to. */
	if (id == NULL || *id == '\0')
		agent_add(c->g,
		    entry_error("A request without an id was refused.", false));
	else if (!c->ready)
		respond(c, id, NULL, "initialize was not answered yet");
	else if (jsval_is(subtype, "hook_callback"))
		hook_callback(c, id, r);
	else if (jsval_is(subtype, "can_use_tool"))
		can_use_tool(c, id, r);
	else
		respond(c, id, NULL, "no such request");
}

void
claude_control_cancel(struct claude *c, struct jsval line)
{
	const char *id = jsval_text(jsval_get(line, "request_id"), c->a);
	struct claude_call *k;

	if (id == NULL || !agent_unasked(c->g, id))
		return;
	TAILQ_FOREACH (k, &c->calls, entry)
		if (k->state == ENTRY_PENDING && strcmp(k->key, id) == 0)
			break;
	if (k == NULL)
		return;
	k->state = ENTRY_CREATED;
	claude_call_show(c, k, NULL);
}

/*
 * Ours are counted; whatever else is answered there is the echo of an answer of
 * our own.
 */
void
claude_control_response(struct claude *c, struct jsval line)
{
	struct jsval r = jsval_get(line, "response");
	struct jsval id = jsval_get(r, "request_id");
	const char *why;

	if (!jsval_is(id, ID_INIT) && !jsval_is(id, ID_MODE))
		return;
	if (jsval_is(jsval_get(r, "subtype"), "success")) {
		c->ready = c->ready || jsval_is(id, ID_INIT);
		c->mode_taken = c->mode_taken || jsval_is(id, ID_MODE);
		return;
	}
	why = jsval_text(jsval_get(r, "error"), c->a);
	agent_finish(c->g);
	agent_over(c->g, AGENT_FAILED,
	    arena_printf(c->a, "Claude Code refused how it is to be used: %s",
		why != NULL ? why : "no reason was given"));
}

/* Words of one answer as a text. */
static char *
spoken(struct arena *a, const struct js *words)
{
	const char *s, *all = "";

	for (size_t i = 0; i < js_len(words); i++) {
		s = js_text(js_at(words, i));
		all = arena_printf(a, "%s%s%s", all, i > 0 ? ", " : "",
		    s != NULL ? s : "");
	}
	return arena_strdup(a, all);
}

/* One of the first `n` answers is to the same question. */
static bool
repeats(const struct js *answers, size_t n)
{
	const char *q = js_str(js_at(answers, n), "question", "");

	for (size_t i = 0; i < n; i++)
		if (strcmp(js_str(js_at(answers, i), "question", ""), q) == 0)
			return true;
	return false;
}

/* The input with what was answered: {question: "one, two"}. */
static const char *
answered(struct claude *c, const struct js *input, const struct js *answers)
{
	struct js *o = js_object(), *map = js_object(), *v;
	const char *key;

	for (size_t i = 0; js_member(input, i, &key, &v); i++)
		if (strcmp(key, "answers") != 0)
			add_copy(o, key, v);
	for (size_t i = 0; i < js_len(answers); i++)
		if (!repeats(answers, i))
			js_add_str(map,
			    js_str(js_at(answers, i), "question", ""),
			    spoken(c->a, js_get(js_at(answers, i), "answer")));
	js_add(o, "answers", map);
	return claude_text(c, o);
}

static const char *
unchanged(struct arena *a, const struct js *input)
{
	const char *text;
	struct buf b;

	buf_init(&b, SIZE_MAX / 4);
	js_dump(input, &b);
	text = arena_strdup(a, buf_cstr(&b));
	buf_done(&b);
	return text;
}

static void
allow(struct claude *c, const struct agent_ask *ask, const char *input)
{
	struct js *o = js_object(), *list, *set;

	js_add_str(o, "behavior", "allow");
	js_add_json(o, "updatedInput", input);
	if (ask->kind == AGENT_PLAN) {
		set = js_object();
		js_add_str(set, "type", "setMode");
		js_add_str(set, "mode", mode(c));
		js_add_str(set, "destination", "session");
		list = js_array();
		js_push(list, set);
		js_add(o, "updatedPermissions", list);
	}
	respond(c, ask->key, o, NULL);
}

static void
denied(struct claude *c, const struct agent_ask *ask, const char *reason)
{
	static const char what[] = "The user rejected this";

	if (reason != NULL && *reason != '\0')
		deny(c, ask->key, arena_printf(c->a, "%s: %s", what, reason),
		    false);
	else
		deny(c, ask->key, what, false);
}

/* What the entry of the call says of it now. */
static void
mark(struct claude *c, const struct agent_ask *ask,
    const struct agent_answer *answer)
{
	static const enum entry_state states[] = {
		[AGENT_APPROVED] = ENTRY_CREATED,
		[AGENT_DENIED] = ENTRY_DENIED,
		[AGENT_ANSWERED] = ENTRY_SUCCESS,
		[AGENT_TIMED_OUT] = ENTRY_TIMED_OUT,
		[AGENT_WITHDRAWN] = ENTRY_DENIED,
	};
	struct claude_call *k = claude_call_find(c, ask->call);

	if (k == NULL || k->state != ENTRY_PENDING)
		return;
	k->state = states[answer->verdict];
	if (answer->verdict == AGENT_DENIED && answer->reason != NULL)
		k->reason = xstrdup(answer->reason);
	if (answer->verdict == AGENT_ANSWERED)
		k->answers = copy(answer->answers);
	claude_call_show(c, k, NULL);
}

/*
 * A verdict that does not fit what was asked is a no: a tool is not answered.
 */
void
claude_answer(void *own, const struct agent_ask *ask,
    const struct agent_answer *answer)
{
	struct agent_answer fit = *answer;
	struct claude *c = own;

	if (ask->kind == AGENT_ENDING) {
		if (fit.verdict != AGENT_WITHDRAWN)
			stop_decision(c, ask->key,
			    fit.verdict == AGENT_DENIED ? fit.reason : NULL);
		return;
	}
	if (fit.verdict == AGENT_ANSWERED && ask->kind != AGENT_QUESTION)
		fit = (struct agent_answer){ .verdict = AGENT_DENIED };
	mark(c, ask, &fit);
	c->planned = c->planned ||
		     (fit.verdict == AGENT_APPROVED && ask->kind == AGENT_PLAN);
	if (fit.verdict == AGENT_APPROVED)
		allow(c, ask, unchanged(c->a, ask->input));
	else if (fit.verdict == AGENT_ANSWERED)
		allow(c, ask, answered(c, ask->input, fit.answers));
	else if (fit.verdict == AGENT_DENIED)
		denied(c, ask, fit.reason);
	else if (fit.verdict == AGENT_TIMED_OUT) {
		c->timed_out = true;
		deny(c, ask->key, "Nobody answered in time.", true);
	}
}
