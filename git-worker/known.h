/* SPDX-License-Identifier: MIT */
#ifndef RDV_KNOWN_H
#define RDV_KNOWN_H

#include <stdint.h>

#include "git-worker/narrow.h"

struct dirty;

/*
 * The names of all that differs from HEAD in a work tree, as one look has found
 * them, with the index that git needs to be asked about nothing else. It is
 * the same for all who ask before something happens, and its file is there for
 * as long as one of them holds it.
 */
struct known {
	struct arena *arena;
	const char *commit; /* HEAD's */
	/* Those that git knows and those that it does not; end with NULL. */
	const char *const *names, *const *others;
	struct narrow narrow;
	int64_t epoch; /* look_epoch() */
	unsigned held;
};

/*
 * Of more names or bytes of them git is asked about everything: they are words
 * of its command line, and one index entry each.
 */
#define KNOWN_MAX   256
#define KNOWN_BYTES 65536

/*
 * Held once. NULL: they are too many, or of a kind about which a part of the
 * index does not say enough.
 */
struct known *known_make(const struct dirty *d, struct index *ix,
    const struct narrow_place *p, const char *commit);
struct known *known_hold(struct known *k);
/* NULL is nobody's. */
void known_drop(struct known *k);

#endif
