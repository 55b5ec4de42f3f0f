/* SPDX-License-Identifier: MIT */
#ifndef RDV_AGENTCONFIG_H
#define RDV_AGENTCONFIG_H

#include <stdint.h>

struct arena;
struct db;
struct js;
struct tx;
struct variant_pick;

/*
 * How an account has its agents run: our defaults with what is stored over
 * them, as agent/variant.h has it, and the version of that. The caller's, or
 * NULL with a sentence.
 */
struct js *agentconfig_get(struct db *db, struct arena *a, const char *user_id,
    const char **why);
/* That for who only reads: of each `env` the names alone. The caller's. */
struct js *agentconfig_shown(const struct js *all);
/*
 * Stores what `executors` has that our defaults have not. RDV_E_INVALID with
 * the path of what is wrong and a sentence; RDV_E_STATE when `version` is not
 * NULL and not that of what is there; or -errno.
 */
int agentconfig_put(struct tx *tx, struct arena *a, const char *user_id,
    const char *executors, const int64_t *version, const char **why);
/*
 * What a conversation or a turn is configured with: of `pick` the variant and
 * the choices beside it, over these `config_json`, which may be NULL. NULL in
 * `*out` when nothing was chosen and nothing is stored. It is made once, when
 * it is given: a variant that changes later changes no conversation. 0 or
 * RDV_E_INVALID with a sentence; or -errno. Whether anybody is left unasked by
 * it is conversation_judge()'s to say, as of any other configuration.
 */
int agentconfig_pick(struct db *db, struct arena *a, const char *user_id,
    const struct variant_pick *pick, const char *config_json, const char **out,
    const char **why);

#endif
