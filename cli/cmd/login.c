/* SPDX-License-Identifier: MIT */
/*
 * rdv login: from an account on a shared host to a token that the other
 * commands use. Nothing is typed: the kernel says who we are.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/cmd.h"
#include "cli/enroll.h"
#include "cli/out.h"
#include "lib/js.h"
#include "lib/path.h"
#include "lib/secret.h"

static int
store(const struct cmd_call *c, const char *text)
{
	char line[ENROLL_TEXT + 1];
	int n = snprintf(line, sizeof(line), "%s\n", text);
	int dir = path_private_dir(AT_FDCWD, c->cli->base), err;

	err = dir < 0 ? dir
		      : path_write_private(dir, "cli-token", line, (size_t)n);
	secret_wipe(line, sizeof(line));
	if (dir >= 0)
		(void)close(dir);
	if (err == 0)
		return CMD_OK;
	out_error(c->cli, "INVALID_PATH", "%s: %s", c->cli->base,
	    err == -EPERM ? "must be yours and closed to others (chmod 700)"
			  : strerror(-err));
	return CMD_FAILED;
}

static int
login_run(struct cmd_call *c)
{
	const char *expires = cmd_value(c, "expires");
	const char *name = cmd_value(c, "name");
	char text[ENROLL_TEXT];
	struct js *v;
	int64_t age = 0;
	int rc;

	if (expires != NULL && (age = enroll_age(expires)) == 0) {
		out_error(c->cli, "INVALID_ARGUMENT",
		    "--expires wants 90m, 12h or 30d, not %s", expires);
		return CMD_USAGE;
	}
	if (c->cli->run_dir == NULL) {
		out_error(c->cli, "NOT_SYSTEM_MODE",
		    "there is no rdv of this host that serves this account; "
		    "your own needs no login");
		return CMD_FAILED;
	}
	rc = enroll_token(c, name != NULL ? name : "rdv login", age, NULL, text,
	    &v);
	if (rc == CMD_OK) {
		rc = store(c, text);
		if (rc == CMD_OK && c->cli->json)
			out_json(v);
		else if (rc == CMD_OK)
			out_note(c->cli, "logged in as %s",
			    js_str(v, "user", "?"));
		js_free(v);
	}
	secret_wipe(text, sizeof(text));
	return rc;
}

static const struct cmd_opt login_opts[] = {
	{ .name = "name", .arg = "NAME", .help = "what the token is for" },
	{ .name = "scope",
	    .arg = "S",
	    .many = true,
	    .words = "full|read|approve",
	    .help = "what it may do; may be repeated" },
	{ .name = "expires",
	    .arg = "AGE",
	    .help = "end it after 90m, 12h or 30d (never)" },
	{ .name = NULL },
};

const struct cmd cmd_login = {
	.path = "login",
	.opts = login_opts,
	.help = "get a token from the rdv of this host",
	.doc =
	    "On a host whose administrator runs rdv for everybody: makes a "
	    "token for your account and keeps it in $RDV_HOME/cli-token. The "
	    "host's rdv is used when RDV_RUN names its directory for you, or "
	    "when there is /run/rdv/<you> and neither RDV_HOME is set nor an "
	    "rdv of your own runs.",
	.scope = "local",
	.run = login_run,
};
