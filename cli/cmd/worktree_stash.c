/* SPDX-License-Identifier: MIT */
/*
 * rdv worktree stash: one command, as git has one. Entries are named by their
 * commit, or by the beginning of it: a number would be another entry's as soon
 * as somebody stashes.
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
#include "lib/str.h"

static const struct out_col list_cols[] = {
	{ "COMMIT", "commit", OUT_SHORT_ID },
	{ "MADE", "created_at", OUT_TIME },
	{ "DROPPED", "dropped", OUT_YES },
	{ "SUBJECT", "subject", OUT_TEXT },
	{ NULL, NULL, OUT_TEXT },
};
static const struct out_col done_cols[] = {
	{ "stash", "stash", OUT_SHORT_ID },
	{ "dropped", "dropped", OUT_YES },
	{ "conflicts", "conflicts", OUT_NUMBER },
	{ "modified", "modified", OUT_NUMBER },
	{ "untracked", "untracked", OUT_NUMBER },
	{ NULL, NULL, OUT_TEXT },
};
static const struct out_col file_cols[] = {
	{ "ADDED", "added", OUT_NUMBER },
	{ "REMOVED", "removed", OUT_NUMBER },
	{ "PATH", "path", OUT_TEXT },
	{ NULL, NULL, OUT_TEXT },
};

static int
get(struct cmd_call *c, const char *target, const char *tree,
    const char *commit, struct js **out)
{
	struct buf b;
	int rc;

	buf_init(&b, 65536);
	buf_put_text(&b, target);
	api_query(&b, "worktree_path", tree);
	api_query(&b, "commit", commit);
	rc = api_get(c, buf_cstr(&b), out);
	buf_done(&b);
	return rc;
}

/* The id that `word` begins, alone of all; `out` takes it. */
static int
pick(struct cmd_call *c, const char *tree, const char *word, char out[72])
{
	const struct js *items;
	const char *id;
	unsigned n = 0;
	struct js *v;
	int rc = get(c, "/api/worktrees/stashes", tree, NULL, &v);

	if (rc != CMD_OK)
		return rc;
	items = js_get(v, "items");
	for (size_t i = 0; i < js_len(items); i++) {
		id = js_str(js_at(items, i), "commit", "");
		/* One that was dropped and put back is in both lists. */
		if (str_starts(id, word) && (n == 0 || strcmp(out, id) != 0))
			n += str_copy(out, id, 72);
	}
	js_free(v);
	if (n == 1)
		return CMD_OK;
	out_error(c->cli, "NOT_FOUND", "%s is %s of the stash", word,
	    n == 0 ? "no entry" : "more than one entry");
	return CMD_FAILED;
}

/* `v` is taken over. */
static int
tell(struct cmd_call *c, const struct out_col *cols, const char *rows,
    struct js *v)
{
	if (c->cli->json)
		out_json(v);
	else if (rows != NULL)
		out_table(c->cli, cols, js_get(v, rows), "nothing");
	else
		out_fields(c->cli, cols, v);
	js_free(v);
	return CMD_OK;
}

static int
push(struct cmd_call *c, const char *tree)
{
	const char *message = cmd_value(c, "message");
	struct js *body = js_object(), *v;
	int rc;

	js_add_str(body, "worktree_path", tree);
	js_add_bool(body, "untracked", cmd_flag(c, "untracked"));
	if (message != NULL)
		js_add_str(body, "message", message);
	rc = api_send(c, "POST", "/api/worktrees/stash", body, &v);
	return rc != CMD_OK ? rc : tell(c, done_cols, NULL, v);
}

static int
use(struct cmd_call *c, const char *tree, const char *verb, const char *id)
{
	struct js *body = js_object(), *v;
	struct buf target;
	int rc;

	js_add_str(body, "worktree_path", tree);
	js_add_str(body, "stash", id);
	if (cmd_flag(c, "index") && strcmp(verb, "drop") != 0)
		js_add_bool(body, "index", true);
	buf_init(&target, 256);
	buf_printf(&target, "/api/worktrees/stash/%s", verb);
	rc = api_send(c, "POST", buf_cstr(&target), body, &v);
	buf_done(&target);
	return rc != CMD_OK ? rc : tell(c, done_cols, NULL, v);
}

static int
worktree_stash(struct cmd_call *c)
{
	const char *verb = c->nargs > 0 ? c->args[0] : "push";
	char tree[PATH_MAX], id[72];
	struct js *v;
	int rc;

	if (pick_path(c, cmd_value(c, "tree"), tree) != CMD_OK)
		return CMD_FAILED;
	if (strcmp(verb, "push") == 0)
		return push(c, tree);
	if (strcmp(verb, "ls") == 0) {
		rc = get(c, "/api/worktrees/stashes", tree, NULL, &v);
		return rc != CMD_OK ? rc : tell(c, list_cols, "items", v);
	}
	if (c->nargs < 2) {
		out_error(c->cli, "USAGE",
		    "which one? see rdv worktree stash "
		    "ls");
		return CMD_USAGE;
	}
	rc = pick(c, tree, c->args[1], id);
	if (rc != CMD_OK)
		return rc;
	if (strcmp(verb, "show") != 0)
		return use(c, tree, verb, id);
	rc = get(c, "/api/worktrees/diffstat", tree, id, &v);
	return rc != CMD_OK ? rc : tell(c, file_cols, "files", v);
}

static const struct cmd_opt opts[] = {
	{ .name = "tree",
	    .arg = "DIR",
	    .word = CMD_DIR,
	    .help = "the worktree (any path inside; here)" },
	{ .name = "message",
	    .letter = 'm',
	    .arg = "TEXT",
	    .help = "what it is about" },
	{ .name = "untracked", .help = "files that git does not know, too" },
	{ .name = "index", .help = "what was staged is staged again" },
	{ .name = NULL },
};
static const struct cmd_arg args[] = {
	{ .name = "VERB",
	    .words = "push|ls|show|apply|pop|drop",
	    .optional = true },
	{ .name = "COMMIT", .optional = true },
	{ .name = NULL },
};

const struct cmd cmd_worktree_stash = {
	.path = "worktree stash",
	.args = args,
	.opts = opts,
	.help = "put changes away for later, and bring them back",
	.doc = "push is what it does without a word. What is popped or "
	       "dropped stays, and can be applied again; ls shows it.",
	.scope = "full",
	.run = worktree_stash,
};
