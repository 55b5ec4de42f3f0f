/* SPDX-License-Identifier: MIT */
#ifndef RDV_ENROLL_H
#define RDV_ENROLL_H

#include <stdint.h>
#include <sys/types.h>

#include "daemon/auth/digest.h"

struct app;

/*
 * System mode: the helper keeps the hashes of tokens and believes rdvd nothing
 * about them. Later, once: 0; RDV_E_DENIED with what the helper says; or
 * RDV_E_UNAVAILABLE and the like, with a sentence.
 */
typedef void enroll_fn(int err, const char *why, void *arg);
/* A token whose owner has written the proof. `expires_at` in ms, -1: never. */
void enroll_token(struct app *app, uid_t uid, const uint8_t digest[DIGEST_LEN],
    int64_t expires_at, enroll_fn *cb, void *arg);
/* Its end; one that the helper does not know is as good as ended. */
void enroll_revoke(struct app *app, uid_t uid, const uint8_t digest[DIGEST_LEN],
    enroll_fn *cb, void *arg);
/*
 * The same for one that counts no more here, which nobody waits for. Where it
 * fails the log says so, and its owner can still have it removed by nothing but
 * its expiry.
 */
void enroll_drop(struct app *app, uid_t uid, const uint8_t digest[DIGEST_LEN]);

#endif
