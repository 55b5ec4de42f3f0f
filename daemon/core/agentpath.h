/* SPDX-License-Identifier: MIT */
#ifndef RDV_AGENTPATH_H
#define RDV_AGENTPATH_H

struct app;
struct worktree_who;

/*
 * The program of that name in one of the directories of `agents.path`, the
 * first that has it, as the account sees them. Later, once: 0 and its absolute
 * path, for the callback; RDV_E_NOT_FOUND or another error with a sentence.
 */
typedef void
agentpath_fn(int err, const char *path, const char *why, void *arg);
void agentpath_find(struct app *app, const struct worktree_who *who,
    const char *name, agentpath_fn *cb, void *arg);

#endif
