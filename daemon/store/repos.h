/* SPDX-License-Identifier: MIT */
#ifndef RDV_STORE_REPOS_H
#define RDV_STORE_REPOS_H

#include <stdbool.h>
#include <stdint.h>

struct arena;
struct db;
struct tx;

/* A row of `repo`. NULL texts are SQL NULL: nothing was said about that. */
struct store_repo {
	const char *id, *user_id;
	const char *path; /* of the main work tree, canonical */
	const char *name; /* for people; need not be unique */
	const char *setup_script, *cleanup_script, *archive_script;
	const char *dev_server_script;
	const char *copy_files_json; /* an array of patterns */
	bool parallel_setup;
	const char *working_dir; /* relative to the work tree */
	const char *default_base;
	int64_t created_at, updated_at;
	int64_t used_at; /* newest worktree rdv made of it; -1: none; read only
			  */
};

/* Strings are borrowed while it runs; false ends the walk. */
typedef bool store_repo_fn(const struct store_repo *r, void *arg);

/* At most `limit` by name and id, behind those two. */
int store_repos_list(struct db *db, const char *user_id, const char *name,
    const char *id, int64_t limit, store_repo_fn *cb, void *arg);
/* At most `limit`, the one that was used last first, then by name. */
int store_repos_recent(struct db *db, const char *user_id, int64_t limit,
    store_repo_fn *cb, void *arg);
/* Copied into the arena. 0, -errno, or RDV_E_NOT_FOUND (or another's). */
int store_repo_get(struct db *db, struct arena *a, const char *user_id,
    const char *id, struct store_repo *out);
/* The same by its path. */
int store_repo_at(struct db *db, struct arena *a, const char *user_id,
    const char *path, struct store_repo *out);
int store_repos_count(struct db *db, const char *user_id, int64_t *count);
/* 0 or -errno, here and below. */
int store_repo_insert(struct tx *tx, const struct store_repo *r);
/* Writes every field but id, user_id, path and created_at. */
int store_repo_update(struct tx *tx, const struct store_repo *r);
int store_repo_delete(struct tx *tx, const char *id);

#endif
