/* SPDX-License-Identifier: MIT */
/*
 * rdv worktree watch: what differs in a worktree, and what becomes of it, a
 * line for each file that changes. Nothing is kept here: each line is what the
 * server has just said.
 */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/api.h"
#include "cli/cli.h"
#include "cli/cmd.h"
#include "cli/lines.h"
#include "cli/out.h"
#include "cli/pick.h"
#include "lib/buf.h"
#include "lib/js.h"
#include "lib/str.h"
#include "lib/xalloc.h"

#define TARGET_MAX 65536
#define LINE_BYTES ((size_t)4 << 20)

struct watching {
	struct cmd_call *c;
	struct buf line;
	bool bad, finished;
};

static const struct out_col cols[] = {
	{ "", "status", OUT_TEXT },
	{ "", "added", OUT_NUMBER },
	{ "", "removed", OUT_NUMBER },
	{ "", "path", OUT_TEXT },
	{ "", "old_path", OUT_TEXT },
	{ NULL, NULL, OUT_TEXT },
};

/* RFC 6901, of what stands behind "/entries/"; freed by the caller. */
static char *
name_of(const char *pointer)
{
	char *name = xstrdup(pointer), *to = name;

	for (const char *p = pointer; *p != '\0'; p++) {
		if (p[0] == '~' && (p[1] == '0' || p[1] == '1'))
			*to++ = *++p == '0' ? '~' : '/';
		else
			*to++ = *p;
	}
	*to = '\0';
	return name;
}

static void
print_same(const struct watching *w, const char *pointer)
{
	struct js *row = js_object();
	char *name = name_of(pointer);

	js_add_str(row, "status", "same");
	js_add_str(row, "path", name);
	out_row(w->c->cli, cols, row);
	js_free(row);
	free(name);
}

static void
print_totals(const struct watching *w, const struct js *stat)
{
	out_note(w->c->cli, "%lld files, %lld lines added, %lld removed%s",
	    (long long)js_int(stat, "files", 0),
	    (long long)js_int(stat, "added", 0),
	    (long long)js_int(stat, "removed", 0),
	    js_bool(stat, "truncated", false) ? " (not all are told)" : "");
}

static void
print_op(const struct watching *w, const struct js *op)
{
	static const char entries[] = "/entries/";
	const char *at = js_str(op, "path", ""), *key;
	struct js *value = js_get(op, "value"), *file;

	if (strcmp(at, "/stat") == 0)
		print_totals(w, value);
	else if (strcmp(at, "/entries") == 0)
		for (size_t i = 0; js_member(value, i, &key, &file); i++)
			out_row(w->c->cli, cols, file);
	else if (str_starts(at, entries) && value != NULL)
		out_row(w->c->cli, cols, value);
	else if (str_starts(at, entries))
		print_same(w, at + strlen(entries));
}

/* Flushed per message: the reader may be a pipe that waits for this one. */
static bool
take_line_cb(void *arg)
{
	struct watching *w = arg;
	const struct js *patch;
	char why[160];
	struct js *v;

	if (w->line.len == 0)
		return true; /* a heartbeat */
	v = js_parse((const char *)w->line.data, w->line.len, why, sizeof(why));
	if (v == NULL || !buf_ok(&w->line)) {
		w->bad = true;
		return false;
	}
	patch = js_get(v, "JsonPatch");
	w->finished = w->finished || js_bool(v, "finished", false);
	if (w->c->cli->json)
		out_json_line(v);
	else
		for (size_t i = 0; i < js_len(patch); i++)
			print_op(w, js_at(patch, i));
	js_free(v);
	return fflush(stdout) == 0;
}

static bool
watch_sink(const char *p, size_t len, void *arg)
{
	struct watching *w = arg;

	return lines_feed(&w->line, p, len, take_line_cb, w);
}

static int
follow(struct watching *w, const char *path)
{
	struct api_stream s = {
		.accept = "application/x-ndjson", .sink = watch_sink, .arg = w
	};
	struct buf target;
	int rc;

	buf_init(&target, TARGET_MAX);
	buf_put_text(&target, "/api/worktrees/diff/stream");
	api_query(&target, "worktree_path", path);
	api_query(&target, "base", cmd_value(w->c, "base"));
	s.target = buf_cstr(&target);
	rc = api_stream(w->c, &s);
	buf_done(&target);
	if (w->bad)
		out_error(w->c->cli, "BAD_ANSWER", "rdvd sent no patch");
	else if (w->finished)
		out_error(w->c->cli, "FINISHED", "%s can be followed no more",
		    path);
	else if (s.begun && ferror(stdout) == 0)
		out_error(w->c->cli, "UNREACHABLE", "rdvd is gone");
	return w->bad || w->finished ? CMD_FAILED : rc;
}

static int
worktree_watch(struct cmd_call *c)
{
	struct watching w = { .c = c };
	char path[PATH_MAX];
	int rc;

	if (pick_path(c, c->args[0], path) != CMD_OK)
		return CMD_FAILED;
	buf_init(&w.line, LINE_BYTES);
	rc = follow(&w, path);
	buf_done(&w.line);
	return rc;
}

static const struct cmd_opt opts[] = {
	{ .name = "base",
	    .arg = "REF",
	    .help = "with where the branch has parted from REF" },
	{ .name = NULL },
};
static const struct cmd_arg args[] = {
	{ .name = "PATH", .word = CMD_DIR, .optional = true },
	{ .name = NULL },
};

const struct cmd cmd_worktree_watch = {
	.path = "worktree watch",
	.args = args,
	.opts = opts,
	.help = "show what differs in a worktree, and go on with each change",
	.doc = "A line for each file that changes: what it is now, lines added "
	       "and removed, its name; \"same\" when it differs no more. With "
	       "--json each line is a message of the stream (JSON Patch).",
	.scope = "read",
	.run = worktree_watch,
};
