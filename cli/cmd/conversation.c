/* SPDX-License-Identifier: MIT */
/*
 * rdv conversation ls and close: those that rdv ask has begun, and the page.
 */
#include <stdlib.h>

#include "cli/api.h"
#include "cli/cli.h"
#include "cli/cmd.h"
#include "cli/out.h"
#include "cli/pick.h"
#include "cli/tell.h"
#include "lib/buf.h"
#include "lib/js.h"

static const struct out_col cols[] = {
	{ "ID", "id", OUT_TEXT },
	{ "NAME", "name", OUT_TEXT },
	{ "STATUS", "status", OUT_STATE },
	{ "AGENT", "agent", OUT_TEXT },
	{ "PROFILE", "profile", OUT_TEXT },
	{ "AGE", "created_at", OUT_AGE },
	{ NULL, NULL, OUT_TEXT },
};

static int
conversation_ls(struct cmd_call *c)
{
	struct buf target;
	struct js *v = NULL;
	char *id = NULL;
	int rc = CMD_OK;

	if (cmd_flag(c, "workspace"))
		rc = pick_workspace(c, cmd_value(c, "workspace"), &id);
	if (rc != CMD_OK)
		return rc;
	buf_init(&target, 4096);
	buf_put_text(&target, "/api/conversations");
	api_query(&target, "limit", "1000");
	api_query(&target, "workspace_id", id);
	rc = api_get(c, buf_cstr(&target), &v);
	buf_done(&target);
	free(id);
	return tell_items(c, rc, v, cols, "no conversations");
}

static int
conversation_close(struct cmd_call *c)
{
	char *id;
	int rc = pick_conversation(c, c->args[0], &id);

	if (rc != CMD_OK)
		return rc;
	rc = api_delete(c, "/api/conversations/", id, "closed");
	free(id);
	return rc;
}

static const struct cmd_opt ls_opts[] = {
	{ .name = "workspace",
	    .arg = "W",
	    .word = CMD_WORKSPACE,
	    .help = "those in this workspace alone" },
	{ .name = NULL },
};
static const struct cmd_arg close_args[] = {
	{ .name = "CONVERSATION" },
	{ .name = NULL },
};

const struct cmd cmd_conversation_ls = {
	.path = "conversation ls",
	.opts = ls_opts,
	.help = "list conversations with agents, the newest first",
	.scope = "read",
	.run = conversation_ls,
};

const struct cmd cmd_conversation_close = {
	.path = "conversation close",
	.args = close_args,
	.help = "end a conversation; what waits in it is cancelled",
	.scope = "full",
	.run = conversation_close,
};
