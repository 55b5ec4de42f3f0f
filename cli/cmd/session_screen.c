/* SPDX-License-Identifier: MIT */
/*
 * rdv session screen: what a session's terminal shows now, without being a
 * terminal: for scripts, and for a look that moves nobody's size.
 */
#include <stdio.h>

#include "cli/cli.h"
#include "cli/cmd.h"
#include "cli/out.h"
#include "cli/pick.h"
#include "lib/js.h"

static int
session_screen(struct cmd_call *c)
{
	struct js *v = NULL;
	int rc = pick_session_get(c,
	    cmd_flag(c, "ansi") ? "/screen?format=ansi" : "/screen", &v);

	if (rc == CMD_OK && c->cli->json)
		out_json(v);
	else if (rc == CMD_OK)
		(void)fputs(js_str(v, "content", ""), stdout);
	js_free(v);
	return rc;
}

static const struct cmd_arg args[] = {
	{ .name = "SESSION", .word = CMD_SESSION },
	{ .name = NULL },
};

static const struct cmd_opt opts[] = {
	{ .name = "ansi", .help = "with its colours, as escape sequences" },
	{ .name = NULL },
};

const struct cmd cmd_session_screen = {
	.path = "session screen",
	.alias = "screen",
	.args = args,
	.opts = opts,
	.help = "print what a session's terminal shows",
	.doc = "With --json also its size, cursor, title and modes.",
	.scope = "read",
	.run = session_screen,
};
