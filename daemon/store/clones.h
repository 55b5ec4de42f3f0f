/* SPDX-License-Identifier: MIT */
#ifndef RDV_STORE_CLONES_H
#define RDV_STORE_CLONES_H

#include <stdbool.h>
#include <stdint.h>

struct arena;
struct db;
struct tx;

/*
 * A row of `clone`. States: making (its directory may be there or not), cloning
 * (git is at work in it), landing (it is whole, and is being renamed), undoing;
 * and at the end ready, failed or cancelled.
 */
struct store_clone {
	const char *id, *user_id;
	const char *url;       /* has no credential in it */
	const char *path;      /* where it shall be, canonical */
	const char *temp_path; /* where it is made, beside that */
	const char *identity;  /* of that, as rdv-git says it; NULL: unknown */
	const char *name;      /* for people; NULL: that of its directory */
	const char *branch, *filter; /* NULL: not wished */
	int64_t depth;		     /* -1: all of it */
	bool sparse, submodules;
	const char *state;
	bool cancelled;	       /* somebody has asked for that */
	const char *cause;     /* NULL unless something went wrong */
	const char *said_json; /* what git said, an array; NULL: nothing */
	const char *repo_id;   /* NULL: not made known */
	int64_t created_at, updated_at;
};

/* 0 or -errno, and what is said beside it. */
int store_clone_insert(struct tx *tx, const struct store_clone *c);
/* Writes identity, state, cancelled, cause, said_json, repo_id, updated_at. */
int store_clone_change(struct tx *tx, const struct store_clone *c);
/* All of that user's that have ended but the newest `keep`. */
int store_clones_trim(struct tx *tx, const char *user_id, int64_t keep);
/* RDV_E_NOT_FOUND when it is not that user's. Strings in the arena. */
int store_clone_get(struct db *db, struct arena *a, const char *user_id,
    const char *id, struct store_clone *out);
/* Strings are borrowed while it runs; false ends the walk. */
typedef bool store_clone_fn(const struct store_clone *c, void *arg);
/* A user's newest `limit`, newest first. */
int store_clones_list(struct db *db, const char *user_id, int64_t limit,
    store_clone_fn *cb, void *arg);
/* All in one state, oldest first. */
int store_clones_in(struct db *db, const char *state, store_clone_fn *cb,
    void *arg);
/* Copied into the arena. */
struct store_clone
store_clone_copy(struct arena *a, const struct store_clone *c);

#endif
