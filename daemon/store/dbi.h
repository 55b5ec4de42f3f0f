/* SPDX-License-Identifier: MIT */
#ifndef RDV_DBI_H
#define RDV_DBI_H

#include <stddef.h>
#include <sys/queue.h>

#include "daemon/store/stmt.h"

struct flusher;
struct loop;
struct loop_timer;
struct loop_wake;

/*
 * The inside of the store's engine, for db.c and tx.c. A turn is one SQLite
 * transaction: the changes of one turn of the loop, and the events they staged,
 * in order. It is open, then waits for its epoch to be durable, then settled.
 */
struct tx {
	TAILQ_ENTRY(tx) link;
	struct db *db;
	tx_done_fn *done;
	void *arg;
	int err;
	size_t staged; /* events of the turn when this change began */
	bool bare;     /* has no savepoint to go back to */
	bool wrote;
};
TAILQ_HEAD(tx_list, tx);

struct turn {
	TAILQ_ENTRY(turn) link;
	struct tx_list changes;
	unsigned open; /* changes begun and not ended */
	void **staged;
	size_t nstaged, cap;
	uint64_t epoch;
	int64_t since_ms; /* it waits to be durable; monotonic */
	int err;	  /* the transaction is dead: all its changes fail */
};
TAILQ_HEAD(turn_list, turn);

struct db {
	struct sqlite3 *conn;
	struct stmts stmts;
	char *path;
	struct loop *loop;
	struct loop_wake *wake;	 /* the flusher has served */
	struct loop_timer *kick; /* the loop must turn: a turn is open */
	struct flusher *flusher;
	struct turn *turn;
	bool reading; /* the reads of this turn share one snapshot */
	struct turn_list waiting;
	uint64_t epoch;
	uint64_t version;  /* counts everything that may change an answer */
	int write_err;	   /* of the last turn */
	int sync_err;	   /* final */
	bool busy;	   /* another process held the lock last time */
	int64_t event_seq; /* last number given in the outbox; -1: ask */
	void (*publish)(void *event, void *arg);
	void *publish_arg;
	struct db_stats stats;
};

/* Reads until the turn's end, or its first change, see one state. */
void turn_read(struct db *db);
/* Commits the open turn, if any, and asks the flusher for it. */
void turn_end(struct db *db);
/* Answers the changes of every turn that is durable or has failed. */
void turn_settle(struct db *db);

#endif
