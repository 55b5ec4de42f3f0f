/* SPDX-License-Identifier: MIT */
#ifndef RDV_OWNER_H
#define RDV_OWNER_H

#include <stdbool.h>

struct app;
struct db;
struct worktree_who;

/*
 * Whose a row is, where there is no request to say it. 0 with *who filled;
 * RDV_E_NOT_FOUND: there is no such user; -errno: it cannot be told.
 */
int owner_find(struct db *db, const char *user_id, struct worktree_who *who);
/*
 * The same, and the helper has leave to work for that account. Work for whom it
 * has none would only fail: it waits for that.
 */
bool owner_may_begin(const struct app *app, const char *user_id,
    struct worktree_who *who);

#endif
