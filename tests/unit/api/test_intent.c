/* SPDX-License-Identifier: MIT */
/*
 * A key whose first request did something outside of the database. The intent
 * is durable before that, so a daemon that dies in between leaves a key that is
 * not run again.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <sqlite3.h>

#include "daemon/api/api.h"
#include "daemon/loop.h"
#include "daemon/store/db.h"
#include "daemon/store/idem.h"
#include "lib/arena.h"
#include "lib/err.h"
#include "tests/unit/api/rig.h"
#include "tests/unit/check.h"

#define KEY   "Idempotency-Key: k\r\n"
#define OTHER "Idempotency-Key: other\r\n"

static struct fx *fx;
static bool dies;	 /* the daemon, right after the effect */
static sqlite3 *blocker; /* begins to write right after the effect */
static int found, status;
static unsigned unsynced;
static struct api_call *held;

/* What the handler finds about its own key. */
static void
look(struct api_call *c)
{
	struct store_idem row = { .status = -1 };
	struct db_stats stats;

	db_stats(c->app->db, &stats);
	unsynced = stats.waiting;
	found = store_idem_find(c->app->db, c->req->arena, c->actor->user_id,
	    "k", &row);
	status = (int)row.status;
}

static void
effect(struct api_call *c)
{
	int fd =
	    open(fx_path(fx, "effect"), O_WRONLY | O_CREAT | O_APPEND, 0600);

	assert_int_equal(write(fd, "x", 1), 1);
	close(fd);
	look(c);
	if (dies)
		(void)kill(getpid(), SIGKILL);
	if (blocker != NULL)
		assert_int_equal(sqlite3_exec(blocker, "BEGIN IMMEDIATE", NULL,
				     NULL, NULL),
		    SQLITE_OK);
	api_empty(c, 202);
}

static void
atomic(struct api_call *c)
{
	look(c);
	api_commit(c, tx_begin(c->app->db), 201, NULL);
}

static void
hold(struct api_call *c)
{
	held = c;
	loop_stop(c->app->loop);
}

static const struct js_field fields[] = {
	{ .name = "n", .kind = JS_INT, .min = 0, .max = 9, .required = true },
	{ .name = NULL },
};

struct in {
	uint64_t set;
	int64_t n;
};

static const struct api_route routes[] = {
	{ HTTP_M_POST, "/effect", SCOPE_WRITE, .handler = effect },
	{ HTTP_M_POST, "/body", SCOPE_WRITE, .body = fields,
	    .in_size = sizeof(struct in), .handler = effect },
	{ HTTP_M_POST, "/atomic", SCOPE_WRITE, .handler = atomic,
	    .atomic = true },
	{ HTTP_M_POST, "/hold", SCOPE_WRITE, .handler = hold },
	{ .pattern = NULL },
};

static const struct api_route *const tables[] = { routes, NULL };

static int
setup(void **state)
{
	dies = false;
	blocker = NULL;
	held = NULL;
	found = status = -1;
	if (rig_setup_with(state, tables) != 0)
		return -1;
	fx = *state;
	return 0;
}

static long
effects(void)
{
	struct stat st;

	return stat(fx_path(fx, "effect"), &st) == 0 ? (long)st.st_size : 0;
}

static int
ask(const char *path, const char *key, const char *body, const char *code)
{
	struct answer a;
	int result;

	rig_as(fx, &a, "POST", path, key, body);
	result = a.status;
	assert_string_equal(answer_code(&a), code);
	answer_done(&a);
	return result;
}

/* Another daemon, on the same state, is killed as it answers. */
static void
crash(void)
{
	int how;
	pid_t pid;

	rig_close(fx);
	fx_close(fx);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		dies = true;
		fx_open(fx);
		rig_open(fx, tables);
		(void)ask("/effect", KEY, NULL, "");
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &how, 0), pid);
	assert_true(WIFSIGNALED(how) && WTERMSIG(how) == SIGKILL);
	fx_open(fx);
	rig_open(fx, tables);
}

static void
test_daemon_killed_between_effect_and_answer(void **state)
{
	(void)state;
	crash();
	assert_int_equal(effects(), 1);
	for (int i = 0; i < 2; i++)
		assert_int_equal(ask("/effect", KEY, NULL,
				     "IDEMPOTENCY_UNKNOWN"),
		    409);
	assert_int_equal(effects(), 1);
	assert_int_equal(ask("/hold", KEY, NULL, "IDEMPOTENCY_MISMATCH"), 422);
	/* Another key is another request, whose repetition is answered. */
	assert_int_equal(ask("/effect", OTHER, NULL, ""), 202);
	assert_int_equal(ask("/effect", OTHER, NULL, ""), 202);
	assert_int_equal(effects(), 2);
}

static void
test_intent_is_durable_before_the_handler(void **state)
{
	(void)state;
	assert_int_equal(ask("/effect", KEY, NULL, ""), 202);
	assert_int_equal(found, 0);
	assert_int_equal(status, STORE_IDEM_INTENT);
	assert_int_equal(unsynced, 0);
	/* Its place is the answer's now. */
	assert_int_equal(ask("/effect", KEY, NULL, ""), 202);
	assert_int_equal(effects(), 1);
}

/* What is one transaction with its answer costs no second one. */
static void
test_no_intent_where_none_is_needed(void **state)
{
	(void)state;
	assert_int_equal(ask("/atomic", KEY, NULL, ""), 201);
	assert_int_equal(found, RDV_E_NOT_FOUND);
	assert_int_equal(ask("/effect", "", NULL, ""), 202);
	assert_int_equal(status, 201);
}

/* Refused before it began: the key was not used. */
static void
test_refused_body_leaves_no_intent(void **state)
{
	(void)state;
	assert_int_equal(ask("/body", KEY, "{}", "MISSING_FIELD"), 422);
	assert_int_equal(ask("/body", KEY, "{\"n\": 1}", ""), 202);
	assert_int_equal(effects(), 1);
}

static void
test_intent_that_cannot_be_stored(void **state)
{
	sqlite3 *other;

	(void)state;
	assert_int_equal(sqlite3_open(fx->conf.database_path, &other),
	    SQLITE_OK);
	assert_int_equal(sqlite3_exec(other, "BEGIN IMMEDIATE", NULL, NULL,
			     NULL),
	    SQLITE_OK);
	assert_int_equal(ask("/effect", KEY, NULL, "UNAVAILABLE"), 503);
	assert_int_equal(effects(), 0);
	assert_int_equal(sqlite3_close(other), SQLITE_OK);
	assert_int_equal(ask("/effect", KEY, NULL, ""), 202);
	assert_int_equal(effects(), 1);
}

/* It was done and told, and only the memory of that was lost. */
static void
test_answer_that_cannot_be_stored(void **state)
{
	(void)state;
	assert_int_equal(sqlite3_open(fx->conf.database_path, &blocker),
	    SQLITE_OK);
	assert_int_equal(ask("/effect", KEY, NULL, ""), 202);
	assert_int_equal(sqlite3_close(blocker), SQLITE_OK);
	blocker = NULL;
	assert_int_equal(ask("/effect", KEY, NULL, "IDEMPOTENCY_UNKNOWN"), 409);
	assert_int_equal(effects(), 1);
}

static void
fail_held(bool ending)
{
	struct client *first = rig_send(fx, "POST", "/hold", KEY, NULL);
	struct answer a;

	loop_run(fx->app.loop);
	assert_non_null(held);
	fx->app.draining = ending;
	api_fail(held, RDV_E_UNAVAILABLE, NULL);
	fx->app.draining = false;
	held = NULL;
	rig_receive(first, &a);
	assert_int_equal(a.status, 503);
	answer_done(&a);
}

/* While rdvd ends, 503 may mean that only the waiting was given up. */
static void
test_failure_of_an_ending_daemon(void **state)
{
	(void)state;
	fail_held(false);
	fail_held(true);
	assert_int_equal(ask("/hold", KEY, NULL, "IDEMPOTENCY_UNKNOWN"), 409);
	assert_null(held);
}

/* What comes too late to begin is refused, and its key is free. */
static void
test_ending_daemon_begins_nothing(void **state)
{
	(void)state;
	fx->app.draining = true;
	assert_int_equal(ask("/effect", KEY, NULL, "UNAVAILABLE"), 503);
	assert_int_equal(effects(), 0);
	fx->app.draining = false;
	assert_int_equal(ask("/effect", KEY, NULL, ""), 202);
	assert_int_equal(effects(), 1);
}

int
main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, rig_teardown)
	const struct CMUnitTest tests[] = {
		T(test_daemon_killed_between_effect_and_answer),
		T(test_intent_is_durable_before_the_handler),
		T(test_no_intent_where_none_is_needed),
		T(test_refused_body_leaves_no_intent),
		T(test_intent_that_cannot_be_stored),
		T(test_answer_that_cannot_be_stored),
		T(test_failure_of_an_ending_daemon),
		T(test_ending_daemon_begins_nothing),
	};

	return CHECK_RUN("intent", tests);
}
