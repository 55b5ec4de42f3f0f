/* SPDX-License-Identifier: MIT */
#ifndef RDV_WATCH_H
#define RDV_WATCH_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Whether anything has happened in a work tree that git's answers depend on.
 * The kernel tells of a change before the call that makes it returns, so that
 * whoever asks after a change finds it told. It does not tell of what is
 * written through a mapping before that ends, nor by another name of the file
 * outside of the tree: git's word is only kept for showing it.
 */
enum watch_state {
	WATCH_STILL,   /* nothing has happened since watch_begin() */
	WATCH_CHANGED, /* something has */
	WATCH_BLIND,   /* not everything is watched, or not any more */
	WATCH_STALE    /* the repository is another one, or set up otherwise */
};

/* Where things are; absolute, without a slash at the end. */
struct watch_place {
	const char *top;    /* of the work tree */
	const char *gitdir; /* its own git directory */
	const char *common; /* the repository's; may be the same */
};

struct touched;
struct watch;

struct watch *watch_new(void);
void watch_free(struct watch *w);
/*
 * Watches everything anew, but for directories of the work tree that stand in
 * `skip`, sorted names relative to the top: what git ignores as a whole. False
 * when something cannot be watched, with the reason in watch_why().
 */
bool watch_build(struct watch *w, const struct watch_place *p,
    const char *const *skip, size_t nskip);
/* Why it is blind, as a sentence, or NULL. */
const char *watch_why(const struct watch *w);
/* It is to be built anew: what is not watched matters after all. */
void watch_lose(struct watch *w);
/* What happens from now on is a change again. */
void watch_begin(struct watch *w);
/* Reads all that the kernel has told by now. */
enum watch_state watch_look(struct watch *w);
/*
 * What changed since the caller cleared it: names in the work tree, or all when
 * it is something that git's answers depend on everywhere.
 */
struct touched *watch_touched(struct watch *w);
/* For poll(2): there is something to be told; -1: nothing is watched. */
int watch_fd(const struct watch *w);

#endif
