/* SPDX-License-Identifier: MIT */
/*
 * rdv completion: the scripts that make a shell ask us. They know nothing of
 * the commands themselves (cli/cmd/complete.c does), so they never go stale.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/cmd.h"
#include "cli/out.h"
#include "lib/buf.h"
#include "lib/js.h"

#define SCRIPT_MAX 65536

static int
print_script(const struct cli *cli, const struct buf *script)
{
	struct js *v;

	if (!cli->json) {
		(void)fwrite(script->data, 1, script->len, stdout);
		return CMD_OK;
	}
	v = js_object();
	js_add_str(v, "script", (const char *)script->data);
	out_json(v);
	js_free(v);
	return CMD_OK;
}

static int
completion(struct cmd_call *c)
{
	char path[4096], piece[4096];
	struct buf script;
	size_t n;
	FILE *f;
	int rc;

	(void)snprintf(path, sizeof(path), "%s/completion/rdv.%s",
	    c->cli->share_dir, c->args[0]);
	f = fopen(path, "re");
	if (f == NULL) {
		out_error(c->cli, "NOT_INSTALLED", "%s: %s", path,
		    strerror(errno));
		return CMD_FAILED;
	}
	buf_init(&script, SCRIPT_MAX);
	while ((n = fread(piece, 1, sizeof(piece), f)) > 0)
		buf_put(&script, piece, n);
	(void)fclose(f);
	(void)buf_cstr(&script);
	rc = CMD_FAILED;
	if (buf_ok(&script) && script.len > 0)
		rc = print_script(c->cli, &script);
	else
		out_error(c->cli, "NOT_INSTALLED", "%s: cannot be read", path);
	buf_done(&script);
	return rc;
}

static const struct cmd_arg args[] = {
	{ .name = "SHELL", .words = "bash|zsh" },
	{ .name = NULL },
};

const struct cmd cmd_completion = {
	.path = "completion",
	.args = args,
	.help = "print the completion script of a shell",
	.doc = "bash: source <(rdv completion bash). zsh: rdv completion zsh > "
	       "a file named _rdv in a directory of $fpath.",
	.scope = "local",
	.run = completion,
};
