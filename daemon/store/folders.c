/* SPDX-License-Identifier: MIT */
/*
 * Rows of `folder`. Every reader names the user, so that another's folder is
 * the same as none; the tree's rules (no cycles, own parent) are core/folder's.
 */
#include "daemon/store/folders.h"

#include <stddef.h>

#include "daemon/store/db.h"
#include "lib/arena.h"
#include "lib/err.h"

#define COLUMNS                                                        \
	"id, user_id, parent_id, name, path, color, icon, collapsed, " \
	"sort_order, created_at, updated_at"
/* By id at last, so that the order never depends on the plan. */
#define ORDER " ORDER BY sort_order, created_at, id"

static const char sql_list[] =
    "SELECT " COLUMNS " FROM folder WHERE user_id = ?" ORDER;
static const char sql_children[] =
    "SELECT " COLUMNS " FROM folder WHERE parent_id = ? AND user_id = ?" ORDER;
static const char sql_get[] =
    "SELECT " COLUMNS " FROM folder WHERE id = ? AND user_id = ?";
/* Both from one look, of the same rows. */
static const char sql_count[] =
    "SELECT coalesce(max(sort_order) + 1, 0), count(*) FROM folder "
    "WHERE user_id = ?";
static const char sql_insert[] =
    "INSERT INTO folder (" COLUMNS ") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
static const char sql_update[] =
    "UPDATE folder SET parent_id = ?, name = ?, path = ?, color = ?, icon = ?, "
    "collapsed = ?, sort_order = ?, updated_at = ? WHERE id = ?";
static const char sql_order[] =
    "UPDATE folder SET sort_order = ?, updated_at = ? "
    "WHERE id = ? AND user_id = ?";
static const char sql_lift_folders[] =
    "UPDATE folder SET parent_id = ?, updated_at = ? WHERE parent_id = ?";
static const char sql_lift_sessions[] =
    "UPDATE session SET folder_id = ?, updated_at = ? WHERE folder_id = ?";
static const char sql_delete[] = "DELETE FROM folder WHERE id = ?";
static const char sql_sessions[] =
    "SELECT id FROM session WHERE folder_id = ? AND status <> 'closed' "
    "ORDER BY tab_order, created_at";

struct each {
	store_folder_fn *cb;
	void *arg;
};

struct get {
	struct arena *arena;
	struct store_folder *out;
	bool found;
};

struct count {
	int64_t next, count;
};

struct ids {
	bool (*cb)(const char *id, void *arg);
	void *arg;
};

/* Texts are SQLite's own and last until the next step. */
static struct store_folder
folder_row(struct row *row)
{
	return (struct store_folder){
		.id = row_str(row, 0),
		.user_id = row_str(row, 1),
		.parent_id = row_str(row, 2),
		.name = row_str(row, 3),
		.path = row_str(row, 4),
		.color = row_str(row, 5),
		.icon = row_str(row, 6),
		.collapsed = row_int(row, 7) != 0,
		.sort_order = row_int(row, 8),
		.created_at = row_int(row, 9),
		.updated_at = row_int(row, 10),
	};
}

static bool
folders_each_cb(struct row *row, void *arg)
{
	struct each *e = arg;
	struct store_folder f = folder_row(row);

	return e->cb(&f, e->arg);
}

static bool
folders_get_cb(struct row *row, void *arg)
{
	struct get *g = arg;
	struct store_folder f = folder_row(row);

	f.id = arena_text(g->arena, f.id);
	f.user_id = arena_text(g->arena, f.user_id);
	f.parent_id = arena_text(g->arena, f.parent_id);
	f.name = arena_text(g->arena, f.name);
	f.path = arena_text(g->arena, f.path);
	f.color = arena_text(g->arena, f.color);
	f.icon = arena_text(g->arena, f.icon);
	*g->out = f;
	g->found = true;
	return false;
}

static bool
folders_count_cb(struct row *row, void *arg)
{
	struct count *c = arg;

	c->next = row_int(row, 0);
	c->count = row_int(row, 1);
	return false;
}

static bool
folders_ids_cb(struct row *row, void *arg)
{
	struct ids *i = arg;

	return i->cb(row_str(row, 0), i->arg);
}

int
store_folders_list(struct db *db, const char *user_id, store_folder_fn *cb,
    void *arg)
{
	struct each e = { cb, arg };

	return db_query(db, sql_list, folders_each_cb, &e, "s", user_id);
}

int
store_folder_children(struct db *db, const char *user_id, const char *id,
    store_folder_fn *cb, void *arg)
{
	struct each e = { cb, arg };

	return db_query(db, sql_children, folders_each_cb, &e, "ss", id,
	    user_id);
}

int
store_folder_get(struct db *db, struct arena *a, const char *user_id,
    const char *id, struct store_folder *out)
{
	struct get g = { a, out, false };
	int err;

	err = db_query(db, sql_get, folders_get_cb, &g, "ss", id, user_id);
	if (err != 0)
		return err;
	return g.found ? 0 : RDV_E_NOT_FOUND;
}

int
store_folders_count(struct db *db, const char *user_id, int64_t *next,
    int64_t *count)
{
	struct count c = { 0, 0 };
	int err;

	err = db_query(db, sql_count, folders_count_cb, &c, "s", user_id);
	if (err != 0)
		return err;
	*next = c.next;
	*count = c.count;
	return 0;
}

int
store_folder_insert(struct tx *tx, const struct store_folder *f)
{
	return tx_wrote(tx_exec(tx, sql_insert, "sssssssiiii", f->id,
	    f->user_id, f->parent_id, f->name, f->path, f->color, f->icon,
	    (int64_t)f->collapsed, f->sort_order, f->created_at,
	    f->updated_at));
}

int
store_folder_update(struct tx *tx, const struct store_folder *f)
{
	return tx_wrote(tx_exec(tx, sql_update, "sssssiiis", f->parent_id,
	    f->name, f->path, f->color, f->icon, (int64_t)f->collapsed,
	    f->sort_order, f->updated_at, f->id));
}

int
store_folder_order(struct tx *tx, const char *user_id, const char *id,
    int64_t sort_order, int64_t now)
{
	/* Somebody else's is none (C14). */
	return tx_wrote_one(tx_exec(tx, sql_order, "iiss", sort_order, now, id,
				user_id),
	    RDV_E_NOT_FOUND);
}

/* Closed sessions go along: a folder that is referred to cannot be deleted. */
int
store_folder_lift(struct tx *tx, const char *id, const char *parent_id,
    int64_t now)
{
	int err =
	    tx_wrote(tx_exec(tx, sql_lift_folders, "sis", parent_id, now, id));

	if (err != 0)
		return err;
	return tx_wrote(tx_exec(tx, sql_lift_sessions, "sis", parent_id, now,
	    id));
}

int
store_folder_delete(struct tx *tx, const char *id)
{
	return tx_wrote(tx_exec(tx, sql_delete, "s", id));
}

int
store_folder_sessions(struct db *db, const char *id,
    bool (*cb)(const char *session_id, void *arg), void *arg)
{
	struct ids i = { cb, arg };

	return db_query(db, sql_sessions, folders_ids_cb, &i, "s", id);
}
