/* SPDX-License-Identifier: MIT */
/*
 * rdv tmux ls, adopt, history and kill: what tmux has beside the sessions of
 * rdv. Names are exact, and nothing is ended that was not named.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/api.h"
#include "cli/attach.h"
#include "cli/cli.h"
#include "cli/cmd.h"
#include "cli/out.h"
#include "cli/pick.h"
#include "lib/buf.h"
#include "lib/js.h"

static const struct out_col list_cols[] = {
	{ "NAME", "name", OUT_TEXT },
	{ "WINDOWS", "windows", OUT_NUMBER },
	{ "CLIENTS", "attached", OUT_NUMBER },
	{ "AGE", "created_at", OUT_AGE },
	{ "SESSION", "session_id", OUT_SHORT_ID },
	{ NULL, NULL, OUT_TEXT },
};

static const struct out_col gone_cols[] = {
	{ "SESSION", "id", OUT_SHORT_ID },
	{ "NAME", "name", OUT_TEXT },
	{ NULL, NULL, OUT_TEXT },
};

static const char *
server(const struct cmd_call *c)
{
	return cmd_flag(c, "default") ? "default" : NULL;
}

static void
tell_gone(struct cmd_call *c, const struct js *v)
{
	const struct js *gone = js_get(v, "gone");

	if (js_len(gone) == 0)
		return;
	out_note(c->cli, "these sessions have lost theirs; rdv session resume "
			 "starts one anew:");
	out_table(c->cli, gone_cols, gone, NULL);
}

static int
tmux_ls(struct cmd_call *c)
{
	struct buf target;
	struct js *v;
	int rc;

	buf_init(&target, 256);
	buf_put_text(&target, "/api/tmux/sessions");
	api_query(&target, "server", server(c));
	rc = api_get(c, buf_cstr(&target), &v);
	buf_done(&target);
	if (rc != CMD_OK)
		return rc;
	if (c->cli->json) {
		out_json(v);
	} else {
		out_table(c->cli, list_cols, js_get(v, "sessions"),
		    js_bool(v, "running", true) ? "no tmux sessions"
						: "no tmux server runs");
		tell_gone(c, v);
	}
	js_free(v);
	return rc;
}

static struct js *
body_of(const struct cmd_call *c)
{
	struct js *body = js_object();

	js_add_str(body, "name", c->args[0]);
	if (server(c) != NULL)
		js_add_str(body, "server", server(c));
	return body;
}

static void
tell_adopted(struct cmd_call *c, const struct js *session)
{
	char *hint;

	if (c->cli->json) {
		out_json(session);
		return;
	}
	out_line(js_str(session, "id", "?"));
	hint = cli_hint(c->cli, "attach", js_str(session, "id", "?"));
	out_note(c->cli, "it is a session now; join it with: %s", hint);
	free(hint);
}

static int
tmux_adopt(struct cmd_call *c)
{
	struct attach_conf conf = { .call = c };
	struct js *body = body_of(c), *session;
	int rc;

	if (cmd_value(c, "name") != NULL)
		js_add_str(body, "session_name", cmd_value(c, "name"));
	rc = api_send(c, "POST", "/api/tmux/adopt", body, &session);
	if (rc != CMD_OK)
		return rc;
	if (cmd_flag(c, "attach")) {
		conf.session = session;
		rc = attach_run(&conf);
	} else {
		tell_adopted(c, session);
	}
	js_free(session);
	return rc;
}

static int
tmux_kill(struct cmd_call *c)
{
	int rc = api_send(c, "POST", "/api/tmux/kill", body_of(c), NULL);

	if (rc == CMD_OK)
		out_note(c->cli, "%s has ended", c->args[0]);
	return rc;
}

static int
tmux_history(struct cmd_call *c)
{
	struct buf tail;
	struct js *v;
	int rc;

	buf_init(&tail, 256);
	buf_printf(&tail, "/tmux/history?lines=%lld",
	    (long long)cmd_number(c, "lines", 100));
	if (cmd_flag(c, "raw"))
		buf_put_text(&tail, "&raw=true");
	rc = pick_session_get(c, buf_cstr(&tail), &v);
	buf_done(&tail);
	if (rc != CMD_OK)
		return rc;
	if (c->cli->json)
		out_json(v);
	else
		(void)fputs(js_str(v, "content", ""), stdout);
	js_free(v);
	return rc;
}

#define DEFAULT                                                 \
	{                                                       \
		.name = "default",                              \
		.help = "your own tmux server instead of rdv's" \
	}

static const struct cmd_arg name_args[] = {
	{ .name = "NAME" },
	{ .name = NULL },
};
static const struct cmd_opt default_opts[] = { DEFAULT, { .name = NULL } };
static const struct cmd_opt adopt_opts[] = {
	DEFAULT,
	{ .name = "name",
	    .arg = "N",
	    .help = "of the new session (that of tmux)" },
	{ .name = "attach", .help = "and attach to it" },
	{ .name = NULL },
};

static const struct cmd_arg session_args[] = {
	{ .name = "SESSION", .word = CMD_SESSION },
	{ .name = NULL },
};
static const struct cmd_opt history_opts[] = {
	{ .name = "lines",
	    .arg = "N",
	    .min = 1,
	    .max = 100000,
	    .help = "so many, from the end (100)" },
	{ .name = "raw", .help = "with colours" },
	{ .name = NULL },
};

const struct cmd cmd_tmux_ls = {
	.path = "tmux ls",
	.opts = default_opts,
	.help = "list what tmux has, with the session of each",
	.doc = "rdv session new --tmux keeps a session in a tmux server of "
	       "rdv's own. One listed without a session has been made or left "
	       "there by other means: adopt it or kill it; rdv does neither by "
	       "itself.",
	.scope = "read",
	.run = tmux_ls,
};

const struct cmd cmd_tmux_adopt = {
	.path = "tmux adopt",
	.args = name_args,
	.opts = adopt_opts,
	.help = "make a tmux session a session of rdv",
	.doc = "In rdv's own server it gets the name that sessions have there "
	       "and ends with the session. In yours (--default) it keeps its "
	       "name, other clients stay, and closing the session detaches. "
	       "The id of the session is printed.",
	.scope = "full",
	.run = tmux_adopt,
};

const struct cmd cmd_tmux_history = {
	.path = "tmux history",
	.args = session_args,
	.opts = history_opts,
	.help = "print the last lines that tmux has of a session",
	.doc = "rdv scrollback has what a client of tmux was sent, which is a "
	       "drawing; the lines of the program itself are in tmux.",
	.scope = "read",
	.run = tmux_history,
};

const struct cmd cmd_tmux_kill = {
	.path = "tmux kill",
	.args = name_args,
	.opts = default_opts,
	.help = "end a tmux session that has no session here",
	.scope = "full",
	.run = tmux_kill,
};
