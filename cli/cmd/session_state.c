/* SPDX-License-Identifier: MIT */
/*
 * rdv session suspend, resume and close: three verbs that move a session from
 * one state to another and answer with it.
 */
#include <stdlib.h>

#include "cli/api.h"
#include "cli/cli.h"
#include "cli/cmd.h"
#include "cli/out.h"
#include "cli/pick.h"
#include "lib/js.h"

static int
move(struct cmd_call *c, const char *method, const char *tail, const char *done)
{
	struct js *v = NULL;
	char *id, *path;
	int rc;

	rc = pick_session(c, c->args[0], &id);
	if (rc != CMD_OK)
		return rc;
	path = api_path("/api/sessions/", id, tail);
	rc = api_send(c, method, path, NULL, &v);
	if (rc == CMD_OK && v == NULL) {
		/* 204: nothing came back, but --json promises an object. */
		v = js_object();
		js_add_str(v, "id", id);
		js_add_str(v, "status", done);
	}
	if (rc == CMD_OK && c->cli->json)
		out_json(v);
	else if (rc == CMD_OK)
		out_note(c->cli, "%s is %s", c->args[0],
		    js_str(v, "status", done));
	if (rc == CMD_OK && !c->cli->json && js_str(v, "left", NULL) != NULL)
		out_note(c->cli, "%s", js_str(v, "left", ""));
	js_free(v);
	free(path);
	free(id);
	return rc;
}

static int
session_suspend(struct cmd_call *c)
{
	return move(c, "POST", "/suspend", "suspended");
}

static int
session_resume(struct cmd_call *c)
{
	return move(c, "POST", "/resume", "active");
}

static int
session_close(struct cmd_call *c)
{
	return move(c, "DELETE", "", "closed");
}

static const struct cmd_arg args[] = {
	{ .name = "SESSION", .word = CMD_SESSION },
	{ .name = NULL },
};

const struct cmd cmd_session_suspend = {
	.path = "session suspend",
	.alias = "suspend",
	.args = args,
	.help = "put a session aside; its program goes on",
	.scope = "full",
	.run = session_suspend,
};

const struct cmd cmd_session_resume = {
	.path = "session resume",
	.alias = "resume",
	.args = args,
	.help = "take a session up again",
	.doc = "When the program of the session has ended meanwhile, it is "
	       "started again as a new run of the same session.",
	.scope = "full",
	.run = session_resume,
};

const struct cmd cmd_session_close = {
	.path = "session close",
	.alias = "close",
	.args = args,
	.help = "end a session and all it started; its output stays",
	.doc =
	    "A worktree made for the session stays too: see rdv worktree rm.",
	.scope = "full",
	.run = session_close,
};
