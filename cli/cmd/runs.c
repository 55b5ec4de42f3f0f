/* SPDX-License-Identifier: MIT */
/*
 * rdv runs ls, show, log and stop: every process that rdv has started for
 * somebody, whatever it was started for.
 */
#include <stdlib.h>

#include "cli/api.h"
#include "cli/cmd.h"
#include "cli/out.h"
#include "cli/pick.h"
#include "cli/runlog.h"
#include "cli/tell.h"

static const struct out_col list_cols[] = {
	/* Whole: those of one minute begin alike. */
	{ "ID", "id", OUT_TEXT },
	{ "REASON", "reason", OUT_TEXT },
	{ "STATE", "state", OUT_STATE },
	{ "AGENT", "agent_status", OUT_STATE },
	{ "EXIT", "exit_code", OUT_NUMBER },
	{ "AGE", "created_at", OUT_AGE },
	{ "LOG", "log_bytes", OUT_BYTES },
	{ "DIRECTORY", "cwd", OUT_TEXT },
	{ NULL, NULL, OUT_TEXT },
};
static const struct out_col show_cols[] = {
	{ "id", "id", OUT_TEXT },
	{ "reason", "reason", OUT_TEXT },
	{ "state", "state", OUT_STATE },
	{ "its agent", "agent_status", OUT_STATE },
	{ "exit code", "exit_code", OUT_NUMBER },
	{ "signal", "signal", OUT_NUMBER },
	{ "cause", "cause", OUT_TEXT },
	{ "waits for", "waits", OUT_TEXT },
	{ "session", "session_id", OUT_TEXT },
	{ "workspace", "workspace_id", OUT_TEXT },
	{ "repository", "repo", OUT_TEXT },
	{ "command", "argv", OUT_JSON },
	{ "directory", "cwd", OUT_TEXT },
	{ "profile", "profile", OUT_TEXT },
	{ "guards", "guards", OUT_LIST },
	{ "log", "log_bytes", OUT_BYTES },
	{ "began", "started_at", OUT_TIME },
	{ "ended", "ended_at", OUT_TIME },
	{ NULL, NULL, OUT_TEXT },
};

static int
runs_ls(struct cmd_call *c)
{
	struct js *v = NULL;
	int rc = api_get(c,
	    cmd_flag(c, "live") ? PICK_RUNS "&live=true" : PICK_RUNS, &v);

	return tell_items(c, rc, v, list_cols, "no runs");
}

/* A request about the run that the first word means, and its answer. */
static int
about(struct cmd_call *c, const char *method, const char *tail)
{
	struct js *v = NULL;
	char *id, *path;
	int rc = pick_run(c, c->args[0], &id);

	if (rc != CMD_OK)
		return rc;
	path = api_path("/api/runs/", id, tail);
	rc = api_send(c, method, path, NULL, &v);
	free(path);
	free(id);
	return tell_fields(c, rc, v, show_cols);
}

static int
runs_show(struct cmd_call *c)
{
	return about(c, "GET", "");
}

static int
runs_stop(struct cmd_call *c)
{
	return about(c, "POST", "/stop");
}

static int
runs_log(struct cmd_call *c)
{
	char *id;
	int rc = pick_run(c, c->args[0], &id);

	if (rc != CMD_OK)
		return rc;
	rc = runlog_print(c, id, cmd_flag(c, "follow"),
	    cmd_number(c, "since", 0));
	free(id);
	return rc;
}

static const struct cmd_arg one[] = {
	{ .name = "RUN" },
	{ .name = NULL },
};
static const struct cmd_opt ls_opts[] = {
	{ .name = "live", .help = "those that have not ended" },
	{ .name = NULL },
};
static const struct cmd_opt log_opts[] = {
	{ .name = "follow",
	    .letter = 'f',
	    .help = "go on until the run has ended, with its exit status" },
	{ .name = "since",
	    .arg = "OFFSET",
	    .min = 0,
	    .max = INT64_MAX,
	    .help = "from this byte on" },
	{ .name = NULL },
};

const struct cmd cmd_runs_ls = {
	.path = "runs ls",
	.opts = ls_opts,
	.help = "list runs of all kinds, newest first",
	.scope = "read",
	.run = runs_ls,
};

const struct cmd cmd_runs_show = {
	.path = "runs show",
	.args = one,
	.help = "show one run, how it is held and how it ended",
	.scope = "read",
	.run = runs_show,
};

const struct cmd cmd_runs_log = {
	.path = "runs log",
	.args = one,
	.opts = log_opts,
	.help = "print what a run has written",
	.doc = "To stdout and stderr as the program did; with --json a line "
	       "for each piece, and with --follow one about the end. A "
	       "follower outlives restarts of rdvd and gives up when it is "
	       "gone for a minute.",
	.scope = "read",
	.run = runs_log,
};

const struct cmd cmd_runs_stop = {
	.path = "runs stop",
	.args = one,
	.help = "end a run with all it started",
	.doc = "TERM first, KILL to what is left two seconds later. It is over "
	       "when this returns.",
	.scope = "full",
	.run = runs_stop,
};
