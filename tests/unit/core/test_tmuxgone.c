/* SPDX-License-Identifier: MIT */
/*
 * Sessions in tmux are closed where tmux cannot be asked: it was removed, or
 * nobody knows for whom to ask.
 */
#include <string.h>

#include "daemon/core/tmux.h"
#include "daemon/store/db.h"
#include "lib/err.h"
#include "tests/unit/check.h"
#include "tests/unit/core/await.h"
#include "tests/unit/core/corerig.h"

static int
tmux_setup(void **state)
{
	int err = corerig_setup(state);
	struct corerig *r = *state;

	r->app.tmuxes = tmux_new(&r->app);
	r->exit_on_signal = true;
	return err;
}

static int
tmux_teardown(void **state)
{
	struct corerig *r = *state;

	tmux_let_go(r->app.tmuxes);
	corerig_settle(r);
	tmux_free(r->app.tmuxes);
	r->app.tmuxes = NULL;
	return corerig_teardown(state);
}

static void
write_down(struct corerig *r, const char *sql)
{
	struct tx *tx = tx_begin(r->app.db);

	assert_true(tx_exec(tx, sql, "") >= 0);
	tx_commit(tx, NULL, NULL);
	db_settle(r->app.db);
}

/* Its client runs; of tmux itself nothing is there to be asked. */
static void
session_in_tmux(struct corerig *r)
{
	corerig_create(r, "one");
	write_down(r, "UPDATE session SET terminal_type = 'tmux'");
	r->fail_spawn = r->no_program = true;
}

/* As far as rdvd knows: a run on record whose end nobody has told. */
static void
server_lives(struct corerig *r)
{
	struct tx *tx = tx_begin(r->app.db);
	char id[UUID_TEXT];

	uuid_v7(id);
	assert_int_equal(store_run_insert(tx, &(struct store_run){ .id = id,
						  .user_id = r->user,
						  .reason = "devserver",
						  .io = "pipes",
						  .state = "running",
						  .profile = "login",
						  .argv_json = "[]",
						  .exit_code = -1,
						  .signal = -1,
						  .created_at = 1,
						  .started_at = 1,
						  .ended_at = -1 }),
	    0);
	tx_commit(tx, NULL, NULL);
	db_settle(r->app.db);
}

static void
close_it(struct corerig *r)
{
	struct session_who who = corerig_who(r, r->id);

	session_close(r->app.sessions, &who);
	corerig_answer(r);
}

static void
abuse_H18_without_tmux_and_its_server(void **state)
{
	struct corerig *r = *state;

	session_in_tmux(r);
	close_it(r);
	assert_int_equal(r->err, 0);
	assert_string_equal(r->why, "");
	assert_string_equal(corerig_session(r, r->id)->status, "closed");
}

static void
abuse_H18_without_tmux_its_server_lives(void **state)
{
	struct corerig *r = *state;

	session_in_tmux(r);
	server_lives(r);
	close_it(r);
	assert_int_equal(r->err, 0);
	assert_non_null(strstr(r->why, r->id));
	assert_non_null(strstr(r->why, "was not ended and goes on"));
	assert_non_null(strstr(r->why, "tmux is not there"));
	assert_string_equal(corerig_session(r, r->id)->status, "closed");
}

/* Something else is missing: of the tmux session nothing is known. */
static void
abuse_H18_a_client_not_started(void **state)
{
	struct corerig *r = *state;

	session_in_tmux(r);
	r->no_program = false;
	close_it(r);
	assert_int_equal(r->err, RDV_E_UNAVAILABLE);
	assert_string_equal(corerig_session(r, r->id)->status, "active");
}

/* After a crash nobody asks: it is for its owner, or for nobody. */
static void
abuse_H18_nobody_is_not_root(void **state)
{
	struct corerig *r = *state;
	unsigned logins, spawns;

	session_in_tmux(r);
	write_down(r, "UPDATE session SET closed_at = 1");
	write_down(r, "ALTER TABLE user RENAME TO elsewhere");
	logins = r->logins;
	spawns = r->spawns;
	sessions_settle(r->app.sessions);
	corerig_settle(r);
	assert_int_equal(r->logins, logins);
	assert_int_equal(r->spawns, spawns);
	assert_string_equal(corerig_session(r, r->id)->status, "active");

	write_down(r, "ALTER TABLE elsewhere RENAME TO user");
	sessions_settle(r->app.sessions);
	corerig_settle(r);
	/* By the grant of its owner that there is. */
	assert_int_equal(r->logins, logins);
	assert_int_equal(r->spawns, spawns + 1);
	assert_string_equal(corerig_session(r, r->id)->status, "closed");
}

int
main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, tmux_setup, tmux_teardown)
	const struct CMUnitTest tests[] = {
		T(abuse_H18_without_tmux_and_its_server),
		T(abuse_H18_without_tmux_its_server_lives),
		T(abuse_H18_a_client_not_started),
		T(abuse_H18_nobody_is_not_root),
	};

	return CHECK_RUN("tmuxgone", tests);
}
