/* SPDX-License-Identifier: MIT */
/*
 * Opening, closing and asking the database. The loop's connection writes the
 * log and never waits for the disk; that is the flusher's work.
 *
 * Invariant: whatever is wrong with a database is found, and said in one
 * sentence with the file's name, before the first byte is written to it.
 */
#include "daemon/store/db.h"

#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/loop.h"
#include "daemon/store/check.h"
#include "daemon/store/create.h"
#include "daemon/store/dbi.h"
#include "daemon/store/flusher.h"
#include "daemon/store/migrate.h"
#include "daemon/store/walvfs.h"
#include "lib/clock.h"
#include "lib/err.h"
#include "lib/xalloc.h"

/* db_healthy() */
#define HANGS_MS 10000
/* For who reads the file, a backup say, at the moment of a start. */
#define OPEN_WAIT_MS 2000

/*
 * synchronous and wal_autocheckpoint: both are the flusher's work.
 * trusted_schema, cell_size_check: a file may have been written by others.
 * temp_store: a confined daemon has no other directory to write to. The sizes
 * keep the memory at rest small; the working set of a host fits all the same.
 */
static const char setup[] = "PRAGMA synchronous=OFF;"
			    "PRAGMA wal_autocheckpoint=0;"
			    "PRAGMA foreign_keys=ON;"
			    "PRAGMA temp_store=MEMORY;"
			    "PRAGMA cache_size=-1024;"
			    "PRAGMA trusted_schema=OFF;"
			    "PRAGMA cell_size_check=ON;";

static const char sql_probe[] =
    "SELECT version FROM schema_migration ORDER BY version DESC LIMIT 1";
/* Twice changes nothing; SQLite does not write a page that stays as it is. */
static const char sql_touch[] =
    "UPDATE schema_migration SET applied_at = -applied_at WHERE version = 1";

struct opening {
	const char *path;
	char *why;
	size_t whysize;
};

static int
refuse(const struct opening *o, const char *what, int err)
{
	(void)snprintf(o->why, o->whysize, "%s %s: %s", o->path, what,
	    strerror(-err));
	return err;
}

static int
refuse_sql(const struct opening *o, sqlite3 *conn, int rc)
{
	int err = stmt_errno(conn, rc);

	if (err == -EUCLEAN)
		return check_damaged(o->path, sqlite3_errmsg(conn), o->why,
		    o->whysize);
	(void)snprintf(o->why, o->whysize, "%s cannot be opened: %s", o->path,
	    sqlite3_errmsg(conn));
	return err == -ENOSPC ? RDV_E_FULL : err;
}

/* The log, the index of the log and a new database all need it. */
static int
check_directory(const struct opening *o)
{
	char *dir = xstrdup(o->path), *slash = strrchr(dir, '/');
	int err = 0;

	if (slash != NULL)
		slash[slash == dir ? 1 : 0] = '\0';
	if (faccessat(AT_FDCWD, slash != NULL ? dir : ".", W_OK | X_OK,
		AT_EACCESS) < 0)
		err = refuse(o, "cannot be written: its directory", -errno);
	free(dir);
	return err;
}

static bool
exists(const char *path, const char *tail)
{
	char *name = xasprintf("%s%s", path, tail);
	struct stat st;
	/* What cannot be looked at is there: nothing is made in its place. */
	bool there = lstat(name, &st) == 0 || errno != ENOENT;

	free(name);
	return there;
}

int
db_try(const char *path, char *why, size_t whysize)
{
	return check_same(path, migrate_newest(migrations), why, whysize);
}

/* The file is ours, whole, and there; made if this is the first start. */
static int
check_before(const struct opening *o)
{
	int err = check_directory(o);

	if (err != 0)
		return err;
	if (exists(o->path, ""))
		return check_file(o->path, migrate_newest(migrations), o->why,
		    o->whysize);
	if (exists(o->path, "-wal")) {
		(void)snprintf(o->why, o->whysize,
		    "%s is missing, but its log %s-wal is there: put the "
		    "database back, or move the log away to start empty",
		    o->path, o->path);
		return RDV_E_CORRUPT;
	}
	return create_database(o->path, migrations, o->why, o->whysize);
}

static int
connect_to(const struct opening *o, sqlite3 **conn)
{
	const char *vfs = walvfs_name();
	int rc;

	if (vfs == NULL)
		return refuse(o, "cannot be opened", -ENOMEM);
	rc = sqlite3_open_v2(o->path, conn,
	    SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_NOFOLLOW,
	    vfs);
	(void)sqlite3_busy_timeout(*conn, OPEN_WAIT_MS);
	if (rc == SQLITE_OK)
		rc = sqlite3_exec(*conn, setup, NULL, NULL, NULL);
	if (rc == SQLITE_OK)
		rc = sqlite3_exec(*conn, sql_probe, NULL, NULL, NULL);
	if (rc != SQLITE_OK)
		return refuse_sql(o, *conn, rc);
	/* SQLite falls back to reading when it may not write. */
	if (sqlite3_db_readonly(*conn, "main") == 1)
		return refuse(o, "cannot be written", -EACCES);
	/*
	 * Closing it must not copy the log unsynced; the flusher closes last.
	 */
	(void)sqlite3_db_config(*conn, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1,
	    NULL);
	(void)sqlite3_db_config(*conn, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	/* stmt_errno() asks for the extended code by itself. */
	(void)sqlite3_extended_result_codes(*conn, 0);
	return 0;
}

static int
check_after(const struct opening *o, sqlite3 *conn)
{
	int err = check_tables(conn, o->path, o->why, o->whysize);

	if (err != 0)
		return err;
	return migrate(conn, migrations, o->path, o->why, o->whysize);
}

static void
turn_end_cb(void *arg)
{
	turn_end(arg);
}

static void
settle_cb(void *arg)
{
	turn_settle(arg);
}

/* Nothing to do: that the loop turns is all it is for. */
static void
kick_cb(void *arg)
{
	(void)arg;
}

int
db_open(struct db **out, struct loop *l, const char *path, char *why,
    size_t whysize)
{
	struct opening o = { path, why, whysize };
	struct db *db;
	int err;

	/* Counting every allocation under a lock is nothing we look at. */
	(void)sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
	err = check_before(&o);
	if (err != 0)
		return err;
	db = xcalloc(1, sizeof *db);
	TAILQ_INIT(&db->waiting);
	db->path = xstrdup(path);
	db->event_seq = -1;
	db->loop = l;
	db->wake = loop_wake_new(l, settle_cb, db);
	db->kick = loop_timer_new(l, kick_cb, db);
	err = connect_to(&o, &db->conn);
	stmts_init(&db->stmts, db->conn);
	if (err == 0)
		err = check_after(&o, db->conn);
	/*
	 * After the migrations, so that the log is there and they are synced.
	 */
	if (err == 0) {
		err = flusher_new(&db->flusher, path, db->wake);
		if (err != 0)
			(void)refuse(&o, "cannot be synced", err);
	}
	if (err != 0) {
		db_close(db);
		return err;
	}
	loop_at_turn_end(l, turn_end_cb, db);
	*out = db;
	return 0;
}

/* Finds out whether it can be written, for db_healthy(). */
static void
probe_write(struct db *db)
{
	struct tx *tx = tx_begin(db);

	(void)tx_exec(tx, sql_touch, "");
	(void)tx_exec(tx, sql_touch, "");
	tx_commit(tx, NULL, NULL);
}

void
db_settle(struct db *db)
{
	/* Whoever is told may begin the next change. */
	do {
		turn_end(db);
		flusher_wait(db->flusher);
		turn_settle(db);
	} while (db->turn != NULL);
}

int
db_start(struct db *db)
{
	int err = flusher_start(db->flusher);

	if (err == 0) {
		probe_write(db);
		db_settle(db);
	}
	return err;
}

void
db_close(struct db *db)
{
	if (db == NULL)
		return;
	if (db->flusher != NULL)
		db_settle(db);
	/*
	 * Statements, then their connection; the flusher's is the last to
	 * close.
	 */
	stmts_done(&db->stmts);
	(void)sqlite3_close(db->conn);
	flusher_free(db->flusher);
	loop_wake_free(db->wake);
	loop_timer_free(db->kick);
	free(db->path);
	free(db);
}

static bool
healthy_row_cb(struct row *row, void *arg)
{
	*(int64_t *)arg = row_int(row, 0);
	return false;
}

/* A disk or a thread that hangs fails nothing, and nobody is answered. */
static bool
flusher_hangs(const struct db *db)
{
	const struct turn *t = TAILQ_FIRST(&db->waiting);

	return t != NULL && clock_mono_ms() - t->since_ms > HANGS_MS;
}

bool
db_healthy(struct db *db)
{
	int64_t version = 0;
	uint64_t synced;

	if (flusher_state(db->flusher, &synced) != 0 || flusher_hangs(db))
		return false;
	if (db->write_err != 0) {
		/* Once in a turn, for the next who asks. */
		if (db->turn == NULL)
			probe_write(db);
		return false;
	}
	return db_query(db, sql_probe, healthy_row_cb, &version, "") == 0 &&
	       version > 0;
}

void
db_stats(struct db *db, struct db_stats *out)
{
	struct flusher_stats f;
	struct stat st;

	*out = db->stats;
	out->statements = db->stmts.runs;
	flusher_stats(db->flusher, &f);
	out->syncs = f.syncs;
	out->sync_us = f.sync_us;
	out->checkpoints = f.checkpoints;
	out->forced = f.forced;
	out->log_bytes = f.log_bytes;
	out->bytes = stat(db->path, &st) == 0 ? st.st_size : 0;
}

int
db_query(struct db *db, const char *sql, db_row_fn *cb, void *arg,
    const char *fmt, ...)
{
	va_list ap;
	long n;

	turn_read(db);
	va_start(ap, fmt);
	n = stmt_run(&db->stmts, sql, cb, arg, fmt, ap);
	va_end(ap);
	return n < 0 ? (int)n : 0;
}
