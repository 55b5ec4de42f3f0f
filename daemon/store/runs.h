/* SPDX-License-Identifier: MIT */
#ifndef RDV_STORE_RUNS_H
#define RDV_STORE_RUNS_H

#include <stdbool.h>
#include <stdint.h>

struct arena;
struct db;
struct row;
struct tx;

/* Every statement, for the query-plan test; ends with NULL. */
extern const char *const store_runs_sql[];

/* One process execution. NULL texts and -1 are SQL NULL. */
struct store_run {
	const char *id, *session_id, *user_id;
	const char *reason, *io, *state, *profile;
	const char *handle, *generation; /* hexadecimal */
	const char *argv_json, *cwd, *cause;
	const char *request_id;	 /* NULL: no request asked for it */
	const char *policy_json; /* core/runpolicy.h */
	const char *egress_json; /* core/egress.h */
	const char *door;	 /* SHA-256 of its token, hexadecimal */
	int64_t cols, rows;
	int64_t exit_code, signal;
	int64_t guards, log_bytes;
	int64_t talk_bytes; /* of its entries (daemon/term/talk.h) */
	int64_t user_us, sys_us, maxrss_kb;
	int64_t created_at, started_at, ended_at;
	int64_t stopped_at; /* -1: its program goes on */
};

/* Columns of a run in a SELECT, in the order store_run_row() expects. */
#define STORE_RUN_COLUMNS                                                  \
	"run.id, run.session_id, run.user_id, run.reason, run.io, "        \
	"run.state, run.profile, run.handle, run.generation, "             \
	"run.argv_json, run.cwd, run.cause, run.cols, run.rows, "          \
	"run.exit_code, run.signal, run.guards, run.log_bytes, "           \
	"run.user_us, run.sys_us, run.maxrss_kb, run.created_at, "         \
	"run.started_at, run.ended_at, run.policy_json, run.egress_json, " \
	"run.stopped_at, run.request_id, run.talk_bytes, run.door"

/* False when there is no run in these columns. Strings are borrowed. */
bool store_run_row(struct row *row, int first, struct store_run *out);
/* Replaces borrowed strings by copies in the arena. */
void store_run_keep(struct arena *a, struct store_run *r);

/* Strings are borrowed while it runs; false ends the walk. */
typedef bool store_run_fn(const struct store_run *r, void *arg);

/* Copied into the arena. 0, -errno, or RDV_E_NOT_FOUND (or another's). */
int store_run_get(struct db *db, struct arena *a, const char *user_id,
    const char *id, struct store_run *out);
/* Of whatever user; for the reconciler alone. */
int store_run_find(struct db *db, struct arena *a, const char *id,
    struct store_run *out);
/* Oldest first. */
int store_runs_of(struct db *db, const char *user_id, const char *session_id,
    store_run_fn *cb, void *arg);
/* Of all sessions and of none, the newest first, behind `cursor` or NULL. */
int store_runs_list(struct db *db, const char *user_id, const char *cursor,
    int64_t limit, store_run_fn *cb, void *arg);
/* Rows in state starting or running, of all users. */
int store_runs_in_flight(struct db *db, store_run_fn *cb, void *arg);

/* 0 or -errno. */
int store_run_insert(struct tx *tx, const struct store_run *r);
/* All write nothing when the run has ended already: RDV_E_STATE. */
int store_run_running(struct tx *tx, const struct store_run *r);
/* Writes cols and rows alone. */
int store_run_resized(struct tx *tx, const struct store_run *r);
/* What its entries take, also when it has ended. 0 or -errno. */
int store_run_talked(struct tx *tx, const char *id, int64_t bytes);
/*
 * Bytes of output of all runs of a user that have ended, and are kept, with
 * their entries. 0 or -errno.
 */
int store_runs_output(struct db *db, const char *user_id, int64_t *bytes);
/*
 * A user's runs of closed sessions, or of none, that ended before `before` and
 * have output, the oldest first. 0 or -errno.
 */
int store_runs_stale(struct db *db, const char *user_id, int64_t before,
    store_run_fn *cb, void *arg);
/* RDV_E_STATE: it has not ended, or has none. */
int store_run_forgotten(struct tx *tx, const char *id);
/* Its program was stopped then, or goes on (-1). Of a running one alone. */
int store_run_halted(struct tx *tx, const char *id, int64_t stopped_at);
/* cols and rows of -1 leave what the row has. */
int store_run_ended(struct tx *tx, const struct store_run *r);
/* Why all that are in flight are about to end. 0 or -errno. */
int store_runs_stopping(struct tx *tx, const char *cause);

#endif
