/* SPDX-License-Identifier: MIT */
/*
 * Rows of `worktree`. They record what rdv meant to do and where a directory
 * went; that a row is missing is never a reason to delete anything.
 */
#include "daemon/store/worktrees.h"

#include "daemon/store/db.h"
#include "lib/arena.h"
#include "lib/err.h"

#define COLUMNS                                                            \
	"id, user_id, repo_path, path, branch, base, created_branch, "     \
	"state, cause, trash_path, created_at, updated_at, branch_start, " \
	"identity, holds, files, bytes, ending, mending"

static const char sql_insert[] =
    "INSERT INTO worktree (" COLUMNS ") "
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, "
    "nullif(?, -1), nullif(?, -1), ?, ?)";
static const char sql_change[] =
    "UPDATE worktree SET branch = ?, state = ?, cause = ?, "
    "trash_path = ?, updated_at = ?, identity = ?, holds = ?, "
    "files = nullif(?, -1), bytes = nullif(?, -1), ending = ?, "
    "mending = ? WHERE id = ?";
static const char sql_get[] =
    "SELECT " COLUMNS " FROM worktree WHERE id = ? AND user_id = ?";
/* A path may have had many; these states are those that hold it now. */
static const char sql_at[] =
    "SELECT " COLUMNS " FROM worktree WHERE path = ? "
    "AND user_id = ? AND state IN ('creating', 'ready', 'removing') "
    "ORDER BY updated_at DESC LIMIT 1";
/* Oldest change first: the trash is tidied in this order. */
static const char sql_in[] = "SELECT " COLUMNS " FROM worktree "
			     "WHERE state = ? "
			     "ORDER BY ending DESC, updated_at";
static const char sql_held[] =
    "SELECT " COLUMNS " FROM worktree WHERE user_id = ? "
    "AND state IN ('creating', 'ready', 'removing', 'trashed')";
static const char sql_trash[] =
    "SELECT " COLUMNS " FROM worktree "
    "WHERE user_id = ? AND state = 'trashed' AND ending = 0 "
    "ORDER BY updated_at DESC";

struct each {
	store_worktree_fn *cb;
	void *arg;
};

static struct store_worktree
row_worktree(struct row *row)
{
	return (struct store_worktree){
		.id = row_str(row, 0),
		.user_id = row_str(row, 1),
		.repo_path = row_str(row, 2),
		.path = row_str(row, 3),
		.branch = row_str(row, 4),
		.base = row_str(row, 5),
		.created_branch = row_int(row, 6) != 0,
		.state = row_str(row, 7),
		.cause = row_str(row, 8),
		.trash_path = row_str(row, 9),
		.created_at = row_int(row, 10),
		.updated_at = row_int(row, 11),
		.branch_start = row_str(row, 12),
		.identity = row_str(row, 13),
		.holds = row_int(row, 14),
		.files = row_int_or(row, 15, -1),
		.bytes = row_int_or(row, 16, -1),
		.ending = row_int(row, 17) != 0,
		.mending = row_int(row, 18) != 0,
	};
}

static bool
worktrees_each_cb(struct row *row, void *arg)
{
	const struct each *e = arg;
	struct store_worktree w = row_worktree(row);

	return e->cb(&w, e->arg);
}

struct copy {
	struct arena *arena;
	struct store_worktree *out;
	bool found;
};

static bool
worktrees_copy_cb(struct row *row, void *arg)
{
	struct copy *c = arg;
	struct store_worktree w = row_worktree(row);

	w.id = arena_text(c->arena, w.id);
	w.user_id = arena_text(c->arena, w.user_id);
	w.repo_path = arena_text(c->arena, w.repo_path);
	w.path = arena_text(c->arena, w.path);
	w.branch = arena_text(c->arena, w.branch);
	w.base = arena_text(c->arena, w.base);
	w.state = arena_text(c->arena, w.state);
	w.cause = arena_text(c->arena, w.cause);
	w.trash_path = arena_text(c->arena, w.trash_path);
	w.branch_start = arena_text(c->arena, w.branch_start);
	w.identity = arena_text(c->arena, w.identity);
	*c->out = w;
	c->found = true;
	return false;
}

int
store_worktree_insert(struct tx *tx, const struct store_worktree *w)
{
	return tx_wrote(tx_exec(tx, sql_insert, "ssssssisssiissiiiii", w->id,
	    w->user_id, w->repo_path, w->path, w->branch, w->base,
	    (int64_t)w->created_branch, w->state, w->cause, w->trash_path,
	    w->created_at, w->updated_at, w->branch_start, w->identity,
	    w->holds, w->files, w->bytes, (int64_t)w->ending,
	    (int64_t)w->mending));
}

int
store_worktree_change(struct tx *tx, const struct store_worktree *w)
{
	return tx_wrote_one(tx_exec(tx, sql_change, "ssssisiiiiis", w->branch,
				w->state, w->cause, w->trash_path,
				w->updated_at, w->identity, w->holds, w->files,
				w->bytes, (int64_t)w->ending,
				(int64_t)w->mending, w->id),
	    RDV_E_NOT_FOUND);
}

int
store_worktree_get(struct db *db, struct arena *a, const char *user_id,
    const char *id, struct store_worktree *out)
{
	struct copy c = { a, out, false };
	int err =
	    db_query(db, sql_get, worktrees_copy_cb, &c, "ss", id, user_id);

	return err == 0 && !c.found ? RDV_E_NOT_FOUND : err;
}

int
store_worktree_at(struct db *db, struct arena *a, const char *user_id,
    const char *path, struct store_worktree *out)
{
	struct copy c = { a, out, false };
	int err =
	    db_query(db, sql_at, worktrees_copy_cb, &c, "ss", path, user_id);

	return err == 0 && !c.found ? RDV_E_NOT_FOUND : err;
}

int
store_worktrees_in(struct db *db, const char *state, store_worktree_fn *cb,
    void *arg)
{
	struct each e = { cb, arg };

	return db_query(db, sql_in, worktrees_each_cb, &e, "s", state);
}

int
store_worktrees_held(struct db *db, const char *user_id, store_worktree_fn *cb,
    void *arg)
{
	struct each e = { cb, arg };

	return db_query(db, sql_held, worktrees_each_cb, &e, "s", user_id);
}

int
store_worktrees_trash(struct db *db, const char *user_id, store_worktree_fn *cb,
    void *arg)
{
	struct each e = { cb, arg };

	return db_query(db, sql_trash, worktrees_each_cb, &e, "s", user_id);
}
