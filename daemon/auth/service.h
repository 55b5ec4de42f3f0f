/* SPDX-License-Identifier: MIT */
#ifndef RDV_SERVICE_H
#define RDV_SERVICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "daemon/auth/digest.h"
#include "lib/secret.h"

/*
 * The token by which the reverse proxy is known: base64 of 32 random bytes in
 * a file of mode 0600, beside it <file>.json with id, age and digests. After a
 * rotation the one before is honoured for a while, so that a proxy that was not
 * yet reloaded is not cut off.
 */
struct service {
	char id[UUID_TEXT];
	uint8_t digest[DIGEST_LEN];
	char previous_id[UUID_TEXT];
	uint8_t previous[DIGEST_LEN];
	int64_t created_at;
	int64_t previous_until; /* 0: there is none */
};

struct service_rule {
	int64_t rotate_ms; /* age at which it is replaced; 0: never */
	int64_t grace_ms;  /* how long the one before is honoured */
};

/*
 * Reads the token, or makes one when the file is missing or the token is due.
 * 0, or an error with a sentence.
 */
int service_load(struct service *s, const char *path,
    const struct service_rule *rule, char *why, size_t whysize);
/*
 * In system mode, as [main] tells it: the token's text, and the digest of the
 * one before, which is honoured until `until` (0: there is none). One that was
 * known keeps its id. False: it is no such token, and nothing has changed.
 */
bool service_set(struct service *s, const char *text, size_t len,
    const uint8_t previous[DIGEST_LEN], int64_t until);
/*
 * Replaces it. 0; or -errno, then nothing has changed. Waits for the disk; the
 * one before the one before counts no more from here on.
 */
int service_rotate(struct service *s, const char *path, int64_t grace_ms);
bool service_due(const struct service *s, const struct service_rule *rule,
    int64_t now);
/*
 * Which of the two a text is, by its id; NULL: neither, or the grace is over.
 */
const char *service_id(const struct service *s,
    const uint8_t digest[DIGEST_LEN], int64_t now);
/* Whether the one of that id still counts. */
bool service_counts(const struct service *s, const char *id, int64_t now);

#endif
