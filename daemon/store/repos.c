/* SPDX-License-Identifier: MIT */
/*
 * Rows of `repo`: what a user said about a repository. Nothing in here is read
 * from the repository itself, so a row stays true while that is not there.
 */
#include "daemon/store/repos.h"

#include "daemon/store/db.h"
#include "lib/arena.h"
#include "lib/err.h"

#define COLUMNS                                                   \
	"id, user_id, path, name, setup_script, cleanup_script, " \
	"archive_script, dev_server_script, copy_files_json, "    \
	"parallel_setup, working_dir, default_base, created_at, updated_at"
/* From the rows of worktrees, so that it is right without being written. */
#define USED                                                             \
	"(SELECT max(w.created_at) FROM worktree w WHERE w.repo_path = " \
	"repo.path AND w.user_id = repo.user_id) AS used_at"

static const char sql_list[] = "SELECT " COLUMNS ", " USED " FROM repo "
			       "WHERE user_id = ? AND (name, id) > (?, ?) "
			       "ORDER BY name, id LIMIT ?";
static const char sql_recent[] = "SELECT " COLUMNS ", " USED " FROM repo "
				 "WHERE user_id = ? ORDER BY used_at IS NULL, "
				 "used_at DESC, name, id LIMIT ?";
static const char sql_get[] =
    "SELECT " COLUMNS ", " USED " FROM repo WHERE id = ? AND user_id = ?";
static const char sql_at[] =
    "SELECT " COLUMNS ", " USED " FROM repo WHERE path = ? AND user_id = ?";
static const char sql_count[] = "SELECT count(*) FROM repo WHERE user_id = ?";
static const char sql_insert[] =
    "INSERT INTO repo (" COLUMNS ") "
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
static const char sql_update[] =
    "UPDATE repo SET name = ?, setup_script = ?, cleanup_script = ?, "
    "archive_script = ?, dev_server_script = ?, copy_files_json = ?, "
    "parallel_setup = ?, working_dir = ?, default_base = ?, "
    "updated_at = ? WHERE id = ?";
static const char sql_delete[] = "DELETE FROM repo WHERE id = ?";

struct each {
	store_repo_fn *cb;
	void *arg;
};

struct copy {
	struct arena *arena;
	struct store_repo *out;
	bool found;
};

/* Texts are SQLite's own and last until the next step. */
static struct store_repo
repo_row(struct row *row)
{
	return (struct store_repo){
		.id = row_str(row, 0),
		.user_id = row_str(row, 1),
		.path = row_str(row, 2),
		.name = row_str(row, 3),
		.setup_script = row_str(row, 4),
		.cleanup_script = row_str(row, 5),
		.archive_script = row_str(row, 6),
		.dev_server_script = row_str(row, 7),
		.copy_files_json = row_str(row, 8),
		.parallel_setup = row_int(row, 9) != 0,
		.working_dir = row_str(row, 10),
		.default_base = row_str(row, 11),
		.created_at = row_int(row, 12),
		.updated_at = row_int(row, 13),
		.used_at = row_int_or(row, 14, -1),
	};
}

static bool
repos_each_cb(struct row *row, void *arg)
{
	const struct each *e = arg;
	struct store_repo r = repo_row(row);

	return e->cb(&r, e->arg);
}

static bool
repos_copy_cb(struct row *row, void *arg)
{
	struct copy *c = arg;
	struct store_repo r = repo_row(row);

	r.id = arena_text(c->arena, r.id);
	r.user_id = arena_text(c->arena, r.user_id);
	r.path = arena_text(c->arena, r.path);
	r.name = arena_text(c->arena, r.name);
	r.setup_script = arena_text(c->arena, r.setup_script);
	r.cleanup_script = arena_text(c->arena, r.cleanup_script);
	r.archive_script = arena_text(c->arena, r.archive_script);
	r.dev_server_script = arena_text(c->arena, r.dev_server_script);
	r.copy_files_json = arena_text(c->arena, r.copy_files_json);
	r.working_dir = arena_text(c->arena, r.working_dir);
	r.default_base = arena_text(c->arena, r.default_base);
	*c->out = r;
	c->found = true;
	return false;
}

static bool
repos_count_cb(struct row *row, void *arg)
{
	*(int64_t *)arg = row_int(row, 0);
	return false;
}

int
store_repos_list(struct db *db, const char *user_id, const char *name,
    const char *id, int64_t limit, store_repo_fn *cb, void *arg)
{
	struct each e = { cb, arg };

	return db_query(db, sql_list, repos_each_cb, &e, "sssi", user_id, name,
	    id, limit);
}

int
store_repos_recent(struct db *db, const char *user_id, int64_t limit,
    store_repo_fn *cb, void *arg)
{
	struct each e = { cb, arg };

	return db_query(db, sql_recent, repos_each_cb, &e, "si", user_id,
	    limit);
}

int
store_repo_get(struct db *db, struct arena *a, const char *user_id,
    const char *id, struct store_repo *out)
{
	struct copy c = { a, out, false };
	int err = db_query(db, sql_get, repos_copy_cb, &c, "ss", id, user_id);

	return err == 0 && !c.found ? RDV_E_NOT_FOUND : err;
}

int
store_repo_at(struct db *db, struct arena *a, const char *user_id,
    const char *path, struct store_repo *out)
{
	struct copy c = { a, out, false };
	int err = db_query(db, sql_at, repos_copy_cb, &c, "ss", path, user_id);

	return err == 0 && !c.found ? RDV_E_NOT_FOUND : err;
}

int
store_repos_count(struct db *db, const char *user_id, int64_t *count)
{
	return db_query(db, sql_count, repos_count_cb, count, "s", user_id);
}

int
store_repo_insert(struct tx *tx, const struct store_repo *r)
{
	return tx_wrote(tx_exec(tx, sql_insert, "sssssssssissii", r->id,
	    r->user_id, r->path, r->name, r->setup_script, r->cleanup_script,
	    r->archive_script, r->dev_server_script, r->copy_files_json,
	    (int64_t)r->parallel_setup, r->working_dir, r->default_base,
	    r->created_at, r->updated_at));
}

int
store_repo_update(struct tx *tx, const struct store_repo *r)
{
	return tx_wrote(tx_exec(tx, sql_update, "ssssssissis", r->name,
	    r->setup_script, r->cleanup_script, r->archive_script,
	    r->dev_server_script, r->copy_files_json,
	    (int64_t)r->parallel_setup, r->working_dir, r->default_base,
	    r->updated_at, r->id));
}

int
store_repo_delete(struct tx *tx, const char *id)
{
	return tx_wrote(tx_exec(tx, sql_delete, "s", id));
}
