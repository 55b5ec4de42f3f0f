/* SPDX-License-Identifier: MIT */
/*
 * rdv worktree push, fetch and pull, and rdv workspace push: rdvd does it, and
 * goes on when this ends, so this follows it to its end.
 */
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "cli/api.h"
#include "cli/cli.h"
#include "cli/cmd.h"
#include "cli/follow.h"
#include "cli/out.h"
#include "cli/pick.h"
#include "lib/js.h"

static int
tell(const struct cmd_call *c, const struct js *t)
{
	const char *state = js_str(t, "state", "");

	if (strcmp(state, "done") != 0) {
		out_error(c->cli,
		    strcmp(state, "cancelled") == 0
			? "CANCELLED"
			: js_str(t, "code", "GIT_FAILED"),
		    "%s", js_str(t, "cause", state));
		return CMD_FAILED;
	}
	if (c->cli->json)
		out_json(t);
	else
		out_note(c->cli, "%s %s: done", js_str(t, "kind", ""),
		    js_str(t, "remote", ""));
	return CMD_OK;
}

/* `body` is taken over. */
static int
transfer(const struct cmd_call *c, const char *target, struct js *body)
{
	struct js *t = NULL;
	int rc = api_send(c, "POST", target, body, &t);

	if (rc == CMD_OK)
		rc = follow_job(c, "/api/transfers/", &t);
	if (rc == CMD_OK)
		rc = tell(c, t);
	js_free(t);
	return rc;
}

/* What is wished, of the tree at `path`; flags that the command has not: no. */
static struct js *
wish(const struct cmd_call *c, const char *path)
{
	static const char *const flags[] = { "force", "dirty", "upstream",
		"prune" };
	static const char *const texts[] = { "remote", "lease" };
	const struct cmd_opt *o;
	struct js *body = js_object();

	js_add_str(body, "worktree_path", path);
	for (o = c->cmd->opts; o->name != NULL; o++) {
		for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++)
			if (strcmp(o->name, flags[i]) == 0 &&
			    cmd_flag(c, flags[i]))
				js_add_bool(body, flags[i], true);
		for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
			if (strcmp(o->name, texts[i]) == 0 &&
			    cmd_value(c, texts[i]) != NULL)
				js_add_str(body, texts[i],
				    cmd_value(c, texts[i]));
	}
	return body;
}

static int
at_path(struct cmd_call *c, const char *target)
{
	char path[PATH_MAX];

	if (pick_path(c, c->args[0], path) != CMD_OK)
		return CMD_FAILED;
	follow_catch_interrupt();
	return transfer(c, target, wish(c, path));
}

static int
worktree_push(struct cmd_call *c)
{
	return at_path(c, "/api/worktrees/push");
}

static int
worktree_fetch(struct cmd_call *c)
{
	return at_path(c, "/api/worktrees/fetch");
}

static int
worktree_pull(struct cmd_call *c)
{
	return at_path(c, "/api/worktrees/pull");
}

/* One after the other; what fails keeps no other from being pushed. */
static int
workspace_push(struct cmd_call *c)
{
	struct js *space = NULL;
	const struct js *repos;
	int rc = pick_workspace_send(c, "GET", "", NULL, &space), one;

	if (rc != CMD_OK)
		return rc;
	follow_catch_interrupt();
	repos = js_get(space, "repos");
	for (size_t i = 0; i < js_len(repos); i++) {
		one = transfer(c, "/api/worktrees/push",
		    wish(c, js_str(js_at(repos, i), "path", "")));
		if (one == CMD_OK)
			continue;
		rc = one;
		out_note(c->cli, "%s is not pushed",
		    js_str(js_at(repos, i), "name", "?"));
	}
	js_free(space);
	return rc;
}

#define REMOTE                                                \
	{                                                     \
		.name = "remote", .arg = "NAME",              \
		.help = "which one (the branch's, or origin)" \
	}
#define PUSH                                                             \
	REMOTE,                                                          \
	    { .name = "force",                                           \
		    .help = "over what is there, if that was fetched" }, \
	    { .name = "dirty",                                           \
		    .help = "though the tree has uncommitted changes" }, \
	{                                                                \
		.name = "upstream",                                      \
		.help = "make it the upstream of the branch"             \
	}

static const struct cmd_opt push_opts[] = {
	PUSH,
	{ .name = "lease",
	    .arg = "COMMIT",
	    .help = "with --force: if that is there" },
	{ .name = NULL },
};
static const struct cmd_opt space_opts[] = {
	PUSH,
	{ .name = NULL },
};
static const struct cmd_opt fetch_opts[] = {
	REMOTE,
	{ .name = "prune", .help = "forget what the remote has no more" },
	{ .name = NULL },
};
static const struct cmd_opt pull_opts[] = {
	REMOTE,
	{ .name = NULL },
};
static const struct cmd_arg args[] = {
	{ .name = "PATH", .word = CMD_DIR, .optional = true },
	{ .name = NULL },
};
static const struct cmd_arg space_args[] = {
	{ .name = "WORKSPACE", .word = CMD_WORKSPACE },
	{ .name = NULL },
};

#define ROW(verb) .path = "worktree " #verb, .run = worktree_##verb

const struct cmd cmd_worktree_push = { ROW(push), .args = args,
	.opts = push_opts, .scope = "full", .help = "push a worktree's branch",
	.doc = "With --force only over the commit that was fetched last, or "
	       "that --lease names: what nobody here has seen stays. Ctrl-C "
	       "cancels." };

const struct cmd cmd_worktree_fetch = { ROW(fetch), .args = args,
	.opts = fetch_opts, .scope = "full",
	.help = "fetch what a remote has" };

const struct cmd cmd_worktree_pull = { ROW(pull), .args = args,
	.opts = pull_opts, .scope = "full",
	.help = "fetch, and go forward if nothing is in the way" };

const struct cmd cmd_workspace_push = { .path = "workspace push",
	.args = space_args,
	.opts = space_opts,
	.scope = "full",
	.help = "push the branches of all its worktrees",
	.run = workspace_push };
