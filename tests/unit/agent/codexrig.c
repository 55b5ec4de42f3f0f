/* SPDX-License-Identifier: MIT */
/* Codex as far as a turn of its own: see codexrig.h. */
#include "tests/unit/agent/codexrig.h"

#include "daemon/agent/agents.h"
#include "lib/js.h"

void
codexrig_start_checked(struct agentrig *r, const char *config, bool checked)
{
	struct js *c = agentrig_json(config);
	const struct agent_wish wish = {
		.prompt = "do it", .cwd = "/wd", .config = c, .checked = checked
	};

	agentrig_start(r, &agent_codex, &wish);
	agent_begin(r->g);
	js_free(c);
}

void
codexrig_hello(struct agentrig *r)
{
	agentrig_line(r, "{\"id\":1,\"result\":{}}");
	agentrig_line(r, "{\"id\":2,\"result\":{\"account\":null,"
			 "\"requiresOpenaiAuth\":false}}");
}

void
codexrig_thread(struct agentrig *r)
{
	codexrig_hello(r);
	agentrig_line(r, "{\"id\":3,\"result\":{\"thread\":{\"id\":\"T\"},"
			 "\"model\":\"m\"}}");
}

void
codexrig_start(struct agentrig *r, const char *config)
{
	codexrig_start_checked(r, config, false);
	codexrig_thread(r);
	agentrig_line(r, "{\"id\":4,\"result\":{\"turn\":{\"id\":\"U\"}}}");
}
