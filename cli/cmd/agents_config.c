/* SPDX-License-Identifier: MIT */
/*
 * rdv agents config and configure: the variants of an account's agents, as
 * JSON. It goes out whole and comes back whole, so what is changed is seen
 * before it is.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "cli/api.h"
#include "cli/cli.h"
#include "cli/cmd.h"
#include "cli/out.h"
#include "lib/buf.h"
#include "lib/js.h"

#define CONFIG	     "/api/agents/config"
#define CONFIG_BYTES (256 * 1024)

static int
agents_config(struct cmd_call *c)
{
	struct js *v;
	int rc = api_get(c, CONFIG, &v);

	if (rc != CMD_OK)
		return rc;
	out_json(v);
	js_free(v);
	return CMD_OK;
}

/* False with a word to the user. */
static bool
take_input(struct cmd_call *c, struct buf *b)
{
	char piece[4096];
	ssize_t n;

	while ((n = read(STDIN_FILENO, piece, sizeof(piece))) != 0) {
		if (n > 0)
			buf_put(b, piece, (size_t)n);
		else if (errno != EINTR) {
			out_error(c->cli, "INVALID", "standard input: %s",
			    strerror(errno));
			return false;
		}
	}
	if (!buf_ok(b))
		out_error(c->cli, "INVALID", "that is more than %d bytes",
		    CONFIG_BYTES);
	return buf_ok(b);
}

static int
agents_configure(struct cmd_call *c)
{
	struct js *v = NULL;
	char why[120] = "it has to be an object";
	struct buf b;
	bool ok;

	buf_init(&b, CONFIG_BYTES);
	ok = take_input(c, &b);
	if (ok)
		v = js_parse(buf_cstr(&b), b.len, why, sizeof(why));
	buf_done(&b);
	if (ok && js_is_object(v))
		return api_send(c, "PUT", CONFIG, v, NULL);
	if (ok)
		out_error(c->cli, "INVALID_JSON", "standard input: %s", why);
	js_free(v);
	return CMD_FAILED;
}

const struct cmd cmd_agents_config = {
	.path = "agents config",
	.help = "write the variants of all agents as JSON",
	.scope = "read",
	.run = agents_config,
};

const struct cmd cmd_agents_configure = {
	.path = "agents configure",
	.help = "put what standard input has in place of all variants",
	.scope = "full",
	.run = agents_configure,
};
