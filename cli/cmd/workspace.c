/* SPDX-License-Identifier: MIT */
/*
 * rdv workspace ls, show, status, rename, pin, ensure, archive, restore and rm.
 * What would be lost is rdvd's to judge, in all worktrees before the first one
 * goes.
 */
#include <stdlib.h>

#include "cli/api.h"
#include "cli/cli.h"
#include "cli/cmd.h"
#include "cli/out.h"
#include "cli/pick.h"
#include "cli/tell.h"
#include "lib/buf.h"
#include "lib/js.h"

static const struct out_col list_cols[] = {
	{ "ID", "id", OUT_SHORT_ID },
	{ "NAME", "name", OUT_TEXT },
	{ "STATE", "state", OUT_STATE },
	{ "PINNED", "pinned", OUT_YES },
	{ "ARCHIVED", "archived", OUT_YES },
	{ "AGE", "created_at", OUT_AGE },
	{ "DIRECTORY", "directory", OUT_TEXT },
	{ NULL, NULL, OUT_TEXT },
};
static const struct out_col show_cols[] = {
	{ "id", "id", OUT_TEXT },
	{ "name", "name", OUT_TEXT },
	{ "branch", "branch", OUT_TEXT },
	{ "directory", "directory", OUT_TEXT },
	{ "state", "state", OUT_STATE },
	{ "cause", "cause", OUT_TEXT },
	{ "pinned", "pinned", OUT_YES },
	{ "archived", "archived_at", OUT_TIME },
	{ "made", "created_at", OUT_TIME },
	{ NULL, NULL, OUT_TEXT },
};
static const struct out_col part_cols[] = {
	{ "NAME", "name", OUT_TEXT },
	{ "STATE", "state", OUT_STATE },
	{ "BASE", "base", OUT_TEXT },
	{ "PATH", "path", OUT_TEXT },
	{ NULL, NULL, OUT_TEXT },
};
static const struct out_col status_cols[] = {
	{ "NAME", "name", OUT_TEXT },
	{ "MISSING", "missing", OUT_YES },
	{ "REMOVABLE", "removable", OUT_YES },
	{ "STATES", "states", OUT_LIST },
	{ "WHY", "why", OUT_TEXT },
	{ NULL, NULL, OUT_TEXT },
};
static const struct out_col done_cols[] = {
	{ "NAME", "name", OUT_TEXT },
	{ "DONE", "done", OUT_TEXT },
	{ "PATH", "path", OUT_TEXT },
	{ NULL, NULL, OUT_TEXT },
};
static const struct out_col end_cols[] = {
	{ "NAME", "name", OUT_TEXT },
	{ "STATE", "state", OUT_STATE },
	{ "TRASH", "trash_id", OUT_SHORT_ID },
	{ "BRANCH DELETED", "branch_deleted", OUT_YES },
	{ NULL, NULL, OUT_TEXT },
};

/* One column more, of what it takes. */
static const struct out_col list_space_cols[] = {
	{ "ID", "id", OUT_SHORT_ID },
	{ "NAME", "name", OUT_TEXT },
	{ "STATE", "state", OUT_STATE },
	{ "OWN", "own_bytes", OUT_BYTES },
	{ "SHARED", "shared_bytes", OUT_BYTES },
	{ "PARTIAL", "partial", OUT_YES },
	{ "DIRECTORY", "directory", OUT_TEXT },
	{ NULL, NULL, OUT_TEXT },
};
static const struct out_col space_cols[] = {
	{ "NAME", "name", OUT_TEXT },
	{ "OWN", "own_bytes", OUT_BYTES },
	{ "SHARED", "shared_bytes", OUT_BYTES },
	{ "REPOSITORY", "objects_bytes", OUT_BYTES },
	{ "FILES", "files", OUT_NUMBER },
	{ "PARTIAL", "partial", OUT_YES },
	{ "WHY", "why", OUT_TEXT },
	{ NULL, NULL, OUT_TEXT },
};

/* What came of it, by its parts; `v` is taken over. */
static int
tell(struct cmd_call *c, const struct out_col *cols, struct js *v)
{
	if (c->cli->json) {
		out_json(v);
	} else {
		out_table(c->cli, cols, js_get(v, "repos"), "no repositories");
		if (js_str(v, "cause", NULL) != NULL)
			out_note(c->cli, "%s", js_str(v, "cause", ""));
	}
	js_free(v);
	return CMD_OK;
}

static int
ask_space(struct cmd_call *c, const char *id, struct js **out)
{
	char *path = api_path("/api/workspaces/", id, "/space");
	int rc = api_get(c, path, out);

	free(path);
	return rc;
}

static struct js *
space_item(const struct js *item, const struct js *size)
{
	static const char *const texts[] = { "id", "name", "state",
		"directory" };
	static const char *const sums[] = { "own_bytes", "shared_bytes" };
	struct js *o = js_object();

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		js_add_str(o, texts[i], js_str(item, texts[i], NULL));
	for (size_t i = 0; i < sizeof(sums) / sizeof(sums[0]); i++)
		js_add_int(o, sums[i], js_int(size, sums[i], 0));
	js_add_bool(o, "partial", js_bool(size, "partial", true));
	return o;
}

/* A list of what each of them takes, in place of `*list`. */
static int
add_spaces(struct cmd_call *c, struct js **list)
{
	struct js *items = js_array(), *o = js_object(), *item, *v;
	int rc = CMD_OK;

	for (size_t i = 0; i < js_len(js_get(*list, "items")); i++) {
		item = js_at(js_get(*list, "items"), i);
		rc = ask_space(c, js_str(item, "id", ""), &v);
		if (rc != CMD_OK)
			break;
		js_push(items, space_item(item, v));
		js_free(v);
	}
	js_add(o, "items", items);
	js_free(*list);
	*list = o;
	return rc;
}

static int
workspace_ls(struct cmd_call *c)
{
	const char *target = cmd_flag(c, "all") ? PICK_WORKSPACES
			     : cmd_flag(c, "archived")
				 ? PICK_WORKSPACES "&archived=true"
				 : PICK_WORKSPACES "&archived=false";
	struct js *v;
	int rc = api_get(c, target, &v);

	if (rc != CMD_OK)
		return rc;
	if (cmd_flag(c, "space"))
		rc = add_spaces(c, &v);
	if (rc == CMD_OK && c->cli->json)
		out_json(v);
	else if (rc == CMD_OK)
		out_table(c->cli,
		    cmd_flag(c, "space") ? list_space_cols : list_cols,
		    js_get(v, "items"), "no workspaces");
	js_free(v);
	return rc;
}

static int
workspace_show(struct cmd_call *c)
{
	const bool space = cmd_flag(c, "space");
	struct js *v;
	int rc = pick_workspace_send(c, "GET", space ? "/space" : "", NULL, &v);

	if (rc != CMD_OK)
		return rc;
	if (space)
		return tell(c, space_cols, v);
	if (!c->cli->json)
		out_fields(c->cli, show_cols, v);
	if (!c->cli->json)
		out_line("");
	return tell(c, part_cols, v);
}

static int
workspace_status(struct cmd_call *c)
{
	struct js *v;
	int rc = pick_workspace_send(c, "GET", "/status", NULL, &v);

	return rc != CMD_OK ? rc : tell(c, status_cols, v);
}

/* `body` is taken over. */
static int
change(struct cmd_call *c, struct js *body)
{
	struct js *v = NULL;
	int rc = pick_workspace_send(c, "PATCH", "", body, &v);

	return tell_fields(c, rc, v, NULL);
}

static int
workspace_rename(struct cmd_call *c)
{
	struct js *body = js_object();

	js_add_str(body, "name", c->args[1]);
	return change(c, body);
}

static int
workspace_pin(struct cmd_call *c)
{
	struct js *body = js_object();

	js_add_bool(body, "pinned", !cmd_flag(c, "off"));
	return change(c, body);
}

static int
workspace_ensure(struct cmd_call *c)
{
	struct js *v;
	int rc = pick_workspace_send(c, "POST", "/ensure", NULL, &v);

	return rc != CMD_OK ? rc : tell(c, done_cols, v);
}

static int
workspace_restore(struct cmd_call *c)
{
	struct js *v;
	int rc = pick_workspace_send(c, "POST", "/restore", NULL, &v);

	return rc != CMD_OK ? rc : tell(c, done_cols, v);
}

static int
workspace_archive(struct cmd_call *c)
{
	struct js *body = js_object(), *v;
	int rc;

	js_add_bool(body, "remove", cmd_flag(c, "remove"));
	js_add_bool(body, "force", cmd_flag(c, "force"));
	rc = pick_workspace_send(c, "POST", "/archive", body, &v);
	return rc != CMD_OK ? rc : tell(c, end_cols, v);
}

static int
workspace_rm(struct cmd_call *c)
{
	struct js *v;
	struct buf tail;
	int rc;

	buf_init(&tail, 256);
	if (cmd_flag(c, "force"))
		api_query(&tail, "force", "true");
	if (cmd_flag(c, "branches"))
		api_query(&tail, "branches", "true");
	rc = pick_workspace_send(c, "DELETE", buf_cstr(&tail), NULL, &v);
	buf_done(&tail);
	return rc != CMD_OK ? rc : tell(c, end_cols, v);
}

#define FORCE                                                   \
	{                                                       \
		.name = "force",                                \
		.help = "to the trash in spite of unsaved work" \
	}

static const struct cmd_opt ls_opts[] = {
	{ .name = "archived", .help = "those that were put away" },
	{ .name = "all", .help = "both" },
	{ .name = "space", .help = "with what they take of the disk" },
	{ .name = NULL },
};
static const struct cmd_opt show_opts[] = {
	{ .name = "space", .help = "what its worktrees take of the disk" },
	{ .name = NULL },
};
static const struct cmd_opt pin_opts[] = {
	{ .name = "off", .help = "no longer" },
	{ .name = NULL },
};
static const struct cmd_opt archive_opts[] = {
	{ .name = "remove", .help = "remove its worktrees too" },
	FORCE,
	{ .name = NULL },
};
static const struct cmd_opt rm_opts[] = {
	FORCE,
	{ .name = "branches",
	    .help = "and branches that began with it, if no commit goes" },
	{ .name = NULL },
};
static const struct cmd_arg one_arg[] = {
	{ .name = "WORKSPACE", .word = CMD_WORKSPACE },
	{ .name = NULL },
};
static const struct cmd_arg rename_args[] = {
	{ .name = "WORKSPACE", .word = CMD_WORKSPACE },
	{ .name = "NAME" },
	{ .name = NULL },
};

#define ROW(verb) .path = "workspace " #verb, .run = workspace_##verb
#define LOOK	  .args = one_arg, .scope = "read"
#define CHANGE	  .args = one_arg, .scope = "full"

const struct cmd cmd_workspace_ls = { ROW(ls), .opts = ls_opts, .scope = "read",
	.help = "list workspaces" };

const struct cmd cmd_workspace_show = { ROW(show), LOOK, .opts = show_opts,
	.help = "show one workspace and its worktrees",
	.doc = "With --space: what goes with each worktree (own), what stays "
	       "when it goes (shared), and the repository's objects, which "
	       "all its worktrees have in common." };

const struct cmd cmd_workspace_status = { ROW(status), LOOK,
	.help = "tell which of its worktrees hold unsaved work" };

const struct cmd cmd_workspace_rename = { ROW(rename), .args = rename_args,
	.scope = "full",
	.help = "call it otherwise; branch and directory stay" };

const struct cmd cmd_workspace_pin = { ROW(pin), CHANGE, .opts = pin_opts,
	.help = "keep a workspace at hand" };

const struct cmd cmd_workspace_ensure = { ROW(ensure), CHANGE,
	.help = "bring back what is missing of it",
	.doc = "A directory that was deleted comes back from git's index; what "
	       "git has forgotten too is made anew on the branch. What is "
	       "there stays." };

const struct cmd cmd_workspace_archive = { ROW(archive), CHANGE,
	.opts = archive_opts, .help = "put a workspace away",
	.doc = "With --remove its worktrees go as with rdv worktree rm: all or "
	       "none. Branches stay." };

const struct cmd cmd_workspace_restore = { ROW(restore), CHANGE,
	.help = "bring an archived workspace back, from the trash too" };

const struct cmd cmd_workspace_rm = { ROW(rm), CHANGE, .opts = rm_opts,
	.help = "delete a workspace that holds no work",
	.doc = "Refused while one of its worktrees has uncommitted, untracked "
	       "or unpushed work, is locked, in use, or in the middle of an "
	       "operation; nothing is removed then. With --force such "
	       "worktrees go to the trash, from where rdv trash restore brings "
	       "them back." };
