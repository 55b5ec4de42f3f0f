/* SPDX-License-Identifier: MIT */
#ifndef RDV_AUDITROOM_H
#define RDV_AUDITROOM_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/*
 * Disk space of its own, ahead of the end of the log: at least this many bytes
 * while acts are taken on, some three thousand records.
 */
#define AUDIT_ROOM (1 << 20)

struct auditroom {
	off_t end; /* the log's file has its place up to here; 0: not known */
	bool none; /* this file system keeps no room */
	bool low;  /* it could not be renewed */
};

/*
 * Takes room for `file` behind its end at `size`, and in `dir` a place for the
 * next head. 0, or -errno; 0 as well where the file system keeps none.
 */
int auditroom_take(struct auditroom *r, int dir, int file, off_t size);
/*
 * The same when there is less than AUDIT_ROOM, and says in the log when that
 * begins to fail and when it no longer does.
 */
int auditroom_renew(struct auditroom *r, int dir, int file, off_t size);
/* True on a full disk when half of it has been used up. */
bool auditroom_scarce(const struct auditroom *r, off_t size);
/*
 * Replaces the file of the head as path_write_private() does, and in the place
 * that was kept for it.
 */
int auditroom_head(int dir, const void *p, size_t len);

#endif
