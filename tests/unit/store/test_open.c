/* SPDX-License-Identifier: MIT */
/*
 * Opening: what is damaged, cut short, foreign, newer or not writable is
 * refused with a sentence that names the file, and not a byte of it changes.
 * Each refusal has its positive control in the same test.
 */
#include "tests/unit/check.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <sqlite3.h>

#include "daemon/loop.h"
#include "daemon/store/db.h"
#include "lib/clock.h"
#include "lib/err.h"
#include "lib/xalloc.h"
#include "tests/unit/store/fx.h"

static const char sql_user[] =
    "INSERT INTO user (id, name, uid, created_at) VALUES (?, ?, ?, 1)";
static const char sql_users[] = "SELECT COUNT(*) FROM user WHERE id >= ''";

struct image {
	char *bytes;
	size_t len;
};

static struct image
slurp(const char *path)
{
	struct image i = { NULL, 0 };
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	assert_true(fd >= 0 && fstat(fd, &st) == 0);
	i.len = (size_t)st.st_size;
	i.bytes = xcalloc(1, i.len + 1);
	assert_int_equal(read(fd, i.bytes, i.len), (ssize_t)i.len);
	close(fd);
	return i;
}

static void
spew(const char *path, const void *p, size_t len)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, p, len), (ssize_t)len);
	close(fd);
}

static bool
number_cb(struct row *row, void *arg)
{
	*(int64_t *)arg = row_int(row, 0);
	return true;
}

static int64_t
users(struct fx *fx)
{
	int64_t n = -1;

	assert_int_equal(db_query(fx->db, sql_users, number_cb, &n, ""), 0);
	return n;
}

static int64_t uid;

static void
add_user(struct fx *fx, const char *id)
{
	struct tx *tx = tx_begin(fx->db);

	assert_int_equal(tx_exec(tx, sql_user, "ssi", id, id, ++uid), 1);
	tx_commit(tx, NULL, NULL);
	db_settle(fx->db);
}

/* A database with one user, closed; and what stands in the file. */
static struct image
prepared(struct fx *fx)
{
	assert_int_equal(fx_open(fx), 0);
	add_user(fx, "a");
	fx_close(fx);
	return slurp(fx->path);
}

static void
refused(struct fx *fx, const struct image *before, int err, const char *word)
{
	struct image now;

	assert_int_equal(fx_open(fx), err);
	assert_null(fx->db);
	if (strstr(fx->why, fx->dir) == NULL || strstr(fx->why, word) == NULL)
		fail_msg("unclear: %s", fx->why);
	if (before == NULL)
		return;
	now = slurp(fx->path);
	assert_int_equal(now.len, before->len);
	assert_memory_equal(now.bytes, before->bytes, now.len);
	free(now.bytes);
}

static void
accepted(struct fx *fx, const struct image *good)
{
	spew(fx->path, good->bytes, good->len);
	assert_int_equal(fx_open(fx), 0);
	assert_int_equal(users(fx), 1);
	assert_true(db_healthy(fx->db));
	fx_close(fx);
}

static void
the_first_start_makes_it(void **state)
{
	struct fx *fx = *state;
	struct db_stats s;
	struct stat st;

	assert_int_equal(fx_open(fx), 0);
	assert_int_equal(stat(fx->path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(stat(fx_file(fx, "rdv.db-wal"), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	db_stats(fx->db, &s);
	assert_int_equal(s.bytes, stat(fx->path, &st) == 0 ? st.st_size : -1);
	assert_true(db_healthy(fx->db));
	fx_close(fx);
	/* A clean end leaves one file. */
	assert_int_equal(access(fx_file(fx, "rdv.db-wal"), F_OK), -1);
	assert_int_equal(access(fx_file(fx, "rdv.db-shm"), F_OK), -1);
	assert_int_equal(access(fx_file(fx, "rdv.db.new"), F_OK), -1);
}

static void
it_is_there_again(void **state)
{
	struct fx *fx = *state;
	struct image i = prepared(fx);

	assert_int_equal(fx_open(fx), 0);
	assert_int_equal(users(fx), 1);
	free(i.bytes);
}

static void
abuse_O07_cut_short_is_refused(void **state)
{
	struct fx *fx = *state;
	struct image good = prepared(fx), cut = good;
	static const size_t lens[] = { 0, 1, 99, 100, 4096, 8192 };

	for (size_t i = 0; i < sizeof lens / sizeof lens[0]; i++) {
		cut.len = lens[i];
		spew(fx->path, cut.bytes, cut.len);
		refused(fx, &cut, RDV_E_CORRUPT, "damaged");
	}
	cut.len = good.len - 4096;
	spew(fx->path, cut.bytes, cut.len);
	refused(fx, &cut, RDV_E_CORRUPT, "cut short");
	/* An empty log beside it does not hide the loss. */
	spew(fx_file(fx, "rdv.db-wal"), "", 0);
	refused(fx, &cut, RDV_E_CORRUPT, "cut short");
	(void)unlink(fx_file(fx, "rdv.db-wal"));
	accepted(fx, &good);
	free(good.bytes);
}

static void
abuse_O07_bit_flips_are_refused(void **state)
{
	struct fx *fx = *state;
	struct image good = prepared(fx), bad = good;
	unsigned found = 0;

	bad.bytes = xmemdup(good.bytes, good.len);
	/* The magic, the page size, and the root of the schema. */
	static const size_t at[] = { 3, 16, 100, 105 };
	for (size_t i = 0; i < sizeof at / sizeof at[0]; i++) {
		memcpy(bad.bytes, good.bytes, good.len);
		bad.bytes[at[i]] ^= 0x5a;
		spew(fx->path, bad.bytes, bad.len);
		refused(fx, &bad, RDV_E_CORRUPT, "damaged");
	}
	/* The head of any page: a small database is checked completely. */
	for (size_t page = 4096; page < good.len; page += 4096) {
		memcpy(bad.bytes, good.bytes, good.len);
		memset(bad.bytes + page, 0xff, 12);
		spew(fx->path, bad.bytes, bad.len);
		refused(fx, &bad, RDV_E_CORRUPT, "damaged");
		(void)unlink(fx_file(fx, "rdv.db-wal"));
		(void)unlink(fx_file(fx, "rdv.db-shm"));
		found++;
	}
	assert_true(found > 10);
	accepted(fx, &good);
	free(good.bytes);
	free(bad.bytes);
}

static void
what_is_not_ours_is_refused(void **state)
{
	struct fx *fx = *state;
	struct image foreign, text;
	sqlite3 *conn;

	assert_int_equal(sqlite3_open(fx->path, &conn), SQLITE_OK);
	assert_int_equal(sqlite3_exec(conn, "CREATE TABLE t (x)", NULL, NULL,
			     NULL),
	    SQLITE_OK);
	assert_int_equal(sqlite3_close(conn), SQLITE_OK);
	foreign = slurp(fx->path);
	refused(fx, &foreign, RDV_E_CORRUPT, "not a database of rdv");
	text = foreign;
	memset(text.bytes, 'x', text.len);
	spew(fx->path, text.bytes, text.len);
	refused(fx, &text, RDV_E_CORRUPT, "header");
	free(foreign.bytes);
	(void)unlink(fx->path);
	assert_int_equal(symlink("/etc/passwd", fx->path), 0);
	refused(fx, NULL, -ELOOP, "rdv.db");
	(void)unlink(fx->path);
	assert_int_equal(mkfifo(fx->path, 0600), 0);
	refused(fx, NULL, RDV_E_CORRUPT, "regular file");
	(void)unlink(fx->path);
	assert_int_equal(fx_open(fx), 0);
}

static void
by_hand(struct fx *fx, const char *sql)
{
	sqlite3 *conn;

	assert_int_equal(sqlite3_open(fx->path, &conn), SQLITE_OK);
	assert_int_equal(sqlite3_exec(conn, sql, NULL, NULL, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_close(conn), SQLITE_OK);
}

static void
abuse_O12_newer_is_refused(void **state)
{
	struct fx *fx = *state;
	struct image good = prepared(fx), newer;

	/* Seen in the header alone, */
	by_hand(fx, "PRAGMA user_version = 9999");
	newer = slurp(fx->path);
	refused(fx, &newer, RDV_E_NEWER, "newer rdv (schema 9999");
	free(newer.bytes);
	/* or in the records, when the header does not say it yet. */
	spew(fx->path, good.bytes, good.len);
	by_hand(fx, "INSERT INTO schema_migration VALUES (9999, 'x', 'y', 0)");
	newer = slurp(fx->path);
	refused(fx, &newer, RDV_E_NEWER, "newer rdv (schema 9999");
	free(newer.bytes);
	accepted(fx, &good);
	free(good.bytes);
}

static void
an_unknown_shape_is_refused(void **state)
{
	struct fx *fx = *state;
	struct image good = prepared(fx), other;

	by_hand(fx, "UPDATE schema_migration SET sha256 = '00'");
	other = slurp(fx->path);
	refused(fx, &other, RDV_E_CORRUPT, "schema version 1");
	free(other.bytes);
	accepted(fx, &good);
	free(good.bytes);
}

static void
a_log_without_its_database_is_kept(void **state)
{
	struct fx *fx = *state;
	struct stat st;

	spew(fx_file(fx, "rdv.db-wal"), "precious", 8);
	refused(fx, NULL, RDV_E_CORRUPT, "missing");
	assert_int_equal(stat(fx_file(fx, "rdv.db-wal"), &st), 0);
	assert_int_equal(st.st_size, 8);
	assert_int_equal(access(fx->path, F_OK), -1);
	(void)unlink(fx_file(fx, "rdv.db-wal"));
	assert_int_equal(fx_open(fx), 0);
}

static void
an_interrupted_first_start_leaves_no_trace(void **state)
{
	struct fx *fx = *state;

	spew(fx_file(fx, "rdv.db.new"), "half", 4);
	spew(fx_file(fx, "rdv.db.new-journal"), "half", 4);
	assert_int_equal(fx_open(fx), 0);
	assert_int_equal(access(fx_file(fx, "rdv.db.new"), F_OK), -1);
	assert_int_equal(access(fx_file(fx, "rdv.db.new-journal"), F_OK), -1);
}

/* Somebody copies the log back, say, at the very moment of a start. */
static void
who_holds_all_of_it_is_waited_for(void **state)
{
	struct fx *fx = *state;
	sqlite3 *other;
	int64_t begun;

	assert_int_equal(fx_open(fx), 0);
	fx_close(fx);
	assert_int_equal(sqlite3_open(fx->path, &other), SQLITE_OK);
	assert_int_equal(sqlite3_exec(other,
			     "PRAGMA locking_mode=EXCLUSIVE; BEGIN EXCLUSIVE;",
			     NULL, NULL, NULL),
	    SQLITE_OK);
	begun = clock_mono_ms();
	assert_int_equal(fx_open(fx), -EBUSY);
	assert_true(clock_mono_ms() - begun >= 1000);
	assert_int_equal(sqlite3_close(other), SQLITE_OK);
	assert_int_equal(fx_open(fx), 0);
}

/* Runs `body` in a child under an account that has no privilege. */
static void
unprivileged(struct fx *fx, int (*body)(struct fx *fx))
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		if (geteuid() == 0 &&
		    (setgid(65534) != 0 || setuid(65534) != 0))
			_exit(99);
		_exit(body(fx));
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
		fail_msg("status %x", (unsigned)status);
}

static int
refused_access(struct fx *fx)
{
	if (fx_open(fx) != -EACCES)
		return 1;
	return strstr(fx->why, fx->dir) != NULL ? 0 : 2;
}

static void
abuse_O07_read_only_directory_is_refused(void **state)
{
	struct fx *fx = *state;
	struct image good = prepared(fx), now;

	if (geteuid() == 0) {
		assert_int_equal(chown(fx->path, 65534, 65534), 0);
		assert_int_equal(chown(fx->dir, 65534, 65534), 0);
	}
	assert_int_equal(chmod(fx->dir, 0500), 0);
	unprivileged(fx, refused_access);
	/* The directory is fine, the file is not. */
	assert_int_equal(chmod(fx->dir, 0700), 0);
	assert_int_equal(chmod(fx->path, 0400), 0);
	unprivileged(fx, refused_access);
	now = slurp(fx->path);
	assert_int_equal(now.len, good.len);
	assert_memory_equal(now.bytes, good.bytes, now.len);
	assert_int_equal(chmod(fx->path, 0600), 0);
	accepted(fx, &good);
	free(good.bytes);
	free(now.bytes);
}

/* As good as a full disk: no file may grow beyond so much. */
static int
refused_space(struct fx *fx)
{
	struct rlimit lim = { 20000, 20000 };
	int err;

	(void)signal(SIGXFSZ, SIG_IGN);
	if (setrlimit(RLIMIT_FSIZE, &lim) != 0)
		return 1;
	err = fx_open(fx);
	if (err != RDV_E_FULL || strstr(fx->why, fx->dir) == NULL) {
		fprintf(stderr, "%d: %s\n", err, fx->why);
		return 2;
	}
	if (access(fx->path, F_OK) == 0)
		return 3;
	return access(fx_file(fx, "rdv.db.new"), F_OK) == 0 ? 4 : 0;
}

static void
abuse_O07_full_disk_at_first_start(void **state)
{
	struct fx *fx = *state;
	struct stat st;

	assert_int_equal(chmod(fx->dir, 0777), 0);
	unprivileged(fx, refused_space);
	assert_int_equal(stat(fx->path, &st), -1);
	assert_int_equal(fx_open(fx), 0);
}

/*
 * The log cannot grow: what is there can be read, writes fail with a clear
 * error, and nothing of what was acknowledged is lost.
 */
static int
serves_readers(struct fx *fx)
{
	struct rlimit lim = { 60000, 60000 };
	struct tx *tx;
	int i;
	char id[16];

	(void)signal(SIGXFSZ, SIG_IGN);
	if (fx_open(fx) != 0 || setrlimit(RLIMIT_FSIZE, &lim) != 0)
		return 1;
	for (i = 0; i < 50; i++) {
		(void)snprintf(id, sizeof id, "n%02d", i);
		tx = tx_begin(fx->db);
		(void)tx_exec(tx, sql_user, "ssi", id, id, ++uid);
		tx_commit(tx, NULL, NULL);
		db_settle(fx->db);
		if (!db_healthy(fx->db))
			break;
	}
	if (i == 50 || i == 0)
		return 2;
	if (users(fx) < 1 + i)
		return 3;
	/* As if killed: the next one has to find everything. */
	_exit(0);
}

static void
abuse_O07_full_disk_later(void **state)
{
	struct fx *fx = *state;
	struct image i = prepared(fx);

	if (geteuid() == 0) {
		assert_int_equal(chown(fx->path, 65534, 65534), 0);
		assert_int_equal(chown(fx->dir, 65534, 65534), 0);
	}
	unprivileged(fx, serves_readers);
	assert_int_equal(fx_open(fx), 0);
	assert_true(users(fx) >= 2);
	uid = 1000; /* the child has counted for itself */
	add_user(fx, "later");
	free(i.bytes);
}

/*
 * As if killed. Its log is longer than files may be for the next one, and full
 * of pages that its database cannot take either.
 */
static int
leaves_a_log(struct fx *fx)
{
	char id[1000];

	if (fx_open(fx) != 0)
		return 1;
	for (int i = 0; i < 30; i++) {
		(void)snprintf(id, sizeof id, "%0*d", (int)sizeof id - 1, i);
		add_user(fx, id);
	}
	_exit(0);
}

static int
knows_that_it_is_full(struct fx *fx)
{
	struct rlimit lim = { 60000, RLIM_INFINITY };

	(void)signal(SIGXFSZ, SIG_IGN);
	if (setrlimit(RLIMIT_FSIZE, &lim) != 0 || fx_open(fx) != 0 ||
	    db_start(fx->db) != 0)
		return 1;
	/* Nobody has written yet, and nobody needs to. */
	for (int i = 0; i < 3; i++) {
		if (db_healthy(fx->db) || db_healthy(fx->db))
			return 2;
		fx_turn(fx);
	}
	lim.rlim_cur = RLIM_INFINITY;
	if (setrlimit(RLIMIT_FSIZE, &lim) != 0)
		return 1;
	for (int i = 0; i < 100 && !db_healthy(fx->db); i++)
		fx_turn(fx);
	return db_healthy(fx->db) ? 0 : 3;
}

static void
abuse_O07_full_disk_at_a_start(void **state)
{
	struct fx *fx = *state;
	struct image i = prepared(fx);

	if (geteuid() == 0) {
		assert_int_equal(chown(fx->path, 65534, 65534), 0);
		assert_int_equal(chown(fx->dir, 65534, 65534), 0);
	}
	unprivileged(fx, leaves_a_log);
	unprivileged(fx, knows_that_it_is_full);
	assert_int_equal(fx_open(fx), 0);
	assert_int_equal(users(fx), 31);
	free(i.bytes);
}

int
main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, fx_setup_empty, fx_teardown)
	const struct CMUnitTest tests[] = {
		T(the_first_start_makes_it),
		T(it_is_there_again),
		T(abuse_O07_cut_short_is_refused),
		T(abuse_O07_bit_flips_are_refused),
		T(what_is_not_ours_is_refused),
		T(abuse_O12_newer_is_refused),
		T(an_unknown_shape_is_refused),
		T(a_log_without_its_database_is_kept),
		T(an_interrupted_first_start_leaves_no_trace),
		T(who_holds_all_of_it_is_waited_for),
		T(abuse_O07_read_only_directory_is_refused),
		T(abuse_O07_full_disk_at_first_start),
		T(abuse_O07_full_disk_later),
		T(abuse_O07_full_disk_at_a_start),
	};

	return CHECK_RUN("store/open", tests);
}
