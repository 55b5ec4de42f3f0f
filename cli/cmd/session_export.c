/* SPDX-License-Identifier: MIT */
/*
 * rdv session export: what a session's terminal has shown, with its times, as a
 * file for players. Words are taken out of it here and not in rdvd: they are
 * secrets, and no business of the daemon. A file is either whole or not there:
 * what breaks off in the middle is removed.
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
#include "cli/lines.h"
#include "cli/out.h"
#include "cli/pick.h"
#include "cli/redact.h"
#include "lib/buf.h"
#include "lib/err.h"
#include "lib/js.h"
#include "lib/secret.h"

/* A first line holds a command, which may have a megabyte. */
#define LINE_BYTES ((size_t)16 << 20)
/* Of what redaction has held back, each byte can become six. */
#define OUT_MAX ((size_t)128 << 20)

struct export
{
	struct cmd_call *call;
	const char *name; /* of the file, or NULL */
	FILE *to;
	struct redact *redact; /* NULL: all of it */
	struct buf line, out;
	uint64_t lines;
	bool bad; /* it was no recording */
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

/* False: nobody can take any more of it. */
static bool
put(struct export *x, const struct buf *b)
{
	return fwrite(b->data, 1, b->len, x->to) == b->len;
}

static bool
put_redacted(struct export *x)
{
	buf_reset(&x->out);
	if (!redact_line(x->redact, (const char *)x->line.data, x->line.len,
		&x->out) ||
	    !buf_ok(&x->out)) {
		x->bad = true;
		return false;
	}
	return put(x, &x->out);
}

static bool
take_line_cb(void *arg)
{
	struct export *x = arg;
	bool good;

	x->lines++;
	if (x->lines == 2)
		tell_mark(x);
	x->bad = !buf_ok(&x->line);
	if (x->bad)
		return false;
	if (x->redact != NULL) {
		good = put_redacted(x);
	} else {
		buf_put_u8(&x->line, '\n');
		good = put(x, &x->line);
	}
	return good;
}

static bool
export_cb(const char *p, size_t len, void *arg)
{
	struct export *x = arg;
	const bool more = lines_feed(&x->line, p, len, take_line_cb, x);

	x->bad = x->bad || !buf_ok(&x->line);
	return more;
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

/* A write that fails is seen by whoever closes the file. */
static void
finish_redacted(struct export *x)
{
	buf_reset(&x->out);
	redact_end(x->redact, &x->out);
	(void)put(x, &x->out);
	out_note(x->call->cli, "%llu places redacted",
	    (unsigned long long)redact_count(x->redact));
}

static int
fetch(struct export *x, const char *run)
{
	char *path = target(x->call, run);
	struct api_stream s = {
		.target = path, .accept = "*/*", .sink = export_cb, .arg = x
	};
	int rc;

	buf_init(&x->line, LINE_BYTES);
	buf_init(&x->out, OUT_MAX);
	rc = api_stream(x->call, &s);
	if (rc == CMD_UNREACHABLE && s.begun)
		rc = api_unreachable(x->call, 0, "it ended in the middle");
	if (x->bad) {
		out_error(x->call->cli, "BAD_ANSWER", "rdvd sent no recording");
		rc = CMD_FAILED;
	}
	if (rc == CMD_OK && x->redact != NULL)
		finish_redacted(x);
	buf_done(&x->line);
	buf_done(&x->out);
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
export_run(struct export *x, const char *run)
{
	x->name = x->call->args[1];
	x->to = stdout;
	if (x->name != NULL && strcmp(x->name, "-") != 0)
		return fetch_file(x, run);
	/* JSON has no escape sequence in it, but says nothing to a person. */
	if (isatty(STDOUT_FILENO)) {
		out_error(x->call->cli, "INVALID_ARGUMENT",
		    "a recording is for a player: name a file, or send the "
		    "output somewhere");
		return CMD_USAGE;
	}
	return fetch(x, run);
}

static int
add_text(struct export *x, const char *word, size_t len)
{
	if (redact_add(x->redact, word, len) == 0)
		return CMD_OK;
	out_error(x->call->cli, "INVALID_ARGUMENT",
	    "a text to redact is empty or no UTF-8");
	return CMD_USAGE;
}

static int
add_word(struct export *x, const char *word)
{
	return add_text(x, word, strlen(word));
}

static int
add_glob(struct export *x, const char *text)
{
	const int err = redact_add_glob(x->redact, text);

	if (err == 0)
		return CMD_OK;
	out_error(x->call->cli, "INVALID_ARGUMENT", "%s: %s", text,
	    err == RDV_E_TOO_BIG ? "a pattern has 512 bytes at most, and 16 "
				   "pieces between stars"
				 : "a pattern has something beside stars, is "
				   "of one line, and UTF-8");
	return CMD_USAGE;
}

static int
add_file(struct export *x, const char *name)
{
	FILE *f = fopen(name, "re");
	char *line = NULL;
	size_t room = 0;
	ssize_t n;
	int rc = CMD_OK;

	errno = f != NULL ? 0 : errno;
	while (f != NULL && rc == CMD_OK &&
	       (n = getline(&line, &room, f)) >= 0) {
		n -= n > 0 && line[n - 1] == '\n';
		if (n > 0)
			rc = add_text(x, line, (size_t)n);
	}
	if (f == NULL || ferror(f) != 0) {
		out_error(x->call->cli, "CANNOT_READ", "cannot read %s: %s",
		    name, strerror(errno));
		rc = CMD_FAILED;
	}
	secret_free(line, room);
	if (f != NULL)
		(void)fclose(f);
	return rc;
}

/* What is to be taken out, from the options. */
static int
add_all(struct export *x)
{
	static const struct {
		const char *option;
		int (*add)(struct export *x, const char *value);
	} ways[] = { { "redact", add_word }, { "redact-glob", add_glob },
		{ "redact-file", add_file } };
	const char *value;
	int rc = CMD_OK;

	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		if (cmd_flag(x->call, ways[i].option) && x->redact == NULL)
			x->redact = redact_new();
		for (unsigned n = 0; rc == CMD_OK; n++) {
			value = cmd_nth(x->call, ways[i].option, n);
			if (value == NULL)
				break;
			rc = ways[i].add(x, value);
		}
	}
	return rc;
}

static int
export_newest(struct export *x)
{
	struct js *v = NULL;
	int rc = pick_session_get(x->call, "", &v);
	const char *run = js_str(js_get(v, "run"), "id", NULL);

	if (rc == CMD_OK && run != NULL) {
		rc = export_run(x, run);
	} else if (rc == CMD_OK) {
		out_error(x->call->cli, "INVALID_STATE",
		    "the session never ran");
		rc = CMD_FAILED;
	}
	js_free(v);
	return rc;
}

static int
session_export(struct cmd_call *c)
{
	struct export x = { .call = c };
	int rc = add_all(&x);

	if (rc == CMD_OK && cmd_flag(c, "run"))
		rc = export_run(&x, cmd_value(c, "run"));
	else if (rc == CMD_OK)
		rc = export_newest(&x);
	redact_free(x.redact);
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
	{ .name = "redact",
	    .arg = "TEXT",
	    .many = true,
	    .help = "put stars for TEXT, also across events and colours" },
	{ .name = "redact-file",
	    .arg = "FILE",
	    .many = true,
	    .help = "the same for each line of FILE, which ps(1) does not "
		    "show" },
	{ .name = "redact-glob",
	    .arg = "PATTERN",
	    .many = true,
	    .help = "the same for what it means: * is any part of a line" },
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
	       "to standard output. Play it with \"asciinema play FILE\". "
	       "In a PATTERN a * between two texts is as little as does, and "
	       "one at its end all that follows in the line: 'password: *', "
	       "'\"token\": \"*\"'. Colours are passed over. A * at the end "
	       "goes on to the next line feed, or to where the program sets "
	       "the cursor to another line, and over CR and what moves in "
	       "the line; any other * ends at every control but a tab. "
	       "Redaction finds what was written in one "
	       "piece; a program that draws it "
	       "here and there, or writes it otherwise, has to be looked for "
	       "by eye.",
	.scope = "read",
	.run = session_export,
};
