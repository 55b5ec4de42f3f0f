/* SPDX-License-Identifier: MIT */
#ifndef RDV_TRAIL_H
#define RDV_TRAIL_H

/*
 * Opens a path, from `dir` or absolute, as O_PATH, with the rights that names
 * are looked up by at the moment (security/asuser.h), and its last part as it
 * is, a link too. A link on the way is followed when it is root's or of those
 * rights' account: not of whoever owns the directory that it lies in, as that
 * may have been put there for it. 0 with `*fd`; -errno; RDV_E_DENIED: a link is
 * anybody else's.
 */
int trail_open(int dir, const char *path, int *fd);

#endif
