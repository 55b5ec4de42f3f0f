/* SPDX-License-Identifier: MIT */
#ifndef RDV_NAMES_H
#define RDV_NAMES_H

#include <stdbool.h>
#include <stddef.h>

#include "daemon/core/worktreechange.h"
#include "lib/js.h"

struct api_call;

#define NAMES_MAX 5000

/* Names in a worktree: members `paths` and `coded` of a struct. */
#define NAMES_FIELDS(st, text)                                              \
	{ .name = "paths",                                                  \
		.kind = JS_TEXTS,                                           \
		.offset = offsetof(st, paths),                              \
		.max = NAMES_MAX,                                           \
		.help = text },                                             \
	{                                                                   \
		.name = "paths_base64", .kind = JS_TEXTS,                   \
		.offset = offsetof(st, coded), .max = NAMES_MAX,            \
		.help = "the same for names that are no UTF-8: their bytes" \
	}

/*
 * Makes a change of a worktree for who asks, about these names (both may be
 * NULL); what has failed before was answered.
 */
typedef void change_fn(struct worktrees *w, const struct worktree_who *who,
    const struct worktree_change *change, worktree_changed_fn *cb, void *arg);
void worktreechange_begin(struct api_call *c, change_fn *change,
    struct worktree_change wish, const char **paths, const char **coded,
    worktree_changed_fn *cb);
/* What a change of a worktree has come to (daemon/api/worktreechange.c). */
void worktreechange_state(struct js *o, const struct worktree_changed *how);
void worktreechange_refuse(struct api_call *c, int err,
    const struct worktree_changed *how, const char *why);

#endif
