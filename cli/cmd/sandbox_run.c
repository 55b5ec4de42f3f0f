/* SPDX-License-Identifier: MIT */
/*
 * rdv sandbox run: one command in a profile, on one directory (cli/once.h).
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/api.h"
#include "cli/cli.h"
#include "cli/cmd.h"
#include "cli/once.h"
#include "cli/out.h"
#include "lib/js.h"

static int
judge(struct cmd_call *c)
{
	if (c->rest != NULL && c->rest[0] != NULL)
		return CMD_OK;
	out_error(c->cli, "INVALID_ARGUMENT", "no command stands behind --");
	return CMD_USAGE;
}

/* Judged where the policy is. */
static void
add_hosts(struct cmd_call *c, struct js *body)
{
	struct js *hosts = js_array();
	const char *host;

	for (unsigned i = 0; (host = cmd_nth(c, "allow", i)) != NULL; i++)
		js_push_str(hosts, host);
	js_add(body, "network_hosts", hosts);
}

static struct js *
request(struct cmd_call *c, const char *here)
{
	const char *profile = cmd_value(c, "profile");
	struct js *body = js_object(), *argv = js_array();

	js_add_str(body, "name", "sandbox");
	js_add_str(body, "profile", profile != NULL ? profile : "script");
	if (cmd_value(c, "net") != NULL)
		js_add_str(body, "network", cmd_value(c, "net"));
	if (cmd_value(c, "allow") != NULL)
		add_hosts(c, body);
	js_add_str(body, "project_path", here);
	for (size_t i = 0; c->rest[i] != NULL; i++)
		js_push_str(argv, c->rest[i]);
	js_add(body, "command", argv);
	return body;
}

static int
run_here(struct cmd_call *c, const char *here)
{
	bool refused;
	int rc = once_run(c, request(c, here), &refused);

	if (refused && cmd_value(c, "dir") == NULL && cli_is_at_home())
		out_note(c->cli,
		    "go to the project's directory first, or name it: --dir "
		    "DIR");
	return rc;
}

static int
sandbox_run(struct cmd_call *c)
{
	const char *dir = cmd_value(c, "dir");
	char *here;
	int rc = judge(c);

	if (rc != CMD_OK)
		return rc;
	here = dir != NULL ? realpath(dir, NULL) : getcwd(NULL, 0);
	if (here == NULL) {
		out_error(c->cli, "INVALID_PATH", "%s: %s",
		    dir != NULL ? dir : "the current directory",
		    strerror(errno));
		return CMD_FAILED;
	}
	rc = run_here(c, here);
	free(here);
	return rc;
}

static const struct cmd_opt opts[] = {
	{ .name = "profile",
	    .arg = "P",
	    .words = "login|script|git|agent|lsp|push",
	    .help = "how confined it runs (script)" },
	{ .name = "dir",
	    .arg = "D",
	    .word = CMD_DIR,
	    .help = "directory to start in, and to work on (this one)" },
	{ .name = "net",
	    .arg = "N",
	    .words = "none|list|full",
	    .help = "what it has of the network (what the policy gives)" },
	{ .name = "allow",
	    .arg = "H:P",
	    .many = true,
	    .help = "a host and port that --net list lets through" },
	{ .name = NULL },
};

const struct cmd cmd_sandbox_run = {
	.path = "sandbox run",
	.opts = opts,
	.rest = "COMMAND...",
	.help = "try a command in a profile, in this directory",
	.doc =
	    "The command may change what is in the directory and nothing "
	    "else. The home directory is never given to it, only one in "
	    "it. Ends with the command's exit status (128 + N after signal N) "
	    "and closes its session. Where input or output is no terminal "
	    "the command gets pipes.",
	.scope = "full",
	.run = sandbox_run,
};
