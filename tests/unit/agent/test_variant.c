/* SPDX-License-Identifier: MIT */
/*
 * Variants: ours, what is stored over it, what a request chooses, and what is
 * refused with the path of what is wrong.
 */
#include "daemon/agent/variant.h"

#include <string.h>

#include "daemon/agent/variantform.h"
#include "daemon/agent/variantrows.h"
#include "lib/js.h"
#include "tests/unit/agent/agentrig.h"
#include "tests/unit/agent/replay.h"
#include "tests/unit/check.h"

static void
is(const struct js *v, const char *want)
{
	struct js *w = agentrig_json(want);
	struct buf b;

	buf_init(&b, 100000);
	js_dump(v, &b);
	if (!replay_same(v, w))
		fail_msg("want %s\ngot  %s", want, buf_cstr(&b));
	buf_done(&b);
	js_free(w);
}

static struct js *
merged(const char *stored)
{
	struct js *s = agentrig_json(stored), *all;
	struct variant_error err;

	all = variant_merge(s, &err);
	if (all == NULL)
		fail_msg("%s: %s", err.path, err.why);
	js_free(s);
	return all;
}

static const struct js *
fields(const struct js *all, const char *agent, const char *variant)
{
	return js_get(js_get(js_get(js_get(all, "executors"), agent), variant),
	    agent);
}

/* The rows of the adapters and those of their variants say the same. */
static void
test_every_agent_has_a_default(void **state)
{
	struct variant_error none;
	struct js *all = variant_merge(NULL, &none);
	const struct variant_row *row;
	const struct agent_ops *ops;

	(void)state;
	for (size_t i = 0; (row = variant_row(i)) != NULL; i++) {
		assert_ptr_equal(variant_row_of(row->agent), row);
		ops = agent_find(row->agent);
		assert_non_null(ops);
		is(fields(all, row->agent, "DEFAULT"), ops->defaults);
	}
	assert_null(agent_find("NOBODY"));
	js_free(all);
}

static void
test_names(void **state)
{
	static const char *const rows[][2] = { { "fast", "FAST" },
		{ "Fast one", "FAST_ONE" }, { "fastOne", "FAST_ONE" },
		{ "FAST_ONE", "FAST_ONE" }, { "fast--one ", "FAST_ONE" },
		{ "_x", "X" }, { "gpt5Mini", "GPT5_MINI" }, { "", NULL },
		{ "--", NULL } };
	char out[16];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		bool ok = variant_name(out, sizeof(out), rows[i][0]);

		assert_int_equal(ok, rows[i][1] != NULL);
		if (ok)
			assert_string_equal(out, rows[i][1]);
	}
	assert_true(variant_name(out, sizeof(out), "fourteenletter"));
	assert_false(variant_name(out, sizeof(out), "fifteen.letters"));
}

static void
test_stored_over_ours(void **state)
{
	struct js *all = merged(
	    "{\"executors\":{\"CLAUDE_CODE\":{\"default\":{\"CLAUDE_CODE\":{"
	    "\"plan\":true,\"future\":[1]}},\"my fast\":{\"CLAUDE_CODE\":{"
	    "\"model\":\"haiku\"}},\"recently_used_models\":{\"models\":[\"x\"]"
	    "}},\"CURSOR\":{\"X\":{\"CURSOR\":{}}}}}");

	(void)state;
	/* As a whole: what ours skips is not skipped any more. */
	is(fields(all, "CLAUDE_CODE", "DEFAULT"),
	    "{\"plan\":true,\"future\":[1]}");
	is(fields(all, "CLAUDE_CODE", "MY_FAST"), "{\"model\":\"haiku\"}");
	is(js_get(js_get(js_get(all, "executors"), "CLAUDE_CODE"),
	       "recently_used_models"),
	    "{\"models\":[\"x\"]}");
	is(fields(all, "CURSOR_AGENT", "X"), "{}");
	is(fields(all, "CURSOR_AGENT", "DEFAULT"), "{\"model\":\"auto\"}");
	js_free(all);
}

#define CC(members) "{\"executors\":{\"CLAUDE_CODE\":{" members "}}}"
#define CCV(fields) CC("\"V\":{\"CLAUDE_CODE\":" fields "}")

static const char *const broken[][3] = {
	{ "{}", "executors", "has to be an object" },
	{ "{\"executors\":[]}", "executors", "has to be an object" },
	{ "{\"executors\":{\"NOBODY\":{}}}", "executors.NOBODY",
	    "is no agent" },
	{ "{\"executors\":{\"CURSOR\":{},\"CURSOR_AGENT\":{}}}",
	    "executors.CURSOR_AGENT", "is there twice" },
	{ "{\"executors\":{\"AMP\":1}}", "executors.AMP",
	    "has to be an object" },
	{ CC("\"__x\":{\"CLAUDE_CODE\":{}}"), "executors.CLAUDE_CODE.__x",
	    "may not begin with __" },
	{ CC("\"-\":{\"CLAUDE_CODE\":{}}"), "executors.CLAUDE_CODE.-",
	    "is no name of a variant" },
	{ CC("\"a b\":{\"CLAUDE_CODE\":{}},\"aB\":{\"CLAUDE_CODE\":{}}"),
	    "executors.CLAUDE_CODE.A_B", "is there twice" },
	{ CC("\"V\":{\"AMP\":{}}"), "executors.CLAUDE_CODE.V",
	    "has to be an object with the agent alone" },
	{ CC("\"V\":{\"CLAUDE_CODE\":{},\"AMP\":{}}"),
	    "executors.CLAUDE_CODE.V",
	    "has to be an object with the agent alone" },
	{ CC("\"recently_used_models\":1"),
	    "executors.CLAUDE_CODE.recently_used_models",
	    "has to be an object" },
	{ CCV("[]"), "executors.CLAUDE_CODE.V.CLAUDE_CODE",
	    "has to be an object" },
	{ CCV("{\"plan\":\"yes\"}"), "executors.CLAUDE_CODE.V.CLAUDE_CODE.plan",
	    "has to be true or false" },
	{ CCV("{\"model\":1}"), "executors.CLAUDE_CODE.V.CLAUDE_CODE.model",
	    "has to be a text" },
	{ CCV("{\"effort\":\"low|medium\"}"),
	    "executors.CLAUDE_CODE.V.CLAUDE_CODE.effort",
	    "is not one of its words" },
	{ CCV("{\"additional_params\":[1]}"),
	    "executors.CLAUDE_CODE.V.CLAUDE_CODE.additional_params",
	    "has to be a list of texts" },
	{ CCV("{\"env\":{\"A\":1}}"), "executors.CLAUDE_CODE.V.CLAUDE_CODE.env",
	    "has to be an object of texts" },
};

static void
test_what_is_broken_has_its_path(void **state)
{
	struct variant_error err;
	struct js *s;

	(void)state;
	for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++) {
		s = agentrig_json(broken[i][0]);
		if (variant_merge(s, &err) != NULL)
			fail_msg("taken: %s", broken[i][0]);
		assert_string_equal(err.path, broken[i][1]);
		assert_string_equal(err.why, broken[i][2]);
		js_free(s);
	}
	/* The positive control. */
	js_free(merged(CCV("{\"plan\":null,\"effort\":\"max\",\"env\":{\"A\":"
			   "\"\"},\"additional_params\":[\"x\"]}")));
}

static void
test_only_differences_are_stored(void **state)
{
	static const char stored[] =
	    "{\"executors\":{\"CODEX\":{\"DEFAULT\":{\"CODEX\":{\"oss\":true}}}"
	    ",\"AMP\":{\"X\":{\"AMP\":{}}}}}";
	struct js *all = merged(stored), *diff;
	struct variant_error err;

	(void)state;
	diff = variant_difference(all, &err);
	assert_non_null(diff);
	is(diff, stored);
	js_free(diff);
	js_free(all);
	all = variant_merge(NULL, &err);
	diff = variant_difference(all, &err);
	is(diff, "{\"executors\":{}}");
	js_free(diff);
	js_free(all);
}

static void
test_ours_cannot_be_deleted(void **state)
{
	struct js *v = agentrig_json("{\"executors\":{}}");
	struct variant_error err;

	(void)state;
	assert_null(variant_difference(v, &err));
	assert_string_equal(err.path, "executors.CLAUDE_CODE");
	assert_string_equal(err.why, "cannot be deleted");
	js_free(v);
	v = agentrig_json(CCV("{}"));
	assert_null(variant_difference(v, &err));
	assert_string_equal(err.path, "executors.CLAUDE_CODE.DEFAULT");
	js_free(v);
}

static void
test_choices_of_a_request(void **state)
{
	static const struct {
		struct variant_pick pick;
		const char *want;
	} rows[] = {
		{ { .agent = "CLAUDE_CODE", .variant = "v" },
		    "{\"plan\":true,\"effort\":\"low\"}" },
		{ { .agent = "CLAUDE_CODE",
		      .variant = "v",
		      .model_id = "a\"b",
		      .agent_id = "r",
		      .reasoning_id = "max",
		      .permission_policy = "AUTO" },
		    "{\"model\":\"a\\\"b\",\"agent\":\"r\",\"effort\":\"max\","
		    "\"plan\":false,\"approvals\":false,"
		    "\"dangerously_skip_permissions\":true}" },
		{ { .agent = "CLAUDE_CODE", .permission_policy = "SUPERVISED" },
		    "{\"plan\":false,\"approvals\":true,"
		    "\"dangerously_skip_permissions\":false}" },
		{ { .agent = "CODEX", .permission_policy = "SUPERVISED" },
		    "{\"ask_for_approval\":\"unless-trusted\"}" },
		{ { .agent = "CODEX",
		      .variant = "ask",
		      .permission_policy = "SUPERVISED" },
		    "{\"ask_for_approval\":\"on-request\"}" },
		{ { .agent = "CODEX",
		      .variant = "ask",
		      .permission_policy = "AUTO" },
		    "{\"ask_for_approval\":\"never\"}" },
		{ { .agent = "CURSOR", .permission_policy = "PLAN" },
		    "{\"force\":false,\"model\":\"auto\"}" },
		{ { .agent = "DROID", .permission_policy = "SUPERVISED" },
		    "{\"autonomy\":\"normal\"}" },
	};
	struct js *all = merged(
	    "{\"executors\":{\"CLAUDE_CODE\":{\"V\":{\"CLAUDE_CODE\":{\"plan\":"
	    "true,\"model\":null,\"effort\":\"low\"}}},\"CODEX\":{\"ASK\":{"
	    "\"CODEX\":{\"ask_for_approval\":\"on-request\"}}}}}");
	struct variant_error err;
	struct js *v;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		v = variant_fields(all, &rows[i].pick, &err);
		if (v == NULL)
			fail_msg("%zu: %s %s", i, err.path, err.why);
		is(v, rows[i].want);
		js_free(v);
	}
	js_free(all);
}

static void
test_choices_that_are_not_there(void **state)
{
	static const struct {
		struct variant_pick pick;
		const char *path, *why;
	} rows[] = {
		{ { .agent = "NOBODY" }, "agent", "is no agent" },
		{ { .agent = "AMP", .variant = "none" }, "variant",
		    "is no variant of this agent" },
		{ { .agent = "AMP", .variant = "--" }, "variant",
		    "is no name of a variant" },
		/* He would believe that he is asked. */
		{ { .agent = "AMP", .permission_policy = "SUPERVISED" },
		    "permission_policy", "is no choice this agent has" },
		{ { .agent = "AMP", .permission_policy = "WILD" },
		    "permission_policy", "has to be AUTO, SUPERVISED or PLAN" },
		{ { .agent = "GEMINI", .agent_id = "x" }, "agent_id",
		    "is no choice this agent has" },
		{ { .agent = "CLAUDE_CODE", .reasoning_id = "huge" },
		    "reasoning_id", "is not one of its words" },
	};
	struct variant_error none;
	struct js *all = variant_merge(NULL, &none);
	struct variant_error err;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_null(variant_fields(all, &rows[i].pick, &err));
		assert_string_equal(err.path, rows[i].path);
		assert_string_equal(err.why, rows[i].why);
	}
	js_free(all);
}

/* A form made of it has what is judged, and the choices of a request. */
static void
test_the_form_of_it(void **state)
{
	struct js *all = variantform();
	const struct variant_row *row;
	const struct js *codex = NULL;

	(void)state;
	for (size_t i = 0; (row = variant_row(i)) != NULL; i++) {
		assert_string_equal(js_str(js_at(all, i), "agent", ""),
		    row->agent);
		if (strcmp(row->agent, "CODEX") == 0)
			codex = js_at(all, i);
	}
	assert_int_equal(js_len(all), 10);
	is(js_get(codex, "policies"), "[\"AUTO\",\"SUPERVISED\",\"PLAN\"]");
	is(js_at(js_get(codex, "fields"), 0),
	    "{\"name\":\"sandbox\",\"kind\":\"word\",\"choice\":null,"
	    "\"words\":[\"auto\",\"read-only\",\"workspace-write\","
	    "\"danger-full-access\"]}");
	is(js_at(js_get(codex, "fields"), 3),
	    "{\"name\":\"model\",\"kind\":\"text\",\"words\":[],"
	    "\"choice\":\"model_id\"}");
	is(js_at(js_get(codex, "fields"), js_len(js_get(codex, "fields")) - 1),
	    "{\"name\":\"env\",\"kind\":\"pairs\",\"words\":[],"
	    "\"choice\":null}");
	js_free(all);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_agent_has_a_default),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_stored_over_ours),
		cmocka_unit_test(test_what_is_broken_has_its_path),
		cmocka_unit_test(test_only_differences_are_stored),
		cmocka_unit_test(test_ours_cannot_be_deleted),
		cmocka_unit_test(test_choices_of_a_request),
		cmocka_unit_test(test_choices_that_are_not_there),
		cmocka_unit_test(test_the_form_of_it),
	};

	return CHECK_RUN("variant", tests);
}
