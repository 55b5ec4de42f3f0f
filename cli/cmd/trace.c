/* SPDX-License-Identifier: MIT */
/*
 * rdv trace: what happened to a run and when, from the request to the end, as
 * rdvd, the helper and the audit log have it. What may not be read is named,
 * since a story with a page torn out looks whole.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli/api.h"
#include "cli/cli.h"
#include "cli/cmd.h"
#include "cli/hostservice.h"
#include "cli/out.h"
#include "cli/pick.h"
#include "cli/settings.h"
#include "cli/trace.h"
#include "lib/auditcrypt.h"
#include "lib/err.h"
#include "lib/js.h"
#include "lib/xalloc.h"

#define ID_TEXT	 36
#define HOST_LOG "/var/log/rdv/rdv.log"

static const struct out_col step_cols[] = {
	{ "TIME", "at", OUT_TIME },
	{ "AFTER", "after", OUT_TEXT },
	{ "FROM", "from", OUT_TEXT },
	{ "WHAT", "what", OUT_TEXT },
	{ NULL, NULL, OUT_TEXT },
};

static const struct out_col run_cols[] = {
	{ "run", "id", OUT_TEXT },
	{ "session", "session_id", OUT_TEXT },
	{ "asked for by", "request_id", OUT_TEXT },
	{ "reason", "reason", OUT_TEXT },
	{ "state", "state", OUT_STATE },
	{ NULL, NULL, OUT_TEXT },
};

/* One story on the way to being told. */
struct story {
	struct cmd_call *call;
	struct trace trace;
	struct js *missing; /* {source, why} of what could not be read */
};

static void
miss(struct story *s, const char *source, int err)
{
	struct js *o = js_object();

	js_add_str(o, "source", source);
	js_add_str(o, "why", err < 0 ? strerror(-err) : err_name(err));
	js_push(s->missing, o);
}

/* The run's own row: what rdvd answers for. */
static void
add_row(struct story *s, const struct js *run)
{
	static const struct {
		const char *key, *what;
	} moments[] = {
		{ "created_at", "written down, to be started" },
		{ "started_at", "it runs" },
		{ "stopped_at", "a signal has stopped its program" },
	};
	const char *cause = js_str(run, "cause", NULL);
	int64_t at = js_int(run, "ended_at", -1);
	char *end;

	for (size_t i = 0; i < sizeof(moments) / sizeof(moments[0]); i++)
		if (js_int(run, moments[i].key, -1) >= 0)
			trace_add(&s->trace, js_int(run, moments[i].key, 0),
			    "run", moments[i].what);
	if (at < 0)
		return;
	end = xasprintf("%s%s%s", js_str(run, "state", ""),
	    cause != NULL ? ": " : "", cause != NULL ? cause : "");
	trace_add(&s->trace, at, "run", end);
	free(end);
}

static void
read_log(struct story *s, const char *path)
{
	int err = trace_log(&s->trace, path);

	if (err != 0)
		miss(s, path, err);
}

/* Where rdv writes it itself, and only then. */
static void
add_log(struct story *s)
{
	char *host = hostservice_kept(s->call->cli), *path, why[256];
	struct js *settings = NULL;

	if (host != NULL) {
		read_log(s, HOST_LOG);
	} else if (s->call->cli->run_dir != NULL) {
		miss(s, HOST_LOG, -EACCES);
	} else if (settings_ask(s->call->cli, &settings, why, sizeof(why)) ==
		   0) {
		path = settings_path(settings, "server.log_file");
		read_log(s, path);
		free(path);
	} else {
		miss(s, "server.log_file", RDV_E_INVALID);
	}
	js_free(settings);
	free(host);
}

static void
add_audit(struct story *s)
{
	char *path = hostservice_audit(s->call->cli), why[256];
	int err;

	if (path == NULL)
		path = xasprintf("%s/audit", s->call->cli->base);
	err = auditcrypt_load(why, sizeof(why)) ? trace_audit(&s->trace, path)
						: RDV_E_UNAVAILABLE;
	if (err != 0)
		miss(s, path, err);
	free(path);
}

/* A run by its id, or the one that a session has. */
static int
find_run(struct cmd_call *c, struct js **run, struct js **holder)
{
	char *path, *id, why[256];
	int rc;

	if (strlen(c->args[0]) == ID_TEXT) {
		path = api_path("/api/runs/", c->args[0], "");
		rc = api_try(c, path, run, why, sizeof(why));
		free(path);
		if (rc == 0)
			return CMD_OK;
	}
	rc = pick_session(c, c->args[0], &id);
	if (rc != CMD_OK)
		return rc;
	path = api_path("/api/sessions/", id, "");
	rc = api_get(c, path, holder);
	free(path);
	free(id);
	if (rc != CMD_OK)
		return rc;
	*run = js_get(*holder, "run");
	if (js_str(*run, "id", NULL) != NULL)
		return CMD_OK;
	out_error(c->cli, "NO_RUN", "that session has had no run");
	return CMD_FAILED;
}

static void
tell(struct cmd_call *c, const struct js *run, const struct js *steps,
    const struct js *missing)
{
	out_fields(c->cli, run_cols, run);
	out_line("");
	out_table(c->cli, step_cols, steps, "nothing is known of it");
	for (size_t i = 0; i < js_len(missing); i++)
		out_note(c->cli, "not read: %s: %s",
		    js_str(js_at(missing, i), "source", ""),
		    js_str(js_at(missing, i), "why", ""));
}

static void
tell_json(const struct js *run, struct js *steps, struct js *missing)
{
	struct js *o = js_object();

	js_add_str(o, "run", js_str(run, "id", ""));
	js_add_str(o, "session", js_str(run, "session_id", NULL));
	js_add_str(o, "request", js_str(run, "request_id", NULL));
	js_add_str(o, "state", js_str(run, "state", NULL));
	js_add(o, "steps", steps);
	js_add(o, "not_read", missing);
	out_json(o);
	js_free(o);
}

static int
trace(struct cmd_call *c)
{
	struct story s = { .call = c };
	struct js *run = NULL, *holder = NULL, *steps;
	int rc = find_run(c, &run, &holder);

	if (rc == CMD_OK) {
		s.missing = js_array();
		s.trace.run = js_str(run, "id", "");
		s.trace.request = js_str(run, "request_id", NULL);
		add_row(&s, run);
		add_log(&s);
		for (unsigned i = 0; cmd_nth(c, "log", i) != NULL; i++)
			read_log(&s, cmd_nth(c, "log", i));
		add_audit(&s);
		steps = trace_finish(&s.trace);
		if (c->cli->json) {
			tell_json(run, steps, s.missing);
		} else {
			tell(c, run, steps, s.missing);
			js_free(steps);
			js_free(s.missing);
		}
	}
	js_free(holder != NULL ? holder : run);
	return rc;
}

static const struct cmd_arg args[] = {
	{ .name = "RUN", .word = CMD_SESSION },
	{ .name = NULL },
};

static const struct cmd_opt opts[] = {
	{ .name = "log",
	    .arg = "FILE",
	    .many = true,
	    .help = "another log to look into; more than once" },
	{ .name = NULL },
};

const struct cmd cmd_trace = {
	.path = "trace",
	.args = args,
	.opts = opts,
	.help = "tell what happened to a run, with times",
	.doc =
	    "RUN is the id of a run, or a session, whose newest run is meant. "
	    "Its row, the log of rdv and the audit log are put together by "
	    "time; what you may not read of these is named.",
	.scope = "read",
	.run = trace,
};
