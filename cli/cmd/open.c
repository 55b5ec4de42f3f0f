/* SPDX-License-Identifier: MIT */
/*
 * rdv open: a fresh one-time sign-in URL, printed and nothing more, so that it
 * can be pasted into whichever browser is meant.
 */
#include <stdlib.h>

#include "cli/cli.h"
#include "cli/cmd.h"
#include "cli/out.h"
#include "cli/signin.h"
#include "lib/js.h"

static int
open_page(struct cmd_call *c)
{
	char *origin, *url;
	struct js *v;
	int rc;

	rc = signin_page(c, &origin);
	if (rc != CMD_OK)
		return rc;
	rc = signin_url(c, origin, &url);
	free(origin);
	if (rc != CMD_OK)
		return rc;
	if (c->cli->json) {
		v = js_object();
		js_add_str(v, "url", url);
		out_json(v);
		js_free(v);
	} else {
		out_line(url);
		out_note(c->cli, "works once, within 5 minutes");
	}
	free(url);
	return CMD_OK;
}

const struct cmd cmd_open = {
	.path = "open",
	.alias = "url",
	.help = "print a one-time URL that signs a browser in",
	.scope = "full",
	.run = open_page,
};
