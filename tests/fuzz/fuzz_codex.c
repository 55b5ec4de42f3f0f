/* SPDX-License-Identifier: MIT */
/*
 * What Codex may say. The invariants are those of agentfeed.c, and that leave
 * is only given by a person or by a configuration without bounds.
 */
#include "daemon/agent/agents.h"
#include "tests/fuzz/agentfeed.h"
#include "tests/fuzz/fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const configs[] = {
		"{\"sandbox\":\"workspace-write\"}",
		"{\"sandbox\":\"read-only\",\"plan\":true}",
		"{\"sandbox\":\"danger-full-access\"}",
		NULL,
	};

	agentfeed(&agent_codex, configs, "\"decision\":\"accept", data, size);
	return 0;
}
