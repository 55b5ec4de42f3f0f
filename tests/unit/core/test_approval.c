/* SPDX-License-Identifier: MIT */
/*
 * What runs ask: on a real database, with runs of a scripted [ops], over
 * restarts of the daemon. Names begin with the IDs of the abuse cases.
 */
#include <stdio.h>
#include <string.h>

#include "daemon/core/agenttrust.h"
#include "daemon/core/approval.h"
#include "daemon/core/approvaldigest.h"
#include "daemon/store/approvals.h"
#include "daemon/store/db.h"
#include "lib/arena.h"
#include "lib/clock.h"
#include "lib/err.h"
#include "lib/str.h"
#include "tests/unit/check.h"
#include "tests/unit/core/asks.h"

static void
test_asked_and_decided(void **state)
{
	struct corerig *r = *state;
	struct approval_wish w = asks_wish(r, "1");
	struct store_approval row;
	struct heard h, h2;

	assert_int_equal(asks_ask(r, &w, &h), 0);
	assert_int_equal(h.times, 0);
	assert_int_equal(h.asked, 1);
	assert_int_equal(corerig_events(r, "approval.asked", h.id), 1);
	assert_string_equal(asks_row(r, h.id).state, "pending");
	assert_int_equal(asks_decide(r, h.id, "approve"), 0);
	asks_expect(&h, "approved");
	assert_false(h.again);
	row = asks_row(r, h.id);
	assert_string_equal(row.decided_token, ASKS_OWNER);
	assert_true(row.delivered_at >= 0);
	assert_int_equal(corerig_events(r, "approval.ended", h.id), 1);
	/* A denial with its reason. */
	w.key = "2";
	assert_int_equal(asks_ask(r, &w, &h2), 0);
	assert_string_not_equal(h.id, h2.id);
	assert_int_equal(asks_decide(r, h2.id, "deny"), 0);
	asks_expect(&h2, "denied");
	assert_string_equal(h2.reason, "no");
}

static void
test_question(void **state)
{
	struct corerig *r = *state;
	struct approval_wish w = asks_wish(r, "q");
	struct approval_verdict v = { .word = "answer",
		.answers_json = "[{\"question\":\"Q\",\"answer\":[\"A\"]}]" };
	struct store_approval row;
	struct heard h;

	w.kind = "question";
	w.command = NULL;
	w.input_json = "{\"questions\":[{\"question\":\"Q\"}]}";
	assert_int_equal(asks_ask(r, &w, &h), 0);
	assert_int_equal(asks_decide(r, h.id, "approve"), RDV_E_INVALID);
	v.digest = asks_row(r, h.id).digest;
	v.answers_json = "[{\"question\":\"Q\"}]";
	assert_int_equal(asks_decide_as(r, ASKS_OWNER, h.id, &v, &row),
	    RDV_E_INVALID);
	v.answers_json = "[{\"question\":\"Q\",\"answer\":[\"A\"]}]";
	assert_int_equal(asks_decide_as(r, ASKS_OWNER, h.id, &v, &row), 0);
	asks_expect(&h, "answered");
	assert_string_equal(h.answers, v.answers_json);
}

static void
test_abuse_K01_not_who_asked(void **state)
{
	struct corerig *r = *state;
	struct approval_wish w = asks_wish(r, "1");
	struct store_approval row;
	struct approval_verdict v = { .word = "approve" };
	struct heard h;

	assert_int_equal(asks_ask(r, &w, &h), 0);
	v.digest = asks_row(r, h.id).digest;
	assert_int_equal(asks_decide_as(r, ASKS_OTHER, h.id, &v, &row),
	    RDV_E_DENIED);
	assert_int_equal(h.times, 0);
	assert_int_equal(asks_decide_as(r, ASKS_OWNER, h.id, &v, &row), 0);
	asks_expect(&h, "approved");
}

static void
test_abuse_K02_digest(void **state)
{
	static const char *const a1[] = { "ab", "c", NULL };
	static const char *const a2[] = { "a", "bc", NULL };
	static const char *const e1[] = { "A=1", "B=2", NULL };
	static const char *const e2[] = { "B=2", "A=1", NULL };
	static const char *const e3[] = { "A=1\nB=2", NULL };
	struct corerig *r = *state;
	struct approval_wish w[14];
	char sums[14][SHA256_TEXT], sum[SHA256_TEXT];

	for (size_t i = 0; i < 14; i++)
		w[i] = asks_wish(r, "1");
	w[1].tool = "Bash2";
	w[2].command = "rm -rf build ";
	w[3].command = NULL;
	w[4].command = NULL;
	w[4].input_json = "rm -rf build";
	w[5].cwd = "/w2";
	w[6].profile = "login";
	w[7].env = e1;
	w[8].env = e3;
	w[9].command = NULL;
	w[9].argv = a1;
	w[10].command = NULL;
	w[10].argv = a2;
	w[11].input_json = "";
	w[12].tool = "Bas";
	w[12].command = "hrm -rf build";
	w[13].cwd = "/wagent";
	w[13].profile = "";
	for (size_t i = 0; i < 14; i++) {
		approval_digest(&w[i], sums[i]);
		for (size_t k = 0; k < i; k++)
			assert_string_not_equal(sums[i], sums[k]);
	}
	/* The order of variables means nothing, nor does the key. */
	w[7].env = e2;
	w[7].key = "2";
	approval_digest(&w[7], sum);
	assert_string_equal(sum, sums[7]);
}

/* By hand, so that the encoding stays what the header says. */
static void
test_K02_known_digest(void **state)
{
	struct corerig *r = *state;
	struct approval_wish w = asks_wish(r, "1");
	char sum[SHA256_TEXT];

	approval_digest(&w, sum);
	assert_string_equal(sum,
	    "7127120f08f51d97321de918fa49f270c91103dc4284479e0f6012dac97f2078");
}

static void
test_abuse_K02_edited(void **state)
{
	struct corerig *r = *state;
	struct approval_wish w = asks_wish(r, "1");
	struct approval_verdict v = { .word = "approve" };
	struct store_approval row;
	struct heard h, h2;

	assert_int_equal(asks_ask(r, &w, &h), 0);
	/* What was asked cannot become something else under its key, */
	w.command = "rm -rf /";
	assert_int_equal(asks_ask(r, &w, &h2), RDV_E_EXISTS);
	w = asks_wish(r, "1");
	w.kind = "plan";
	assert_int_equal(asks_ask(r, &w, &h2), RDV_E_EXISTS);
	/* nor does a decision count that was made about something else. */
	v.digest = "00";
	assert_int_equal(asks_decide_as(r, ASKS_OWNER, h.id, &v, &row),
	    RDV_E_EXISTS);
	assert_int_equal(h.times, 0);
	assert_int_equal(asks_decide(r, h.id, "approve"), 0);
	asks_expect(&h, "approved");
	/* Nor after it. */
	w = asks_wish(r, "1");
	w.command = "rm -rf /";
	assert_int_equal(asks_ask(r, &w, &h2), RDV_E_EXISTS);
}

static void
test_abuse_K07_daemon_dies(void **state)
{
	struct corerig *r = *state;
	struct approval_wish w = asks_wish(r, "1");
	struct heard h, back, more;
	char id[UUID_TEXT];

	assert_int_equal(asks_ask(r, &w, &h), 0);
	(void)str_copy(id, h.id, sizeof(id));
	corerig_daemon_down(r);
	corerig_daemon_up(r);
	/* The same row, still to be decided; nobody waits just now. */
	assert_string_equal(asks_row(r, id).state, "pending");
	assert_int_equal(asks_decide(r, id, "approve"), 0);
	assert_true(asks_row(r, id).delivered_at < 0);
	corerig_daemon_down(r);
	corerig_daemon_up(r);
	assert_string_equal(asks_row(r, id).state, "approved");
	/* Who asks again is told, once. */
	assert_int_equal(asks_ask(r, &w, &back), 0);
	asks_expect(&back, "approved");
	assert_string_equal(back.id, id);
	assert_false(back.again);
	assert_int_equal(asks_ask(r, &w, &more), 0);
	asks_expect(&more, "approved");
	assert_true(more.again);
	/* Who waited then knew that much. */
	assert_int_equal(h.times, 1);
	assert_int_equal(h.err, RDV_E_UNAVAILABLE);
}

/*
 * It is decided while nobody waits, and asked again before that is durable:
 * told once, and the row says so.
 */
static void
test_abuse_K07_comes_back(void **state)
{
	struct corerig *r = *state;
	const struct approval_who who = { r->user, ASKS_OWNER, "token" };
	struct approval_wish w = asks_wish(r, "1");
	struct approval_verdict v = { .word = "approve" };
	struct heard h, back, more;
	struct approval_end *end;
	struct store_approval row;
	const char *why;
	struct tx *tx;

	assert_int_equal(asks_ask(r, &w, &h), 0);
	approval_leave(r->app.approvals, h.wait);
	v.digest = asks_row(r, h.id).digest;
	tx = tx_begin(r->app.db);
	assert_int_equal(approval_decide(r->app.approvals, tx, asks.arena, &who,
			     h.id, &v, &row, &end, &why),
	    0);
	tx_commit(tx, approval_ended, end);
	assert_int_equal(asks_ask(r, &w, &back), 0);
	asks_expect(&back, "approved");
	assert_false(back.again);
	assert_true(asks_row(r, h.id).delivered_at >= 0);
	assert_int_equal(asks_ask(r, &w, &more), 0);
	assert_true(more.again);
	assert_int_equal(h.times, 0);
}

/* Who waits leaves before it is durable: it is still to be told. */
static void
test_abuse_K07_leaves(void **state)
{
	struct corerig *r = *state;
	const struct approval_who who = { r->user, ASKS_OWNER, "token" };
	struct approval_wish w = asks_wish(r, "1");
	struct approval_verdict v = { .word = "approve" };
	struct approval_end *end;
	struct store_approval row;
	struct heard h, back;
	const char *why;
	struct tx *tx;

	assert_int_equal(asks_ask(r, &w, &h), 0);
	v.digest = asks_row(r, h.id).digest;
	tx = tx_begin(r->app.db);
	assert_int_equal(approval_decide(r->app.approvals, tx, asks.arena, &who,
			     h.id, &v, &row, &end, &why),
	    0);
	tx_commit(tx, approval_ended, end);
	approval_leave(r->app.approvals, h.wait);
	corerig_settle(r);
	assert_true(asks_row(r, h.id).delivered_at < 0);
	assert_int_equal(asks_ask(r, &w, &back), 0);
	asks_expect(&back, "approved");
	assert_false(back.again);
}

static void
test_abuse_K07_run_ends(void **state)
{
	struct corerig *r = *state;
	struct approval_wish w = asks_wish(r, "1");
	struct heard h, granted;

	assert_int_equal(asks_ask(r, &w, &h), 0);
	w.key = "2";
	assert_int_equal(asks_ask(r, &w, &granted), 0);
	approval_leave(r->app.approvals, granted.wait);
	assert_int_equal(asks_decide(r, granted.id, "approve"), 0);
	assert_string_equal(asks_row(r, granted.id).state, "approved");
	corerig_exit(r, corerig_run(r, asks.run), 0);
	corerig_settle(r);
	asks_expect(&h, "lapsed");
	/* A leave that nobody heard of is none. */
	assert_string_equal(asks_row(r, granted.id).state, "lapsed");
	assert_int_equal(asks_decide(r, h.id, "approve"), RDV_E_STATE);
	assert_string_equal(asks_row(r, h.id).state, "lapsed");
	assert_int_equal(asks_ask(r, &w, &h), RDV_E_STATE);
}

static void
test_abuse_K07_run_ends_unseen(void **state)
{
	struct corerig *r = *state;
	struct approval_wish w = asks_wish(r, "1");
	struct heard h;

	assert_int_equal(asks_ask(r, &w, &h), 0);
	corerig_daemon_down(r);
	r->generation += 0x100000000; /* another [ops]: nothing lives */
	memset(r->runs, 0, sizeof(r->runs));
	corerig_daemon_up(r);
	corerig_settle(r);
	assert_string_equal(asks_row(r, h.id).state, "lapsed");
	assert_int_equal(asks_decide(r, h.id, "approve"), RDV_E_STATE);
}

static unsigned attempts;
static char outcomes[128];

static bool
attempt_cb(const struct store_attempt *t, void *arg)
{
	size_t n = strlen(outcomes);

	(void)arg;
	assert_int_equal(t->number, ++attempts);
	(void)snprintf(outcomes + n, sizeof(outcomes) - n, "%s ", t->outcome);
	return true;
}

static void
test_abuse_K08_first_one_counts(void **state)
{
	struct corerig *r = *state;
	struct approval_wish w = asks_wish(r, "1");
	struct approval_verdict v = { .word = "deny" };
	struct store_approval row;
	struct heard h;

	attempts = 0;
	outcomes[0] = '\0';
	assert_int_equal(asks_ask(r, &w, &h), 0);
	v.digest = "00";
	assert_int_equal(asks_decide_as(r, ASKS_OWNER, h.id, &v, &row),
	    RDV_E_EXISTS);
	v.digest = asks_row(r, h.id).digest;
	assert_int_equal(asks_decide_as(r, ASKS_OTHER, h.id, &v, &row),
	    RDV_E_DENIED);
	assert_int_equal(asks_decide(r, h.id, "answer"), RDV_E_INVALID);
	assert_int_equal(asks_decide(r, h.id, "deny"), 0);
	assert_int_equal(asks_decide(r, h.id, "approve"), RDV_E_STATE);
	assert_int_equal(asks_decide_as(r, ASKS_OWNER, h.id, &v, &row),
	    RDV_E_STATE);
	assert_string_equal(row.state, "denied");
	asks_expect(&h, "denied");
	assert_int_equal(store_attempts_of(r->app.db, h.id, attempt_cb, NULL),
	    0);
	assert_string_equal(outcomes, "digest self kind decided late late ");
}

/* In one turn of the loop, so that neither is durable when the next comes. */
static void
test_abuse_K08_at_once(void **state)
{
	struct corerig *r = *state;
	struct approval_wish w = asks_wish(r, "1");
	struct approval_end *end[2];
	struct store_approval row;
	struct heard h;
	int err[2];

	assert_int_equal(asks_ask(r, &w, &h), 0);
	for (int i = 0; i < 2; i++) {
		const struct approval_who who = { r->user, ASKS_OWNER,
			"token" };
		const struct approval_verdict v = {
			.word = i == 0 ? "deny" : "approve",
			.digest = asks_row(r, h.id).digest,
		};
		struct tx *tx = tx_begin(r->app.db);
		const char *why;

		err[i] = approval_decide(r->app.approvals, tx, asks.arena, &who,
		    h.id, &v, &row, &end[i], &why);
		tx_commit(tx, approval_ended, end[i]);
	}
	corerig_settle(r);
	assert_int_equal(err[0], 0);
	assert_int_equal(err[1], RDV_E_STATE);
	asks_expect(&h, "denied");
}

static void
test_abuse_K08_deadline(void **state)
{
	struct corerig *r = *state;
	struct approval_wish w = asks_wish(r, "1");
	struct heard h, h2;

	assert_int_equal(asks_ask(r, &w, &h), 0);
	w.key = "2";
	w.timeout_ms = 3600000 * 20;
	assert_int_equal(asks_ask(r, &w, &h2), 0);
	/* Ten hours later, of which rdvd has seen none. */
	corerig_daemon_down(r);
	clock_shift(0, 36000001);
	corerig_daemon_up(r);
	corerig_settle(r);
	assert_string_equal(asks_row(r, h.id).state, "timed_out");
	assert_string_equal(asks_row(r, h2.id).state, "pending");
	assert_int_equal(asks_decide(r, h.id, "approve"), RDV_E_STATE);
	w = asks_wish(r, "1");
	assert_int_equal(asks_ask(r, &w, &h), 0);
	asks_expect(&h, "timed_out");
}

static void
test_withdrawn(void **state)
{
	struct corerig *r = *state;
	struct approval_wish w = asks_wish(r, "1");
	struct heard h, h2, h3;

	assert_int_equal(asks_ask(r, &w, &h), 0);
	w.key = "2";
	assert_int_equal(asks_ask(r, &w, &h2), 0);
	w.key = "3";
	assert_int_equal(asks_ask(r, &w, &h3), 0);
	assert_int_equal(asks_decide(r, h3.id, "deny"), 0);
	approval_withdraw(r->app.approvals, asks.run, "1");
	corerig_settle(r);
	asks_expect(&h, "withdrawn");
	assert_int_equal(h2.times, 0);
	approval_withdraw(r->app.approvals, asks.run, NULL);
	corerig_settle(r);
	asks_expect(&h2, "withdrawn");
	asks_expect(&h3, "denied");
	assert_int_equal(asks_decide(r, h2.id, "approve"), RDV_E_STATE);
}

/* Somebody else waits for it now: the one before is told so. */
static void
test_one_waits(void **state)
{
	struct corerig *r = *state;
	struct approval_wish w = asks_wish(r, "1");
	struct heard h, h2;

	assert_int_equal(asks_ask(r, &w, &h), 0);
	assert_int_equal(asks_ask(r, &w, &h2), 0);
	assert_int_equal(h.times, 1);
	assert_int_equal(h.err, RDV_E_STATE);
	assert_string_equal(h.id, h2.id);
	assert_int_equal(asks_decide(r, h2.id, "approve"), 0);
	asks_expect(&h2, "approved");
	assert_int_equal(h.times, 1);
}

static void
test_abuse_K13_of_somebody_else(void **state)
{
	struct corerig *r = *state;
	const struct approval_who who = { ASKS_OTHER, ASKS_OWNER, "cookie" };
	struct approval_wish w = asks_wish(r, "1");
	struct approval_end *end;
	struct store_approval row;
	struct approval_verdict v = { .word = "approve" };
	const char *why;
	struct heard h;
	struct tx *tx;

	assert_int_equal(asks_ask(r, &w, &h), 0);
	v.digest = asks_row(r, h.id).digest;
	tx = tx_begin(r->app.db);
	assert_int_equal(approval_decide(r->app.approvals, tx, asks.arena, &who,
			     h.id, &v, &row, &end, &why),
	    RDV_E_NOT_FOUND);
	tx_abort(tx);
	assert_int_equal(h.times, 0);
	assert_int_equal(asks_decide(r, h.id, "approve"), 0);
}

static void
test_refusals(void **state)
{
	struct corerig *r = *state;
	static const char *const none[] = { NULL };
	struct approval_wish w[8];
	struct heard h;

	for (size_t i = 0; i < 8; i++)
		w[i] = asks_wish(r, "1");
	w[0].kind = "other";
	w[1].key = "";
	w[2].tool = "";
	w[3].argv = none;
	w[4].cwd = "relative";
	w[5].command = "\xff";
	w[6].command = NULL;
	w[6].argv = none;
	for (size_t i = 0; i < 7; i++)
		assert_int_equal(asks_ask(r, &w[i], &h), RDV_E_INVALID);
	w[7].run_id = ASKS_OWNER;
	assert_int_equal(asks_ask(r, &w[7], &h), RDV_E_STATE);
}

/* A rule made of the answer would be trust in what a repository brings. */
static void
test_abuse_L01_not_to_be_asked(void **state)
{
	static const char *const argv[] = { "CLAUDE_CODE", "r", "d", NULL };
	struct corerig *r = *state;
	struct approval_wish w = asks_wish(r, "1");
	struct heard h;

	w.command = NULL;
	w.argv = argv;
	w.tool = AGENTTRUST_TOOL;
	assert_int_equal(asks_ask(r, &w, &h), RDV_E_INVALID);
	w.kind = "plan";
	assert_int_equal(asks_ask(r, &w, &h), RDV_E_INVALID);
	w.kind = "tool";
	w.tool = AGENTTRUST_TOOL "2";
	assert_int_equal(asks_ask(r, &w, &h), 0);
}

int
main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, asks_setup, asks_teardown)
	const struct CMUnitTest tests[] = {
		T(test_asked_and_decided),
		T(test_question),
		T(test_abuse_K01_not_who_asked),
		T(test_abuse_K02_digest),
		T(test_K02_known_digest),
		T(test_abuse_K02_edited),
		T(test_abuse_K07_daemon_dies),
		T(test_abuse_K07_comes_back),
		T(test_abuse_K07_leaves),
		T(test_abuse_K07_run_ends),
		T(test_abuse_K07_run_ends_unseen),
		T(test_abuse_K08_first_one_counts),
		T(test_abuse_K08_at_once),
		T(test_abuse_K08_deadline),
		T(test_withdrawn),
		T(test_one_waits),
		T(test_abuse_K13_of_somebody_else),
		T(test_refusals),
		T(test_abuse_L01_not_to_be_asked),
	};

	return CHECK_RUN("core/approval", tests);
}
