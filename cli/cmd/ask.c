/* SPDX-License-Identifier: MIT */
/*
 * rdv ask, follow-up, turn ls and turn stop: prompts for an agent, what came of
 * them, and the end of the one that is at work. Each prints the id to go on
 * with.
 */
#include <stdlib.h>

#include "cli/api.h"
#include "cli/cli.h"
#include "cli/cmd.h"
#include "cli/out.h"
#include "cli/pick.h"
#include "cli/tell.h"
#include "lib/js.h"
#include "lib/xalloc.h"

static const struct out_col turn_cols[] = {
	{ "ID", "id", OUT_SHORT_ID },
	{ "STATE", "state", OUT_STATE },
	{ "AGE", "created_at", OUT_AGE },
	{ "PROMPT", "prompt", OUT_TEXT },
	{ "SAID", "summary", OUT_TEXT },
	{ "WHY", "cause", OUT_TEXT },
	{ NULL, NULL, OUT_TEXT },
};

/* A workspace of its own for a repository that is named instead of one. */
static int
new_workspace(struct cmd_call *c, char **id)
{
	struct js *body, *list, *v = NULL;
	char *repo;
	int rc = pick_repo(c, cmd_value(c, "repo"), &repo);

	if (rc != CMD_OK)
		return rc;
	body = js_object();
	list = js_array();
	js_push_str(list, repo);
	js_add(body, "repos", list);
	free(repo);
	rc = api_send(c, "POST", "/api/workspaces", body, &v);
	if (rc == CMD_OK)
		*id = xstrdup(js_str(v, "id", ""));
	js_free(v);
	return rc;
}

static int
find_workspace(struct cmd_call *c, char **id)
{
	if (cmd_flag(c, "workspace") == cmd_flag(c, "repo")) {
		out_error(c->cli, "INVALID_ARGUMENT",
		    "where? --workspace W, or --repo R for a new one");
		return CMD_USAGE;
	}
	if (cmd_flag(c, "workspace"))
		return pick_workspace(c, cmd_value(c, "workspace"), id);
	return new_workspace(c, id);
}

/* Whether it began, or waits, the answer says. */
static int
begin(struct cmd_call *c, const char *conversation, const char *prompt,
    bool queue)
{
	struct js *body = js_object(), *v = NULL;
	char *path = api_path("/api/conversations/", conversation, "/turns");
	const struct js *turn;
	int rc;

	js_add_str(body, "prompt", prompt);
	if (queue)
		js_add_bool(body, "queue", true);
	rc = api_send(c, "POST", path, body, &v);
	free(path);
	if (rc != CMD_OK)
		return rc;
	turn = js_get(v, "turn");
	if (c->cli->json)
		out_json(v);
	else
		out_line(conversation);
	if (!c->cli->json && turn == NULL)
		out_note(c->cli, "it waits: rdv queue ls %s", conversation);
	js_free(v);
	return rc;
}

/*
 * Refused, it was never there: what was made for it goes again. Unforced, so
 * that nothing goes in which anybody has done something meanwhile.
 */
static void
take_back(struct cmd_call *c, const char *base, const char *id,
    const char *tail)
{
	char *path = api_path(base, id, tail);

	(void)api_send(c, "DELETE", path, NULL, NULL);
	free(path);
}

static int
converse(struct cmd_call *c, const char *workspace)
{
	struct js *body = js_object(), *v = NULL;
	int rc;

	js_add_str(body, "workspace_id", workspace);
	js_add_str(body, "agent",
	    cmd_flag(c, "agent") ? cmd_value(c, "agent") : "CLAUDE_CODE");
	if (cmd_flag(c, "profile"))
		js_add_str(body, "profile", cmd_value(c, "profile"));
	if (cmd_flag(c, "name"))
		js_add_str(body, "name", cmd_value(c, "name"));
	rc = api_send(c, "POST", "/api/conversations", body, &v);
	if (rc != CMD_OK)
		return rc;
	rc = begin(c, js_str(v, "id", ""), c->args[0], cmd_flag(c, "queue"));
	if (rc == CMD_FAILED)
		take_back(c, "/api/conversations/", js_str(v, "id", ""), "");
	js_free(v);
	return rc;
}

static int
ask(struct cmd_call *c)
{
	char *workspace;
	int rc = find_workspace(c, &workspace);

	if (rc != CMD_OK)
		return rc;
	rc = converse(c, workspace);
	if (rc == CMD_FAILED && cmd_flag(c, "repo"))
		take_back(c, "/api/workspaces/", workspace, "?branches=true");
	free(workspace);
	return rc;
}

static int
follow_up(struct cmd_call *c)
{
	char *id;
	int rc = pick_conversation(c, c->args[0], &id);

	if (rc != CMD_OK)
		return rc;
	rc = begin(c, id, c->args[1], cmd_flag(c, "queue"));
	free(id);
	return rc;
}

static int
stop(struct cmd_call *c)
{
	return pick_conversation_send(c, "POST", "/stop", NULL, NULL);
}

static int
turns(struct cmd_call *c)
{
	struct js *v = NULL;
	int rc = pick_conversation_send(c, "GET",
	    cmd_flag(c, "dropped") ? "/turns?limit=1000&dropped=true"
				   : "/turns?limit=1000",
	    NULL, &v);

	return tell_items(c, rc, v, turn_cols, "no turns");
}

static const struct cmd_arg ask_args[] = {
	{ .name = "PROMPT" },
	{ .name = NULL },
};
static const struct cmd_arg conversation_args[] = {
	{ .name = "CONVERSATION" },
	{ .name = NULL },
};
static const struct cmd_arg follow_args[] = {
	{ .name = "CONVERSATION" },
	{ .name = "PROMPT" },
	{ .name = NULL },
};
#define QUEUE                                                      \
	{                                                          \
		.name = "queue",                                   \
		.help = "wait while an agent is at work in the "   \
			"workspace, and behind what waits already" \
	}
static const struct cmd_opt ask_opts[] = {
	{ .name = "workspace",
	    .arg = "W",
	    .word = CMD_WORKSPACE,
	    .help = "where the agent works" },
	{ .name = "repo",
	    .arg = "R",
	    .word = CMD_REPO,
	    .help = "in a new workspace of this repository" },
	{ .name = "agent", .arg = "A", .help = "CLAUDE_CODE, if not said" },
	{ .name = "profile",
	    .arg = "P",
	    .words = "agent|login",
	    .help = "how its agent and scripts are held" },
	{ .name = "name", .arg = "N", .help = "of the conversation" },
	QUEUE,
	{ .name = NULL },
};
static const struct cmd_opt turn_opts[] = {
	{ .name = "dropped", .help = "those that a reset has dropped, too" },
	{ .name = NULL },
};
static const struct cmd_opt follow_opts[] = { QUEUE, { .name = NULL } };

const struct cmd cmd_ask = {
	.path = "ask",
	.args = ask_args,
	.opts = ask_opts,
	.help = "begin a conversation with an agent, and print its id",
	.scope = "full",
	.run = ask,
};

const struct cmd cmd_follow_up = {
	.path = "follow-up",
	.args = follow_args,
	.opts = follow_opts,
	.help = "another prompt in a conversation",
	.scope = "full",
	.run = follow_up,
};

const struct cmd cmd_turn_ls = {
	.path = "turn ls",
	.args = conversation_args,
	.opts = turn_opts,
	.help = "what has come of the prompts of a conversation",
	.scope = "read",
	.run = turns,
};

const struct cmd cmd_turn_stop = {
	.path = "turn stop",
	.args = conversation_args,
	.help = "end the turn that is at work; what waits goes on waiting",
	.scope = "full",
	.run = stop,
};
