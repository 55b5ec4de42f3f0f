/* SPDX-License-Identifier: MIT */
/*
 * The shapes of a normalised conversation, for all agents in one place, so that
 * whoever shows it need not know which agent it was. Invariant: a key that a
 * shape has is always there, null when it says nothing.
 */
#include "daemon/agent/entry.h"

#include <string.h>

#include "daemon/agent/category.h"
#include "lib/buf.h"
#include "lib/js.h"

static const char *const kinds[] = {
	[ENTRY_USER] = "{\"type\":\"user_message\"}",
	[ENTRY_ASSISTANT] = "{\"type\":\"assistant_message\"}",
	[ENTRY_SYSTEM] = "{\"type\":\"system_message\"}",
	[ENTRY_THINKING] = "{\"type\":\"thinking\"}",
};

/* Whole values, for those that have no detail. */
static const char *const states[] = {
	[ENTRY_CREATED] = "{\"status\":\"created\"}",
	[ENTRY_SUCCESS] = "{\"status\":\"success\"}",
	[ENTRY_FAILED] = "{\"status\":\"failed\"}",
	[ENTRY_TIMED_OUT] = "{\"status\":\"timed_out\"}",
};

/* {KEY: word} */
static struct js *
tagged(const char *key, const char *word)
{
	struct js *o = js_object();

	js_add_str(o, key, word);
	return o;
}

/* Takes `type`. */
static struct js *
made(struct js *type, const char *content)
{
	struct js *o = js_object();

	js_add(o, "entry_type", type);
	js_add_str(o, "content", content != NULL ? content : "");
	return o;
}

/* NULL is null. */
static void
add(struct js *o, const char *key, struct js *v)
{
	if (v != NULL)
		js_add(o, key, v);
	else
		js_add_str(o, key, NULL);
}

size_t
entry_depth(const char *json, size_t len)
{
	size_t depth = 0, most = 0;
	bool quoted = false;

	for (size_t i = 0; i < len; i++) {
		if (quoted && json[i] == '\\')
			i++;
		else if (json[i] == '"')
			quoted = !quoted;
		else if (!quoted && (json[i] == '[' || json[i] == '{'))
			most = ++depth > most ? depth : most;
		else if (!quoted && (json[i] == ']' || json[i] == '}'))
			depth--;
	}
	return most;
}

/* A copy of what belongs to somebody else; NULL is null. */
static void
add_copy(struct js *o, const char *key, const struct js *v)
{
	struct buf b;

	if (v == NULL) {
		js_add_str(o, key, NULL);
		return;
	}
	buf_init(&b, SIZE_MAX / 4);
	js_dump(v, &b);
	if (entry_depth((const char *)b.data, b.len) > ENTRY_DEPTH)
		js_add_str(o, key, buf_cstr(&b));
	else
		js_add_json(o, key, buf_cstr(&b));
	buf_done(&b);
}

struct js *
entry_text(enum entry_kind kind, const char *text)
{
	struct js *o;

	if (kind == ENTRY_ERROR)
		return entry_error(text, false);
	o = js_object();
	js_add_json(o, "entry_type", kinds[kind]);
	js_add_str(o, "content", text);
	return o;
}

struct js *
entry_error(const char *text, bool setup)
{
	struct js *type = tagged("type", "error_message");

	js_add(type, "error_type",
	    tagged("type", setup ? "setup_required" : "other"));
	return made(type, text);
}

struct js *
entry_feedback(const char *tool, const char *text)
{
	struct js *type = tagged("type", "user_feedback");

	js_add_str(type, "denied_tool", tool);
	return made(type, text);
}

struct js *
entry_answers(const struct js *answers)
{
	struct js *type = tagged("type", "user_answered_questions");

	add_copy(type, "answers", answers);
	return made(type, "");
}

struct js *
entry_usage(int64_t total_tokens, int64_t window)
{
	struct js *type = tagged("type", "token_usage_info");

	js_add_int(type, "total_tokens", total_tokens);
	js_add_int(type, "model_context_window", window);
	return made(type, "");
}

static void
add_status(struct js *o, const struct entry_status *status)
{
	struct js *s;

	if (status->state == ENTRY_DENIED) {
		s = tagged("status", "denied");
		js_add_str(s, "reason", status->detail);
		js_add(o, "status", s);
	} else if (status->state == ENTRY_PENDING) {
		s = tagged("status", "pending_approval");
		js_add_str(s, "approval_id", status->detail);
		js_add(o, "status", s);
	} else
		js_add_json(o, "status", states[status->state]);
}

struct js *
entry_tool(const char *tool, struct js *action,
    const struct entry_status *status, const char *content)
{
	struct js *type = tagged("type", "tool_use");

	js_add_str(type, "tool_name", tool);
	js_add(type, "action_type", action);
	add_status(type, status);
	return made(type, content);
}

struct js *
entry_tool_json(const char *tool, const char *action,
    const struct entry_status *status, const char *content)
{
	struct js *type = tagged("type", "tool_use");

	js_add_str(type, "tool_name", tool);
	js_add_json(type, "action_type", action);
	add_status(type, status);
	return made(type, content);
}

/* {"action": action, KEY: text} */
static struct js *
action(const char *name, const char *key, const char *text)
{
	struct js *o = tagged("action", name);

	js_add_str(o, key, text != NULL ? text : "");
	return o;
}

struct js *
entry_read(const char *path)
{
	return action("file_read", "path", path);
}

struct js *
entry_edit(const char *path, struct js *changes)
{
	struct js *o = action("file_edit", "path", path);

	js_add(o, "changes", changes);
	return o;
}

struct js *
entry_command(const char *command, struct js *result)
{
	struct js *o = action("command_run", "command", command);

	add(o, "result", result);
	js_add_str(o, "category", category_of(command != NULL ? command : ""));
	return o;
}

struct js *
entry_search(const char *query)
{
	return action("search", "query", query);
}

struct js *
entry_fetch(const char *url)
{
	return action("web_fetch", "url", url);
}

struct js *
entry_call(const char *tool, const struct js *arguments, struct js *result)
{
	struct js *o = action("tool", "tool_name", tool);

	add_copy(o, "arguments", arguments);
	add(o, "result", result);
	return o;
}

struct js *
entry_task(const char *description, const char *subagent, struct js *result)
{
	struct js *o = action("task_create", "description", description);

	js_add_str(o, "subagent_type", subagent);
	add(o, "result", result);
	return o;
}

struct js *
entry_plan(const char *plan)
{
	return action("plan_presentation", "plan", plan);
}

/* The contract's word for how far an item is. */
static const char *
todo_status(const char *s)
{
	static const char *const words[][2] = {
		{ "in_progress", "in_progress" },
		{ "in-progress", "in_progress" },
		{ "inProgress", "in_progress" },
		{ "completed", "completed" },
		{ "cancelled", "cancelled" },
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcmp(s, words[i][0]) == 0)
			return words[i][1];
	return "pending";
}

struct js *
entry_todos(const struct js *items, const char *operation)
{
	struct js *o = tagged("action", "todo_management");
	struct js *list = js_array(), *t;

	for (size_t i = 0; i < js_len(items); i++) {
		const struct js *in = js_at(items, i);

		if (!js_is_object(in))
			continue;
		t = js_object();
		js_add_str(t, "content",
		    js_str(in, "content", js_str(in, "step", "")));
		js_add_str(t, "status", todo_status(js_str(in, "status", "")));
		js_add_str(t, "priority", js_str(in, "priority", NULL));
		js_push(list, t);
	}
	js_add(o, "todos", list);
	js_add_str(o, "operation", operation);
	return o;
}

struct js *
entry_option(const char *label, const char *description)
{
	struct js *o = js_object();

	js_add_str(o, "label", label);
	js_add_str(o, "description", description);
	return o;
}

struct js *
entry_question(const char *question, const char *header, struct js *options,
    bool many)
{
	struct js *o = js_object();

	js_add_str(o, "question", question);
	js_add_str(o, "header", header);
	js_add(o, "options", options);
	js_add_bool(o, "multiSelect", many);
	return o;
}

struct js *
entry_questions(struct js *list)
{
	struct js *o = tagged("action", "ask_user_question");

	js_add(o, "questions", list);
	return o;
}

struct js *
entry_other(const char *description)
{
	return action("other", "description", description);
}

struct js *
entry_write(const char *content)
{
	return action("write", "content", content);
}

struct js *
entry_delete(void)
{
	return tagged("action", "delete");
}

struct js *
entry_rename(const char *new_path)
{
	return action("rename", "new_path", new_path);
}

struct js *
entry_diff(const char *unified, bool numbered)
{
	struct js *o = action("edit", "unified_diff", unified);

	js_add_bool(o, "has_line_numbers", numbered);
	return o;
}

struct js *
entry_ran_code(int64_t code, const char *output)
{
	struct js *o = js_object(), *how = tagged("type", "exit_code");

	js_add_int(how, "code", code);
	js_add(o, "exit_status", how);
	js_add_str(o, "output", output);
	return o;
}

struct js *
entry_ran(bool success, const char *output)
{
	struct js *o = js_object();

	js_add_json(o, "exit_status",
	    success ? "{\"type\":\"success\",\"success\":true}"
		    : "{\"type\":\"success\",\"success\":false}");
	js_add_str(o, "output", output);
	return o;
}

struct js *
entry_running(const char *output)
{
	struct js *o = js_object();

	js_add_str(o, "exit_status", NULL);
	js_add_str(o, "output", output);
	return o;
}

struct js *
entry_markdown(const char *text)
{
	struct js *o = js_object();

	js_add_json(o, "type", "{\"type\":\"markdown\"}");
	js_add_str(o, "value", text);
	return o;
}

struct js *
entry_value(const struct js *value)
{
	struct js *o = js_object();

	js_add_json(o, "type", "{\"type\":\"json\"}");
	add_copy(o, "value", value);
	return o;
}

struct js *
entry_result(const char *text)
{
	char why[80];
	struct js *v = js_parse(text, strlen(text), why, sizeof(why)), *o;

	if (v == NULL)
		return entry_markdown(text);
	o = entry_value(v);
	js_free(v);
	return o;
}
