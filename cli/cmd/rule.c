/* SPDX-License-Identifier: MIT */
/*
 * rdv rule ls, add and rm: what is allowed, denied or always asked about
 * without a person. A rule has all words of one command, never a beginning.
 */
#include <stdlib.h>

#include "cli/api.h"
#include "cli/cli.h"
#include "cli/cmd.h"
#include "cli/out.h"
#include "cli/pick.h"
#include "cli/tell.h"
#include "lib/js.h"

static const struct out_col cols[] = {
	{ "ID", "id", OUT_TEXT },
	{ "VERDICT", "verdict", OUT_TEXT },
	{ "TOOL", "tool", OUT_TEXT },
	{ "PATTERN", "pattern", OUT_JSON },
	{ "SCOPE", "scope", OUT_TEXT },
	{ "MADE", "created_at", OUT_AGE },
	{ NULL, NULL, OUT_TEXT },
};

static int
rule_ls(struct cmd_call *c)
{
	struct js *v = NULL;
	int rc = api_get(c, "/api/approvals/rules", &v);

	return tell_items(c, rc, v, cols, "no rules");
}

/* One of both, or everywhere. CMD_OK, or another status after telling why. */
static int
put_scope(struct cmd_call *c, struct js *body)
{
	const char *session = cmd_value(c, "session");
	const char *workspace = cmd_value(c, "workspace");
	char *id;
	int rc;

	if (session != NULL && workspace != NULL) {
		out_error(c->cli, "INVALID_ARGUMENT",
		    "either --session or --workspace");
		return CMD_USAGE;
	}
	if (session == NULL && workspace == NULL)
		return CMD_OK;
	rc = session != NULL ? pick_session(c, session, &id)
			     : pick_workspace(c, workspace, &id);
	if (rc != CMD_OK)
		return rc;
	js_add_str(body, "scope", session != NULL ? "session" : "workspace");
	js_add_str(body, session != NULL ? "session_id" : "workspace_id", id);
	free(id);
	return CMD_OK;
}

static int
rule_add(struct cmd_call *c)
{
	struct js *body = js_object(), *words = js_array(), *v = NULL;
	int rc;

	js_add_str(body, "verdict", c->args[0]);
	js_add_str(body, "tool", c->args[1]);
	for (size_t i = 0; c->rest != NULL && c->rest[i] != NULL; i++)
		js_push_str(words, c->rest[i]);
	js_add(body, "pattern", words);
	rc = put_scope(c, body);
	if (rc != CMD_OK) {
		js_free(body);
		return rc;
	}
	rc = api_send(c, "POST", "/api/approvals/rules", body, &v);
	return tell_id(c, rc, v);
}

static int
rule_rm(struct cmd_call *c)
{
	char *id;
	int rc = pick_rule(c, c->args[0], &id);

	if (rc != CMD_OK)
		return rc;
	rc = api_delete(c, "/api/approvals/rules/", id, "deleted");
	free(id);
	return rc;
}

static const struct cmd_arg add_args[] = {
	{ .name = "VERDICT", .words = "allow|deny|ask" },
	{ .name = "TOOL" },
	{ .name = NULL },
};

static const struct cmd_arg rm_args[] = {
	{ .name = "ID" },
	{ .name = NULL },
};

static const struct cmd_opt add_opts[] = {
	{ .name = "session",
	    .arg = "SESSION",
	    .word = CMD_SESSION,
	    .help = "in this one alone" },
	{ .name = "workspace",
	    .arg = "WORKSPACE",
	    .word = CMD_WORKSPACE,
	    .help = "in sessions of this one alone" },
	{ .name = NULL },
};

const struct cmd cmd_rule_ls = {
	.path = "rule ls",
	.help = "list the rules about what runs ask",
	.scope = "read",
	.run = rule_ls,
};

const struct cmd cmd_rule_add = {
	.path = "rule add",
	.args = add_args,
	.opts = add_opts,
	.rest = "WORD...",
	.help = "allow, deny or always ask about a tool's command",
	.doc =
	    "The words are those of one whole command, and * as the last one "
	    "stands for whatever follows. What a shell would make more of (a "
	    "second command, a pipe, a variable) matches no rule. Without "
	    "words: a tool that runs nothing. Deny is stronger than ask, and "
	    "ask than allow; that a rule denies is a convenience and no "
	    "protection, as the same program has other names.",
	.scope = "full",
	.run = rule_add,
};

const struct cmd cmd_rule_rm = {
	.path = "rule rm",
	.args = rm_args,
	.help = "delete a rule",
	.scope = "full",
	.run = rule_rm,
};
