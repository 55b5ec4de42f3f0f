/* SPDX-License-Identifier: MIT */
/*
 * rdv repo ls, add, show and forget: repositories that rdv knows. Forgetting
 * one touches no file.
 */
#include <limits.h>
#include <stdlib.h>

#include "cli/api.h"
#include "cli/cli.h"
#include "cli/cmd.h"
#include "cli/out.h"
#include "cli/pick.h"
#include "cli/tell.h"
#include "lib/js.h"

static const struct out_col list_cols[] = {
	{ "ID", "id", OUT_SHORT_ID },
	{ "NAME", "name", OUT_TEXT },
	{ "BASE", "default_base", OUT_TEXT },
	{ "USED", "used_at", OUT_AGE },
	{ "PATH", "path", OUT_TEXT },
	{ NULL, NULL, OUT_TEXT },
};

static const struct out_col show_cols[] = {
	{ "id", "id", OUT_TEXT },
	{ "name", "name", OUT_TEXT },
	{ "path", "path", OUT_TEXT },
	{ "base", "default_base", OUT_TEXT },
	{ "working directory", "working_dir", OUT_TEXT },
	{ "copied files", "copy_files", OUT_LIST },
	{ "setup", "setup_script", OUT_TEXT },
	{ "parallel setup", "parallel_setup", OUT_YES },
	{ "cleanup", "cleanup_script", OUT_TEXT },
	{ "archive", "archive_script", OUT_TEXT },
	{ "dev server", "dev_server_script", OUT_TEXT },
	{ "known since", "created_at", OUT_TIME },
	{ "used", "used_at", OUT_TIME },
	{ NULL, NULL, OUT_TEXT },
};

static const struct out_col git_cols[] = {
	{ "branch", "current", OUT_TEXT },
	{ "default branch", "default_branch", OUT_TEXT },
	{ "object format", "object_format", OUT_TEXT },
	{ "shallow", "shallow", OUT_YES },
	{ "partial", "partial", OUT_YES },
	{ "sparse", "sparse", OUT_YES },
	{ "case folding", "case_folding", OUT_YES },
	{ "submodules", "submodules", OUT_YES },
	{ "LFS", "lfs", OUT_YES },
	{ NULL, NULL, OUT_TEXT },
};

static const struct out_col remote_cols[] = {
	{ "REMOTE", "name", OUT_TEXT },
	{ "URL", "url", OUT_TEXT },
	{ NULL, NULL, OUT_TEXT },
};

static int
repo_ls(struct cmd_call *c)
{
	const char *target =
	    cmd_flag(c, "recent") ? "/api/repos/recent" : PICK_REPOS;
	struct js *v = NULL;
	int rc;

	rc = api_get(c, target, &v);
	return tell_items(c, rc, v, list_cols, "no repositories");
}

/* rdvd has another working directory: "." must become a path here. */
static int
repo_add(struct cmd_call *c)
{
	const char *name = cmd_value(c, "name");
	char path[PATH_MAX];
	struct js *body, *v = NULL;
	int rc;

	if (pick_path(c, c->args[0], path) != CMD_OK)
		return CMD_FAILED;
	body = js_object();
	js_add_str(body, "path", path);
	if (name != NULL)
		js_add_str(body, "name", name);
	rc = api_send(c, "POST", "/api/repos", body, &v);
	return tell_id(c, rc, v);
}

static int
repo_show(struct cmd_call *c)
{
	const char *tail = cmd_flag(c, "git") ? "/git" : "";
	struct js *v;
	int rc;

	rc = pick_repo_get(c, tail, &v);
	if (rc != CMD_OK)
		return rc;
	if (c->cli->json) {
		out_json(v);
	} else if (cmd_flag(c, "git")) {
		out_fields(c->cli, git_cols, v);
		out_table(c->cli, remote_cols, js_get(v, "remotes"),
		    "no remotes");
	} else {
		out_fields(c->cli, show_cols, v);
	}
	js_free(v);
	return rc;
}

static int
repo_forget(struct cmd_call *c)
{
	char *id;
	int rc;

	rc = pick_repo(c, c->args[0], &id);
	if (rc != CMD_OK)
		return rc;
	rc = api_delete(c, "/api/repos/", id, "forgotten");
	free(id);
	return rc;
}

static const struct cmd_opt ls_opts[] = {
	{ .name = "recent", .help = "those that got a worktree last, first" },
	{ .name = NULL },
};
static const struct cmd_opt add_opts[] = {
	{ .name = "name",
	    .arg = "N",
	    .help = "what to call it (its directory's name)" },
	{ .name = NULL },
};
static const struct cmd_opt show_opts[] = {
	{ .name = "git",
	    .help = "what git says of it: remotes, branches, what is special" },
	{ .name = NULL },
};
static const struct cmd_arg add_args[] = {
	{ .name = "DIR", .word = CMD_DIR, .optional = true },
	{ .name = NULL },
};
static const struct cmd_arg repo_args[] = {
	{ .name = "REPO", .word = CMD_REPO },
	{ .name = NULL },
};

const struct cmd cmd_repo_ls = {
	.path = "repo ls",
	.opts = ls_opts,
	.help = "list the repositories that rdv knows",
	.scope = "read",
	.run = repo_ls,
};

const struct cmd cmd_repo_add = {
	.path = "repo add",
	.args = add_args,
	.opts = add_opts,
	.help = "make a repository known (any path inside; this directory)",
	.scope = "full",
	.run = repo_add,
};

const struct cmd cmd_repo_show = {
	.path = "repo show",
	.args = repo_args,
	.opts = show_opts,
	.help = "show one repository (id, name or path) and its settings",
	.scope = "read",
	.run = repo_show,
};

const struct cmd cmd_repo_forget = {
	.path = "repo forget",
	.args = repo_args,
	.help = "forget a repository; its files stay as they are",
	.scope = "full",
	.run = repo_forget,
};
