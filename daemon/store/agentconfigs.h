/* SPDX-License-Identifier: MIT */
#ifndef RDV_STORE_AGENTCONFIGS_H
#define RDV_STORE_AGENTCONFIGS_H

#include <stdint.h>

struct arena;
struct db;
struct tx;

/*
 * The row of `agent_config` of a user: 0, or RDV_E_NOT_FOUND. In the arena. The
 * version, where somebody wants it, is when it became what it is, and another
 * with each that differs; 0 without one.
 */
int store_agent_config_get(struct db *db, struct arena *a, const char *user_id,
    const char **json, int64_t *version);
/* In place of the one before. 0 or -errno. */
int
store_agent_config_put(struct tx *tx, const char *user_id, const char *json);

#endif
