/* SPDX-License-Identifier: MIT */
#ifndef RDV_STMT_H
#define RDV_STMT_H

#include <stdarg.h>
#include <stdint.h>

#include "daemon/store/db.h"
#include "lib/idmap.h"

struct sqlite3;

/* The prepared statements of one connection, by the address of their text. */
struct stmts {
	struct sqlite3 *conn;
	struct idmap map;
	uint64_t runs; /* since start */
};

void stmts_init(struct stmts *s, struct sqlite3 *conn);
void stmts_done(struct stmts *s);
/*
 * Runs `sql` with the arguments of `fmt` (db.h) and calls `cb` (NULL: none) per
 * row until it returns false. Rows changed, or -errno.
 */
long stmt_run(struct stmts *s, const char *sql, db_row_fn *cb, void *arg,
    const char *fmt, va_list ap);
/* The same for statements without arguments and rows. 0 or -errno. */
int stmt_do(struct stmts *s, const char *sql);
/* What a result code of SQLite is in this tree. */
int stmt_errno(struct sqlite3 *conn, int rc);

#endif
