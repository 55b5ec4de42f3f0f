/* SPDX-License-Identifier: MIT */
#ifndef RDV_WORKTREEQUOTA_H
#define RDV_WORKTREEQUOTA_H

#include "daemon/core/worktreespace.h"

/* There is a limit for that account. */
bool worktree_has_quota(const struct worktrees *w, uid_t uid);
/*
 * Later, once: whether that account may have another worktree. What its
 * worktrees take by themselves is counted, as it was ten minutes ago at most,
 * and what lies in its trash. RDV_E_TOO_BIG with both numbers and the rule;
 * RDV_E_UNAVAILABLE; -errno. What is gone takes nothing. What cannot be counted
 * counts as it was last seen; what was never seen is RDV_E_TOO_BIG, too, with
 * its path and the reason.
 *
 * Who has been told 0 makes something now, and each other one of the account
 * waits until it has called worktree_quota_leave(): what two make at once
 * neither of them would have counted. `arg` is who it is.
 */
void worktree_quota(struct worktrees *w, const struct worktree_who *who,
    worktree_done_fn *cb, void *arg);
/* What it has made counts from now on; of any other `arg` nothing happens. */
void worktree_quota_leave(struct worktrees *w, const void *arg);
/* rdv is ending. */
void worktree_quota_done(struct worktrees *w);

#endif
