/* SPDX-License-Identifier: MIT */
/*
 * rdv workspace new: a worktree of each repository in one call. A repository
 * that is given as a directory is made known first, so that nothing has to be
 * set up before.
 */
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "cli/api.h"
#include "cli/cli.h"
#include "cli/cmd.h"
#include "cli/out.h"
#include "cli/pick.h"
#include "lib/js.h"
#include "lib/xalloc.h"

/* The repository around a directory, known or not. */
static int
repo_at(struct cmd_call *c, const char *given, char **id)
{
	char path[PATH_MAX];
	struct js *body, *v;
	int rc;

	if (pick_path(c, given, path) != CMD_OK)
		return CMD_FAILED;
	body = js_object();
	js_add_str(body, "path", path);
	rc = api_send(c, "POST", "/api/repos", body, &v);
	if (rc != CMD_OK)
		return rc;
	*id = xstrdup(js_str(v, "id", ""));
	js_free(v);
	return CMD_OK;
}

static int
repo_id(struct cmd_call *c, const char *word, char **id)
{
	return word[0] == '.' || word[0] == '/' ? repo_at(c, word, id)
						: pick_repo(c, word, id);
}

/* "REPO=BRANCH", by the words that --repo was given. */
static const char *
base_of(struct cmd_call *c, const char *repo)
{
	const size_t len = strlen(repo);
	const char *word, *all = NULL;

	for (unsigned i = 0; (word = cmd_nth(c, "base", i)) != NULL; i++) {
		if (strchr(word, '=') == NULL)
			all = word;
		else if (strncmp(word, repo, len) == 0 && word[len] == '=')
			return word + len + 1;
	}
	return all;
}

static int
add_repo(struct cmd_call *c, const char *word, struct js *repos,
    struct js *bases)
{
	const char *base = base_of(c, word);
	char *id;
	int rc = repo_id(c, word, &id);

	if (rc != CMD_OK)
		return rc;
	js_push_str(repos, id);
	if (base != NULL)
		js_add_str(bases, id, base);
	free(id);
	return CMD_OK;
}

static int
add_repos(struct cmd_call *c, struct js *repos, struct js *bases)
{
	const char *word;
	int rc = CMD_OK;

	if (cmd_nth(c, "repo", 0) == NULL)
		return add_repo(c, ".", repos, bases);
	for (unsigned i = 0;
	     rc == CMD_OK && (word = cmd_nth(c, "repo", i)) != NULL; i++)
		rc = add_repo(c, word, repos, bases);
	return rc;
}

static struct js *
body_of(struct cmd_call *c, struct js *repos, struct js *bases)
{
	struct js *body = js_object();

	if (c->nargs > 0)
		js_add_str(body, "name", c->args[0]);
	if (cmd_value(c, "branch") != NULL)
		js_add_str(body, "branch", cmd_value(c, "branch"));
	if (cmd_value(c, "prefix") != NULL)
		js_add_str(body, "branch_prefix", cmd_value(c, "prefix"));
	if (cmd_flag(c, "existing"))
		js_add_bool(body, "existing_branch", true);
	js_add(body, "repos", repos);
	js_add(body, "bases", bases);
	return body;
}

static int
workspace_new(struct cmd_call *c)
{
	struct js *repos = js_array(), *bases = js_object(), *v;
	int rc = add_repos(c, repos, bases);

	if (rc != CMD_OK) {
		js_free(repos);
		js_free(bases);
		return rc;
	}
	rc = api_send(c, "POST", "/api/workspaces", body_of(c, repos, bases),
	    &v);
	if (rc != CMD_OK)
		return rc;
	if (c->cli->json)
		out_json(v);
	else
		out_line(js_str(v, "directory", "?"));
	js_free(v);
	return rc;
}

static const struct cmd_opt new_opts[] = {
	{ .name = "repo",
	    .arg = "REPO",
	    .word = CMD_REPO,
	    .many = true,
	    .help = "a repository (id, name, or a path in it; this one)" },
	{ .name = "base",
	    .arg = "[REPO=]BRANCH",
	    .many = true,
	    .help = "what work starts from, in all of them or in this one" },
	{ .name = "branch",
	    .arg = "BRANCH",
	    .help = "exactly this branch, in all of them" },
	{ .name = "existing", .help = "the branch may be there already" },
	{ .name = "prefix",
	    .arg = "WORD",
	    .help = "what a branch's name begins with (rdv)" },
	{ .name = NULL },
};
static const struct cmd_arg new_args[] = {
	{ .name = "NAME", .optional = true },
	{ .name = NULL },
};

const struct cmd cmd_workspace_new = {
	.path = "workspace new",
	.args = new_args,
	.opts = new_opts,
	.help = "make a workspace: a worktree of each repository",
	.doc = "Prints its directory. When one of the worktrees cannot be made "
	       "none is. A path that is given for a repository makes that "
	       "known.",
	.scope = "full",
	.run = workspace_new,
};
