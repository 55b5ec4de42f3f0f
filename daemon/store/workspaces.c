/* SPDX-License-Identifier: MIT */
/*
 * Rows of `workspace` and `workspace_repo`: which worktrees belong together and
 * what is being done with them. What a worktree is like stands in its own row.
 */
#include "daemon/store/workspaces.h"

#include "daemon/store/db.h"
#include "lib/arena.h"
#include "lib/err.h"

#define COLUMNS                                                              \
	"w.id, w.user_id, w.name, w.branch, w.directory, w.state, w.cause, " \
	"w.wish, w.pinned, w.archived_at, w.created_at, w.updated_at"
#define REPO_COLUMNS                                                         \
	"workspace_id, place, repo_id, repo_path, name, base, worktree_id, " \
	"made_branch"

static const char sql_insert[] =
    "INSERT INTO workspace (id, user_id, name, branch, directory, state, "
    "cause, wish, pinned, archived_at, created_at, updated_at) "
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
static const char sql_change[] =
    "UPDATE workspace SET state = ?, cause = ?, wish = ?, archived_at = ?, "
    "updated_at = ? WHERE id = ?";
static const char sql_label[] = "UPDATE workspace SET name = ?, pinned = ?, "
				"updated_at = ? WHERE id = ?";
static const char sql_repo_insert[] =
    "INSERT INTO workspace_repo (" REPO_COLUMNS ") "
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?)";
static const char sql_repo_change[] =
    "UPDATE workspace_repo SET worktree_id = ?, made_branch = ? "
    "WHERE workspace_id = ? AND place = ?";
static const char sql_get[] =
    "SELECT " COLUMNS " FROM workspace w "
    "WHERE w.id = ? AND w.user_id = ? AND w.state <> 'deleted'";
static const char sql_repos[] =
    "SELECT " REPO_COLUMNS ", archive_run FROM workspace_repo "
    "WHERE workspace_id = ? ORDER BY place";
static const char sql_archive[] = "UPDATE workspace_repo SET archive_run = ? "
				  "WHERE workspace_id = ? AND repo_id = ?";
static const char sql_archive_anew[] =
    "UPDATE workspace_repo SET archive_run = NULL WHERE workspace_id = ?";
/* Ids are in the order in which they were given (UUID version 7). */
static const char sql_list[] =
    "SELECT " COLUMNS " FROM workspace w "
    "WHERE w.user_id = ? AND w.id < ? AND w.state <> 'deleted' "
    "AND (? < 0 OR (w.archived_at IS NOT NULL) = ?) "
    "ORDER BY w.id DESC LIMIT ?";
static const char sql_count[] = "SELECT count(*) FROM workspace "
				"WHERE user_id = ? AND state <> 'deleted'";
static const char sql_in[] = "SELECT " COLUMNS " FROM workspace w "
			     "WHERE w.state = ? ORDER BY w.id";
static const char sql_mending[] =
    "SELECT DISTINCT " COLUMNS " FROM worktree t "
    "CROSS JOIN workspace_repo r ON r.worktree_id = t.id "
    "CROSS JOIN workspace w ON w.id = r.workspace_id "
    "WHERE t.state = 'ready' AND t.mending = 1 AND w.state = 'ready'";

/* ?1 its id, ?2 its user's, ?3 its directory: what lies there, or is that. */
static const char sql_touched[] =
    "SELECT max(w.updated_at, coalesce((SELECT max(t.updated_at) "
    "FROM workspace_repo r CROSS JOIN worktree t ON t.id = r.worktree_id "
    "WHERE r.workspace_id = ?1), 0), "
    "coalesce((SELECT max(iif(s.status = 'closed', max(s.updated_at, "
    "coalesce(s.last_activity_at, 0), coalesce(s.closed_at, 0)), "
    "9223372036854775807)) FROM session s WHERE s.user_id = ?2 AND ("
    "substr(s.project_path || '/', 1, length(?3) + 1) = ?3 || '/' "
    "OR s.worktree_id IN (SELECT r.worktree_id FROM workspace_repo r "
    "WHERE r.workspace_id = ?1))), 0), "
    "coalesce((SELECT max(iif(c.state IN ('running', 'conflict'), "
    "9223372036854775807, c.updated_at)) FROM change c "
    "WHERE c.user_id = ?2 AND ("
    "substr(c.path || '/', 1, length(?3) + 1) = ?3 || '/' "
    "OR substr(c.target_path || '/', 1, length(?3) + 1) = ?3 || '/')), 0), "
    "coalesce((SELECT max(d.updated_at) FROM discard d WHERE d.user_id = ?2 "
    "AND substr(d.path || '/', 1, length(?3) + 1) = ?3 || '/'), 0), "
    "coalesce((SELECT max(f.updated_at) FROM transfer f WHERE f.user_id = ?2 "
    "AND substr(f.path || '/', 1, length(?3) + 1) = ?3 || '/'), 0)) "
    "FROM workspace w WHERE w.id = ?1";
/* Of the states that last. */
static const char sql_active[] =
    "SELECT count(*) FROM worktree WHERE user_id = ? "
    "AND state IN ('ready', 'trashed', 'removed') "
    "AND updated_at BETWEEN ? AND ?";

struct each {
	store_workspace_fn *cb;
	void *arg;
};

static struct store_workspace
row_workspace(struct row *row)
{
	return (struct store_workspace){
		.id = row_str(row, 0),
		.user_id = row_str(row, 1),
		.name = row_str(row, 2),
		.branch = row_str(row, 3),
		.directory = row_str(row, 4),
		.state = row_str(row, 5),
		.cause = row_str(row, 6),
		.wish = row_int(row, 7),
		.pinned = row_int(row, 8) != 0,
		.archived_at = row_int_or(row, 9, -1),
		.created_at = row_int(row, 10),
		.updated_at = row_int(row, 11),
	};
}

static bool
workspaces_each_cb(struct row *row, void *arg)
{
	const struct each *e = arg;
	struct store_workspace w = row_workspace(row);

	return e->cb(&w, e->arg);
}

int
store_workspace_insert(struct tx *tx, const struct store_workspace *w)
{
	return tx_wrote(tx_exec(tx, sql_insert, "sssssssiinii", w->id,
	    w->user_id, w->name, w->branch, w->directory, w->state, w->cause,
	    w->wish, (int64_t)w->pinned, w->archived_at, w->created_at,
	    w->updated_at));
}

int
store_workspace_change(struct tx *tx, const struct store_workspace *w)
{
	return tx_wrote(tx_exec(tx, sql_change, "ssinis", w->state, w->cause,
	    w->wish, w->archived_at, w->updated_at, w->id));
}

int
store_workspace_label(struct tx *tx, const struct store_workspace *w)
{
	return tx_wrote(tx_exec(tx, sql_label, "siis", w->name,
	    (int64_t)w->pinned, w->updated_at, w->id));
}

int
store_workspace_repo_insert(struct tx *tx, const struct store_workspace_repo *r)
{
	return tx_wrote(tx_exec(tx, sql_repo_insert, "sisssssi",
	    r->workspace_id, r->place, r->repo_id, r->repo_path, r->name,
	    r->base, r->worktree_id, (int64_t)r->made_branch));
}

int
store_workspace_repo_change(struct tx *tx, const struct store_workspace_repo *r)
{
	return tx_wrote(tx_exec(tx, sql_repo_change, "sisi", r->worktree_id,
	    (int64_t)r->made_branch, r->workspace_id, r->place));
}

int
store_workspace_repo_archive(struct tx *tx, const char *workspace_id,
    const char *repo_id, const char *run_id)
{
	return tx_wrote(tx_exec(tx, sql_archive, "sss", run_id, workspace_id,
	    repo_id));
}

int
store_workspace_archive_anew(struct tx *tx, const char *workspace_id)
{
	return tx_wrote(tx_exec(tx, sql_archive_anew, "s", workspace_id));
}

struct copy {
	struct arena *arena;
	struct store_workspace *out;
	bool found;
};

static bool
workspaces_copy_cb(struct row *row, void *arg)
{
	struct copy *c = arg;
	struct store_workspace w = row_workspace(row);

	w.id = arena_text(c->arena, w.id);
	w.user_id = arena_text(c->arena, w.user_id);
	w.name = arena_text(c->arena, w.name);
	w.branch = arena_text(c->arena, w.branch);
	w.directory = arena_text(c->arena, w.directory);
	w.state = arena_text(c->arena, w.state);
	w.cause = arena_text(c->arena, w.cause);
	*c->out = w;
	c->found = true;
	return false;
}

int
store_workspace_get(struct db *db, struct arena *a, const char *user_id,
    const char *id, struct store_workspace *out)
{
	struct copy c = { a, out, false };
	int err =
	    db_query(db, sql_get, workspaces_copy_cb, &c, "ss", id, user_id);

	return err == 0 && !c.found ? RDV_E_NOT_FOUND : err;
}

/* Filled in their order; the places are made by a first walk. */
struct repos {
	struct arena *arena;
	struct store_workspace_repo *all; /* NULL: they are counted */
	size_t n;
};

static bool
workspaces_repo_cb(struct row *row, void *arg)
{
	struct repos *r = arg;

	if (r->all != NULL)
		r->all[r->n] = (struct store_workspace_repo){
			.workspace_id = arena_text(r->arena, row_str(row, 0)),
			.place = row_int(row, 1),
			.repo_id = arena_text(r->arena, row_str(row, 2)),
			.repo_path = arena_text(r->arena, row_str(row, 3)),
			.name = arena_text(r->arena, row_str(row, 4)),
			.base = arena_text(r->arena, row_str(row, 5)),
			.worktree_id = arena_text(r->arena, row_str(row, 6)),
			.made_branch = row_int(row, 7) != 0,
			.archive_run = arena_text(r->arena, row_str(row, 8)),
		};
	r->n++;
	return true;
}

int
store_workspace_repos(struct db *db, struct arena *a, const char *id,
    struct store_workspace_repo **out, size_t *n)
{
	struct repos r = { a, NULL, 0 };
	int err = db_query(db, sql_repos, workspaces_repo_cb, &r, "s", id);

	if (err != 0)
		return err;
	r.all = arena_alloc(a, (r.n + 1) * sizeof(*r.all));
	r.n = 0;
	err = db_query(db, sql_repos, workspaces_repo_cb, &r, "s", id);
	*out = r.all;
	*n = r.n;
	return err;
}

int
store_workspaces_list(struct db *db, const char *user_id, int archived,
    const char *before, int64_t limit, store_workspace_fn *cb, void *arg)
{
	struct each e = { cb, arg };

	/* Behind every id. */
	return db_query(db, sql_list, workspaces_each_cb, &e, "ssiii", user_id,
	    before != NULL ? before : "g", (int64_t)archived, (int64_t)archived,
	    limit);
}

static bool
workspaces_count_cb(struct row *row, void *arg)
{
	int64_t *count = arg;

	*count = row_int(row, 0);
	return false;
}

int
store_workspaces_count(struct db *db, const char *user_id, int64_t *count)
{
	*count = 0;
	return db_query(db, sql_count, workspaces_count_cb, count, "s",
	    user_id);
}

int
store_workspace_touched(struct db *db, const struct store_workspace *w,
    int64_t *ms)
{
	*ms = INT64_MAX;
	return db_query(db, sql_touched, workspaces_count_cb, ms, "sss", w->id,
	    w->user_id, w->directory);
}

int
store_worktrees_active(struct db *db, const char *user_id, int64_t from,
    int64_t to, int64_t *count)
{
	*count = 0;
	return db_query(db, sql_active, workspaces_count_cb, count, "sii",
	    user_id, from, to);
}

int
store_workspaces_in(struct db *db, const char *state, store_workspace_fn *cb,
    void *arg)
{
	struct each e = { cb, arg };

	return db_query(db, sql_in, workspaces_each_cb, &e, "s", state);
}

int
store_workspaces_mending(struct db *db, store_workspace_fn *cb, void *arg)
{
	struct each e = { cb, arg };

	return db_query(db, sql_mending, workspaces_each_cb, &e, "");
}
