/* SPDX-License-Identifier: MIT */
/*
 * rdv workspace commit: one message for all repositories of a workspace. Each
 * is a commit of its own, so one that fails keeps no other from being made, and
 * is told by its name.
 */
#include <stdlib.h>
#include <string.h>

#include "cli/api.h"
#include "cli/cli.h"
#include "cli/cmd.h"
#include "cli/message.h"
#include "cli/out.h"
#include "cli/pick.h"
#include "lib/js.h"

static const struct out_col cols[] = {
	{ "NAME", "name", OUT_TEXT },
	{ "DONE", "done", OUT_STATE },
	{ "COMMIT", "commit", OUT_SHORT_ID },
	{ "FILES", "files", OUT_NUMBER },
	{ "WHY", "why", OUT_TEXT },
	{ NULL, NULL, OUT_TEXT },
};

/* What came of one, into `row`: committed, unchanged or failed. */
static bool
take(struct js *row, int status, const struct js *v, const char *why)
{
	const char *code = js_str(v, "code", "");
	const bool same = strcmp(code, "NOTHING_TO_COMMIT") == 0;
	const bool made = status == 201;

	js_add_str(row, "done",
	    made   ? "committed"
	    : same ? "unchanged"
		   : "failed");
	js_add_str(row, "commit", made ? js_str(v, "commit", NULL) : NULL);
	js_add_int(row, "files", made ? js_int(v, "files", 0) : 0);
	js_add_str(row, "why", made || same ? NULL : js_str(v, "error", why));
	return made || same;
}

static bool
commit(struct cmd_call *c, const struct js *part, const struct js *words,
    struct js *list)
{
	const char *name = js_str(part, "name", ""), *key;
	struct js *member;
	struct js *body = js_object(), *row = js_object(), *v = NULL;
	char why[512] = "no answer came";
	int status = 0;
	bool ok;

	js_add_str(body, "worktree_path", js_str(part, "path", ""));
	js_add_bool(body, "all", !cmd_flag(c, "staged"));
	for (size_t i = 0; js_member(words, i, &key, &member); i++)
		js_add_str(body, key, js_text(member));
	if (api_try_answer(c, "/api/worktrees/commit", body, &status, &v, why,
		sizeof(why)) != 0)
		status = 0;
	js_add_str(row, "name", name);
	js_add_str(row, "path", js_str(part, "path", NULL));
	ok = take(row, status, v, why);
	if (!ok)
		out_error(c->cli, js_str(v, "code", "FAILED"), "%s: %s", name,
		    js_str(v, "error", why));
	js_free(v);
	js_push(list, row);
	return ok;
}

static int
commit_all(struct cmd_call *c, const struct js *parts, const struct js *words)
{
	struct js *list = js_array(), *o = js_object();
	int rc = CMD_OK;

	for (size_t i = 0; i < js_len(parts); i++)
		if (!commit(c, js_at(parts, i), words, list))
			rc = CMD_FAILED;
	js_add(o, "repos", list);
	if (c->cli->json)
		out_json(o);
	else
		out_table(c->cli, cols, js_get(o, "repos"), "no repositories");
	js_free(o);
	return rc;
}

static int
workspace_commit(struct cmd_call *c)
{
	/* Read once: standard input is there once. */
	struct js *words = js_object(), *v = NULL;
	char *id = NULL, *path;
	int rc = message_put(c, words, false);

	if (rc == CMD_OK)
		rc = pick_workspace(c, c->args[0], &id);
	if (rc == CMD_OK) {
		path = api_path("/api/workspaces/", id, "");
		rc = api_get(c, path, &v);
		free(path);
		free(id);
	}
	if (rc == CMD_OK) {
		rc = commit_all(c, js_get(v, "repos"), words);
		js_free(v);
	}
	js_free(words);
	return rc;
}

static const struct cmd_opt opts[] = {
	MESSAGE_OPTS,
	{ .name = "staged", .help = "only what is staged, not all changes" },
	{ .name = NULL },
};
static const struct cmd_arg args[] = {
	{ .name = "WORKSPACE", .word = CMD_WORKSPACE },
	{ .name = NULL },
};

const struct cmd cmd_workspace_commit = {
	.path = "workspace commit",
	.args = args,
	.opts = opts,
	.help = "commit in all repositories of a workspace that have changes",
	.doc = "All that has changed, new files too. What fails in one "
	       "repository is told by its name and stops no other; it ends "
	       "with 1 then.",
	.scope = "full",
	.run = workspace_commit,
};
