/* SPDX-License-Identifier: MIT */
/*
 * rdv attach: this terminal becomes a view of a session's terminal.
 */
#include "cli/attach.h"
#include "cli/cli.h"
#include "cli/cmd.h"
#include "cli/out.h"
#include "cli/pick.h"
#include "lib/js.h"

static int
session_attach(struct cmd_call *c)
{
	struct attach_conf conf = { .call = c,
		.read_only = cmd_flag(c, "read-only"),
		.exit_code = cmd_flag(c, "exit-code") };
	struct js *session = NULL;
	int rc = pick_session_get(c, "", &session);

	if (rc == CMD_OK) {
		conf.session = session;
		rc = attach_run(&conf);
	}
	js_free(session);
	return rc;
}

static const struct cmd_arg args[] = {
	{ .name = "SESSION", .word = CMD_SESSION },
	{ .name = NULL },
};

static const struct cmd_opt opts[] = {
	{ .name = "read-only", .letter = 'r', .help = "look, but do not type" },
	{ .name = "exit-code",
	    .help = "end with the program's exit status when it ends" },
	{ .name = NULL },
};

const struct cmd cmd_session_attach = {
	.path = "session attach",
	.alias = "attach",
	.args = args,
	.opts = opts,
	.help = "join a session from this terminal",
	.doc = "Detach with Ctrl-\\ pressed twice; the program goes on. When "
	       "rdvd restarts, the view comes back by itself and goes on at "
	       "its byte. Exit status 0 after detaching or when the program "
	       "ended; with --exit-code that of the program (128 + N after "
	       "signal N). With --json one object at the end.",
	.scope = "run",
	.run = session_attach,
};
