/* SPDX-License-Identifier: MIT */
#ifndef RDV_SPACE_H
#define RDV_SPACE_H

#include <stdbool.h>
#include <stdint.h>

/*
 * What a directory takes of the disk, in allocated bytes. `own` goes with it;
 * `shared` stays when it goes: files with another name outside of it, and
 * blocks that another file has too, where the file system can say so.
 */
struct space {
	uint64_t max_files; /* looked at, and no more */
	int64_t until;	    /* nor after that, monotonic; 0: at any time */
	uint64_t files, own, shared;
	bool more; /* not all of it could be seen */
};

/*
 * Adds what lies in `path`; by descriptor, through no link and into nothing
 * that is mounted there. 0 or -errno of the directory itself.
 */
int space_count(const char *path, struct space *s);

#endif
