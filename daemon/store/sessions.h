/* SPDX-License-Identifier: MIT */
#ifndef RDV_STORE_SESSIONS_H
#define RDV_STORE_SESSIONS_H

#include <stdbool.h>
#include <stdint.h>

struct arena;
struct db;
struct store_run;
struct tx;

/* Every statement, for the query-plan test; ends with NULL. */
extern const char *const store_sessions_sql[];

/* A line of work. NULL texts and -1 are SQL NULL. */
struct store_session {
	const char *id, *user_id, *folder_id, *name, *status;
	const char *project_path, *repo_path;
	const char *worktree_id, *worktree_branch, *base_branch;
	const char *agent_provider, *terminal_type, *profile, *network;
	const char *network_hosts_json;
	const char *argv_json, *env_json, *run_id;
	bool is_orchestrator, clipboard;
	int64_t cols, rows, tab_order;
	int64_t last_activity_at, created_at, updated_at, closed_at;
	const char *agent_status;
	int64_t agent_status_at;
};

/* A session with its newest run or NULL; borrowed while it runs. */
typedef bool store_session_fn(const struct store_session *s,
    const struct store_run *r, void *arg);

/*
 * Which sessions: a NULL folder is any; statuses end with NULL, three at most.
 */
struct store_session_filter {
	const char *user_id, *folder_id;
	const char *status[4];
};

/* By tab_order, then age. */
int store_sessions_list(struct db *db, const struct store_session_filter *f,
    store_session_fn *cb, void *arg);
/* Calls `cb` at most once; RDV_E_NOT_FOUND when it is not that user's. */
int store_session_get(struct db *db, const char *user_id, const char *id,
    store_session_fn *cb, void *arg);
/* The same, where a conversation counts as well. */
int store_session_any(struct db *db, const char *user_id, const char *id,
    store_session_fn *cb, void *arg);
/* The same of whatever user; for what goes on by itself. */
int store_session_find(struct db *db, const char *id, store_session_fn *cb,
    void *arg);
/* Sessions not closed whose closing has begun, of all users. */
int store_sessions_closing(struct db *db, store_session_fn *cb, void *arg);
/* How many are not closed, and the next place in the order. */
int store_sessions_count(struct db *db, const char *user_id, int64_t *count,
    int64_t *next);

/* 0 or -errno, and what is said beside it. */
int store_session_insert(struct tx *tx, const struct store_session *s);
/* Writes name, clipboard and updated_at. RDV_E_NOT_FOUND. */
int store_session_update(struct tx *tx, const struct store_session *s);
/* Writes folder_id and tab_order. RDV_E_NOT_FOUND. */
int store_session_place(struct tx *tx, const struct store_session *s);
/* Of a closed session nothing of this is written: RDV_E_STATE. */
int store_session_status(struct tx *tx, const char *id, const char *status,
    int64_t now);
/*
 * The intent to close, and the close; both keep an earlier closed_at. Of
 * several who close the first one writes, the others get RDV_E_STATE.
 */
int store_session_closing(struct tx *tx, const char *id, int64_t now);
int store_session_closed(struct tx *tx, const char *id, int64_t now);
/* A new run makes it active. */
int store_session_run(struct tx *tx, const char *id, const char *run_id,
    int64_t now);
/* RDV_E_STATE: it is closed. */
int store_session_agent(struct tx *tx, const char *id, const char *status,
    int64_t now);
int store_session_touch(struct tx *tx, const char *id, int64_t now);
/* RDV_E_NOT_FOUND when it is not that user's. */
int store_session_order(struct tx *tx, const char *user_id, const char *id,
    int64_t tab_order, int64_t now);

#endif
