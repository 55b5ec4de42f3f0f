/* SPDX-License-Identifier: MIT */
/*
 * Durability: nobody is answered before the disk has answered, the loop goes on
 * meanwhile, a sync that failed is never taken for one that worked, and the log
 * does not grow without end. fdatasync(2) is this file's own, so that it can be
 * held up and made to fail.
 */
#include "tests/unit/check.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <sqlite3.h>

#include "daemon/loop.h"
#include "daemon/store/db.h"
#include "lib/clock.h"
#include "lib/xalloc.h"
#include "tests/unit/store/fx.h"

/* Fifty that wait half a second each take longer. */
#define FOR_ALL_MS 20000

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t moved = PTHREAD_COND_INITIALIZER;
static bool held;	 /* syncs wait */
static unsigned waiting; /* syncs that do */
static unsigned syncs;
static int fail_next;

int
fdatasync(int fd)
{
	int err;

	pthread_mutex_lock(&lock);
	syncs++;
	waiting++;
	pthread_cond_broadcast(&moved);
	while (held)
		pthread_cond_wait(&moved, &lock);
	waiting--;
	err = fail_next;
	fail_next = 0;
	pthread_mutex_unlock(&lock);
	if (err != 0) {
		errno = err;
		return -1;
	}
	return (int)syscall(SYS_fdatasync, fd);
}

static void
hold(bool on)
{
	pthread_mutex_lock(&lock);
	held = on;
	pthread_cond_broadcast(&moved);
	pthread_mutex_unlock(&lock);
}

static void
await_sync(void)
{
	pthread_mutex_lock(&lock);
	while (waiting == 0)
		pthread_cond_wait(&moved, &lock);
	pthread_mutex_unlock(&lock);
}

static unsigned
syncs_so_far(void)
{
	unsigned n;

	pthread_mutex_lock(&lock);
	n = syncs;
	pthread_mutex_unlock(&lock);
	return n;
}

static const char sql_insert[] =
    "INSERT INTO idempotency (user_id, key, route, digest, status, body, "
    "created_at) VALUES ('u', ?, '', '', 200, ?, 0)";

struct answer {
	bool done;
	int err;
};

static void
answer_cb(int err, void *arg)
{
	struct answer *a = arg;

	a->done = true;
	a->err = err;
}

static void
put_body(struct fx *fx, const char *body, struct answer *a)
{
	static unsigned n;
	struct tx *tx = tx_begin(fx->db);
	char key[16];

	(void)snprintf(key, sizeof key, "%u", n++);
	(void)tx_exec(tx, sql_insert, "ss", key, body);
	tx_commit(tx, a != NULL ? answer_cb : NULL, a);
}

static void
put(struct fx *fx, struct answer *a)
{
	*a = (struct answer){ false, 0 };
	put_body(fx, "x", a);
}

static void
one_sync_serves_a_turn(void **state)
{
	struct fx *fx = *state;
	struct answer a[50];
	unsigned before = syncs_so_far();

	for (int i = 0; i < 50; i++)
		put(fx, &a[i]);
	fx_until(fx, &a[49].done);
	for (int i = 0; i < 50; i++)
		assert_true(a[i].done && a[i].err == 0);
	assert_int_equal(syncs_so_far() - before, 1);
}

static void
nobody_is_answered_before_the_disk(void **state)
{
	struct fx *fx = *state;
	struct answer one, two, three;
	int64_t start = clock_mono_us(), at_disk;
	struct db_stats s;
	uint64_t us;
	unsigned before;

	db_stats(fx->db, &s);
	us = s.sync_us;
	hold(true);
	before = syncs_so_far();
	put(fx, &one);
	fx_turn(fx);
	await_sync();
	at_disk = clock_mono_us();
	/* The loop turns, and turns are committed, while the disk is slow. */
	put(fx, &two);
	fx_turn(fx);
	put(fx, &three);
	fx_turn(fx);
	assert_false(one.done || two.done || three.done);
	db_stats(fx->db, &s);
	assert_int_equal(s.waiting, 3);
	at_disk = clock_mono_us() - at_disk;
	hold(false);
	fx_until(fx, &three.done);
	db_stats(fx->db, &s);
	assert_in_range(s.sync_us - us, at_disk, clock_mono_us() - start);
	assert_true(one.done && two.done);
	/* The second sync was for all that had come meanwhile. */
	assert_int_equal(syncs_so_far() - before, 2);
}

static void
abuse_O11_a_sync_that_hangs_is_told(void **state)
{
	struct fx *fx = *state;
	struct answer a;

	hold(true);
	put(fx, &a);
	fx_turn(fx);
	await_sync();
	assert_true(db_healthy(fx->db));
	clock_shift(60000, 0);
	assert_false(db_healthy(fx->db));
	hold(false);
	fx_until(fx, &a.done);
	assert_true(db_healthy(fx->db));
	clock_shift(0, 0);
}

static void
abuse_O07_a_failed_sync_is_final(void **state)
{
	struct fx *fx = *state;
	struct answer a, b;
	unsigned before;

	put(fx, &a);
	fx_until(fx, &a.done);
	assert_int_equal(a.err, 0);
	assert_true(db_healthy(fx->db));

	fail_next = EIO;
	put(fx, &a);
	fx_until(fx, &a.done);
	assert_int_equal(a.err, -EIO);
	assert_false(db_healthy(fx->db));
	/* The next sync would work, and would prove nothing. */
	before = syncs_so_far();
	put(fx, &b);
	fx_until(fx, &b.done);
	assert_int_equal(b.err, -EIO);
	assert_false(db_healthy(fx->db));
	assert_int_equal(syncs_so_far(), before);
}

static void
those_waiting_fail_with_the_sync(void **state)
{
	struct fx *fx = *state;
	struct answer a, b;

	hold(true);
	put(fx, &a);
	fx_turn(fx);
	await_sync();
	put(fx, &b);
	fx_turn(fx);
	fail_next = EIO;
	hold(false);
	fx_until(fx, &b.done);
	assert_int_equal(a.err, -EIO);
	assert_int_equal(b.err, -EIO);
}

static void
without_the_thread_it_works_too(void **state)
{
	struct fx *fx = *state;
	struct answer a;
	unsigned before;

	fx_close(fx);
	assert_int_equal(fx_open(fx), 0);
	before = syncs_so_far();
	put(fx, &a);
	db_settle(fx->db);
	assert_true(a.done && a.err == 0);
	assert_int_equal(syncs_so_far() - before, 1);
	assert_int_equal(db_start(fx->db), 0);
	put(fx, &a);
	fx_until(fx, &a.done);
	assert_int_equal(a.err, 0);
}

static void *
release_main(void *arg)
{
	(void)arg;
	await_sync();
	hold(false);
	return NULL;
}

static void
closing_waits_for_the_disk(void **state)
{
	struct fx *fx = *state;
	struct answer a;
	pthread_t t;

	hold(true);
	put(fx, &a);
	assert_int_equal(pthread_create(&t, NULL, release_main, NULL), 0);
	fx_close(fx);
	assert_true(a.done && a.err == 0);
	assert_int_equal(pthread_join(t, NULL), 0);
}

static off_t
log_size(struct fx *fx)
{
	struct stat st;

	return stat(fx_file(fx, "rdv.db-wal"), &st) == 0 ? st.st_size : -1;
}

static void
abuse_O08_the_log_starts_over(void **state)
{
	struct fx *fx = *state;
	char *body = xmalloc(100001);
	struct db_stats s;
	struct answer a;
	off_t most = 0;

	memset(body, 'b', 100000);
	body[100000] = '\0';
	for (int i = 0; i < 300; i++) {
		a = (struct answer){ false, 0 };
		put_body(fx, body, &a);
		fx_until(fx, &a.done);
		assert_int_equal(a.err, 0);
		if (log_size(fx) > most)
			most = log_size(fx);
	}
	/* 30 MB went through it. */
	db_stats(fx->db, &s);
	assert_true(s.checkpoints >= 2);
	assert_true(most < 16 << 20);
	assert_true(s.bytes > 10 << 20);
	free(body);
}

/* Writes that never pause leave the log room to start over. */
static void
abuse_O08_the_log_is_bounded_under_load(void **state)
{
	struct fx *fx = *state;
	struct answer a[4] = { { true, 0 } };
	struct db_stats s = { .waiting = 0 };
	char *body = xmalloc(100001);
	off_t most = 0;

	memset(body, 'b', 100000);
	body[100000] = '\0';
	for (int i = 0; i < 2000; i++) {
		/* Three turns are always on their way to the disk. */
		if (i >= 3)
			fx_until(fx, &a[(i + 1) % 4].done);
		assert_int_equal(a[(i + 1) % 4].err, 0);
		a[i % 4] = (struct answer){ false, 0 };
		put_body(fx, body, &a[i % 4]);
		if (log_size(fx) > most)
			most = log_size(fx);
	}
	fx_until(fx, &a[1999 % 4].done);
	db_stats(fx->db, &s);
	assert_true(s.syncs > 0 && s.checkpoints > 0);
	assert_true(most < 48 << 20);
	free(body);
}

static void
put_megabytes(struct fx *fx, int n)
{
	char *body = xmalloc((1 << 20) + 1);
	struct answer a;

	memset(body, 'b', 1 << 20);
	body[1 << 20] = '\0';
	while (n-- > 0) {
		a = (struct answer){ false, 0 };
		put_body(fx, body, &a);
		fx_until(fx, &a.done);
		assert_int_equal(a.err, 0);
	}
	free(body);
}

/* A backup that reads for a long time: nobody waits, and later it shrinks. */
static void
abuse_O08_a_long_reader_only_delays_the_copy(void **state)
{
	struct fx *fx = *state;
	struct db_stats s;
	sqlite3 *conn;

	put_megabytes(fx, 1);
	assert_int_equal(sqlite3_open(fx->path, &conn), SQLITE_OK);
	assert_int_equal(sqlite3_exec(conn,
			     "BEGIN; SELECT COUNT(*) FROM idempotency", NULL,
			     NULL, NULL),
	    SQLITE_OK);
	put_megabytes(fx, 40);
	assert_true(log_size(fx) > 32 << 20);
	/* What nobody has demanded has waited for nobody. */
	db_stats(fx->db, &s);
	assert_int_equal(s.forced, 0);
	assert_int_equal(sqlite3_exec(conn, "COMMIT", NULL, NULL, NULL),
	    SQLITE_OK);
	assert_int_equal(sqlite3_close(conn), SQLITE_OK);
	put_megabytes(fx, 6);
	assert_true(log_size(fx) < 10 << 20);
	db_stats(fx->db, &s);
	assert_true(s.forced > 0);
}

static void
abuse_O08_a_foreign_writer_is_waited_for_with_a_bound(void **state)
{
	struct fx *fx = *state;
	struct answer a;
	sqlite3 *conn;
	int64_t t0;

	assert_int_equal(sqlite3_open(fx->path, &conn), SQLITE_OK);
	assert_int_equal(sqlite3_exec(conn, "BEGIN IMMEDIATE", NULL, NULL,
			     NULL),
	    SQLITE_OK);
	t0 = clock_mono_ms();
	put(fx, &a);
	fx_until(fx, &a.done);
	assert_int_equal(a.err, -EBUSY);
	assert_true(clock_mono_ms() - t0 < FOR_ALL_MS);
	/* The next one does not wait again; readers never did. */
	t0 = clock_mono_ms();
	for (int i = 0; i < 50; i++) {
		put(fx, &a);
		fx_until(fx, &a.done);
		assert_int_equal(a.err, -EBUSY);
	}
	assert_true(clock_mono_ms() - t0 < FOR_ALL_MS);
	assert_int_equal(sqlite3_exec(conn, "ROLLBACK", NULL, NULL, NULL),
	    SQLITE_OK);
	assert_int_equal(sqlite3_close(conn), SQLITE_OK);
	put(fx, &a);
	fx_until(fx, &a.done);
	assert_int_equal(a.err, 0);
}

int
main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, fx_setup, fx_teardown)
	const struct CMUnitTest tests[] = {
		T(one_sync_serves_a_turn),
		T(nobody_is_answered_before_the_disk),
		T(abuse_O11_a_sync_that_hangs_is_told),
		T(abuse_O07_a_failed_sync_is_final),
		T(those_waiting_fail_with_the_sync),
		T(without_the_thread_it_works_too),
		T(closing_waits_for_the_disk),
		T(abuse_O08_the_log_starts_over),
		T(abuse_O08_the_log_is_bounded_under_load),
		T(abuse_O08_a_long_reader_only_delays_the_copy),
		T(abuse_O08_a_foreign_writer_is_waited_for_with_a_bound),
	};

	return CHECK_RUN("store/flusher", tests);
}
