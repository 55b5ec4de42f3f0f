/* SPDX-License-Identifier: MIT */
#ifndef RDV_NARROW_H
#define RDV_NARROW_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

struct arena;
struct index;
struct touched;

/*
 * A look at some names instead of all: git is shown an index that has only what
 * those need, so that what it costs does not grow with the repository. What it
 * says of the names is what it says of them when it looks at everything.
 */
struct narrow {
	const char **names; /* what git is to be asked about; in the arena */
	size_t n;
	char file[PATH_MAX]; /* the index, for GIT_INDEX_FILE; "": none */
};

struct narrow_place {
	const char *top; /* of the work tree */
	const char *gitdir;
	size_t hash; /* length of an object's name in bytes */
	/* The names stay as they are: nothing is told by its directory. */
	bool exact;
};

/*
 * False when everything has to be looked at: for that much, or for a kind of
 * entry about which a part of the index does not say enough.
 */
bool narrow_make(struct narrow *nw, struct arena *a, struct index *ix,
    const struct narrow_place *p, const struct touched *t);
/* The same of `n` names; without any it is an index that is empty. */
bool narrow_names(struct narrow *nw, struct arena *a, struct index *ix,
    const struct narrow_place *p, const char *const *names, size_t n);
/*
 * Writes an index with `n` entries of `ix`, in any order, which it sorts, to a
 * new file, whose name it puts into `file`; false: "" is there.
 */
bool narrow_write(char file[PATH_MAX], struct index *ix, size_t *at, size_t n);
/* Takes the index away; again is harmless. */
void narrow_done(struct narrow *nw);
/* `name`, perhaps with a slash at its end, is one of these or lies in one. */
bool narrow_has(const struct narrow *nw, const char *name);

#endif
