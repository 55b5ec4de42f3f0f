/* SPDX-License-Identifier: MIT */
/*
 * The common part of agents, with an adapter whose lines say what it does:
 * lines from any pieces, groups of standard error, the line limit, texts that
 * grow, questions and their answers, one end.
 */
#include "tests/unit/agent/agentrig.h"

#include <string.h>

#include "daemon/term/runlog.h"
#include "lib/js.h"
#include "lib/xalloc.h"
#include "tests/unit/check.h"

struct toy {
	struct agent *g;
	struct agent_text *text;
	bool denied;
};

static void *
toy_make(struct agent *g, const struct agent_wish *wish)
{
	struct toy *t = xcalloc(1, sizeof(*t));

	(void)wish;
	t->g = g;
	return t;
}

static void
toy_unmake(void *own)
{
	struct toy *t = own;

	if (t->text != NULL)
		agent_text_end(t->text);
	free(t);
}

static void
toy_begin(void *own)
{
	struct toy *t = own;

	agent_send_text(t->g, "hello\n");
}

static void
toy_ask(struct toy *t, const char *key)
{
	struct js *input = agentrig_json("{\"a\":[1,\"x\"]}");
	const struct agent_ask ask = { .key = key,
		.kind = AGENT_TOOL,
		.tool = "Tool",
		.input = input,
		.entry = AGENT_NO_ENTRY };

	t->denied = !agent_asked(t->g, &ask);
	js_free(input);
	if (t->denied)
		agent_send_text(t->g, "denied\n");
}

static void
toy_line(void *own, const char *text, size_t len)
{
	struct toy *t = own;
	char *s = xstrndup(text, len > 0 ? len : 1);

	if (s[0] == '+') {
		if (t->text == NULL)
			t->text = agent_text_new(t->g, ENTRY_ASSISTANT);
		agent_text_add(t->text, s + 1, strlen(s) - 1);
	} else if (s[0] == '?')
		toy_ask(t, s + 1);
	else if (s[0] == '-')
		agent_unasked(t->g, s + 1);
	else if (s[0] == '.')
		agent_over(t->g, AGENT_SUCCEEDED, NULL);
	else
		agent_add(t->g, entry_text(ENTRY_SYSTEM, s));
	free(s);
}

static void
toy_answer(void *own, const struct agent_ask *ask,
    const struct agent_answer *answer)
{
	struct toy *t = own;
	struct buf b;

	buf_init(&b, 1000);
	buf_printf(&b, "%s=%d ", ask->key, (int)answer->verdict);
	js_dump(ask->input, &b);
	buf_put_text(&b, "\n");
	agent_send_text(t->g, buf_cstr(&b));
	buf_done(&b);
}

static void
toy_interrupt(void *own)
{
	struct toy *t = own;

	agent_send_text(t->g, "stop\n");
}

static const struct agent_ops toy = {
	.name = "TOY",
	.make = toy_make,
	.unmake = toy_unmake,
	.begin = toy_begin,
	.line = toy_line,
	.answer = toy_answer,
	.interrupt = toy_interrupt,
};
static const struct agent_wish no_wish = { .prompt = "x", .cwd = "/wd" };

static void
starts(struct agentrig *r)
{
	agentrig_start(r, &toy, &no_wish);
}

static const char *
content(const struct agentrig *r, size_t i)
{
	static char out[300];
	struct js *v;

	assert_true(i < r->n);
	v = agentrig_json(r->entries[i]);
	(void)snprintf(out, sizeof(out), "%s", js_str(v, "content", "?"));
	js_free(v);
	return out;
}

static const char some[] = "one\r\n\ntwo\n+a\n+b\nthree\n+c\nrest";

static void
pieces(struct agentrig *r, size_t step)
{
	for (size_t at = 0, n; at < sizeof(some) - 1; at += n) {
		n = sizeof(some) - 1 - at < step ? sizeof(some) - 1 - at : step;
		agent_bytes(r->g, RUNLOG_OUT, 0, some + at, n);
	}
}

static void
test_lines_are_the_same_in_any_pieces(void **state)
{
	struct agentrig r;

	(void)state;
	for (size_t step = 1; step <= sizeof(some); step++) {
		starts(&r);
		pieces(&r, step);
		assert_int_equal(r.n, 4);
		agent_ended(r.g, 0);
		assert_int_equal(r.n, 5);
		assert_string_equal(content(&r, 0), "one");
		assert_string_equal(content(&r, 1), "two");
		assert_string_equal(content(&r, 2), "abc");
		assert_string_equal(content(&r, 3), "three");
		assert_string_equal(content(&r, 4), "rest");
		assert_true(r.over && r.how == AGENT_SUCCEEDED);
		agentrig_stop(&r);
	}
}

static void
abuse_L09_a_line_too_long_is_said_once(void **state)
{
	char *big = xmalloc(AGENT_LINE_MAX + 2);
	struct agentrig r;

	(void)state;
	memset(big, 'x', AGENT_LINE_MAX + 2);
	starts(&r);
	/* The longest there may be, whole and in two pieces. */
	agent_bytes(r.g, RUNLOG_OUT, 0, big, AGENT_LINE_MAX);
	agentrig_out(&r, "\nafter\n");
	assert_int_equal(r.n, 2);
	assert_string_equal(content(&r, 1), "after");
	/* One more, in three pieces and in one. */
	agent_bytes(r.g, RUNLOG_OUT, 0, big, AGENT_LINE_MAX);
	agentrig_out(&r, "x");
	agentrig_out(&r, "x\nafter\n");
	assert_int_equal(r.n, 4);
	assert_non_null(strstr(content(&r, 2), "16777218 bytes"));
	assert_string_equal(content(&r, 3), "after");
	big[AGENT_LINE_MAX + 1] = '\n';
	agent_bytes(r.g, RUNLOG_OUT, 0, big, AGENT_LINE_MAX + 2);
	assert_int_equal(r.n, 5);
	assert_non_null(strstr(content(&r, 4), "16777217 bytes"));
	agentrig_stop(&r);
	free(big);
}

static void
err(struct agentrig *r, int64_t ms, const char *text)
{
	agent_bytes(r->g, RUNLOG_ERR, ms, text, strlen(text));
}

static void
test_standard_error_is_grouped_by_pauses(void **state)
{
	struct agentrig r;

	(void)state;
	starts(&r);
	err(&r, 1000, "\033[31mwarn");
	err(&r, 1001, "ing\033[0m\nmore\n");
	assert_int_equal(r.n, 1);
	agentrig_line(&r, "between");
	err(&r, 3001, "still the first\n");
	err(&r, 5002, "the second");
	agent_ended(r.g, 1);
	assert_int_equal(r.n, 3);
	assert_string_equal(content(&r, 0), "warning\nmore\nstill the first");
	assert_non_null(strstr(r.entries[0],
	    "{\"type\":\"error_message\",\"error_type\":{\"type\":\"other\"}"
	    "}"));
	assert_string_equal(content(&r, 1), "between");
	assert_string_equal(content(&r, 2), "the second");
	assert_true(r.over && r.how == AGENT_FAILED);
	assert_string_equal(r.why, "The program ended with exit status 1.");
	agentrig_stop(&r);
}

/* A flood is several entries that are cut at lines, whatever the pieces are. */
static void
test_standard_error_is_bounded(void **state)
{
	size_t len = 200000;
	char *flood = xmalloc(len + 1), *first = NULL, *text;
	struct agentrig r;

	(void)state;
	for (size_t i = 0; i < len; i++)
		flood[i] = i % 100 == 99 ? '\n' : 'y';
	flood[len] = '\0';
	for (size_t step = 777; step <= len; step += len - 777) {
		starts(&r);
		for (size_t at = 0; at < len; at += step)
			agent_bytes(r.g, RUNLOG_ERR, 0, flood + at,
			    len - at < step ? len - at : step);
		agent_ended(r.g, 0);
		assert_int_equal(r.n, 4);
		text = agentrig_entries(&r);
		if (first == NULL)
			first = text;
		else {
			assert_string_equal(first, text);
			free(text);
		}
		agentrig_stop(&r);
	}
	free(first);
	free(flood);
}

static void
test_a_growing_text_is_not_told_for_every_piece(void **state)
{
	struct agentrig r;
	size_t most;

	(void)state;
	starts(&r);
	agentrig_out(&r, "+a\n+b\n+c\n");
	assert_int_equal(r.told, 1);
	for (int i = 0; i < 20000; i++)
		agentrig_out(&r, "+0123456789\n");
	/* Up to 4 KiB each, then only a sixteenth more of itself. */
	most = 4096 / 10 + 80;
	assert_in_range(r.told, 100, most);
	agentrig_line(&r, ".");
	assert_int_equal(strlen(r.entries[0]),
	    200003 + strlen("{\"entry_type\":{\"type\":\"assistant_message\"},"
			    "\"content\":\"\"}"));
	agentrig_stop(&r);
}

static void
test_answers_find_what_is_asked(void **state)
{
	const struct agent_answer yes = { .verdict = AGENT_APPROVED };
	struct agentrig r;

	(void)state;
	starts(&r);
	agent_begin(r.g);
	agent_answer(r.g, "k1", &yes); /* before it is asked */
	agentrig_line(&r, "?k1");
	agent_answer(r.g, "k2", &yes);
	assert_string_equal(buf_cstr(&r.sent), "hello\n");
	agent_answer(r.g, "k1", &yes);
	agent_answer(r.g, "k1", &yes); /* twice */
	assert_string_equal(buf_cstr(&r.sent),
	    "hello\nk1=0 {\"a\":[1,\"x\"]}\n");
	assert_string_equal(buf_cstr(&r.asks),
	    "0 k1 Tool - - -1 {\"a\":[1,\"x\"]}\n");
	agentrig_stop(&r);
}

static void
test_a_key_is_asked_once(void **state)
{
	const struct agent_answer yes = { .verdict = AGENT_APPROVED };
	struct agentrig r;
	char key[300];

	(void)state;
	starts(&r);
	agentrig_line(&r, "?k1");
	agentrig_line(&r, "?k1");
	agent_answer(r.g, "k1", &yes);
	agentrig_line(&r, "?k1");
	agentrig_line(&r, "?");
	memset(key, 'k', sizeof(key));
	key[0] = '?';
	key[202] = '\0';
	agentrig_line(&r, key);
	assert_int_equal(r.nkeys, 1);
	assert_string_equal(buf_cstr(&r.sent),
	    "denied\nk1=0 {\"a\":[1,\"x\"]}\ndenied\ndenied\ndenied\n");
	/* The positive control of the last. */
	key[201] = '\0';
	agentrig_line(&r, key);
	assert_int_equal(r.nkeys, 2);
	agentrig_stop(&r);
}

static void
test_too_many_are_denied(void **state)
{
	const struct agent_answer yes = { .verdict = AGENT_APPROVED };
	struct agentrig r;
	char key[20];

	(void)state;
	starts(&r);
	for (int i = 0; i < 64; i++) {
		(void)snprintf(key, sizeof(key), "?%d", i);
		agentrig_line(&r, key);
	}
	assert_int_equal(r.nkeys, 64);
	agentrig_line(&r, "?more");
	assert_string_equal(buf_cstr(&r.sent), "denied\n");
	r.nkeys = 0;
	agent_answer(r.g, "63", &yes);
	agentrig_line(&r, "?then");
	assert_int_equal(r.nkeys, 1);
	agentrig_stop(&r);
}

static void
test_the_agent_takes_it_back(void **state)
{
	const struct agent_answer yes = { .verdict = AGENT_APPROVED };
	struct agentrig r;

	(void)state;
	starts(&r);
	agentrig_line(&r, "?k1");
	agentrig_line(&r, "-k2");
	assert_string_equal(buf_cstr(&r.unasked), "");
	agentrig_line(&r, "-k1");
	agentrig_line(&r, "-k1");
	assert_string_equal(buf_cstr(&r.unasked), "k1\n");
	agent_answer(r.g, "k1", &yes);
	assert_string_equal(buf_cstr(&r.sent), "");
	agentrig_stop(&r);
}

static void
test_an_interrupt_withdraws(void **state)
{
	const struct agent_answer yes = { .verdict = AGENT_APPROVED };
	struct agentrig r;

	(void)state;
	starts(&r);
	agentrig_line(&r, "?k1");
	agent_interrupt(r.g);
	agent_interrupt(r.g);
	agent_answer(r.g, "k1", &yes);
	agentrig_line(&r, "?k2");
	assert_string_equal(buf_cstr(&r.unasked), "k1\n");
	assert_string_equal(buf_cstr(&r.sent),
	    "k1=4 {\"a\":[1,\"x\"]}\nstop\ndenied\n");
	agent_ended(r.g, -1);
	assert_true(r.over && r.how == AGENT_INTERRUPTED);
	assert_string_equal(buf_cstr(&r.order), "AUO");
	agentrig_stop(&r);
}

static void
test_over_comes_once_and_closes(void **state)
{
	const struct agent_answer yes = { .verdict = AGENT_APPROVED };
	struct agentrig r;

	(void)state;
	starts(&r);
	agentrig_out(&r, "?k1\n.\n.\n?k2\nlate\n");
	agent_answer(r.g, "k1", &yes);
	agent_interrupt(r.g);
	agent_ended(r.g, 1);
	agent_ended(r.g, 1);
	assert_true(r.how == AGENT_SUCCEEDED);
	assert_string_equal(buf_cstr(&r.order), "AUO");
	/* rig_send() would fail; what came late is shown. */
	assert_string_equal(content(&r, 0), "late");
	agentrig_stop(&r);
}

static void
test_an_answer_may_come_from_within(void **state)
{
	const struct agent_answer no[] = { { .verdict = AGENT_DENIED },
		{ .verdict = AGENT_DENIED } };
	struct agentrig r;

	(void)state;
	starts(&r);
	r.known = no;
	r.nknown = 2;
	agentrig_out(&r, "?k1\n?k2\n");
	assert_string_equal(buf_cstr(&r.sent),
	    "k1=1 {\"a\":[1,\"x\"]}\nk2=1 {\"a\":[1,\"x\"]}\n");
	agentrig_stop(&r);
}

static void
test_a_signal_is_no_status(void **state)
{
	struct agentrig r;

	(void)state;
	starts(&r);
	agentrig_out(&r, "?k1\n");
	agent_ended(r.g, -1);
	assert_true(r.how == AGENT_FAILED);
	assert_string_equal(r.why, "The program was ended by a signal.");
	assert_string_equal(buf_cstr(&r.order), "AUO");
	agentrig_stop(&r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_lines_are_the_same_in_any_pieces),
		cmocka_unit_test(abuse_L09_a_line_too_long_is_said_once),
		cmocka_unit_test(test_standard_error_is_grouped_by_pauses),
		cmocka_unit_test(test_standard_error_is_bounded),
		cmocka_unit_test(
		    test_a_growing_text_is_not_told_for_every_piece),
		cmocka_unit_test(test_answers_find_what_is_asked),
		cmocka_unit_test(test_a_key_is_asked_once),
		cmocka_unit_test(test_too_many_are_denied),
		cmocka_unit_test(test_the_agent_takes_it_back),
		cmocka_unit_test(test_an_interrupt_withdraws),
		cmocka_unit_test(test_over_comes_once_and_closes),
		cmocka_unit_test(test_an_answer_may_come_from_within),
		cmocka_unit_test(test_a_signal_is_no_status),
	};

	return CHECK_RUN("agent", tests);
}
