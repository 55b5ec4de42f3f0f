/* SPDX-License-Identifier: MIT */
/*
 * Rows of `agent_config`: one for each user who has changed how agents are run.
 * What stands in one is agent/variant.c's to judge.
 */
#include "daemon/store/agentconfigs.h"

#include "daemon/store/db.h"
#include "lib/arena.h"
#include "lib/clock.h"
#include "lib/err.h"

static const char sql_get[] =
    "SELECT config_json, updated_at FROM agent_config WHERE user_id = ?";
static const char sql_put[] =
    "INSERT INTO agent_config (user_id, config_json, updated_at) "
    "VALUES (?, ?, ?) ON CONFLICT (user_id) DO UPDATE SET "
    "config_json = excluded.config_json, updated_at = CASE "
    "WHEN config_json = excluded.config_json THEN updated_at "
    "ELSE max(excluded.updated_at, updated_at + 1) END";

struct get {
	struct arena *arena;
	const char **json;
	int64_t *version;
};

static bool
agentconfigs_get_cb(struct row *row, void *arg)
{
	const struct get *g = arg;

	*g->json = arena_strdup(g->arena, row_str(row, 0));
	if (g->version != NULL)
		*g->version = row_int(row, 1);
	return false;
}

int
store_agent_config_get(struct db *db, struct arena *a, const char *user_id,
    const char **json, int64_t *version)
{
	struct get g = { a, json, version };
	int err;

	*json = NULL;
	if (version != NULL)
		*version = 0;
	err = db_query(db, sql_get, agentconfigs_get_cb, &g, "s", user_id);
	return err == 0 && *json == NULL ? RDV_E_NOT_FOUND : err;
}

int
store_agent_config_put(struct tx *tx, const char *user_id, const char *json)
{
	return tx_wrote(tx_exec(tx, sql_put, "ssi", user_id, json,
	    clock_wall_ms()));
}
