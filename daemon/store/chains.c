/* SPDX-License-Identifier: MIT */
/*
 * Rows of `chain` and `chain_link`: how far what a turn takes has come.
 * Invariant: one chain of a workspace runs at a time, which the index says and
 * not who asks; and what has ended stays so, as every move names the state it
 * begins from.
 */
#include "daemon/store/chains.h"

#include "daemon/store/db.h"
#include "lib/arena.h"
#include "lib/err.h"

#define COLUMNS                                                                \
	"id, session_id, user_id, workspace_id, turn_id, state, cause, stop, " \
	"created_at, ended_at"
#define LINK_COLUMNS                                                     \
	"chain_id, place, workspace_id, kind, beside, repo_id, script, " \
	"state, cause, run_id"

static const char sql_insert[] =
    "INSERT INTO chain (id, session_id, user_id, workspace_id, turn_id, "
    "state, created_at) VALUES (?, ?, ?, ?, ?, ?, ?)";
static const char sql_move[] =
    "UPDATE chain SET state = ?, cause = ?, ended_at = ? "
    "WHERE id = ? AND state = ?";
static const char sql_stop[] = "UPDATE chain SET stop = ? WHERE id = ? "
			       "AND state = 'running' AND stop IS NULL";
static const char sql_link_insert[] =
    "INSERT INTO chain_link (" LINK_COLUMNS ") "
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
static const char sql_link_move[] =
    "UPDATE chain_link SET state = ?, cause = ?, run_id = ? "
    "WHERE chain_id = ? AND place = ? AND state = ?";
static const char sql_open[] = "SELECT " COLUMNS " FROM chain "
			       "WHERE workspace_id = ? AND state = 'running'";
static const char sql_find[] = "SELECT " COLUMNS " FROM chain WHERE id = ?";
static const char sql_of[] = "SELECT " COLUMNS " FROM chain WHERE turn_id = ?";
/* All of the index over those that run. */
static const char sql_running[] =
    "SELECT " COLUMNS " FROM chain WHERE state = 'running' "
    "AND workspace_id > '' ORDER BY workspace_id";
static const char sql_links[] = "SELECT " LINK_COLUMNS " FROM chain_link "
				"WHERE chain_id = ? ORDER BY place";
static const char sql_link_run[] =
    "SELECT " LINK_COLUMNS " FROM chain_link WHERE run_id = ?";
static const char sql_setup_done[] =
    "SELECT 1 FROM chain_link l "
    "CROSS JOIN chain c ON c.id = l.chain_id "
    "CROSS JOIN turn t ON t.id = c.turn_id "
    "WHERE l.workspace_id = ? AND l.repo_id = ? AND l.kind = 'setup' "
    "AND l.state = 'completed' AND t.dropped = 0 LIMIT 1";

struct each {
	store_chain_fn *cb;
	void *arg;
};

struct copy {
	struct arena *arena;
	struct store_chain *out;
	bool found;
};

/* Filled in their order; the places are made by a first walk. */
struct links {
	struct arena *arena;
	struct store_link *all; /* NULL: they are counted */
	size_t n;
};

static struct store_chain
chain_row(struct row *row)
{
	return (struct store_chain){
		.id = row_str(row, 0),
		.session_id = row_str(row, 1),
		.user_id = row_str(row, 2),
		.workspace_id = row_str(row, 3),
		.turn_id = row_str(row, 4),
		.state = row_str(row, 5),
		.cause = row_str(row, 6),
		.stop = row_str(row, 7),
		.created_at = row_int(row, 8),
		.ended_at = row_int_or(row, 9, -1),
	};
}

static struct store_link
link_row(struct arena *a, struct row *row)
{
	return (struct store_link){
		.chain_id = arena_text(a, row_str(row, 0)),
		.place = row_int(row, 1),
		.workspace_id = arena_text(a, row_str(row, 2)),
		.kind = arena_text(a, row_str(row, 3)),
		.beside = row_int(row, 4) != 0,
		.repo_id = arena_text(a, row_str(row, 5)),
		.script = arena_text(a, row_str(row, 6)),
		.state = arena_text(a, row_str(row, 7)),
		.cause = arena_text(a, row_str(row, 8)),
		.run_id = arena_text(a, row_str(row, 9)),
	};
}

static bool
chains_each_cb(struct row *row, void *arg)
{
	const struct each *e = arg;
	struct store_chain c = chain_row(row);

	return e->cb(&c, e->arg);
}

static bool
chains_copy_cb(struct row *row, void *arg)
{
	struct copy *to = arg;
	struct store_chain c = chain_row(row);

	c.id = arena_text(to->arena, c.id);
	c.session_id = arena_text(to->arena, c.session_id);
	c.user_id = arena_text(to->arena, c.user_id);
	c.workspace_id = arena_text(to->arena, c.workspace_id);
	c.turn_id = arena_text(to->arena, c.turn_id);
	c.state = arena_text(to->arena, c.state);
	c.cause = arena_text(to->arena, c.cause);
	c.stop = arena_text(to->arena, c.stop);
	*to->out = c;
	to->found = true;
	return false;
}

int
store_chain_insert(struct tx *tx, const struct store_chain *c)
{
	return tx_wrote(tx_exec(tx, sql_insert, "ssssssi", c->id, c->session_id,
	    c->user_id, c->workspace_id, c->turn_id, c->state, c->created_at));
}

int
store_chain_move(struct tx *tx, const struct store_chain *c, const char *from)
{
	return tx_wrote_one(tx_exec(tx, sql_move, "ssnss", c->state, c->cause,
				c->ended_at, c->id, from),
	    RDV_E_STATE);
}

int
store_chain_stop(struct tx *tx, const char *id, const char *why)
{
	return tx_wrote_one(tx_exec(tx, sql_stop, "ss", why, id), RDV_E_STATE);
}

int
store_link_insert(struct tx *tx, const struct store_link *l)
{
	return tx_wrote(tx_exec(tx, sql_link_insert, "sississsss", l->chain_id,
	    l->place, l->workspace_id, l->kind, (int64_t)l->beside, l->repo_id,
	    l->script, l->state, l->cause, l->run_id));
}

int
store_link_move(struct tx *tx, const struct store_link *l, const char *from)
{
	return tx_wrote_one(tx_exec(tx, sql_link_move, "ssssis", l->state,
				l->cause, l->run_id, l->chain_id, l->place,
				from),
	    RDV_E_STATE);
}

static int
copy_one(struct db *db, const char *sql, const char *key, struct copy *c)
{
	int err = db_query(db, sql, chains_copy_cb, c, "s", key);

	return err == 0 && !c->found ? RDV_E_NOT_FOUND : err;
}

int
store_chain_open(struct db *db, struct arena *a, const char *workspace_id,
    struct store_chain *out)
{
	return copy_one(db, sql_open, workspace_id,
	    &(struct copy){ a, out, false });
}

int
store_chain_find(struct db *db, struct arena *a, const char *id,
    struct store_chain *out)
{
	return copy_one(db, sql_find, id, &(struct copy){ a, out, false });
}

int
store_chain_of(struct db *db, struct arena *a, const char *turn_id,
    struct store_chain *out)
{
	return copy_one(db, sql_of, turn_id, &(struct copy){ a, out, false });
}

int
store_chains_running(struct db *db, store_chain_fn *cb, void *arg)
{
	struct each e = { cb, arg };

	return db_query(db, sql_running, chains_each_cb, &e, "");
}

static bool
chains_link_cb(struct row *row, void *arg)
{
	struct links *l = arg;

	if (l->all != NULL)
		l->all[l->n] = link_row(l->arena, row);
	l->n++;
	return true;
}

static int
read_links(struct db *db, const char *sql, const char *key, struct links *l)
{
	int err = db_query(db, sql, chains_link_cb, l, "s", key);

	if (err != 0)
		return err;
	l->all = arena_alloc(l->arena, (l->n + 1) * sizeof(*l->all));
	l->n = 0;
	return db_query(db, sql, chains_link_cb, l, "s", key);
}

int
store_links_of(struct db *db, struct arena *a, const char *chain_id,
    struct store_link **out, size_t *n)
{
	struct links l = { a, NULL, 0 };
	int err = read_links(db, sql_links, chain_id, &l);

	*out = l.all;
	*n = l.n;
	return err;
}

int
store_link_of_run(struct db *db, struct arena *a, const char *run_id,
    struct store_link *out)
{
	struct links l = { a, NULL, 0 };
	int err = read_links(db, sql_link_run, run_id, &l);

	if (err == 0 && l.n > 0)
		*out = l.all[0];
	return err == 0 && l.n == 0 ? RDV_E_NOT_FOUND : err;
}

static bool
chains_done_cb(struct row *row, void *arg)
{
	(void)row;
	*(bool *)arg = true;
	return false;
}

int
store_setup_done(struct db *db, const char *workspace_id, const char *repo_id,
    bool *done)
{
	*done = false;
	return db_query(db, sql_setup_done, chains_done_cb, done, "ss",
	    workspace_id, repo_id);
}
