/* SPDX-License-Identifier: MIT */
#ifndef RDV_ENTRY_H
#define RDV_ENTRY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct js;

/*
 * The entries of a normalised conversation, the same for every agent:
 * {"entry_type": {"type": ...}, "content": text}. Strings are borrowed, values
 * are taken over, and each function returns a value of its own.
 */
enum entry_kind {
	ENTRY_USER,
	ENTRY_ASSISTANT,
	ENTRY_SYSTEM,
	ENTRY_THINKING,
	ENTRY_ERROR /* as entry_error() without a set-up */
};
struct js *entry_text(enum entry_kind kind, const char *text);
/* `setup`: a person has to sign in or install something. */
struct js *entry_error(const char *text, bool setup);
/* What a person said to a denied tool. */
struct js *entry_feedback(const char *tool, const char *text);
/* [{question, answer: [text]}], borrowed. */
struct js *entry_answers(const struct js *answers);
struct js *entry_usage(int64_t total_tokens, int64_t window);

enum entry_state {
	ENTRY_CREATED,
	ENTRY_SUCCESS,
	ENTRY_FAILED,
	ENTRY_DENIED,
	ENTRY_PENDING, /* the host knows of which approval */
	ENTRY_TIMED_OUT
};
struct entry_status {
	enum entry_state state;
	const char *detail; /* of DENIED the reason or NULL; of PENDING the id
			       of the approval or NULL */
};
/* The use of a tool. Takes `action`. */
struct js *entry_tool(const char *tool, struct js *action,
    const struct entry_status *status, const char *content);

/* The same with an action as JSON text. */
struct js *entry_tool_json(const char *tool, const char *action,
    const struct entry_status *status, const char *content);

/* What it does: one of these. */
struct js *entry_read(const char *path);
/* Takes an array of what entry_write() and those below it make. */
struct js *entry_edit(const char *path, struct js *changes);
/* Takes what entry_ran() makes, or NULL while it runs. */
struct js *entry_command(const char *command, struct js *result);
struct js *entry_search(const char *query);
struct js *entry_fetch(const char *url);
/* `arguments` is borrowed; both may be NULL. */
struct js *
entry_call(const char *tool, const struct js *arguments, struct js *result);
struct js *
entry_task(const char *description, const char *subagent, struct js *result);
struct js *entry_plan(const char *plan);
/*
 * `operation` is "read", "write" or "update". Of each item that is an object,
 * `content` (or `step`), `status` and `priority` are kept; words of a status
 * that are not the contract's are "pending".
 */
struct js *entry_todos(const struct js *items, const char *operation);
/* Takes what is in it, as the two below do: an array of questions. */
struct js *entry_questions(struct js *list);
struct js *entry_question(const char *question, const char *header,
    struct js *options, bool many);
struct js *entry_option(const char *label, const char *description);
struct js *entry_other(const char *description);

/* Changes of a file. */
struct js *entry_write(const char *content);
struct js *entry_delete(void);
struct js *entry_rename(const char *new_path);
/* `numbered`: line numbers of its hunks are those of the file. */
struct js *entry_diff(const char *unified, bool numbered);

/* How a command ended; `output` may be NULL. */
struct js *entry_ran_code(int64_t code, const char *output);
struct js *entry_ran(bool success, const char *output);
/* It has not ended, and said this so far. */
struct js *entry_running(const char *output);
/* How deep the brackets of JSON text nest. */
size_t entry_depth(const char *json, size_t len);
/*
 * What comes from outside and nests deeper is shown as its text, so that an
 * entry can always be read again.
 */
#define ENTRY_DEPTH 40
/* What a tool said. */
struct js *entry_markdown(const char *text);
struct js *entry_value(const struct js *value); /* borrowed */
/* Text that is JSON is a value, any other is Markdown. */
struct js *entry_result(const char *text);

#endif
