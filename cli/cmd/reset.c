/* SPDX-License-Identifier: MIT */
/*
 * rdv reset: a conversation and its repositories back to before a turn, which
 * is named by itself or by its agent's run.
 */
#include <stdlib.h>

#include "cli/api.h"
#include "cli/cli.h"
#include "cli/cmd.h"
#include "cli/out.h"
#include "cli/pick.h"
#include "cli/tell.h"
#include "lib/js.h"
#include "lib/str.h"
#include "lib/xalloc.h"

struct found {
	char *turn, *conversation;
	size_t n;
};

static void
take(struct found *f, const struct js *turn)
{
	if (f->n++ > 0)
		return;
	f->turn = xstrdup(js_str(turn, "id", ""));
	f->conversation = xstrdup(js_str(turn, "conversation_id", ""));
}

/* One that a turn's id, or its agent's run's, begins with. */
static int
search(struct cmd_call *c, const char *conversation, struct found *f)
{
	char *path =
	    api_path("/api/conversations/", conversation, "/turns?limit=1000");
	const struct js *items;
	struct js *v = NULL;
	int rc = api_get(c, path, &v);

	free(path);
	items = rc == CMD_OK ? js_get(v, "items") : NULL;
	for (size_t i = 0; i < js_len(items); i++) {
		const struct js *t = js_at(items, i);

		if (str_starts(js_str(t, "id", ""), c->args[0]) ||
		    str_starts(js_str(t, "run_id", ""), c->args[0]))
			take(f, t);
	}
	js_free(v);
	return rc;
}

/* A whole id of a turn needs no search. */
static bool
is_turn(struct cmd_call *c, struct found *f)
{
	char *path = api_path("/api/turns/", c->args[0], ""), why[256];
	struct js *v = NULL;

	if (api_try(c, path, &v, why, sizeof(why)) == 0)
		take(f, v);
	js_free(v);
	free(path);
	return f->n > 0;
}

static int
find(struct cmd_call *c, struct found *f)
{
	const struct js *items;
	struct js *v = NULL;
	int rc;

	if (is_turn(c, f))
		return CMD_OK;
	rc = api_get(c, "/api/conversations?limit=1000", &v);
	items = rc == CMD_OK ? js_get(v, "items") : NULL;
	for (size_t i = 0; rc == CMD_OK && i < js_len(items); i++)
		rc = search(c, js_str(js_at(items, i), "id", ""), f);
	js_free(v);
	if (rc != CMD_OK || f->n == 1)
		return rc;
	out_error(c->cli, f->n == 0 ? "NOT_FOUND" : "AMBIGUOUS",
	    f->n == 0 ? "%s is no turn, and no run of an agent"
		      : "%s could be several turns; say more of it",
	    c->args[0]);
	return CMD_FAILED;
}

static void
tell(struct cmd_call *c, const struct js *v)
{
	const struct js *repos = js_get(v, "repos");

	if (c->cli->json) {
		out_json(v);
		return;
	}
	for (size_t i = 0; i < js_len(repos); i++) {
		const struct js *r = js_at(repos, i);
		const char *discard = js_str(r, "discard_id", NULL);

		out_note(c->cli, "%s is at %.12s; it was at %.12s",
		    js_str(r, "name", "?"), js_str(r, "to_head", "?"),
		    js_str(r, "from_head", "?"));
		if (discard != NULL)
			out_note(c->cli,
			    "what was not committed there comes back with: "
			    "rdv worktree undiscard %s",
			    discard);
	}
	out_line(js_str(v, "id", "?"));
}

static int
reset(struct cmd_call *c)
{
	struct found f = { .n = 0 };
	struct js *body, *v = NULL;
	int rc = find(c, &f);
	char *path;

	if (rc == CMD_OK) {
		body = js_object();
		js_add_str(body, "turn_id", f.turn);
		js_add_bool(body, "force", cmd_flag(c, "force"));
		path =
		    api_path("/api/conversations/", f.conversation, "/reset");
		rc = api_send(c, "POST", path, body, &v);
		free(path);
	}
	if (rc == CMD_OK)
		tell(c, v);
	js_free(v);
	free(f.turn);
	free(f.conversation);
	return rc;
}

static int
unreset(struct cmd_call *c)
{
	struct js *v = NULL;
	int rc = pick_conversation_send(c, "POST", "/reset/undo", NULL, &v);

	return tell_id(c, rc, v);
}

static const struct cmd_arg unreset_args[] = {
	{ .name = "CONVERSATION" },
	{ .name = NULL },
};
static const struct cmd_arg args[] = {
	{ .name = "TURN" },
	{ .name = NULL },
};
static const struct cmd_opt opts[] = {
	{ .name = "force",
	    .help = "discard what is not committed, so that it can be "
		    "restored" },
	{ .name = NULL },
};

const struct cmd cmd_reset = {
	.path = "reset",
	.args = args,
	.opts = opts,
	.help = "take a conversation back to before a turn or run",
	.doc = "What is at work is stopped first. Commits that a branch leaves "
	       "are still to be found as refs/rdv/rescue/... of the "
	       "repository.",
	.scope = "full",
	.run = reset,
};

const struct cmd cmd_unreset = {
	.path = "unreset",
	.args = unreset_args,
	.help = "take the last reset of a conversation back",
	.doc = "Only while no turn has begun since, and nothing has been "
	       "changed. What was discarded comes back with rdv worktree "
	       "undiscard.",
	.scope = "full",
	.run = unreset,
};
