/* SPDX-License-Identifier: MIT */
#ifndef RDV_DB_H
#define RDV_DB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The store's engine: one SQLite connection in WAL mode, used by the loop's
 * thread only; statements prepared once and kept by slot. sqlite3.h is seen by
 * store/ alone. Readers take struct db, writers struct tx: the type is the
 * rule.
 */
struct db;
struct tx;
struct loop;
struct row; /* a result row while its callback runs */

/*
 * Opens or creates `path`, checks it, migrates it in one transaction.
 * RDV_E_NEWER: written by a newer rdv. RDV_E_CORRUPT: fails its own checks;
 * nothing was changed. RDV_E_FULL: no space. -EROFS, -EACCES, other -errno.
 * `why` receives one sentence naming the file for every failure.
 */
int db_open(struct db **out, struct loop *l, const char *path, char *why,
    size_t whysize);
/* Whether it could be opened as it is, by a process that will not do so. */
int db_try(const char *path, char *why, size_t whysize);
/*
 * Starts the flusher thread; until then the caller's thread waits for the disk.
 * Called once the process has confined itself to files (Landlock binds the
 * calling thread and those it makes later) and may still make threads. Writes
 * once, so that db_healthy() knows from the start whether that is possible.
 */
int db_start(struct db *db);
/*
 * Commits what is open, waits until all of it is durable and calls every `done`
 * that is due. For start and end; never from within a turn of the loop.
 */
void db_settle(struct db *db);
/* Settles, then closes. The loop must not turn afterwards. */
void db_close(struct db *db);
/*
 * A real round trip: false when the last write, sync or this read failed, or
 * what was written has waited for its sync for ten seconds.
 */
bool db_healthy(struct db *db);

/*
 * Another number whenever this process may have changed what a query answers;
 * changes of other processes do not count.
 */
uint64_t db_version(const struct db *db);

struct db_stats {
	uint64_t statements;		       /* asked of it, since start */
	uint64_t turns, changes, failed_turns; /* since start */
	uint64_t syncs, checkpoints, forced;   /* of these, with writers out */
	uint64_t sync_us;		       /* time spent in the syncs */
	int64_t bytes, log_bytes; /* database and write-ahead log */
	unsigned waiting;	  /* turns committed and not yet durable */
};
void db_stats(struct db *db, struct db_stats *out);

/*
 * One logical change. All changes of one loop turn share one SQLite
 * transaction (each its savepoint); the flusher thread then syncs the log.
 */
struct tx *tx_begin(struct db *db);
/*
 * The same without a savepoint, which is a tenth of a small change. Undone
 * after it has written something it takes its whole turn along, so it is for
 * what no rule can refuse by then: only memory or the disk, which fail the turn
 * as well.
 */
struct tx *tx_begin_bare(struct db *db);
struct db *tx_db(struct tx *tx);
/*
 * Ends the change. `done(0)` runs on the loop's thread when it is durable, or
 * done(-errno) when the turn's commit failed, in which case nothing of the turn
 * was kept, or its sync, after which every write is refused until a restart.
 * `done` may be NULL. Until `done`, tell nobody.
 *
 * A change begun while another is open is part of that one: ended before it,
 * and undone with it (-ECANCELED).
 */
typedef void tx_done_fn(int err, void *arg);
void tx_commit(struct tx *tx, tx_done_fn *done, void *arg);
void tx_abort(struct tx *tx);
/* First error met inside the change, or 0; tx_commit with one aborts. */
int tx_error(const struct tx *tx);

/*
 * Statements: `sql` is a string constant; its address is the cache key.
 * Arguments follow a format of one letter each:
 *   s const char * (NULL is SQL NULL)   i int64_t   n int64_t, negative: NULL
 *   b void *, size_t
 */
/* Calls `cb` per row until it returns false. 0 or -errno. */
typedef bool db_row_fn(struct row *row, void *arg);
int db_query(struct db *db, const char *sql, db_row_fn *cb, void *arg,
    const char *fmt, ...);
/* Writes; rows changed, or -errno. -EEXIST for a broken UNIQUE. */
long tx_exec(struct tx *tx, const char *sql, const char *fmt, ...);
/* Of what that returned: 0 or -errno; `none` (> 0) when it changed no row. */
int tx_wrote(long n);
int tx_wrote_one(long n, int none);

/* Columns by position; text is valid until the callback returns. */
const char *row_str(struct row *r, int col); /* NULL for SQL NULL */
int64_t row_int(struct row *r, int col);     /* 0 for NULL */
int64_t row_int_or(struct row *r, int col, int64_t fallback);
bool row_null(struct row *r, int col);
const void *row_blob(struct row *r, int col, size_t *len);

#endif
