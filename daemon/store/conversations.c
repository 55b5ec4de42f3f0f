/* SPDX-License-Identifier: MIT */
/*
 * Rows of `conversation`: what a session that is one has beside its own row.
 * Invariant: none is without its session, and each stays with the workspace it
 * was begun in.
 */
#include "daemon/store/conversations.h"

#include "daemon/store/db.h"
#include "lib/arena.h"
#include "lib/err.h"

#define FROM                                                         \
	"SELECT c.id, c.user_id, c.workspace_id, c.agent, "          \
	"c.config_json, c.created_at, s.name, s.status, s.profile, " \
	"s.network, s.network_hosts_json, s.folder_id, "             \
	"s.agent_status, s.agent_status_at "                         \
	"FROM conversation c CROSS JOIN session s ON s.id = c.id "

static const char sql_insert[] =
    "INSERT INTO conversation (id, user_id, workspace_id, agent, config_json, "
    "created_at) VALUES (?, ?, ?, ?, ?, ?)";
static const char sql_get[] = FROM "WHERE c.id = ? AND c.user_id = ?";
/* Ids are in the order in which they were given (UUID version 7). */
static const char sql_list[] = FROM "WHERE c.user_id = ? AND c.id < ? "
				    "ORDER BY c.id DESC LIMIT ?";
static const char sql_list_workspace[] =
    FROM "WHERE c.workspace_id = ? AND c.user_id = ? AND c.id < ? "
	 "ORDER BY c.id DESC LIMIT ?";

struct each {
	store_conversation_fn *cb;
	void *arg;
};

struct copy {
	struct arena *arena;
	struct store_conversation *out;
	bool found;
};

static struct store_conversation
conversation_row(struct row *row)
{
	return (struct store_conversation){
		.id = row_str(row, 0),
		.user_id = row_str(row, 1),
		.workspace_id = row_str(row, 2),
		.agent = row_str(row, 3),
		.config_json = row_str(row, 4),
		.created_at = row_int(row, 5),
		.name = row_str(row, 6),
		.status = row_str(row, 7),
		.profile = row_str(row, 8),
		.network = row_str(row, 9),
		.network_hosts_json = row_str(row, 10),
		.folder_id = row_str(row, 11),
		.agent_status = row_str(row, 12),
		.agent_status_at = row_int_or(row, 13, -1),
	};
}

static bool
conversations_each_cb(struct row *row, void *arg)
{
	const struct each *e = arg;
	struct store_conversation c = conversation_row(row);

	return e->cb(&c, e->arg);
}

int
store_conversation_insert(struct tx *tx, const struct store_conversation *c)
{
	return tx_wrote(tx_exec(tx, sql_insert, "sssssi", c->id, c->user_id,
	    c->workspace_id, c->agent, c->config_json, c->created_at));
}

static bool
conversations_copy_cb(struct row *row, void *arg)
{
	struct copy *to = arg;
	struct store_conversation c = conversation_row(row);

	c.id = arena_strdup(to->arena, c.id);
	c.user_id = arena_strdup(to->arena, c.user_id);
	c.workspace_id = arena_strdup(to->arena, c.workspace_id);
	c.agent = arena_strdup(to->arena, c.agent);
	c.config_json = arena_strdup(to->arena, c.config_json);
	c.name = arena_strdup(to->arena, c.name);
	c.status = arena_strdup(to->arena, c.status);
	c.profile = arena_strdup(to->arena, c.profile);
	c.network = arena_text(to->arena, c.network);
	c.network_hosts_json = arena_text(to->arena, c.network_hosts_json);
	c.folder_id = arena_text(to->arena, c.folder_id);
	c.agent_status = arena_text(to->arena, c.agent_status);
	*to->out = c;
	to->found = true;
	return false;
}

int
store_conversation_get(struct db *db, struct arena *a, const char *user_id,
    const char *id, struct store_conversation *out)
{
	struct copy c = { a, out, false };
	int err =
	    db_query(db, sql_get, conversations_copy_cb, &c, "ss", id, user_id);

	return err == 0 && !c.found ? RDV_E_NOT_FOUND : err;
}

int
store_conversations_list(struct db *db, const char *user_id,
    const char *workspace_id, const char *before, int64_t limit,
    store_conversation_fn *cb, void *arg)
{
	struct each e = { cb, arg };

	/* "g" is behind every id. */
	before = before != NULL ? before : "g";
	if (workspace_id == NULL)
		return db_query(db, sql_list, conversations_each_cb, &e, "ssi",
		    user_id, before, limit);
	return db_query(db, sql_list_workspace, conversations_each_cb, &e,
	    "sssi", workspace_id, user_id, before, limit);
}
