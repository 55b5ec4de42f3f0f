/* SPDX-License-Identifier: MIT */
#ifndef RDV_PLACE_H
#define RDV_PLACE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct arena;

/* Where repositories and their worktrees may lie. */
struct place_rules {
	const char *dir;    /* where rdv makes worktrees */
	char *const *roots; /* NULL-terminated, or NULL: nowhere */
};

/*
 * Where a path lies, found by looking at names alone: the sandbox lets no file
 * of the user's be opened here.
 */
struct place {
	const char *at; /* canonical top of the work tree around the path */
	bool linked;	/* its .git is a file: the repository is elsewhere */
};

struct place_ask {
	struct arena *arena;
	const struct place_rules *rules;
	uid_t uid; /* whose repositories they must be */
};

/*
 * 0; RDV_E_NOT_FOUND: no such directory; RDV_E_INVALID: not a plain absolute
 * path, outside the roots, in no work tree or in somebody else's. A sentence in
 * `*why`.
 */
int place_find(const struct place_ask *ask, const char *path, struct place *out,
    const char **why);
/* `top` is a main work tree under the roots: its .git is a directory. */
bool place_is_main(struct arena *a, const struct place_rules *rules,
    const char *top);
/*
 * Judges where a new worktree shall be: the canonical path in `*out`. As above,
 * and RDV_E_EXISTS when something has that name.
 */
int place_new(struct arena *a, const struct place_rules *rules,
    const char *path, const char **out, const char **why);
/*
 * Makes one of rdv's own directories, 0700, and the one it is in, where they
 * are missing; its canonical path in `*out`. 0, or RDV_E_INVALID with a
 * sentence: it cannot be, or what is there is no directory of this account.
 */
int place_make(struct arena *a, const char *path, const char **out,
    const char **why);
/* A canonical path that git may be given. */
bool place_allowed(struct arena *a, const struct place_rules *rules,
    const char *path);
/* As far as it can be resolved, or NULL. */
const char *place_real(struct arena *a, const char *path);
/* It has objects in another repository, which git may not read here. */
bool place_borrows(struct arena *a, const char *top);
/*
 * What stands in one directory can be renamed into the other. False when it
 * cannot be told.
 */
bool place_same_mount(const char *one, const char *two);
/*
 * Name of the operation a work tree is in the middle of, by what lies in its
 * git directory; "" when it cannot be told; NULL when there is none.
 */
const char *place_midway(const char *gitdir);

#endif
