/* SPDX-License-Identifier: MIT */
#ifndef RDV_CLIPBOARD_H
#define RDV_CLIPBOARD_H

#include <stddef.h>
#include <stdint.h>

struct clips;
struct loop;

/*
 * What somebody has copied for a session, in memory alone and for a while: a
 * clipboard often holds what is in no log and no database for good reasons. It
 * is overwritten when it is forgotten.
 */
#define CLIP_BYTES (1u << 20) /* of one text (contract 3.3) */
#define CLIP_MS	   (10 * 60 * 1000)
/* Of all texts of a user; beyond it the oldest are forgotten. */
#define CLIP_USER_BYTES (8u << 20)

struct clips *clips_new(struct loop *loop);
void clips_free(struct clips *cs);
/*
 * In place of what is there of that session; copied. 0 and a number that grows
 * with each text; RDV_E_TOO_BIG; RDV_E_INVALID: it is no UTF-8.
 */
int clips_put(struct clips *cs, const char *user_id, const char *session_id,
    const char *text, size_t len, uint64_t *revision);
/* Borrowed until the loop turns. NULL: there is none, or not any more. */
const char *clips_get(const struct clips *cs, const char *user_id,
    const char *session_id, size_t *len);

#endif
