/* SPDX-License-Identifier: MIT */
/*
 * Rows of `token`: CLI tokens, cookies, sign-in codes and links. A row is never
 * brought back to life: revoked_at is written once and every reader for
 * authentication asks for rows without it.
 */
#include "daemon/store/tokens.h"

#include "daemon/store/db.h"
#include "lib/err.h"

#define COLUMNS                                                           \
	"id, user_id, name, kind, key_prefix, hash, scopes, expires_at, " \
	"last_used_at, created_at, page_hash, session_id, uses, history"

/*
 * Expired CLI tokens are among them: their owner is to hear EXPIRED, not wrong.
 */
static const char sql_live[] =
    "SELECT " COLUMNS " FROM token WHERE user_id = ? "
    "AND revoked_at IS NULL AND (kind = 'cli' OR expires_at > ?)";
static const char sql_list[] =
    "SELECT " COLUMNS " FROM token WHERE user_id = ? AND kind = 'cli' "
    "AND revoked_at IS NULL ORDER BY created_at DESC, id DESC";
static const char sql_get[] =
    "SELECT " COLUMNS " FROM token WHERE id = ? AND user_id = ? "
    "AND kind = 'cli' AND revoked_at IS NULL";
static const char sql_bound[] =
    "SELECT " COLUMNS " FROM token WHERE session_id = ? "
    "AND revoked_at IS NULL";
static const char sql_insert[] = "INSERT INTO token (" COLUMNS ") VALUES "
				 "(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
static const char sql_revoke[] =
    "UPDATE token SET revoked_at = ? WHERE id = ? AND revoked_at IS NULL";
static const char sql_touch[] =
    "UPDATE token SET last_used_at = ?, uses = ? WHERE id = ?";
/* CLI tokens stay, for their owner to see and to revoke. */
static const char sql_prune[] =
    "DELETE FROM token WHERE expires_at < ? AND kind <> 'cli'";

struct each {
	store_token_fn *cb;
	void *arg;
	bool any;
};

static bool
tokens_row_cb(struct row *row, void *arg)
{
	struct each *e = arg;
	struct store_token t = {
		.id = row_str(row, 0),
		.user_id = row_str(row, 1),
		.name = row_str(row, 2),
		.kind = row_str(row, 3),
		.key_prefix = row_str(row, 4),
		.hash = row_str(row, 5),
		.scopes = row_str(row, 6),
		.expires_at = row_int_or(row, 7, -1),
		.last_used_at = row_int_or(row, 8, -1),
		.created_at = row_int(row, 9),
		.page_hash = row_str(row, 10),
		.session_id = row_str(row, 11),
		.uses = row_int(row, 12),
		.history = row_int(row, 13) == 1,
	};

	e->any = true;
	return e->cb(&t, e->arg);
}

int
store_tokens_live(struct db *db, const char *user_id, int64_t now,
    store_token_fn *cb, void *arg)
{
	struct each e = { cb, arg, false };

	return db_query(db, sql_live, tokens_row_cb, &e, "si", user_id, now);
}

int
store_tokens_list(struct db *db, const char *user_id, store_token_fn *cb,
    void *arg)
{
	struct each e = { cb, arg, false };

	return db_query(db, sql_list, tokens_row_cb, &e, "s", user_id);
}

/* Only CLI tokens: cookies and codes are nobody's to look at. */
int
store_token_get(struct db *db, const char *user_id, const char *id,
    store_token_fn *cb, void *arg)
{
	struct each e = { cb, arg, false };
	int err;

	err = db_query(db, sql_get, tokens_row_cb, &e, "ss", id, user_id);
	if (err != 0)
		return err;
	return e.any ? 0 : RDV_E_NOT_FOUND;
}

int
store_tokens_bound(struct db *db, const char *session_id, store_token_fn *cb,
    void *arg)
{
	struct each e = { cb, arg, false };

	return db_query(db, sql_bound, tokens_row_cb, &e, "s", session_id);
}

int
store_token_insert(struct tx *tx, const struct store_token *t)
{
	return tx_wrote(tx_exec(tx, sql_insert, "sssssssnnissii", t->id,
	    t->user_id, t->name, t->kind, t->key_prefix, t->hash, t->scopes,
	    t->expires_at, t->last_used_at, t->created_at, t->page_hash,
	    t->session_id, t->uses, (int64_t)t->history));
}

int
store_token_revoke(struct tx *tx, const char *id, int64_t now)
{
	return tx_wrote_one(tx_exec(tx, sql_revoke, "is", now, id),
	    RDV_E_NOT_FOUND);
}

int
store_token_touch(struct tx *tx, const char *id, int64_t used, int64_t uses)
{
	return tx_wrote(tx_exec(tx, sql_touch, "iis", used, uses, id));
}

long
store_tokens_prune(struct tx *tx, int64_t before)
{
	return tx_exec(tx, sql_prune, "i", before);
}
