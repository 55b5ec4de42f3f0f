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
 * rotation the old one is honoured for a day, so that a proxy that was not yet
 * reloaded is not cut off.
 */
struct service {
	char id[UUID_TEXT];
	uint8_t digest[DIGEST_LEN];
	uint8_t previous[DIGEST_LEN];
	int64_t created_at;
	int64_t previous_until; /* 0: there is none */
};

/*
 * Reads the token, or makes one when the file is missing, or when `rotate_ms`
 * is positive and the token is older. 0, or an error with a sentence.
 */
int service_load(struct service *s, const char *path, int64_t rotate_ms,
    char *why, size_t whysize);
/* In system mode: the text that [main] brings. False: it is no such token. */
bool service_set(struct service *s, const char *text, size_t len);
bool service_is(const struct service *s, const uint8_t digest[DIGEST_LEN],
    int64_t now);

#endif
