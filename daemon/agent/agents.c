/* SPDX-License-Identifier: MIT */
/*
 * The agents there are. One row each: what they are called, what they can and
 * how they are spoken to stands in the file of the agent itself.
 */
#include "daemon/agent/agents.h"

#include <string.h>

static const struct agent_ops *const rows[] = {
	&agent_claude,
	&agent_amp,
	&agent_cursor,
	&agent_droid,
	&agent_codex,
	&agent_gemini,
	&agent_qwen,
	&agent_copilot,
	&agent_opencode,
	&agent_acp,
	NULL,
};

/* Spellings that configuration may still have. */
static const struct {
	const char *old, *name;
} aliases[] = {
	{ "CURSOR", "CURSOR_AGENT" },
};

const struct agent_ops *
agent_find(const char *name)
{
	for (size_t i = 0; i < sizeof(aliases) / sizeof(aliases[0]); i++)
		if (strcmp(aliases[i].old, name) == 0)
			name = aliases[i].name;
	for (size_t i = 0; rows[i] != NULL; i++)
		if (strcmp(rows[i]->name, name) == 0)
			return rows[i];
	return NULL;
}
