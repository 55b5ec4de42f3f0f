/* SPDX-License-Identifier: MIT */
#ifndef RDV_AUTH_LIMIT_H
#define RDV_AUTH_LIMIT_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * Counts failed credentials. Two kinds of counters, both over one minute:
 *   (peer uid, first characters of the credential)  at its bound the peer is
 *       not even heard with that credential until its back-off is over;
 *   the peer uid alone, and everybody together      at their bound failures
 *       are answered 429, but a valid credential still passes, so that nobody
 *       can lock another out (abuse C10).
 * Back-off doubles from 1 s to 5 min with every further failure.
 */
struct auth_limit;

struct auth_limit *auth_limit_new(int64_t per_minute);
void auth_limit_free(struct auth_limit *l);
/* Seconds this credential still has to wait, or 0. */
int64_t auth_limit_check(struct auth_limit *l, uid_t peer, const char *text,
    int64_t now_ms);
/* Counts one failure; seconds to wait when a bound is passed, or 0. */
int64_t auth_limit_fail(struct auth_limit *l, uid_t peer, const char *text,
    int64_t now_ms);

#endif
