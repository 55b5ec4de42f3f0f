/* SPDX-License-Identifier: MIT */
/*
 * Rows of `turn`. Invariant: a turn that has ended stays as it ended, as every
 * move names the state it begins from.
 */
#include "daemon/store/turns.h"

#include "daemon/store/db.h"
#include "lib/arena.h"
#include "lib/err.h"

#define COLUMNS                                                               \
	"id, session_id, user_id, workspace_id, prompt, config_json, state, " \
	"cause, run_id, agent_session, agent_message, summary, dropped, "     \
	"created_at, ended_at, unasked, unasked_by"

static const char sql_insert[] =
    "INSERT INTO turn (id, session_id, user_id, workspace_id, prompt, "
    "config_json, state, created_at, unasked, unasked_by) "
    "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
static const char sql_move[] =
    "UPDATE turn SET state = ?, cause = ?, run_id = ?, ended_at = ? "
    "WHERE id = ? AND state = ?";
static const char sql_said[] =
    "UPDATE turn SET agent_session = coalesce(?, agent_session), "
    "agent_message = coalesce(?, agent_message), "
    "summary = coalesce(?, summary) WHERE id = ?";
static const char sql_get[] =
    "SELECT " COLUMNS " FROM turn WHERE id = ? AND user_id = ?";
static const char sql_list[] =
    "SELECT " COLUMNS " FROM turn "
    "WHERE session_id = ? AND user_id = ? AND dropped <= ? AND id < ? "
    "ORDER BY id DESC LIMIT ?";
static const char sql_resumed[] =
    "SELECT " COLUMNS " FROM turn WHERE session_id = ? AND id < ? "
    "AND dropped = 0 AND agent_session IS NOT NULL ORDER BY id DESC LIMIT 1";
static const char sql_dropped_after[] =
    "SELECT 1 FROM turn WHERE session_id = ? AND id > ? AND dropped = 1 "
    "AND agent_session = ? LIMIT 1";

struct each {
	store_turn_fn *cb;
	void *arg;
};

struct copy {
	struct arena *arena;
	struct store_turn *out;
	bool found;
};

static struct store_turn
turn_row(struct row *row)
{
	return (struct store_turn){
		.id = row_str(row, 0),
		.session_id = row_str(row, 1),
		.user_id = row_str(row, 2),
		.workspace_id = row_str(row, 3),
		.prompt = row_str(row, 4),
		.config_json = row_str(row, 5),
		.state = row_str(row, 6),
		.cause = row_str(row, 7),
		.run_id = row_str(row, 8),
		.agent_session = row_str(row, 9),
		.agent_message = row_str(row, 10),
		.summary = row_str(row, 11),
		.dropped = row_int(row, 12) != 0,
		.created_at = row_int(row, 13),
		.ended_at = row_int_or(row, 14, -1),
		.unasked = row_str(row, 15),
		.unasked_by = row_str(row, 16),
	};
}

static bool
turns_each_cb(struct row *row, void *arg)
{
	const struct each *e = arg;
	struct store_turn t = turn_row(row);

	return e->cb(&t, e->arg);
}

static bool
turns_copy_cb(struct row *row, void *arg)
{
	struct copy *c = arg;
	struct store_turn t = turn_row(row);

	t.id = arena_text(c->arena, t.id);
	t.session_id = arena_text(c->arena, t.session_id);
	t.user_id = arena_text(c->arena, t.user_id);
	t.workspace_id = arena_text(c->arena, t.workspace_id);
	t.prompt = arena_text(c->arena, t.prompt);
	t.config_json = arena_text(c->arena, t.config_json);
	t.state = arena_text(c->arena, t.state);
	t.cause = arena_text(c->arena, t.cause);
	t.run_id = arena_text(c->arena, t.run_id);
	t.agent_session = arena_text(c->arena, t.agent_session);
	t.agent_message = arena_text(c->arena, t.agent_message);
	t.summary = arena_text(c->arena, t.summary);
	t.unasked = arena_text(c->arena, t.unasked);
	t.unasked_by = arena_text(c->arena, t.unasked_by);
	*c->out = t;
	c->found = true;
	return false;
}

int
store_turn_insert(struct tx *tx, const struct store_turn *t)
{
	return tx_wrote(tx_exec(tx, sql_insert, "sssssssiss", t->id,
	    t->session_id, t->user_id, t->workspace_id, t->prompt,
	    t->config_json, t->state, t->created_at, t->unasked,
	    t->unasked_by));
}

int
store_turn_move(struct tx *tx, const struct store_turn *t, const char *from)
{
	return tx_wrote_one(tx_exec(tx, sql_move, "sssnss", t->state, t->cause,
				t->run_id, t->ended_at, t->id, from),
	    RDV_E_STATE);
}

int
store_turn_said(struct tx *tx, const struct store_turn *t)
{
	return tx_wrote(tx_exec(tx, sql_said, "ssss", t->agent_session,
	    t->agent_message, t->summary, t->id));
}

int
store_turn_get(struct db *db, struct arena *a, const char *user_id,
    const char *id, struct store_turn *out)
{
	struct copy c = { a, out, false };
	int err = db_query(db, sql_get, turns_copy_cb, &c, "ss", id, user_id);

	return err == 0 && !c.found ? RDV_E_NOT_FOUND : err;
}

int
store_turns_list(struct db *db, const char *user_id, const char *session_id,
    bool dropped, const char *before, int64_t limit, store_turn_fn *cb,
    void *arg)
{
	struct each e = { cb, arg };

	/* "g" is behind every id. */
	return db_query(db, sql_list, turns_each_cb, &e, "ssisi", session_id,
	    user_id, (int64_t)dropped, before != NULL ? before : "g", limit);
}

int
store_turn_resumed(struct db *db, struct arena *a, const char *session_id,
    const char *before, struct store_turn *out)
{
	struct copy c = { a, out, false };
	int err = db_query(db, sql_resumed, turns_copy_cb, &c, "ss", session_id,
	    before);

	return err == 0 && !c.found ? RDV_E_NOT_FOUND : err;
}

static bool
turns_any_cb(struct row *row, void *arg)
{
	bool *any = arg;

	(void)row;
	*any = true;
	return false;
}

int
store_turn_dropped_after(struct db *db, const struct store_turn *t,
    bool *dropped)
{
	*dropped = false;
	return db_query(db, sql_dropped_after, turns_any_cb, dropped, "sss",
	    t->session_id, t->id, t->agent_session);
}
