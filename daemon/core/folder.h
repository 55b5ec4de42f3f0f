/* SPDX-License-Identifier: MIT */
#ifndef RDV_FOLDER_H
#define RDV_FOLDER_H

#include <stdbool.h>
#include <stdint.h>

#include "daemon/store/folders.h"

struct arena;
struct js;
struct tx;

#define FOLDERS_MAX 1000 /* per user */

/* What is wanted of a folder; a NULL text with its flag set clears it. */
struct folder_spec {
	bool has_name, has_path, has_parent, has_color, has_icon, has_collapsed,
	    has_order;
	const char *name, *path, *parent_id, *color, *icon;
	bool collapsed;
	int64_t sort_order;
};

/*
 * The rules of the tree: a parent is the user's own, no folder lies inside
 * itself, and taking one away takes nothing else away. Each writes rows and
 * events into `tx`. 0; RDV_E_INVALID or RDV_E_FULL with a sentence in `*why`;
 * or -errno. Not 0: `tx` is to be aborted. Results live in the arena.
 */
int folder_create(struct tx *tx, struct arena *a, const char *user_id,
    const struct folder_spec *spec, struct store_folder *out, const char **why);
int folder_update(struct tx *tx, struct arena *a, struct store_folder *f,
    const struct folder_spec *spec, const char **why);
/* Children and sessions move up to the parent. */
int folder_delete(struct tx *tx, const struct store_folder *f);
/* sort_order becomes the place in `ids`; RDV_E_NOT_FOUND: *why is the id. */
int folder_reorder(struct tx *tx, const char *user_id, const char *const *ids,
    const char **why);

/* As clients and events have it (contract 2.3); the caller's. */
struct js *folder_json(const struct store_folder *f);

#endif
