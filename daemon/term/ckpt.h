/* SPDX-License-Identifier: MIT */
#ifndef RDV_CKPT_H
#define RDV_CKPT_H

#include <stddef.h>
#include <stdint.h>

struct emu;
struct ckpt_in;
struct ckpt_out;

/*
 * runs/<id>.ckpt: the emulator at some offset of a log (daemon/emu/save.h), so
 * that nobody has to begin at the beginning again. It is never waited for and
 * may be missing, torn or old: then more is emulated. It is read and written in
 * steps of CKPT_STEP bytes. Lines above the screen that are more than CKPT_MAX
 * are not in it; the screens are, whatever they take: 21 MiB for the largest
 * two with nothing but colours.
 */
#define CKPT_STEP 65536
#define CKPT_MAX  (8u << 20)

struct ckpt {
	uint64_t offset;
	unsigned cols, rows;
	uint64_t len;
};

/* 0; -ENOENT; -EBADMSG: it is no checkpoint; or another -errno. */
int
ckpt_open(int dirfd, const char *run_id, struct ckpt *c, struct ckpt_in **out);
/*
 * 0: there is more; 1: *e is the caller's; -EBADMSG: it is not what was
 * written; or another -errno.
 */
int ckpt_read_step(struct ckpt_in *in, struct emu **e);
void ckpt_in_free(struct ckpt_in *in);

/* The emulator stays as it is and the caller's. 0 or -errno. */
int ckpt_create(int dirfd, const char *run_id, uint64_t offset,
    const struct emu *e, struct ckpt_out **out);
/* 0: there is more; 1: it is in its place, and *len long; or -errno. */
int ckpt_write_step(struct ckpt_out *o, size_t *len);
/* What is not in its place is gone. */
void ckpt_out_free(struct ckpt_out *o);

#endif
