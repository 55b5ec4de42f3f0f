/* SPDX-License-Identifier: MIT */
#ifndef RDV_STORE_CONVERSATIONS_H
#define RDV_STORE_CONVERSATIONS_H

#include <stdbool.h>
#include <stdint.h>

struct arena;
struct db;
struct tx;

/* A row of `conversation`, with what its row of `session` says of it. */
struct store_conversation {
	const char *id, *user_id, *workspace_id;
	const char *agent;	 /* as agent_find() takes it */
	const char *config_json; /* an object: fields of its variant */
	int64_t created_at;
	/* Of the session; read only. */
	const char *name, *status, *profile;
	const char *network, *network_hosts_json, *folder_id; /* or NULL */
	const char *agent_status; /* what its agent said last; or NULL */
	int64_t agent_status_at;  /* ms; -1 */
};

/* Strings are borrowed while it runs; false ends the walk. */
typedef bool
store_conversation_fn(const struct store_conversation *c, void *arg);

/* 0 or -errno, and what is said beside it. Its session is inserted before. */
int
store_conversation_insert(struct tx *tx, const struct store_conversation *c);
/* RDV_E_NOT_FOUND when it is not that user's. In the arena. */
int store_conversation_get(struct db *db, struct arena *a, const char *user_id,
    const char *id, struct store_conversation *out);
/*
 * At most `limit`, newest first, behind the one with the id `before` (NULL:
 * from the newest); of one workspace, or with NULL of all.
 */
int store_conversations_list(struct db *db, const char *user_id,
    const char *workspace_id, const char *before, int64_t limit,
    store_conversation_fn *cb, void *arg);

#endif
