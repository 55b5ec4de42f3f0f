/* SPDX-License-Identifier: MIT */
/*
 * rdv attach: this terminal becomes a view of a session's terminal.
 */
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

#define NAMED 4

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
session_attach(struct cmd_call *c)
{
	const char *size = cmd_value(c, "size");
	struct attach_conf conf = { .call = c,
		.read_only = cmd_flag(c, "read-only"),
		.exit_code = cmd_flag(c, "exit-code"),
		.follow = size != NULL && strcmp(size, "follow") == 0,
		.patience_ms = 1000 * (unsigned)cmd_number(c, "patience", 0) };
	struct js *session = NULL;
	int rc = pick_session_get(c, "", &session);

	if (rc == CMD_OK) {
		note_others(c, session);
		conf.session = session;
		rc = attach_run(&conf);
	}
	js_free(session);
	return rc;
}

static const struct cmd_arg args[] = {
	{ .name = "SESSION", .word = CMD_SESSION },
	{ .name = NULL },
};

static const struct cmd_opt opts[] = {
	{ .name = "read-only", .letter = 'r', .help = "look, but do not type" },
	{ .name = "size",
	    .arg = "HOW",
	    .words = "follow|own",
	    .help = "own: the session takes the size of this terminal, the "
		    "default; follow: it keeps its own" },
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
	       "then, so that keys keep their effect. Who follows a "
	       "session larger than the terminal is told; its lines wrap. "
	       "Exit status 0 after detaching or when the program "
	       "ended; with --exit-code that of the program (128 + N after "
	       "signal N); 3 when rdvd did not come back. With --json one "
	       "object at the end.",
	.scope = "run",
	.run = session_attach,
};
