/* SPDX-License-Identifier: MIT */
#ifndef RDV_STORE_TRANSFERS_H
#define RDV_STORE_TRANSFERS_H

#include <stdbool.h>
#include <stdint.h>

struct arena;
struct db;
struct tx;

/*
 * A row of `transfer`. States: making (its directory may be there or not),
 * reading (that becomes a picture of the repository), working (git is at the
 * remote), asking (whether what was pushed has arrived), landing (what came is
 * written into the repository), clearing (`outcome` is known); and at the end
 * done, failed or cancelled.
 */
struct store_transfer {
	const char *id, *user_id;
	const char *kind; /* push, fetch, pull */
	const char *path; /* canonical top of the worktree it is asked in */
	const char *repo_path;
	const char *remote, *url; /* no credential in it */
	const char *branch;	  /* of the worktree; NULL: of a fetch */
	const char *target;	  /* the remote's; the same */
	const char *commit;	  /* what is pushed */
	const char *lease; /* where it must be; "": nowhere; NULL: no force */
	bool upstream, prune;
	const char *temp_path;
	const char *identity; /* of that, as rdv-git says it; NULL: unknown */
	const char *state, *outcome;
	bool cancelled;	   /* somebody has asked for that */
	const char *code;  /* why it failed, for programs */
	const char *cause; /* and for people */
	const char *said_json;
	int64_t changed; /* references of the repository */
	int64_t created_at, updated_at;
};

/* 0 or -errno, and what is said beside it. */
int store_transfer_insert(struct tx *tx, const struct store_transfer *t);
/* Writes identity, state and what stands after it, without created_at. */
int store_transfer_change(struct tx *tx, const struct store_transfer *t);
/* All of that user's that have ended but the newest `keep`. */
int store_transfers_trim(struct tx *tx, const char *user_id, int64_t keep);
/* RDV_E_NOT_FOUND when it is not that user's. Strings in the arena. */
int store_transfer_get(struct db *db, struct arena *a, const char *user_id,
    const char *id, struct store_transfer *out);
/* Strings are borrowed while it runs; false ends the walk. */
typedef bool store_transfer_fn(const struct store_transfer *t, void *arg);
/* A user's newest `limit`, newest first. */
int store_transfers_list(struct db *db, const char *user_id, int64_t limit,
    store_transfer_fn *cb, void *arg);
/* All in one state, oldest first. */
int store_transfers_in(struct db *db, const char *state, store_transfer_fn *cb,
    void *arg);
/* Copied into the arena. */
struct store_transfer
store_transfer_copy(struct arena *a, const struct store_transfer *t);

#endif
