/* SPDX-License-Identifier: MIT */
/* A conversation with Claude's program: see clauderig.h. */
#include "tests/unit/agent/clauderig.h"

#include <string.h>

#include "daemon/agent/agents.h"
#include "lib/js.h"
#include "tests/unit/check.h"

void
clauderig_start(struct agentrig *r, const char *config)
{
	struct js *v = agentrig_json(config);
	const struct agent_wish wish = {
		.prompt = "do it", .cwd = "/wd", .config = v, .checked = true
	};

	agentrig_start(r, &agent_claude, &wish);
	js_free(v);
	agent_begin(r->g);
	buf_reset(&r->sent);
}

void
clauderig_asks(struct agentrig *r)
{
	clauderig_start(r, "{\"approvals\":true}");
	agentrig_out(r, INIT);
}

const char *
clauderig_sent(struct agentrig *r)
{
	return buf_cstr(&r->sent);
}

bool
clauderig_shows(const struct agentrig *r, size_t i, const char *part)
{
	assert_true(i < r->n);
	if (strstr(r->entries[i], part) != NULL)
		return true;
	print_message("%s\n", r->entries[i]);
	return false;
}
