/* SPDX-License-Identifier: MIT */
#ifndef RDV_DIRTY_H
#define RDV_DIRTY_H

#include <stdbool.h>
#include <stddef.h>

struct arena;
struct narrow;
struct wt_status;

/* What of a work tree git's status names, so that a part can be told anew. */
struct dirty;

struct dirty *dirty_new(void);
void dirty_free(struct dirty *d);
/*
 * Of `git status --porcelain=v2 -z` without renames. False: it is not
 * understood, or it is too much to be kept.
 */
bool dirty_read(struct dirty *d, const char *text, size_t len);
/*
 * In place of what it had of the names of `nw` what `git ls-files -z -t
 * --deleted --modified --others --directory` says of them. False as above, and
 * then it has to be read anew.
 */
bool dirty_renew(struct dirty *d, const struct narrow *nw, const char *text,
    size_t len);
/* How many entries it has, or had when it was read. */
size_t dirty_len(const struct dirty *d);
/*
 * Copies of the names that git does not know, or of all others: at most `max`,
 * each once. How many there are.
 */
size_t dirty_names(const struct dirty *d, struct arena *a, bool unknown,
    const char **names, size_t max);
/* The numbers of entries; the rest of `out` stays. */
void dirty_count(const struct dirty *d, struct wt_status *out);

#endif
