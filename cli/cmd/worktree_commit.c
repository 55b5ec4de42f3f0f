/* SPDX-License-Identifier: MIT */
/*
 * rdv worktree stage, unstage, commit, discard and undiscard. Names are given
 * as in a shell, from where one is, and rdvd is told them from the top of the
 * worktree; whether git takes them is its to say. A message goes as it is.
 */
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "cli/api.h"
#include "cli/cli.h"
#include "cli/cmd.h"
#include "cli/message.h"
#include "cli/out.h"
#include "cli/pick.h"
#include "cli/tell.h"
#include "lib/js.h"
#include "lib/path.h"
#include "lib/str.h"

static const struct out_col state_cols[] = {
	{ "branch", "branch", OUT_TEXT },
	{ "head", "head", OUT_SHORT_ID },
	{ "staged", "staged", OUT_NUMBER },
	{ "modified", "modified", OUT_NUMBER },
	{ "untracked", "untracked", OUT_NUMBER },
	{ NULL, NULL, OUT_TEXT },
};
static const struct out_col commit_cols[] = {
	{ "commit", "commit", OUT_SHORT_ID },
	{ "branch", "branch", OUT_TEXT },
	{ "subject", "subject", OUT_TEXT },
	{ "files", "files", OUT_NUMBER },
	{ "added", "added", OUT_NUMBER },
	{ "removed", "removed", OUT_NUMBER },
	{ NULL, NULL, OUT_TEXT },
};

static const struct out_col discard_cols[] = {
	{ "id", "id", OUT_TEXT },
	{ "files", "files", OUT_NUMBER },
	{ NULL, NULL, OUT_TEXT },
};
static const struct out_col list_cols[] = {
	{ "ID", "id", OUT_TEXT },
	{ "FILES", "files", OUT_NUMBER },
	{ "DISCARDED", "discarded_at", OUT_TIME },
	{ "EXPIRES", "expires_at", OUT_TIME },
	{ "PATH", "path", OUT_TEXT },
	{ NULL, NULL, OUT_TEXT },
};

/* The directory around `at` that has a .git; false: none has. */
static bool
find_top(const char *at, char top[PATH_MAX])
{
	char file[PATH_MAX];

	(void)str_copy(top, at, PATH_MAX);
	for (;;) {
		if (path_join(file, sizeof(file), top, ".git") &&
		    access(file, F_OK) == 0)
			return true;
		if (strrchr(top, '/') == top || strrchr(top, '/') == NULL)
			return false;
		*strrchr(top, '/') = '\0';
	}
}

/*
 * Not through links: what is named may be one, or be gone. NULL: it is not in
 * there. "" is the top itself.
 */
static const char *
from_top(const char *top, const char *given, char out[PATH_MAX])
{
	char here[PATH_MAX];

	if (getcwd(here, sizeof(here)) == NULL ||
	    !path_join(out, PATH_MAX, here, given) || !path_is_under(top, out))
		return NULL;
	out += strlen(top);
	return *out == '/' ? out + 1 : out;
}

/* Into `body`: the names of the call, or all. */
static int
add_names(struct cmd_call *c, const char *top, struct js *body)
{
	struct js *paths = js_array(), *coded = js_array();
	char full[PATH_MAX], code[4 * ((PATH_MAX + 2) / 3) + 1];
	bool whole = cmd_flag(c, "all");
	const char *name;

	for (unsigned i = 0; i < c->nargs; i++) {
		name = from_top(top, c->args[i], full);
		if (name == NULL) {
			out_error(c->cli, "INVALID_PATH", "%s is not in %s",
			    c->args[i], top);
			js_free(paths);
			js_free(coded);
			return CMD_FAILED;
		}
		whole = whole || *name == '\0';
		if (str_utf8_valid(name, strlen(name))) {
			js_push_str(paths, name);
		} else {
			str_base64(code, name, strlen(name));
			js_push_str(coded, code);
		}
	}
	js_add_bool(body, "all", whole);
	js_add(body, "paths", whole ? js_array() : paths);
	js_add(body, "paths_base64", whole ? js_array() : coded);
	if (whole) {
		js_free(paths);
		js_free(coded);
	}
	return CMD_OK;
}

/* Begins `body` with the worktree and the names. */
static int
begin(struct cmd_call *c, struct js *body)
{
	char at[PATH_MAX], top[PATH_MAX];

	if (pick_path(c, cmd_value(c, "tree"), at) != CMD_OK)
		return CMD_FAILED;
	if (!find_top(at, top)) {
		out_error(c->cli, "INVALID_PATH", "%s is in no worktree", at);
		return CMD_FAILED;
	}
	js_add_str(body, "worktree_path", top);
	return add_names(c, top, body);
}

/* `body` is taken over. */
static int
act(struct cmd_call *c, const char *target, struct js *body,
    const struct out_col *cols)
{
	const struct js *hooks;
	struct js *v;
	int rc = begin(c, body);

	if (rc != CMD_OK) {
		js_free(body);
		return rc;
	}
	rc = api_send(c, "POST", target, body, &v);
	if (rc != CMD_OK)
		return rc;
	if (c->cli->json)
		out_json(v);
	else
		out_fields(c->cli, cols, v);
	hooks = js_get(v, "hooks_not_run");
	for (size_t i = 0; i < js_len(hooks); i++)
		out_note(c->cli, "%s is there and was not run",
		    js_text(js_at(hooks, i)));
	if (js_bool(v, "filters_not_run", false))
		out_note(c->cli, "files with a filter are committed as they "
				 "are; it was not run");
	js_free(v);
	return CMD_OK;
}

static int
stage(struct cmd_call *c, const char *target, const struct out_col *cols)
{
	if (c->nargs == 0 && !cmd_flag(c, "all")) {
		out_error(c->cli, "USAGE", "name files, or say --all");
		return CMD_USAGE;
	}
	return act(c, target, js_object(), cols);
}

static int
worktree_stage(struct cmd_call *c)
{
	return stage(c, "/api/worktrees/stage", state_cols);
}

static int
worktree_unstage(struct cmd_call *c)
{
	return stage(c, "/api/worktrees/unstage", state_cols);
}

static int
worktree_discard(struct cmd_call *c)
{
	return stage(c, "/api/worktrees/discard", discard_cols);
}

static int
worktree_discards(struct cmd_call *c)
{
	struct js *v = NULL;
	int rc = api_get(c, "/api/worktrees/discards", &v);

	return tell_items(c, rc, v, list_cols, "nothing was discarded");
}

static int
worktree_undiscard(struct cmd_call *c)
{
	struct js *body = js_object(), *v = NULL;
	int rc;

	js_add_str(body, "id", c->args[0]);
	rc = api_send(c, "POST", "/api/worktrees/discards/restore", body, &v);
	return tell_fields(c, rc, v, state_cols);
}

static int
worktree_commit(struct cmd_call *c)
{
	struct js *body = js_object();
	int rc = message_put(c, body, cmd_flag(c, "amend"));

	if (rc != CMD_OK) {
		js_free(body);
		return rc;
	}
	js_add_bool(body, "amend", cmd_flag(c, "amend"));
	js_add_bool(body, "allow_empty", cmd_flag(c, "allow-empty"));
	return act(c, "/api/worktrees/commit", body, commit_cols);
}

#define TREE                                                   \
	{                                                      \
		.name = "tree", .arg = "DIR", .word = CMD_DIR, \
		.help = "the worktree (any path inside; here)" \
	}

static const struct cmd_opt stage_opts[] = {
	TREE,
	{ .name = "all", .help = "all that has changed, new files too" },
	{ .name = NULL },
};
static const struct cmd_opt commit_opts[] = {
	TREE,
	{ .name = "all", .help = "all that has changed, new files too" },
	MESSAGE_OPTS,
	{ .name = "amend", .help = "in place of the last commit" },
	{ .name = "allow-empty", .help = "also when nothing would change" },
	{ .name = NULL },
};
static const struct cmd_arg name_args[] = {
	{ .name = "PATH", .optional = true, .many = true },
	{ .name = NULL },
};

const struct cmd cmd_worktree_stage = {
	.path = "worktree stage",
	.args = name_args,
	.opts = stage_opts,
	.help = "choose changes for the next commit",
	.scope = "full",
	.run = worktree_stage,
};

const struct cmd cmd_worktree_unstage = {
	.path = "worktree unstage",
	.args = name_args,
	.opts = stage_opts,
	.help = "take that back; files stay as they are",
	.scope = "full",
	.run = worktree_unstage,
};

static const struct cmd_arg restore_args[] = {
	{ .name = "ID" },
	{ .name = NULL },
};

const struct cmd cmd_worktree_discard = {
	.path = "worktree discard",
	.args = name_args,
	.opts = stage_opts,
	.help = "throw changes away, new files too; they can be restored",
	.doc =
	    "Files are then as the last commit has them, whatever was "
	    "staged; ignored ones stay. rdv worktree undiscard brings all of "
	    "it back.",
	.scope = "full",
	.run = worktree_discard,
};

const struct cmd cmd_worktree_discards = {
	.path = "worktree discards",
	.help = "list what was discarded",
	.scope = "read",
	.run = worktree_discards,
};

const struct cmd cmd_worktree_undiscard = {
	.path = "worktree undiscard",
	.args = restore_args,
	.help = "bring back what was discarded",
	.doc = "Refused, with nothing touched, when one of the files has "
	       "changed since.",
	.scope = "full",
	.run = worktree_undiscard,
};

const struct cmd cmd_worktree_commit = {
	.path = "worktree commit",
	.args = name_args,
	.opts = commit_opts,
	.help = "commit what is staged, or the files that are named",
	.doc = "No hook, filter or signature program is run; what is there and "
	       "was not run is said. Without user.name and user.email in the "
	       "repository's or your own configuration --author is needed.",
	.scope = "full",
	.run = worktree_commit,
};
