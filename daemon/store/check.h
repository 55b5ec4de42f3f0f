/* SPDX-License-Identifier: MIT */
#ifndef RDV_CHECK_H
#define RDV_CHECK_H

#include <stddef.h>

struct sqlite3;

/*
 * What can be told of a database in a few milliseconds, whatever its size; the
 * full check is `rdv doctor`'s. 0, RDV_E_CORRUPT, RDV_E_NEWER or -errno with a
 * sentence in `why`. Nothing is ever changed.
 */
/* Before SQLite sees it: the header of the file and its length. */
int check_file(const char *path, int newest, char *why, size_t whysize);
/* The same, and it is of just this version. */
int check_same(const char *path, int newest, char *why, size_t whysize);
/* After SQLite has read the log: lengths, and every table can be read. */
int
check_tables(struct sqlite3 *conn, const char *path, char *why, size_t whysize);
/* Says that `path` is damaged, and how. RDV_E_CORRUPT. */
int
check_damaged(const char *path, const char *what, char *why, size_t whysize);

#endif
