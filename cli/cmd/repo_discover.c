/* SPDX-License-Identifier: MIT */
/*
 * rdv repo discover: repositories that could be made known, and what was not
 * looked into.
 */
#include <limits.h>

#include "cli/api.h"
#include "cli/cli.h"
#include "cli/cmd.h"
#include "cli/out.h"
#include "cli/pick.h"
#include "lib/buf.h"
#include "lib/js.h"

static const struct out_col cols[] = {
	{ "ID", "id", OUT_SHORT_ID },
	{ "CHANGED", "modified_at", OUT_AGE },
	{ "LINKED", "linked", OUT_YES },
	{ "PATH", "path", OUT_TEXT },
	{ NULL, NULL, OUT_TEXT },
};

static const struct out_col left_cols[] = {
	{ "LEFT OUT", "reason", OUT_TEXT },
	{ "PATH", "path", OUT_TEXT },
	{ NULL, NULL, OUT_TEXT },
};

static void
show(struct cmd_call *c, const struct js *v)
{
	long long left = (long long)js_int(v, "left_out_total", 0);

	out_table(c->cli, cols, js_get(v, "items"), "no repositories");
	if (cmd_flag(c, "left-out"))
		out_table(c->cli, left_cols, js_get(v, "left_out"),
		    "nothing was left out");
	else if (left > 0)
		out_note(c->cli,
		    "%lld directories were not looked into; --left-out shows "
		    "them",
		    left);
	if (!js_bool(v, "complete", true))
		out_note(c->cli, "not all was looked through; name a directory "
				 "further down");
}

static int
repo_discover(struct cmd_call *c)
{
	char path[PATH_MAX];
	struct js *v;
	struct buf b;
	int rc;

	if (c->nargs > 0 && pick_path(c, c->args[0], path) != CMD_OK)
		return CMD_FAILED;
	buf_init(&b, 65536);
	buf_put_text(&b, "/api/repos/discover");
	api_query(&b, "path", c->nargs > 0 ? path : NULL);
	api_query(&b, "depth", cmd_value(c, "depth"));
	rc = api_get(c, buf_cstr(&b), &v);
	buf_done(&b);
	if (rc != CMD_OK)
		return rc;
	if (c->cli->json)
		out_json(v);
	else
		show(c, v);
	js_free(v);
	return rc;
}

static const struct cmd_opt opts[] = {
	{ .name = "depth",
	    .arg = "N",
	    .min = 1,
	    .max = 6,
	    .help = "levels below it (3)" },
	{ .name = "left-out",
	    .help = "show what was not looked into, and why" },
	{ .name = NULL },
};
static const struct cmd_arg args[] = {
	{ .name = "DIR", .word = CMD_DIR, .optional = true },
	{ .name = NULL },
};

const struct cmd cmd_repo_discover = {
	.path = "repo discover",
	.args = args,
	.opts = opts,
	.help = "look for repositories below a directory (your home)",
	.scope = "read",
	.run = repo_discover,
};
