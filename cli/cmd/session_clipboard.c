/* SPDX-License-Identifier: MIT */
/*
 * rdv session clipboard: whether programs of a session may put text on the
 * clipboard of who looks at it (OSC 52, rdv clipboard copy).
 */
#include <string.h>

#include "cli/cli.h"
#include "cli/cmd.h"
#include "cli/out.h"
#include "cli/pick.h"
#include "lib/js.h"

static int
session_clipboard(struct cmd_call *c)
{
	struct js *v = NULL, *body;
	const char *how = c->nargs > 1 ? c->args[1] : NULL;
	int rc;

	body = how != NULL ? js_object() : NULL;
	if (how != NULL)
		js_add_bool(body, "clipboard", strcmp(how, "on") == 0);
	rc = pick_session_send(c, how != NULL ? "PATCH" : "GET", "", body, &v);
	if (rc == CMD_OK && c->cli->json)
		out_json(v);
	else if (rc == CMD_OK)
		out_line(js_bool(v, "clipboard", false) ? "on" : "off");
	js_free(v);
	return rc;
}

static const struct cmd_arg args[] = {
	{ .name = "SESSION", .word = CMD_SESSION },
	{ .name = "HOW", .words = "on|off", .optional = true },
	{ .name = NULL },
};

const struct cmd cmd_session_clipboard = {
	.path = "session clipboard",
	.args = args,
	.help = "whether its programs may write the clipboard: on, off",
	.doc = "On, a program of the session may put text on the clipboard of "
	       "who looks at it, in the page and in rdv attach, who is told "
	       "each time. Nothing ever lets it read what is there. Off when a "
	       "session is new, unless it was made with --clipboard.",
	.scope = "full",
	.run = session_clipboard,
};
