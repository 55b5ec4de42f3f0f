/* SPDX-License-Identifier: MIT */
/*
 * rdv push ls, rm and test: which devices are told that something waits, and
 * whether they were. A device is added by its own browser, in the web UI.
 */
#include <stdlib.h>

#include "cli/api.h"
#include "cli/cli.h"
#include "cli/cmd.h"
#include "cli/out.h"
#include "cli/pick.h"
#include "cli/tell.h"
#include "lib/buf.h"
#include "lib/js.h"

static const struct out_col cols[] = {
	{ "ID", "id", OUT_TEXT },
	{ "NAME", "name", OUT_TEXT },
	{ "STATE", "state", OUT_STATE },
	{ "SERVICE", "host", OUT_TEXT },
	{ "WAITING", "waiting", OUT_NUMBER },
	{ "TOLD", "last_success_at", OUT_AGE },
	{ "FAILURE", "failure", OUT_TEXT },
	{ NULL, NULL, OUT_TEXT },
};

static int
push_ls(struct cmd_call *c)
{
	struct js *v = NULL;
	int rc = api_get(c, PICK_DEVICES, &v);

	return tell_items(c, rc, v, cols, "no devices");
}

static int
push_rm(struct cmd_call *c)
{
	char *id;
	int rc = pick_device(c, c->args[0], &id);

	if (rc != CMD_OK)
		return rc;
	rc = api_delete(c, PICK_DEVICES "/", id, "removed");
	free(id);
	return rc;
}

/* It is queued; what comes of it rdv push ls tells. */
static int
push_test(struct cmd_call *c)
{
	struct buf target;
	struct js *v;
	char *id;
	int rc = pick_device(c, c->args[0], &id);

	if (rc != CMD_OK)
		return rc;
	buf_init(&target, 256);
	buf_printf(&target, PICK_DEVICES "/%s/test", id);
	free(id);
	rc = api_send(c, "POST", buf_cstr(&target), js_object(), &v);
	buf_done(&target);
	if (rc != CMD_OK)
		return rc;
	if (!c->cli->json)
		out_line("queued");
	js_free(v);
	return rc;
}

static const struct cmd_arg args[] = {
	{ .name = "DEVICE" },
	{ .name = NULL },
};

const struct cmd cmd_push_ls = {
	.path = "push ls",
	.help = "list the devices that are told when something waits",
	.doc = "A device is added in the web UI, by the browser that is to be "
	       "told, and ends with the sign-in that added it. FAILURE is why "
	       "the last push did not arrive.",
	.scope = "read",
	.run = push_ls,
};

const struct cmd cmd_push_rm = {
	.path = "push rm",
	.args = args,
	.help = "tell a device nothing more",
	.scope = "full",
	.run = push_rm,
};

const struct cmd cmd_push_test = {
	.path = "push test",
	.args = args,
	.help = "tell a device something that is about nothing",
	.scope = "full",
	.run = push_test,
};
