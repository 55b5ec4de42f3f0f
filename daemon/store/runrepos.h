/* SPDX-License-Identifier: MIT */
#ifndef RDV_STORE_RUNREPOS_H
#define RDV_STORE_RUNREPOS_H

#include <stdbool.h>
#include <stdint.h>

struct db;
struct tx;

/* A row of `run_repo`: where a repository of a workspace stood around a run. */
struct store_run_repo {
	const char *run_id;
	int64_t place; /* as in the workspace */
	const char *repo_id;
	/* Commits; NULL: there was none, or nobody could tell. */
	const char *before_head, *after_head;
};

/* Strings are borrowed while it runs; false ends the walk. */
typedef bool store_run_repo_fn(const struct store_run_repo *r, void *arg);

/* 0 or -errno. In the transaction of the start, and of the end. */
int store_run_repo_insert(struct tx *tx, const struct store_run_repo *r);
int store_run_repo_after(struct tx *tx, const struct store_run_repo *r);
/* All of a run, in their order. */
int store_run_repos(struct db *db, const char *run_id, store_run_repo_fn *cb,
    void *arg);

#endif
