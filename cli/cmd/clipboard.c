/* SPDX-License-Identifier: MIT */
/*
 * rdv clipboard: what a program of a session gives to the clipboard of who
 * looks, and what somebody has sent to it. Bytes in, the same bytes out.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/api.h"
#include "cli/cli.h"
#include "cli/cmd.h"
#include "cli/out.h"
#include "cli/pick.h"
#include "lib/buf.h"
#include "lib/js.h"
#include "lib/secret.h"
#include "lib/str.h"

#define TEXT_MAX (1u << 20)

/* The session that is named, or the one that this runs in. */
static int
of_session(struct cmd_call *c, char **path)
{
	const char *word = c->nargs > 0 ? c->args[0] : getenv("RDV_SESSION_ID");
	char *id;
	int rc;

	if (word == NULL || *word == '\0') {
		out_error(c->cli, "INVALID_ARGUMENT",
		    "this is no session: name one");
		return CMD_USAGE;
	}
	rc = pick_session(c, word, &id);
	if (rc != CMD_OK)
		return rc;
	*path = api_path("/api/sessions/", id, "/clipboard");
	free(id);
	return CMD_OK;
}

/* All of it, since half a character at a cut is none. False after telling. */
static bool
read_text(const struct cmd_call *c, struct buf *text)
{
	char part[16384];
	ssize_t n;

	while ((n = read(STDIN_FILENO, part, sizeof(part))) > 0)
		buf_put(text, part, (size_t)n);
	secret_wipe(part, sizeof(part));
	if (n < 0)
		out_error(c->cli, "INVALID_ARGUMENT", "cannot read the text");
	else if (!buf_ok(text))
		out_error(c->cli, "TOO_LARGE", "the text is over 1 MiB");
	else if (text->len == 0)
		out_error(c->cli, "INVALID_ARGUMENT", "there is no text");
	else if (!str_utf8_valid((char *)text->data, text->len) ||
		 memchr(text->data, '\0', text->len) != NULL)
		out_error(c->cli, "INVALID_ARGUMENT", "the text is no UTF-8");
	else
		return true;
	return false;
}

static int
clipboard_copy(struct cmd_call *c)
{
	struct js *body, *v = NULL;
	struct buf text;
	char *path;
	int rc = of_session(c, &path);

	if (rc != CMD_OK)
		return rc;
	buf_init_secret(&text, TEXT_MAX);
	rc = CMD_FAILED;
	if (read_text(c, &text)) {
		body = js_object();
		js_add_str(body, "data", buf_cstr(&text));
		rc = api_send(c, "POST", path, body, &v);
	}
	if (rc == CMD_OK && c->cli->json)
		out_json(v);
	js_free(v);
	buf_done(&text);
	free(path);
	return rc;
}

static bool
paste_sink(const char *p, size_t len, void *arg)
{
	bool *any = arg;

	*any = true;
	return fwrite(p, 1, len, stdout) == len;
}

static int
clipboard_paste(struct cmd_call *c)
{
	bool any = false;
	struct api_stream s = {
		.accept = "text/plain", .sink = paste_sink, .arg = &any
	};
	char *path;
	int rc = of_session(c, &path);

	if (rc != CMD_OK)
		return rc;
	s.target = path;
	rc = api_stream(c, &s);
	free(path);
	if (rc == CMD_OK && !any) {
		out_error(c->cli, "NOT_FOUND",
		    "nothing was copied in the last 10 minutes");
		return CMD_FAILED;
	}
	if (rc == CMD_OK && fflush(stdout) != 0) {
		out_error(c->cli, "IO", "cannot write the text");
		return CMD_FAILED;
	}
	return rc;
}

static const struct cmd_arg args[] = {
	{ .name = "SESSION", .word = CMD_SESSION, .optional = true },
	{ .name = NULL },
};

const struct cmd cmd_clipboard_copy = {
	.path = "clipboard copy",
	.args = args,
	.help = "copy standard input for who looks at a session",
	.doc = "At most 1 MiB of UTF-8, kept for 10 minutes in memory. A page "
	       "that shows the session puts it on its clipboard when the "
	       "session may (rdv session clipboard NAME on); rdv clipboard "
	       "paste prints it in any case. Inside of a session that one is "
	       "meant.",
	.scope = "run",
	.run = clipboard_copy,
};

const struct cmd cmd_clipboard_paste = {
	.path = "clipboard paste",
	.args = args,
	.help = "print what was copied for a session",
	.doc = "The bytes as they were copied, by rdv clipboard copy or sent "
	       "from the page; no line end is added. Exit status 1 when "
	       "nothing was copied in the last 10 minutes.",
	.scope = "run",
	.run = clipboard_paste,
};
