/* SPDX-License-Identifier: MIT */
/*
 * Amp: it takes its prompt as text, asks nothing, and speaks Claude's output,
 * with one difference: when it goes on with a thread it may say all of the past
 * once more, and a text of its user's is where the past ends.
 */
#include "daemon/agent/agents.h"

#include <stdlib.h>

#include "daemon/agent/claudestate.h"
#include "daemon/agent/command.h"
#include "lib/js.h"
#include "lib/xalloc.h"

static int
amp_command(struct arena *a, const struct agent_wish *wish,
    struct agent_command *out, const char **why)
{
	struct command k;

	command_init(&k, a, wish->config, "amp");
	command_arg(&k, "--execute");
	command_arg(&k, "--stream-json");
	if (js_bool(wish->config, "dangerously_allow_all", false)) {
		command_unasked(&k, "dangerously_allow_all");
		command_arg(&k, "--dangerously-allow-all");
	}
	command_extra(&k);
	if (wish->resume != NULL) {
		command_arg(&k, "threads");
		command_option(&k, "continue", wish->resume);
	}
	command_env(&k, "NPM_CONFIG_LOGLEVEL", "error");
	return command_done(&k, out, why);
}

static void *
amp_make(struct agent *g, const struct agent_wish *wish)
{
	struct claude *c = xcalloc(1, sizeof(*c));

	claude_init(c, g, wish, "Amp");
	c->amp = true;
	return c;
}

static void
amp_unmake(void *own)
{
	claude_done(own);
	free(own);
}

static void
amp_begin(void *own)
{
	claude_prompt(own);
}

const struct agent_ops agent_amp = {
	.name = "AMP",
	.help = "Amp",
	.brings = ".amp/settings.json\n.amp/settings.jsonc",
	.defaults = "{}",
	.command = amp_command,
	.make = amp_make,
	.unmake = amp_unmake,
	.begin = amp_begin,
	.line = claude_line,
	.ended = claude_ended,
};
