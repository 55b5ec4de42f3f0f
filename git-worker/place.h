/* SPDX-License-Identifier: MIT */
#ifndef RDV_PLACE_H
#define RDV_PLACE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct arena;

/* Where repositories and their worktrees may lie. */
struct repo_rules {
	const char *dir;    /* where rdv makes worktrees */
	char *const *roots; /* NULL-terminated, or NULL: nowhere */
};

/*
 * Where a path lies, found by looking at names alone: rdvd may not open files
 * outside its own state.
 */
struct repo_place {
	const char *at; /* canonical top of the work tree around the path */
	bool linked;	/* its .git is a file: the repository is elsewhere */
};

struct repo_ask {
	struct arena *arena;
	const struct repo_rules *rules;
	uid_t uid; /* whose repositories they must be */
};

/*
 * 0; RDV_E_NOT_FOUND: no such directory; RDV_E_INVALID: not a plain absolute
 * path, outside the roots, in no work tree or in somebody else's. A sentence in
 * `*why`.
 */
int repo_find(const struct repo_ask *ask, const char *path,
    struct repo_place *out, const char **why);
/* `top` is a main work tree under the roots: its .git is a directory. */
bool
repo_is_main(struct arena *a, const struct repo_rules *rules, const char *top);
/*
 * Judges where a new worktree shall be: the canonical path in `*out`. As above,
 * and RDV_E_EXISTS when something has that name.
 */
int repo_new_path(struct arena *a, const struct repo_rules *rules,
    const char *path, const char **out, const char **why);
/* It has objects in another repository, which git may not read here. */
bool repo_borrows(struct arena *a, const char *top);
/* The directory a path is in. */
const char *repo_parent(struct arena *a, const char *path);
/*
 * What stands in one directory can be renamed into the other. False when it
 * cannot be told.
 */
bool repo_same_mount(const char *one, const char *two);
/* True when lstat(2) says there is nothing of this name. */
bool repo_absent(const char *path);
/*
 * Name of the operation a work tree is in the middle of, by what lies in its
 * git directory; "" when it cannot be told; NULL when there is none.
 */
const char *repo_midway(const char *gitdir);

#endif
