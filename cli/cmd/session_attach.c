/* SPDX-License-Identifier: MIT */
/*
 * rdv attach: this terminal becomes a view of a session's terminal, by its name
 * or by a link that its owner has made.
 */
#include <stdlib.h>
#include <string.h>

#include "cli/api.h"
#include "cli/attach.h"
#include "cli/cli.h"
#include "cli/cmd.h"
#include "cli/link.h"
#include "cli/linkask.h"
#include "cli/out.h"
#include "cli/pick.h"
#include "lib/buf.h"
#include "lib/err.h"
#include "lib/js.h"
#include "lib/secret.h"
#include "lib/xalloc.h"

#define NAMED	4
#define OPEN_MS 10000 /* what one waits for a link to be exchanged */

/*
 * In one line, before the terminal becomes a view: who else looks. A label is
 * somebody's text, which out_note() escapes.
 */
static void
note_others(struct cmd_call *c, const struct js *session)
{
	char *path =
	    api_path("/api/sessions/", js_str(session, "id", ""), "/viewers");
	const struct js *v;
	struct buf line;
	struct js *o;
	char why[512];
	int64_t total, i;

	if (!c->cli->json && api_try(c, path, &o, why, sizeof(why)) == 0) {
		total = js_int(o, "total", 0);
		buf_init(&line, 1024);
		for (i = 0; i < total && i < NAMED; i++) {
			v = js_at(js_get(o, "viewers"), (size_t)i);
			buf_printf(&line, "%s%s (%s%s)", i > 0 ? ", " : "",
			    js_str(v, "name", "?"),
			    js_bool(v, "guest", false) ? "link, " : "",
			    js_str(v, "mode", "?"));
		}
		if (total > NAMED)
			buf_printf(&line, " and %lld more",
			    (long long)(total - NAMED));
		if (total > 0)
			out_note(c->cli, "also here: %s", buf_cstr(&line));
		buf_done(&line);
		js_free(o);
	}
	free(path);
}

static int
attach_by_name(struct cmd_call *c, struct attach_conf *conf)
{
	struct js *session = NULL;
	int rc = pick_session_get(c, "", &session);

	if (rc == CMD_OK) {
		note_others(c, session);
		conf->session = session;
		rc = attach_run(conf);
	}
	js_free(session);
	return rc;
}

/* Whose it is may be anybody; what he calls things, out_note() escapes. */
static int
attach_opened(const struct js *o, struct attach_conf *conf)
{
	struct js *session = js_object();
	int rc;

	js_add_str(session, "id", js_str(o, "session_id", NULL));
	js_add_str(session, "name", js_str(o, "name", "?"));
	js_add_str(session, "status", "active");
	conf->session = session;
	conf->ticket = js_str(o, "token", NULL);
	if (strcmp(js_str(o, "mode", "read"), "write") != 0)
		conf->read_only = true;
	out_note(conf->call->cli, "by a link to the terminal of %s",
	    js_str(o, "owner", "?"));
	rc = attach_run(conf);
	js_free(session);
	return rc;
}

static int
attach_by_link(struct cmd_call *c, const char *text, struct attach_conf *conf)
{
	struct link link;
	struct js *o;
	char why[512];
	int rc = link_parse(&link, text, why, sizeof(why));

	if (rc != 0) {
		out_error(c->cli, "INVALID_LINK", "%s", why);
		return CMD_FAILED;
	}
	rc = link_open(&link, OPEN_MS, &o, why, sizeof(why));
	if (rc == 0) {
		conf->link = &link;
		rc = attach_opened(o, conf);
		conf->link = NULL;
		js_free(o);
	} else {
		out_error(c->cli,
		    rc == RDV_E_NOT_FOUND     ? "NOT_FOUND"
		    : rc == RDV_E_UNAVAILABLE ? "UNREACHABLE"
					      : "REFUSED",
		    "%s", why);
		rc = rc == RDV_E_UNAVAILABLE ? CMD_UNREACHABLE : CMD_FAILED;
	}
	link_done(&link);
	return rc;
}

/* What others on this host see of our command line ends before the secret. */
static char *
take_secretly(struct cmd_call *c)
{
	char *word = (char *)(uintptr_t)c->args[0];
	char *text = xstrdup(word);

	word += strcspn(word, "#");
	secret_wipe(word, strlen(word));
	return text;
}

static int
session_attach(struct cmd_call *c)
{
	const char *size = cmd_value(c, "size");
	const bool asked = cmd_value(c, "link") != NULL;
	const bool by_link = asked || (c->nargs > 0 && link_like(c->args[0]));
	struct attach_conf conf = { .call = c,
		.read_only = cmd_flag(c, "read-only"),
		.exit_code = cmd_flag(c, "exit-code"),
		.follow = size != NULL ? strcmp(size, "follow") == 0 : by_link,
		.patience_ms = 1000 * (unsigned)cmd_number(c, "patience", 0) };
	char *text, why[160];
	int rc;

	if (asked == (c->nargs > 0)) {
		out_error(c->cli, "INVALID_ARGUMENT",
		    "one of these is wanted: SESSION, LINK or --link -");
		return CMD_USAGE;
	}
	if (!by_link)
		return attach_by_name(c, &conf);
	if (asked && linkask(&text, why, sizeof(why)) != 0) {
		out_error(c->cli, "INVALID_LINK", "%s", why);
		return CMD_FAILED;
	}
	if (!asked)
		text = take_secretly(c);
	rc = attach_by_link(c, text, &conf);
	secret_free(text, strlen(text));
	return rc;
}

static const struct cmd_arg args[] = {
	{ .name = "SESSION|LINK", .word = CMD_SESSION, .optional = true },
	{ .name = NULL },
};

static const struct cmd_opt opts[] = {
	{ .name = "read-only", .letter = 'r', .help = "look, but do not type" },
	{ .name = "link",
	    .arg = "-",
	    .words = "-",
	    .help = "a link is read from standard input, or asked for: in no "
		    "command line and no history" },
	{ .name = "size",
	    .arg = "HOW",
	    .words = "follow|own",
	    .help = "own: the session takes the size of this terminal, the "
		    "default; follow: it keeps its own, the default by a "
		    "link" },
	{ .name = "patience",
	    .arg = "SECONDS",
	    .min = 1,
	    .max = 86400,
	    .help = "give up when rdvd is away for longer; default 60" },
	{ .name = "exit-code",
	    .help = "end with the program's exit status when it ends" },
	{ .name = NULL },
};

const struct cmd cmd_session_attach = {
	.path = "session attach",
	.alias = "attach",
	.args = args,
	.opts = opts,
	.help = "join a session from this terminal",
	.doc = "Detach with Ctrl-\\ pressed twice; the program goes on. The "
	       "screen is shown at once; what was here moves up. When "
	       "rdvd restarts, the view comes back by itself and goes on at "
	       "its byte, or with the screen when that is far. A terminal "
	       "that is slower than the program is shown the screen now and "
	       "then, so that keys keep their effect. With --size follow "
	       "a session larger than the terminal is shown in part, where "
	       "its cursor is, and a smaller one in the corner; mice are off "
	       "then. "
	       "A link that somebody made with rdv share, "
	       "http://127.0.0.1:PORT/s/#..., joins that terminal as a page "
	       "would, typing only if it may; its rdv has to be on this "
	       "host, or its port (ssh -L). Who has a link has the terminal, "
	       "so rather than as an argument give it to --link -. "
	       "Exit status 0 after detaching or when the program "
	       "ended; with --exit-code that of the program (128 + N after "
	       "signal N); 3 when rdvd did not come back. With --json one "
	       "object at the end.",
	.scope = "run",
	.run = session_attach,
};
