/* SPDX-License-Identifier: MIT */
/*
 * rdv help: the table of commands, or one of its rows. With --json the whole
 * table, for programs that drive rdv.
 */
#include "cli/help.h"

#include <stdio.h>

#include "cli/cli.h"
#include "cli/cmd.h"
#include "cli/out.h"
#include "lib/js.h"

static struct js *
row(const struct cmd *cmd)
{
	char usage[4096];
	struct js *o = js_object();

	help_usage(cmd, usage, sizeof(usage));
	js_add_str(o, "path", cmd->path);
	js_add_str(o, "alias", cmd->alias);
	js_add_str(o, "usage", usage);
	js_add_str(o, "help", cmd->help);
	js_add_str(o, "doc", cmd->doc);
	js_add_str(o, "scope", cmd->scope);
	return o;
}

static int
print_json(const struct cmd *only)
{
	struct js *list = js_array();
	size_t i;

	for (i = 0; cmds[i] != NULL; i++) {
		if (!cmds[i]->hidden && (only == NULL || only == cmds[i]))
			js_push(list, row(cmds[i]));
	}
	out_json(list);
	js_free(list);
	return CMD_OK;
}

static int
help(struct cmd_call *c)
{
	const struct cmd *cmd = NULL;
	char words[128] = "";

	if (c->nargs > 0)
		(void)snprintf(words, sizeof(words), "%.50s%s%.50s", c->args[0],
		    c->nargs > 1 ? " " : "", c->nargs > 1 ? c->args[1] : "");
	if (c->nargs > 0)
		cmd = cmd_find(words);
	if (c->nargs > 0 && cmd == NULL && !cmd_is_group(words)) {
		out_error(c->cli, "NOT_FOUND", "no such command: %s", words);
		return CMD_USAGE;
	}
	if (c->cli->json)
		return print_json(cmd);
	if (cmd != NULL)
		help_command(cmd, stdout);
	else
		help_list(c->nargs > 0 ? words : NULL, stdout);
	return CMD_OK;
}

static const struct cmd_arg args[] = {
	{ .name = "COMMAND", .word = CMD_COMMAND, .optional = true },
	{ .name = "VERB", .optional = true },
	{ .name = NULL },
};

const struct cmd cmd_help = {
	.path = "help",
	.args = args,
	.help = "show all commands, or one",
	.scope = "local",
	.run = help,
};
