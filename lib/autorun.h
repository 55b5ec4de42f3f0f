/* SPDX-License-Identifier: MIT */
#ifndef RDV_AUTORUN_H
#define RDV_AUTORUN_H

/*
 * Who runs what stands in that file of a worktree without being told to, as an
 * editor's tasks or the hooks of an agent: a word for people, static. NULL:
 * none that is known here. `path` is below the worktree, with "/" at its end if
 * it is a directory.
 */
const char *autorun_by(const char *path);

#endif
