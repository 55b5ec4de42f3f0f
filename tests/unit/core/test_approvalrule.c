/* SPDX-License-Identifier: MIT */
/*
 * What is decided without a person: by rules, by an owner who wants not to be
 * asked, and because a run asks too much.
 */
#include <stdio.h>
#include <string.h>

#include "daemon/core/approvalrule.h"
#include "daemon/store/approvalrules.h"
#include "daemon/store/db.h"
#include "lib/arena.h"
#include "lib/clock.h"
#include "lib/err.h"
#include "lib/str.h"
#include "tests/unit/check.h"
#include "tests/unit/core/asks.h"

#define W(...) ((const char *const[]){ __VA_ARGS__, NULL })

static void
test_abuse_K04_rules(void **state)
{
	static const char *const no[] = { "git status; rm -rf x", "git statusx",
		"git status -s", "git status && x", "git status\nx",
		"git status | x", "X=1 git status", "git status > f",
		"git status $(x)", "git stash", "sudo git status" };
	static const char *const env[] = { "PATH=/tmp", NULL };
	struct corerig *r = *state;
	struct approval_wish w = asks_wish(r, "0");
	struct heard h;
	char key[8];

	asks_rule(r, "allow", W("git", "status"));
	w.command = "git  'status'";
	assert_int_equal(asks_ask(r, &w, &h), 0);
	asks_expect(&h, "approved");
	assert_string_equal(h.via, "rule");
	assert_int_equal(h.asked, 0);
	for (size_t i = 0; i < sizeof(no) / sizeof(no[0]); i++) {
		(void)snprintf(key, sizeof(key), "k%zu", i);
		w = asks_wish(r, key);
		w.command = no[i];
		assert_int_equal(asks_ask(r, &w, &h), 0);
		if (h.times != 0)
			fail_msg("decided by a rule: %s", no[i]);
	}
	/* Words as they are, another tool, another environment, a question. */
	w = asks_wish(r, "w1");
	w.command = NULL;
	w.argv = W("git", "status");
	assert_int_equal(asks_ask(r, &w, &h), 0);
	asks_expect(&h, "approved");
	w.key = "w2";
	w.tool = "Run";
	assert_int_equal(asks_ask(r, &w, &h), 0);
	assert_int_equal(h.times, 0);
	w.key = "w3";
	w.tool = "Bash";
	w.env = env;
	assert_int_equal(asks_ask(r, &w, &h), 0);
	assert_int_equal(h.times, 0);
	/* Stronger is who asks, and strongest who denies. */
	asks_rule(r, "ask", W("git", "*"));
	w = asks_wish(r, "w4");
	w.command = "git status";
	assert_int_equal(asks_ask(r, &w, &h), 0);
	assert_int_equal(h.times, 0);
	asks_rule(r, "deny", W("git", "status"));
	w.key = "w5";
	assert_int_equal(asks_ask(r, &w, &h), 0);
	asks_expect(&h, "denied");
}

/* What dodges a rule that denies is asked about, and never allowed by that. */
static void
test_abuse_K05_dodged(void **state)
{
	static const char *const dodges[] = { "/usr/bin/sudo x", "env sudo x",
		"busybox sudo x", "sh -c 'sudo x'", "sudo x; x" };
	struct corerig *r = *state;
	struct approval_wish w = asks_wish(r, "0");
	struct heard h;
	char key[8];

	asks_rule(r, "deny", W("sudo", "*"));
	w.command = "sudo x";
	assert_int_equal(asks_ask(r, &w, &h), 0);
	asks_expect(&h, "denied");
	/* A backslash is the same word, and no dodge. */
	w.key = "1";
	w.command = "\\sudo x";
	assert_int_equal(asks_ask(r, &w, &h), 0);
	asks_expect(&h, "denied");
	for (size_t i = 0; i < sizeof(dodges) / sizeof(dodges[0]); i++) {
		(void)snprintf(key, sizeof(key), "d%zu", i);
		w = asks_wish(r, key);
		w.command = dodges[i];
		assert_int_equal(asks_ask(r, &w, &h), 0);
		assert_int_equal(h.times, 0);
	}
}

static void
test_abuse_K12_flood(void **state)
{
	struct corerig *r = *state;
	struct approval_wish w;
	struct heard h;
	unsigned pending = 0, denied = 0;
	struct store_approval one;
	char key[16], first[UUID_TEXT] = "";

	for (int i = 0; i < 100; i++) {
		(void)snprintf(key, sizeof(key), "%d", i);
		w = asks_wish(r, key);
		assert_int_equal(asks_ask(r, &w, &h), 0);
		if (h.times == 0) {
			pending++;
			(void)str_copy(first, h.id, sizeof(first));
			continue;
		}
		asks_expect(&h, "denied");
		assert_string_equal(h.via, "bound");
		denied++;
	}
	assert_int_equal(pending, APPROVAL_PENDING);
	assert_int_equal(denied, 100 - APPROVAL_PENDING);
	/* One row of all of these, told of seven times: 1, 2, 4 ... 64. */
	assert_int_equal(store_approval_by_key(r->app.db, asks.arena, asks.run,
			     "", &one),
	    0);
	assert_int_equal(one.repeats, denied);
	assert_int_equal(corerig_events(r, "approval.limited", one.id), 7);
	/* When there is room, people are asked again, at a bounded rate. */
	for (int i = 0; i < 40; i++) {
		assert_int_equal(asks_decide(r, first, "deny"), 0);
		(void)snprintf(key, sizeof(key), "m%d", i);
		w = asks_wish(r, key);
		assert_int_equal(asks_ask(r, &w, &h), 0);
		if (h.times != 0)
			break;
		(void)str_copy(first, h.id, sizeof(first));
		pending++;
	}
	assert_int_equal(pending, APPROVAL_MINUTE);
	clock_shift(60000, 0);
	w = asks_wish(r, "later");
	assert_int_equal(asks_ask(r, &w, &h), 0);
	assert_int_equal(h.times, 0);
}

static void
bypass(struct corerig *r, bool on)
{
	const struct approval_who who = { r->user, ASKS_OWNER, "cookie" };
	struct tx *tx = tx_begin(r->app.db);

	assert_int_equal(approval_bypass(tx, &who, asks.session, on), 0);
	tx_commit(tx, NULL, NULL);
	corerig_settle(r);
}

static void
test_abuse_K16_bypass(void **state)
{
	struct corerig *r = *state;
	struct approval_wish w = asks_wish(r, "1");
	struct store_bypass row;
	struct heard h;

	bypass(r, true);
	bypass(r, true);
	assert_int_equal(store_bypass_get(r->app.db, asks.arena, asks.session,
			     &row),
	    0);
	assert_string_equal(row.token_id, ASKS_OWNER);
	assert_int_equal(asks_ask(r, &w, &h), 0);
	asks_expect(&h, "approved");
	assert_string_equal(h.via, "bypass");
	/* A question is a person's, and a rule that denies is kept. */
	w = asks_wish(r, "2");
	w.kind = "plan";
	assert_int_equal(asks_ask(r, &w, &h), 0);
	assert_int_equal(h.times, 0);
	asks_rule(r, "deny", W("rm", "*"));
	w = asks_wish(r, "3");
	assert_int_equal(asks_ask(r, &w, &h), 0);
	asks_expect(&h, "denied");
	bypass(r, false);
	w.key = "4";
	w.command = "make";
	assert_int_equal(asks_ask(r, &w, &h), 0);
	assert_int_equal(h.times, 0);
}

/* A session that is made while another has it does not. */
static void
test_abuse_K16_not_inherited(void **state)
{
	struct corerig *r = *state;
	struct approval_wish w = asks_wish(r, "1");
	struct heard h;

	bypass(r, true);
	corerig_create(r, "asks");
	w.session_id = r->id;
	w.run_id = arena_strdup(asks.arena, corerig_session(r, r->id)->run_id);
	assert_int_equal(asks_ask(r, &w, &h), 0);
	assert_int_equal(h.times, 0);
	w = asks_wish(r, "1");
	assert_int_equal(asks_ask(r, &w, &h), 0);
	asks_expect(&h, "approved");
}

int
main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, asks_setup, asks_teardown)
	const struct CMUnitTest tests[] = {
		T(test_abuse_K04_rules),
		T(test_abuse_K05_dodged),
		T(test_abuse_K12_flood),
		T(test_abuse_K16_bypass),
		T(test_abuse_K16_not_inherited),
	};

	return CHECK_RUN("core/approvalrule", tests);
}
