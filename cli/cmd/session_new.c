/* SPDX-License-Identifier: MIT */
/*
 * rdv session new: a session, if asked for in a worktree of its own. Paths are
 * made absolute here, because only here the working directory is known.
 */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/api.h"
#include "cli/attach.h"
#include "cli/cli.h"
#include "cli/cmd.h"
#include "cli/out.h"
#include "cli/pick.h"
#include "cli/tty.h"
#include "lib/js.h"

/* Adds the real path of option `name`; without it adds nothing. */
static int
add_path(struct cmd_call *c, struct js *body, const char *key, const char *name)
{
	const char *given = cmd_value(c, name);
	char real[PATH_MAX];

	if (given == NULL)
		return CMD_OK;
	if (realpath(given, real) == NULL) {
		out_error(c->cli, "INVALID_PATH", "--%s %s: %s", name, given,
		    strerror(errno));
		return CMD_FAILED;
	}
	js_add_str(body, key, real);
	return CMD_OK;
}

/* Names are judged by the helper, which refuses the dangerous ones by name. */
static int
add_environment(struct cmd_call *c, struct js *body)
{
	struct js *env = NULL;
	const char *pair, *eq;
	char name[256];
	unsigned i;

	for (i = 0; (pair = cmd_nth(c, "env", i)) != NULL; i++) {
		eq = strchr(pair, '=');
		if (eq == NULL || eq == pair ||
		    (size_t)(eq - pair) >= sizeof(name)) {
			out_error(c->cli, "INVALID_ARGUMENT",
			    "--env wants NAME=VALUE, not %s", pair);
			js_free(env);
			return CMD_USAGE;
		}
		memcpy(name, pair, (size_t)(eq - pair));
		name[eq - pair] = '\0';
		if (env == NULL)
			env = js_object();
		js_add_str(env, name, eq + 1);
	}
	if (env != NULL)
		js_add(body, "environment", env);
	return CMD_OK;
}

/* Word by word: no shell of ours reads the command a second time. */
static int
add_command(struct cmd_call *c, struct js *body)
{
	struct js *argv;
	size_t i;

	if (c->rest == NULL)
		return CMD_OK;
	if (c->rest[0] == NULL) {
		out_error(c->cli, "INVALID_ARGUMENT",
		    "no command stands behind --");
		return CMD_USAGE;
	}
	argv = js_array();
	for (i = 0; c->rest[i] != NULL; i++)
		js_push_str(argv, c->rest[i]);
	js_add(body, "command", argv);
	return CMD_OK;
}

/* A worktree when a branch is named, else the given directory or this one. */
static int
add_place(struct cmd_call *c, struct js *body)
{
	const char *branch = cmd_value(c, "branch");
	char here[PATH_MAX];
	int rc;

	if (branch == NULL && cmd_value(c, "base") != NULL) {
		out_error(c->cli, "INVALID_ARGUMENT", "--base needs --branch");
		return CMD_USAGE;
	}
	if (branch != NULL && cmd_value(c, "repo") == NULL) {
		out_error(c->cli, "INVALID_ARGUMENT",
		    "--branch needs --repo (--repo . for this repository)");
		return CMD_USAGE;
	}
	/* Without a directory of its own the repository is where it starts. */
	rc = add_path(c, body, "repo_path", "repo");
	if (rc == CMD_OK)
		rc = add_path(c, body, "project_path",
		    cmd_value(c, "dir") != NULL ? "dir" : "repo");
	if (rc != CMD_OK)
		return rc;
	if (branch != NULL) {
		js_add_bool(body, "create_worktree", true);
		js_add_str(body, "worktree_branch", branch);
		if (cmd_value(c, "base") != NULL)
			js_add_str(body, "base_branch", cmd_value(c, "base"));
	} else if (js_get(body, "project_path") == NULL &&
		   getcwd(here, sizeof(here)) != NULL) {
		js_add_str(body, "project_path", here);
	}
	return CMD_OK;
}

/* So that the first screen is drawn in the size it will be seen in. */
static void
add_size(struct js *body)
{
	unsigned cols, rows;

	if (!tty_size(STDOUT_FILENO, &cols, &rows))
		return;
	js_add_int(body, "cols", cols);
	js_add_int(body, "rows", rows);
}

static void
add_network(struct cmd_call *c, struct js *body)
{
	const char *net = cmd_value(c, "net"), *host;
	struct js *hosts = NULL;

	if (net != NULL)
		js_add_str(body, "network", net);
	for (unsigned i = 0; (host = cmd_nth(c, "allow", i)) != NULL; i++) {
		if (hosts == NULL)
			hosts = js_array();
		js_push_str(hosts, host);
	}
	if (hosts != NULL)
		js_add(body, "network_hosts", hosts);
}

static int
build(struct cmd_call *c, struct js *body)
{
	char *folder = NULL;
	int rc;

	js_add_str(body, "name", c->args[0]);
	if (cmd_value(c, "profile") != NULL)
		js_add_str(body, "profile", cmd_value(c, "profile"));
	if (cmd_flag(c, "tmux"))
		js_add_str(body, "terminal_type", "tmux");
	if (cmd_flag(c, "clipboard"))
		js_add_bool(body, "clipboard", true);
	add_network(c, body);
	add_size(body);
	rc = add_place(c, body);
	if (rc == CMD_OK)
		rc = add_environment(c, body);
	if (rc == CMD_OK)
		rc = add_command(c, body);
	if (rc == CMD_OK && cmd_value(c, "folder") != NULL)
		rc = pick_folder(c, cmd_value(c, "folder"), &folder);
	if (folder != NULL)
		js_add_str(body, "folder_id", folder);
	free(folder);
	return rc;
}

/* The id alone on stdout: id=$(rdv session new ...) is how scripts go on. */
static void
tell(struct cmd_call *c, const struct js *session)
{
	const struct js *run = js_get(session, "run");
	char *hint;

	if (c->cli->json) {
		out_json(session);
		return;
	}
	out_line(js_str(session, "id", "?"));
	hint = cli_hint(c->cli, "attach", js_str(session, "name", "?"));
	out_note(c->cli, "%s runs in %s; join it with: %s",
	    js_str(session, "name", "?"), js_str(run, "cwd", "?"), hint);
	free(hint);
}

/* What the refusal says is true, and not yet what to do. */
static void
tell_where(struct cmd_call *c)
{
	const char *profile = cmd_value(c, "profile");

	if (profile != NULL && strcmp(profile, "login") != 0 &&
	    cmd_value(c, "dir") == NULL && cmd_value(c, "repo") == NULL &&
	    cli_is_at_home())
		out_note(c->cli,
		    "go to the project's directory first, or name it: --dir "
		    "DIR, or --repo DIR");
}

static int
session_new(struct cmd_call *c)
{
	struct attach_conf conf = { .call = c };
	struct js *body = js_object(), *session = NULL;
	int rc;

	rc = build(c, body);
	if (rc != CMD_OK) {
		js_free(body);
		return rc;
	}
	rc = api_send(c, "POST", "/api/sessions", body, &session);
	if (rc == CMD_FAILED)
		tell_where(c);
	if (rc != CMD_OK)
		return rc;
	/* Then without an id on stdout: the screen is the session's. */
	if (cmd_flag(c, "attach")) {
		conf.session = session;
		rc = attach_run(&conf);
	} else {
		tell(c, session);
	}
	js_free(session);
	return rc;
}

static const struct cmd_arg args[] = {
	{ .name = "NAME" },
	{ .name = NULL },
};

static const struct cmd_opt opts[] = {
	{ .name = "repo",
	    .arg = "DIR",
	    .word = CMD_DIR,
	    .help = "the repository it works on (any path inside)" },
	{ .name = "branch",
	    .arg = "B",
	    .help = "give it a worktree of its own on this branch" },
	{ .name = "base",
	    .arg = "REF",
	    .help = "where a new branch starts (the current branch)" },
	{ .name = "dir",
	    .arg = "D",
	    .word = CMD_DIR,
	    .help = "directory to start in (this one)" },
	{ .name = "folder",
	    .arg = "F",
	    .word = CMD_FOLDER,
	    .help = "put it into this folder (id or name)" },
	{ .name = "profile",
	    .arg = "P",
	    .words = "login|script|agent|lsp",
	    .help = "how confined it runs" },
	{ .name = "net",
	    .arg = "N",
	    .words = "none|list|full",
	    .help = "what it has of the network" },
	{ .name = "allow",
	    .arg = "H:P",
	    .many = true,
	    .help = "a host and port that --net list lets through" },
	{ .name = "env",
	    .arg = "K=V",
	    .many = true,
	    .help = "set a variable; may be repeated" },
	{ .name = "tmux",
	    .help = "keep it in rdv's own tmux server (rdv help tmux ls)" },
	{ .name = "clipboard",
	    .help = "its programs may put text on the clipboard of who looks" },
	{ .name = "attach", .help = "and attach to it" },
	{ .name = NULL },
};

const struct cmd cmd_session_new = {
	.path = "session new",
	.args = args,
	.opts = opts,
	.rest = "COMMAND...",
	.help = "start a shell or a command in a new session",
	.doc = "With --repo and --branch the session gets a git worktree of "
	       "its own; the branch is created when it does not exist. "
	       "Without -- the session runs your login shell. A confined "
	       "profile works on the directory it starts in, which cannot be "
	       "your home directory. The id of the session is printed.",
	.scope = "full",
	.run = session_new,
};
