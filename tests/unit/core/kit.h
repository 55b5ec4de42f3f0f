/* SPDX-License-Identifier: MIT */
#ifndef RDV_TEST_KIT_H
#define RDV_TEST_KIT_H

#include <stdbool.h>
#include <stddef.h>

#include "daemon/core/worktreeremove.h"
#include "lib/porcelain.h"

/* Operations on worktrees, waited for, and what came of them. */
struct outcome {
	bool done;
	int err;
	char why[512], path[512], branch[256], id[64];
	bool created;
	unsigned reasons, notes;
	struct wt_status status;
	char status_branch[128];
	size_t n;
	char list[2048]; /* "path branch\n" each */
};

/* Of live.repo, for a new branch. */
struct worktree_spec kit_spec(const char *branch);
struct outcome kit_create(const struct worktree_spec *s);
/* The same, which must succeed. */
struct outcome kit_make(const char *branch);
struct outcome kit_drop(const char *path, bool force);
struct outcome kit_restore(const char *id);
struct outcome kit_empty(const char *id);
struct outcome kit_status(const char *path);
/* `why` is the sentence about them. */
struct outcome kit_states(const char *path);
struct outcome kit_list(const char *path);
/* For those who ask many at once. */
void kit_made_cb(int err, const struct worktree_made *made, const char *why,
    void *arg);
void kit_moved_cb(int err, const struct worktree_moved *m, const char *why,
    void *arg);

/* The row with this id. */
void kit_state_is(const char *id, const char *state);
void kit_ok(const struct outcome *o);
void kit_refused(const struct outcome *o, int err, const char *word);

#endif
