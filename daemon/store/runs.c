/* SPDX-License-Identifier: MIT */
/*
 * Rows of `run`. Invariant: a run gets one of its terminal states once and
 * keeps it; the WHERE clauses say so, whatever a caller believes (abuse H02).
 */
#include "daemon/store/runs.h"

#include <stddef.h>

#include "daemon/store/db.h"
#include "lib/arena.h"
#include "lib/err.h"

static const char sql_get[] =
    "SELECT " STORE_RUN_COLUMNS " FROM run WHERE id = ? AND user_id = ?";
static const char sql_find[] =
    "SELECT " STORE_RUN_COLUMNS " FROM run WHERE id = ?";
static const char sql_of_session[] =
    "SELECT " STORE_RUN_COLUMNS
    " FROM run WHERE session_id = ? AND user_id = ? ORDER BY created_at";
static const char sql_list[] =
    "SELECT " STORE_RUN_COLUMNS
    " FROM run WHERE user_id = ? AND id < ? ORDER BY id DESC LIMIT ?";
static const char sql_in_flight[] =
    "SELECT " STORE_RUN_COLUMNS
    " FROM run WHERE state IN ('starting', 'running')";
static const char sql_insert[] =
    "INSERT INTO run (id, session_id, user_id, reason, io, state, profile, "
    "generation, argv_json, cwd, request_id, door, cols, rows, created_at) "
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
static const char sql_running[] =
    "UPDATE run SET state = 'running', handle = ?, generation = ?, "
    "argv_json = ?, cwd = ?, guards = ?, policy_json = ?, started_at = ? "
    "WHERE id = ? AND state = 'starting'";
static const char sql_resized[] =
    "UPDATE run SET cols = ?, rows = ? "
    "WHERE id = ? AND state IN ('starting', 'running')";
static const char sql_halted[] =
    "UPDATE run SET stopped_at = ? WHERE id = ? AND state = 'running'";
/* An end that knows no size leaves the one that was recorded. */
static const char sql_ended[] =
    "UPDATE run SET state = ?, exit_code = ?, signal = ?, cause = ?, "
    "cols = coalesce(?, cols), rows = coalesce(?, rows), log_bytes = ?, "
    "talk_bytes = ?, user_us = ?, sys_us = ?, maxrss_kb = ?, ended_at = ?, "
    "egress_json = ?, "
    "stopped_at = NULL "
    "WHERE id = ? AND state IN ('starting', 'running')";
static const char sql_output[] = "SELECT coalesce(sum(log_bytes + talk_bytes), "
				 "0) FROM run WHERE user_id = ?";
static const char sql_stale[] =
    "SELECT " STORE_RUN_COLUMNS " FROM run "
    "LEFT JOIN session ON session.id = run.session_id "
    "WHERE run.user_id = ? AND run.log_bytes + run.talk_bytes > 0 "
    "AND run.ended_at < ? "
    "AND (session.id IS NULL OR session.status = 'closed') "
    "ORDER BY run.ended_at";
static const char sql_forgotten[] =
    "UPDATE run SET log_bytes = 0, talk_bytes = 0 "
    "WHERE id = ? AND log_bytes + talk_bytes > 0 AND ended_at IS NOT NULL";

static const char sql_talked[] = "UPDATE run SET talk_bytes = ? WHERE id = ?";
static const char sql_stopping[] =
    "UPDATE run SET cause = ? WHERE state IN ('starting', 'running')";

const char *const store_runs_sql[] = { sql_get, sql_find, sql_of_session,
	sql_list, sql_in_flight, sql_insert, sql_running, sql_resized,
	sql_ended, sql_halted, sql_stopping, sql_output, sql_stale,
	sql_forgotten, sql_talked, NULL };

struct each {
	store_run_fn *cb;
	void *arg;
};

struct get {
	struct arena *arena;
	struct store_run *out;
	bool found;
};

bool
store_run_row(struct row *row, int first, struct store_run *out)
{
	int i = first;

	/* The id: NULL where a LEFT JOIN found no run. */
	if (row_null(row, first))
		return false;
	out->id = row_str(row, i++);
	out->session_id = row_str(row, i++);
	out->user_id = row_str(row, i++);
	out->reason = row_str(row, i++);
	out->io = row_str(row, i++);
	out->state = row_str(row, i++);
	out->profile = row_str(row, i++);
	out->handle = row_str(row, i++);
	out->generation = row_str(row, i++);
	out->argv_json = row_str(row, i++);
	out->cwd = row_str(row, i++);
	out->cause = row_str(row, i++);
	out->cols = row_int_or(row, i++, -1);
	out->rows = row_int_or(row, i++, -1);
	out->exit_code = row_int_or(row, i++, -1);
	out->signal = row_int_or(row, i++, -1);
	out->guards = row_int(row, i++);
	out->log_bytes = row_int(row, i++);
	out->user_us = row_int_or(row, i++, -1);
	out->sys_us = row_int_or(row, i++, -1);
	out->maxrss_kb = row_int_or(row, i++, -1);
	out->created_at = row_int(row, i++);
	out->started_at = row_int_or(row, i++, -1);
	out->ended_at = row_int_or(row, i++, -1);
	out->policy_json = row_str(row, i++);
	out->egress_json = row_str(row, i++);
	out->stopped_at = row_int_or(row, i++, -1);
	out->request_id = row_str(row, i++);
	out->talk_bytes = row_int(row, i++);
	out->door = row_str(row, i);
	return true;
}

static bool
runs_each_cb(struct row *row, void *arg)
{
	struct each *e = arg;
	struct store_run r;

	return store_run_row(row, 0, &r) && e->cb(&r, e->arg);
}

void
store_run_keep(struct arena *a, struct store_run *r)
{
	r->id = arena_text(a, r->id);
	r->session_id = arena_text(a, r->session_id);
	r->user_id = arena_text(a, r->user_id);
	r->reason = arena_text(a, r->reason);
	r->io = arena_text(a, r->io);
	r->state = arena_text(a, r->state);
	r->profile = arena_text(a, r->profile);
	r->handle = arena_text(a, r->handle);
	r->generation = arena_text(a, r->generation);
	r->argv_json = arena_text(a, r->argv_json);
	r->cwd = arena_text(a, r->cwd);
	r->cause = arena_text(a, r->cause);
	r->request_id = arena_text(a, r->request_id);
	r->policy_json = arena_text(a, r->policy_json);
	r->egress_json = arena_text(a, r->egress_json);
	r->door = arena_text(a, r->door);
}

static bool
runs_get_cb(struct row *row, void *arg)
{
	struct get *g = arg;

	if (!store_run_row(row, 0, g->out))
		return false;
	store_run_keep(g->arena, g->out);
	g->found = true;
	return false;
}

int
store_run_get(struct db *db, struct arena *a, const char *user_id,
    const char *id, struct store_run *out)
{
	struct get g = { a, out, false };
	int err = db_query(db, sql_get, runs_get_cb, &g, "ss", id, user_id);

	if (err != 0)
		return err;
	return g.found ? 0 : RDV_E_NOT_FOUND;
}

int
store_run_find(struct db *db, struct arena *a, const char *id,
    struct store_run *out)
{
	struct get g = { a, out, false };
	int err = db_query(db, sql_find, runs_get_cb, &g, "s", id);

	if (err != 0)
		return err;
	return g.found ? 0 : RDV_E_NOT_FOUND;
}

int
store_runs_of(struct db *db, const char *user_id, const char *session_id,
    store_run_fn *cb, void *arg)
{
	struct each e = { cb, arg };

	return db_query(db, sql_of_session, runs_each_cb, &e, "ss", session_id,
	    user_id);
}

int
store_runs_list(struct db *db, const char *user_id, const char *cursor,
    int64_t limit, store_run_fn *cb, void *arg)
{
	struct each e = { cb, arg };

	/* "g" is behind every id. */
	return db_query(db, sql_list, runs_each_cb, &e, "ssi", user_id,
	    cursor != NULL ? cursor : "g", limit);
}

int
store_runs_in_flight(struct db *db, store_run_fn *cb, void *arg)
{
	struct each e = { cb, arg };

	return db_query(db, sql_in_flight, runs_each_cb, &e, "");
}

static bool
runs_output_cb(struct row *row, void *arg)
{
	*(int64_t *)arg = row_int(row, 0);
	return false;
}

int
store_runs_output(struct db *db, const char *user_id, int64_t *bytes)
{
	return db_query(db, sql_output, runs_output_cb, bytes, "s", user_id);
}

int
store_run_insert(struct tx *tx, const struct store_run *r)
{
	return tx_wrote(tx_exec(tx, sql_insert, "ssssssssssssnni", r->id,
	    r->session_id, r->user_id, r->reason, r->io, "starting", r->profile,
	    r->generation, r->argv_json, r->cwd, r->request_id, r->door,
	    r->cols, r->rows, r->created_at));
}

int
store_run_running(struct tx *tx, const struct store_run *r)
{
	return tx_wrote_one(tx_exec(tx, sql_running, "ssssisis", r->handle,
				r->generation, r->argv_json, r->cwd, r->guards,
				r->policy_json, r->started_at, r->id),
	    RDV_E_STATE);
}

int
store_run_resized(struct tx *tx, const struct store_run *r)
{
	return tx_wrote_one(tx_exec(tx, sql_resized, "nns", r->cols, r->rows,
				r->id),
	    RDV_E_STATE);
}

int
store_run_halted(struct tx *tx, const char *id, int64_t stopped_at)
{
	return tx_wrote_one(tx_exec(tx, sql_halted, "ns", stopped_at, id),
	    RDV_E_STATE);
}

int
store_run_ended(struct tx *tx, const struct store_run *r)
{
	return tx_wrote_one(tx_exec(tx, sql_ended, "snnsnniinnniss", r->state,
				r->exit_code, r->signal, r->cause, r->cols,
				r->rows, r->log_bytes, r->talk_bytes,
				r->user_us, r->sys_us, r->maxrss_kb,
				r->ended_at, r->egress_json, r->id),
	    RDV_E_STATE);
}

int
store_run_talked(struct tx *tx, const char *id, int64_t bytes)
{
	return tx_wrote(tx_exec(tx, sql_talked, "is", bytes, id));
}

int
store_runs_stopping(struct tx *tx, const char *cause)
{
	return tx_wrote(tx_exec(tx, sql_stopping, "s", cause));
}

int
store_runs_stale(struct db *db, const char *user_id, int64_t before,
    store_run_fn *cb, void *arg)
{
	struct each e = { cb, arg };

	return db_query(db, sql_stale, runs_each_cb, &e, "si", user_id, before);
}

int
store_run_forgotten(struct tx *tx, const char *id)
{
	return tx_wrote_one(tx_exec(tx, sql_forgotten, "s", id), RDV_E_STATE);
}
