/* SPDX-License-Identifier: MIT */
#ifndef RDV_MOUNTS_H
#define RDV_MOUNTS_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Whether something is mounted at `dir` or below it, by the text of
 * /proc/<pid>/mountinfo (proc_pid_mountinfo(5)). Also true when that has no "/"
 * in it and so is not the whole of one.
 */
bool mounts_below(const char *text, size_t len, const char *dir);

#endif
