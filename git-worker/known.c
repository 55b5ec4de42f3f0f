/* SPDX-License-Identifier: MIT */
/*
 * A question about what differs is one about the names that differ, once those
 * are known. Invariant: nothing but these names differed at `epoch`, so that
 * git's word about them is its word about the tree.
 */
#include "git-worker/known.h"

#include <stdlib.h>
#include <string.h>

#include "git-worker/dirty.h"
#include "lib/arena.h"
#include "lib/xalloc.h"

/* No entry has this name: without a name git would tell of all. */
static const char *const nothing[] = { ".git", NULL };

static bool
fits(const char *const *names, size_t n, const char *const *others, size_t more)
{
	size_t bytes = 0;

	for (size_t i = 0; i < n; i++)
		bytes += strlen(names[i]) + 1;
	for (size_t i = 0; i < more; i++)
		bytes += strlen(others[i]) + 1;
	return n + more <= KNOWN_MAX && bytes <= KNOWN_BYTES;
}

struct known *
known_make(const struct dirty *d, struct index *ix,
    const struct narrow_place *p, const char *commit)
{
	struct known *k = xcalloc(1, sizeof(*k));
	const char **names, **others;
	size_t n, more;

	k->held = 1;
	k->arena = arena_new();
	names = arena_alloc(k->arena, (KNOWN_MAX + 1) * sizeof(*names));
	others = arena_alloc(k->arena, (KNOWN_MAX + 1) * sizeof(*others));
	n = dirty_names(d, k->arena, false, names, KNOWN_MAX + 1);
	more = dirty_names(d, k->arena, true, others, KNOWN_MAX + 1);
	if (!fits(names, n, others, more) ||
	    !narrow_names(&k->narrow, k->arena, ix, p, names, n)) {
		known_drop(k);
		return NULL;
	}
	names[n] = others[more] = NULL;
	k->names = n == 0 ? nothing : names;
	k->others = more == 0 ? nothing : others;
	k->commit = arena_strdup(k->arena, commit);
	return k;
}

struct known *
known_hold(struct known *k)
{
	k->held++;
	return k;
}

void
known_drop(struct known *k)
{
	if (k == NULL || --k->held > 0)
		return;
	narrow_done(&k->narrow);
	arena_free(k->arena);
	free(k);
}
