/* SPDX-License-Identifier: MIT */
/*
 * rdv trash ls, restore and empty: what rdv worktree rm has moved away. Only
 * empty deletes, and it asks first.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/api.h"
#include "cli/cli.h"
#include "cli/cmd.h"
#include "cli/out.h"
#include "cli/pick.h"
#include "lib/js.h"
#include "lib/xalloc.h"

static const struct out_col trash_cols[] = {
	{ "ID", "id", OUT_SHORT_ID },
	{ "BRANCH", "branch", OUT_TEXT },
	{ "AGE", "trashed_at", OUT_AGE },
	{ "EXPIRES", "expires_at", OUT_TIME },
	{ "SIZE", "bytes", OUT_BYTES },
	{ "PATH", "path", OUT_TEXT },
	{ "HOLDS", "holds", OUT_LIST },
	{ NULL, NULL, OUT_TEXT },
};

/* They are kept for as long; what they were has its own list. */
static void
note_discards(struct cmd_call *c)
{
	struct js *v;
	size_t n;

	if (api_get(c, "/api/worktrees/discards", &v) != CMD_OK)
		return;
	n = js_len(js_get(v, "items"));
	if (n > 0)
		out_note(c->cli,
		    "discarded changes are kept, too (%zu): "
		    "rdv worktree discards",
		    n);
	js_free(v);
}

static int
trash_ls(struct cmd_call *c)
{
	struct js *v;
	int rc;

	rc = api_get(c, "/api/worktrees/trash", &v);
	if (rc != CMD_OK)
		return rc;
	if (c->cli->json) {
		out_json(v);
	} else {
		out_table(c->cli, trash_cols, js_get(v, "items"),
		    "the trash is empty");
		note_discards(c);
	}
	js_free(v);
	return rc;
}

/* Fails when the place is taken; nothing is overwritten. */
static int
trash_restore(struct cmd_call *c)
{
	struct js *body, *v;
	char *id;
	int rc;

	rc = pick_trash(c, c->args[0], &id);
	if (rc != CMD_OK)
		return rc;
	body = js_object();
	js_add_str(body, "id", id);
	free(id);
	rc = api_send(c, "POST", "/api/worktrees/restore", body, &v);
	if (rc != CMD_OK)
		return rc;
	if (c->cli->json)
		out_json(v);
	else
		out_note(c->cli, "%s is back on branch %s",
		    js_str(v, "path", "?"), js_str(v, "branch", "?"));
	js_free(v);
	return rc;
}

/* Nobody types that by accident, and no script is asked. */
static bool
agreed(struct cmd_call *c, size_t n)
{
	char line[16] = "";

	if (cmd_flag(c, "yes"))
		return true;
	if (!isatty(STDIN_FILENO)) {
		out_error(c->cli, "NOT_CONFIRMED",
		    "what is deleted cannot be restored; add --yes");
		return false;
	}
	out_note(c->cli,
	    "delete %zu %s from the trash for good? type \"yes\": ", n,
	    n == 1 ? "worktree" : "worktrees");
	if (fgets(line, sizeof(line), stdin) == NULL ||
	    strcmp(line, "yes\n") != 0) {
		out_error(c->cli, "NOT_CONFIRMED", "nothing is deleted");
		return false;
	}
	return true;
}

static int
empty_one(struct cmd_call *c, const char *id, const char *path)
{
	char *target = xasprintf("/api/worktrees/trash/%s", id);
	struct js *v = NULL;
	int rc = api_send(c, "DELETE", target, NULL, &v);

	js_free(v);
	free(target);
	if (rc == CMD_OK && !c->cli->json)
		out_note(c->cli, "%s is deleted", path);
	return rc;
}

/* The others are gone through even when one cannot be deleted. */
static int
empty_each(struct cmd_call *c, const struct js *items)
{
	int rc = CMD_OK, one;

	for (size_t i = 0; i < js_len(items); i++) {
		const struct js *item = js_at(items, i);

		one = empty_one(c, js_str(item, "id", ""),
		    js_str(item, "path", "?"));
		rc = one != CMD_OK ? one : rc;
	}
	return rc;
}

static int
empty_all(struct cmd_call *c)
{
	const struct js *items;
	struct js *v;
	int rc = api_get(c, "/api/worktrees/trash", &v);

	if (rc != CMD_OK)
		return rc;
	items = js_get(v, "items");
	if (js_len(items) == 0)
		out_note(c->cli, "the trash is empty");
	else
		rc = agreed(c, js_len(items)) ? empty_each(c, items)
					      : CMD_FAILED;
	js_free(v);
	return rc;
}

static int
trash_empty(struct cmd_call *c)
{
	char *id;
	int rc;

	if (c->nargs == 0)
		return empty_all(c);
	rc = pick_trash(c, c->args[0], &id);
	if (rc != CMD_OK)
		return rc;
	rc = agreed(c, 1) ? empty_one(c, id, c->args[0]) : CMD_FAILED;
	free(id);
	return rc;
}

static const struct cmd_arg restore_args[] = {
	{ .name = "ITEM" },
	{ .name = NULL },
};
static const struct cmd_arg empty_args[] = {
	{ .name = "ITEM", .optional = true },
	{ .name = NULL },
};
static const struct cmd_opt empty_opts[] = {
	{ .name = "yes", .help = "do not ask" },
	{ .name = NULL },
};

#define LS                                                           \
	.help = "list removed worktrees that can be restored",       \
	.doc = "With what they held when they went, and when their " \
	       "time is over: cleanup.trash_retention_days.",        \
	.scope = "read", .run = trash_ls
#define RESTORE                                                              \
	.args = restore_args,                                                \
	.help = "bring a worktree back from the trash (id, path or branch)", \
	.scope = "full", .run = trash_restore

const struct cmd cmd_trash_ls = { .path = "trash ls", LS };
const struct cmd cmd_trash_restore = { .path = "trash restore", RESTORE };
/* As they were called before there was more to do with the trash. */
const struct cmd cmd_worktree_trash = { .path = "worktree trash", LS };
const struct cmd cmd_worktree_restore = { .path = "worktree restore", RESTORE };

const struct cmd cmd_trash_empty = {
	.path = "trash empty",
	.args = empty_args,
	.opts = empty_opts,
	.help = "delete a removed worktree for good, or all of them",
	.doc = "Commits that stand under no other name are still to be found "
	       "as refs/rdv/rescue/... of the repository.",
	.scope = "full",
	.run = trash_empty,
};
