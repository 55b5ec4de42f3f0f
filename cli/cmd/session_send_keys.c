/* SPDX-License-Identifier: MIT */
/*
 * rdv session send-keys: presses keys in a session's terminal. Which keys there
 * are is rdvd's to know; the completion offers those that people look for.
 */

#include "cli/cli.h"
#include "cli/cmd.h"
#include "cli/out.h"
#include "cli/pick.h"
#include "lib/js.h"

static struct js *
request(const struct cmd_call *c)
{
	struct js *body = js_object(), *keys = js_array();

	for (unsigned i = 1; i < c->nargs; i++)
		js_push_str(keys, c->args[i]);
	js_add(body, "keys", keys);
	js_add_bool(body, "literal", cmd_flag(c, "literal"));
	return body;
}

static int
session_send_keys(struct cmd_call *c)
{
	struct js *v = NULL;
	int rc = pick_session_send(c, "POST", "/keys", request(c), &v);

	if (rc == CMD_OK && c->cli->json)
		out_json(v);
	js_free(v);
	return rc;
}

static const struct cmd_arg args[] = {
	{ .name = "SESSION", .word = CMD_SESSION },
	{ .name = "KEY", .word = CMD_KEY, .many = true },
	{ .name = NULL },
};

static const struct cmd_opt opts[] = {
	{ .name = "literal",
	    .letter = 'l',
	    .help = "type the words as text, with nothing between" },
	{ .name = NULL },
};

const struct cmd cmd_session_send_keys = {
	.path = "session send-keys",
	.alias = "send-keys",
	.args = args,
	.opts = opts,
	.help = "press keys in a session: Enter, C-c, Up, F1 ...",
	.doc = "A key is a name or one character, with C-, M- and S- before it "
	       "(C-c, M-x, S-Up). All of them are pressed, or none is. The "
	       "first key that begins with a dash stands behind --.",
	.scope = "run",
	.run = session_send_keys,
};
