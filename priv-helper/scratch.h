/* SPDX-License-Identifier: MIT */
#ifndef RDV_SCRATCH_H
#define RDV_SCRATCH_H

#include <sys/types.h>

#define SCRATCH_PATH 32

/*
 * The name of a private temporary directory for one confined run: /tmp itself
 * is shared with programs that are not confined and trust what they find there.
 * Nobody else knows it, or will ever have the same.
 */
void scratch_name(char path[SCRATCH_PATH]);
/* Makes it, the caller's. 0 or -errno. */
int scratch_make(const char *path);
/*
 * Removes it with all that is in it, by descriptor and without following
 * anything; stays on its file system. What cannot be removed stays, and what is
 * not `uid`'s; "" is fine.
 */
void scratch_remove(const char *path, uid_t uid);

#endif
