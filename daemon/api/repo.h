/* SPDX-License-Identifier: MIT */
#ifndef RDV_API_REPO_H
#define RDV_API_REPO_H

#include <stdbool.h>

#include "daemon/core/worktree.h"

struct api_call;
struct store_repo;

/* The repository that {id} names; false when it was answered with a 404. */
bool repo_get(struct api_call *c, struct store_repo *r);
/* Who asks, copied: an operation may outlive its request. */
struct worktree_who repo_who(const struct api_call *c);

#endif
