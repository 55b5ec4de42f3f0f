/* SPDX-License-Identifier: MIT */
/*
 * rdv session bypass: whether somebody is asked before a session's tools do
 * what they want.
 */
#include <string.h>

#include "cli/cli.h"
#include "cli/cmd.h"
#include "cli/out.h"
#include "cli/pick.h"
#include "lib/js.h"

static int
session_bypass(struct cmd_call *c)
{
	const char *how = c->nargs > 1 ? c->args[1] : NULL;
	const char *method = "GET";
	struct js *v = NULL;
	int rc;

	if (how != NULL)
		method = strcmp(how, "on") == 0 ? "PUT" : "DELETE";
	rc = pick_session_send(c, method, "/bypass", NULL, &v);
	if (rc == CMD_OK && c->cli->json)
		out_json(v);
	else if (rc == CMD_OK)
		out_line(js_bool(v, "on", false) ? "on" : "off");
	js_free(v);
	return rc;
}

static const struct cmd_arg args[] = {
	{ .name = "SESSION", .word = CMD_SESSION },
	{ .name = "HOW", .words = "on|off", .optional = true },
	{ .name = NULL },
};

const struct cmd cmd_session_bypass = {
	.path = "session bypass",
	.args = args,
	.help = "whether its tools do all they want unasked: on, off",
	.doc = "Off when a session is new, whatever another one has. On, only "
	       "what a rule denies or asks about is denied or asked, and "
	       "questions. Who switched it on, and when, stays with the "
	       "session.",
	.scope = "full",
	.run = session_bypass,
};
