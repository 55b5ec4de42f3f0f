/* SPDX-License-Identifier: MIT */
#ifndef RDV_STORE_IDEM_H
#define RDV_STORE_IDEM_H

#include <stdbool.h>
#include <stdint.h>

struct arena;
struct db;
struct tx;

/* The answer to a POST that carried an Idempotency-Key. */
struct store_idem {
	const char *user_id, *key;
	const char *route;  /* "POST /api/sessions" */
	const char *digest; /* of path and body, hexadecimal */
	int64_t status;
	const char *body; /* JSON text, or "" */
};

/* Strings are copied into the arena. 0, RDV_E_NOT_FOUND or -errno. */
int store_idem_find(struct db *db, struct arena *a, const char *user_id,
    const char *key, struct store_idem *out);
int store_idem_insert(struct tx *tx, const struct store_idem *i, int64_t now);
/* Rows forgotten, or -errno. */
long store_idem_expire(struct tx *tx, int64_t before);

#endif
