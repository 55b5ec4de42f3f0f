/* SPDX-License-Identifier: MIT */
#ifndef RDV_STORE_TOKENS_H
#define RDV_STORE_TOKENS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct db;
struct tx;

/*
 * A credential as stored: the SHA-256 of its text, never the text. Strings are
 * borrowed while a callback runs.
 */
struct store_token {
	const char *id, *user_id, *name;
	const char *kind; /* "cli", "cookie", "code", "link" */
	const char *key_prefix;
	const char *hash;		  /* 64 hexadecimal digits */
	const char *page_hash;		  /* the same of a cookie's page key */
	const char *scopes;		  /* "full" or "read,approve" */
	const char *session_id;		  /* bound to it alone; or NULL */
	int64_t expires_at, last_used_at; /* -1: never */
	int64_t created_at;
	int64_t uses; /* counted of links */
	bool history; /* of a link: the past is shown too */
};

typedef bool store_token_fn(const struct store_token *t, void *arg);

/*
 * A user's credentials not revoked: expired CLI tokens too, which are to be
 * told from wrong ones, but no cookies and codes that ended before `now`.
 */
int store_tokens_live(struct db *db, const char *user_id, int64_t now,
    store_token_fn *cb, void *arg);
/* The CLI tokens of a user, newest first; expired ones are shown too. */
int store_tokens_list(struct db *db, const char *user_id, store_token_fn *cb,
    void *arg);
/* Calls `cb` at most once; RDV_E_NOT_FOUND when it is not that user's. */
int store_token_get(struct db *db, const char *user_id, const char *id,
    store_token_fn *cb, void *arg);
/* Those bound to a session that are not revoked. */
int store_tokens_bound(struct db *db, const char *session_id,
    store_token_fn *cb, void *arg);
/* 0 or -errno, here and below, and what is said beside it. */
int store_token_insert(struct tx *tx, const struct store_token *t);
/* RDV_E_NOT_FOUND when there is no such live row. */
int store_token_revoke(struct tx *tx, const char *id, int64_t now);
/* `used` in ms, as last_used_at; how often in all. */
int
store_token_touch(struct tx *tx, const char *id, int64_t used, int64_t uses);
/* Forgets all but CLI tokens that expired before `before`; rows or -errno. */
long store_tokens_prune(struct tx *tx, int64_t before);

#endif
