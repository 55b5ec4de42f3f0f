/* SPDX-License-Identifier: MIT */
#ifndef RDV_COPY_H
#define RDV_COPY_H

#include <stdint.h>

/*
 * Copies of files that git does not have, from one work tree to another one.
 * In: what a call may come to. Out: what it came to, and in `why` a sentence
 * with the file that could not be copied.
 */
struct copy {
	uint64_t max_files, max_bytes;
	uint64_t files, bytes;
	char why[512];
};

/*
 * What the patterns (NULL-terminated) name below directory `from`, to the same
 * places below `to`. A pattern is relative; each part of it may hold * ? [],
 * and ** is any number of directories. A file or a directory is named as it is;
 * with a wildcard in its last part a pattern means files alone. What is there
 * already stays as it is, and what is missing in `from` is not missed. 0, or
 * RDV_E_INVALID with copy->why; what was copied until then stays.
 */
int copy_files(const char *from, const char *to, char *const *patterns,
    struct copy *copy);

#endif
