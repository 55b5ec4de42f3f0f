/* SPDX-License-Identifier: MIT */
#ifndef RDV_STORE_CHAINS_H
#define RDV_STORE_CHAINS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;
struct db;
struct tx;

/* A row of `chain`. States are core/lifecycle.h's. Rows are never deleted. */
struct store_chain {
	const char *id, *session_id, *user_id, *workspace_id, *turn_id;
	const char *state, *cause;
	const char *stop; /* why it shall end; NULL: it shall not */
	int64_t created_at, ended_at;
};

/* A row of `chain_link`. NULL texts are SQL NULL. */
struct store_link {
	const char *chain_id;
	int64_t place; /* its number, from 0 */
	const char *workspace_id;
	const char *kind; /* setup, agent, cleanup, commit */
	bool beside;	  /* the next one does not wait for it */
	const char *repo_id, *script;
	const char *state, *cause, *run_id;
};

/* Strings are borrowed while it runs; false ends the walk. */
typedef bool store_chain_fn(const struct store_chain *c, void *arg);

/*
 * 0 or -errno, and what is said beside it. -EEXIST: another one runs in that
 * workspace.
 */
int store_chain_insert(struct tx *tx, const struct store_chain *c);
/* From state `from` alone, with cause and ended_at; RDV_E_STATE. */
int
store_chain_move(struct tx *tx, const struct store_chain *c, const char *from);
/* Of one that runs and shall not end yet: RDV_E_STATE. */
int store_chain_stop(struct tx *tx, const char *id, const char *why);
int store_link_insert(struct tx *tx, const struct store_link *l);
/* From state `from` alone, with cause and run_id; RDV_E_STATE. */
int
store_link_move(struct tx *tx, const struct store_link *l, const char *from);
/* RDV_E_NOT_FOUND when none runs there. In the arena. */
int store_chain_open(struct db *db, struct arena *a, const char *workspace_id,
    struct store_chain *out);
/* Of whatever user, as is what follows from a run. RDV_E_NOT_FOUND. */
int store_chain_find(struct db *db, struct arena *a, const char *id,
    struct store_chain *out);
/* That of a turn; RDV_E_NOT_FOUND. In the arena. */
int store_chain_of(struct db *db, struct arena *a, const char *turn_id,
    struct store_chain *out);
/* Of all users: those that have not ended. */
int store_chains_running(struct db *db, store_chain_fn *cb, void *arg);
/* Its links in their order, in the arena. */
int store_links_of(struct db *db, struct arena *a, const char *chain_id,
    struct store_link **out, size_t *n);
/* The link of a run; RDV_E_NOT_FOUND. In the arena. */
int store_link_of_run(struct db *db, struct arena *a, const char *run_id,
    struct store_link *out);
/*
 * Whether a repository's setup script has succeeded in a workspace; what it did
 * for a turn that is dropped is gone with that.
 */
int store_setup_done(struct db *db, const char *workspace_id,
    const char *repo_id, bool *done);

#endif
