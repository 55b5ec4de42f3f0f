/* SPDX-License-Identifier: MIT */
/*
 * What a run asks, on a terminal. Invariant: what is decided is what was
 * printed, because its digest is what goes to rdvd; and what was printed is
 * only ever data (abuse K06).
 */
#include "cli/approval.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "cli/api.h"
#include "cli/cli.h"
#include "cli/cmd.h"
#include "cli/out.h"
#include "cli/pick.h"
#include "lib/js.h"
#include "lib/xalloc.h"

int
approval_get(const struct cmd_call *c, const char *word, struct js **out)
{
	char *id, *path;
	int rc = pick_approval(c, word, &id);

	if (rc != CMD_OK)
		return rc;
	path = api_path("/api/approvals/", id, "");
	rc = api_get(c, path, out);
	free(path);
	free(id);
	return rc;
}

/* Whole, on a line of its own: nothing of it is cut or padded. */
static void
print_line(const char *title, const char *text)
{
	size_t size = text != NULL ? 4 * strlen(text) + 1 : 0;
	char *clean, *line;

	if (text == NULL)
		return;
	clean = xmalloc(size);
	out_sentence(clean, size, text);
	line = xasprintf("%s%s", title, clean);
	out_line(line);
	free(line);
	free(clean);
}

static void
print_list(const char *title, const struct js *list)
{
	for (size_t i = 0; i < js_len(list); i++)
		print_line(title, js_text(js_at(list, i)));
}

void
approval_print(const struct cmd_call *c, const struct js *v)
{
	static const struct out_col cols[] = {
		{ "id", "id", OUT_TEXT },
		{ "kind", "kind", OUT_TEXT },
		{ "state", "state", OUT_STATE },
		{ "session", "session_id", OUT_TEXT },
		{ "run", "run_id", OUT_TEXT },
		{ "profile", "profile", OUT_TEXT },
		{ "asked", "created_at", OUT_TIME },
		{ "until", "deadline_at", OUT_TIME },
		{ "decided", "decided_at", OUT_TIME },
		{ "by", "decided_via", OUT_TEXT },
		{ "reason", "reason", OUT_TEXT },
		{ "digest", "digest", OUT_TEXT },
		{ NULL, NULL, OUT_TEXT },
	};

	out_fields(c->cli, cols, v);
	print_line("tool: ", js_str(v, "tool", NULL));
	print_line("command: ", js_str(v, "command", NULL));
	print_line("input: ", js_str(v, "input", NULL));
	print_line("directory: ", js_str(v, "cwd", NULL));
	print_list("with: ", js_get(v, "environment"));
	print_list("beware: ", js_get(v, "flags"));
}

bool
approval_word(const struct cmd_call *c, const char *prompt, char *word,
    size_t size)
{
	size_t n = 0;
	int ch;

	(void)tcflush(STDIN_FILENO, TCIFLUSH);
	out_note(c->cli, "%s", prompt);
	while ((ch = getchar()) != EOF && ch != '\n') {
		if (n < size)
			word[n++] = (char)ch;
	}
	word[n < size && memchr(word, '\0', n) == NULL ? n : 0] = '\0';
	return ch != EOF;
}

int
approval_send(const struct cmd_call *c, const struct js *v, const char *verdict,
    const char *reason, struct js *answers)
{
	char *path =
	    api_path("/api/approvals/", js_str(v, "id", ""), "/decision");
	struct js *body = js_object(), *said = NULL;
	int rc;

	js_add_str(body, "verdict", verdict);
	js_add_str(body, "digest", js_str(v, "digest", ""));
	if (reason != NULL)
		js_add_str(body, "reason", reason);
	if (answers != NULL)
		js_add(body, "answers", answers);
	rc = api_send(c, "POST", path, body, &said);
	if (rc == CMD_OK && c->cli->json)
		out_json(said);
	else if (rc == CMD_OK)
		out_note(c->cli, "%s",
		    js_str(js_get(said, "approval"), "state", "?"));
	js_free(said);
	free(path);
	return rc;
}
