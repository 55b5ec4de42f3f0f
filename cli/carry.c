/* SPDX-License-Identifier: MIT */
/*
 * Input is sent in pieces and each is answered; where rdvd has no room for one,
 * as the program does not read, it is sent again. Output is followed in the
 * log, and again from its next byte when the connection breaks. Invariant:
 * bytes arrive unchanged, once and in order, or that they did not is said.
 */
#include "cli/carry.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/api.h"
#include "cli/cmd.h"
#include "cli/lines.h"
#include "cli/out.h"
#include "lib/buf.h"
#include "lib/clock.h"
#include "lib/err.h"
#include "lib/js.h"
#include "lib/str.h"

#define PIECE	   16384
#define AGAIN_MS   50
#define AWAY_MS	   30000 /* rdvd may be started again meanwhile */
#define FULL	   429
#define GONE	   409
#define DATA_MAX   65536     /* of a line of the log; rdvd's are half of it */
#define LINE_BYTES (1 << 18) /* the same in base64, and the rest of it */

static struct js *
piece(const char *p, size_t len, bool eof)
{
	struct js *body = js_object();
	char text[4 * ((PIECE + 2) / 3) + 1];

	str_base64(text, p, len);
	js_add_str(body, "data", text);
	js_add_bool(body, "base64", true);
	js_add_bool(body, "eof", eof);
	return body;
}

/* GONE is no error: the program has ended, or reads no more. */
static int
send_piece(const struct cmd_call *c, const char *target, const char *p,
    size_t len, bool eof)
{
	char why[256] = "";
	int status, rc;

	do {
		rc = api_try_post(c, target, piece(p, len, eof), &status, why,
		    sizeof(why));
		if (rc == 0 && status == FULL)
			(void)poll(NULL, 0, AGAIN_MS);
	} while (rc == 0 && status == FULL);
	if (rc != 0)
		return api_unreachable(c, rc, why);
	if (status < 300)
		return CMD_OK;
	if (status != GONE)
		out_error(c->cli, "REFUSED", "input: status %d", status);
	return CMD_FAILED;
}

int
carry_input(const struct cmd_call *c, const char *session)
{
	char *target = api_path("/api/sessions/", session, "/input");
	char data[PIECE];
	int rc = CMD_OK;
	bool eof = false;
	ssize_t n;

	while (rc == CMD_OK && !eof) {
		n = read(STDIN_FILENO, data, sizeof(data));
		if (n == -1 && errno == EINTR)
			continue;
		eof = n <= 0;
		rc = send_piece(c, target, data, eof ? 0 : (size_t)n, eof);
	}
	free(target);
	return rc;
}

struct follow {
	struct buf line;
	int64_t offset; /* of the byte that comes next */
	bool ended, failed;
};

static bool
take_line_cb(void *arg)
{
	static char data[DATA_MAX];
	struct follow *f = arg;
	char why[128];
	struct js *v =
	    js_parse((const char *)f->line.data, f->line.len, why, sizeof(why));
	const bool errors =
	    strcmp(js_str(v, "stream", "stdout"), "stdout") != 0;
	size_t n = 0;

	f->ended = js_bool(v, "end", false);
	if (!f->ended) {
		f->failed = !str_unbase64(data, sizeof(data), &n,
				js_str(v, "data", "*")) ||
			    fwrite(data, 1, n, errors ? stderr : stdout) != n ||
			    fflush(errors ? stderr : stdout) != 0;
		f->offset = js_int(v, "offset", f->offset) + (int64_t)n;
	}
	js_free(v);
	return !f->ended && !f->failed;
}

static bool
follow_cb(const char *p, size_t len, void *arg)
{
	struct follow *f = arg;

	return lines_feed(&f->line, p, len, take_line_cb, f);
}

static int
follow(const struct cmd_call *c, const char *run, struct follow *f, bool *begun)
{
	struct api_stream s = { .sink = follow_cb,
		.arg = f,
		.accept = "application/x-ndjson",
		.quiet = true };
	char tail[64], *path;
	int rc;

	(void)snprintf(tail, sizeof(tail), "/log?follow=true&since=%lld",
	    (long long)f->offset);
	path = api_path("/api/runs/", run, tail);
	s.target = path;
	buf_reset(&f->line);
	rc = api_stream(c, &s);
	*begun = s.begun;
	free(path);
	return rc;
}

int
carry_output(const struct cmd_call *c, const char *run)
{
	int64_t heard = clock_mono_ms();
	struct follow f = { .offset = 0 };
	bool begun;
	int rc;

	buf_init(&f.line, LINE_BYTES);
	do {
		rc = follow(c, run, &f, &begun);
		if (begun)
			heard = clock_mono_ms();
		else
			(void)poll(NULL, 0, AGAIN_MS);
	} while (!f.ended && !f.failed && (rc == CMD_UNREACHABLE || begun) &&
		 clock_mono_ms() - heard < AWAY_MS);
	buf_done(&f.line);
	if (f.ended)
		return CMD_OK;
	if (f.failed)
		out_error(c->cli, "OUTPUT", "cannot write the output");
	else if (rc == CMD_UNREACHABLE)
		return api_unreachable(c, RDV_E_UNAVAILABLE, "it went away");
	return CMD_FAILED;
}
