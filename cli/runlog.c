/* SPDX-License-Identifier: MIT */
/*
 * The log of a run, read to its end. Invariant: no byte is printed twice and
 * none is left out, however often rdvd goes away meanwhile; and a status comes
 * back only when rdvd has said how the run ended, never because a stream did.
 */
#include "cli/runlog.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/api.h"
#include "cli/cli.h"
#include "cli/cmd.h"
#include "cli/out.h"
#include "lib/buf.h"
#include "lib/clock.h"
#include "lib/err.h"
#include "lib/js.h"
#include "lib/str.h"

/* A line is base64 of 32 KB and a little (daemon/api/runs.c). */
#define LINE_MAX    ((size_t)128 << 10)
#define DATA_MAX    ((size_t)64 << 10)
#define PATIENCE_MS 60000
#define PAUSE_MS    100

struct reading {
	struct cmd_call *call;
	struct buf line;
	bool follow;
	int64_t since;
	bool bad;	/* what came is no log */
	struct js *end; /* what was said of the end, or NULL */
	/* Half of a character that a terminal could take for an order. */
	bool held[2];
};

/* To a terminal what it could obey is escaped, line by line. */
static void
put_shown(struct reading *r, FILE *f, char *p, size_t len)
{
	bool *held = &r->held[f == stderr];
	char *nl, text[2] = { '\xc2', '\0' };

	/* With the byte behind it, it is judged; before that it is kept. */
	if (*held && len > 0 && (unsigned char)p[0] >= 0xa0)
		out_text_to(f, text, false);
	else if (*held && len > 0)
		(void)fputs("\\xc2", f);
	*held = len > 0 && p[len - 1] == '\xc2';
	len -= *held;
	for (size_t i = 0; i < len; i++)
		if (p[i] == '\0')
			p[i] = ' ';
	p[len] = '\0';
	while ((nl = strchr(p, '\n')) != NULL) {
		*nl = '\0';
		if (nl > p && nl[-1] == '\r')
			nl[-1] = '\0';
		out_text_to(f, p, true);
		(void)putc('\n', f);
		p = nl + 1;
	}
	out_text_to(f, p, true);
}

static bool
put(struct reading *r, const struct js *v)
{
	FILE *f =
	    strcmp(js_str(v, "stream", ""), "stdout") == 0 ? stdout : stderr;
	char data[DATA_MAX + 1];
	size_t n;

	if (!str_unbase64(data, DATA_MAX, &n, js_str(v, "data", "")))
		return false;
	r->since = js_int(v, "offset", r->since) + (int64_t)n;
	if (r->call->cli->json)
		out_json_line(v);
	else if (isatty(fileno(f)) != 0)
		put_shown(r, f, data, n);
	else
		(void)fwrite(data, 1, n, f);
	return true;
}

static bool
take_line(struct reading *r)
{
	char why[160];
	struct js *v;

	if (r->line.len == 0)
		return true; /* a heartbeat */
	v = js_parse((const char *)r->line.data, r->line.len, why, sizeof(why));
	if (v != NULL && js_bool(v, "end", false)) {
		if (r->call->cli->json)
			out_json_line(v);
		r->end = v;
	} else {
		r->bad = v == NULL || !put(r, v);
		js_free(v);
	}
	buf_reset(&r->line);
	return !r->bad && r->end == NULL && fflush(stdout) == 0;
}

static bool
runlog_cb(const char *p, size_t len, void *arg)
{
	struct reading *r = arg;

	for (size_t i = 0; i < len; i++) {
		if (p[i] != '\n')
			buf_put_u8(&r->line, (uint8_t)p[i]);
		else if (!take_line(r))
			return false;
	}
	r->bad = r->bad || !buf_ok(&r->line);
	return !r->bad;
}

/* One stream, from where the last one ended. */
static int
read_once(struct reading *r, const char *path, struct api_stream *s)
{
	char target[256];

	(void)snprintf(target, sizeof(target), "%s?since=%lld&follow=%s", path,
	    (long long)r->since, r->follow ? "true" : "false");
	s->target = target;
	buf_reset(&r->line);
	return api_stream(r->call, s);
}

/* Until its end was told, or all that there was; or rdvd is gone for good. */
static int
read_all(struct reading *r, const char *path)
{
	struct api_stream s = {
		.accept = "application/x-ndjson", .sink = runlog_cb, .arg = r
	};
	int64_t lost = clock_mono_ms();
	int rc;

	for (;;) {
		rc = read_once(r, path, &s);
		if (s.begun)
			lost = clock_mono_ms();
		if (r->end != NULL || r->bad || ferror(stdout) != 0 ||
		    (rc == CMD_OK && !r->follow))
			return CMD_OK;
		if (rc == CMD_FAILED || (!s.begun && !s.quiet))
			return rc;
		if (clock_mono_ms() - lost > PATIENCE_MS)
			return api_unreachable(r->call, RDV_E_UNAVAILABLE,
			    "it is gone");
		s.quiet = true;
		(void)poll(NULL, 0, PAUSE_MS);
	}
}

/* As the program's own, where it has one. */
static int
status_of(const struct reading *r)
{
	const int64_t code = js_int(r->end, "exit_code", -1);
	const int64_t sig = js_int(r->end, "signal", -1);
	const char *state = js_str(r->end, "state", "?");

	if (strcmp(state, "completed") != 0 &&
	    js_str(r->end, "cause", NULL) != NULL)
		out_note(r->call->cli, "%s: %s", state,
		    js_str(r->end, "cause", ""));
	if (sig >= 0)
		return CMD_PROGRAM + 128 + (int)sig;
	if (code >= 0)
		return CMD_PROGRAM + (int)(code & 255);
	return strcmp(state, "completed") == 0 ? CMD_OK : CMD_FAILED;
}

int
runlog_print(struct cmd_call *c, const char *run_id, bool follow, int64_t since)
{
	struct reading r = { .call = c, .follow = follow, .since = since };
	char *path = api_path("/api/runs/", run_id, "/log");
	int rc;

	buf_init(&r.line, LINE_MAX);
	rc = read_all(&r, path);
	if (r.bad) {
		out_error(c->cli, "BAD_ANSWER", "rdvd sent no log");
		rc = CMD_FAILED;
	} else if (rc == CMD_OK && follow && r.end != NULL) {
		rc = status_of(&r);
	} else if (rc == CMD_OK && follow) {
		rc = CMD_FAILED; /* nobody takes it */
	}
	js_free(r.end);
	buf_done(&r.line);
	free(path);
	return rc;
}
