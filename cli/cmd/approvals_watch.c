/* SPDX-License-Identifier: MIT */
/*
 * rdv approvals watch: what is pending, and from then on what comes. Events are
 * only the bell: each time the list is what tells, so a watcher that was away,
 * or an rdvd that was, has missed nothing. On a terminal each is asked about,
 * and Return denies.
 */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/api.h"
#include "cli/approval.h"
#include "cli/cli.h"
#include "cli/cmd.h"
#include "cli/lines.h"
#include "cli/out.h"
#include "lib/buf.h"
#include "lib/clock.h"
#include "lib/err.h"
#include "lib/js.h"
#include "lib/secret.h"
#include "lib/str.h"
#include "lib/xalloc.h"

#define LINE_MAX    ((size_t)1 << 20)
#define PATIENCE_MS 60000
#define PAUSE_MS    200

struct watch {
	struct cmd_call *call;
	char (*seen)[UUID_TEXT];
	size_t nseen;
	struct buf line;
	int64_t since; /* the last event that was heard of; -1: ask anew */
	bool rings;
};

static bool
is_new(struct watch *w, const char *id)
{
	for (size_t i = 0; i < w->nseen; i++)
		if (strcmp(w->seen[i], id) == 0)
			return false;
	w->seen = xreallocarray(w->seen, w->nseen + 1, sizeof(*w->seen));
	(void)str_copy(w->seen[w->nseen++], id, sizeof(*w->seen));
	return true;
}

/* What somebody says to one: a letter, and Return is no. */
static int
decide(struct watch *w, const struct js *v)
{
	const char *verdict = "deny";
	char word[16];

	if (!approval_word(w->call,
		"[d]eny, [a]pprove or [l]ater? Return denies: ", word,
		sizeof(word)))
		return CMD_FAILED; /* nobody is there any more */
	if (strcmp(word, "l") == 0 || strcmp(word, "later") == 0)
		return CMD_OK;
	if (strcmp(word, "a") == 0 || strcmp(word, "approve") == 0)
		verdict = "approve";
	/* That it was decided meanwhile ends no watch. */
	(void)approval_send(w->call, v, verdict, NULL, NULL);
	return CMD_OK;
}

static int
show_one(struct watch *w, const char *id)
{
	struct js *v;
	int rc = approval_get(w->call, id, &v);

	if (rc != CMD_OK)
		return rc;
	if (w->call->cli->json)
		out_json_line(v);
	else
		approval_print(w->call, v);
	if (isatty(STDOUT_FILENO) && !w->call->cli->json)
		(void)fputs("\a", stdout);
	(void)fflush(stdout);
	if (w->rings && strcmp(js_str(v, "state", ""), "pending") == 0)
		rc = decide(w, v);
	js_free(v);
	return rc;
}

/* A page is as many as may be pending of one user. */
static int
look(struct watch *w)
{
	struct js *v;
	int rc = api_get(w->call, "/api/approvals?state=pending&limit=200", &v);

	if (rc != CMD_OK)
		return rc;
	/* The oldest has waited longest. */
	for (size_t i = js_len(js_get(v, "items")); i-- > 0 && rc == CMD_OK;) {
		const char *id = js_str(js_at(js_get(v, "items"), i), "id", "");

		if (is_new(w, id))
			rc = show_one(w, id);
	}
	js_free(v);
	return rc;
}

/* False when there is something to look at. */
static bool
take_line_cb(void *arg)
{
	struct watch *w = arg;
	char why[160];
	struct js *ev;
	bool more = true;

	if (w->line.len == 0)
		return true; /* a heartbeat */
	ev =
	    js_parse((const char *)w->line.data, w->line.len, why, sizeof(why));
	if (js_get(ev, "seq") != NULL) {
		w->since = js_int(ev, "seq", w->since);
		more = strcmp(js_str(ev, "kind", ""), "approval.asked") != 0;
	} else if (ev != NULL) {
		/* Older ones are gone: what is pending is in the list. */
		w->since = -1;
		more = false;
	}
	js_free(ev);
	return more;
}

static bool
watch_cb(const char *p, size_t len, void *arg)
{
	struct watch *w = arg;

	return lines_feed(&w->line, p, len, take_line_cb, w);
}

/* Until something is asked, or the stream ends. */
static void
listen_once(struct watch *w, struct api_stream *s)
{
	char target[128];

	(void)snprintf(target, sizeof(target), "/api/events?since=%lld",
	    (long long)w->since);
	s->target = target;
	s->quiet = true;
	s->begun = false;
	buf_reset(&w->line);
	(void)api_stream(w->call, s);
}

static bool
is_there(const struct cmd_call *c)
{
	char why[256];
	struct js *v = NULL;
	bool there = api_try(c, "/api/status", &v, why, sizeof(why)) == 0;

	js_free(v);
	return there;
}

/* From before the list was asked for, so that nothing falls in between. */
static int
begin(struct watch *w)
{
	struct js *v;
	int rc = api_get(w->call, "/api/status", &v);

	if (rc != CMD_OK)
		return rc;
	w->since = js_int(v, "newest_event", 0);
	js_free(v);
	return CMD_OK;
}

/* That rdvd goes away in between ends nothing. */
static int
turn(struct watch *w, struct api_stream *s)
{
	int rc = w->since < 0 ? begin(w) : CMD_OK;

	if (rc == CMD_OK)
		rc = look(w);
	if (rc == CMD_OK)
		listen_once(w, s);
	return rc == CMD_UNREACHABLE ? CMD_OK : rc;
}

static int
follow(struct watch *w)
{
	struct api_stream s = {
		.accept = "application/x-ndjson", .sink = watch_cb, .arg = w
	};
	int64_t lost = clock_mono_ms();
	int rc = begin(w);

	while (rc == CMD_OK) {
		if (is_there(w->call)) {
			rc = turn(w, &s);
			lost = clock_mono_ms();
		} else if (clock_mono_ms() - lost > PATIENCE_MS) {
			rc = api_unreachable(w->call, RDV_E_UNAVAILABLE,
			    "it is gone");
		} else {
			(void)poll(NULL, 0, PAUSE_MS);
		}
	}
	return rc;
}

static int
approvals_watch(struct cmd_call *c)
{
	struct watch w = { .call = c,
		.rings = isatty(STDIN_FILENO) && isatty(STDOUT_FILENO) &&
			 !c->cli->json };
	int rc;

	buf_init(&w.line, LINE_MAX);
	rc = cmd_flag(c, "once") ? look(&w) : follow(&w);
	buf_done(&w.line);
	free(w.seen);
	return rc;
}

static const struct cmd_opt opts[] = {
	{ .name = "once", .help = "what is pending now, and no more" },
	{ .name = NULL },
};

const struct cmd cmd_approvals_watch = {
	.path = "approvals watch",
	.opts = opts,
	.help = "wait for what is asked, with a bell, and decide it",
	.doc = "On a terminal each is shown and asked about, and Return denies "
	       "it. Without one they are only shown, with --json an object a "
	       "line. It outlives restarts of rdvd, misses nothing, and gives "
	       "up when rdvd is gone for a minute.",
	.scope = "approve",
	.run = approvals_watch,
};
