/* SPDX-License-Identifier: MIT */
/*
 * Answers that come later: keys of requests under way, changes that cannot be
 * stored, and what an outcome looks like to a client.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/api/api.h"
#include "daemon/event/event.h"
#include "daemon/loop.h"
#include "daemon/store/db.h"
#include "lib/err.h"
#include "lib/js.h"
#include "tests/unit/api/rig.h"
#include "tests/unit/check.h"

#define KEY "Idempotency-Key: k\r\n"

static struct api_call *held;
static unsigned runs;
static int outcome;

static void
hold(struct api_call *c)
{
	runs++;
	held = c;
	loop_stop(c->app->loop);
}

static void
answer(struct api_call *c)
{
	struct js *o = js_object();

	js_add_int(o, "run", ++runs);
	api_reply(c, 200, o);
}

static void
change(struct api_call *c)
{
	struct tx *tx = tx_begin(c->app->db);
	struct js *o = js_object();

	js_add_int(o, "run", ++runs);
	event_emit(tx, EV_SYSTEM, c->actor->user_id, "canary", NULL);
	/* A user that is nobody breaks the table's rule. */
	if (outcome != 0)
		(void)tx_exec(tx,
		    "INSERT INTO folder (id, user_id, name, created_at, "
		    "updated_at) VALUES ('x', 'nobody', 'x', 0, 0)",
		    "");
	api_commit(c, tx, 201, o);
}

static void
failing(struct api_call *c)
{
	api_fail(c, outcome, NULL);
}

static const struct api_route routes[] = {
	{ HTTP_M_POST, "/hold", SCOPE_WRITE, .handler = hold },
	{ HTTP_M_POST, "/answer", SCOPE_WRITE, .handler = answer },
	{ HTTP_M_POST, "/change", SCOPE_WRITE, .handler = change,
	    .atomic = true },
	{ HTTP_M_GET, "/fail", SCOPE_READ, .handler = failing },
	{ .pattern = NULL },
};

static const struct api_route *const tables[] = { routes, NULL };

static int
setup(void **state)
{
	held = NULL;
	runs = 0;
	outcome = 0;
	return rig_setup_with(state, tables);
}

static int
ask(struct fx *fx, const char *path, const char *headers, int64_t *run)
{
	struct answer a;
	int status;

	rig_as(fx, &a, "POST", path, headers, NULL);
	status = a.status;
	if (run != NULL)
		*run = a.json != NULL ? js_int(a.json, "run", 0) : 0;
	answer_done(&a);
	return status;
}

static void
test_key_of_a_request_under_way(void **state)
{
	struct fx *fx = *state;
	struct client *first;
	struct answer a;

	first = rig_send(fx, "POST", "/hold", KEY, NULL);
	loop_run(fx->app.loop);
	assert_non_null(held);
	assert_int_equal(ask(fx, "/hold", KEY, NULL), 409);
	assert_int_equal(runs, 1);
	api_empty(held, 202);
	rig_receive(first, &a);
	assert_int_equal(a.status, 202);
	answer_done(&a);
	/* Now it is answered from the store, without a body as before. */
	rig_as(fx, &a, "POST", "/hold", KEY, NULL);
	assert_int_equal(a.status, 202);
	assert_string_equal(a.body, "");
	assert_non_null(strstr(a.head, "idempotency-replayed: true"));
	answer_done(&a);
	assert_int_equal(runs, 1);
}

static void
test_key_is_free_again_after_a_failure(void **state)
{
	struct fx *fx = *state;
	struct client *first;
	struct answer a;

	first = rig_send(fx, "POST", "/hold", KEY, NULL);
	loop_run(fx->app.loop);
	api_fail(held, RDV_E_STATE, NULL);
	rig_receive(first, &a);
	assert_int_equal(a.status, 409);
	answer_done(&a);
	first = rig_send(fx, "POST", "/hold", KEY, NULL);
	loop_run(fx->app.loop);
	assert_int_equal(runs, 2);
	api_empty(held, 204);
	rig_receive(first, &a);
	assert_int_equal(a.status, 204);
	answer_done(&a);
}

static void
test_answers_without_a_change_are_kept(void **state)
{
	struct fx *fx = *state;
	int64_t run;

	assert_int_equal(ask(fx, "/answer", KEY, &run), 200);
	assert_int_equal(ask(fx, "/answer", KEY, &run), 200);
	assert_int_equal(run, 1);
	assert_int_equal(ask(fx, "/answer", "", &run), 200);
	assert_int_equal(run, 2);
}

static void
test_change_and_answer_are_one(void **state)
{
	struct fx *fx = *state;
	int64_t run;

	outcome = 1;
	assert_int_equal(ask(fx, "/change", KEY, NULL), 503);
	assert_int_equal(event_newest(fx->app.bus), 1);
	/* Nothing of it was kept, so the key may try again. */
	outcome = 0;
	assert_int_equal(ask(fx, "/change", KEY, &run), 201);
	assert_int_equal(run, 2);
	assert_int_equal(ask(fx, "/change", KEY, &run), 201);
	assert_int_equal(run, 2);
}

static void
test_outcomes(void **state)
{
	static const struct {
		int err, status;
		const char *code;
	} rows[] = {
		{ RDV_E_INVALID, 400, "INVALID_ARGUMENT" },
		{ RDV_E_NOT_FOUND, 404, "NOT_FOUND" },
		{ RDV_E_STATE, 409, "INVALID_STATE" },
		{ RDV_E_DENIED, 403, "ACCESS_DENIED" },
		{ RDV_E_UNAVAILABLE, 503, "UNAVAILABLE" },
		{ RDV_E_TIMEOUT, 504, "TIMEOUT" },
		{ -ENOSPC, 503, "DATABASE_UNAVAILABLE" },
		{ -EINVAL, 500, "INTERNAL" },
		{ RDV_E_MAX, 500, "INTERNAL" },
	};
	struct fx *fx = *state;
	struct answer a;

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		outcome = rows[i].err;
		rig_as(fx, &a, "GET", "/fail", "", NULL);
		assert_int_equal(a.status, rows[i].status);
		assert_string_equal(answer_code(&a), rows[i].code);
		assert_true((strstr(a.head, "retry-after: 1") != NULL) ==
			    (a.status == 503));
		answer_done(&a);
	}
}

/* The client is gone before the answer: the key keeps it all the same. */
static void
test_client_that_left(void **state)
{
	struct fx *fx = *state;
	struct client *first;

	first = rig_send(fx, "POST", "/hold", KEY, NULL);
	loop_run(fx->app.loop);
	rig_leave(first);
	api_empty(held, 202);
	db_settle(fx->app.db);
	assert_int_equal(ask(fx, "/hold", KEY, NULL), 202);
	assert_int_equal(runs, 1);
}

int
main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, rig_teardown)
	const struct CMUnitTest tests[] = {
		T(test_key_of_a_request_under_way),
		T(test_key_is_free_again_after_a_failure),
		T(test_answers_without_a_change_are_kept),
		T(test_change_and_answer_are_one),
		T(test_outcomes),
		T(test_client_that_left),
	};

	return CHECK_RUN("claim", tests);
}
