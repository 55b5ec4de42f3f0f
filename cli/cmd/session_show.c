/* SPDX-License-Identifier: MIT */
/*
 * rdv session show: one session with its current run, everything the daemon
 * knows of it.
 */
#include <stdlib.h>

#include "cli/api.h"
#include "cli/cli.h"
#include "cli/cmd.h"
#include "cli/out.h"
#include "cli/pick.h"
#include "lib/js.h"

static const struct out_col cols[] = {
	{ "name", "name", OUT_TEXT },
	{ "id", "id", OUT_TEXT },
	{ "status", "status", OUT_STATE },
	{ "folder", "folder_id", OUT_TEXT },
	{ "repository", "repo_path", OUT_TEXT },
	{ "branch", "worktree_branch", OUT_TEXT },
	{ "profile", "profile", OUT_TEXT },
	{ "created", "created_at", OUT_TIME },
	{ "last activity", "last_activity_at", OUT_TIME },
	{ "closed", "closed_at", OUT_TIME },
	{ "run", "run.id", OUT_TEXT },
	{ "state", "run", OUT_RUN },
	{ "its agent", "agent_status", OUT_STATE },
	{ "exit code", "run.exit_code", OUT_NUMBER },
	{ "signal", "run.signal", OUT_TEXT },
	{ "cause", "run.cause", OUT_TEXT },
	{ "waits", "run.waits", OUT_TEXT },
	{ "command", "run.argv", OUT_LIST },
	{ "directory", "run.cwd", OUT_TEXT },
	{ "guards", "run.guards", OUT_LIST },
	{ "lacked", "run.policy.lacked", OUT_LIST },
	{ "network asked", "network", OUT_TEXT },
	{ "network", "run.policy.network", OUT_TEXT },
	{ "network by", "run.policy.network_by", OUT_TEXT },
	{ "refused elsewhere", "run.egress.refused", OUT_NUMBER },
	{ "admitted by", "run.policy.admitted_by", OUT_TEXT },
	{ "granted by", "run.policy.granted_by", OUT_TEXT },
	{ "output", "run.log_bytes", OUT_BYTES },
	{ "columns", "run.cols", OUT_NUMBER },
	{ "rows", "run.rows", OUT_NUMBER },
	{ "started", "run.started_at", OUT_TIME },
	{ "stopped", "run.stopped_at", OUT_TIME },
	{ "ended", "run.ended_at", OUT_TIME },
	{ "user ms", "run.user_ms", OUT_NUMBER },
	{ "system ms", "run.system_ms", OUT_NUMBER },
	{ "memory KB", "run.max_rss_kb", OUT_NUMBER },
	{ NULL, NULL, OUT_TEXT },
};

static const struct out_col limit_cols[] = {
	{ "LIMIT", "name", OUT_TEXT },
	{ "AT MOST", "max", OUT_NUMBER },
	{ "KEPT BY", "by", OUT_TEXT },
	{ NULL, NULL, OUT_TEXT },
};

static const struct out_col host_cols[] = {
	{ "HOST", "host", OUT_TEXT },
	{ "SENT", "sent", OUT_BYTES },
	{ "RECEIVED", "received", OUT_BYTES },
	{ "CONNECTIONS", "connections", OUT_NUMBER },
	{ "REFUSED", "refused", OUT_NUMBER },
	{ "FAILED", "failed", OUT_NUMBER },
	{ NULL, NULL, OUT_TEXT },
};

static const struct out_col viewer_cols[] = {
	{ "WHO LOOKS", "name", OUT_TEXT },
	{ "BY A LINK", "guest", OUT_YES },
	{ "MODE", "mode", OUT_TEXT },
	{ "COLUMNS", "cols", OUT_NUMBER },
	{ "ROWS", "rows", OUT_NUMBER },
	{ "SETS SIZE", "size_owner", OUT_YES },
	{ "TYPES", "typing", OUT_YES },
	{ "SINCE", "since", OUT_AGE },
	{ NULL, NULL, OUT_TEXT },
};

static void
show_table(const struct cli *cli, const struct out_col *columns,
    const struct js *rows)
{
	if (js_len(rows) == 0)
		return;
	out_line("");
	out_table(cli, columns, rows, "");
}

static void
show(const struct cli *cli, const struct js *v)
{
	const struct js *run = js_get(v, "run");

	out_fields(cli, cols, v);
	show_table(cli, limit_cols, js_get(js_get(run, "policy"), "limits"));
	show_table(cli, host_cols, js_get(js_get(run, "egress"), "hosts"));
}

/* Beside the rest: a session is shown whether or not that can be had. */
static void
show_viewers(struct cmd_call *c, const struct js *v)
{
	char *path =
	    api_path("/api/sessions/", js_str(v, "id", ""), "/viewers");
	char why[512];
	struct js *o;

	if (api_try(c, path, &o, why, sizeof(why)) == 0) {
		show_table(c->cli, viewer_cols, js_get(o, "viewers"));
		js_free(o);
	}
	free(path);
}

static int
session_show(struct cmd_call *c)
{
	struct js *v = NULL;
	int rc = pick_session_get(c, "", &v);

	if (rc == CMD_OK && c->cli->json) {
		out_json(v);
	} else if (rc == CMD_OK) {
		show(c->cli, v);
		show_viewers(c, v);
	}
	js_free(v);
	return rc;
}

static const struct cmd_arg args[] = {
	{ .name = "SESSION", .word = CMD_SESSION },
	{ .name = NULL },
};

const struct cmd cmd_session_show = {
	.path = "session show",
	.alias = "show",
	.args = args,
	.help = "show one session and its run",
	.scope = "read",
	.run = session_show,
};
