/* SPDX-License-Identifier: MIT */
/*
 * rdv repo set: the name of a repository, and what shall be done in its
 * worktrees. What is not mentioned stays as it is.
 */
#include <string.h>

#include "cli/cli.h"
#include "cli/cmd.h"
#include "cli/out.h"
#include "cli/pick.h"
#include "cli/tell.h"
#include "lib/js.h"

/* Options of one text, and the member each of them is. */
static const struct {
	const char *opt, *key;
} texts[] = {
	{ "name", "name" },
	{ "setup", "setup_script" },
	{ "cleanup", "cleanup_script" },
	{ "archive", "archive_script" },
	{ "dev-server", "dev_server_script" },
	{ "dir", "working_dir" },
	{ "base", "default_base" },
};

#define TEXTS (sizeof(texts) / sizeof(texts[0]))

/* The member that a word of --clear means. */
static const char *
cleared(const char *word)
{
	for (size_t i = 0; i < TEXTS; i++)
		if (strcmp(texts[i].opt, word) == 0)
			return texts[i].key;
	return "copy_files";
}

/* False: nothing is wished, or one thing twice. */
static bool
fill(struct cmd_call *c, struct js *body)
{
	struct js *list = NULL;
	const char *word;
	unsigned n = 0;

	for (size_t i = 0; i < TEXTS; i++) {
		word = cmd_value(c, texts[i].opt);
		if (word == NULL)
			continue;
		js_add_str(body, texts[i].key, word);
		n++;
	}
	for (unsigned i = 0; (word = cmd_nth(c, "copy", i)) != NULL; i++) {
		list = list != NULL ? list : js_array();
		js_push_str(list, word);
	}
	if (list != NULL)
		js_add(body, "copy_files", list);
	word = cmd_value(c, "parallel-setup");
	if (word != NULL)
		js_add_bool(body, "parallel_setup", strcmp(word, "yes") == 0);
	n += (list != NULL) + (word != NULL);
	for (unsigned i = 0; (word = cmd_nth(c, "clear", i)) != NULL; i++) {
		if (js_get(body, cleared(word)) != NULL)
			return false;
		js_add_str(body, cleared(word), NULL);
		n++;
	}
	return n > 0;
}

static int
repo_set(struct cmd_call *c)
{
	struct js *body = js_object(), *v = NULL;
	int rc;

	if (!fill(c, body)) {
		js_free(body);
		out_error(c->cli, "INVALID_ARGUMENT",
		    "what is to be changed? Each thing once, or --clear it");
		return CMD_USAGE;
	}
	rc = pick_repo_send(c, "PATCH", "", body, &v);
	return tell_fields(c, rc, v, NULL);
}

static const struct cmd_opt set_opts[] = {
	{ .name = "name", .arg = "N", .help = "what to call it" },
	{ .name = "setup",
	    .arg = "SCRIPT",
	    .help = "makes a new worktree ready" },
	{ .name = "cleanup",
	    .arg = "SCRIPT",
	    .help = "runs when an agent has ended" },
	{ .name = "archive",
	    .arg = "SCRIPT",
	    .help = "runs when work is put away" },
	{ .name = "dev-server", .arg = "SCRIPT", .help = "serves a preview" },
	{ .name = "copy",
	    .arg = "PATTERN",
	    .many = true,
	    .help = "files that a new worktree gets copies of" },
	{ .name = "parallel-setup",
	    .arg = "YES",
	    .words = "yes|no",
	    .help = "work does not wait for the setup script" },
	{ .name = "dir",
	    .arg = "DIR",
	    .help = "where in a worktree work begins" },
	{ .name = "base",
	    .arg = "BRANCH",
	    .help = "what new work starts from" },
	{ .name = "clear",
	    .arg = "WHAT",
	    .words = "setup|cleanup|archive|dev-server|copy|dir|base",
	    .many = true,
	    .help = "have none of it any more" },
	{ .name = NULL },
};
static const struct cmd_arg set_args[] = {
	{ .name = "REPO", .word = CMD_REPO },
	{ .name = NULL },
};

const struct cmd cmd_repo_set = {
	.path = "repo set",
	.args = set_args,
	.opts = set_opts,
	.help = "change a repository's name, scripts and defaults",
	.scope = "full",
	.run = repo_set,
};
