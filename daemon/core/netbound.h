/* SPDX-License-Identifier: MIT */
#ifndef RDV_NETBOUND_H
#define RDV_NETBOUND_H

#include <stdint.h>

#include "daemon/core/allowance.h"
#include "daemon/core/worktree.h"

struct netbound;

/*
 * How much a git with a network may bring into `dir`, which is its own. From
 * the loop, at most once: more has come, and git is to be ended. The sentence
 * names the rule, and is the bound's.
 */
typedef void netbound_over_fn(const char *why, void *arg);
struct netbound *netbound_new(struct worktrees *w,
    const struct worktree_who *who, const char *dir,
    const struct allowance *max, netbound_over_fn *over, void *arg);
/* So many bytes are here by git's own word; -1: it has not said. */
void netbound_heard(struct netbound *b, int64_t bytes);
/*
 * git has ended: one more look, since the last one. Later, once: 0;
 * RDV_E_TOO_BIG, also when that was told before, or where a part of it cannot
 * be looked at; RDV_E_UNAVAILABLE or another error: it could not be counted,
 * nor a second time. Each with a sentence.
 */
typedef void netbound_end_fn(int err, const char *why, void *arg);
void netbound_end(struct netbound *b, netbound_end_fn *end);
/* Nothing is called any more; NULL is fine. */
void netbound_free(struct netbound *b);

#endif
