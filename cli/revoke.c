/* SPDX-License-Identifier: MIT */
/*
 * The end of a credential is told in the same words whichever it is, so that a
 * script can rely on them.
 */
#include "cli/revoke.h"

#include <stdlib.h>

#include "cli/api.h"
#include "cli/cli.h"
#include "cli/cmd.h"
#include "cli/out.h"
#include "lib/js.h"

int
revoke_by_id(const struct cmd_call *c, const char *base, char *id,
    const char *effect)
{
	char *path = api_path(base, id, "");
	int rc = api_send(c, "DELETE", path, NULL, NULL);
	struct js *v;

	if (rc == CMD_OK && c->cli->json) {
		v = js_object();
		js_add_str(v, "id", id);
		js_add_bool(v, "revoked", true);
		out_json(v);
		js_free(v);
	} else if (rc == CMD_OK) {
		out_note(c->cli, "revoked; %s", effect);
	}
	free(path);
	free(id);
	return rc;
}
