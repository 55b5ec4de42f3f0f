/* SPDX-License-Identifier: MIT */
/*
 * What an agent that speaks ACP may say. The invariants are those of
 * agentfeed.c. That no yes is given in place of a no cannot be seen in what is
 * sent, where an option is a word of the agent's own: tests/unit/agent has it.
 */
#include "daemon/agent/agents.h"
#include "tests/fuzz/agentfeed.h"
#include "tests/fuzz/fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const configs[] = { "{}", "{\"yolo\":true}", NULL };

	agentfeed(&agent_gemini, configs, NULL, data, size);
	return 0;
}
