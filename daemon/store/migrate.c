/* SPDX-License-Identifier: MIT */
/*
 * Brings a database to the schema of this program. All pending migrations and
 * their records are one transaction, so a version is there completely or not at
 * all. What was applied must be what we would apply: a checksum that differs
 * means a database of unknown shape, and such a one is left alone.
 */
#include "daemon/store/migrate.h"

#include <errno.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>

#include "daemon/store/stmt.h"
#include "lib/clock.h"
#include "lib/err.h"

struct migrate {
	sqlite3 *conn;
	const struct migration *list;
	const char *path;
	char *why;
	size_t whysize;
	int have; /* newest version recorded */
};

static const char sql_table[] =
    "CREATE TABLE IF NOT EXISTS schema_migration ("
    "version INTEGER NOT NULL PRIMARY KEY, name TEXT NOT NULL, "
    "sha256 TEXT NOT NULL, applied_at INTEGER NOT NULL) STRICT";
static const char sql_known[] =
    "SELECT 1 FROM sqlite_schema WHERE name = 'schema_migration'";
static const char sql_applied[] =
    "SELECT version, name, sha256 FROM schema_migration ORDER BY version";
static const char sql_record[] = "INSERT INTO schema_migration "
				 "(version, name, sha256, applied_at) "
				 "VALUES (?, ?, ?, ?)";

int
migrate_newest(const struct migration *list)
{
	int newest = 0;

	for (; list->version != 0; list++)
		newest = list->version;
	return newest;
}

static int
fail_sql(struct migrate *m)
{
	int err = stmt_errno(m->conn, sqlite3_errcode(m->conn));
	const char *text = sqlite3_errmsg(m->conn);

	if (err == -ENOSPC)
		err = RDV_E_FULL;
	if (err == -EUCLEAN)
		err = RDV_E_CORRUPT;
	(void)snprintf(m->why, m->whysize,
	    err == RDV_E_FULL ? "%s: no space left to set up the database (%s)"
			      : "%s: the database cannot be set up: %s",
	    m->path, text);
	return err;
}

static const struct migration *
find(const struct migration *list, int version)
{
	for (; list->version != 0; list++)
		if (list->version == version)
			return list;
	return NULL;
}

static int
check_applied(struct migrate *m, int version, const char *name,
    const char *sha256)
{
	const struct migration *own = find(m->list, version);

	if (version > migrate_newest(m->list)) {
		(void)snprintf(m->why, m->whysize,
		    "%s was written by a newer rdv (schema %d; this one knows "
		    "%d): start that version again",
		    m->path, version, migrate_newest(m->list));
		return RDV_E_NEWER;
	}
	/*
	 * A released migration never changes (migrate.h): what differs was not
	 * made by any rdv.
	 */
	if (own == NULL || name == NULL || sha256 == NULL ||
	    strcmp(own->name, name) != 0 || strcmp(own->sha256, sha256) != 0) {
		(void)snprintf(m->why, m->whysize,
		    "%s: schema version %d in it is not the one of this "
		    "program; the database is left as it is",
		    m->path, version);
		return RDV_E_CORRUPT;
	}
	m->have = version;
	return 0;
}

static int
prepare(struct migrate *m, const char *sql, sqlite3_stmt **out)
{
	int rc = sqlite3_prepare_v2(m->conn, sql, -1, out, NULL);

	return rc == SQLITE_OK ? 0 : fail_sql(m);
}

static int
read_known(struct migrate *m, bool *known)
{
	sqlite3_stmt *st;
	int err, rc;

	err = prepare(m, sql_known, &st);
	if (err != 0)
		return err;
	rc = sqlite3_step(st);
	if (rc != SQLITE_ROW && rc != SQLITE_DONE)
		err = fail_sql(m);
	*known = rc == SQLITE_ROW;
	(void)sqlite3_finalize(st);
	return err;
}

static int
read_applied(struct migrate *m)
{
	sqlite3_stmt *st;
	bool known;
	int err, rc;

	err = read_known(m, &known);
	/* Without the table nothing was applied: the database is new. */
	if (err != 0 || !known)
		return err;
	err = prepare(m, sql_applied, &st);
	if (err != 0)
		return err;
	while (err == 0 && (rc = sqlite3_step(st)) == SQLITE_ROW)
		err = check_applied(m, sqlite3_column_int(st, 0),
		    (const char *)sqlite3_column_text(st, 1),
		    (const char *)sqlite3_column_text(st, 2));
	if (err == 0 && rc != SQLITE_DONE)
		err = fail_sql(m);
	(void)sqlite3_finalize(st);
	return err;
}

static int
run(struct migrate *m, const char *sql)
{
	if (sqlite3_exec(m->conn, sql, NULL, NULL, NULL) != SQLITE_OK)
		return fail_sql(m);
	return 0;
}

static int
record(struct migrate *m, const struct migration *one)
{
	sqlite3_stmt *st;
	int err;

	err = prepare(m, sql_record, &st);
	if (err != 0)
		return err;
	(void)sqlite3_bind_int(st, 1, one->version);
	(void)sqlite3_bind_text(st, 2, one->name, -1, SQLITE_STATIC);
	(void)sqlite3_bind_text(st, 3, one->sha256, -1, SQLITE_STATIC);
	(void)sqlite3_bind_int64(st, 4, clock_wall_ms());
	if (sqlite3_step(st) != SQLITE_DONE)
		err = fail_sql(m);
	(void)sqlite3_finalize(st);
	return err;
}

static int
apply_pending(struct migrate *m)
{
	char stamp[96];
	int err = run(m, sql_table);

	for (const struct migration *one = m->list;
	     err == 0 && one->version != 0; one++) {
		if (one->version <= m->have)
			continue;
		err = run(m, one->sql);
		if (err == 0)
			err = record(m, one);
	}
	/* In the header too, where a look at the file alone finds them. */
	(void)snprintf(stamp, sizeof stamp,
	    "PRAGMA application_id = %d; PRAGMA user_version = %d;",
	    MIGRATE_APP_ID, migrate_newest(m->list));
	return err == 0 ? run(m, stamp) : err;
}

int
migrate(sqlite3 *conn, const struct migration *list, const char *path,
    char *why, size_t whysize)
{
	struct migrate m = { conn, list, path, why, whysize, 0 };
	int err;

	err = read_applied(&m);
	if (err != 0 || m.have == migrate_newest(list))
		return err;
	/* Immediate: who cannot write finds out before anything is changed. */
	err = run(&m, "BEGIN IMMEDIATE");
	if (err != 0)
		return err;
	err = apply_pending(&m);
	if (err == 0)
		err = run(&m, "COMMIT");
	/* Some failures have rolled it back already. */
	if (err != 0 && !sqlite3_get_autocommit(conn))
		(void)sqlite3_exec(conn, "ROLLBACK", NULL, NULL, NULL);
	return err;
}
