/* SPDX-License-Identifier: MIT */
/*
 * Rows of `transfer`. They record what is about to be sent or fetched, and by
 * what a later start can ask how that ended; none of them is a proof of it.
 */
#include "daemon/store/transfers.h"

#include <stddef.h>

#include "daemon/store/db.h"
#include "lib/arena.h"
#include "lib/err.h"

#define COLUMNS                                                             \
	"id, user_id, kind, path, repo_path, remote, url, branch, target, " \
	"commit_id, lease, upstream, prune, temp_path, identity, state, "   \
	"outcome, cancelled, code, cause, said_json, changed, created_at, " \
	"updated_at"

static const char sql_insert[] =
    "INSERT INTO transfer (" COLUMNS ") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, "
    "?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
static const char sql_change[] =
    "UPDATE transfer SET identity = ?, state = ?, outcome = ?, cancelled = ?, "
    "code = ?, cause = ?, said_json = ?, changed = ?, updated_at = ? "
    "WHERE id = ?";
static const char sql_trim[] =
    "DELETE FROM transfer WHERE user_id = ? AND state IN "
    "('done', 'failed', 'cancelled') AND created_at < (SELECT "
    "min(n.created_at) FROM (SELECT created_at "
    "FROM transfer WHERE user_id = ? ORDER BY created_at DESC LIMIT ?) AS n)";
static const char sql_get[] =
    "SELECT " COLUMNS " FROM transfer WHERE id = ? AND user_id = ?";
static const char sql_list[] = "SELECT " COLUMNS " FROM transfer "
			       "WHERE user_id = ? "
			       "ORDER BY created_at DESC LIMIT ?";
static const char sql_in[] = "SELECT " COLUMNS " FROM transfer "
			     "WHERE state = ? ORDER BY created_at";

struct each {
	store_transfer_fn *cb;
	void *arg;
};

struct copy {
	struct arena *arena;
	struct store_transfer *out;
	bool found;
};

/* Its texts in the order of the columns; the rest stands beside them. */
static const struct {
	int column;
	size_t offset;
} texts[] = {
	{ 0, offsetof(struct store_transfer, id) },
	{ 1, offsetof(struct store_transfer, user_id) },
	{ 2, offsetof(struct store_transfer, kind) },
	{ 3, offsetof(struct store_transfer, path) },
	{ 4, offsetof(struct store_transfer, repo_path) },
	{ 5, offsetof(struct store_transfer, remote) },
	{ 6, offsetof(struct store_transfer, url) },
	{ 7, offsetof(struct store_transfer, branch) },
	{ 8, offsetof(struct store_transfer, target) },
	{ 9, offsetof(struct store_transfer, commit) },
	{ 10, offsetof(struct store_transfer, lease) },
	{ 13, offsetof(struct store_transfer, temp_path) },
	{ 14, offsetof(struct store_transfer, identity) },
	{ 15, offsetof(struct store_transfer, state) },
	{ 16, offsetof(struct store_transfer, outcome) },
	{ 18, offsetof(struct store_transfer, code) },
	{ 19, offsetof(struct store_transfer, cause) },
	{ 20, offsetof(struct store_transfer, said_json) },
};
#define TEXTS (sizeof(texts) / sizeof(texts[0]))

static const char **
text_of(struct store_transfer *t, size_t i)
{
	return (const char **)(void *)((char *)t + texts[i].offset);
}

/* Texts are SQLite's own and last until the next step. */
static struct store_transfer
transfer_row(struct row *row)
{
	struct store_transfer t = {
		.upstream = row_int(row, 11) != 0,
		.prune = row_int(row, 12) != 0,
		.cancelled = row_int(row, 17) != 0,
		.changed = row_int(row, 21),
		.created_at = row_int(row, 22),
		.updated_at = row_int(row, 23),
	};

	for (size_t i = 0; i < TEXTS; i++)
		*text_of(&t, i) = row_str(row, texts[i].column);
	return t;
}

static bool
transfers_each_cb(struct row *row, void *arg)
{
	const struct each *e = arg;
	struct store_transfer t = transfer_row(row);

	return e->cb(&t, e->arg);
}

struct store_transfer
store_transfer_copy(struct arena *a, const struct store_transfer *t)
{
	struct store_transfer out = *t;

	for (size_t i = 0; i < TEXTS; i++) {
		const char **s = text_of(&out, i);

		if (*s != NULL)
			*s = arena_strdup(a, *s);
	}
	return out;
}

static bool
transfers_copy_cb(struct row *row, void *arg)
{
	struct copy *c = arg;
	struct store_transfer t = transfer_row(row);

	*c->out = store_transfer_copy(c->arena, &t);
	c->found = true;
	return false;
}

int
store_transfer_insert(struct tx *tx, const struct store_transfer *t)
{
	return tx_wrote(tx_exec(tx, sql_insert, "sssssssssssiissssisssiii",
	    t->id, t->user_id, t->kind, t->path, t->repo_path, t->remote,
	    t->url, t->branch, t->target, t->commit, t->lease,
	    (int64_t)t->upstream, (int64_t)t->prune, t->temp_path, t->identity,
	    t->state, t->outcome, (int64_t)t->cancelled, t->code, t->cause,
	    t->said_json, t->changed, t->created_at, t->updated_at));
}

int
store_transfer_change(struct tx *tx, const struct store_transfer *t)
{
	return tx_wrote_one(tx_exec(tx, sql_change, "sssisssiis", t->identity,
				t->state, t->outcome, (int64_t)t->cancelled,
				t->code, t->cause, t->said_json, t->changed,
				t->updated_at, t->id),
	    RDV_E_NOT_FOUND);
}

int
store_transfers_trim(struct tx *tx, const char *user_id, int64_t keep)
{
	return tx_wrote(tx_exec(tx, sql_trim, "ssi", user_id, user_id, keep));
}

int
store_transfer_get(struct db *db, struct arena *a, const char *user_id,
    const char *id, struct store_transfer *out)
{
	struct copy c = { a, out, false };
	int err =
	    db_query(db, sql_get, transfers_copy_cb, &c, "ss", id, user_id);

	return err == 0 && !c.found ? RDV_E_NOT_FOUND : err;
}

int
store_transfers_list(struct db *db, const char *user_id, int64_t limit,
    store_transfer_fn *cb, void *arg)
{
	struct each e = { cb, arg };

	return db_query(db, sql_list, transfers_each_cb, &e, "si", user_id,
	    limit);
}

int
store_transfers_in(struct db *db, const char *state, store_transfer_fn *cb,
    void *arg)
{
	struct each e = { cb, arg };

	return db_query(db, sql_in, transfers_each_cb, &e, "s", state);
}
