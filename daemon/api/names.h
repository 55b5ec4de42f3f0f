/* SPDX-License-Identifier: MIT */
#ifndef RDV_NAMES_H
#define RDV_NAMES_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/js.h"

struct api_call;
struct worktree_changed;

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

/* Both lists in one, NULL when they are empty; false when it has failed. */
bool names_of(struct api_call *c, const char **paths, const char **coded,
    const char *const **out);

/* What a change of a worktree has come to (daemon/api/worktreechange.c). */
void worktreechange_state(struct js *o, const struct worktree_changed *how);
void worktreechange_refuse(struct api_call *c, int err,
    const struct worktree_changed *how, const char *why);

#endif
