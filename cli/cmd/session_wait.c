/* SPDX-License-Identifier: MIT */
/*
 * rdv session wait: until a session's program has written something, stands at
 * a prompt, is silent or has ended. A restart of rdvd is waited through: output
 * counts from the same byte whoever answers.
 */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/api.h"
#include "cli/cli.h"
#include "cli/cmd.h"
#include "cli/out.h"
#include "cli/pick.h"
#include "lib/buf.h"
#include "lib/clock.h"
#include "lib/err.h"
#include "lib/js.h"

#define DEFAULT_MS 30000 /* as for every answer */
#define GRACE_MS   10000 /* the answer of rdvd comes before that is over */
#define AGAIN_MS   100

static void
put_number(struct buf *b, const char *name, int64_t n)
{
	char text[32];

	(void)snprintf(text, sizeof(text), "%lld", (long long)n);
	api_query(b, name, text);
}

/* What the session's newest run has written by now, when nobody said. */
static int
put_since(const struct cmd_call *c, const char *id, struct buf *b)
{
	char *path = api_path("/api/sessions/", id, "");
	struct js *v = NULL;
	const struct js *run;
	int rc = CMD_OK;

	if (cmd_value(c, "since") != NULL) {
		api_query(b, "since", cmd_value(c, "since"));
		free(path);
		return rc;
	}
	rc = api_get(c, path, &v);
	run = js_get(v, "run");
	if (js_str(run, "id", NULL) != NULL) {
		api_query(b, "run_id", js_str(run, "id", NULL));
		put_number(b, "since", js_int(run, "log_bytes", 0));
	}
	js_free(v);
	free(path);
	return rc;
}

static void
put_wishes(const struct cmd_call *c, struct buf *b)
{
	api_query(b, "pattern", cmd_value(c, "for"));
	if (cmd_flag(c, "glob"))
		api_query(b, "glob", "true");
	if (cmd_flag(c, "prompt"))
		api_query(b, "prompt", "true");
	if (cmd_flag(c, "exit"))
		api_query(b, "exit", "true");
	if (cmd_flag(c, "silence"))
		put_number(b, "silence_ms", 1000 * cmd_number(c, "silence", 0));
}

/* No answer, but there may be one soon: rdvd ends, or is not there yet. */
static bool
is_away(int rc, int status)
{
	return rc == RDV_E_UNAVAILABLE || rc == RDV_E_MALFORMED ||
	       (rc == RDV_E_DENIED && status == 503);
}

/* CMD_OK and the answer. A refusal is asked for once more, for its words. */
static int
ask(const struct cmd_call *c, const char *target, int64_t end, struct js **v)
{
	char full[4096], why[512];
	int rc, status;

	do {
		int64_t left = end - clock_mono_ms();

		(void)snprintf(full, sizeof(full), "%s&timeout_ms=%lld", target,
		    (long long)(left > 0 ? left : 0));
		rc = api_try_for(c, full, (left > 0 ? left : 0) + GRACE_MS, v,
		    &status, why, sizeof(why));
		if (is_away(rc, status))
			(void)poll(NULL, 0, AGAIN_MS);
	} while (is_away(rc, status) && clock_mono_ms() < end);
	if (rc == 0)
		return CMD_OK;
	return status != 0 ? api_get(c, full, v) : api_unreachable(c, rc, why);
}

/* Why it did not happen. */
static void
tell_unmatched(const struct cmd_call *c, const struct js *v, int64_t ms)
{
	int64_t code = js_int(v, "exit_code", -1);
	int64_t sig = js_int(v, "signal", -1);

	if (strcmp(js_str(v, "event", ""), "timeout") == 0)
		out_error(c->cli, "TIMEOUT", "it has not come within %lld s",
		    (long long)(ms / 1000));
	else if (sig >= 0)
		out_error(c->cli, "EXITED",
		    "the run ended before it came (%s, signal %lld)",
		    js_str(v, "state", "?"), (long long)sig);
	else
		out_error(c->cli, "EXITED",
		    "the run ended before it came (%s, exit code %lld)",
		    js_str(v, "state", "?"), (long long)code);
}

static int
tell(const struct cmd_call *c, const struct js *v, int64_t ms)
{
	bool matched = js_bool(v, "matched", false);
	const char *text = js_str(v, "text", NULL);

	if (c->cli->json)
		out_json(v);
	else if (!matched)
		tell_unmatched(c, v, ms);
	else if (text != NULL)
		out_line(text);
	return matched ? CMD_OK : CMD_FAILED;
}

static int
session_wait(struct cmd_call *c)
{
	int64_t ms = c->cli->timeout_ms > 0 ? c->cli->timeout_ms : DEFAULT_MS;
	int64_t end = clock_mono_ms() + ms;
	struct buf target;
	struct js *v = NULL;
	char *id;
	int rc = pick_session(c, c->args[0], &id);

	if (rc != CMD_OK)
		return rc;
	buf_init(&target, 4000);
	buf_printf(&target, "/api/sessions/%s/wait", id);
	put_wishes(c, &target);
	rc = put_since(c, id, &target);
	if (rc == CMD_OK && !buf_ok(&target)) {
		out_error(c->cli, "TOO_BIG", "--for: too long");
		rc = CMD_FAILED;
	}
	if (rc == CMD_OK)
		rc = ask(c, buf_cstr(&target), end, &v);
	if (rc == CMD_OK)
		rc = tell(c, v, ms);
	js_free(v);
	buf_done(&target);
	free(id);
	return rc;
}

static int
session_wait_run(struct cmd_call *c)
{
	static const char *const wishes[] = { "for", "prompt", "silence",
		"exit" };
	bool any = false;

	for (size_t i = 0; i < sizeof(wishes) / sizeof(wishes[0]); i++)
		any = any || cmd_flag(c, wishes[i]);
	if (any && (cmd_flag(c, "for") || !cmd_flag(c, "glob")))
		return session_wait(c);
	out_error(c->cli, "INVALID_ARGUMENT",
	    any ? "--glob is about --for"
		: "what for? --for, --prompt, --silence or --exit");
	return CMD_USAGE;
}

static const struct cmd_arg args[] = {
	{ .name = "SESSION", .word = CMD_SESSION },
	{ .name = NULL },
};

static const struct cmd_opt opts[] = {
	{ .name = "for", .arg = "TEXT", .help = "a text in its output" },
	{ .name = "glob", .help = "TEXT has * for any part of a line" },
	{ .name = "prompt", .help = "its shell marks a prompt (OSC 133)" },
	{ .name = "silence",
	    .arg = "S",
	    .min = 1,
	    .max = 3600,
	    .help = "no output for S seconds" },
	{ .name = "exit", .help = "its run is over" },
	{ .name = "since",
	    .arg = "OFFSET",
	    .min = 0,
	    .max = INT64_MAX,
	    .help = "output counts from this byte on, as exec --json tells "
		    "(now)" },
	{ .name = NULL },
};

const struct cmd cmd_session_wait = {
	.path = "session wait",
	.alias = "wait",
	.args = args,
	.opts = opts,
	.help = "wait for what a session does",
	.doc = "The first that happens ends it, and so do the end of the run "
	       "and --timeout (30); the exit status is 1 when it was none of "
	       "those asked for. What matched is printed: the line up to "
	       "there. --json has the offset to go on from, and at a prompt "
	       "the status of the command before it.",
	.scope = "read",
	.run = session_wait_run,
};
