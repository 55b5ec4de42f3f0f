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
		int64_t expires;	  /* monotonic ms; 0: free */
	} grant[GRANTS_MAX];
};

/*
 * A new random grant for `ttl` ms, which ends with the token it is given for.
 * False when all places hold live ones.
 */
bool grant_new(struct grants *g, uid_t uid, const uint8_t from[SHA256_LEN],
    int64_t ttl, uint8_t token[PRIV_GRANT_LEN]);
/* The uid of a live grant. */
bool grant_find(const struct grants *g, const uint8_t token[PRIV_GRANT_LEN],
    uid_t *uid);
/* False when there was none. */
bool grant_drop(struct grants *g, const uint8_t token[PRIV_GRANT_LEN]);
/* Ends those whose uid `keep` refuses; how many. */
unsigned
grant_keep(struct grants *g, bool (*keep)(uid_t uid, void *arg), void *arg);
/* Ends those that were given for that token. */
void grant_end_of(struct grants *g, const uint8_t from[SHA256_LEN]);
/* All of them, as when the daemon they were given to is gone. */
void grant_wipe(struct grants *g);

#endif
