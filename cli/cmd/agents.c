/* SPDX-License-Identifier: MIT */
/*
 * rdv agents ls and doctor: the agents of the account, and what a person has to
 * do before one can be used.
 */
#include <string.h>
#include <strings.h>

#include "cli/api.h"
#include "cli/cli.h"
#include "cli/cmd.h"
#include "cli/out.h"
#include "cli/tell.h"
#include "lib/js.h"

static const struct out_col list_cols[] = {
	{ "AGENT", "name", OUT_TEXT },
	{ "STATE", "state", OUT_STATE },
	{ "SIGNED IN", "signed_in_at", OUT_AGE },
	{ "PROGRAM", "program", OUT_TEXT },
	{ NULL, NULL, OUT_TEXT },
};

static const struct out_col need_cols[] = {
	{ "AGENT", "name", OUT_TEXT },
	{ "STATE", "state", OUT_STATE },
	{ "NEEDS YOU", "needs", OUT_TEXT },
	{ NULL, NULL, OUT_TEXT },
};

static int
agents_ls(struct cmd_call *c)
{
	struct js *v = NULL;
	int rc = api_get(c, "/api/agents", &v);

	return tell_items(c, rc, v, list_cols, "no agents");
}

static bool
is(const struct js *agent, const char *state)
{
	return strcmp(js_str(agent, "state", ""), state) == 0;
}

/* The one that is named, or all that are there in some way. */
static struct js *
looked_at(const struct js *items, const char *name, bool *usable)
{
	struct js *rows = js_array();
	const struct js *a;

	for (size_t i = 0; i < js_len(items); i++) {
		a = js_at(items, i);
		if (name != NULL ? strcasecmp(js_str(a, "name", ""), name) != 0
				 : is(a, "missing"))
			continue;
		*usable = *usable || is(a, "ready") || is(a, "installed");
		js_push(rows, js_copy(a));
	}
	return rows;
}

static int
agents_doctor(struct cmd_call *c)
{
	const char *name = c->nargs > 0 ? c->args[0] : NULL;
	bool usable = false;
	struct js *v, *rows;
	int rc = api_get(c, "/api/agents", &v);

	if (rc != CMD_OK)
		return rc;
	rows = looked_at(js_get(v, "items"), name, &usable);
	if (name != NULL && js_len(rows) == 0)
		out_error(c->cli, "NOT_FOUND", "%s: no agent of that name",
		    name);
	else if (c->cli->json)
		out_json(rows);
	else
		out_table(c->cli, need_cols, rows,
		    "no agent is installed; rdv agents ls says which there "
		    "are");
	js_free(rows);
	js_free(v);
	return usable ? CMD_OK : CMD_FAILED;
}

const struct cmd cmd_agents_ls = {
	.path = "agents ls",
	.help = "list agents, and whether they can be used",
	.scope = "read",
	.run = agents_ls,
};

static const struct cmd_arg doctor_args[] = {
	{ .name = "AGENT", .optional = true },
	{ .name = NULL },
};

const struct cmd cmd_agents_doctor = {
	.path = "agents doctor",
	.args = doctor_args,
	.help = "what each agent needs of you; fails if none is usable",
	.scope = "read",
	.run = agents_doctor,
};
