/* SPDX-License-Identifier: MIT */
/*
 * Rows of `queued`. Invariant: a message is taken once, in the transaction that
 * makes its turn, since a move names the state it begins from; and their order
 * is that in which they came, whatever was cancelled meanwhile.
 */
#include "daemon/store/queued.h"

#include "daemon/store/db.h"
#include "lib/arena.h"
#include "lib/err.h"

#define COLUMNS                                                        \
	"id, session_id, user_id, place, prompt, config_json, state, " \
	"turn_id, created_at, updated_at, blocked"

static const char sql_insert[] =
    "INSERT INTO queued (id, session_id, user_id, place, prompt, config_json, "
    "state, created_at, updated_at) VALUES (?, ?, ?, "
    "(SELECT coalesce(max(q.place) + 1, 0) FROM queued q "
    "WHERE q.session_id = ?), ?, ?, ?, ?, ?)";
static const char sql_move[] =
    "UPDATE queued SET state = ?, turn_id = ?, updated_at = ?, blocked = NULL "
    "WHERE id = ? AND state = ?";
static const char sql_edit[] =
    "UPDATE queued SET prompt = ?, config_json = ?, updated_at = ?, "
    "blocked = NULL WHERE id = ? AND state = 'waiting'";
static const char sql_block[] =
    "UPDATE queued SET blocked = ? WHERE id = ? AND state = 'waiting'";
static const char sql_block_all[] =
    "UPDATE queued SET blocked = ? WHERE session_id = ? "
    "AND state = 'waiting'";
static const char sql_unblock[] =
    "UPDATE queued SET blocked = NULL WHERE blocked IS NOT NULL "
    "AND session_id IN (SELECT c.id FROM conversation c "
    "WHERE c.workspace_id = ?)";
static const char sql_get[] =
    "SELECT " COLUMNS " FROM queued WHERE id = ? AND user_id = ?";
static const char sql_list[] =
    "SELECT " COLUMNS " FROM queued WHERE session_id = ? "
    "AND state = 'waiting' AND place > coalesce((SELECT q.place "
    "FROM queued q WHERE q.id = ? AND q.session_id = ?), -1) "
    "ORDER BY place LIMIT ?";
static const char sql_next[] =
    "SELECT c.id FROM conversation c "
    "CROSS JOIN session s ON s.id = c.id "
    "CROSS JOIN queued q ON q.id = (SELECT w.id FROM queued w "
    "WHERE w.session_id = c.id AND w.state = 'waiting' "
    "ORDER BY w.place LIMIT 1) "
    "WHERE c.workspace_id = ? AND s.status <> 'closed' AND q.id > ? "
    "ORDER BY q.id LIMIT 1";
static const char sql_cancel[] =
    "UPDATE queued SET state = 'cancelled', updated_at = ?, blocked = NULL "
    "WHERE session_id = ? AND state = 'waiting'";
static const char sql_count[] = "SELECT count(*) FROM queued "
				"WHERE session_id = ? AND state = 'waiting'";

struct each {
	store_queued_fn *cb;
	void *arg;
};

struct copy {
	struct arena *arena;
	struct store_queued *out;
	bool found;
};

static struct store_queued
queued_row(struct row *row)
{
	return (struct store_queued){
		.id = row_str(row, 0),
		.session_id = row_str(row, 1),
		.user_id = row_str(row, 2),
		.place = row_int(row, 3),
		.prompt = row_str(row, 4),
		.config_json = row_str(row, 5),
		.state = row_str(row, 6),
		.turn_id = row_str(row, 7),
		.created_at = row_int(row, 8),
		.updated_at = row_int(row, 9),
		.blocked = row_str(row, 10),
	};
}

static bool
queued_each_cb(struct row *row, void *arg)
{
	const struct each *e = arg;
	struct store_queued q = queued_row(row);

	return e->cb(&q, e->arg);
}

static bool
queued_copy_cb(struct row *row, void *arg)
{
	struct copy *c = arg;
	struct store_queued q = queued_row(row);

	q.id = arena_text(c->arena, q.id);
	q.session_id = arena_text(c->arena, q.session_id);
	q.user_id = arena_text(c->arena, q.user_id);
	q.prompt = arena_text(c->arena, q.prompt);
	q.config_json = arena_text(c->arena, q.config_json);
	q.state = arena_text(c->arena, q.state);
	q.turn_id = arena_text(c->arena, q.turn_id);
	q.blocked = arena_text(c->arena, q.blocked);
	*c->out = q;
	c->found = true;
	return false;
}

int
store_queued_insert(struct tx *tx, const struct store_queued *q)
{
	return tx_wrote(tx_exec(tx, sql_insert, "sssssssii", q->id,
	    q->session_id, q->user_id, q->session_id, q->prompt, q->config_json,
	    q->state, q->created_at, q->updated_at));
}

int
store_queued_move(struct tx *tx, const struct store_queued *q, const char *from)
{
	return tx_wrote_one(tx_exec(tx, sql_move, "ssiss", q->state, q->turn_id,
				q->updated_at, q->id, from),
	    RDV_E_STATE);
}

int
store_queued_edit(struct tx *tx, const struct store_queued *q)
{
	return tx_wrote_one(tx_exec(tx, sql_edit, "ssis", q->prompt,
				q->config_json, q->updated_at, q->id),
	    RDV_E_STATE);
}

int
store_queued_block(struct tx *tx, const char *id, const char *why)
{
	return tx_wrote(tx_exec(tx, sql_block, "ss", why, id));
}

int
store_queued_block_all(struct tx *tx, const char *session_id, const char *why)
{
	return tx_wrote(tx_exec(tx, sql_block_all, "ss", why, session_id));
}

int
store_queued_unblock(struct tx *tx, const char *workspace_id)
{
	return tx_wrote(tx_exec(tx, sql_unblock, "s", workspace_id));
}

int
store_queued_get(struct db *db, struct arena *a, const char *user_id,
    const char *id, struct store_queued *out)
{
	struct copy c = { a, out, false };
	int err = db_query(db, sql_get, queued_copy_cb, &c, "ss", id, user_id);

	return err == 0 && !c.found ? RDV_E_NOT_FOUND : err;
}

int
store_queued_first(struct db *db, struct arena *a, const char *session_id,
    struct store_queued *out)
{
	struct copy c = { a, out, false };
	int err = db_query(db, sql_list, queued_copy_cb, &c, "sssi", session_id,
	    NULL, session_id, (int64_t)1);

	return err == 0 && !c.found ? RDV_E_NOT_FOUND : err;
}

struct found {
	struct arena *arena;
	const char *id;
};

static bool
queued_next_cb(struct row *row, void *arg)
{
	struct found *f = arg;

	f->id = arena_strdup(f->arena, row_str(row, 0));
	return false;
}

int
store_queued_next(struct db *db, struct arena *a, const char *workspace_id,
    const char *after, const char **session_id)
{
	struct found f = { a, NULL };
	int err = db_query(db, sql_next, queued_next_cb, &f, "ss", workspace_id,
	    after);

	*session_id = f.id;
	return err == 0 && f.id == NULL ? RDV_E_NOT_FOUND : err;
}

int
store_queued_cancel(struct tx *tx, const char *session_id, int64_t now)
{
	return tx_wrote(tx_exec(tx, sql_cancel, "is", now, session_id));
}

int
store_queued_list(struct db *db, const char *session_id, const char *after,
    int64_t limit, store_queued_fn *cb, void *arg)
{
	struct each e = { cb, arg };

	return db_query(db, sql_list, queued_each_cb, &e, "sssi", session_id,
	    after, session_id, limit);
}

static bool
queued_count_cb(struct row *row, void *arg)
{
	*(int64_t *)arg = row_int(row, 0);
	return false;
}

int
store_queued_count(struct db *db, const char *session_id, int64_t *count)
{
	*count = 0;
	return db_query(db, sql_count, queued_count_cb, count, "s", session_id);
}
