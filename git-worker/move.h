/* SPDX-License-Identifier: MIT */
#ifndef RDV_MOVE_H
#define RDV_MOVE_H

/*
 * The directory `from` becomes `to`, in one step and on one file system; what
 * both lie in is no link. 0 or -errno: whatever is at `to` stays, unless it is
 * an empty directory.
 */
int move_tree(const char *from, const char *to);

#endif
