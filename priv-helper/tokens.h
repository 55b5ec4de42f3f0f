/* SPDX-License-Identifier: MIT */
#ifndef RDV_TOKENS_H
#define RDV_TOKENS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "lib/sha256.h"

#define TOKENS_MAX  8192
#define TOKENS_EACH 64 /* of one uid */

/* Files in the directory: docs/helper-protocol.md. */
#define TOKENS_FILE	     "tokens"
#define TOKENS_SERVICE	     "service-token"
#define TOKENS_SERVICE_UNTIL "service-previous"

struct token {
	uid_t uid;
	uint8_t sha256[SHA256_LEN];
	int64_t expires; /* wall clock ms; 0: never */
};

/* The tokens of all accounts, by the hash of their text; no text is kept. */
struct tokens {
	int dir; /* -1: user mode, there are none */
	struct token *list;
	size_t n;
};

/*
 * Reads them from `dir`, which is made when missing and otherwise has to be our
 * own and closed to everybody else. Sets t->dir. 0, or an error with a sentence
 * in `why`; a file that is not understood is one, and stays as it is.
 */
int tokens_open(struct tokens *t, const char *dir, char *why, size_t whysize);
void tokens_close(struct tokens *t);

/*
 * The token with that hash that has not expired at `now`, NULL: none. Takes the
 * same time whichever it is. Valid until the next change.
 */
const struct token *
tokens_find(const struct tokens *t, const uint8_t sum[SHA256_LEN], int64_t now);
/*
 * Returns once it is durable: 0, RDV_E_EXISTS for a hash that is known, for
 * whomever, RDV_E_FULL over a bound, or -errno with nothing changed. Expired
 * ones make room.
 */
int tokens_add(struct tokens *t, const struct token *token, int64_t now);
/*
 * Of that uid alone. 0, RDV_E_NOT_FOUND, or -errno: it is refused from now on,
 * but a new [ops] would find it in the file again.
 */
int tokens_remove(struct tokens *t, uid_t uid, const uint8_t sum[SHA256_LEN],
    int64_t now);
/*
 * True when that is the hash of the service token, or of the one before it
 * while that is honoured. Reads the files each time, so a new one is at once.
 */
bool tokens_is_service(const struct tokens *t, const uint8_t sum[SHA256_LEN],
    int64_t now);

#endif
