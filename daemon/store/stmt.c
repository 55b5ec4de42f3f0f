/* SPDX-License-Identifier: MIT */
/*
 * Statements: prepared once, found again by the address of their text, bound
 * by a format of one letter per argument. Text from outside only ever travels
 * as a bound value; a statement is a constant of this program.
 *
 * Invariant: a cached statement is reset before the call that used it returns,
 * so that no read transaction stays open between calls.
 */
#include "daemon/store/stmt.h"

#include <errno.h>
#include <limits.h>
#include <sqlite3.h>
#include <stdint.h>
#include <string.h>

struct row {
	sqlite3_stmt *stmt;
};

/* An extended code stands above the primary one it belongs to. */
static const struct {
	int rc; /* extended code, or primary code */
	int err;
} codes[] = {
	{ SQLITE_CONSTRAINT_UNIQUE, -EEXIST },
	{ SQLITE_CONSTRAINT_PRIMARYKEY, -EEXIST },
	{ SQLITE_CONSTRAINT, -EINVAL },
	{ SQLITE_FULL, -ENOSPC },
	{ SQLITE_IOERR, -EIO },
	{ SQLITE_READONLY, -EROFS },
	{ SQLITE_BUSY, -EBUSY },
	{ SQLITE_LOCKED, -EBUSY },
	{ SQLITE_CORRUPT, -EUCLEAN },
	{ SQLITE_NOTADB, -EUCLEAN },
	{ SQLITE_NOMEM, -ENOMEM },
	{ SQLITE_CANTOPEN, -EACCES },
	{ SQLITE_PERM, -EACCES },
	{ SQLITE_TOOBIG, -E2BIG },
	{ SQLITE_RANGE, -EINVAL },
};

/*
 * A quota or a file limit reads as an I/O error: it is no space all the same.
 */
static bool
out_of_space(sqlite3 *conn, int which)
{
	sqlite3_file *f = NULL;
	int err = 0;

	(void)sqlite3_file_control(conn, "main", which, &f);
	if (f == NULL || f->pMethods == NULL)
		return false;
	(void)f->pMethods->xFileControl(f, SQLITE_FCNTL_LAST_ERRNO, &err);
	return err == ENOSPC || err == EDQUOT || err == EFBIG;
}

int
stmt_errno(sqlite3 *conn, int rc)
{
	int ext = sqlite3_extended_errcode(conn);

	if (rc == SQLITE_OK || rc == SQLITE_ROW || rc == SQLITE_DONE)
		return 0;
	if ((rc & 0xff) == SQLITE_IOERR &&
	    (out_of_space(conn, SQLITE_FCNTL_FILE_POINTER) ||
		out_of_space(conn, SQLITE_FCNTL_JOURNAL_POINTER)))
		return -ENOSPC;
	for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++)
		if (codes[i].rc == ext || codes[i].rc == (rc & 0xff))
			return codes[i].err;
	return -EINVAL;
}

void
stmts_init(struct stmts *s, sqlite3 *conn)
{
	s->conn = conn;
	s->runs = 0;
	idmap_init(&s->map);
}

void
stmts_done(struct stmts *s)
{
	sqlite3_stmt *st;

	/* The connection knows its statements, the map cannot be walked. */
	while ((st = sqlite3_next_stmt(s->conn, NULL)) != NULL)
		(void)sqlite3_finalize(st);
	idmap_done(&s->map);
}

/*
 * A statement that is running already (its row callback asks the same again)
 * gets a second copy, which the caller finalizes.
 */
static int
stmt_get(struct stmts *s, const char *sql, sqlite3_stmt **out, bool *temporary)
{
	uint64_t key = (uintptr_t)sql;
	sqlite3_stmt *st = idmap_find(&s->map, key);
	bool cached = st != NULL && !sqlite3_stmt_busy(st);
	int rc;

	*temporary = st != NULL && !cached;
	if (!cached) {
		rc = sqlite3_prepare_v3(s->conn, sql, -1,
		    *temporary ? 0 : SQLITE_PREPARE_PERSISTENT, &st, NULL);
		if (rc != SQLITE_OK)
			return stmt_errno(s->conn, rc);
		if (!*temporary)
			idmap_put(&s->map, key, st);
	}
	*out = st;
	return 0;
}

static int
bind_text(sqlite3_stmt *st, int i, const char *text)
{
	if (text == NULL)
		return sqlite3_bind_null(st, i);
	return sqlite3_bind_text(st, i, text, -1, SQLITE_STATIC);
}

static int
bind_blob(sqlite3_stmt *st, int i, const void *p, size_t len)
{
	if (len > INT_MAX)
		return SQLITE_TOOBIG;
	return sqlite3_bind_blob(st, i, p, (int)len, SQLITE_STATIC);
}

static int
bind_int(sqlite3_stmt *st, int i, int64_t v, bool null)
{
	return null ? sqlite3_bind_null(st, i) : sqlite3_bind_int64(st, i, v);
}

/* The values outlive the call that binds them, hence SQLITE_STATIC above. */
static int
stmt_bind(sqlite3_stmt *st, const char *fmt, va_list ap)
{
	int rc = SQLITE_OK, n = (int)strlen(fmt);
	int64_t v;

	/*
	 * A format that does not fit the statement is a mistake of ours; it
	 * must not write half a row.
	 */
	if (n != sqlite3_bind_parameter_count(st))
		return SQLITE_RANGE;
	for (int i = 1; i <= n && rc == SQLITE_OK; i++) {
		switch (fmt[i - 1]) {
		case 's':
			rc = bind_text(st, i, va_arg(ap, const char *));
			break;
		case 'i':
			rc = bind_int(st, i, va_arg(ap, int64_t), false);
			break;
		case 'n':
			v = va_arg(ap, int64_t);
			rc = bind_int(st, i, v, v < 0);
			break;
		case 'b': {
			const void *p = va_arg(ap, const void *);
			size_t len = va_arg(ap, size_t);

			rc = bind_blob(st, i, p, len);
			break;
		}
		default:
			return SQLITE_RANGE;
		}
	}
	return rc;
}

static int
stmt_step(sqlite3_stmt *st, db_row_fn *cb, void *arg)
{
	struct row row = { st };
	int rc;

	while ((rc = sqlite3_step(st)) == SQLITE_ROW) {
		/* Enough rows are no error. */
		if (cb != NULL && !cb(&row, arg))
			return SQLITE_DONE;
	}
	return rc;
}

long
stmt_run(struct stmts *s, const char *sql, db_row_fn *cb, void *arg,
    const char *fmt, va_list ap)
{
	sqlite3_stmt *st = NULL;
	bool temporary;
	long result;
	int err, rc;

	s->runs++;
	err = stmt_get(s, sql, &st, &temporary);
	if (err != 0)
		return err;
	rc = stmt_bind(st, fmt, ap);
	if (rc == SQLITE_OK)
		rc = stmt_step(st, cb, arg);
	/* Before the reset, which may forget the extended code. */
	if (rc == SQLITE_DONE)
		result =
		    sqlite3_stmt_readonly(st) ? 0 : sqlite3_changes(s->conn);
	else
		result = stmt_errno(s->conn, rc);
	(void)sqlite3_reset(st);
	if (temporary)
		(void)sqlite3_finalize(st);
	return result;
}

static long
run_plain(struct stmts *s, const char *sql, const char *fmt, ...)
{
	va_list ap;
	long n;

	va_start(ap, fmt);
	n = stmt_run(s, sql, NULL, NULL, fmt, ap);
	va_end(ap);
	return n;
}

int
stmt_do(struct stmts *s, const char *sql)
{
	long n = run_plain(s, sql, "");

	return n < 0 ? (int)n : 0;
}

const char *
row_str(struct row *r, int col)
{
	return (const char *)sqlite3_column_text(r->stmt, col);
}

int64_t
row_int(struct row *r, int col)
{
	return sqlite3_column_int64(r->stmt, col);
}

int64_t
row_int_or(struct row *r, int col, int64_t fallback)
{
	return row_null(r, col) ? fallback : row_int(r, col);
}

bool
row_null(struct row *r, int col)
{
	return sqlite3_column_type(r->stmt, col) == SQLITE_NULL;
}

const void *
row_blob(struct row *r, int col, size_t *len)
{
	const void *p = sqlite3_column_blob(r->stmt, col);

	*len = (size_t)sqlite3_column_bytes(r->stmt, col);
	return p;
}
