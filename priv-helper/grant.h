/* SPDX-License-Identifier: MIT */
#ifndef RDV_GRANT_H
#define RDV_GRANT_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "lib/privproto.h"
#include "lib/sha256.h"

#define GRANTS_MAX   64
#define GRANT_TTL_MS 3600000

/* Who may be acted for on this connection, and until when. */
struct grants {
	struct grant {
		uint8_t token[PRIV_GRANT_LEN];
		uid_t uid;
		uint8_t from[SHA256_LEN]; /* zero: no token of its own */
		uint32_t number; /* from 1: names it where it may be read */
		int64_t expires; /* monotonic ms; 0: free */
	} grant[GRANTS_MAX];
	uint32_t numbers; /* how many there have been */
};

/* True when there is a place for one more. */
bool grant_room(const struct grants *g);
/*
 * A new random grant for `ttl` ms, which ends with the token it is given for.
 * False when all places hold live ones.
 */
bool grant_new(struct grants *g, uid_t uid, const uint8_t from[SHA256_LEN],
    int64_t ttl, uint8_t token[PRIV_GRANT_LEN]);
/* The uid of a live grant. */
bool grant_find(const struct grants *g, const uint8_t token[PRIV_GRANT_LEN],
    uid_t *uid);
/* When the last live one of that uid ends, monotonic ms; 0: there is none. */
int64_t grant_until(const struct grants *g, uid_t uid);
/* Its number, or 0 when there is no such live one. */
uint32_t
grant_number(const struct grants *g, const uint8_t token[PRIV_GRANT_LEN]);
/* False when there was none. */
bool grant_drop(struct grants *g, const uint8_t token[PRIV_GRANT_LEN]);
/*
 * Ends those that `keep` refuses; how many. `own`: given for a token of that
 * account's, and not for the web's.
 */
unsigned grant_keep(struct grants *g,
    bool (*keep)(uid_t uid, bool own, void *arg), void *arg);
/* Ends those that were given for that token. */
void grant_end_of(struct grants *g, const uint8_t from[SHA256_LEN]);
/* All of them, as when the daemon they were given to is gone. */
void grant_wipe(struct grants *g);

#endif
