/* SPDX-License-Identifier: MIT */
#ifndef RDV_PROGRAM_H
#define RDV_PROGRAM_H

#include <sys/types.h>

struct arena;

/* Where a program may be found, and where it may not. */
struct program_ask {
	struct arena *arena;
	uid_t uid;		 /* for whom; root's are anybody's */
	const char *const *dirs; /* absolute, NULL-terminated, the first wins */
	const char *trees;	 /* where rdv makes worktrees: never there */
};

/*
 * An executable file of that name that nobody but root and the account can
 * replace: neither it, nor a directory on the way to it, nor a link there. 0
 * and its path as it was found; RDV_E_NOT_FOUND; RDV_E_INVALID with a sentence
 * when there is none but such that somebody else could replace. An absolute
 * name is that file itself, judged in the same way.
 */
int program_find(const struct program_ask *ask, const char *name,
    const char **path, const char **why);

#endif
