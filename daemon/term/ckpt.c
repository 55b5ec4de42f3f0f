/* SPDX-License-Identifier: MIT */
/*
 * Checkpoints of screens. Written under another name and renamed, without a
 * sync: kill -9 leaves the old one or the new one, and what a loss of power
 * leaves half is known by its sum. Invariant: a checkpoint that is used is one
 * that was written whole, for that very file format.
 */
#include "daemon/term/ckpt.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/emu/emu.h"
#include "daemon/emu/save.h"
#include "daemon/term/term.h"
#include "lib/buf.h"
#include "lib/path.h"
#include "lib/secret.h"
#include "lib/str.h"
#include "lib/xalloc.h"

/* magic, offset, columns, rows, length, sum of the bytes and all that. */
#define MAGIC	     0x3254504b43564452u /* "RDVCKPT2" */
#define HEAD	     40
#define SUMMED	     32
#define DATA_MAX     (21u << 20)
#define NAME_MAX_LEN (UUID_TEXT + 16)

struct ckpt_in {
	int fd;
	uint64_t left, want, sum;
	uint8_t head[SUMMED];
	struct emu_load *load;
	size_t have; /* bytes of a piece whose end was not read yet */
	uint8_t block[EMU_SAVE_PIECE + CKPT_STEP];
};

struct ckpt_out {
	int dirfd, fd;
	char name[NAME_MAX_LEN], part[NAME_MAX_LEN];
	struct ckpt c;
	uint64_t sum;
	struct emu_save *save;
	struct buf block;
};

/*
 * FNV-1a over words; it guards against halves, not against people. Only the
 * last of several calls may have a length that is not of whole words.
 */
static uint64_t
sum(uint64_t h, const uint8_t *p, size_t len)
{
	uint64_t word;

	for (; len >= sizeof(word); p += sizeof(word), len -= sizeof(word)) {
		memcpy(&word, p, sizeof(word));
		h = (h ^ word) * 0x100000001b3u;
	}
	for (; len > 0; p++, len--)
		h = (h ^ *p) * 0x100000001b3u;
	return h;
}

static int
check(const uint8_t *raw, struct ckpt *c, uint64_t *want)
{
	struct buf b;
	uint64_t magic;

	buf_wrap(&b, raw, HEAD);
	if (!buf_get_u64(&b, &magic) || !buf_get_u64(&b, &c->offset) ||
	    !buf_get_u32(&b, &c->cols) || !buf_get_u32(&b, &c->rows) ||
	    !buf_get_u64(&b, &c->len) || !buf_get_u64(&b, want) ||
	    magic != MAGIC || c->len > DATA_MAX ||
	    !term_size_ok(c->cols, c->rows))
		return -EBADMSG;
	return 0;
}

int
ckpt_open(int dirfd, const char *run_id, struct ckpt *c, struct ckpt_in **out)
{
	uint8_t raw[HEAD];
	char name[NAME_MAX_LEN];
	struct ckpt_in *in;
	uint64_t want;
	int fd, err = -EBADMSG;

	(void)snprintf(name, sizeof(name), "%s.ckpt", run_id);
	fd = path_open_beneath(dirfd, name, O_RDONLY, 0);
	if (fd < 0)
		return fd;
	if (read(fd, raw, HEAD) == HEAD)
		err = check(raw, c, &want);
	if (err != 0) {
		(void)close(fd);
		return err;
	}
	in = xmalloc(sizeof(*in));
	in->fd = fd;
	in->left = c->len;
	in->want = want;
	in->sum = 1;
	memcpy(in->head, raw, SUMMED);
	in->load = emu_load_new(c->cols, c->rows);
	in->have = 0;
	*out = in;
	return 0;
}

int
ckpt_read_step(struct ckpt_in *in, struct emu **e)
{
	size_t len = in->left < CKPT_STEP ? (size_t)in->left : CKPT_STEP;
	struct buf b;
	int got;

	if (read(in->fd, in->block + in->have, len) != (ssize_t)len)
		return -EBADMSG;
	in->sum = sum(in->sum, in->block + in->have, len);
	in->left -= len;
	buf_wrap(&b, in->block, in->have + len);
	got = emu_load_step(in->load, &b);
	if (got < 0 || (got == 1) != (in->left == 0))
		return -EBADMSG;
	if (got == 0) {
		in->have = buf_left(&b);
		memmove(in->block, in->block + b.off, in->have);
		return 0;
	}
	if (sum(in->sum, in->head, SUMMED) != in->want)
		return -EBADMSG;
	*e = emu_load_take(in->load);
	return 1;
}

void
ckpt_in_free(struct ckpt_in *in)
{
	if (in == NULL)
		return;
	(void)close(in->fd);
	emu_load_free(in->load);
	free(in);
}

static void
head_put(struct buf *b, const struct ckpt *c)
{
	buf_put_u64(b, MAGIC);
	buf_put_u64(b, c->offset);
	buf_put_u32(b, c->cols);
	buf_put_u32(b, c->rows);
	buf_put_u64(b, c->len);
}

int
ckpt_create(int dirfd, const char *run_id, uint64_t offset, const struct emu *e,
    struct ckpt_out **out)
{
	struct ckpt_out *o = xcalloc(1, sizeof(*o));
	struct emu_look look;

	emu_look(e, &look);
	o->c = (struct ckpt){ offset, look.cols, look.rows, 0 };
	o->dirfd = dirfd;
	(void)snprintf(o->name, sizeof(o->name), "%s.ckpt", run_id);
	(void)snprintf(o->part, sizeof(o->part), "%s.ckpt.part", run_id);
	o->fd = path_open_beneath(dirfd, o->part, O_WRONLY | O_CREAT | O_TRUNC,
	    0600);
	if (o->fd < 0) {
		int err = o->fd;

		free(o);
		return err;
	}
	o->sum = 1;
	o->save = emu_save_new(e);
	buf_init(&o->block, DATA_MAX);
	*out = o;
	return 0;
}

/* Whole words, or at the end all there is; the head comes when it is known. */
static int
write_block(struct ckpt_out *o, bool last)
{
	size_t len = last ? o->block.len : o->block.len & ~(size_t)7;
	ssize_t n = pwrite(o->fd, o->block.data, len, (off_t)(HEAD + o->c.len));

	if (n != (ssize_t)len)
		return n < 0 ? -errno : -ENOSPC;
	o->sum = sum(o->sum, o->block.data, len);
	o->c.len += len;
	o->block.len -= len;
	memmove(o->block.data, o->block.data + len, o->block.len);
	return 0;
}

static int
commit(struct ckpt_out *o)
{
	struct buf head;
	ssize_t n;

	buf_init(&head, HEAD);
	head_put(&head, &o->c);
	buf_put_u64(&head, sum(o->sum, head.data, SUMMED));
	n = pwrite(o->fd, head.data, HEAD, 0);
	buf_done(&head);
	if (n != HEAD)
		return n < 0 ? -errno : -ENOSPC;
	if (renameat(o->dirfd, o->part, o->dirfd, o->name) < 0)
		return -errno;
	(void)close(o->fd);
	o->fd = -1;
	return 0;
}

int
ckpt_write_step(struct ckpt_out *o, size_t *len)
{
	bool more = emu_save_step(o->save, &o->block, CKPT_STEP, CKPT_MAX);
	int err = buf_ok(&o->block) ? write_block(o, !more) : -EFBIG;

	if (err != 0 || more)
		return err;
	*len = (size_t)o->c.len;
	err = commit(o);
	return err != 0 ? err : 1;
}

void
ckpt_out_free(struct ckpt_out *o)
{
	if (o == NULL)
		return;
	if (o->fd >= 0) {
		(void)close(o->fd);
		(void)unlinkat(o->dirfd, o->part, 0);
	}
	emu_save_free(o->save);
	buf_done(&o->block);
	free(o);
}
