/* SPDX-License-Identifier: MIT */
/*
 * rdv workspace merge and rebase: the worktrees one after the other. There is
 * no transaction over repositories, so it stops at the first that refuses, and
 * says which are done.
 */
#include <string.h>

#include "cli/api.h"
#include "cli/cli.h"
#include "cli/cmd.h"
#include "cli/out.h"
#include "cli/pick.h"
#include "lib/js.h"

static const struct out_col done_cols[] = {
	{ "NAME", "name", OUT_TEXT },
	{ "STATE", "state", OUT_STATE },
	{ "TARGET", "target", OUT_TEXT },
	{ "PATH", "path", OUT_TEXT },
	{ NULL, NULL, OUT_TEXT },
};

/* What it is merged into, or put on; else where it was made from, or NULL. */
static const char *
target_of(struct cmd_call *c, const struct js *part)
{
	return c->nargs > 1 ? c->args[1] : js_str(part, "base", NULL);
}

static struct js *
body_of(struct cmd_call *c, const struct js *part, bool merge)
{
	struct js *body = js_object();

	js_add_str(body, "worktree_path", js_str(part, "path", ""));
	js_add_str(body, merge ? "into" : "onto", target_of(c, part));
	if (merge)
		js_add_bool(body, "squash", cmd_flag(c, "squash"));
	if (merge && cmd_value(c, "message") != NULL)
		js_add_str(body, "message", cmd_value(c, "message"));
	return body;
}

/* One of them; what came of it is added to `done`. */
static int
do_part(struct cmd_call *c, const struct js *part, bool merge, struct js *done)
{
	const char *name = js_str(part, "name", "?"), *state;
	struct js *v, *o;
	int rc;

	if (target_of(c, part) == NULL) {
		out_error(c->cli, "MISSING_FIELD",
		    "%s has no base: name the branch", name);
		return CMD_USAGE;
	}
	rc = api_send(c, "POST",
	    merge ? "/api/worktrees/merge" : "/api/worktrees/rebase",
	    body_of(c, part, merge), &v);
	if (rc != CMD_OK)
		return rc;
	state = js_str(js_get(v, "change"), "state", "unchanged");
	if (strcmp(state, "conflict") == 0)
		rc = CMD_FAILED;
	o = js_object();
	js_add_str(o, "name", name);
	js_add_str(o, "state", state);
	js_add_str(o, "target", target_of(c, part));
	js_add_str(o, "path", js_str(part, "path", NULL));
	js_push(done, o);
	js_free(v);
	return rc;
}

static int
all(struct cmd_call *c, bool merge)
{
	const struct js *parts;
	struct js *ws, *o, *done;
	const char *stopped = NULL;
	int rc = pick_workspace_send(c, "GET", "", NULL, &ws);

	if (rc != CMD_OK)
		return rc;
	o = js_object();
	done = js_array();
	parts = js_get(ws, "repos");
	for (size_t i = 0; i < js_len(parts) && rc == CMD_OK; i++) {
		stopped = js_str(js_at(parts, i), "name", "?");
		rc = do_part(c, js_at(parts, i), merge, done);
	}
	js_add(o, "repos", done);
	js_add_str(o, "stopped", rc != CMD_OK ? stopped : NULL);
	if (c->cli->json)
		out_json(o);
	else
		out_table(c->cli, done_cols, js_get(o, "repos"),
		    "no repository was changed");
	if (rc != CMD_OK)
		out_note(c->cli, "stopped at %s", stopped);
	js_free(o);
	js_free(ws);
	return rc;
}

static int
workspace_merge(struct cmd_call *c)
{
	return all(c, true);
}

static int
workspace_rebase(struct cmd_call *c)
{
	return all(c, false);
}

static const struct cmd_arg all_args[] = {
	{ .name = "WORKSPACE", .word = CMD_WORKSPACE },
	{ .name = "BRANCH", .optional = true },
	{ .name = NULL },
};
static const struct cmd_opt merge_opts[] = {
	{ .name = "squash", .help = "each as one commit" },
	{ .name = "message",
	    .letter = 'm',
	    .arg = "TEXT",
	    .help = "of the commits that are made" },
	{ .name = NULL },
};

#define DOC                                                               \
	"BRANCH is, where it is not named, what each worktree was made "  \
	"from. Stops at the first repository that refuses; those before " \
	"it are done, and listed."

const struct cmd cmd_workspace_merge = {
	.path = "workspace merge",
	.args = all_args,
	.opts = merge_opts,
	.help = "merge the branch of each worktree into BRANCH",
	.doc = DOC,
	.scope = "full",
	.run = workspace_merge,
};

const struct cmd cmd_workspace_rebase = {
	.path = "workspace rebase",
	.args = all_args,
	.help = "make the commits of each worktree anew on BRANCH",
	.doc = DOC,
	.scope = "full",
	.run = workspace_rebase,
};
