/* SPDX-License-Identifier: MIT */
/*
 * rdv version: ours and, as the two must fit, the build both were made from.
 */
#include <stdio.h>

#include "build.h"
#include "cli/cli.h"
#include "cli/cmd.h"
#include "cli/out.h"
#include "lib/js.h"

static int
version(struct cmd_call *c)
{
	struct js *v;

	if (!c->cli->json) {
		out_line("rdv " RDV_VERSION " (" RDV_BUILD ")");
		return CMD_OK;
	}
	v = js_object();
	js_add_str(v, "version", RDV_VERSION);
	js_add_str(v, "build", RDV_BUILD);
	out_json(v);
	js_free(v);
	return CMD_OK;
}

const struct cmd cmd_version = {
	.path = "version",
	.help = "show the version of rdv",
	.scope = "local",
	.run = version,
};
