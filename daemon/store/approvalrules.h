/* SPDX-License-Identifier: MIT */
#ifndef RDV_STORE_APPROVALRULES_H
#define RDV_STORE_APPROVALRULES_H

#include <stdbool.h>
#include <stdint.h>

struct arena;
struct db;
struct tx;

/* A row of `approval_rule`. */
struct store_rule {
	const char *id, *user_id;
	const char *scope; /* session, workspace, all */
	const char *session_id,
	    *workspace_id;   /* what the scope names, or NULL */
	const char *verdict; /* allow, deny, ask */
	const char *tool;
	const char *pattern_json; /* words; [] : of a tool that runs nothing */
	const char *made_by;	  /* id of a token or cookie */
	int64_t created_at;
};

/* Strings are borrowed while it runs; false ends the walk. */
typedef bool store_rule_fn(const struct store_rule *r, void *arg);

/* 0 or -errno, here and below, and what is said beside it. */
int store_rule_insert(struct tx *tx, const struct store_rule *r);
/* RDV_E_NOT_FOUND when it is not that user's. */
int store_rule_delete(struct tx *tx, const char *user_id, const char *id);
/* All of a user, the oldest first. */
int store_rules_of(struct db *db, const char *user_id, store_rule_fn *cb,
    void *arg);
int store_rules_count(struct db *db, const char *user_id, int64_t *count);
/* The workspace that a session's worktree is of, in the arena; or NULL. */
int store_rule_workspace(struct db *db, struct arena *a, const char *session_id,
    const char **workspace_id);

/* A row of `approval_bypass`: that a session's tools are not asked about. */
struct store_bypass {
	const char *session_id, *user_id, *token_id, *via;
	int64_t since;
};
/* Keeps one that is there. */
int store_bypass_insert(struct tx *tx, const struct store_bypass *b);
/* RDV_E_NOT_FOUND: there is none. */
int
store_bypass_delete(struct tx *tx, const char *user_id, const char *session_id);
/* In the arena. RDV_E_NOT_FOUND: it is off. */
int store_bypass_get(struct db *db, struct arena *a, const char *session_id,
    struct store_bypass *out);

#endif
