/* SPDX-License-Identifier: MIT */
/*
 * The ends that commands have in common. Invariant: with --json it is the whole
 * answer that is printed, whatever people are shown of it.
 */
#include "cli/tell.h"

#include "cli/cli.h"
#include "cli/cmd.h"
#include "cli/out.h"
#include "lib/js.h"

int
tell_items(const struct cmd_call *c, int rc, struct js *v,
    const struct out_col *cols, const char *none)
{
	if (rc != CMD_OK)
		return rc;
	if (c->cli->json)
		out_json(v);
	else
		out_table(c->cli, cols, js_get(v, "items"), none);
	js_free(v);
	return CMD_OK;
}

int
tell_id(const struct cmd_call *c, int rc, struct js *v)
{
	if (rc != CMD_OK)
		return rc;
	if (c->cli->json)
		out_json(v);
	else
		out_line(js_str(v, "id", "?"));
	js_free(v);
	return CMD_OK;
}

int
tell_fields(const struct cmd_call *c, int rc, struct js *v,
    const struct out_col *cols)
{
	if (rc != CMD_OK)
		return rc;
	if (c->cli->json)
		out_json(v);
	else if (cols != NULL)
		out_fields(c->cli, cols, v);
	js_free(v);
	return CMD_OK;
}
