/* SPDX-License-Identifier: MIT */
/*
 * rdv session exec: types a line into a session's terminal, as its user would.
 * Nothing interprets the text on the way; the words are joined by one blank.
 */
#include <stdlib.h>

#include "cli/api.h"
#include "cli/cli.h"
#include "cli/cmd.h"
#include "cli/out.h"
#include "cli/pick.h"
#include "lib/buf.h"
#include "lib/js.h"

/* What the route takes, so that the refusal comes before the request. */
#define TEXT_MAX 65536

static struct js *
request(struct cmd_call *c)
{
	struct js *body = NULL;
	struct buf text;
	unsigned i;

	buf_init(&text, TEXT_MAX);
	for (i = 1; i < c->nargs; i++)
		buf_printf(&text, i > 1 ? " %s" : "%s", c->args[i]);
	(void)buf_cstr(&text);
	if (buf_ok(&text)) {
		body = js_object();
		js_add_str(body, "command", buf_cstr(&text));
		js_add_bool(body, "enter", !cmd_flag(c, "no-enter"));
	}
	buf_done(&text);
	return body;
}

static int
session_exec(struct cmd_call *c)
{
	struct js *body = request(c), *done, *v = NULL;
	char *id, *path;
	int rc;

	if (body == NULL) {
		out_error(c->cli, "TOO_BIG", "more than %d bytes to type",
		    TEXT_MAX);
		return CMD_FAILED;
	}
	rc = pick_session(c, c->args[0], &id);
	if (rc != CMD_OK) {
		js_free(body);
		return rc;
	}
	path = api_path("/api/sessions/", id, "/exec");
	rc = api_send(c, "POST", path, body, &v);
	if (rc == CMD_OK && c->cli->json) {
		done = js_object();
		js_add_str(done, "id", id);
		js_add_bool(done, "accepted", true);
		js_add_str(done, "run_id", js_str(v, "run_id", NULL));
		js_add_ms(done, "offset", js_int(v, "offset", -1));
		out_json(done);
		js_free(done);
	}
	js_free(v);
	free(path);
	free(id);
	return rc;
}

static const struct cmd_arg args[] = {
	{ .name = "SESSION", .word = CMD_SESSION },
	{ .name = "TEXT", .many = true },
	{ .name = NULL },
};

static const struct cmd_opt opts[] = {
	{ .name = "no-enter", .help = "type only, without Enter" },
	{ .name = NULL },
};

const struct cmd cmd_session_exec = {
	.path = "session exec",
	.alias = "exec",
	.args = args,
	.opts = opts,
	.help = "type a line into a session",
	.doc = "Behind the first word of the text everything is text. When "
	       "that word begins with a dash it stands behind --. Quote what "
	       "your own shell would change.",
	.scope = "run",
	.run = session_exec,
};
