/* SPDX-License-Identifier: MIT */
/*
 * Recorded conversations with Claude Code: what the adapter says is what was
 * said, and the entries are those of the golden files, however the output is
 * cut, and when it is given again with answers that are known already.
 */
#include "tests/unit/agent/replay.h"

#include <string.h>
#include <time.h>

#include "daemon/agent/agents.h"
#include "daemon/term/runlog.h"
#include "lib/js.h"
#include "lib/xalloc.h"
#include "tests/unit/check.h"

/* All that was decided in the last replay. */
static struct agent_answer decided[16];
static struct js *kept[16];
static size_t ndecided;

static void
forget(void)
{
	for (size_t i = 0; i < 16; i++) {
		js_free(kept[i]);
		kept[i] = NULL;
		free((char *)decided[i].reason);
		decided[i].reason = NULL;
	}
	ndecided = 0;
}

/* What the recorded person decided, from what was sent for it. */
static struct agent_answer
verdict(const struct js *response, struct js **answers)
{
	const struct js *map =
	    js_get(js_get(response, "updatedInput"), "answers");
	struct agent_answer a = { .verdict = AGENT_APPROVED };
	const char *message = js_str(response, "message", ""), *key;
	struct js *one, *words, *v;

	*answers = NULL;
	if (js_str(response, "decision", NULL) != NULL)
		return a;
	if (strcmp(js_str(response, "behavior", ""), "deny") == 0) {
		a.verdict = js_bool(response, "interrupt", false)
				? AGENT_TIMED_OUT
				: AGENT_DENIED;
		if (a.verdict == AGENT_DENIED)
			a.reason = strchr(message, ':') + 2;
	} else if (map != NULL) {
		*answers = js_array();
		for (size_t i = 0; js_member(map, i, &key, &v); i++) {
			one = js_object();
			words = js_array();
			js_push_str(words, js_text(v));
			js_add_str(one, "question", key);
			js_add(one, "answer", words);
			js_push(*answers, one);
		}
		a.verdict = AGENT_ANSWERED;
		a.answers = *answers;
	}
	return a;
}

static bool
person(struct agentrig *r, const struct js *line)
{
	const struct js *response = js_get(line, "response");
	const char *id = js_str(response, "request_id", "");
	struct agent_answer a;
	struct js *answers;

	if (strcmp(js_str(js_get(line, "request"), "subtype", ""),
		"interrupt") == 0) {
		agent_interrupt(r->g);
		return true;
	}
	if (r->nkeys == 0 || strcmp(r->keys[r->nkeys - 1], id) != 0)
		return false;
	if (r->nkeys == 1)
		forget();
	a = verdict(js_get(response, "response"), &answers);
	a.reason = a.reason != NULL ? xstrdup(a.reason) : NULL;
	kept[ndecided] = answers;
	decided[ndecided++] = a;
	agent_answer(r->g, id, &a);
	return true;
}

/* A copy without some keys. */
static struct js *
without(const struct js *v, const char *const *keys)
{
	struct js *o, *member;
	const char *key;
	struct buf b;

	if (!js_is_object(v)) {
		buf_init(&b, 1 << 20);
		js_dump(v, &b);
		o = agentrig_json(buf_cstr(&b));
		buf_done(&b);
		return o;
	}
	o = js_object();
	for (size_t i = 0; js_member(v, i, &key, &member); i++) {
		bool skip = false;

		for (size_t j = 0; keys[j] != NULL; j++)
			skip = skip || strcmp(keys[j], key) == 0;
		if (!skip)
			js_add(o, key, without(member, keys));
	}
	return o;
}

/*
 * Ids of our own requests and the words of what only the model reads, where the
 * person had none.
 */
static struct js *
plain(const struct js *line)
{
	static const char *const own[] = { "request_id", NULL };
	static const char *const words[] = { "permissionDecisionReason", NULL };
	static const char *const late[] = { "message", NULL };
	const struct js *r = js_get(js_get(line, "response"), "response");

	if (strcmp(js_str(line, "type", ""), "control_request") == 0)
		return without(line, own);
	return without(line, js_bool(r, "interrupt", false) ? late : words);
}

static const char *const ids[] = { "\"request_id\":\"r1\"",
	"\"request_id\":\"rdv-1\"", "\"request_id\":\"r2\"",
	"\"request_id\":\"rdv-2\"", "\"request_id\":\"r9\"",
	"\"request_id\":\"rdv-3\"", NULL };

#define CLAUDE(name, fields, say, stop)                                   \
	{                                                                 \
		.file = (name), .ops = &agent_claude, .config = (fields), \
		.prompt = (say), .checked = (stop), .person = person,     \
		.ids = ids, .plain = plain,                               \
	}
#define FREE "\"dangerously_skip_permissions\":true"
#define SKIP "{" FREE "}"

static const struct replay all[] = {
	CLAUDE("claude-approvals", "{\"approvals\":true}", "please do it",
	    true),
	CLAUDE("claude-bypass", SKIP, "please do it", false),
	CLAUDE("claude-interrupt", SKIP, "SLOW please", false),
	CLAUDE("claude-plan", "{\"plan\":true," FREE "}", "PLANIT", false),
	CLAUDE("claude-resume", SKIP, "RESUME now", false),
	CLAUDE("claude-resumeat", SKIP, "RESUME again", false),
	CLAUDE("claude-timeout", "{\"approvals\":true}", "please do it", false),
};
#define N (sizeof(all) / sizeof(all[0]))

static void
test_goldens(void **state)
{
	struct agentrig r;

	(void)state;
	for (size_t i = 0; i < N; i++) {
		replay_run(&r, &all[i], (struct replay_cut){ 0, 0 });
		replay_golden(&r, all[i].file);
		agentrig_stop(&r);
	}
}

static char *
story(const struct replay *p, struct replay_cut cut)
{
	struct agentrig r;
	char *s;

	replay_run(&r, p, cut);
	s = replay_story(&r);
	agentrig_stop(&r);
	return s;
}

static void
test_random_pieces(void **state)
{
	const char *given = getenv("RDV_SEED");
	unsigned seed = given != NULL ? (unsigned)strtoul(given, NULL, 10)
				      : (unsigned)time(NULL);

	(void)state;
	print_message("RDV_SEED=%u\n", seed);
	for (size_t i = 0; i < N; i++) {
		char *want = story(&all[i], (struct replay_cut){ 0, 0 });

		for (unsigned n = 0; n < 20; n++) {
			char *got = story(&all[i],
			    (struct replay_cut){ seed + n + 1, 0 });

			assert_string_equal(want, got);
			free(got);
		}
		free(want);
	}
}

static void
test_a_cut_at_every_byte(void **state)
{
	char *want = story(&all[6], (struct replay_cut){ 0, 0 }), *got;
	struct buf out;

	(void)state;
	buf_init(&out, 1 << 20);
	replay_output(&all[6], &out);
	assert_true(out.len > 5000);
	for (size_t at = 1; at < out.len; at++) {
		got = story(&all[6], (struct replay_cut){ 0, at });
		assert_string_equal(want, got);
		free(got);
	}
	free(want);
	buf_done(&out);
}

/*
 * All output of a transcript in one piece, with what was answered at once: what
 * a daemon does that comes back after a crash.
 */
static void
again(struct agentrig *r, const struct replay *p)
{
	struct js *config = agentrig_json(p->config);
	const struct agent_wish wish = { .prompt = p->prompt,
		.cwd = "/wd",
		.config = config,
		.checked = p->checked };
	struct buf out;

	buf_init(&out, 1 << 20);
	replay_output(p, &out);
	agentrig_start(r, p->ops, &wish);
	js_free(config);
	r->known = decided;
	r->nknown = ndecided;
	agent_begin(r->g);
	agent_bytes(r->g, RUNLOG_OUT, 1000, out.data, out.len);
	agent_ended(r->g, 0);
	buf_done(&out);
}

static void
test_given_again(void **state)
{
	struct agentrig r;
	char *asks, *entries, *got;

	(void)state;
	for (size_t i = 0; i < N; i++) {
		/* The interrupt is no output. */
		if (strcmp(all[i].file, "claude-interrupt") == 0)
			continue;
		ndecided = 0;
		replay_run(&r, &all[i], (struct replay_cut){ 0, 0 });
		entries = agentrig_entries(&r);
		asks = xstrdup(buf_cstr(&r.asks));
		agentrig_stop(&r);
		again(&r, &all[i]);
		got = agentrig_entries(&r);
		assert_string_equal(entries, got);
		assert_string_equal(asks, buf_cstr(&r.asks));
		agentrig_stop(&r);
		free(entries);
		free(asks);
		free(got);
	}
	forget();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_goldens),
		cmocka_unit_test(test_random_pieces),
		cmocka_unit_test(test_a_cut_at_every_byte),
		cmocka_unit_test(test_given_again),
	};

	return CHECK_RUN("claudereplay", tests);
}
