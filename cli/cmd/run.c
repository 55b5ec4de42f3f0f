/* SPDX-License-Identifier: MIT */
/*
 * rdv run: a script or a command in a workspace, as if it were run here. It is
 * a run of rdvd's all the same: who ends this program leaves it running.
 */
#include <stdlib.h>

#include "cli/cli.h"
#include "cli/cmd.h"
#include "cli/out.h"
#include "cli/pick.h"
#include "cli/runlog.h"
#include "lib/js.h"

static int
fill(struct cmd_call *c, struct js *body)
{
	struct js *list;
	char *repo;
	int rc = CMD_OK;

	if (c->rest != NULL) {
		list = js_array();
		for (size_t i = 0; c->rest[i] != NULL; i++)
			js_push_str(list, c->rest[i]);
		js_add(body, "command", list);
	} else {
		js_add_str(body, "script", c->args[1]);
	}
	if (cmd_flag(c, "profile"))
		js_add_str(body, "profile", cmd_value(c, "profile"));
	if (cmd_flag(c, "network"))
		js_add_str(body, "network", cmd_value(c, "network"));
	if (cmd_flag(c, "repo")) {
		rc = pick_repo(c, cmd_value(c, "repo"), &repo);
		if (rc == CMD_OK) {
			js_add_str(body, "repo_id", repo);
			free(repo);
		}
	}
	return rc;
}

static int
begin(struct cmd_call *c, struct js **v)
{
	struct js *body = js_object();
	int rc = fill(c, body);

	if (rc == CMD_OK)
		return pick_workspace_send(c, "POST", "/runs", body, v);
	js_free(body);
	return rc;
}

static int
run(struct cmd_call *c)
{
	struct js *v = NULL;
	int rc;

	if ((c->nargs == 2) == (c->rest != NULL)) {
		out_error(c->cli, "INVALID_ARGUMENT",
		    "a SCRIPT, or behind -- a command; one of them");
		return CMD_USAGE;
	}
	rc = begin(c, &v);
	if (rc != CMD_OK)
		return rc;
	if (!cmd_flag(c, "detach"))
		rc = runlog_print(c, js_str(v, "id", ""), true, 0);
	else if (c->cli->json)
		out_json(v);
	else
		out_line(js_str(v, "id", "?"));
	js_free(v);
	return rc;
}

static const struct cmd_arg args[] = {
	{ .name = "WORKSPACE", .word = CMD_WORKSPACE },
	{ .name = "SCRIPT", .optional = true },
	{ .name = NULL },
};

static const struct cmd_opt opts[] = {
	{ .name = "repo",
	    .arg = "R",
	    .word = CMD_REPO,
	    .help = "in the worktree of this repository" },
	{ .name = "profile",
	    .arg = "P",
	    .words = "script|login",
	    .help = "how it is held (script)" },
	{ .name = "network",
	    .arg = "N",
	    .words = "none|full",
	    .help = "what it has of the network (as the policy says)" },
	{ .name = "detach",
	    .letter = 'd',
	    .help = "print its id and leave it running" },
	{ .name = NULL },
};

const struct cmd cmd_run = {
	.path = "run",
	.args = args,
	.opts = opts,
	.rest = "COMMAND",
	.help = "run a script or a command in a workspace",
	.doc = "A SCRIPT is bash's. What it writes is printed, and the exit "
	       "status is its own, 128 and the number of a signal that has "
	       "ended it, or 1 when it has none. Ctrl-C ends this program and "
	       "leaves the run: rdv runs ls, rdv runs stop.",
	.scope = "full",
	.run = run,
};
