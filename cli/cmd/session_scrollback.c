/* SPDX-License-Identifier: MIT */
/*
 * rdv session scrollback: what a session has written. --all reads the log of
 * the run as it is stored; unless --raw is given, everything that would act on
 * a terminal is taken out (abuse J01, J02), here for the log and in rdvd for
 * lines.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/api.h"
#include "cli/cli.h"
#include "cli/cmd.h"
#include "cli/out.h"
#include "cli/pick.h"
#include "cli/vt.h"
#include "lib/buf.h"
#include "lib/js.h"

struct dump {
	struct vt *vt; /* NULL: raw */
	struct buf text;
};

/* A write that fails ends the transfer: nobody reads any more. */
static bool
dump_cb(const char *p, size_t len, void *arg)
{
	struct dump *d = arg;

	if (d->vt == NULL)
		return fwrite(p, 1, len, stdout) == len;
	buf_reset(&d->text);
	vt_feed(d->vt, p, len, &d->text);
	return fwrite(d->text.data, 1, d->text.len, stdout) == d->text.len;
}

static int
whole_log(struct cmd_call *c, const char *run)
{
	struct dump d = { .vt = NULL };
	struct api_stream s = { .sink = dump_cb,
		.arg = &d,
		.accept = c->cli->json ? "application/x-ndjson"
				       : "application/octet-stream" };
	char *path = api_path("/api/runs/", run, "/log?since=0");
	int rc;

	s.target = path;
	buf_init(&d.text, (size_t)1 << 20);
	/* JSON has the bytes in base64, where they act on nothing. */
	if (!cmd_flag(c, "raw") && !c->cli->json)
		d.vt = vt_new(VT_STRIP);
	rc = api_stream(c, &s);
	/* Half a log must not look like a whole one. */
	if (rc == CMD_UNREACHABLE && s.begun)
		rc = api_unreachable(c, 0, "it ended in the middle");
	vt_free(d.vt);
	buf_done(&d.text);
	free(path);
	return rc;
}

static int
last_lines(struct cmd_call *c, const char *id)
{
	struct js *v = NULL;
	struct buf target;
	const char *text;
	int rc;

	buf_init(&target, 4096);
	buf_printf(&target, "/api/sessions/%s/scrollback?lines=%lld", id,
	    (long long)cmd_number(c, "lines", 100));
	if (cmd_flag(c, "raw"))
		buf_put_text(&target, "&raw=true");
	rc = api_get(c, buf_cstr(&target), &v);
	if (rc == CMD_OK && c->cli->json) {
		out_json(v);
	} else if (rc == CMD_OK) {
		text = js_str(v, "content", "");
		(void)fputs(text, stdout);
		/* The prompt of a shell that waits has no end of line. */
		if (text[0] != '\0' && text[strlen(text) - 1] != '\n')
			(void)putchar('\n');
	}
	js_free(v);
	buf_done(&target);
	return rc;
}

/* The log belongs to a run; a session may have had several. */
static int
all(struct cmd_call *c, const char *id)
{
	char *path = api_path("/api/sessions/", id, "");
	const char *run;
	struct js *v = NULL;
	int rc;

	rc = api_get(c, path, &v);
	run = js_str(js_get(v, "run"), "id", NULL);
	if (rc == CMD_OK && run != NULL)
		rc = whole_log(c, run);
	else if (rc == CMD_OK)
		out_note(c->cli, "the session never ran");
	js_free(v);
	free(path);
	return rc;
}

static int
session_scrollback(struct cmd_call *c)
{
	char *id;
	int rc;

	if (cmd_flag(c, "all") && cmd_flag(c, "lines")) {
		out_error(c->cli, "INVALID_ARGUMENT",
		    "--all and --lines exclude each other");
		return CMD_USAGE;
	}
	rc = pick_session(c, c->args[0], &id);
	if (rc != CMD_OK)
		return rc;
	rc = cmd_flag(c, "all") ? all(c, id) : last_lines(c, id);
	free(id);
	return rc;
}

static const struct cmd_arg args[] = {
	{ .name = "SESSION", .word = CMD_SESSION },
	{ .name = NULL },
};

static const struct cmd_opt opts[] = {
	{ .name = "lines",
	    .letter = 'n',
	    .arg = "N",
	    .min = 1,
	    .max = 100000,
	    .help = "the last N lines (100)" },
	{ .name = "all", .help = "everything the run has written" },
	{ .name = "raw",
	    .help = "keep escape sequences, byte for byte with --all" },
	{ .name = NULL },
};

const struct cmd cmd_session_scrollback = {
	.path = "session scrollback",
	.alias = "scrollback",
	.args = args,
	.opts = opts,
	.help = "print what a session has written",
	.doc = "With --all --json the log comes as one object a line: offset, "
	       "time, stream and data (base64).",
	.scope = "read",
	.run = session_scrollback,
};
