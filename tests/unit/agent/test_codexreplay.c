/* SPDX-License-Identifier: MIT */
/*
 * Recorded conversations with Codex: what is sent is what was sent then, and
 * the entries are those that were judged by hand.
 */
#include "daemon/agent/agents.h"
#include "lib/js.h"
#include "tests/unit/agent/rpcreplay.h"
#include "tests/unit/check.h"

#define FREE "{\"sandbox\":\"danger-full-access\"}"
#define ASKS                                \
	"{\"sandbox\":\"workspace-write\"," \
	"\"ask_for_approval\":\"unless-trusted\"}"

static const struct agent_answer yes = { .verdict = AGENT_APPROVED };

static struct agent_answer
blue(void)
{
	return (struct agent_answer){ .verdict = AGENT_ANSWERED,
		.answers = agentrig_json("[{\"question\":\"Which colour?\","
					 "\"answer\":[\"Blue\"]}]") };
}

static void
test_approvals(void **state)
{
	const struct agent_answer answers[] = { yes, yes, blue() };
	const struct rpcreplay r = { "codex-approvals", &agent_codex,
		"please do it", ASKS, NULL, answers, 3, 3, AGENT_SUCCEEDED,
		"All done." };

	(void)state;
	assert_true(rpcreplay_check(&r));
	js_free((struct js *)answers[2].answers);
}

/* A denial with its reason: the turn is cancelled, the next one says why. */
static void
test_cancel(void **state)
{
	static const struct agent_answer no = { .verdict = AGENT_DENIED,
		.reason = "no" };
	const struct rpcreplay r = { "codex-cancel", &agent_codex,
		"please do it", ASKS, NULL, &no, 1, 1, AGENT_SUCCEEDED,
		"ok, feedback noted" };

	(void)state;
	assert_true(rpcreplay_check(&r));
}

static void
test_danger(void **state)
{
	const struct agent_answer answers[] = { blue() };
	const struct rpcreplay r = { "codex-danger", &agent_codex,
		"please do it", FREE, NULL, answers, 1, 1, AGENT_SUCCEEDED,
		"All done." };

	(void)state;
	assert_true(rpcreplay_check(&r));
	js_free((struct js *)answers[0].answers);
}

static void
test_fork(void **state)
{
	const struct rpcreplay r = { "codex-fork", &agent_codex,
		"FEEDBACK again", FREE, "01a1fb3e-b88c-7f90-a59d-b7b4cff5b22b",
		NULL, 0, 0, AGENT_SUCCEEDED, "ok, feedback noted" };

	(void)state;
	assert_true(rpcreplay_check(&r));
}

static void
test_interrupt(void **state)
{
	const struct rpcreplay r = { "codex-interrupt", &agent_codex, "HANG",
		FREE, NULL, NULL, 0, 0, AGENT_INTERRUPTED, "hanging" };

	(void)state;
	assert_true(rpcreplay_check(&r));
}

/* The recording ends with the plan: nobody said anything to it. */
static void
test_plan(void **state)
{
	const struct rpcreplay r = { "codex-plan", &agent_codex, "PLANIT",
		"{\"sandbox\":\"danger-full-access\",\"plan\":true}", NULL,
		NULL, 0, 1, AGENT_FAILED, NULL };

	(void)state;
	assert_true(rpcreplay_check(&r));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_approvals),
		cmocka_unit_test(test_cancel),
		cmocka_unit_test(test_danger),
		cmocka_unit_test(test_fork),
		cmocka_unit_test(test_interrupt),
		cmocka_unit_test(test_plan),
	};

	return CHECK_RUN("codexreplay", tests);
}
