/* SPDX-License-Identifier: MIT */
/* A run that asks, for the tests of approvals. */
#include "tests/unit/core/asks.h"

#include <stdio.h>
#include <string.h>

#include "daemon/core/approvalrule.h"
#include "daemon/store/approvalrules.h"
#include "daemon/store/db.h"
#include "lib/arena.h"
#include "lib/clock.h"
#include "lib/err.h"
#include "tests/unit/check.h"

struct asks asks;

/* Who hears; none when its test is over, and its stack with it. */
static struct heard *slots[256];
static size_t nslots;

static void
copy(char *out, size_t size, const char *s)
{
	(void)snprintf(out, size, "%s", s != NULL ? s : "");
}

static void
heard_cb(int err, const struct approval_told *told, const char *why, void *arg)
{
	struct heard *h = *(struct heard **)arg;

	(void)why;
	if (h == NULL)
		return;
	h->times++;
	h->err = err;
	h->wait = NULL;
	if (told == NULL)
		return;
	copy(h->id, sizeof(h->id), told->id);
	copy(h->state, sizeof(h->state), told->state);
	copy(h->reason, sizeof(h->reason), told->reason);
	copy(h->answers, sizeof(h->answers), told->answers_json);
	copy(h->via, sizeof(h->via), told->via);
	h->again = told->again;
}

static void
asked_cb(const char *id, void *arg)
{
	struct heard *h = *(struct heard **)arg;

	assert_int_equal(h->times, 0);
	assert_string_equal(id, h->id);
	h->asked++;
}

int
asks_setup(void **state)
{
	struct corerig *r;
	int rc = corerig_setup(state);

	if (rc != 0)
		return rc;
	r = *state;
	asks.arena = arena_new();
	corerig_create(r, "asks");
	copy(asks.session, sizeof(asks.session), r->id);
	copy(asks.run, sizeof(asks.run),
	    corerig_session(r, asks.session)->run_id);
	return 0;
}

int
asks_teardown(void **state)
{
	clock_shift(0, 0);
	memset(slots, 0, sizeof(slots));
	nslots = 0;
	arena_free(asks.arena);
	return corerig_teardown(state);
}

struct approval_wish
asks_wish(struct corerig *r, const char *key)
{
	return (struct approval_wish){ .user_id = r->user,
		.session_id = asks.session,
		.run_id = asks.run,
		.kind = "tool",
		.key = key,
		.tool = "Bash",
		.command = "rm -rf build",
		.cwd = "/w",
		.profile = "agent",
		.asked_by = ASKS_OTHER };
}

int
asks_ask(struct corerig *r, const struct approval_wish *w, struct heard *h)
{
	struct approval_waiter who = { heard_cb, asked_cb, NULL };
	const char *why = NULL;
	int err;

	memset(h, 0, sizeof(*h));
	assert_true(nslots < sizeof(slots) / sizeof(slots[0]));
	slots[nslots] = h;
	who.arg = &slots[nslots++];
	err = approval_ask(r->app.approvals, w, &who, &h->wait, &why);
	if (err == 0)
		copy(h->id, sizeof(h->id), approval_wait_id(h->wait));
	else if (err > 0)
		assert_non_null(why);
	corerig_settle(r);
	return err;
}

struct store_approval
asks_row(struct corerig *r, const char *id)
{
	struct store_approval row;

	assert_int_equal(store_approval_get(r->app.db, asks.arena, r->user, id,
			     &row),
	    0);
	return row;
}

int
asks_decide_as(struct corerig *r, const char *token, const char *id,
    const struct approval_verdict *v, struct store_approval *row)
{
	const struct approval_who who = { r->user, token, "cookie" };
	struct approval_end *end;
	struct tx *tx = tx_begin(r->app.db);
	const char *why = NULL;
	int err = approval_decide(r->app.approvals, tx, asks.arena, &who, id, v,
	    row, &end, &why);

	if (err < 0 || err == RDV_E_NOT_FOUND)
		tx_abort(tx);
	else
		tx_commit(tx, approval_ended, end);
	corerig_settle(r);
	return err;
}

int
asks_decide(struct corerig *r, const char *id, const char *word)
{
	struct store_approval row = asks_row(r, id);
	const struct approval_verdict v = { .word = word,
		.reason = strcmp(word, "deny") == 0 ? "no" : NULL,
		.digest = row.digest };

	return asks_decide_as(r, ASKS_OWNER, id, &v, &row);
}

void
asks_expect(const struct heard *h, const char *state)
{
	assert_int_equal(h->times, 1);
	assert_int_equal(h->err, 0);
	assert_string_equal(h->state, state);
}

void
asks_rule(struct corerig *r, const char *verdict, const char *const *pattern)
{
	const struct approval_who who = { r->user, ASKS_OWNER, "cookie" };
	const struct rule_spec spec = { .verdict = verdict,
		.tool = "Bash",
		.scope = "all",
		.pattern = pattern };
	struct tx *tx = tx_begin(r->app.db);
	struct store_rule out;
	const char *why = NULL;

	assert_int_equal(rule_create(tx, asks.arena, &who, &spec, &out, &why),
	    0);
	tx_commit(tx, NULL, NULL);
	corerig_settle(r);
}
