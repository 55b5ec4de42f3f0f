/* SPDX-License-Identifier: MIT */
#ifndef RDV_AUDITDIR_H
#define RDV_AUDITDIR_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "lib/auditchain.h"

/* One record on the way, already checked; false stops the walk. */
typedef bool auditdir_fn(const struct auditline *l, const char *text,
    size_t len, const char *file, void *arg);

struct auditdir {
	struct auditchain chain;
	unsigned files;	   /* how many were read */
	unsigned last;	   /* number of the last file; 0: there is none */
	off_t end;	   /* of the last whole record in it */
	off_t torn;	   /* bytes after that, which are no whole record */
	auditdir_fn *each; /* or NULL */
	void *arg;
};

/* The number of the last file of a log, 0 when it has none, or -errno. */
int auditdir_last(int dirfd);
/*
 * Walks the files from number `from` on. What stands at the end of the last one
 * without its newline counts as torn and is left to the caller. 0, or
 * RDV_E_CORRUPT with `bad` filled, or -errno.
 */
int auditdir_walk(struct auditdir *d, int dirfd, unsigned from,
    struct audit_damage *bad);
/*
 * A key from a file in hex. Secret ones (`secret`) must be private. 0,
 * RDV_E_MALFORMED, or as path_read_private().
 */
int auditdir_key(int dirfd, const char *name, bool secret,
    unsigned char out[AUDIT_KEY]);
/*
 * Reads a signed head from a file, as one of the chain's marks; its public key
 * must be set. 0, RDV_E_CORRUPT with `bad` filled, or -errno.
 */
int auditdir_head(struct auditdir *d, int dirfd, const char *name,
    unsigned which, struct audit_damage *bad);

#endif
