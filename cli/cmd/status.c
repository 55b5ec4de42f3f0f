/* SPDX-License-Identifier: MIT */
/*
 * rdv status: what rdvd says of itself, in one request. Fails with status 1
 * when it answers but cannot work, so that scripts can ask.
 */
#include <string.h>

#include "cli/api.h"
#include "cli/cli.h"
#include "cli/cmd.h"
#include "cli/out.h"
#include "lib/js.h"

static const struct out_col cols[] = {
	{ "health", "health", OUT_STATE },
	{ "version", "version", OUT_TEXT },
	{ "build", "build", OUT_TEXT },
	{ "rdvd pid", "pid", OUT_NUMBER },
	{ "up for seconds", "uptime_seconds", OUT_NUMBER },
	{ "mode", "mode", OUT_TEXT },
	{ "settings", "settings", OUT_TEXT },
	{ "state in", "base", OUT_TEXT },
	{ "database", "database.path", OUT_TEXT },
	{ "database size", "database.bytes", OUT_BYTES },
	{ "helper", "helper.ready", OUT_YES },
	{ "helper pid", "helper.pid", OUT_NUMBER },
	{ "helper offers", "helper.features", OUT_LIST },
	{ "active sessions", "sessions.active", OUT_NUMBER },
	{ "suspended", "sessions.suspended", OUT_NUMBER },
	{ "running", "sessions.runs_running", OUT_NUMBER },
	{ "stopped of those", "sessions.runs_stopped", OUT_NUMBER },
	{ "waits for you", "approvals_pending", OUT_NUMBER },
	{ "git workers", "git_workers.running", OUT_NUMBER },
	{ "rdv-egress", "egress.running", OUT_NUMBER },
	{ "web", "web", OUT_LIST },
	{ NULL, NULL, OUT_TEXT },
};

static int
status(struct cmd_call *c)
{
	struct js *v;
	bool ready, well;
	int rc;

	rc = api_get(c, "/api/status", &v);
	if (rc != CMD_OK)
		return rc;
	if (c->cli->json)
		out_json(v);
	else
		out_fields(c->cli, cols, v);
	ready = js_bool(js_get(v, "helper"), "ready", false);
	/* One of an earlier build does not say. */
	well = strcmp(js_str(v, "health", "healthy"), "healthy") == 0;
	if (!ready)
		out_error(c->cli, "HELPER_LOST",
		    "rdvd has no helper: nothing can be started now");
	else if (!well)
		out_error(c->cli, "UNAVAILABLE",
		    "a part of rdv does not work (rdv doctor says which)");
	js_free(v);
	return ready && well ? CMD_OK : CMD_FAILED;
}

const struct cmd cmd_status = {
	.path = "status",
	.help = "show what is running and whether it can work",
	.scope = "read",
	.run = status,
};
