/* SPDX-License-Identifier: MIT */
/*
 * rdv worktree ls, status and rm. Removing refuses whatever could lose work,
 * and says what; --force moves to the trash instead.
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

static const struct out_col list_cols[] = {
	{ "BRANCH", "branch", OUT_TEXT },
	{ "COMMIT", "commit", OUT_SHORT_ID },
	{ "PATH", "path", OUT_TEXT },
	{ NULL, NULL, OUT_TEXT },
};

static const struct out_col status_cols[] = {
	{ "exists", "exists", OUT_YES },
	{ "clean", "is_clean", OUT_YES },
	{ "branch", "branch", OUT_TEXT },
	{ "ahead", "ahead", OUT_NUMBER },
	{ "behind", "behind", OUT_NUMBER },
	{ "staged", "staged", OUT_NUMBER },
	{ "modified", "modified", OUT_NUMBER },
	{ "untracked", "untracked", OUT_NUMBER },
	{ "states", "states", OUT_LIST },
	{ "why", "why", OUT_TEXT },
	{ NULL, NULL, OUT_TEXT },
};

static const struct out_col detail_cols[] = {
	{ "commit", "commit", OUT_SHORT_ID },
	{ "upstream", "upstream", OUT_TEXT },
	{ "operation", "operation", OUT_TEXT },
	{ "conflicts", "conflicts", OUT_NUMBER },
	{ "stashes", "stashes", OUT_NUMBER },
	{ "locked", "locked", OUT_YES },
	{ "lock reason", "lock_reason", OUT_TEXT },
	{ NULL, NULL, OUT_TEXT },
};

static const struct out_col change_cols[] = {
	{ "WHAT", "kind", OUT_TEXT },
	{ "INDEX", "index", OUT_TEXT },
	{ "TREE", "worktree", OUT_TEXT },
	{ "PATH", "path", OUT_TEXT },
	{ "FROM", "old_path", OUT_TEXT },
	{ "CONFLICT", "conflict", OUT_TEXT },
	{ "RUN BY", "run_by", OUT_TEXT },
	{ NULL, NULL, OUT_TEXT },
};

/* GET `target`?`name`=<absolute form of `given`>. */
static int
get_by_path(struct cmd_call *c, const char *target, const char *name,
    const char *given, struct js **out)
{
	char path[PATH_MAX];
	struct buf b;
	int rc;

	rc = pick_path(c, given, path);
	if (rc != CMD_OK)
		return rc;
	buf_init(&b, 65536);
	buf_put_text(&b, target);
	api_query(&b, name, path);
	rc = api_get(c, buf_cstr(&b), out);
	buf_done(&b);
	return rc;
}

static int
worktree_ls(struct cmd_call *c)
{
	const char *repo = cmd_value(c, "repo");
	struct js *list;
	int rc;

	rc = get_by_path(c, "/api/worktrees", "repo_path",
	    repo != NULL ? repo : ".", &list);
	if (rc != CMD_OK)
		return rc;
	if (c->cli->json)
		out_json(list);
	else
		out_table(c->cli, list_cols, list, "no worktrees");
	js_free(list);
	return rc;
}

/* One object of both, as none of the older one's members may go. */
static void
json_status(const struct js *v, const struct js *changes)
{
	struct js *o = js_object(), *member;
	const char *key;
	struct buf b;

	for (size_t i = 0; js_member(v, i, &key, &member); i++) {
		buf_init(&b, 1 << 20);
		js_dump(member, &b);
		js_add_json(o, key, buf_cstr(&b));
		buf_done(&b);
	}
	buf_init(&b, 4 << 20);
	if (changes != NULL)
		js_dump(changes, &b);
	js_add_json(o, "changes", changes != NULL ? buf_cstr(&b) : NULL);
	out_json(o);
	buf_done(&b);
	js_free(o);
}

static void
tell_status(struct cmd_call *c, const struct js *v, const struct js *changes)
{
	const struct js *entries = js_get(changes, "entries");

	out_fields(c->cli, status_cols, v);
	if (changes == NULL)
		return;
	out_fields(c->cli, detail_cols, changes);
	if (js_len(entries) > 0) {
		out_line("");
		out_table(c->cli, change_cols, entries, "");
	}
	if (!js_is_null(js_get(changes, "next")))
		out_note(c->cli, "%lld entries in all; the rest is left out",
		    (long long)js_int(changes, "total", 0));
}

static int
worktree_status(struct cmd_call *c)
{
	const char *given = c->nargs > 0 ? c->args[0] : ".";
	struct js *v, *changes = NULL;
	int rc;

	rc = get_by_path(c, "/api/worktrees/status?states=true",
	    "worktree_path", given, &v);
	if (rc != CMD_OK)
		return rc;
	if (js_bool(v, "exists", false))
		rc = get_by_path(c, "/api/worktrees/changes", "worktree_path",
		    given, &changes);
	if (rc == CMD_OK && c->cli->json)
		json_status(v, changes);
	else if (rc == CMD_OK)
		tell_status(c, v, changes);
	js_free(changes);
	js_free(v);
	return rc;
}

static void
tell_removed(struct cmd_call *c, bool kept, const char *path)
{
	char *back;

	if (!kept) {
		out_note(c->cli, "%s is removed; its branch stays", path);
		return;
	}
	back = cli_hint(c->cli, "trash restore", path);
	out_note(c->cli,
	    "%s is in the trash and its branch stays; bring it back with: %s",
	    path, back);
	free(back);
}

/* What would be lost is rdvd's to judge: it looks and removes in one go. */
static int
worktree_rm(struct cmd_call *c)
{
	char path[PATH_MAX];
	struct js *body, *v;
	int rc;

	rc = pick_path(c, c->args[0], path);
	if (rc != CMD_OK)
		return rc;
	body = js_object();
	/*
	 * With a body: DELETE /api/worktrees answers whether it can come back.
	 */
	js_add_str(body, "worktreePath", path);
	js_add_bool(body, "force", cmd_flag(c, "force"));
	rc = api_send(c, "DELETE", "/api/worktrees", body, &v);
	if (rc != CMD_OK)
		return rc;
	if (c->cli->json)
		out_json(v);
	else
		tell_removed(c, js_str(v, "trash_id", NULL) != NULL, path);
	js_free(v);
	return rc;
}

static const struct cmd_opt ls_opts[] = {
	{ .name = "repo",
	    .arg = "DIR",
	    .word = CMD_DIR,
	    .help = "the repository (any path inside; this directory)" },
	{ .name = NULL },
};
static const struct cmd_opt rm_opts[] = {
	{ .name = "force",
	    .help = "move it to the trash in spite of unsaved work" },
	{ .name = NULL },
};
static const struct cmd_arg status_args[] = {
	{ .name = "PATH", .word = CMD_DIR, .optional = true },
	{ .name = NULL },
};
static const struct cmd_arg rm_args[] = {
	{ .name = "PATH", .word = CMD_DIR },
	{ .name = NULL },
};
const struct cmd cmd_worktree_ls = {
	.path = "worktree ls",
	.opts = ls_opts,
	.help = "list the worktrees of a repository",
	.scope = "read",
	.run = worktree_ls,
};

const struct cmd cmd_worktree_status = {
	.path = "worktree status",
	.args = status_args,
	.help = "tell whether a worktree holds unsaved work",
	.doc =
	    "What has changed is listed with git's letters for the index and "
	    "the work tree (git help status). "
	    "States are what rdv worktree rm would say. HAS_UNMERGED_COMMITS, "
	    "HEAD_DETACHED and HAS_PRECIOUS_FILES do not keep it from "
	    "removing.",
	.scope = "read",
	.run = worktree_status,
};

const struct cmd cmd_worktree_rm = {
	.path = "worktree rm",
	.args = rm_args,
	.opts = rm_opts,
	.help = "remove a worktree that holds no work",
	.doc = "Refused while it has uncommitted, untracked or unpushed work, "
	       "is locked, in use, or in the middle of an operation. With "
	       "--force it goes to the trash, from where rdv trash restore "
	       "brings it back.",
	.scope = "full",
	.run = worktree_rm,
};
