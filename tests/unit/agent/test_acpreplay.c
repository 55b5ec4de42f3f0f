/* SPDX-License-Identifier: MIT */
/*
 * Recorded conversations with an agent that speaks ACP: what is sent is what
 * was sent then, and the entries are those that were judged by hand.
 */
#include "daemon/agent/agents.h"
#include "tests/unit/agent/rpcreplay.h"
#include "tests/unit/check.h"

/* One leave that is given, one that is not. */
static void
test_default(void **state)
{
	static const struct agent_answer answers[] = {
		{ .verdict = AGENT_APPROVED },
		{ .verdict = AGENT_DENIED },
	};
	const struct rpcreplay r = { "acp-default", &agent_gemini,
		"please do it", "{}", NULL, answers, 2, 2, AGENT_SUCCEEDED,
		"All done." };

	(void)state;
	assert_true(rpcreplay_check(&r));
}

/* Stopped while a question was open. */
static void
test_cancel(void **state)
{
	const struct rpcreplay r = { "acp-cancel", &agent_gemini,
		"please do it", "{\"yolo\":false}", NULL, NULL, 0, 1,
		AGENT_INTERRUPTED, "I will run a command." };

	(void)state;
	assert_true(rpcreplay_check(&r));
}

static void
test_yolo(void **state)
{
	const struct rpcreplay r = { "acp-yolo", &agent_gemini, "please do it",
		"{\"yolo\":true}", NULL, NULL, 0, 0, AGENT_SUCCEEDED,
		"All done." };

	(void)state;
	assert_true(rpcreplay_check(&r));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_default),
		cmocka_unit_test(test_cancel),
		cmocka_unit_test(test_yolo),
	};

	return CHECK_RUN("acpreplay", tests);
}
