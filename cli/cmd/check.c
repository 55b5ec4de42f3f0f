/* SPDX-License-Identifier: MIT */
/*
 * rdv check: has rdvd look whether what it has on record is consistent. It
 * only tells; nothing is mended by that.
 */
#include "cli/api.h"
#include "cli/cli.h"
#include "cli/cmd.h"
#include "cli/out.h"
#include "lib/js.h"

static const struct out_col cols[] = {
	{ "CHECK", "check", OUT_TEXT },
	{ "TABLE", "table", OUT_TEXT },
	{ "ID", "id", OUT_TEXT },
	{ "WHAT", "what", OUT_TEXT },
	{ NULL, NULL, OUT_TEXT },
};

static int
check(struct cmd_call *c)
{
	const struct js *found;
	struct js *v;
	int rc = api_send(c, "POST", "/api/integrity", NULL, &v);

	if (rc != CMD_OK)
		return rc;
	found = js_get(v, "findings");
	if (c->cli->json)
		out_json(v);
	else
		out_table(c->cli, cols, found, "nothing is wrong");
	if (!c->cli->json && js_bool(v, "more", false))
		out_note(c->cli, "there is more than this");
	rc = js_len(found) > 0 ? CMD_FAILED : CMD_OK;
	js_free(v);
	return rc;
}

const struct cmd cmd_check = {
	.path = "check",
	.help = "look whether what is on record is consistent",
	.doc = "Runs, turns, chains, queued messages and approvals of this "
	       "account: rdvd looks at each row and names those that cannot "
	       "be right. Nothing is changed. Exit status 1 when there are "
	       "any.",
	.scope = "full",
	.run = check,
};
