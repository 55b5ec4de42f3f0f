/* SPDX-License-Identifier: MIT */
#ifndef RDV_ERASE_H
#define RDV_ERASE_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Deleting a directory of the account's, and what can be known of it before.
 * Everything below it is reached from a descriptor of what it lies in, no link
 * is followed, and what is mounted there is not entered.
 */

/*
 * What tells one directory from any other that ever had its name. A device's
 * number changes when it is mounted again, and an inode's is used again: so
 * with the time when it was made, where that is known.
 */
struct erase_id {
	uint64_t dev, ino;
	uint64_t born; /* ns since the epoch; 0: the file system cannot say */
};

struct erase {
	uint64_t max_files, max_bytes; /* to be counted, then no more */
	int64_t until;	       /* nor after that, monotonic; 0: at any time */
	uint64_t files, bytes; /* counted */
	bool more;	       /* something is left */
	char why[256];	       /* the first thing that went wrong */
};

/* 0 or -errno: -ENOENT when it is not there. */
int erase_identify(const char *path, struct erase_id *id);
/* The same of a name in an open directory, which no link can stand for. */
int erase_identify_at(int fd, const char *name, struct erase_id *id);
bool erase_same(const struct erase_id *a, const struct erase_id *b);
/* Counts what is in it and changes nothing. As erase_tree(). */
int erase_weigh(const char *path, struct erase *e);
/*
 * Deletes it, as far as that goes within e's bounds, and something of it in any
 * case; what is not there is deleted. 0 (then see e->more), or -errno and a
 * sentence: nothing but what was counted is gone. -ESTALE: it is another one
 * than `id`, and untouched. -ENODEV: it may lie on what is not mounted now.
 */
int erase_tree(const char *path, const struct erase_id *id, struct erase *e);

#endif
