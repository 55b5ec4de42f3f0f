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
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <sqlite3.h>

#include "daemon/loop.h"
#include "daemon/store/db.h"
#include "lib/xalloc.h"
#include "tests/unit/store/fx.h"

/*
 * A disk without power: records what is written to two files and builds what
 * could stand on the disk after a cut. Per file: everything before its last
 * sync, and any part of what came later, in any order; but cutting a file short
 * is one step, and what is written to it afterwards is only there with it.
 * SQLite's own write calls are replaced through its table of system calls;
 * fdatasync(2) and fsync(2) are this program's.
 */
struct op {
	struct op *next;
	off_t off;
	size_t len;
	bool cut; /* truncate to `off` */
	unsigned char bytes[];
};

struct disk {
	ino_t ino;
	unsigned char *bytes; /* durable */
	size_t len, cap;
	struct op *first, **last; /* since the last sync */
};

static struct disk disks[2];
static bool watching;
static unsigned long ops;
static unsigned cuts, overwrites;
static void (*each_cb)(void *);
static void *each_arg;

static struct disk *
disk_of(int fd)
{
	struct stat st;

	if (!watching || fstat(fd, &st) < 0)
		return NULL;
	for (int i = 0; i < 2; i++)
		if (disks[i].ino == st.st_ino)
			return &disks[i];
	return NULL;
}

static void
put(struct disk *d, off_t off, const void *p, size_t len)
{
	size_t end = (size_t)off + len;

	if (end > d->cap) {
		d->cap = end * 2;
		d->bytes = xreallocarray(d->bytes, d->cap, 1);
	}
	if (end > d->len) {
		memset(d->bytes + d->len, 0, end - d->len);
		d->len = end;
	}
	if (len > 0)
		memcpy(d->bytes + off, p, len);
}

static void
apply(struct disk *d, const struct op *op)
{
	if (!op->cut)
		put(d, op->off, op->bytes, op->len);
	else if (d->len > (size_t)op->off)
		d->len = (size_t)op->off;
}

static void
record(struct disk *d, off_t off, const void *p, size_t len, bool cut)
{
	struct op *op = xcalloc(1, sizeof *op + len);

	op->off = off;
	op->len = len;
	op->cut = cut;
	if (len > 0)
		memcpy(op->bytes, p, len);
	*d->last = op;
	d->last = &op->next;
	ops++;
	if (each_cb != NULL)
		each_cb(each_arg);
}

static void
settle(struct disk *d)
{
	struct op *op;

	while ((op = d->first) != NULL) {
		d->first = op->next;
		apply(d, op);
		free(op);
	}
	d->last = &d->first;
}

int
fdatasync(int fd)
{
	struct disk *d = disk_of(fd);

	if (d != NULL)
		settle(d);
	return (int)syscall(SYS_fdatasync, fd);
}

int
fsync(int fd)
{
	struct disk *d = disk_of(fd);

	if (d != NULL)
		settle(d);
	return (int)syscall(SYS_fsync, fd);
}

static ssize_t
hook_pwrite(int fd, const void *p, size_t len, off_t off)
{
	struct disk *d = disk_of(fd);
	struct stat st;

	if (d == &disks[1] && off == 0 && fstat(fd, &st) == 0 && st.st_size > 0)
		overwrites++;
	if (d != NULL)
		record(d, off, p, len, false);
	return pwrite(fd, p, len, off);
}

static int
hook_ftruncate(int fd, off_t len)
{
	struct disk *d = disk_of(fd);

	if (d != NULL) {
		cuts += d == &disks[1];
		record(d, len, NULL, 0, true);
	}
	return ftruncate(fd, len);
}

static void
load(struct disk *d, const char *path)
{
	unsigned char block[65536];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	ssize_t n;

	assert_true(fd >= 0 && fstat(fd, &st) == 0);
	d->ino = st.st_ino;
	d->last = &d->first;
	while ((n = read(fd, block, sizeof block)) > 0)
		put(d, (off_t)d->len, block, (size_t)n);
	close(fd);
}

static void
power_watch(const char *db, const char *log)
{
	static const struct {
		const char *name;
		sqlite3_syscall_ptr fn;
	} hooks[] = {
		{ "pwrite", (sqlite3_syscall_ptr)hook_pwrite },
		{ "pwrite64", (sqlite3_syscall_ptr)hook_pwrite },
		{ "ftruncate", (sqlite3_syscall_ptr)hook_ftruncate },
	};
	sqlite3_vfs *vfs = sqlite3_vfs_find(NULL);

	for (size_t i = 0; i < sizeof hooks / sizeof hooks[0]; i++)
		(void)vfs->xSetSystemCall(vfs, hooks[i].name, hooks[i].fn);
	load(&disks[0], db);
	load(&disks[1], log);
	cuts = overwrites = 0;
	ops = 0;
	watching = true;
}

static void
power_forget(void)
{
	watching = false;
	for (int i = 0; i < 2; i++) {
		settle(&disks[i]);
		free(disks[i].bytes);
	}
	memset(disks, 0, sizeof disks);
	each_cb = NULL;
}

static void
power_each(void (*cb)(void *arg), void *arg)
{
	each_cb = cb;
	each_arg = arg;
}

static uint32_t
pick(uint32_t *state)
{
	*state = *state * 1664525u + 1013904223u;
	return *state >> 16;
}

/* What of the operations since the sync has reached the disk. */
enum { EACH_BY_ITSELF, THE_FIRST, THE_LAST, PATTERNS };

static bool
reached(unsigned pattern, unsigned limit, unsigned at, uint32_t *state)
{
	switch (pattern) {
	case THE_FIRST:
		return at < limit;
	case THE_LAST:
		return at >= limit;
	default:
		return pick(state) % 4 != 0;
	}
}

static void
image(const struct disk *d, unsigned seed, const char *path)
{
	struct disk copy = { .bytes = NULL };
	uint32_t state = seed * 2654435761u + 1;
	unsigned pattern = pick(&state) % PATTERNS, limit, n = 0, at = 0;
	int fd;

	for (const struct op *op = d->first; op != NULL; op = op->next)
		n++;
	limit = pick(&state) % (n + 1);
	put(&copy, 0, d->bytes != NULL ? d->bytes : (void *)"", d->len);
	for (const struct op *op = d->first; op != NULL; op = op->next) {
		if (reached(pattern, limit, at++, &state))
			apply(&copy, op);
		/* Without the cut the file still has its old blocks. */
		else if (op->cut)
			break;
	}
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, copy.bytes, copy.len), (ssize_t)copy.len);
	close(fd);
	free(copy.bytes);
}

static void
power_image(unsigned seed, const char *db, const char *log)
{
	bool was = watching;

	watching = false;
	image(&disks[0], seed, db);
	image(&disks[1], seed * 31 + 7, log);
	watching = was;
}

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

struct plan {
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
inspect(struct plan *c, const char *path)
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
	struct plan *c = arg;
	char db[128], log[128];
	int status;
	pid_t pid;

	if (ops < c->next)
		return;
	c->next = ops + 1 + (c->n * 7919) % 100;
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
	struct plan c = { .fx = fx };
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
	assert_true(cuts >= 2);
	assert_int_equal(overwrites, 0);
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
	struct plan c = { .fx = fx, .tolerate = true };
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
	assert_true(overwrites >= 2);
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
