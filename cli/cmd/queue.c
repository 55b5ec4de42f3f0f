/* SPDX-License-Identifier: MIT */
/*
 * rdv queue ls, add, edit, rm and start: messages of a conversation that wait
 * until the turns before them have succeeded.
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
	/* Whole, as edit and rm take it. */
	{ "ID", "id", OUT_TEXT },
	{ "AGE", "created_at", OUT_AGE },
	{ "PROMPT", "prompt", OUT_TEXT },
	{ "WAITS BECAUSE", "blocked", OUT_TEXT },
	{ NULL, NULL, OUT_TEXT },
};

static struct js *
prompt_of(const struct cmd_call *c)
{
	struct js *body = js_object();

	js_add_str(body, "prompt", c->args[1]);
	return body;
}

static int
queue_ls(struct cmd_call *c)
{
	struct js *v = NULL;
	int rc =
	    pick_conversation_send(c, "GET", "/queue?limit=1000", NULL, &v);

	if (rc != CMD_OK)
		return rc;
	if (c->cli->json)
		out_json(v);
	else
		out_table(c->cli, cols, js_get(v, "items"), "nothing waits");
	if (js_str(v, "next_cursor", NULL) != NULL)
		out_note(c->cli, "more wait behind these");
	js_free(v);
	return rc;
}

static int
queue_add(struct cmd_call *c)
{
	struct js *v = NULL;
	int rc = pick_conversation_send(c, "POST", "/queue", prompt_of(c), &v);

	return tell_id(c, rc, v);
}

static int
queue_start(struct cmd_call *c)
{
	struct js *v = NULL;
	int rc = pick_conversation_send(c, "POST", "/queue/start", NULL, &v);

	return tell_id(c, rc, v);
}

static int
queue_edit(struct cmd_call *c)
{
	char *path = api_path("/api/messages/", c->args[0], "");
	struct js *v = NULL;
	int rc = api_send(c, "PATCH", path, prompt_of(c), &v);

	free(path);
	return tell_id(c, rc, v);
}

static int
queue_rm(struct cmd_call *c)
{
	return api_delete(c, "/api/messages/", c->args[0], "cancelled");
}

static const struct cmd_arg one[] = {
	{ .name = "CONVERSATION" },
	{ .name = NULL },
};
static const struct cmd_arg add_args[] = {
	{ .name = "CONVERSATION" },
	{ .name = "PROMPT" },
	{ .name = NULL },
};
static const struct cmd_arg edit_args[] = {
	{ .name = "MESSAGE" },
	{ .name = "PROMPT" },
	{ .name = NULL },
};
static const struct cmd_arg rm_args[] = {
	{ .name = "MESSAGE" },
	{ .name = NULL },
};

const struct cmd cmd_queue_ls = {
	.path = "queue ls",
	.args = one,
	.help = "show what waits in a conversation, in its order",
	.scope = "read",
	.run = queue_ls,
};

const struct cmd cmd_queue_add = {
	.path = "queue add",
	.args = add_args,
	.help = "have one more prompt wait",
	.scope = "full",
	.run = queue_add,
};

const struct cmd cmd_queue_edit = {
	.path = "queue edit",
	.args = edit_args,
	.help = "another prompt in place of one that waits",
	.scope = "full",
	.run = queue_edit,
};

const struct cmd cmd_queue_rm = {
	.path = "queue rm",
	.args = rm_args,
	.help = "cancel one that waits",
	.scope = "full",
	.run = queue_rm,
};

const struct cmd cmd_queue_start = {
	.path = "queue start",
	.args = one,
	.help = "let the first go on now, after a failure or a stop",
	.scope = "full",
	.run = queue_start,
};
