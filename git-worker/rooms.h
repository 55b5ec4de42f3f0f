/* SPDX-License-Identifier: MIT */
#ifndef RDV_ROOMS_H
#define RDV_ROOMS_H

#include <stddef.h>

/*
 * Names of the directories in `dir`, in their order and behind the name
 * `after` ("": from the first on), as many as there is room for, a '/' between
 * two. 0 or -errno.
 */
int rooms_list(const char *dir, const char *after, char *out, size_t size);

#endif
