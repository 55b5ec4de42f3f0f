/* SPDX-License-Identifier: MIT */
/*
 * Changes and turns. All changes of one turn of the loop are savepoints of one
 * transaction, committed together at the turn's end and made durable together
 * by the flusher; so many clients share the cost of one sync. A reply and an
 * event leave only after that.
 *
 * Invariants: changes are answered in the order they began. When SQLite gives
 * up a whole transaction (no space, I/O error), every change of that turn fails
 * and none is left half done. A turn never stays open while the loop waits.
 */
#include "daemon/store/tx.h"

#include <assert.h>
#include <errno.h>
#include <sqlite3.h>
#include <stdlib.h>

#include "daemon/loop.h"
#include "daemon/store/dbi.h"
#include "daemon/store/flusher.h"
#include "lib/clock.h"
#include "lib/xalloc.h"

/* For another process that is writing (a backup, an administrator). */
#define BUSY_MS 500

/*
 * IMMEDIATE takes the write lock at once: a change that has begun never finds
 * another writer in its way.
 */
static const char sql_begin[] = "BEGIN IMMEDIATE";
static const char sql_begin_read[] = "BEGIN";
static const char sql_commit[] = "COMMIT";
static const char sql_rollback[] = "ROLLBACK";
/*
 * All have one name; SQLite means the newest (sqlite.org/lang_savepoint.html),
 * and changes end in the reverse order of their beginnings.
 */
static const char sql_savepoint[] = "SAVEPOINT change";
static const char sql_release[] = "RELEASE change";
static const char sql_undo[] = "ROLLBACK TO change";

/* A step of the transaction itself; when one fails, the turn is dead. */
static int
turn_do(struct db *db, const char *sql)
{
	if (db->turn->err == 0)
		db->turn->err = stmt_do(&db->stmts, sql);
	return db->turn->err;
}

/*
 * A statement by itself locks the log's index and unlocks it again, which takes
 * longer than to find one row. Outside the loop's turns nobody would end it.
 */
void
turn_read(struct db *db)
{
	if (db->turn == NULL && !db->reading && loop_turning(db->loop))
		db->reading = stmt_do(&db->stmts, sql_begin_read) == 0;
}

static void
turn_read_end(struct db *db)
{
	if (db->reading)
		(void)stmt_do(&db->stmts, sql_commit);
	db->reading = false;
}

static void
turn_begin(struct db *db)
{
	struct turn *t = xcalloc(1, sizeof *t);

	turn_read_end(db);
	TAILQ_INIT(&t->changes);
	db->turn = t;
	/*
	 * The hook at the turn's end commits. Begun outside a turn, or in a
	 * hook after ours, the loop would wait with the transaction open.
	 */
	loop_timer_set(db->kick, 0);
	if (db->sync_err != 0) {
		t->err = db->sync_err;
		return;
	}
	/* Who waited once in vain does not make every turn wait again. */
	(void)sqlite3_busy_timeout(db->conn, db->busy ? 0 : BUSY_MS);
	t->err = stmt_do(&db->stmts, sql_begin);
	db->busy = t->err == -EBUSY;
}

/* Events staged after the first `keep` are undone, and so are their numbers. */
static void
turn_unstage(struct db *db, struct turn *t, size_t keep)
{
	if (t->nstaged > keep)
		db->event_seq = -1;
	while (t->nstaged > keep)
		free(t->staged[--t->nstaged]);
}

void
turn_end(struct db *db)
{
	struct turn *t = db->turn;

	turn_read_end(db);
	if (t == NULL)
		return;
	/* A change is begun and ended by one function, never across turns. */
	assert(t->open == 0);
	(void)turn_do(db, sql_commit);
	if (!sqlite3_get_autocommit(db->conn))
		(void)stmt_do(&db->stmts, sql_rollback);
	/* What was read meanwhile saw changes that are gone now. */
	if (t->err != 0) {
		turn_unstage(db, t, 0);
		db->version++;
		db->stats.failed_turns++;
	}
	loop_timer_clear(db->kick);
	db->turn = NULL;
	db->write_err = t->err;
	db->stats.turns++;
	db->stats.waiting++;
	t->epoch = ++db->epoch;
	t->since_ms = clock_mono_ms();
	TAILQ_INSERT_TAIL(&db->waiting, t, link);
	flusher_request(db->flusher, t->epoch);
}

static void
turn_publish(struct db *db, struct turn *t)
{
	for (size_t i = 0; i < t->nstaged; i++) {
		if (db->publish != NULL)
			db->publish(t->staged[i], db->publish_arg);
		else
			free(t->staged[i]);
	}
	t->nstaged = 0;
}

static void
turn_finish(struct db *db, struct turn *t, int err)
{
	struct tx *tx;

	/* Events before `done`: who is answered can find the event. */
	if (err == 0)
		turn_publish(db, t);
	turn_unstage(db, t, 0);
	while ((tx = TAILQ_FIRST(&t->changes)) != NULL) {
		TAILQ_REMOVE(&t->changes, tx, link);
		if (tx->done != NULL)
			tx->done(tx->err != 0 ? tx->err : err, tx->arg);
		free(tx);
	}
	free(t->staged);
	free(t);
}

void
turn_settle(struct db *db)
{
	uint64_t synced;
	int err = flusher_state(db->flusher, &synced);
	struct turn *t;

	db->sync_err = err;
	while ((t = TAILQ_FIRST(&db->waiting)) != NULL) {
		/*
		 * After a failed sync nobody waits any longer: what is not
		 * durable by now never will be.
		 */
		if (t->epoch > synced && err == 0)
			break;
		TAILQ_REMOVE(&db->waiting, t, link);
		db->stats.waiting--;
		turn_finish(db, t,
		    t->err != 0 || t->epoch <= synced ? t->err : err);
	}
}

struct tx *
tx_begin_bare(struct db *db)
{
	struct tx *tx = xcalloc(1, sizeof *tx);

	if (db->turn == NULL)
		turn_begin(db);
	tx->db = db;
	db->turn->open++;
	tx->staged = db->turn->nstaged;
	tx->err = db->turn->err;
	tx->bare = true;
	TAILQ_INSERT_TAIL(&db->turn->changes, tx, link);
	db->stats.changes++;
	return tx;
}

struct tx *
tx_begin(struct db *db)
{
	struct tx *tx = tx_begin_bare(db);

	tx->bare = false;
	tx->err = turn_do(db, sql_savepoint);
	return tx;
}

uint64_t
db_version(const struct db *db)
{
	return db->version;
}

struct db *
tx_db(struct tx *tx)
{
	return tx->db;
}

int
tx_error(const struct tx *tx)
{
	return tx->err;
}

long
tx_exec(struct tx *tx, const char *sql, const char *fmt, ...)
{
	struct turn *turn = tx->db->turn;
	va_list ap;
	long n;

	/* In a dead turn a statement would run, and last, by itself. */
	if (tx->err == 0)
		tx->err = turn->err;
	if (tx->err != 0)
		return tx->err;
	tx->db->version++;
	va_start(ap, fmt);
	n = stmt_run(&tx->db->stmts, sql, NULL, NULL, fmt, ap);
	va_end(ap);
	tx->wrote = tx->wrote || n > 0;
	if (n >= 0)
		return n;
	tx->err = (int)n;
	/* SQLite ends the whole transaction after the gravest errors. */
	if (sqlite3_get_autocommit(tx->db->conn))
		turn->err = tx->err;
	return n;
}

int
tx_wrote(long n)
{
	return n < 0 ? (int)n : 0;
}

int
tx_wrote_one(long n, int none)
{
	return n == 0 ? none : tx_wrote(n);
}

/* What failed by itself has written nothing (sqlite.org/lang_conflict.html). */
static void
undo_bare(struct tx *tx)
{
	struct turn *t = tx->db->turn;

	if (t->err == 0 && (tx->wrote || TAILQ_NEXT(tx, link) != NULL))
		t->err = tx->err != 0 ? tx->err : -ECANCELED;
}

/*
 * Back to where the change began. What began after it and has ended since was
 * part of it and is undone as well.
 */
static void
tx_undo(struct tx *tx)
{
	struct tx *inner = tx;

	tx->db->version++;
	if (tx->bare) {
		undo_bare(tx);
	} else {
		(void)turn_do(tx->db, sql_undo);
		(void)turn_do(tx->db, sql_release);
	}
	turn_unstage(tx->db, tx->db->turn, tx->staged);
	while ((inner = TAILQ_NEXT(inner, link)) != NULL)
		if (inner->err == 0)
			inner->err = -ECANCELED;
}

void
tx_commit(struct tx *tx, tx_done_fn *done, void *arg)
{
	tx->done = done;
	tx->arg = arg;
	tx->db->turn->open--;
	/* A savepoint that is released is still undone with the turn. */
	if (tx->err == 0)
		tx->err =
		    tx->bare ? tx->db->turn->err : turn_do(tx->db, sql_release);
	if (tx->err != 0)
		tx_undo(tx);
}

void
tx_abort(struct tx *tx)
{
	tx->db->turn->open--;
	tx_undo(tx);
	TAILQ_REMOVE(&tx->db->turn->changes, tx, link);
	free(tx);
}

void
tx_stage(struct tx *tx, void *event)
{
	struct turn *t = tx->db->turn;

	if (tx->err != 0) {
		free(event);
		return;
	}
	if (t->nstaged == t->cap) {
		t->cap = t->cap == 0 ? 8 : t->cap * 2;
		t->staged = xreallocarray(t->staged, t->cap, sizeof(void *));
	}
	t->staged[t->nstaged++] = event;
}

void
db_publish_to(struct db *db, void (*publish)(void *event, void *arg), void *arg)
{
	db->publish = publish;
	db->publish_arg = arg;
}
