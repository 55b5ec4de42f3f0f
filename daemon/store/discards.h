/* SPDX-License-Identifier: MIT */
#ifndef RDV_STORE_DISCARDS_H
#define RDV_STORE_DISCARDS_H

#include <stdbool.h>
#include <stdint.h>

struct arena;
struct db;
struct tx;

/*
 * A row of `discard`. States: taking (on its way), kept, restoring, restored,
 * failed (nothing was thrown away). Rows are never deleted.
 */
struct store_discard {
	const char *id, *user_id;
	const char *repo_path, *path;
	const char *state;
	const char *commit_id; /* NULL: not yet kept */
	const char *cause;     /* NULL unless something went wrong */
	int64_t files;
	int64_t created_at, updated_at;
};

/* 0 or -errno. */
int store_discard_insert(struct tx *tx, const struct store_discard *d);
/* Writes state and what follows it; RDV_E_NOT_FOUND. */
int store_discard_change(struct tx *tx, const struct store_discard *d);
/*
 * RDV_E_NOT_FOUND when it is not that user's, or what it kept has begun to go.
 * Strings in the arena.
 */
int store_discard_get(struct db *db, struct arena *a, const char *user_id,
    const char *id, struct store_discard *out);
/* Strings are borrowed while it runs; false ends the walk. */
typedef bool store_discard_fn(const struct store_discard *d, void *arg);
/* Of all users, in one state. */
int store_discards_in(struct db *db, const char *state, store_discard_fn *cb,
    void *arg);
/* What a user can restore, newest first. */
int store_discards_kept(struct db *db, const char *user_id,
    store_discard_fn *cb, void *arg);

#endif
