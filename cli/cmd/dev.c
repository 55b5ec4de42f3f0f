/* SPDX-License-Identifier: MIT */
/*
 * rdv dev start, stop, ls and log: the dev servers of a workspace. They are
 * runs of rdvd's: none ends with this program, and where one listens is what
 * rdvd has seen its processes do, never what it printed.
 */
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/cmd.h"
#include "cli/out.h"
#include "cli/pick.h"
#include "cli/runlog.h"
#include "lib/js.h"

static const struct out_col cols[] = {
	/* Whole, as rdv runs takes it. */
	{ "ID", "id", OUT_TEXT },
	{ "REPOSITORY", "repo", OUT_TEXT },
	{ "STATE", "state", OUT_STATE },
	{ "AGE", "created_at", OUT_AGE },
	{ "LISTENS", "listens", OUT_LIST },
	{ "WHY", "cause", OUT_TEXT },
	{ NULL, NULL, OUT_TEXT },
};

/* For people: "127.0.0.1:3000", "[::1]:3000". */
static struct js *
listens(const struct js *ports)
{
	struct js *list = js_array();
	char text[96];

	for (size_t i = 0; i < js_len(ports); i++) {
		const char *at = js_str(js_at(ports, i), "address", "?");

		(void)snprintf(text, sizeof(text),
		    strchr(at, ':') != NULL ? "[%s]:%lld" : "%s:%lld", at,
		    (long long)js_int(js_at(ports, i), "port", 0));
		js_push_str(list, text);
	}
	return list;
}

static struct js *
row_of(const struct js *item)
{
	static const char *const texts[] = { "id", "repo", "state", "cause" };
	struct js *o = js_object();

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		js_add_str(o, texts[i], js_str(item, texts[i], NULL));
	js_add_ms(o, "created_at", js_int(item, "created_at", -1));
	js_add(o, "listens", listens(js_get(item, "ports")));
	return o;
}

static int
tell(struct cmd_call *c, struct js *v)
{
	const struct js *items = js_get(v, "items");
	struct js *rows = js_array();

	for (size_t i = 0; i < js_len(items); i++)
		js_push(rows, row_of(js_at(items, i)));
	if (c->cli->json)
		out_json(v);
	else
		out_table(c->cli, cols, rows, "no dev servers");
	js_free(rows);
	js_free(v);
	return CMD_OK;
}

static int
dev_ls(struct cmd_call *c)
{
	struct js *v = NULL;
	int rc = pick_workspace_send(c, "GET", "/dev-servers", NULL, &v);

	return rc != CMD_OK ? rc : tell(c, v);
}

static int
dev_start(struct cmd_call *c)
{
	struct js *body = js_object(), *v = NULL;
	int rc;

	if (cmd_flag(c, "profile"))
		js_add_str(body, "profile", cmd_value(c, "profile"));
	if (cmd_flag(c, "network"))
		js_add_str(body, "network", cmd_value(c, "network"));
	rc = pick_workspace_send(c, "POST", "/dev-servers", body, &v);
	return rc != CMD_OK ? rc : tell(c, v);
}

static int
dev_stop(struct cmd_call *c)
{
	return pick_workspace_send(c, "POST", "/dev-servers/stop", NULL, NULL);
}

/* The newest of the workspace, or of one repository in it. */
static int
dev_log(struct cmd_call *c)
{
	const char *repo = cmd_value(c, "repo"), *id = NULL;
	struct js *v = NULL, *list, *item;
	int rc = pick_workspace_send(c, "GET", "/runs?limit=1000", NULL, &v);

	if (rc != CMD_OK)
		return rc;
	list = js_get(v, "items");
	for (size_t i = 0; i < js_len(list) && id == NULL; i++) {
		item = js_at(list, i);
		if (strcmp(js_str(item, "reason", ""), "devserver") == 0 &&
		    (repo == NULL ||
			strcmp(js_str(item, "repo", ""), repo) == 0 ||
			strcmp(js_str(item, "repo_id", ""), repo) == 0))
			id = js_str(item, "id", NULL);
	}
	if (id != NULL) {
		rc = runlog_print(c, id, cmd_flag(c, "follow"), 0);
	} else {
		out_error(c->cli, "NOT_FOUND", "no dev server has run there");
		rc = CMD_FAILED;
	}
	js_free(v);
	return rc;
}

static const struct cmd_arg one[] = {
	{ .name = "WORKSPACE", .word = CMD_WORKSPACE },
	{ .name = NULL },
};
static const struct cmd_opt start_opts[] = {
	{ .name = "profile",
	    .arg = "P",
	    .words = "script|login",
	    .help = "how they are held (script)" },
	{ .name = "network",
	    .arg = "N",
	    .words = "none|full",
	    .help = "what they have of the network (as the policy says)" },
	{ .name = NULL },
};
static const struct cmd_opt log_opts[] = {
	{ .name = "repo",
	    .arg = "R",
	    .help = "of this repository, by its name there or its id" },
	{ .name = "follow",
	    .letter = 'f',
	    .help = "go on until it has ended, with its exit status" },
	{ .name = NULL },
};

const struct cmd cmd_dev_ls = {
	.path = "dev ls",
	.args = one,
	.help = "list the dev servers of a workspace that run",
	.scope = "read",
	.run = dev_ls,
};

const struct cmd cmd_dev_start = {
	.path = "dev start",
	.args = one,
	.opts = start_opts,
	.help = "start a dev server for each repository with a script for one",
	.doc = "Those that run there are ended first. The script is the "
	       "repository's: rdv repo set REPO dev-server SCRIPT.",
	.scope = "full",
	.run = dev_start,
};

const struct cmd cmd_dev_stop = {
	.path = "dev stop",
	.args = one,
	.help = "end the dev servers of a workspace",
	.scope = "full",
	.run = dev_stop,
};

const struct cmd cmd_dev_log = {
	.path = "dev log",
	.args = one,
	.opts = log_opts,
	.help = "print what the newest dev server has written",
	.scope = "read",
	.run = dev_log,
};
