/* SPDX-License-Identifier: MIT */
/*
 * rdv worktree merge, rebase, pick, continue, skip, abort, conflicts, resolve
 * and operations. A conflict is a failure for a script that wants the commits
 * to be there, and a state for whoever goes on from it.
 */
#include <limits.h>
#include <string.h>

#include "cli/api.h"
#include "cli/cli.h"
#include "cli/cmd.h"
#include "cli/out.h"
#include "cli/pick.h"
#include "lib/buf.h"
#include "lib/js.h"

static const struct out_col change_cols[] = {
	{ "kind", "kind", OUT_TEXT },
	{ "state", "state", OUT_STATE },
	{ "branch", "branch", OUT_TEXT },
	{ "target", "target", OUT_TEXT },
	{ "brought along", "target_path", OUT_TEXT },
	{ "cause", "cause", OUT_TEXT },
	{ "id", "id", OUT_TEXT },
	{ NULL, NULL, OUT_TEXT },
};
static const struct out_col list_cols[] = {
	{ "KIND", "kind", OUT_TEXT },
	{ "STATE", "state", OUT_STATE },
	{ "BRANCH", "branch", OUT_TEXT },
	{ "TARGET", "target", OUT_TEXT },
	{ "AGE", "created_at", OUT_AGE },
	{ "CAUSE", "cause", OUT_TEXT },
	{ NULL, NULL, OUT_TEXT },
};
static const struct out_col conflict_cols[] = {
	{ "CONFLICT", "conflict", OUT_TEXT },
	{ "PATH", "path", OUT_TEXT },
	{ NULL, NULL, OUT_TEXT },
};

/* POST to /api/worktrees/`what` about `given`; `body` is taken over. */
static int
send_to(struct cmd_call *c, const char *what, const char *given,
    struct js *body, struct js **out)
{
	char path[PATH_MAX], target[64] = "/api/worktrees/";
	int rc = pick_path(c, given, path);

	if (rc != CMD_OK) {
		js_free(body);
		return rc;
	}
	(void)strncat(target, what, sizeof(target) - strlen(target) - 1);
	js_add_str(body, "worktree_path", path);
	return api_send(c, "POST", target, body, out);
}

static void
tell_conflicts(struct cmd_call *c, const struct js *list)
{
	for (size_t i = 0; i < js_len(list); i++)
		out_note(c->cli, "in conflict: %s", js_text(js_at(list, i)));
}

/* What came of it; `v` is taken over. */
static int
tell(struct cmd_call *c, struct js *v)
{
	const struct js *change = js_get(v, "change");
	const bool open = strcmp(js_str(change, "state", ""), "conflict") == 0;

	if (c->cli->json) {
		out_json(v);
	} else if (!js_bool(v, "changed", false)) {
		out_note(c->cli, "there is nothing to do");
	} else {
		out_fields(c->cli, change_cols, change);
		tell_conflicts(c, js_get(v, "conflicts"));
	}
	if (open && !c->cli->json)
		out_note(c->cli,
		    "resolve that, then: rdv worktree continue (or skip, "
		    "abort)");
	js_free(v);
	return open ? CMD_FAILED : CMD_OK;
}

static int
worktree_merge(struct cmd_call *c)
{
	struct js *body = js_object(), *v;
	int rc;

	js_add_str(body, "into", c->args[0]);
	js_add_bool(body, "squash", cmd_flag(c, "squash"));
	if (cmd_value(c, "message") != NULL)
		js_add_str(body, "message", cmd_value(c, "message"));
	rc = send_to(c, "merge", c->args[1], body, &v);
	return rc != CMD_OK ? rc : tell(c, v);
}

static int
worktree_rebase(struct cmd_call *c)
{
	struct js *body = js_object(), *v;
	int rc;

	js_add_str(body, "onto", c->args[0]);
	if (cmd_value(c, "from") != NULL)
		js_add_str(body, "from", cmd_value(c, "from"));
	rc = send_to(c, "rebase", c->args[1], body, &v);
	return rc != CMD_OK ? rc : tell(c, v);
}

static int
worktree_pick(struct cmd_call *c)
{
	struct js *body = js_object(), *list = js_array(), *v;
	int rc;

	for (unsigned i = 0; i < c->nargs; i++)
		js_push_str(list, c->args[i]);
	js_add(body, "commits", list);
	rc = send_to(c, "pick", cmd_value(c, "tree"), body, &v);
	return rc != CMD_OK ? rc : tell(c, v);
}

static int
go(struct cmd_call *c, const char *what)
{
	struct js *v;
	int rc = send_to(c, what, c->args[0], js_object(), &v);

	return rc != CMD_OK ? rc : tell(c, v);
}

static int
worktree_continue(struct cmd_call *c)
{
	return go(c, "continue");
}

static int
worktree_skip(struct cmd_call *c)
{
	return go(c, "skip");
}

static int
worktree_abort(struct cmd_call *c)
{
	return go(c, "abort");
}

static int
worktree_resolve(struct cmd_call *c)
{
	struct js *body = js_object(), *v;
	int rc;

	js_add_str(body, "path", c->args[0]);
	js_add_str(body, "as", c->args[1]);
	rc = send_to(c, "resolve", c->args[2], body, &v);
	if (rc != CMD_OK)
		return rc;
	if (c->cli->json)
		out_json(v);
	else
		tell_conflicts(c, js_get(v, "conflicts"));
	js_free(v);
	return rc;
}

/* A list about a tree, whose items are in `key`. */
static int
list(struct cmd_call *c, const char *target, const char *key,
    const struct out_col *cols, const char *none)
{
	char path[PATH_MAX];
	struct buf b;
	struct js *v;
	int rc = pick_path(c, c->args[0], path);

	if (rc != CMD_OK)
		return rc;
	buf_init(&b, 65536);
	buf_put_text(&b, target);
	api_query(&b, "worktree_path", path);
	rc = api_get(c, buf_cstr(&b), &v);
	buf_done(&b);
	if (rc != CMD_OK)
		return rc;
	if (c->cli->json)
		out_json(v);
	else
		out_table(c->cli, cols, js_get(v, key), none);
	js_free(v);
	return rc;
}

static int
worktree_conflicts(struct cmd_call *c)
{
	return list(c, "/api/worktrees/conflicts", "conflicts", conflict_cols,
	    "nothing is in conflict");
}

static int
worktree_operations(struct cmd_call *c)
{
	return list(c, "/api/worktrees/operations", "items", list_cols,
	    "nothing was merged or rebased there");
}

#define TREE                                                       \
	{                                                          \
		.name = "PATH", .word = CMD_DIR, .optional = true, \
	}

static const struct cmd_arg tree_args[] = { TREE, { .name = NULL } };
static const struct cmd_arg merge_args[] = {
	{ .name = "BRANCH" },
	TREE,
	{ .name = NULL },
};
static const struct cmd_arg rebase_args[] = {
	{ .name = "ONTO" },
	TREE,
	{ .name = NULL },
};
static const struct cmd_arg pick_args[] = {
	{ .name = "COMMIT", .many = true },
	{ .name = NULL },
};
static const struct cmd_arg resolve_args[] = {
	{ .name = "NAME" },
	{ .name = "VERSION", .words = "ours|theirs|working" },
	TREE,
	{ .name = NULL },
};
static const struct cmd_opt merge_opts[] = {
	{ .name = "squash",
	    .help = "all of it as one commit, where its branch is then too" },
	{ .name = "message",
	    .letter = 'm',
	    .arg = "TEXT",
	    .help = "of the commit that is made" },
	{ .name = NULL },
};
static const struct cmd_opt rebase_opts[] = {
	{ .name = "from",
	    .arg = "REF",
	    .help = "the old base; only commits behind it are made anew" },
	{ .name = NULL },
};
static const struct cmd_opt pick_opts[] = {
	{ .name = "tree",
	    .arg = "DIR",
	    .word = CMD_DIR,
	    .help = "the worktree (this directory)" },
	{ .name = NULL },
};

#define ROW(verb) .path = "worktree " #verb, .run = worktree_##verb
#define CHANGE	  .scope = "full"

const struct cmd cmd_worktree_merge = { ROW(merge), CHANGE, .args = merge_args,
	.opts = merge_opts, .help = "merge a worktree's branch into BRANCH",
	.doc = "A worktree that has BRANCH checked out is brought along if it "
	       "is clean, else nothing is merged. What would conflict is "
	       "refused with the files' names: rebase first. A squash is "
	       "refused when BRANCH has commits that the worktree's has not." };

const struct cmd cmd_worktree_rebase = { ROW(rebase), CHANGE,
	.args = rebase_args, .opts = rebase_opts,
	.help = "make a worktree's commits anew on ONTO",
	.doc = "Where it stops at a conflict the worktree waits, and the exit "
	       "status is 1: rdv worktree conflicts lists the files, rdv "
	       "worktree continue, skip or abort goes on." };

const struct cmd cmd_worktree_pick = { ROW(pick), CHANGE, .args = pick_args,
	.opts = pick_opts,
	.help = "make other commits anew on a worktree's branch",
	.doc = "In the order in which they are named; a conflict is as with "
	       "rdv worktree rebase." };

const struct cmd cmd_worktree_continue = { ROW(continue), CHANGE,
	.args = tree_args, .help = "go on after a conflict was resolved" };

const struct cmd cmd_worktree_skip = { ROW(skip), CHANGE, .args = tree_args,
	.help = "go on without the commit that conflicts" };

const struct cmd cmd_worktree_abort = { ROW(abort), CHANGE, .args = tree_args,
	.help = "give up what is open: all is as before" };

const struct cmd cmd_worktree_conflicts = { ROW(conflicts), .scope = "read",
	.args = tree_args, .help = "list the files that are in conflict" };

const struct cmd cmd_worktree_resolve = { ROW(resolve), CHANGE,
	.args = resolve_args, .help = "settle one file that is in conflict",
	.doc = "NAME is as git has it from the worktree's top. In a rebase "
	       "ours is what the commits are put on, theirs the worktree's; "
	       "working takes the file as it lies there." };

const struct cmd cmd_worktree_operations = { ROW(operations), .scope = "read",
	.args = tree_args, .help = "list merges and rebases of a worktree" };
