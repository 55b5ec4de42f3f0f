/* SPDX-License-Identifier: MIT */
#ifndef RDV_LOOKUP_H
#define RDV_LOOKUP_H

#include <stddef.h>
#include <sys/types.h>

/* Which file it is, whatever it is called; `ino` 0: none. */
struct program_id {
	dev_t dev;
	ino_t ino;
};

/*
 * The path that execve(2) is to get for `name`: a name without '/' is looked
 * for in the absolute directories of `search`, any other stays as it is and
 * counts from the child's directory. 0, -ENOENT, -EACCES (found, but nothing
 * executable), -ENAMETOOLONG.
 */
int
lookup_program(char *out, size_t size, const char *name, const char *search);

#endif
