/* SPDX-License-Identifier: MIT */
#ifndef RDV_DIFFDOC_H
#define RDV_DIFFDOC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct js;
struct narrow;

/*
 * Which files of a work tree differ from one commit, kept so that whoever knows
 * it as it was at some token is told what has become of it since. A token grows
 * with each change, also from one worker to the next.
 */
struct diffdoc;

/* Of one answer: more is left out, and it says so. */
#define DIFFDOC_FILES 2000

/* `top` is that of the work tree, and outlives it. */
struct diffdoc *diffdoc_new(const char *top);
void diffdoc_free(struct diffdoc *d);
int64_t diffdoc_token(const struct diffdoc *d);
/* The commit or tree that it is compared with; NULL: it has nothing yet. */
const char *diffdoc_from(const struct diffdoc *d);
/* What it has is complete, so that a part of it can be told anew. */
bool diffdoc_whole(const struct diffdoc *d);
/*
 * Takes the result of a "diffstat" (daemon/core/gitshape.c), about the names of
 * `nw`, or NULL: about all. `gitdir` is the tree's own git directory, where it
 * is seen what is open; NULL: not known. False: that has to be asked about all.
 */
bool diffdoc_take(struct diffdoc *d, const struct js *result,
    const struct narrow *nw, const char *gitdir);
/*
 * The answer to who knows it as of `since`: {"token", "from", "whole", "total",
 * "added", "removed", "truncated", "operation", "files", "gone"}. While an
 * operation is open each write of the index is a change: of a conflict that is
 * settled nothing else may tell. With "whole" true the
 * files are all that it has; otherwise those that were changed, and the names
 * of those that do not differ any more. `totals`: without either.
 */
struct js *diffdoc_since(const struct diffdoc *d, int64_t since, bool totals);

#endif
