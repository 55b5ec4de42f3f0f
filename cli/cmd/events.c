/* SPDX-License-Identifier: MIT */
/*
 * rdv events: the record of what happened, and with --follow what happens. A
 * follower remembers the last sequence it printed and goes on behind it when
 * rdvd restarts, so that no event is missed or printed twice.
 */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/api.h"
#include "cli/cli.h"
#include "cli/cmd.h"
#include "cli/lines.h"
#include "cli/out.h"
#include "lib/buf.h"
#include "lib/clock.h"
#include "lib/err.h"
#include "lib/js.h"

#define PAGE	    500
#define LINE_MAX    ((size_t)1 << 20)
#define PATIENCE_MS 60000
#define PAUSE_MS    200

struct follow {
	struct cmd_call *call;
	struct buf line;
	int64_t since; /* last sequence printed, -1: none yet */
	bool bad;
};

static void
print_event(const struct cmd_call *c, const struct js *ev)
{
	const struct out_col cols[] = {
		{ "", "seq", OUT_NUMBER },
		{ "", "time", OUT_TIME },
		{ "", "kind", OUT_TEXT },
		{ "", "subject", OUT_TEXT },
		{ "", "body", OUT_JSON },
		{ NULL, NULL, OUT_TEXT },
	};

	/* A line each: a document of all would have no end with --follow. */
	if (c->cli->json)
		out_json_line(ev);
	else
		out_row(c->cli, cols, ev);
}

/* Pages end when one is empty: what happens meanwhile is still printed. */
static int
print_stored(struct cmd_call *c, int64_t since)
{
	struct js *page;
	char target[128];
	size_t i, n;
	int rc;

	do {
		(void)snprintf(target, sizeof(target),
		    "/api/events?since=%lld&limit=%d", (long long)since, PAGE);
		rc = api_get(c, target, &page);
		if (rc != CMD_OK)
			return rc;
		n = js_len(js_get(page, "items"));
		for (i = 0; i < n; i++) {
			const struct js *ev = js_at(js_get(page, "items"), i);

			print_event(c, ev);
			since = js_int(ev, "seq", since);
		}
		js_free(page);
	} while (n > 0);
	return CMD_OK;
}

/* Flushed per event: the reader may be a pipe that waits for this one. */
static bool
take_line_cb(void *arg)
{
	struct follow *f = arg;
	char why[160];
	struct js *ev;

	if (f->line.len == 0)
		return true; /* a heartbeat */
	ev =
	    js_parse((const char *)f->line.data, f->line.len, why, sizeof(why));
	if (ev == NULL || !buf_ok(&f->line)) {
		f->bad = true;
		return false;
	}
	if (js_get(ev, "seq") != NULL) {
		print_event(f->call, ev);
		f->since = js_int(ev, "seq", f->since);
	} else {
		out_note(f->call->cli, "older events are no longer kept");
	}
	js_free(ev);
	return fflush(stdout) == 0;
}

static bool
follow_cb(const char *p, size_t len, void *arg)
{
	struct follow *f = arg;

	return lines_feed(&f->line, p, len, take_line_cb, f);
}

/* Without a sequence the stream begins with what happens from now. */
static int
follow_once(struct follow *f, struct api_stream *s)
{
	char target[128] = "/api/events";

	if (f->since >= 0)
		(void)snprintf(target, sizeof(target), "/api/events?since=%lld",
		    (long long)f->since);
	s->target = target;
	buf_reset(&f->line);
	return api_stream(f->call, s);
}

/* A stream that ends has met a restart: go on behind what was printed. */
static int
follow(struct cmd_call *c, int64_t since)
{
	struct follow f = { .call = c, .since = since };
	struct api_stream s = {
		.accept = "application/x-ndjson", .sink = follow_cb, .arg = &f
	};
	int64_t lost = 0;
	int rc;

	buf_init(&f.line, LINE_MAX);
	do {
		rc = follow_once(&f, &s);
		/*
		 * Patience is counted from the last time there was something.
		 */
		if (s.begun || lost == 0)
			lost = clock_mono_ms();
		if (!s.begun && !s.quiet)
			break; /* the first attempt: told already */
		if (!s.begun)
			(void)poll(NULL, 0, PAUSE_MS);
		s.quiet = true;
	} while (!f.bad && ferror(stdout) == 0 && rc != CMD_FAILED &&
		 clock_mono_ms() - lost < PATIENCE_MS);
	buf_done(&f.line);
	if (f.bad) {
		out_error(c->cli, "BAD_ANSWER", "rdvd sent no event");
		return CMD_FAILED;
	}
	if (s.quiet && rc != CMD_FAILED && ferror(stdout) == 0)
		rc = api_unreachable(c, RDV_E_UNAVAILABLE, "it is gone");
	return rc;
}

static int
events(struct cmd_call *c)
{
	int64_t since = cmd_number(c, "since", -1);

	if (cmd_flag(c, "follow"))
		return follow(c, since);
	return print_stored(c, since < 0 ? 0 : since);
}

static const struct cmd_opt opts[] = {
	{ .name = "since",
	    .arg = "N",
	    .min = 0,
	    .max = INT64_MAX,
	    .help = "only events behind sequence N" },
	{ .name = "follow",
	    .letter = 'f',
	    .help = "go on with what happens from now (or from --since)" },
	{ .name = NULL },
};

const struct cmd cmd_events = {
	.path = "events",
	.opts = opts,
	.help = "show what happened",
	.doc =
	    "One event a line: sequence, time, kind and subject. With --json "
	    "each line is one object. A follower outlives restarts of rdvd "
	    "and gives up when it is gone for a minute.",
	.scope = "read",
	.run = events,
};
