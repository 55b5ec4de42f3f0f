/* SPDX-License-Identifier: MIT */
/*
 * Rows that decide without a person: rules, and the sessions whose owner wants
 * not to be asked. Whom a rule is for is read from the row alone.
 */
#include "daemon/store/approvalrules.h"

#include "daemon/store/db.h"
#include "lib/arena.h"
#include "lib/err.h"

#define COLUMNS                                                         \
	"id, user_id, scope, session_id, workspace_id, verdict, tool, " \
	"pattern_json, made_by, created_at"

static const char sql_insert[] = "INSERT INTO approval_rule (" COLUMNS
				 ") VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
static const char sql_delete[] =
    "DELETE FROM approval_rule WHERE id = ? AND user_id = ?";
static const char sql_of[] = "SELECT " COLUMNS " FROM approval_rule "
			     "WHERE user_id = ? ORDER BY id";
static const char sql_count[] =
    "SELECT count(*) FROM approval_rule WHERE user_id = ?";
static const char sql_workspace[] =
    "SELECT workspace_repo.workspace_id FROM session JOIN workspace_repo ON "
    "workspace_repo.worktree_id = session.worktree_id WHERE session.id = ? "
    "LIMIT 1";
static const char sql_bypass[] =
    "INSERT INTO approval_bypass (session_id, user_id, token_id, via, since) "
    "VALUES (?, ?, ?, ?, ?) ON CONFLICT (session_id) DO NOTHING";
static const char sql_bypass_delete[] =
    "DELETE FROM approval_bypass WHERE session_id = ? AND user_id = ?";
static const char sql_bypass_get[] =
    "SELECT session_id, user_id, token_id, via, since FROM approval_bypass "
    "WHERE session_id = ?";

struct each {
	store_rule_fn *cb;
	void *arg;
};

struct text {
	struct arena *arena;
	const char *text;
};

struct bypass {
	struct arena *arena;
	struct store_bypass *out;
	bool found;
};

static bool
rules_each_cb(struct row *row, void *arg)
{
	const struct each *e = arg;
	struct store_rule r = {
		.id = row_str(row, 0),
		.user_id = row_str(row, 1),
		.scope = row_str(row, 2),
		.session_id = row_str(row, 3),
		.workspace_id = row_str(row, 4),
		.verdict = row_str(row, 5),
		.tool = row_str(row, 6),
		.pattern_json = row_str(row, 7),
		.made_by = row_str(row, 8),
		.created_at = row_int(row, 9),
	};

	return e->cb(&r, e->arg);
}

static bool
rules_count_cb(struct row *row, void *arg)
{
	int64_t *count = arg;

	*count = row_int(row, 0);
	return false;
}

static bool
rules_text_cb(struct row *row, void *arg)
{
	struct text *t = arg;

	t->text = arena_strdup(t->arena, row_str(row, 0));
	return false;
}

static bool
rules_bypass_cb(struct row *row, void *arg)
{
	struct bypass *b = arg;

	*b->out = (struct store_bypass){
		.session_id = arena_strdup(b->arena, row_str(row, 0)),
		.user_id = arena_strdup(b->arena, row_str(row, 1)),
		.token_id = arena_strdup(b->arena, row_str(row, 2)),
		.via = arena_strdup(b->arena, row_str(row, 3)),
		.since = row_int(row, 4),
	};
	b->found = true;
	return false;
}

int
store_rule_insert(struct tx *tx, const struct store_rule *r)
{
	return tx_wrote(tx_exec(tx, sql_insert, "sssssssssi", r->id, r->user_id,
	    r->scope, r->session_id, r->workspace_id, r->verdict, r->tool,
	    r->pattern_json, r->made_by, r->created_at));
}

int
store_rule_delete(struct tx *tx, const char *user_id, const char *id)
{
	return tx_wrote_one(tx_exec(tx, sql_delete, "ss", id, user_id),
	    RDV_E_NOT_FOUND);
}

int
store_rules_of(struct db *db, const char *user_id, store_rule_fn *cb, void *arg)
{
	struct each e = { cb, arg };

	return db_query(db, sql_of, rules_each_cb, &e, "s", user_id);
}

int
store_rules_count(struct db *db, const char *user_id, int64_t *count)
{
	*count = 0;
	return db_query(db, sql_count, rules_count_cb, count, "s", user_id);
}

int
store_rule_workspace(struct db *db, struct arena *a, const char *session_id,
    const char **workspace_id)
{
	struct text t = { a, NULL };
	int err =
	    db_query(db, sql_workspace, rules_text_cb, &t, "s", session_id);

	*workspace_id = t.text;
	return err;
}

int
store_bypass_insert(struct tx *tx, const struct store_bypass *b)
{
	return tx_wrote(tx_exec(tx, sql_bypass, "ssssi", b->session_id,
	    b->user_id, b->token_id, b->via, b->since));
}

int
store_bypass_delete(struct tx *tx, const char *user_id, const char *session_id)
{
	return tx_wrote_one(tx_exec(tx, sql_bypass_delete, "ss", session_id,
				user_id),
	    RDV_E_NOT_FOUND);
}

int
store_bypass_get(struct db *db, struct arena *a, const char *session_id,
    struct store_bypass *out)
{
	struct bypass b = { a, out, false };
	int err =
	    db_query(db, sql_bypass_get, rules_bypass_cb, &b, "s", session_id);

	return err == 0 && !b.found ? RDV_E_NOT_FOUND : err;
}
