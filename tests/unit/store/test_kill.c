/* SPDX-License-Identifier: MIT */
/*
 * kill -9 at any moment (abuse O06): a child writes and reports what has been
 * acknowledged; it is killed; whatever it reported must be there, each change
 * whole or not at all, with no step of repair.
 */
#include "tests/unit/check.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/loop.h"
#include "daemon/store/db.h"
#include "tests/unit/store/fx.h"

#define ROUNDS 25

/* A change is two rows; the second has the key of the first and a prime. */
static const char sql_insert[] =
    "INSERT INTO idempotency (user_id, key, route, digest, status, body, "
    "created_at) VALUES (?, ?, '', '', 200, ?, 0)";
static const char sql_count[] =
    "SELECT COUNT(*), MAX(CAST(key AS INTEGER)) FROM idempotency "
    "WHERE user_id = ?";

struct count {
	int64_t rows, max;
};

static bool
count_cb(struct row *row, void *arg)
{
	struct count *c = arg;

	c->rows = row_int(row, 0);
	c->max = row_int_or(row, 1, -1);
	return false;
}

static struct count
counted(struct db *db, const char *who)
{
	struct count c = { 0, 0 };

	assert_int_equal(db_query(db, sql_count, count_cb, &c, "s", who), 0);
	return c;
}

struct child {
	struct fx *fx;
	int out;
	int64_t next;	 /* number of the next change */
	int64_t settled; /* acknowledged, in order */
};

static void write_more(struct child *c);

static void
settled_cb(int err, void *arg)
{
	struct child *c = arg;

	if (err != 0)
		_exit(1);
	c->settled++;
	if (write(c->out, &c->settled, sizeof c->settled) != sizeof c->settled)
		_exit(2);
	write_more(c);
}

static void
write_more(struct child *c)
{
	static char body[20000];
	char key[24];
	struct tx *tx = tx_begin(c->fx->db);

	memset(body, 'y', sizeof body - 1);
	(void)snprintf(key, sizeof key, "%lld", (long long)c->next++);
	(void)tx_exec(tx, sql_insert, "sss", "one", key, body);
	(void)tx_exec(tx, sql_insert, "sss", "two", key, "");
	tx_commit(tx, settled_cb, c);
}

static _Noreturn void
child_main(struct fx *fx, int out)
{
	struct child c = { fx, out, 0, 0 };

	if (fx_open(fx) != 0 || db_start(fx->db) != 0)
		_exit(3);
	c.next = c.settled = counted(fx->db, "one").rows;
	/* Several in flight, so that turns wait for one another. */
	for (int i = 0; i < 4; i++)
		write_more(&c);
	loop_run(fx->loop);
	_exit(4);
}

/* Runs a child until it has reported `n` more; returns the last report. */
static int64_t
kill_after(struct fx *fx, int n, int64_t last)
{
	int64_t report;
	int fds[2], status;
	pid_t pid;

	assert_int_equal(pipe(fds), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		close(fds[0]);
		child_main(fx, fds[1]);
	}
	close(fds[1]);
	while (n-- > 0 && read(fds[0], &report, sizeof report) > 0)
		last = report;
	(void)kill(pid, SIGKILL);
	while (read(fds[0], &report, sizeof report) > 0)
		last = report;
	close(fds[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
	return last;
}

static void
abuse_O06_killed_at_any_moment(void **state)
{
	struct fx *fx = *state;
	struct count one, two;
	int64_t acknowledged = 0;

	for (int round = 0; round < ROUNDS; round++) {
		acknowledged =
		    kill_after(fx, 1 + (round * 37) % 60, acknowledged);
		if (fx_open(fx) != 0)
			fail_msg("round %d: %s", round, fx->why);
		one = counted(fx->db, "one");
		two = counted(fx->db, "two");
		assert_true(one.rows >= acknowledged);
		assert_int_equal(one.rows, two.rows);
		assert_int_equal(one.max, one.rows - 1);
		assert_int_equal(two.max, two.rows - 1);
		acknowledged = one.rows;
		assert_true(db_healthy(fx->db));
		fx_close(fx);
		/* Now and then two in a row, with nobody to tidy up between. */
		if (round % 3 == 0)
			acknowledged = kill_after(fx, 5, acknowledged);
	}
	assert_true(acknowledged > ROUNDS);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(abuse_O06_killed_at_any_moment,
		    fx_setup_empty, fx_teardown),
	};

	return CHECK_RUN("store/kill", tests);
}
