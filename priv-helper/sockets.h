/* SPDX-License-Identifier: MIT */
#ifndef RDV_SOCKETS_H
#define RDV_SOCKETS_H

#include <stddef.h>
#include <sys/types.h>

/* A listening socket of ours, and the inode by which it is known again. */
struct sock {
	const char *name; /* within the base directory */
	uid_t owner;	  /* whose it is */
	int fd;		  /* -1: not open */
	dev_t dev;
	ino_t ino;
};

/*
 * Listens on `base`/`s->name`, mode 0600 from the first moment. A socket left
 * behind is replaced only when it is the owner's and nobody listens on it; the
 * caller holds the lock, and has the owner's rights in the file system. 0, or
 * -errno / RDV_E_BUSY with a sentence in `why`.
 */
int sockets_open(struct sock *s, int basefd, const char *base, char *why,
    size_t whysize);
/* Closes it and removes the name if it still is the inode we made. */
void sockets_close(struct sock *s, int basefd);

#endif
