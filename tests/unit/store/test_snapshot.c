/* SPDX-License-Identifier: MIT */
/*
 * What the reads of one turn share, and that nobody else pays for it: no
 * transaction is open once the turn is over.
 */
#include "tests/unit/check.h"

#include <sqlite3.h>

#include "daemon/loop.h"
#include "daemon/store/db.h"
#include "tests/unit/store/fx.h"

static const char sql_count[] = "SELECT COUNT(*) FROM user";
static const char sql_user[] =
    "INSERT INTO user (id, name, uid, created_at) VALUES (?, ?, ?, ?)";
static const char other_user[] =
    "INSERT INTO user (id, name, uid, created_at) VALUES ('o', 'o', 2, 1)";

struct seen {
	struct fx *fx;
	sqlite3 *other;
	int64_t before, same, after_change, next;
	bool done;
};

static bool
number_cb(struct row *row, void *arg)
{
	*(int64_t *)arg = row_int(row, 0);
	return true;
}

static int64_t
users(struct db *db)
{
	int64_t n = -1;

	assert_int_equal(db_query(db, sql_count, number_cb, &n, ""), 0);
	return n;
}

static void
do_sql(sqlite3 *other, const char *sql)
{
	assert_int_equal(sqlite3_exec(other, sql, NULL, NULL, NULL), SQLITE_OK);
}

static void
next_turn_cb(void *arg)
{
	struct seen *s = arg;

	s->next = users(s->fx->db);
	s->done = true;
}

static void
turn_cb(void *arg)
{
	struct seen *s = arg;
	struct tx *tx;

	s->before = users(s->fx->db);
	do_sql(s->other, other_user);
	s->same = users(s->fx->db);
	/* A change is made on what is there now, not on what was read. */
	tx = tx_begin(s->fx->db);
	assert_int_equal(tx_exec(tx, sql_user, "ssii", "u", "u", (int64_t)1,
			     (int64_t)1),
	    1);
	s->after_change = users(s->fx->db);
	tx_commit(tx, NULL, NULL);
}

static void
reads_of_a_turn_agree(void **state)
{
	struct seen s = { .fx = *state };
	struct loop_timer *first, *second;
	struct loop *l = s.fx->loop;

	assert_int_equal(sqlite3_open(s.fx->path, &s.other), SQLITE_OK);
	first = loop_timer_new(l, turn_cb, &s);
	second = loop_timer_new(l, next_turn_cb, &s);
	loop_timer_set(first, 0);
	loop_timer_set(second, 5);
	fx_until(s.fx, &s.done);
	assert_int_equal(s.before, 0);
	assert_int_equal(s.same, 0);
	assert_int_equal(s.after_change, 2);
	assert_int_equal(s.next, 2);
	/* TRUNCATE fails while anybody reads from the log. */
	fx_turn(s.fx);
	assert_int_equal(sqlite3_wal_checkpoint_v2(s.other, NULL,
			     SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL),
	    SQLITE_OK);
	sqlite3_close(s.other);
	loop_timer_free(first);
	loop_timer_free(second);
}

/* At the start and in hooks there is no end of a turn to come. */
static void
outside_a_turn_nothing_stays(void **state)
{
	struct fx *fx = *state;
	sqlite3 *other;

	assert_int_equal(sqlite3_open(fx->path, &other), SQLITE_OK);
	assert_int_equal(users(fx->db), 0);
	do_sql(other, other_user);
	assert_int_equal(users(fx->db), 1);
	assert_int_equal(sqlite3_wal_checkpoint_v2(other, NULL,
			     SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL),
	    SQLITE_OK);
	sqlite3_close(other);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(reads_of_a_turn_agree, fx_setup,
		    fx_teardown),
		cmocka_unit_test_setup_teardown(outside_a_turn_nothing_stays,
		    fx_setup, fx_teardown),
	};

	return CHECK_RUN("snapshot", tests);
}
