/* SPDX-License-Identifier: MIT */
#ifndef RDV_STORE_IDEM_H
#define RDV_STORE_IDEM_H

#include <stdbool.h>
#include <stdint.h>

struct arena;
struct db;
struct tx;

/* Of a request that has begun and whose answer is not known. */
#define STORE_IDEM_INTENT 0

/* A POST that carried an Idempotency-Key, and the answer to it. */
struct store_idem {
	const char *user_id, *key;
	const char *route;  /* "POST /api/sessions" */
	const char *digest; /* of path and body, hexadecimal */
	int64_t status;	    /* of HTTP, or STORE_IDEM_INTENT */
	const char *body;   /* JSON text, or "" */
};

/* Strings are copied into the arena. 0, RDV_E_NOT_FOUND or -errno. */
int store_idem_find(struct db *db, struct arena *a, const char *user_id,
    const char *key, struct store_idem *out);
/*
 * An intent or an answer; the latter takes the place of the intent of the same
 * user and key. What has been answered is never replaced: RDV_E_EXISTS. 0 or
 * -errno.
 */
int store_idem_insert(struct tx *tx, const struct store_idem *i, int64_t now);
/* The request was refused: its intent goes, an answer stays. 0 or -errno. */
int store_idem_withdraw(struct tx *tx, const char *user_id, const char *key);
/* Rows forgotten, or -errno. */
long store_idem_expire(struct tx *tx, int64_t before);

#endif
