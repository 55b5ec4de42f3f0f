/* SPDX-License-Identifier: MIT */
#ifndef RDV_CKPT_H
#define RDV_CKPT_H

#include <stdint.h>

struct buf;

/*
 * runs/<id>.ckpt: the screen at some offset of a log, as the output that leads
 * there, so that nobody has to begin at the beginning again. It is never
 * waited for and may be missing, torn or old: then more is emulated.
 */
struct ckpt {
	uint64_t offset;
	unsigned cols, rows;
};

/* 0 or -errno. */
int ckpt_write(int dirfd, const char *run_id, const struct ckpt *c,
    const struct buf *data);
/* 0 and the bytes in `data`; -ENOENT; -EBADMSG: it is not what was written. */
int ckpt_read(int dirfd, const char *run_id, struct ckpt *c, struct buf *data);

#endif
