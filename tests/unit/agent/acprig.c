/* SPDX-License-Identifier: MIT */
/* An agent that speaks ACP, as far as its first prompt: see acprig.h. */
#include "tests/unit/agent/acprig.h"

#include <stdio.h>
#include <string.h>

#include "daemon/agent/agents.h"
#include "lib/js.h"

struct agent_wish acprig_wish;

void
acprig_begin(struct agentrig *r, const struct agent_ops *ops,
    const char *config)
{
	struct js *c = agentrig_json(config);

	acprig_wish.prompt = "do it";
	acprig_wish.cwd = "/wd";
	acprig_wish.config = c;
	agentrig_start(r, ops, &acprig_wish);
	agent_begin(r->g);
	js_free(c);
	memset(&acprig_wish, 0, sizeof(acprig_wish));
}

void
acprig_greet(struct agentrig *r, bool loads)
{
	char line[200];

	snprintf(line, sizeof(line), HELLO, loads ? "true" : "false");
	agentrig_line(r, line);
}

void
acprig_start(struct agentrig *r, const char *config)
{
	acprig_begin(r, &agent_gemini, config);
	acprig_greet(r, false);
	agentrig_line(r, OPENED);
}
