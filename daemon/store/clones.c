/* SPDX-License-Identifier: MIT */
/*
 * Rows of `clone`. They record what rdv is about to make and by what it is
 * known; that a row is missing is never a reason to delete a directory.
 */
#include "daemon/store/clones.h"

#include "daemon/store/db.h"
#include "lib/arena.h"
#include "lib/err.h"

#define COLUMNS                                                        \
	"id, user_id, url, path, temp_path, identity, name, branch, "  \
	"filter, depth, sparse, submodules, state, cancelled, cause, " \
	"said_json, repo_id, created_at, updated_at"

static const char sql_insert[] =
    "INSERT INTO clone (" COLUMNS ") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, "
    "nullif(?, -1), ?, ?, ?, ?, ?, ?, ?, ?, ?)";
static const char sql_change[] =
    "UPDATE clone SET identity = ?, state = ?, cancelled = ?, cause = ?, "
    "said_json = ?, repo_id = ?, updated_at = ? WHERE id = ?";
static const char sql_trim[] =
    "DELETE FROM clone WHERE user_id = ? "
    "AND state IN ('ready', 'failed', 'cancelled') AND created_at < "
    "(SELECT min(n.created_at) FROM (SELECT created_at FROM clone "
    "WHERE user_id = ? ORDER BY created_at DESC LIMIT ?) AS n)";
static const char sql_get[] =
    "SELECT " COLUMNS " FROM clone WHERE id = ? AND user_id = ?";
static const char sql_list[] = "SELECT " COLUMNS " FROM clone "
			       "WHERE user_id = ? "
			       "ORDER BY created_at DESC LIMIT ?";
static const char sql_in[] = "SELECT " COLUMNS " FROM clone "
			     "WHERE state = ? ORDER BY created_at";

struct each {
	store_clone_fn *cb;
	void *arg;
};

struct copy {
	struct arena *arena;
	struct store_clone *out;
	bool found;
};

/* Texts are SQLite's own and last until the next step. */
static struct store_clone
clone_row(struct row *row)
{
	return (struct store_clone){
		.id = row_str(row, 0),
		.user_id = row_str(row, 1),
		.url = row_str(row, 2),
		.path = row_str(row, 3),
		.temp_path = row_str(row, 4),
		.identity = row_str(row, 5),
		.name = row_str(row, 6),
		.branch = row_str(row, 7),
		.filter = row_str(row, 8),
		.depth = row_int_or(row, 9, -1),
		.sparse = row_int(row, 10) != 0,
		.submodules = row_int(row, 11) != 0,
		.state = row_str(row, 12),
		.cancelled = row_int(row, 13) != 0,
		.cause = row_str(row, 14),
		.said_json = row_str(row, 15),
		.repo_id = row_str(row, 16),
		.created_at = row_int(row, 17),
		.updated_at = row_int(row, 18),
	};
}

static bool
clones_each_cb(struct row *row, void *arg)
{
	const struct each *e = arg;
	struct store_clone c = clone_row(row);

	return e->cb(&c, e->arg);
}

struct store_clone
store_clone_copy(struct arena *a, const struct store_clone *c)
{
	struct store_clone out = *c;

	out.id = arena_text(a, c->id);
	out.user_id = arena_text(a, c->user_id);
	out.url = arena_text(a, c->url);
	out.path = arena_text(a, c->path);
	out.temp_path = arena_text(a, c->temp_path);
	out.identity = arena_text(a, c->identity);
	out.name = arena_text(a, c->name);
	out.branch = arena_text(a, c->branch);
	out.filter = arena_text(a, c->filter);
	out.state = arena_text(a, c->state);
	out.cause = arena_text(a, c->cause);
	out.said_json = arena_text(a, c->said_json);
	out.repo_id = arena_text(a, c->repo_id);
	return out;
}

static bool
clones_copy_cb(struct row *row, void *arg)
{
	struct copy *c = arg;
	struct store_clone r = clone_row(row);

	*c->out = store_clone_copy(c->arena, &r);
	c->found = true;
	return false;
}

int
store_clone_insert(struct tx *tx, const struct store_clone *c)
{
	return tx_wrote(tx_exec(tx, sql_insert, "sssssssssiiisisssii", c->id,
	    c->user_id, c->url, c->path, c->temp_path, c->identity, c->name,
	    c->branch, c->filter, c->depth, (int64_t)c->sparse,
	    (int64_t)c->submodules, c->state, (int64_t)c->cancelled, c->cause,
	    c->said_json, c->repo_id, c->created_at, c->updated_at));
}

int
store_clone_change(struct tx *tx, const struct store_clone *c)
{
	return tx_wrote_one(tx_exec(tx, sql_change, "ssisssis", c->identity,
				c->state, (int64_t)c->cancelled, c->cause,
				c->said_json, c->repo_id, c->updated_at, c->id),
	    RDV_E_NOT_FOUND);
}

int
store_clones_trim(struct tx *tx, const char *user_id, int64_t keep)
{
	return tx_wrote(tx_exec(tx, sql_trim, "ssi", user_id, user_id, keep));
}

int
store_clone_get(struct db *db, struct arena *a, const char *user_id,
    const char *id, struct store_clone *out)
{
	struct copy c = { a, out, false };
	int err = db_query(db, sql_get, clones_copy_cb, &c, "ss", id, user_id);

	return err == 0 && !c.found ? RDV_E_NOT_FOUND : err;
}

int
store_clones_list(struct db *db, const char *user_id, int64_t limit,
    store_clone_fn *cb, void *arg)
{
	struct each e = { cb, arg };

	return db_query(db, sql_list, clones_each_cb, &e, "si", user_id, limit);
}

int
store_clones_in(struct db *db, const char *state, store_clone_fn *cb, void *arg)
{
	struct each e = { cb, arg };

	return db_query(db, sql_in, clones_each_cb, &e, "s", state);
}
