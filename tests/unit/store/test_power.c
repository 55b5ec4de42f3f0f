/* SPDX-License-Identifier: MIT */
/*
 * A power cut at any write (abuse O06): whatever part of what was not synced
 * has reached the disk, in whatever order, the database opens, is whole, and
 * has every acknowledged change. The same cuts applied to a log that starts
 * over in place without a sync do damage: the control that shows they bite, and
 * why walvfs.c exists.
 */
#include "tests/unit/check.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <sqlite3.h>

#include "daemon/loop.h"
#include "daemon/store/db.h"
#include "lib/xalloc.h"
#include "tests/unit/store/fx.h"
#include "tests/unit/store/power.h"

#define LARGE	800000
#define CHANGES 90 /* a few times through the log */
#define CUTS	80

static const char sql_insert[] =
    "INSERT INTO idempotency (user_id, key, route, digest, status, body, "
    "created_at) VALUES ('u', ?, '', '', 200, ?, 0)";
static const char sql_count[] =
    "SELECT COUNT(*), SUM(LENGTH(body)) FROM idempotency WHERE user_id = 'u'";

/* Large and small ones, so that old and new frames differ in their places. */
static int
body_len(int i)
{
	return i % 8 == 5 ? LARGE : 500;
}

struct cuts {
	struct fx *fx;
	int acknowledged;
	unsigned long next; /* operation after which the next cut comes */
	unsigned n;
	unsigned damaged;
	bool tolerate; /* the control: damage is what we look for */
};

struct count {
	int64_t rows, bytes;
};

static bool
count_cb(struct row *row, void *arg)
{
	struct count *c = arg;

	c->rows = row_int(row, 0);
	c->bytes = row_int(row, 1);
	return false;
}

/* In a child: opens the image as after a restart. 0: whole and complete. */
static int
inspect(struct cuts *c, const char *path)
{
	struct loop *l = loop_new();
	struct count n = { 0, 0 };
	struct db *db;
	char why[512];
	int lost;

	if (db_open(&db, l, path, why, sizeof why) != 0) {
		if (!c->tolerate)
			fprintf(stderr, "%s\n", why);
		return 1;
	}
	if (db_query(db, sql_count, count_cb, &n, "") != 0)
		return 2;
	for (int i = 0; i < n.rows; i++)
		n.bytes -= body_len(i);
	lost = n.rows < c->acknowledged || n.bytes != 0;
	if (lost && !c->tolerate)
		fprintf(stderr, "%lld rows of %d\n", (long long)n.rows,
		    c->acknowledged);
	return lost ? 3 : 0;
}

static int
whole(const char *path)
{
	sqlite3_stmt *st = NULL;
	const char *text = NULL;
	sqlite3 *conn;
	int ok;

	if (sqlite3_open(path, &conn) != SQLITE_OK)
		return 4;
	if (sqlite3_prepare_v2(conn, "PRAGMA integrity_check", -1, &st, NULL) ==
		SQLITE_OK &&
	    sqlite3_step(st) == SQLITE_ROW)
		text = (const char *)sqlite3_column_text(st, 0);
	ok = text != NULL && strcmp(text, "ok") == 0;
	return ok ? 0 : 5;
}

static void
cut_cb(void *arg)
{
	struct cuts *c = arg;
	char db[128], log[128];
	int status;
	pid_t pid;

	if (power_ops() < c->next)
		return;
	c->next = power_ops() + 1 + (c->n * 7919) % 100;
	(void)snprintf(db, sizeof db, "%s/cut.db", c->fx->dir);
	(void)snprintf(log, sizeof log, "%s/cut.db-wal", c->fx->dir);
	power_image(c->n++, db, log);
	pid = fork();
	if (pid == 0) {
		power_forget();
		status = inspect(c, db);
		_exit(status != 0 ? status : whole(db));
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (status != 0)
		c->damaged++;
	(void)unlink(db);
	(void)unlink(log);
	(void)unlink(fx_file(c->fx, "cut.db-shm"));
}

static void
abuse_O06_power_cut_at_any_write(void **state)
{
	struct fx *fx = *state;
	struct cuts c = { .fx = fx };
	char *body = xcalloc(1, LARGE + 1), key[16], log[140];
	struct tx *tx;

	assert_int_equal(fx_open(fx), 0);
	(void)snprintf(log, sizeof log, "%s-wal", fx->path);
	power_watch(fx->path, log);
	power_each(cut_cb, &c);
	/* Without the thread every run is the same. */
	for (int i = 0; i < CHANGES; i++) {
		(void)snprintf(key, sizeof key, "%d", i);
		memset(body, 'p', LARGE);
		body[body_len(i)] = '\0';
		tx = tx_begin(fx->db);
		assert_int_equal(tx_exec(tx, sql_insert, "ss", key, body), 1);
		tx_commit(tx, NULL, NULL);
		db_settle(fx->db);
		c.acknowledged++;
	}
	assert_true(c.n > CUTS);
	assert_true(power_cuts() >= 2);
	assert_int_equal(power_overwrites(), 0);
	power_forget();
	assert_int_equal(c.damaged, 0);
	free(body);
}

static sqlite3 *
naive(const char *path, const char *setup)
{
	sqlite3 *conn;

	assert_int_equal(sqlite3_open(path, &conn), SQLITE_OK);
	assert_int_equal(sqlite3_exec(conn, setup, NULL, NULL, NULL),
	    SQLITE_OK);
	return conn;
}

static void
the_same_without_care_does_damage(void **state)
{
	struct fx *fx = *state;
	struct cuts c = { .fx = fx, .tolerate = true };
	sqlite3 *loop, *copier;
	char log[140], *sql;
	int fd;

	assert_int_equal(fx_open(fx), 0);
	fx_close(fx);
	loop = naive(fx->path,
	    "PRAGMA synchronous=OFF; PRAGMA wal_autocheckpoint=0;"
	    "BEGIN IMMEDIATE; UPDATE schema_migration SET version = version;"
	    "COMMIT");
	copier = naive(fx->path, "PRAGMA synchronous=FULL; SELECT * FROM user");
	(void)snprintf(log, sizeof log, "%s-wal", fx->path);
	fd = open(log, O_RDWR | O_CLOEXEC);
	assert_true(fd >= 0);
	power_watch(fx->path, log);
	power_each(cut_cb, &c);
	for (int i = 0; i < CHANGES; i++) {
		sql = sqlite3_mprintf("INSERT INTO idempotency VALUES ('u', "
				      "%d, '', '', 200, '%0*d', 0)",
		    i, body_len(i), i);
		assert_int_equal(sqlite3_exec(loop, sql, NULL, NULL, NULL),
		    SQLITE_OK);
		sqlite3_free(sql);
		assert_int_equal(fdatasync(fd), 0);
		c.acknowledged++;
		if (i % 20 == 4)
			assert_int_equal(sqlite3_wal_checkpoint_v2(copier, NULL,
					     SQLITE_CHECKPOINT_PASSIVE, NULL,
					     NULL),
			    SQLITE_OK);
	}
	assert_true(power_overwrites() >= 2);
	power_forget();
	assert_true(c.damaged > 0);
	close(fd);
	assert_int_equal(sqlite3_close(loop), SQLITE_OK);
	assert_int_equal(sqlite3_close(copier), SQLITE_OK);
}

int
main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, fx_setup_empty, fx_teardown)
	const struct CMUnitTest tests[] = {
		T(abuse_O06_power_cut_at_any_write),
		T(the_same_without_care_does_damage),
	};

	return CHECK_RUN("store/power", tests);
}
