/* SPDX-License-Identifier: MIT */
/*
 * Rows of `script`: which workspace a run belongs to that no chain has begun.
 * One is written in the transaction of the run's own row and never changed, so
 * what becomes of it is the run's alone.
 */
#include "daemon/store/scripts.h"

#include "daemon/store/db.h"
#include "lib/arena.h"
#include "lib/err.h"

#define OWN                                                    \
	"script.run_id, script.user_id, script.workspace_id, " \
	"script.repo_id, script.name"
#define OWN_COLUMNS 5
/* Above every id: the page before the first has no end. */
#define NEWEST "g"

static const char sql_insert[] =
    "INSERT INTO script (run_id, user_id, workspace_id, repo_id, name) "
    "VALUES (?, ?, ?, ?, ?)";
static const char sql_get[] = "SELECT " OWN " FROM script WHERE run_id = ?";
static const char sql_list[] =
    "SELECT " OWN ", " STORE_RUN_COLUMNS
    " FROM script JOIN run ON run.id = script.run_id "
    "WHERE script.workspace_id = ? AND script.user_id = ? "
    "AND script.run_id < ? ORDER BY script.run_id DESC LIMIT ?";
/* Few runs live at a time, and any number has ended. */
static const char sql_in_flight[] =
    "SELECT " OWN ", " STORE_RUN_COLUMNS
    " FROM run CROSS JOIN script ON script.run_id = run.id "
    "WHERE run.state IN ('starting', 'running')";

static const char sql_ports[] =
    "SELECT address, port, since FROM run_port WHERE run_id = ? "
    "ORDER BY address, port";
static const char sql_port_insert[] =
    "INSERT INTO run_port (run_id, address, port, since) VALUES (?, ?, ?, ?)";
static const char sql_port_delete[] =
    "DELETE FROM run_port WHERE run_id = ? AND address = ? AND port = ?";
static const char sql_ports_clear[] = "DELETE FROM run_port WHERE run_id = ?";
static const char sql_ports_sweep[] =
    "DELETE FROM run_port WHERE run_id NOT IN "
    "(SELECT id FROM run WHERE state IN ('starting', 'running'))";

struct each {
	store_script_fn *cb;
	void *arg;
};

struct get {
	struct arena *arena;
	struct store_script *out;
	bool found;
};

static struct store_script
script_row(struct row *row)
{
	return (struct store_script){
		.run_id = row_str(row, 0),
		.user_id = row_str(row, 1),
		.workspace_id = row_str(row, 2),
		.repo_id = row_str(row, 3),
		.name = row_str(row, 4),
	};
}

static bool
scripts_each_cb(struct row *row, void *arg)
{
	const struct each *e = arg;
	struct store_script s = script_row(row);
	struct store_run r;

	return store_run_row(row, OWN_COLUMNS, &r) && e->cb(&s, &r, e->arg);
}

static bool
scripts_get_cb(struct row *row, void *arg)
{
	struct get *g = arg;
	struct store_script s = script_row(row);

	s.run_id = arena_text(g->arena, s.run_id);
	s.user_id = arena_text(g->arena, s.user_id);
	s.workspace_id = arena_text(g->arena, s.workspace_id);
	s.repo_id = arena_text(g->arena, s.repo_id);
	s.name = arena_text(g->arena, s.name);
	*g->out = s;
	g->found = true;
	return false;
}

int
store_script_insert(struct tx *tx, const struct store_script *s)
{
	return tx_wrote(tx_exec(tx, sql_insert, "sssss", s->run_id, s->user_id,
	    s->workspace_id, s->repo_id, s->name));
}

int
store_script_get(struct db *db, struct arena *a, const char *run_id,
    struct store_script *out)
{
	struct get g = { a, out, false };
	int err = db_query(db, sql_get, scripts_get_cb, &g, "s", run_id);

	if (err != 0)
		return err;
	return g.found ? 0 : RDV_E_NOT_FOUND;
}

int
store_scripts_list(struct db *db, const char *user_id, const char *workspace_id,
    const char *cursor, int64_t limit, store_script_fn *cb, void *arg)
{
	struct each e = { cb, arg };

	return db_query(db, sql_list, scripts_each_cb, &e, "sssi", workspace_id,
	    user_id, cursor != NULL ? cursor : NEWEST, limit);
}

int
store_scripts_in_flight(struct db *db, store_script_fn *cb, void *arg)
{
	struct each e = { cb, arg };

	return db_query(db, sql_in_flight, scripts_each_cb, &e, "");
}

struct each_port {
	store_port_fn *cb;
	void *arg;
};

static bool
scripts_port_cb(struct row *row, void *arg)
{
	const struct each_port *e = arg;
	const struct store_port p = {
		.address = row_str(row, 0),
		.port = row_int(row, 1),
		.since = row_int(row, 2),
	};

	return e->cb(&p, e->arg);
}

int
store_ports_of(struct db *db, const char *run_id, store_port_fn *cb, void *arg)
{
	struct each_port e = { cb, arg };

	return db_query(db, sql_ports, scripts_port_cb, &e, "s", run_id);
}

int
store_port_insert(struct tx *tx, const char *run_id, const struct store_port *p)
{
	return tx_wrote(tx_exec(tx, sql_port_insert, "ssii", run_id, p->address,
	    p->port, p->since));
}

int
store_port_delete(struct tx *tx, const char *run_id, const struct store_port *p)
{
	return tx_wrote(tx_exec(tx, sql_port_delete, "ssi", run_id, p->address,
	    p->port));
}

int
store_ports_clear(struct tx *tx, const char *run_id)
{
	return tx_wrote(tx_exec(tx, sql_ports_clear, "s", run_id));
}

int
store_ports_sweep(struct tx *tx)
{
	return tx_wrote(tx_exec(tx, sql_ports_sweep, ""));
}
