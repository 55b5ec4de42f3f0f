/* SPDX-License-Identifier: MIT */
/*
 * Rows of `discard`: where changes went that somebody threw away.
 */
#include "daemon/store/discards.h"

#include "daemon/store/db.h"
#include "lib/arena.h"
#include "lib/err.h"

#define COLUMNS                                                          \
	"id, user_id, repo_path, path, state, commit_id, cause, files, " \
	"created_at, updated_at"

static const char sql_insert[] = "INSERT INTO discard (" COLUMNS ") "
				 "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
static const char sql_change[] =
    "UPDATE discard SET state = ?, commit_id = ?, cause = ?, files = ?, "
    "updated_at = ? WHERE id = ?";
/* Of those whose references go, or are gone, nothing can be brought back. */
#define LASTING                                                              \
	"NOT EXISTS (SELECT 1 FROM pin WHERE pin.user_id = discard.user_id " \
	"AND pin.repo_path = discard.repo_path "                             \
	"AND pin.name = 'refs/rdv/trash/' || discard.id)"
static const char sql_get[] =
    "SELECT " COLUMNS " FROM discard WHERE id = ? AND user_id = ? "
    "AND " LASTING;
static const char sql_in[] =
    "SELECT " COLUMNS " FROM discard WHERE state = ? ORDER BY id";
static const char sql_kept[] =
    "SELECT " COLUMNS " FROM discard WHERE user_id = ? AND state = 'kept' "
    "AND " LASTING " ORDER BY id DESC";

struct each {
	store_discard_fn *cb;
	void *arg;
};

struct copy {
	struct arena *arena;
	struct store_discard *out;
	bool found;
};

static struct store_discard
row_discard(struct row *row)
{
	return (struct store_discard){
		.id = row_str(row, 0),
		.user_id = row_str(row, 1),
		.repo_path = row_str(row, 2),
		.path = row_str(row, 3),
		.state = row_str(row, 4),
		.commit_id = row_str(row, 5),
		.cause = row_str(row, 6),
		.files = row_int(row, 7),
		.created_at = row_int(row, 8),
		.updated_at = row_int(row, 9),
	};
}

static bool
discards_each_cb(struct row *row, void *arg)
{
	const struct each *e = arg;
	const struct store_discard d = row_discard(row);

	return e->cb(&d, e->arg);
}

static bool
discards_copy_cb(struct row *row, void *arg)
{
	struct copy *c = arg;
	struct store_discard d = row_discard(row);

	d.id = arena_text(c->arena, d.id);
	d.user_id = arena_text(c->arena, d.user_id);
	d.repo_path = arena_text(c->arena, d.repo_path);
	d.path = arena_text(c->arena, d.path);
	d.state = arena_text(c->arena, d.state);
	d.commit_id = arena_text(c->arena, d.commit_id);
	d.cause = arena_text(c->arena, d.cause);
	*c->out = d;
	c->found = true;
	return false;
}

int
store_discard_insert(struct tx *tx, const struct store_discard *d)
{
	return tx_wrote(tx_exec(tx, sql_insert, "sssssssiii", d->id, d->user_id,
	    d->repo_path, d->path, d->state, d->commit_id, d->cause, d->files,
	    d->created_at, d->updated_at));
}

int
store_discard_change(struct tx *tx, const struct store_discard *d)
{
	return tx_wrote_one(tx_exec(tx, sql_change, "sssiis", d->state,
				d->commit_id, d->cause, d->files, d->updated_at,
				d->id),
	    RDV_E_NOT_FOUND);
}

int
store_discard_get(struct db *db, struct arena *a, const char *user_id,
    const char *id, struct store_discard *out)
{
	struct copy c = { a, out, false };
	int err =
	    db_query(db, sql_get, discards_copy_cb, &c, "ss", id, user_id);

	return err == 0 && !c.found ? RDV_E_NOT_FOUND : err;
}

int
store_discards_in(struct db *db, const char *state, store_discard_fn *cb,
    void *arg)
{
	struct each e = { cb, arg };

	return db_query(db, sql_in, discards_each_cb, &e, "s", state);
}

int
store_discards_kept(struct db *db, const char *user_id, store_discard_fn *cb,
    void *arg)
{
	struct each e = { cb, arg };

	return db_query(db, sql_kept, discards_each_cb, &e, "s", user_id);
}
