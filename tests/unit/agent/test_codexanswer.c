/* SPDX-License-Identifier: MIT */
/*
 * What a person says to Codex: verdicts, plans, interrupts and what is to be
 * done before it may end.
 */
#include "tests/unit/agent/codexrig.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/check.h"

static void
test_verdicts(void **state)
{
	static const struct {
		enum agent_verdict v;
		const char *reason, *word, *status;
	} rows[] = {
		{ AGENT_APPROVED, NULL, "\"accept\"", "\"created\"" },
		{ AGENT_DENIED, NULL, "\"decline\"", "\"denied\"" },
		{ AGENT_DENIED, "", "\"decline\"", "\"denied\"" },
		{ AGENT_DENIED, "no", "\"cancel\"", "\"denied\"" },
		{ AGENT_ANSWERED, NULL, "\"decline\"", "\"denied\"" },
		{ AGENT_TIMED_OUT, NULL, "\"decline\"", "\"timed_out\"" },
	};
	struct agentrig r;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		codexrig_start(&r, ASKS);
		agentrig_line(&r, BEGAN(LS));
		agentrig_line(&r, MAY(0, OF_TURN));
		buf_reset(&r.sent);
		rpcrig_answer(&r, 0, rows[i].v, rows[i].reason);
		assert_true(rpcrig_has(&r.sent, rows[i].word));
		assert_int_equal(rpcrig_lines(&r.sent), 1);
		assert_true(rpcrig_shown(&r, rows[i].status));
		agentrig_stop(&r);
	}
}

/* A time that ran out is still said when Codex says that it was declined. */
static void
test_timed_out_stays(void **state)
{
	struct agentrig r;

	(void)state;
	codexrig_start(&r, ASKS);
	agentrig_line(&r, BEGAN(LS));
	agentrig_line(&r, MAY(0, OF_TURN));
	rpcrig_answer(&r, 0, AGENT_TIMED_OUT, NULL);
	agentrig_line(&r, ENDED(LS ",\"status\":\"declined\""));
	assert_true(rpcrig_shown(&r, "\"timed_out\""));
	agentrig_stop(&r);
}

static void
test_feedback_is_said_once(void **state)
{
	struct agentrig r;

	(void)state;
	codexrig_start(&r, ASKS);
	agentrig_line(&r, BEGAN(LS));
	agentrig_line(&r, MAY(0, OF_TURN));
	rpcrig_answer(&r, 0, AGENT_DENIED, "use tabs");
	buf_reset(&r.sent);
	agentrig_line(&r, OVER("interrupted"));
	assert_false(r.over);
	assert_true(rpcrig_has(&r.sent, "User feedback: use tabs"));
	agentrig_line(&r, "{\"id\":5,\"result\":{\"turn\":{\"id\":\"U\"}}}");
	/* Also when Codex never says that the turn has begun. */
	agentrig_line(&r, OVER("completed"));
	assert_true(r.over);
	assert_int_equal(rpcrig_lines(&r.sent), 1);
	assert_true(rpcrig_shown(&r, "user_feedback"));
	agentrig_stop(&r);
}

static void
plan_made(struct agentrig *r, bool checked)
{
	codexrig_start_checked(r, PLAN, checked);
	codexrig_thread(r);
	assert_true(rpcrig_has(&r->sent, "\"mode\":\"plan\""));
	agentrig_line(r, "{\"id\":4,\"result\":{\"turn\":{\"id\":\"U\"}}}");
	agentrig_line(r,
	    ENDED("\"type\":\"plan\",\"id\":\"p\",\"text\":\"# Plan\""));
	buf_reset(&r->sent);
	agentrig_line(r, OVER("completed"));
	assert_int_equal(r->nkeys, 1);
	assert_true(rpcrig_has(&r->asks, "{\"plan\":\"# Plan\"}"));
	assert_false(r->over);
	assert_int_equal(r->sent.len, 0);
}

static void
test_plan_approved(void **state)
{
	struct agentrig r;

	(void)state;
	plan_made(&r, false);
	rpcrig_answer(&r, 0, AGENT_APPROVED, NULL);
	assert_true(rpcrig_has(&r.sent, "\"Implement the plan.\""));
	assert_true(rpcrig_has(&r.sent, "\"mode\":\"default\""));
	agentrig_line(&r, "{\"id\":5,\"result\":{\"turn\":{\"id\":\"U\"}}}");
	agentrig_line(&r, OVER("completed"));
	assert_int_equal(r.nkeys, 1);
	assert_int_equal(r.how, AGENT_SUCCEEDED);
	agentrig_stop(&r);
}

static void
test_plan_denied(void **state)
{
	struct agentrig r;

	(void)state;
	plan_made(&r, false);
	rpcrig_answer(&r, 0, AGENT_DENIED, "smaller");
	assert_true(rpcrig_has(&r.sent,
	    "\"User feedback on the plan: smaller\""));
	assert_true(rpcrig_has(&r.sent, "\"mode\":\"plan\""));
	agentrig_line(&r,
	    "{\"method\":\"turn/started\",\"params\":{\"threadId\":\"T\","
	    "\"turn\":{\"id\":\"U\"}}}");
	assert_true(rpcrig_shown(&r, "user_feedback"));
	agentrig_line(&r,
	    ENDED("\"type\":\"plan\",\"id\":\"q\",\"text\":\"less\""));
	agentrig_line(&r, OVER("completed"));
	assert_int_equal(r.nkeys, 2);
	rpcrig_answer(&r, 1, AGENT_TIMED_OUT, NULL);
	assert_true(r.over);
	assert_int_equal(r.how, AGENT_SUCCEEDED);
	agentrig_stop(&r);
}

/* Between two turns there is nothing to be left to do, or to be over. */
static void
test_L09_plan_is_not_a_turn(void **state)
{
	struct agentrig r;

	(void)state;
	plan_made(&r, false);
	agentrig_line(&r, MAY(0, OF_TURN));
	assert_true(rpcrig_has(&r.sent, "\"decline\""));
	agentrig_line(&r, OVER("completed"));
	assert_false(r.over);
	assert_int_equal(r.nkeys, 1);
	assert_int_equal(rpcrig_lines(&r.unasked), 0);
	rpcrig_answer(&r, 0, AGENT_APPROVED, NULL);
	assert_true(rpcrig_has(&r.sent, "Implement the plan."));
	agentrig_stop(&r);
}

/* What was asked in one turn is not answered in the next. */
static void
test_L09_next_turn_has_no_old_asks(void **state)
{
	struct agentrig r;

	(void)state;
	codexrig_start(&r, ASKS);
	agentrig_line(&r, BEGAN(LS));
	agentrig_line(&r, MAY(0, OF_TURN));
	agentrig_line(&r, MAY(1, OF_TURN));
	rpcrig_answer(&r, 0, AGENT_DENIED, "no");
	agentrig_line(&r, OVER("interrupted"));
	assert_false(r.over);
	assert_int_equal(rpcrig_lines(&r.unasked), 1);
	buf_reset(&r.sent);
	rpcrig_answer(&r, 1, AGENT_APPROVED, NULL);
	assert_int_equal(r.sent.len, 0);
	agentrig_stop(&r);
}

static void
test_plan_then_ending(void **state)
{
	struct agentrig r;

	(void)state;
	plan_made(&r, true);
	rpcrig_answer(&r, 0, AGENT_DENIED, NULL);
	assert_false(r.over);
	assert_int_equal(r.nkeys, 2);
	rpcrig_answer(&r, 1, AGENT_APPROVED, NULL);
	assert_true(r.over);
	agentrig_stop(&r);
}

static void
test_plan_interrupted(void **state)
{
	struct agentrig r;

	(void)state;
	plan_made(&r, true);
	agent_interrupt(r.g);
	assert_true(r.over);
	assert_int_equal(r.how, AGENT_INTERRUPTED);
	assert_int_equal(r.sent.len, 0);
	agentrig_stop(&r);
}

static void
test_ending_is_asked(void **state)
{
	struct agentrig r;

	(void)state;
	codexrig_start_checked(&r, FREE, true);
	codexrig_thread(&r);
	agentrig_line(&r, "{\"id\":4,\"result\":{\"turn\":{\"id\":\"U\"}}}");
	agentrig_line(&r, OVER("completed"));
	assert_false(r.over);
	buf_reset(&r.sent);
	rpcrig_answer(&r, 0, AGENT_DENIED, "commit first");
	assert_true(rpcrig_has(&r.sent, "\"text\":\"commit first\""));
	agentrig_line(&r, "{\"id\":5,\"result\":{\"turn\":{\"id\":\"U\"}}}");
	agentrig_line(&r, OVER("completed"));
	assert_int_equal(r.nkeys, 2);
	rpcrig_answer(&r, 1, AGENT_APPROVED, NULL);
	assert_int_equal(r.how, AGENT_SUCCEEDED);
	agentrig_stop(&r);
}

static void
test_questions_unanswered(void **state)
{
	struct agentrig r;

	(void)state;
	codexrig_start(&r, FREE);
	agentrig_line(&r,
	    "{\"id\":3,\"method\":\"item/tool/requestUserInput\","
	    "\"params\":{" OF_TURN ",\"itemId\":\"q\",\"questions\":["
	    "{\"id\":\"a\",\"question\":\"Which?\",\"options\":null}]}}");
	assert_int_equal(r.nkeys, 1);
	buf_reset(&r.sent);
	/* Yes is no answer to "which". */
	rpcrig_answer(&r, 0, AGENT_APPROVED, NULL);
	assert_string_equal(buf_cstr(&r.sent),
	    "{\"id\":3,\"result\":{\"answers\":{}}}\n");
	assert_true(rpcrig_shown(&r, "\"denied\""));
	agentrig_stop(&r);
}

/* Interrupts. */

static void
test_interrupts(void **state)
{
	struct agentrig r;

	(void)state;
	codexrig_start_checked(&r, ASKS, false);
	agent_interrupt(r.g);
	assert_true(r.over);
	assert_int_equal(r.how, AGENT_INTERRUPTED);
	agentrig_stop(&r);

	codexrig_start_checked(&r, ASKS, false);
	codexrig_thread(&r);
	agent_interrupt(r.g);
	assert_false(rpcrig_has(&r.sent, "turn/interrupt"));
	agentrig_line(&r, "{\"id\":4,\"result\":{\"turn\":{\"id\":\"U\"}}}");
	assert_true(rpcrig_has(&r.sent, "turn/interrupt"));
	assert_true(rpcrig_has(&r.sent, "\"turnId\":\"U\""));
	agentrig_line(&r, OVER("completed"));
	assert_int_equal(r.how, AGENT_INTERRUPTED);
	agentrig_stop(&r);
}

/* What was denied with a reason is not said in a turn nobody wants. */
static void
test_interrupt_after_denial(void **state)
{
	struct agentrig r;

	(void)state;
	codexrig_start(&r, ASKS);
	agentrig_line(&r, BEGAN(LS));
	agentrig_line(&r, MAY(0, OF_TURN));
	rpcrig_answer(&r, 0, AGENT_DENIED, "no");
	agent_interrupt(r.g);
	agentrig_line(&r, OVER("interrupted"));
	assert_int_equal(r.how, AGENT_INTERRUPTED);
	assert_false(rpcrig_has(&r.sent, "User feedback"));
	agentrig_stop(&r);
}

/* Output of a command is shown while it runs, at a cost that has a bound. */
static void
test_output_grows(void **state)
{
	struct agentrig r;
	size_t told;

	(void)state;
	codexrig_start(&r, FREE);
	agentrig_line(&r, BEGAN(LS));
	told = r.told;
	for (int i = 0; i < 20000; i++)
		agentrig_line(&r,
		    NOTE("item/commandExecution/outputDelta",
			"\"itemId\":\"c\",\"delta\":\"abcdefgh\\n\""));
	assert_in_range(r.told - told, 10, 200);
	assert_true(rpcrig_shown(&r, "abcdefgh"));
	assert_true(rpcrig_shown(&r, "\"exit_status\":null"));
	agentrig_line(&r, ENDED(LS ",\"status\":\"failed\",\"exitCode\":2,"
				   "\"aggregatedOutput\":\"all\""));
	assert_true(rpcrig_shown(&r, "\"code\":2},\"output\":\"all\""));
	assert_true(rpcrig_shown(&r, "\"failed\""));
	agentrig_stop(&r);
}

/* Only a shell of the system's is no more than what it is given. */
static void
test_plain_commands(void **state)
{
	static const struct {
		const char *line, *plain;
	} rows[] = {
		{ "/usr/bin/bash -lc 'ls -l'", "ls -l" },
		{ "/bin/sh -c 'ls'", "ls" },
		{ "zsh -lc 'ls'", "ls" },
		{ "./bash -lc 'ls'", "./bash -lc 'ls'" },
		{ "/wd/bin/bash -lc 'ls'", "/wd/bin/bash -lc 'ls'" },
		{ "bash -lc 'ls' 'x'", "bash -lc 'ls' 'x'" },
		{ "bash -lc 'ls'; rm x", "bash -lc 'ls'; rm x" },
		{ "bash -lc '", "bash -lc '" },
		{ "bash -x 'ls'", "bash -x 'ls'" },
	};
	char line[300], want[300];
	struct agentrig r;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		codexrig_start(&r, ASKS);
		snprintf(line, sizeof(line),
		    BEGAN("\"type\":\"commandExecution\",\"id\":\"c\","
			  "\"command\":\"%s\""),
		    rows[i].line);
		agentrig_line(&r, line);
		agentrig_line(&r, MAY(0, OF_TURN));
		snprintf(want, sizeof(want), "bash c %s ", rows[i].plain);
		assert_true(rpcrig_has(&r.asks, want));
		snprintf(want, sizeof(want), "{\"command\":\"%s\",",
		    rows[i].line);
		assert_true(rpcrig_has(&r.asks, want));
		agentrig_stop(&r);
	}
}

static void
test_looks(void **state)
{
	static const struct {
		const char *item, *want;
	} rows[] = {
		{ "\"type\":\"fileChange\",\"changes\":[{\"path\":\"/wd/a\","
		  "\"kind\":{\"type\":\"update\"},\"diff\":\"@@ -1 +1 @@\\n"
		  "-a\\n+b\\n\"}]",
		    "\"path\":\"a\",\"changes\":[{\"action\":\"edit\","
		    "\"unified_diff\":\"--- a/a\\n+++ b/a\\n@@ -1 +1 @@\\n"
		    "-a\\n+b\\n\",\"has_line_numbers\":true}]" },
		{ "\"type\":\"fileChange\",\"changes\":[{\"path\":\"/wd/a\","
		  "\"kind\":{\"type\":\"update\",\"move_path\":\"/wd/b\"},"
		  "\"diff\":\"\"}]",
		    "\"changes\":[{\"action\":\"rename\",\"new_path\":\"b\"}"
		    "]" },
		{ "\"type\":\"fileChange\",\"changes\":[{\"path\":\"/x\","
		  "\"kind\":{\"type\":\"delete\"},\"diff\":\"old\"}]",
		    "\"path\":\"/x\",\"changes\":[{\"action\":\"delete\"}]" },
		{ "\"type\":\"mcpToolCall\",\"server\":\"s\",\"tool\":\"t\","
		  "\"arguments\":{\"a\":1},\"result\":{\"content\":[{"
		  "\"type\":\"text\",\"text\":\"hi\"}]}",
		    "\"tool_name\":\"mcp:s:t\",\"arguments\":{\"a\":1},"
		    "\"result\":{\"type\":{\"type\":\"markdown\"},\"value\":"
		    "\"hi\"}" },
		{ "\"type\":\"mcpToolCall\",\"server\":\"s\",\"tool\":\"t\","
		  "\"status\":\"failed\",\"error\":{\"message\":\"bad\"}",
		    "\"value\":\"bad\"" },
		{ "\"type\":\"dynamicToolCall\",\"tool\":\"t\","
		  "\"contentItems\":[{\"type\":\"inputImage\"}]",
		    "\"value\":[{\"type\":\"inputImage\"}]" },
		{ "\"type\":\"webSearch\",\"query\":\"q\"",
		    "\"tool_name\":\"web_search\",\"action_type\":{"
		    "\"action\":\"web_fetch\",\"url\":\"q\"}" },
		{ "\"type\":\"imageView\",\"path\":\"/wd/i.png\"",
		    "\"action\":\"file_read\",\"path\":\"i.png\"" },
		{ "\"type\":\"enteredReviewMode\",\"review\":\"r\"",
		    "\"action\":\"task_create\",\"description\":\"r\","
		    "\"subagent_type\":\"review\"" },
		{ "\"type\":\"contextCompaction\"", "system_message" },
		{ "\"type\":\"newThing\",\"x\":5",
		    "\"tool_name\":\"newThing\"" },
		{ "\"type\":\"reasoning\",\"summary\":[\"a\",\"b\"]",
		    "\"a\\n\\nb\"" },
		{ "\"type\":\"reasoning\",\"summary\":[],\"content\":[\"c\"]",
		    "\"c\"" },
	};
	char line[700];
	struct agentrig r;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		codexrig_start(&r, FREE);
		snprintf(line, sizeof(line), ENDED("%s,\"id\":\"i\""),
		    rows[i].item);
		agentrig_line(&r, line);
		assert_int_equal(r.n, 2);
		if (strstr(r.entries[1], rows[i].want) == NULL)
			fail_msg("%s\nnot in %s", rows[i].want, r.entries[1]);
		agentrig_stop(&r);
	}
}

/* Every bound that the configuration has is one for Codex. */
static void
test_thread_params(void **state)
{
	static const struct {
		const char *config, *want;
	} rows[] = {
		{ "{}", "\"approvalPolicy\":\"on-request\",\"sandbox\":"
			"\"workspace-write\"" },
		{ "{\"sandbox\":\"auto\",\"ask_for_approval\":\"never\"}",
		    "\"approvalPolicy\":\"never\",\"sandbox\":"
		    "\"workspace-write\"" },
		{ "{\"sandbox\":\"read-only\"}",
		    "\"approvalPolicy\":\"on-request\",\"sandbox\":"
		    "\"read-only\"" },
		{ "{\"sandbox\":\"danger-full-access\","
		  "\"ask_for_approval\":\"on-request\"}",
		    "\"approvalPolicy\":\"on-request\",\"sandbox\":"
		    "\"danger-full-access\"" },
		{ "{\"model\":\"gpt-5.5-fast\"}",
		    "\"model\":\"gpt-5.5\",\"serviceTier\":\"fast\"" },
		{ "{\"model\":\"gpt-5.5\"}", "\"model\":\"gpt-5.5\",\"cwd\"" },
		{ "{\"model_reasoning_effort\":\"high\",\"profile\":\"p\"}",
		    "\"model_reasoning_effort\":\"high\",\"profile\":\"p\"" },
		{ "{\"base_instructions\":\"b\"}",
		    "\"baseInstructions\":\"b\"" },
		{ "{\"include_apply_patch_tool\":true}",
		    "\"include_apply_patch_tool\":true" },
	};
	struct agentrig r;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		codexrig_start(&r, rows[i].config);
		if (!rpcrig_has(&r.sent, rows[i].want))
			fail_msg("%s\nnot in %s", rows[i].want,
			    buf_cstr(&r.sent));
		agentrig_stop(&r);
	}
}

/* Nobody is left unasked but where there is no bound at all. */
static void
test_trust(void **state)
{
	static const struct {
		const char *config;
		bool asked;
	} rows[] = {
		{ FREE, false },
		{ "{\"sandbox\":\"danger-full-access\","
		  "\"ask_for_approval\":\"on-request\"}",
		    true },
		{ "{\"sandbox\":\"workspace-write\","
		  "\"ask_for_approval\":\"never\"}",
		    true },
		{ "{}", true },
	};
	struct agentrig r;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		codexrig_start(&r, rows[i].config);
		agentrig_line(&r, BEGAN(LS));
		agentrig_line(&r, MAY(0, OF_TURN));
		assert_int_equal(r.nkeys, rows[i].asked);
		assert_int_equal(rpcrig_has(&r.sent, "acceptForSession"),
		    !rows[i].asked);
		agentrig_stop(&r);
	}
}

/* Whenever it is interrupted, the output makes the same entries. */
static void
test_interrupt_makes_no_entry(void **state)
{
	static const char *const said[] = {
		"{\"id\":1,\"result\":{}}",
		"{\"id\":2,\"result\":{\"account\":null}}",
		"{\"id\":3,\"result\":{\"thread\":{\"id\":\"T\"},"
		"\"model\":\"m\"}}",
		"{\"id\":4,\"result\":{\"turn\":{\"id\":\"U\"}}}",
		BEGAN(LS),
		ENDED(LS ",\"status\":\"completed\""),
		"{\"id\":1000000000,\"result\":{}}",
		OVER("interrupted"),
		NOTE("thread/compacted", "\"a\":1"),
	};
	const size_t n = sizeof(said) / sizeof(said[0]);
	char *want = NULL, *got;
	struct agentrig r;

	(void)state;
	for (size_t when = n + 1; when-- > 0;) {
		codexrig_start_checked(&r, FREE, false);
		for (size_t i = 0; i < n; i++) {
			if (i == when)
				agent_interrupt(r.g);
			agentrig_line(&r, said[i]);
		}
		assert_true(r.over);
		assert_int_equal(r.how, AGENT_INTERRUPTED);
		got = agentrig_entries(&r);
		if (want == NULL)
			want = got;
		else {
			assert_string_equal(got, want);
			free(got);
		}
		agentrig_stop(&r);
	}
	free(want);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_verdicts),
		cmocka_unit_test(test_timed_out_stays),
		cmocka_unit_test(test_feedback_is_said_once),
		cmocka_unit_test(test_plan_approved),
		cmocka_unit_test(test_plan_denied),
		cmocka_unit_test(test_L09_plan_is_not_a_turn),
		cmocka_unit_test(test_L09_next_turn_has_no_old_asks),
		cmocka_unit_test(test_plan_then_ending),
		cmocka_unit_test(test_plan_interrupted),
		cmocka_unit_test(test_ending_is_asked),
		cmocka_unit_test(test_questions_unanswered),
		cmocka_unit_test(test_interrupts),
		cmocka_unit_test(test_interrupt_makes_no_entry),
		cmocka_unit_test(test_interrupt_after_denial),
		cmocka_unit_test(test_output_grows),
		cmocka_unit_test(test_plain_commands),
		cmocka_unit_test(test_looks),
		cmocka_unit_test(test_thread_params),
		cmocka_unit_test(test_trust),
	};

	return CHECK_RUN("codexanswer", tests);
}
