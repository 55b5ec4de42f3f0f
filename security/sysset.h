/* SPDX-License-Identifier: MIT */
#ifndef RDV_SYSSET_H
#define RDV_SYSSET_H

#include <stddef.h>

/*
 * Named sets of system calls. Members are sorted; one that begins with '@'
 * includes another set.
 */
struct sysset {
	const char *name;
	const char *help;
	const char *const *members; /* NULL-terminated */
};

/* In order of name; ends with a NULL name. */
extern const struct sysset syssets[];

/*
 * Calls `fn` for every system call in the set, included sets first. Stops at
 * and returns the first non-zero result; -ENOENT for an unknown set.
 */
int sysset_walk(const char *name, int (*fn)(const char *syscall, void *arg),
    void *arg);

#endif
