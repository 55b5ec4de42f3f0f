/* SPDX-License-Identifier: MIT */
/*
 * rdv session ls: the sessions of the caller. Closed ones only when asked for:
 * what can be attached to comes first to everybody's mind.
 */
#include <stdlib.h>

#include "cli/api.h"
#include "cli/cli.h"
#include "cli/cmd.h"
#include "cli/out.h"
#include "cli/pick.h"
#include "lib/buf.h"
#include "lib/js.h"
#include "lib/xalloc.h"

static const struct out_col cols[] = {
	{ "ID", "id", OUT_SHORT_ID },
	{ "NAME", "name", OUT_TEXT },
	{ "STATUS", "status", OUT_STATE },
	{ "RUN", "run", OUT_RUN },
	{ "AGENT", "agent_status", OUT_STATE },
	{ "EXIT", "run.exit_code", OUT_NUMBER },
	{ "BRANCH", "worktree_branch", OUT_TEXT },
	{ "ACTIVE", "last_activity_at", OUT_AGE },
	{ "DIRECTORY", "run.cwd", OUT_TEXT },
	{ NULL, NULL, OUT_TEXT },
};

static void
print_list(const struct cli *cli, const struct js *list)
{
	char *self = cli_prefix(cli);
	char *none =
	    xasprintf("no sessions; make one with: %s session new NAME", self);

	out_table(cli, cols, list, none);
	free(none);
	free(self);
}

static int
session_ls(struct cmd_call *c)
{
	const char *folder = cmd_value(c, "folder");
	struct js *list = NULL;
	char *id = NULL;
	struct buf target;
	int rc = CMD_OK;

	buf_init(&target, 4096);
	buf_put_text(&target, "/api/sessions");
	if (folder != NULL)
		rc = pick_folder(c, folder, &id);
	api_query(&target, "folder_id", id);
	if (cmd_flag(c, "all"))
		api_query(&target, "status", "active,suspended,closed");
	else
		api_query(&target, "status", cmd_value(c, "status"));
	if (rc == CMD_OK)
		rc = api_get(c, buf_cstr(&target), &list);
	if (rc == CMD_OK && c->cli->json)
		out_json(list);
	else if (rc == CMD_OK)
		print_list(c->cli, list);
	js_free(list);
	free(id);
	buf_done(&target);
	return rc;
}

static const struct cmd_opt opts[] = {
	{ .name = "all", .letter = 'a', .help = "closed sessions too" },
	{ .name = "status",
	    .arg = "S",
	    .words = "active|suspended|closed",
	    .help = "only those" },
	{ .name = "folder",
	    .arg = "F",
	    .word = CMD_FOLDER,
	    .help = "only those in this folder (id or name)" },
	{ .name = NULL },
};

const struct cmd cmd_session_ls = {
	.path = "session ls",
	.opts = opts,
	.help = "list sessions",
	.scope = "read",
	.run = session_ls,
};
