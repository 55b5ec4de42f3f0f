/* SPDX-License-Identifier: MIT */
#ifndef RDV_AUTH_LIMIT_H
#define RDV_AUTH_LIMIT_H

#include <stdint.h>
#include <sys/types.h>

/*
 * Counts failed credentials over one minute, for each peer uid and for
 * everybody together. At a bound further failures are answered 429 with a
 * back-off that doubles from 1 s to 5 min. A valid credential is never asked
 * about here: it passes whatever was guessed before it, because a bound that
 * stopped it would let anybody who knows how it begins, or who comes through
 * the same proxy, lock its owner out (abuse C10); and 256 random bits need no
 * bound to keep them from being guessed.
 */
struct auth_limit;

struct auth_limit *auth_limit_new(int64_t per_minute);
void auth_limit_free(struct auth_limit *l);
/* Counts one failure; seconds to wait when a bound is passed, or 0. */
int64_t auth_limit_fail(struct auth_limit *l, uid_t peer, int64_t now_ms);

#endif
