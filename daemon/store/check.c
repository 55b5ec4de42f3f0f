/* SPDX-License-Identifier: MIT */
/*
 * Refuses a database that is truncated, damaged, foreign or newer before
 * anything is written to it. SQLite by itself would take an emptied file for a
 * new database and throw away the log beside it.
 */
#include "daemon/store/check.h"

#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/store/migrate.h"
#include "daemon/store/stmt.h"
#include "lib/err.h"
#include "lib/xalloc.h"

/*
 * The database header and the log's: sqlite.org/fileformat2.html, sections 1.3
 * and 4.1.
 */
#define HEADER	   100
#define LOG_HEADER 32
#define LOG_FRAME  24
/* So much is checked completely: a few milliseconds. */
#define WHOLE_MAX (4 << 20)

struct check {
	const char *path;
	char *why;
	size_t whysize;
	off_t size;
	off_t log; /* bytes of the write-ahead log, 0 when there is none */
};

int
check_damaged(const char *path, const char *what, char *why, size_t whysize)
{
	(void)snprintf(why, whysize,
	    "%s is damaged: %s; nothing was changed (restore a backup, or move "
	    "the file away to start empty)",
	    path, what);
	return RDV_E_CORRUPT;
}

static int
corrupt(const struct check *c, const char *what)
{
	return check_damaged(c->path, what, c->why, c->whysize);
}

static uint32_t
be32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 |
	       (uint32_t)p[2] << 8 | p[3];
}

static int
read_header(struct check *c, uint8_t header[HEADER])
{
	struct stat st = { 0 };
	ssize_t n = -1;
	int fd, err = 0;

	/* SQLite has not locked it yet: closing drops a process's locks. */
	fd = open(c->path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd < 0 || fstat(fd, &st) < 0)
		err = -errno;
	else if (S_ISREG(st.st_mode) && (n = read(fd, header, HEADER)) < 0)
		err = -errno;
	if (fd >= 0)
		(void)close(fd);
	c->size = st.st_size;
	if (err != 0)
		(void)snprintf(c->why, c->whysize, "%s cannot be read: %s",
		    c->path, strerror(-err));
	else if (!S_ISREG(st.st_mode))
		err = corrupt(c, "it is not a regular file");
	else if (n < HEADER)
		err = corrupt(c, "it is too short to be a database");
	return err;
}

static void
stat_log(struct check *c)
{
	char *name = xasprintf("%s-wal", c->path);
	struct stat st;

	c->log = stat(name, &st) == 0 ? st.st_size : 0;
	free(name);
}

static int
judge_header(struct check *c, const uint8_t *h, int newest)
{
	uint32_t page = (uint32_t)h[16] << 8 | h[17];
	uint32_t version = be32(h + 60);

	/* 64 KiB does not fit into the two bytes. */
	if (page == 1)
		page = 65536;
	if (memcmp(h, "SQLite format 3", 16) != 0 || page < 512 ||
	    (page & (page - 1)) != 0)
		return corrupt(c, "its header is not one of a database");
	if (be32(h + 68) != MIGRATE_APP_ID)
		return corrupt(c, "it is not a database of rdv");
	if (version > (uint32_t)newest) {
		(void)snprintf(c->why, c->whysize,
		    "%s was written by a newer rdv (schema %u; this one knows "
		    "%d): start that version again",
		    c->path, version, newest);
		return RDV_E_NEWER;
	}
	/*
	 * With a log, pages may stand in it that the file has not got yet. The
	 * size in the header counts only when both change counters agree.
	 */
	if (c->log <= LOG_HEADER && be32(h + 24) == be32(h + 92) &&
	    (off_t)be32(h + 28) * page > c->size)
		return corrupt(c, "it has been cut short");
	return 0;
}

int
check_file(const char *path, int newest, char *why, size_t whysize)
{
	struct check c = { path, why, whysize, 0, 0 };
	uint8_t header[HEADER];
	int err;

	err = read_header(&c, header);
	if (err != 0)
		return err;
	stat_log(&c);
	return judge_header(&c, header, newest);
}

int
check_same(const char *path, int newest, char *why, size_t whysize)
{
	struct check c = { path, why, whysize, 0, 0 };
	uint8_t header[HEADER];
	int err = read_header(&c, header);

	if (err != 0)
		return err;
	if (be32(header + 60) == (uint32_t)newest)
		return 0;
	(void)snprintf(why, whysize,
	    "%s has schema %u and this rdvd makes %d of it, with no way back: "
	    "stop rdv and start it",
	    path, be32(header + 60), newest);
	return RDV_E_NEWER;
}

static int
fail_sql(const struct check *c, sqlite3 *conn)
{
	int err = stmt_errno(conn, sqlite3_errcode(conn));

	if (err == -EUCLEAN)
		return corrupt(c, sqlite3_errmsg(conn));
	(void)snprintf(c->why, c->whysize, "%s cannot be read: %s", c->path,
	    sqlite3_errmsg(conn));
	return err;
}

/* The first column of the first row as text, or a failure. */
static int
ask(const struct check *c, sqlite3 *conn, const char *sql, char *out,
    size_t size)
{
	sqlite3_stmt *st = NULL;
	const char *text = NULL;
	int err = 0, rc;

	rc = sqlite3_prepare_v2(conn, sql, -1, &st, NULL);
	if (rc == SQLITE_OK)
		rc = sqlite3_step(st);
	if (rc == SQLITE_ROW)
		text = (const char *)sqlite3_column_text(st, 0);
	else if (rc != SQLITE_DONE)
		err = fail_sql(c, conn);
	if (err == 0)
		(void)snprintf(out, size, "%s", text != NULL ? text : "");
	(void)sqlite3_finalize(st);
	return err;
}

static int
ask_number(const struct check *c, sqlite3 *conn, const char *sql,
    long long *out)
{
	char text[32];
	int err = ask(c, conn, sql, text, sizeof text);

	if (err == 0)
		*out = strtoll(text, NULL, 10);
	return err;
}

/* Its first and its last row: root, and the outer leaves. */
static int
probe_table(const struct check *c, sqlite3 *conn, const char *name)
{
	static const char *const forms[] = {
		"SELECT rowid FROM \"%w\" ORDER BY rowid LIMIT 1",
		"SELECT rowid FROM \"%w\" ORDER BY rowid DESC LIMIT 1",
	};
	int err = 0;

	for (size_t i = 0; i < 2 && err == 0; i++) {
		char *sql = sqlite3_mprintf(forms[i], name);
		char text[32];

		if (sql == NULL)
			return -ENOMEM;
		err = ask(c, conn, sql, text, sizeof text);
		sqlite3_free(sql);
	}
	return err;
}

static int
probe_tables(const struct check *c, sqlite3 *conn)
{
	sqlite3_stmt *st = NULL;
	int err = 0, rc;

	/*
	 * Of a large database not all is read: a start must not take minutes.
	 */
	rc = sqlite3_prepare_v2(conn,
	    "SELECT name FROM sqlite_schema WHERE type = 'table'", -1, &st,
	    NULL);
	while (rc == SQLITE_OK || rc == SQLITE_ROW) {
		rc = sqlite3_step(st);
		if (rc == SQLITE_ROW)
			err = probe_table(c, conn,
			    (const char *)sqlite3_column_text(st, 0));
		if (err != 0)
			break;
	}
	if (err == 0 && rc != SQLITE_DONE)
		err = fail_sql(c, conn);
	(void)sqlite3_finalize(st);
	return err;
}

int
check_tables(sqlite3 *conn, const char *path, char *why, size_t whysize)
{
	struct check c = { path, why, whysize, 0, 0 };
	long long pages, page;
	struct stat st;
	char answer[160];
	int err;

	if (stat(path, &st) == 0)
		c.size = st.st_size;
	stat_log(&c);
	err = ask_number(&c, conn, "PRAGMA page_count", &pages);
	if (err == 0)
		err = ask_number(&c, conn, "PRAGMA page_size", &page);
	if (err != 0)
		return err;
	/* What the file lacks, the log would have to hold. */
	if (pages * page >
	    c.size + (c.log - LOG_HEADER) / (page + LOG_FRAME) * page)
		return corrupt(&c, "it has been cut short");
	if (pages * page > WHOLE_MAX)
		return probe_tables(&c, conn);
	err = ask(&c, conn, "PRAGMA quick_check(1)", answer, sizeof answer);
	if (err == 0 && strcmp(answer, "ok") != 0)
		err = corrupt(&c, answer);
	return err;
}
