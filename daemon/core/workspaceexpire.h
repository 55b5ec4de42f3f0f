/* SPDX-License-Identifier: MIT */
#ifndef RDV_WORKSPACEEXPIRE_H
#define RDV_WORKSPACEEXPIRE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct store_workspace;
struct workspaces;
struct worktree_who;

/*
 * A round of that account's: at most two workspaces that nobody has touched for
 * workspaces.expire_days are archived, those first that lie longest; none in
 * its `first` round of this rdvd. `s` NULL is fine.
 */
void workspaces_expire(struct workspaces *s, uid_t uid, bool first);
/*
 * Tells of those that would be, later: each, when it was last touched, and in
 * the end NULL once, also when not all could be looked at (`more`).
 */
typedef void workspace_due_fn(const struct store_workspace *w, int64_t touched,
    bool more, void *arg);
void workspaces_due(struct workspaces *s, const struct worktree_who *who,
    workspace_due_fn *cb, void *arg);

#endif
