/* SPDX-License-Identifier: MIT */
#ifndef RDV_WRK_ADOPT_H
#define RDV_WRK_ADOPT_H

/*
 * The objects and packs in `from` become those of `to`, both object directories
 * of git's, of one hash and neither of them a link; what git has not finished
 * there (tmp_*) stays. 0, durable; or -errno, and the same call goes on where
 * it ended: what is taken already is no more in `from`, or is in both.
 */
int adopt_objects(const char *from, const char *to);

#endif
