/* SPDX-License-Identifier: MIT */
#ifndef RDV_STORE_APPROVALS_H
#define RDV_STORE_APPROVALS_H

#include <stdbool.h>
#include <stdint.h>

struct arena;
struct db;
struct tx;

/*
 * A row of `approval`. States: pending; and once, for good, approved, denied,
 * answered, timed_out, withdrawn (its run was being stopped, or wants no answer
 * any more) or lapsed (nobody was left to be told, nothing was granted).
 */
struct store_approval {
	const char *id, *user_id, *session_id, *run_id;
	const char *kind; /* tool, question, plan */
	const char *key;  /* the agent's own; "": what was over the bounds */
	const char *tool, *command; /* NULL: no text for a shell */
	const char *argv_json;	    /* NULL: no words */
	const char *input_json;	    /* NULL: none */
	const char *cwd, *env_json; /* NAME=value, sorted; NULL: none */
	const char *profile, *digest;
	const char *asked_by; /* id of a token; NULL: rdv itself */
	const char *state, *reason, *answers_json;
	const char *decided_user, *decided_token; /* ids */
	const char *decided_via; /* token, cookie; rule, bypass, bound */
	int64_t decided_at, delivered_at; /* -1: not yet */
	int64_t deadline_at, repeats, created_at;
};

/* Strings are borrowed while it runs; false ends the walk. */
typedef bool store_approval_fn(const struct store_approval *p, void *arg);

/* 0 or -errno, here and below, and what is said beside it. */
int store_approval_insert(struct tx *tx, const struct store_approval *p);
/*
 * From pending: writes state, reason, answers_json, decided_* and delivered_at.
 * RDV_E_STATE when it is pending no more.
 */
int store_approval_end(struct tx *tx, const struct store_approval *p);
/* `at` -1: who asked was not told after all. */
int store_approval_delivered(struct tx *tx, const char *id, int64_t at);
/*
 * Of one that is pending, or granted and not delivered. RDV_E_STATE of others.
 */
int store_approval_lapse(struct tx *tx, const char *id, int64_t now);
/* One more over the bounds. RDV_E_NOT_FOUND: the run has no such row yet. */
int store_approval_repeat(struct tx *tx, const char *run_id, const char *tool,
    int64_t now);

/* RDV_E_NOT_FOUND when it is not that user's. Strings in the arena. */
int store_approval_get(struct db *db, struct arena *a, const char *user_id,
    const char *id, struct store_approval *out);
int store_approval_by_key(struct db *db, struct arena *a, const char *run_id,
    const char *key, struct store_approval *out);

/* NULL is any. A page begins behind the id `before`, or with the newest. */
struct store_approval_filter {
	const char *user_id, *session_id, *run_id;
	const char *state; /* NULL: all but pending */
	const char *before;
	int64_t limit;
};
/* Newest first. */
int store_approvals_list(struct db *db, const struct store_approval_filter *f,
    store_approval_fn *cb, void *arg);
/* Of all users: pending, or granted and not delivered. */
int store_approvals_open(struct db *db, store_approval_fn *cb, void *arg);
/* The same of one run. */
int store_approvals_open_of(struct db *db, const char *run_id,
    store_approval_fn *cb, void *arg);
/* Of all users: pending past their deadline. */
int store_approvals_due(struct db *db, int64_t now, store_approval_fn *cb,
    void *arg);
/* The earliest deadline of all that are pending; -1: none is. */
int store_approvals_next(struct db *db, int64_t *deadline);
/* Of a user and a run: how many are pending, and how many rows the run has. */
struct store_approval_counts {
	int64_t user_pending, run_pending, run_all;
};
int store_approvals_count(struct db *db, const char *user_id,
    const char *run_id, struct store_approval_counts *out);

/* One attempt to decide; `number` counts from 1. */
struct store_attempt {
	const char *approval_id;
	int64_t number;
	const char *user_id, *token_id, *via, *verdict;
	const char *outcome; /* decided, late, digest, kind, self */
	int64_t created_at;
};
typedef bool store_attempt_fn(const struct store_attempt *t, void *arg);
/* Numbers it itself; of the first `most` of an approval only. */
int store_attempt_insert(struct tx *tx, const struct store_attempt *t,
    int64_t most);
/* In their order. */
int store_attempts_of(struct db *db, const char *approval_id,
    store_attempt_fn *cb, void *arg);

#endif
