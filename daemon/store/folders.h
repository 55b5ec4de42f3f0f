/* SPDX-License-Identifier: MIT */
#ifndef RDV_STORE_FOLDERS_H
#define RDV_STORE_FOLDERS_H

#include <stdbool.h>
#include <stdint.h>

struct arena;
struct db;
struct tx;

/* A place in a user's tree. NULL texts are SQL NULL. */
struct store_folder {
	const char *id, *user_id, *parent_id;
	const char *name, *path, *color, *icon;
	bool collapsed;
	int64_t sort_order, created_at, updated_at;
};

/* Strings are borrowed while it runs; false ends the walk. */
typedef bool store_folder_fn(const struct store_folder *f, void *arg);

int store_folders_list(struct db *db, const char *user_id, store_folder_fn *cb,
    void *arg);
/* Direct children, by sort_order. */
int store_folder_children(struct db *db, const char *user_id, const char *id,
    store_folder_fn *cb, void *arg);
/* Copied into the arena. 0, -errno, or RDV_E_NOT_FOUND (or another's). */
int store_folder_get(struct db *db, struct arena *a, const char *user_id,
    const char *id, struct store_folder *out);
/* Largest sort_order of the user plus one; how many folders there are. */
int store_folders_count(struct db *db, const char *user_id, int64_t *next,
    int64_t *count);
/* 0 or -errno, here and below. */
int store_folder_insert(struct tx *tx, const struct store_folder *f);
/* Writes every field but id, user_id and created_at. */
int store_folder_update(struct tx *tx, const struct store_folder *f);
/* RDV_E_NOT_FOUND when it is not that user's. */
int store_folder_order(struct tx *tx, const char *user_id, const char *id,
    int64_t sort_order, int64_t now);
/* Hands children and sessions of `id` to `parent_id`, which may be NULL. */
int store_folder_lift(struct tx *tx, const char *id, const char *parent_id,
    int64_t now);
int store_folder_delete(struct tx *tx, const char *id);
/* The ids of sessions that stand in a folder, closed ones left out. */
int store_folder_sessions(struct db *db, const char *id,
    bool (*cb)(const char *session_id, void *arg), void *arg);

#endif
