/* SPDX-License-Identifier: MIT */
/*
 * Rows of `idempotency`: one per user and key. An answer is written in the
 * transaction of the change it answers for, so that either both stand or
 * neither does. Where the effect is no change of the database, an intent is
 * written before it and the answer takes its place.
 */
#include "daemon/store/idem.h"

#include <stddef.h>

#include "daemon/store/db.h"
#include "lib/arena.h"
#include "lib/err.h"

static const char sql_find[] =
    "SELECT route, digest, status, body FROM idempotency "
    "WHERE user_id = ? AND key = ?";
/* An answer takes the place of an intent; nothing takes an answer's. */
static const char sql_insert[] =
    "INSERT INTO idempotency "
    "(user_id, key, route, digest, status, body, created_at) "
    "VALUES (?, ?, ?, ?, ?, ?, ?) "
    "ON CONFLICT (user_id, key) DO UPDATE SET "
    "status = excluded.status, body = excluded.body "
    "WHERE idempotency.status = 0 AND excluded.status <> 0";
static const char sql_withdraw[] = "DELETE FROM idempotency WHERE user_id = ? "
				   "AND key = ? AND status = 0";
static const char sql_expire[] = "DELETE FROM idempotency WHERE created_at < ?";

struct find {
	struct arena *arena;
	struct store_idem *out;
	bool found;
};

static bool
idem_row_cb(struct row *row, void *arg)
{
	struct find *f = arg;
	const char *body = row_str(row, 3);

	f->out->route = arena_strdup(f->arena, row_str(row, 0));
	f->out->digest = arena_strdup(f->arena, row_str(row, 1));
	f->out->status = row_int(row, 2);
	f->out->body = arena_strdup(f->arena, body != NULL ? body : "");
	f->found = true;
	return false;
}

int
store_idem_find(struct db *db, struct arena *a, const char *user_id,
    const char *key, struct store_idem *out)
{
	struct find f = { a, out, false };
	int err;

	err = db_query(db, sql_find, idem_row_cb, &f, "ss", user_id, key);
	if (err != 0)
		return err;
	out->user_id = user_id;
	out->key = key;
	return f.found ? 0 : RDV_E_NOT_FOUND;
}

int
store_idem_insert(struct tx *tx, const struct store_idem *i, int64_t now)
{
	long n = tx_exec(tx, sql_insert, "ssssisi", i->user_id, i->key,
	    i->route, i->digest, i->status, i->body, now);

	if (n < 0)
		return (int)n;
	return n == 1 ? 0 : RDV_E_EXISTS;
}

int
store_idem_withdraw(struct tx *tx, const char *user_id, const char *key)
{
	return tx_wrote(tx_exec(tx, sql_withdraw, "ss", user_id, key));
}

long
store_idem_expire(struct tx *tx, int64_t before)
{
	return tx_exec(tx, sql_expire, "i", before);
}
