/* SPDX-License-Identifier: MIT */
#ifndef RDV_REPLACE_H
#define RDV_REPLACE_H

/*
 * In the work tree `top` the regular file `name` becomes what the regular file
 * `temp` is, a name in `top` itself, and keeps its mode. No link is followed
 * below `top`, and nothing outside is changed. 0 or -errno: -EINVAL when one of
 * the two is no regular file. `temp` is gone in either case.
 */
int replace_file(const char *top, const char *temp, const char *name);

#endif
