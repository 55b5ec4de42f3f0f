/* SPDX-License-Identifier: MIT */
#ifndef RDV_CREATE_H
#define RDV_CREATE_H

#include <stddef.h>

struct migration;

/*
 * Makes a new database at `path`: complete and synced under another name first,
 * so that the name stands for a whole one or for none. 0, RDV_E_FULL or -errno
 * with a sentence in `why`, and nothing left behind.
 */
int create_database(const char *path, const struct migration *list, char *why,
    size_t whysize);

#endif
