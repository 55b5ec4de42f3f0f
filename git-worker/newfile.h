/* SPDX-License-Identifier: MIT */
#ifndef RDV_NEWFILE_H
#define RDV_NEWFILE_H

#include <stdbool.h>
#include <sys/types.h>

/*
 * A file that gets its name when all of it is there, and nobody's place. Where
 * the file system can, it has none until then (O_TMPFILE), so that who is
 * killed leaves nothing behind.
 */
struct newfile {
	int dir;       /* the caller's */
	int fd;	       /* to write to */
	char half[40]; /* its name until then; "": none */
};

/* A seam for tests: true makes it do without O_TMPFILE. */
void newfile_force_named(bool on);
/* 0 or -errno; with 0 one of the two below has to follow. */
int newfile_open(struct newfile *f, int dir, mode_t mode);
/* Gives it its name. 0 or -errno; -EEXIST: that is taken, and stays. */
int newfile_place(struct newfile *f, const char *name);
/* It is not to be. */
void newfile_drop(struct newfile *f);

#endif
