/* SPDX-License-Identifier: MIT */
/*
 * Rows of `change`: what was about to be done to branches, written down before
 * git is told. A row says what was meant; what became of it git is asked.
 */
#include "daemon/store/changes.h"

#include "daemon/store/db.h"
#include "lib/arena.h"
#include "lib/err.h"

#define COLUMNS                                                             \
	"id, user_id, kind, repo_path, path, branch, target, target_path, " \
	"state, cause, branch_before, target_before, branch_after, "        \
	"target_after, created_at, updated_at"

static const char sql_insert[] =
    "INSERT INTO change (" COLUMNS ") "
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
static const char sql_change[] =
    "UPDATE change SET state = ?, cause = ?, branch_after = ?, "
    "target_after = ?, updated_at = ? WHERE id = ?";
static const char sql_at[] =
    "SELECT " COLUMNS " FROM change WHERE user_id = ? AND path = ? "
    "AND state IN ('running', 'conflict')";
static const char sql_get[] =
    "SELECT " COLUMNS " FROM change WHERE id = ? AND user_id = ?";
static const char sql_list[] =
    "SELECT " COLUMNS " FROM change WHERE user_id = ?1 "
    "AND (?2 IS NULL OR path = ?2) AND (?3 IS NULL OR id < ?3) "
    "ORDER BY id DESC LIMIT ?4";
static const char sql_in[] =
    "SELECT " COLUMNS " FROM change WHERE state = ? ORDER BY id";

struct each {
	store_change_fn *cb;
	void *arg;
};

static struct store_change
row_change(struct row *row)
{
	return (struct store_change){
		.id = row_str(row, 0),
		.user_id = row_str(row, 1),
		.kind = row_str(row, 2),
		.repo_path = row_str(row, 3),
		.path = row_str(row, 4),
		.branch = row_str(row, 5),
		.target = row_str(row, 6),
		.target_path = row_str(row, 7),
		.state = row_str(row, 8),
		.cause = row_str(row, 9),
		.branch_before = row_str(row, 10),
		.target_before = row_str(row, 11),
		.branch_after = row_str(row, 12),
		.target_after = row_str(row, 13),
		.created_at = row_int(row, 14),
		.updated_at = row_int(row, 15),
	};
}

static bool
changes_each_cb(struct row *row, void *arg)
{
	const struct each *e = arg;
	struct store_change c = row_change(row);

	return e->cb(&c, e->arg);
}

struct store_change
store_change_copy(struct arena *a, const struct store_change *c)
{
	return (struct store_change){
		.id = arena_text(a, c->id),
		.user_id = arena_text(a, c->user_id),
		.kind = arena_text(a, c->kind),
		.repo_path = arena_text(a, c->repo_path),
		.path = arena_text(a, c->path),
		.branch = arena_text(a, c->branch),
		.target = arena_text(a, c->target),
		.target_path = arena_text(a, c->target_path),
		.state = arena_text(a, c->state),
		.cause = arena_text(a, c->cause),
		.branch_before = arena_text(a, c->branch_before),
		.target_before = arena_text(a, c->target_before),
		.branch_after = arena_text(a, c->branch_after),
		.target_after = arena_text(a, c->target_after),
		.created_at = c->created_at,
		.updated_at = c->updated_at,
	};
}

int
store_change_insert(struct tx *tx, const struct store_change *c)
{
	return tx_wrote(tx_exec(tx, sql_insert, "ssssssssssssssii", c->id,
	    c->user_id, c->kind, c->repo_path, c->path, c->branch, c->target,
	    c->target_path, c->state, c->cause, c->branch_before,
	    c->target_before, c->branch_after, c->target_after, c->created_at,
	    c->updated_at));
}

int
store_change_change(struct tx *tx, const struct store_change *c)
{
	return tx_wrote_one(tx_exec(tx, sql_change, "ssssis", c->state,
				c->cause, c->branch_after, c->target_after,
				c->updated_at, c->id),
	    RDV_E_NOT_FOUND);
}

struct copy {
	struct arena *arena;
	struct store_change *out;
	bool found;
};

static bool
changes_copy_cb(struct row *row, void *arg)
{
	struct copy *c = arg;
	struct store_change r = row_change(row);

	*c->out = store_change_copy(c->arena, &r);
	c->found = true;
	return false;
}

int
store_change_get(struct db *db, struct arena *a, const char *user_id,
    const char *id, struct store_change *out)
{
	struct copy c = { a, out, false };
	int err = db_query(db, sql_get, changes_copy_cb, &c, "ss", id, user_id);

	return err == 0 && !c.found ? RDV_E_NOT_FOUND : err;
}

int
store_change_at(struct db *db, struct arena *a, const char *user_id,
    const char *path, struct store_change *out)
{
	struct copy c = { a, out, false };
	int err =
	    db_query(db, sql_at, changes_copy_cb, &c, "ss", user_id, path);

	return err == 0 && !c.found ? RDV_E_NOT_FOUND : err;
}

int
store_changes_list(struct db *db, const char *user_id, const char *path,
    const char *before, int64_t limit, store_change_fn *cb, void *arg)
{
	struct each e = { cb, arg };

	return db_query(db, sql_list, changes_each_cb, &e, "sssi", user_id,
	    path, before, limit);
}

int
store_changes_in(struct db *db, const char *state, store_change_fn *cb,
    void *arg)
{
	struct each e = { cb, arg };

	return db_query(db, sql_in, changes_each_cb, &e, "s", state);
}
