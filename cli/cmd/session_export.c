/* SPDX-License-Identifier: MIT */
/*
 * rdv session export: what a session's terminal has shown, with its times, as a
 * file for players. A file is either whole or not there: what breaks off in the
 * middle is removed.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/api.h"
#include "cli/cli.h"
#include "cli/cmd.h"
#include "cli/out.h"
#include "cli/pick.h"
#include "lib/buf.h"
#include "lib/js.h"

/* A first line holds a command, which may have a megabyte. */
#define LINE_MAX ((size_t)16 << 20)

struct export
{
	struct cmd_call *call;
	const char *name; /* of the file, or NULL */
	FILE *to;
	struct buf line;
	uint64_t lines;
};

/*
 * Without times rdvd says so in the first event, which players show as a mark
 * if at all.
 */
static void
tell_mark(struct export *x)
{
	char why[160];
	struct js *ev =
	    js_parse((const char *)x->line.data, x->line.len, why, sizeof(why));
	const char *code = js_text(js_at(ev, 1));

	if (code != NULL && strcmp(code, "m") == 0)
		out_note(x->call->cli, "%s", js_text(js_at(ev, 2)));
	js_free(ev);
}

static bool
take_line(struct export *x)
{
	bool good;

	x->lines++;
	if (x->lines == 2)
		tell_mark(x);
	good = buf_ok(&x->line) &&
	       fwrite(x->line.data, 1, x->line.len, x->to) == x->line.len &&
	       fputc('\n', x->to) != EOF;
	buf_reset(&x->line);
	return good;
}

/* Lines and pieces of the answer are cut in different places. */
static bool
export_cb(const char *p, size_t len, void *arg)
{
	struct export *x = arg;
	const char *nl;

	while ((nl = memchr(p, '\n', len)) != NULL) {
		buf_put(&x->line, p, (size_t)(nl - p));
		if (!take_line(x))
			return false;
		len -= (size_t)(nl - p) + 1;
		p = nl + 1;
	}
	buf_put(&x->line, p, len);
	return true;
}

static char *
target(struct cmd_call *c, const char *run)
{
	char tail[64] = "/cast";

	if (cmd_flag(c, "idle-limit"))
		(void)snprintf(tail, sizeof(tail), "/cast?idle_limit=%lld",
		    (long long)cmd_number(c, "idle-limit", 0));
	return api_path("/api/runs/", run, tail);
}

static int
fetch(struct export *x, const char *run)
{
	char *path = target(x->call, run);
	struct api_stream s = {
		.target = path, .accept = "*/*", .sink = export_cb, .arg = x
	};
	int rc;

	buf_init(&x->line, LINE_MAX);
	rc = api_stream(x->call, &s);
	if (rc == CMD_UNREACHABLE && s.begun)
		rc = api_unreachable(x->call, 0, "it ended in the middle");
	buf_done(&x->line);
	free(path);
	return rc;
}

static int
cannot_write(const struct export *x, int err)
{
	out_error(x->call->cli, "CANNOT_WRITE", "cannot write %s: %s", x->name,
	    strerror(err));
	return CMD_FAILED;
}

/* It may hold secrets, and what is there already is not ours to replace. */
static int
fetch_file(struct export *x, const char *run)
{
	int fd = open(x->name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	int rc;

	x->to = fd >= 0 ? fdopen(fd, "w") : NULL;
	if (x->to == NULL)
		return cannot_write(x, errno);
	rc = fetch(x, run);
	errno = 0;
	if (ferror(x->to) != 0 || fflush(x->to) != 0)
		rc = cannot_write(x, errno != 0 ? errno : ENOSPC);
	(void)fclose(x->to);
	if (rc != CMD_OK)
		(void)unlink(x->name);
	return rc;
}

static int
export_run(struct cmd_call *c, const char *run)
{
	struct export x = { .call = c, .name = c->args[1], .to = stdout };

	if (x.name != NULL && strcmp(x.name, "-") != 0)
		return fetch_file(&x, run);
	/* JSON has no escape sequence in it, but says nothing to a person. */
	if (isatty(STDOUT_FILENO)) {
		out_error(c->cli, "INVALID_ARGUMENT",
		    "a recording is for a player: name a file, or \"-\" and "
		    "where it goes");
		return CMD_USAGE;
	}
	return fetch(&x, run);
}

static int
session_export(struct cmd_call *c)
{
	struct js *v = NULL;
	const char *run = cmd_value(c, "run");
	int rc;

	if (run != NULL)
		return export_run(c, run);
	rc = pick_session_get(c, "", &v);
	run = js_str(js_get(v, "run"), "id", NULL);
	if (rc == CMD_OK && run != NULL) {
		rc = export_run(c, run);
	} else if (rc == CMD_OK) {
		out_error(c->cli, "INVALID_STATE", "the session never ran");
		rc = CMD_FAILED;
	}
	js_free(v);
	return rc;
}

static const struct cmd_arg args[] = {
	{ .name = "SESSION", .word = CMD_SESSION },
	{ .name = "FILE", .optional = true },
	{ .name = NULL },
};

static const struct cmd_opt opts[] = {
	{ .name = "cast",
	    .help = "as asciicast v2, which is the one there is" },
	{ .name = "idle-limit",
	    .letter = 'i',
	    .arg = "SECONDS",
	    .min = 1,
	    .max = 86400,
	    .help = "players shorten every pause to so much" },
	{ .name = "run",
	    .arg = "ID",
	    .help = "an earlier run of the session; default the newest" },
	{ .name = NULL },
};

const struct cmd cmd_session_export = {
	.path = "session export",
	.args = args,
	.opts = opts,
	.help = "write what a session has shown to a file for players",
	.doc = "It is there for every terminal, at any time, also when the "
	       "session has ended. What was typed is in it only as far as the "
	       "program has shown it. FILE must not exist; without one it goes "
	       "to standard output. Play it with \"asciinema play FILE\".",
	.scope = "read",
	.run = session_export,
};
