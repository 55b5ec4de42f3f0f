/* SPDX-License-Identifier: MIT */
/*
 * rdv session scrollback: what a session has written. --all reads the log of
 * the run as it is stored; unless --raw is given, everything that would act on
 * a terminal is taken out (abuse J01, J02), here for the log and in rdvd for
 * lines. --grep asks page by page, however large the log is.
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
#include "lib/xalloc.h"

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

/* What one answer has at most (docs/http-api.md). */
#define PAGE 1000

/* Pages of hits, newest first, as rdvd gives them. */
struct pages {
	struct js **page;
	size_t n;
	int64_t hits, next; /* next: where to go on; -1: nowhere */
};

static int
next_page(const struct cmd_call *c, const char *id, struct pages *p,
    int64_t want)
{
	struct buf target;
	struct js *v = NULL;
	int rc;

	buf_init(&target, 4096);
	buf_printf(&target,
	    "/api/sessions/%s/scrollback?limit=%lld&context=%lld", id,
	    (long long)(want < PAGE ? want : PAGE),
	    (long long)cmd_number(c, "context", 0));
	api_query(&target, "query", cmd_value(c, "grep"));
	if (cmd_flag(c, "ignore-case"))
		buf_put_text(&target, "&ignore_case=true");
	if (p->next >= 0)
		buf_printf(&target, "&before=%lld", (long long)p->next);
	rc = api_get(c, buf_cstr(&target), &v);
	buf_done(&target);
	if (rc != CMD_OK)
		return rc;
	p->page = xreallocarray(p->page, p->n + 1, sizeof(struct js *));
	p->page[p->n++] = v;
	p->hits += (int64_t)js_len(js_get(v, "hits"));
	p->next = js_int(v, "next", -1);
	return rc;
}

static void
print_lines(const struct js *list)
{
	for (size_t i = 0; i < js_len(list); i++)
		out_line(js_text(js_at(list, i)));
}

static void
print_hit(const struct js *hit, bool is_first)
{
	const struct js *before = js_get(hit, "before");

	if (before != NULL && !is_first)
		out_line("--");
	print_lines(before);
	out_line(js_str(hit, "text", ""));
	print_lines(js_get(hit, "after"));
}

/* Oldest first, as the program wrote them. */
static void
print_pages(const struct pages *p)
{
	bool is_first = true;

	for (size_t i = p->n; i > 0; i--) {
		const struct js *hits = js_get(p->page[i - 1], "hits");

		for (size_t k = js_len(hits); k > 0; k--) {
			print_hit(js_at(hits, k - 1), is_first);
			is_first = false;
		}
	}
}

static int
grep(const struct cmd_call *c, const char *id)
{
	struct pages p = { .next = cmd_number(c, "before", -1) };
	int64_t want = cmd_number(c, "lines", 100);
	int rc;

	do {
		rc = next_page(c, id, &p, want - p.hits);
	} while (rc == CMD_OK && p.next >= 0 && p.hits < want &&
		 (!c->cli->json || p.hits == 0));
	/* Of JSON one page with hits, which says where the next begins. */
	if (rc == CMD_OK && c->cli->json)
		out_json(p.page[p.n - 1]);
	else if (rc == CMD_OK)
		print_pages(&p);
	if (rc == CMD_OK && p.hits == 0 && !c->cli->json)
		out_note(c->cli, "no line has it");
	if (rc == CMD_OK && p.hits == 0)
		rc = CMD_FAILED;
	while (p.n > 0)
		js_free(p.page[--p.n]);
	free(p.page);
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

/* What makes no sense together, or NULL. */
static const char *
clash(const struct cmd_call *c)
{
	if (cmd_flag(c, "all") && cmd_flag(c, "lines"))
		return "--all and --lines exclude each other";
	if (cmd_flag(c, "grep") && (cmd_flag(c, "all") || cmd_flag(c, "raw")))
		return "--grep excludes --all and --raw";
	if (!cmd_flag(c, "grep") &&
	    (cmd_flag(c, "ignore-case") || cmd_flag(c, "context") ||
		cmd_flag(c, "before")))
		return "--ignore-case, --context and --before are about --grep";
	return NULL;
}

static int
session_scrollback(struct cmd_call *c)
{
	const char *why = clash(c);
	char *id;
	int rc;

	if (why != NULL) {
		out_error(c->cli, "INVALID_ARGUMENT", "%s", why);
		return CMD_USAGE;
	}
	rc = pick_session(c, c->args[0], &id);
	if (rc != CMD_OK)
		return rc;
	if (cmd_flag(c, "grep"))
		rc = grep(c, id);
	else
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
	{ .name = "grep",
	    .arg = "TEXT",
	    .help = "the last N lines that have TEXT in them" },
	{ .name = "ignore-case",
	    .letter = 'i',
	    .help = "of the letters a to z, for --grep" },
	{ .name = "context",
	    .letter = 'C',
	    .arg = "N",
	    .min = 0,
	    .max = 20,
	    .help = "with N lines around each, for --grep" },
	{ .name = "before",
	    .arg = "OFFSET",
	    .min = 0,
	    .max = INT64_MAX,
	    .help = "lines before that byte, for --grep: `next` of --json" },
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
	       "time, stream and data (base64). TEXT is no pattern. With "
	       "--grep the exit status is 1 when no line has it.",
	.scope = "read",
	.run = session_scrollback,
};
