/* SPDX-License-Identifier: MIT */
/*
 * rdv session forget: the output of a session's runs that have ended, removed
 * to make room under max_disk_mb of the policy.
 */
#include <inttypes.h>
#include <stdlib.h>

#include "cli/api.h"
#include "cli/cli.h"
#include "cli/cmd.h"
#include "cli/out.h"
#include "cli/pick.h"
#include "lib/js.h"

/* Runs that go on, and those that have nothing, are left as they are. */
static int
forget(struct cmd_call *c, const struct js *run, int64_t *bytes)
{
	const int64_t size = js_int(run, "log_bytes", 0);
	char *path;
	int rc;

	if (size == 0 || js_int(run, "ended_at", 0) == 0)
		return CMD_OK;
	path = api_path("/api/runs/", js_str(run, "id", ""), "/log");
	rc = api_send(c, "DELETE", path, NULL, NULL);
	free(path);
	if (rc == CMD_OK)
		*bytes += size;
	return rc;
}

static void
tell(struct cmd_call *c, const char *id, int64_t bytes)
{
	struct js *v;

	if (!c->cli->json) {
		out_note(c->cli, "%" PRId64 " bytes of output removed", bytes);
		return;
	}
	v = js_object();
	js_add_str(v, "id", id);
	js_add_int(v, "removed_bytes", bytes);
	out_json(v);
	js_free(v);
}

static int
session_forget(struct cmd_call *c)
{
	struct js *runs = NULL;
	int64_t bytes = 0;
	char *id, *path;
	int rc;

	rc = pick_session(c, c->args[0], &id);
	if (rc != CMD_OK)
		return rc;
	path = api_path("/api/sessions/", id, "/runs");
	rc = api_get(c, path, &runs);
	for (size_t i = 0; rc == CMD_OK && i < js_len(runs); i++)
		rc = forget(c, js_at(runs, i), &bytes);
	if (rc == CMD_OK)
		tell(c, id, bytes);
	js_free(runs);
	free(path);
	free(id);
	return rc;
}

static const struct cmd_arg args[] = {
	{ .name = "SESSION", .word = CMD_SESSION },
	{ .name = NULL },
};

const struct cmd cmd_session_forget = {
	.path = "session forget",
	.args = args,
	.help = "remove the output of a session's runs that have ended",
	.doc = "It cannot be brought back. What a run that goes on has written "
	       "stays, and what the policy of the host keeps as a recording.",
	.scope = "full",
	.run = session_forget,
};
