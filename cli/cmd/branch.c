/* SPDX-License-Identifier: MIT */
/*
 * rdv branch ls, new, mv, rm and restore. What would be lost is rdvd's to
 * judge, and what is deleted keeps a name to be restored by.
 */
#include <limits.h>
#include <stdlib.h>

#include "cli/api.h"
#include "cli/cli.h"
#include "cli/cmd.h"
#include "cli/out.h"
#include "cli/pick.h"
#include "lib/buf.h"
#include "lib/js.h"

#define BRANCHES   "/api/worktrees/branches"
#define TARGET_MAX 16384

static const struct out_col list_cols[] = {
	{ "BRANCH", "name", OUT_TEXT },
	{ "COMMIT", "commit", OUT_SHORT_ID },
	{ "AGE", "time", OUT_AGE },
	{ "UPSTREAM", "upstream", OUT_TEXT },
	{ "WORKTREE", "worktree", OUT_TEXT },
	{ NULL, NULL, OUT_TEXT },
};
static const struct out_col deleted_cols[] = {
	{ "PIN", "pin", OUT_TEXT },
	{ "BRANCH", "name", OUT_TEXT },
	{ "COMMIT", "commit", OUT_SHORT_ID },
	{ NULL, NULL, OUT_TEXT },
};

static bool
repo_path(struct cmd_call *c, char out[PATH_MAX])
{
	return pick_path(c, cmd_value(c, "repo"), out) == CMD_OK;
}

/* One request about the repository; `body` is taken over. */
static int
change(struct cmd_call *c, const char *method, const char *target,
    struct js *body, struct js **out)
{
	char path[PATH_MAX];

	if (!repo_path(c, path)) {
		js_free(body);
		return CMD_FAILED;
	}
	js_add_str(body, "worktree_path", path);
	return api_send(c, method, target, body, out);
}

/* `v` is taken over. */
static int
tell(struct cmd_call *c, struct js *v)
{
	if (c->cli->json)
		out_json(v);
	js_free(v);
	return CMD_OK;
}

static int
get_deleted(struct cmd_call *c, struct js **out)
{
	char path[PATH_MAX];
	struct buf b;
	int rc;

	if (!repo_path(c, path))
		return CMD_FAILED;
	buf_init(&b, TARGET_MAX);
	buf_put_text(&b, BRANCHES "/deleted");
	api_query(&b, "worktree_path", path);
	rc = api_get(c, buf_cstr(&b), out);
	buf_done(&b);
	return rc;
}

/* All of them, as far as one page goes: the list of repositories has more. */
static int
get_branches(struct cmd_call *c, struct js **out)
{
	char path[PATH_MAX], *id, *target;
	int rc;

	if (!repo_path(c, path))
		return CMD_FAILED;
	rc = pick_repo(c, path, &id);
	if (rc != CMD_OK)
		return rc;
	target = api_path("/api/repos/", id, "/branches?kind=local&limit=200");
	rc = api_get(c, target, out);
	free(target);
	free(id);
	return rc;
}

static int
branch_ls(struct cmd_call *c)
{
	const bool deleted = cmd_flag(c, "deleted");
	struct js *v;
	int rc = deleted ? get_deleted(c, &v) : get_branches(c, &v);

	if (rc != CMD_OK)
		return rc;
	if (c->cli->json)
		out_json(v);
	else
		out_table(c->cli, deleted ? deleted_cols : list_cols,
		    js_get(v, "items"),
		    deleted ? "no deleted branches" : "no branches");
	if (js_str(v, "next_cursor", NULL) != NULL)
		out_note(c->cli, "more of them: rdv repo branches --all");
	js_free(v);
	return rc;
}

static int
branch_new(struct cmd_call *c)
{
	struct js *body = js_object(), *v;
	int rc;

	js_add_str(body, "name", c->args[0]);
	if (c->nargs > 1)
		js_add_str(body, "base", c->args[1]);
	rc = change(c, "POST", BRANCHES, body, &v);
	return rc != CMD_OK ? rc : tell(c, v);
}

static int
branch_mv(struct cmd_call *c)
{
	struct js *body = js_object(), *v;
	int rc;

	js_add_str(body, "name", c->args[0]);
	js_add_str(body, "new_name", c->args[1]);
	js_add_bool(body, "force", cmd_flag(c, "force"));
	rc = change(c, "PATCH", BRANCHES, body, &v);
	return rc != CMD_OK ? rc : tell(c, v);
}

static int
branch_rm(struct cmd_call *c)
{
	char path[PATH_MAX];
	struct js *v;
	struct buf b;
	int rc;

	if (!repo_path(c, path))
		return CMD_FAILED;
	buf_init(&b, TARGET_MAX);
	buf_put_text(&b, BRANCHES);
	api_query(&b, "worktree_path", path);
	api_query(&b, "name", c->args[0]);
	if (cmd_flag(c, "force"))
		api_query(&b, "force", "true");
	rc = api_send(c, "DELETE", buf_cstr(&b), NULL, &v);
	buf_done(&b);
	if (rc != CMD_OK)
		return rc;
	if (!c->cli->json)
		out_note(c->cli,
		    "%s is deleted; back with: rdv branch restore %s",
		    c->args[0], js_str(v, "pin", "?"));
	return tell(c, v);
}

static int
branch_restore(struct cmd_call *c)
{
	struct js *body = js_object(), *v;
	int rc;

	js_add_str(body, "pin", c->args[0]);
	if (c->nargs > 1)
		js_add_str(body, "name", c->args[1]);
	rc = change(c, "POST", BRANCHES "/restore", body, &v);
	return rc != CMD_OK ? rc : tell(c, v);
}

#define REPO                                                         \
	{                                                            \
		.name = "repo", .arg = "DIR", .word = CMD_DIR,       \
		.help = "the repository (any path inside; this one)" \
	}
#define FORCE(text)                           \
	{                                     \
		.name = "force", .help = text \
	}

static const struct cmd_opt ls_opts[] = {
	REPO,
	{ .name = "deleted", .help = "what can be restored" },
	{ .name = NULL },
};
static const struct cmd_opt repo_opts[] = {
	REPO,
	{ .name = NULL },
};
static const struct cmd_opt mv_opts[] = {
	REPO,
	FORCE("though another worktree has it checked out"),
	{ .name = NULL },
};
static const struct cmd_opt rm_opts[] = {
	REPO,
	FORCE("though it is not merged, or not pushed"),
	{ .name = NULL },
};
static const struct cmd_arg new_args[] = {
	{ .name = "NAME" },
	{ .name = "BASE", .optional = true },
	{ .name = NULL },
};
static const struct cmd_arg mv_args[] = {
	{ .name = "NAME" },
	{ .name = "NEW" },
	{ .name = NULL },
};
static const struct cmd_arg rm_args[] = {
	{ .name = "NAME" },
	{ .name = NULL },
};
static const struct cmd_arg restore_args[] = {
	{ .name = "PIN" },
	{ .name = "NAME", .optional = true },
	{ .name = NULL },
};

#define ROW(verb) .path = "branch " #verb, .run = branch_##verb

const struct cmd cmd_branch_ls = { ROW(ls), .opts = ls_opts, .scope = "read",
	.help = "list branches of a repository, or deleted ones" };

const struct cmd cmd_branch_new = { ROW(new), .args = new_args,
	.opts = repo_opts, .scope = "full",
	.help = "make a branch, from BASE or where the worktree is" };

const struct cmd cmd_branch_mv = { ROW(mv), .args = mv_args, .opts = mv_opts,
	.scope = "full", .help = "rename a branch" };

const struct cmd cmd_branch_rm = { ROW(rm), .args = rm_args, .opts = rm_opts,
	.scope = "full", .help = "delete a branch that is merged",
	.doc =
	    "Never one that is checked out. Its last commit is kept, and rdv "
	    "branch restore brings it back." };

const struct cmd cmd_branch_restore = { ROW(restore), .args = restore_args,
	.opts = repo_opts, .scope = "full",
	.help = "bring a deleted branch back" };
