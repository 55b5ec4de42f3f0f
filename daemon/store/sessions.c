/* SPDX-License-Identifier: MIT */
/*
 * Rows of `session`, each read together with its newest run. Readers name the
 * user, so that another's session is the same as none. Invariant: a closed
 * session stays closed.
 */
#include "daemon/store/sessions.h"

#include <stddef.h>

#include "daemon/store/db.h"
#include "daemon/store/runs.h"
#include "lib/err.h"

#define COLUMNS                                                             \
	"session.id, session.user_id, folder_id, name, status, "            \
	"project_path, repo_path, worktree_id, worktree_branch, "           \
	"base_branch, agent_provider, is_orchestrator_session, "            \
	"terminal_type, session.profile, network, network_hosts_json, "     \
	"session.argv_json, env_json, "                                     \
	"session.cols, session.rows, run_id, tab_order, last_activity_at, " \
	"session.created_at, updated_at, closed_at, clipboard, "            \
	"agent_status, agent_status_at"
/* A conversation is a session as well, and none of a terminal's. */
#define TERMINAL "session.terminal_type <> 'conversation' "
#define RUN_AT	 29 /* the first column of the run */
#define FROM                                     \
	"SELECT " COLUMNS ", " STORE_RUN_COLUMNS \
	" FROM session LEFT JOIN run ON run.id = session.run_id "

static const char sql_list[] =
    FROM "WHERE session.user_id = ? AND status IN (?, ?, ?) AND " TERMINAL
	 "ORDER BY tab_order, session.created_at, session.id";
static const char sql_list_folder[] =
    FROM "WHERE session.user_id = ? AND status IN (?, ?, ?) "
	 "AND folder_id = ? AND " TERMINAL
	 "ORDER BY tab_order, session.created_at, session.id";
static const char sql_get[] =
    FROM "WHERE session.id = ? AND session.user_id = ? AND " TERMINAL;
static const char sql_any[] =
    FROM "WHERE session.user_id = ? AND session.id = ?";
static const char sql_find[] = FROM "WHERE session.id = ?";
/* closed_at in a session that is not closed is the intent to close it. */
static const char sql_closing[] =
    FROM "WHERE status IN ('active', 'suspended') AND closed_at IS NOT NULL "
	 "AND " TERMINAL;
static const char sql_count[] =
    "SELECT count(*), coalesce(max(tab_order) + 1, 0) FROM session "
    "WHERE user_id = ? AND status IN ('active', 'suspended') AND " TERMINAL;
static const char sql_insert[] =
    "INSERT INTO session (id, user_id, folder_id, name, status, project_path, "
    "repo_path, worktree_id, worktree_branch, base_branch, agent_provider, "
    "is_orchestrator_session, terminal_type, profile, network, "
    "network_hosts_json, argv_json, env_json, cols, rows, run_id, tab_order, "
    "last_activity_at, created_at, updated_at, clipboard) "
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, "
    "?, "
    "?, "
    "?, "
    "?)";
/*
 * Two statements, because SQLite writes an index anew whenever a statement
 * names one of its columns, changed or not. No index has those of the first.
 */
static const char sql_update[] =
    "UPDATE session SET name = ?, clipboard = ?, updated_at = ? WHERE id = ?";
static const char sql_place[] =
    "UPDATE session SET folder_id = ?, tab_order = ? WHERE id = ?";
static const char sql_status[] =
    "UPDATE session SET status = ?, updated_at = ? "
    "WHERE id = ? AND status <> 'closed'";
static const char sql_intent[] =
    "UPDATE session SET closed_at = coalesce(closed_at, ?), updated_at = ? "
    "WHERE id = ? AND status <> 'closed'";
static const char sql_closed[] =
    "UPDATE session SET status = 'closed', "
    "closed_at = coalesce(closed_at, ?), updated_at = ? "
    "WHERE id = ? AND status <> 'closed'";
/* A new run is what resuming is: it makes the session active. */
static const char sql_run[] =
    "UPDATE session SET run_id = ?, status = 'active', updated_at = ?, "
    "last_activity_at = ? WHERE id = ? AND status <> 'closed'";
static const char sql_touch[] =
    "UPDATE session SET last_activity_at = ? WHERE id = ?";
static const char sql_agent[] =
    "UPDATE session SET agent_status = ?, agent_status_at = ? "
    "WHERE id = ? AND status <> 'closed'";
/*
 * The user here and not in the others: ids of an order come from outside, the
 * rest were read with their user before.
 */
static const char sql_order[] =
    "UPDATE session SET tab_order = ?, updated_at = ? "
    "WHERE id = ? AND user_id = ?";

const char *const store_sessions_sql[] = { sql_list, sql_list_folder, sql_get,
	sql_any, sql_find, sql_closing, sql_count, sql_insert, sql_update,
	sql_place, sql_status, sql_intent, sql_closed, sql_run, sql_touch,
	sql_agent, sql_order, NULL };

struct each {
	store_session_fn *cb;
	void *arg;
	bool found;
};

struct count {
	int64_t count, next;
};

static void
session_row(struct row *row, struct store_session *s)
{
	int i = 0;

	s->id = row_str(row, i++);
	s->user_id = row_str(row, i++);
	s->folder_id = row_str(row, i++);
	s->name = row_str(row, i++);
	s->status = row_str(row, i++);
	s->project_path = row_str(row, i++);
	s->repo_path = row_str(row, i++);
	s->worktree_id = row_str(row, i++);
	s->worktree_branch = row_str(row, i++);
	s->base_branch = row_str(row, i++);
	s->agent_provider = row_str(row, i++);
	s->is_orchestrator = row_int(row, i++) != 0;
	s->terminal_type = row_str(row, i++);
	s->profile = row_str(row, i++);
	s->network = row_str(row, i++);
	s->network_hosts_json = row_str(row, i++);
	s->argv_json = row_str(row, i++);
	s->env_json = row_str(row, i++);
	s->cols = row_int(row, i++);
	s->rows = row_int(row, i++);
	s->run_id = row_str(row, i++);
	s->tab_order = row_int(row, i++);
	s->last_activity_at = row_int_or(row, i++, -1);
	s->created_at = row_int(row, i++);
	s->updated_at = row_int(row, i++);
	s->closed_at = row_int_or(row, i++, -1);
	s->clipboard = row_int(row, i++) != 0;
	s->agent_status = row_str(row, i++);
	s->agent_status_at = row_int_or(row, i, -1);
}

static bool
sessions_each_cb(struct row *row, void *arg)
{
	struct each *e = arg;
	struct store_session s;
	struct store_run r;
	bool has_run;

	session_row(row, &s);
	has_run = store_run_row(row, RUN_AT, &r);
	e->found = true;
	return e->cb(&s, has_run ? &r : NULL, e->arg);
}

static bool
sessions_count_cb(struct row *row, void *arg)
{
	struct count *c = arg;

	c->count = row_int(row, 0);
	c->next = row_int(row, 1);
	return false;
}

int
store_sessions_list(struct db *db, const struct store_session_filter *f,
    store_session_fn *cb, void *arg)
{
	struct each e = { cb, arg, false };
	const char *s[3];

	/* One statement for one to three of them: the last one is repeated. */
	for (int i = 0, n = 0; i < 3; i++) {
		s[i] = f->status[n];
		n += f->status[n + 1] != NULL;
	}
	if (f->folder_id != NULL)
		return db_query(db, sql_list_folder, sessions_each_cb, &e,
		    "sssss", f->user_id, s[0], s[1], s[2], f->folder_id);
	return db_query(db, sql_list, sessions_each_cb, &e, "ssss", f->user_id,
	    s[0], s[1], s[2]);
}

int
store_session_get(struct db *db, const char *user_id, const char *id,
    store_session_fn *cb, void *arg)
{
	struct each e = { cb, arg, false };
	int err =
	    db_query(db, sql_get, sessions_each_cb, &e, "ss", id, user_id);

	if (err != 0)
		return err;
	return e.found ? 0 : RDV_E_NOT_FOUND;
}

int
store_session_any(struct db *db, const char *user_id, const char *id,
    store_session_fn *cb, void *arg)
{
	struct each e = { cb, arg, false };
	int err =
	    db_query(db, sql_any, sessions_each_cb, &e, "ss", user_id, id);

	if (err != 0)
		return err;
	return e.found ? 0 : RDV_E_NOT_FOUND;
}

int
store_session_find(struct db *db, const char *id, store_session_fn *cb,
    void *arg)
{
	struct each e = { cb, arg, false };
	int err = db_query(db, sql_find, sessions_each_cb, &e, "s", id);

	if (err != 0)
		return err;
	return e.found ? 0 : RDV_E_NOT_FOUND;
}

int
store_sessions_closing(struct db *db, store_session_fn *cb, void *arg)
{
	struct each e = { cb, arg, false };

	return db_query(db, sql_closing, sessions_each_cb, &e, "");
}

int
store_sessions_count(struct db *db, const char *user_id, int64_t *count,
    int64_t *next)
{
	struct count c = { 0, 0 };
	int err = db_query(db, sql_count, sessions_count_cb, &c, "s", user_id);

	if (err != 0)
		return err;
	*count = c.count;
	*next = c.next;
	return 0;
}

int
store_session_insert(struct tx *tx, const struct store_session *s)
{
	return tx_wrote(tx_exec(tx, sql_insert, "sssssssssssissssssiisiniii",
	    s->id, s->user_id, s->folder_id, s->name, s->status,
	    s->project_path, s->repo_path, s->worktree_id, s->worktree_branch,
	    s->base_branch, s->agent_provider, (int64_t)s->is_orchestrator,
	    s->terminal_type, s->profile, s->network, s->network_hosts_json,
	    s->argv_json, s->env_json, s->cols, s->rows, s->run_id,
	    s->tab_order, s->last_activity_at, s->created_at, s->updated_at,
	    (int64_t)s->clipboard));
}

int
store_session_update(struct tx *tx, const struct store_session *s)
{
	return tx_wrote_one(tx_exec(tx, sql_update, "siis", s->name,
				(int64_t)s->clipboard, s->updated_at, s->id),
	    RDV_E_NOT_FOUND);
}

int
store_session_place(struct tx *tx, const struct store_session *s)
{
	return tx_wrote_one(tx_exec(tx, sql_place, "sis", s->folder_id,
				s->tab_order, s->id),
	    RDV_E_NOT_FOUND);
}

int
store_session_status(struct tx *tx, const char *id, const char *status,
    int64_t now)
{
	return tx_wrote_one(tx_exec(tx, sql_status, "sis", status, now, id),
	    RDV_E_STATE);
}

int
store_session_closing(struct tx *tx, const char *id, int64_t now)
{
	return tx_wrote_one(tx_exec(tx, sql_intent, "iis", now, now, id),
	    RDV_E_STATE);
}

int
store_session_closed(struct tx *tx, const char *id, int64_t now)
{
	return tx_wrote_one(tx_exec(tx, sql_closed, "iis", now, now, id),
	    RDV_E_STATE);
}

int
store_session_run(struct tx *tx, const char *id, const char *run_id,
    int64_t now)
{
	return tx_wrote_one(tx_exec(tx, sql_run, "siis", run_id, now, now, id),
	    RDV_E_STATE);
}

int
store_session_touch(struct tx *tx, const char *id, int64_t now)
{
	return tx_wrote_one(tx_exec(tx, sql_touch, "is", now, id),
	    RDV_E_NOT_FOUND);
}

int
store_session_agent(struct tx *tx, const char *id, const char *status,
    int64_t now)
{
	return tx_wrote_one(tx_exec(tx, sql_agent, "sis", status, now, id),
	    RDV_E_STATE);
}

int
store_session_order(struct tx *tx, const char *user_id, const char *id,
    int64_t tab_order, int64_t now)
{
	return tx_wrote_one(tx_exec(tx, sql_order, "iiss", tab_order, now, id,
				user_id),
	    RDV_E_NOT_FOUND);
}
