/* SPDX-License-Identifier: MIT */
/*
 * Checkpoints of screens. Written under another name and renamed, without a
 * sync: kill -9 leaves the old one or the new one, and what a loss of power
 * leaves half is known by its sum. Invariant: a checkpoint that is read is one
 * that was written whole, for that very file format.
 */
#include "daemon/term/ckpt.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/buf.h"
#include "lib/path.h"
#include "lib/secret.h"

/* magic, offset, columns, rows, length, sum of all that and the bytes. */
#define MAGIC	     0x3154504b43564452u /* "RDVCKPT1" */
#define HEAD	     40
#define SUMMED	     32
#define DATA_MAX     (8u << 20)
#define NAME_MAX_LEN (UUID_TEXT + 16)

/* FNV-1a over words; it guards against halves, not against people. */
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

static void
head_put(struct buf *b, const struct ckpt *c, const struct buf *data)
{
	buf_put_u64(b, MAGIC);
	buf_put_u64(b, c->offset);
	buf_put_u32(b, c->cols);
	buf_put_u32(b, c->rows);
	buf_put_u64(b, data->len);
	buf_put_u64(b, sum(sum(1, b->data, SUMMED), data->data, data->len));
}

static int
write_all(int fd, const void *p, size_t len)
{
	ssize_t n = write(fd, p, len);

	return n < 0 ? -errno : (size_t)n == len ? 0 : -ENOSPC;
}

int
ckpt_write(int dirfd, const char *run_id, const struct ckpt *c,
    const struct buf *data)
{
	char name[NAME_MAX_LEN], part[NAME_MAX_LEN];
	struct buf head;
	int fd, err;

	(void)snprintf(name, sizeof(name), "%s.ckpt", run_id);
	(void)snprintf(part, sizeof(part), "%s.ckpt.part", run_id);
	fd = path_open_beneath(dirfd, part, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	if (fd < 0)
		return fd;
	buf_init(&head, HEAD);
	head_put(&head, c, data);
	err = write_all(fd, head.data, head.len);
	if (err == 0)
		err = write_all(fd, data->data, data->len);
	buf_done(&head);
	(void)close(fd);
	if (err == 0 && renameat(dirfd, part, dirfd, name) < 0)
		err = -errno;
	if (err != 0)
		(void)unlinkat(dirfd, part, 0);
	return err;
}

static int
check(const uint8_t *raw, struct ckpt *c, uint64_t *len, uint64_t *want)
{
	struct buf b;
	uint64_t magic;

	buf_wrap(&b, raw, HEAD);
	if (!buf_get_u64(&b, &magic) || !buf_get_u64(&b, &c->offset) ||
	    !buf_get_u32(&b, &c->cols) || !buf_get_u32(&b, &c->rows) ||
	    !buf_get_u64(&b, len) || !buf_get_u64(&b, want))
		return -EBADMSG;
	return magic == MAGIC && *len > 0 && *len <= DATA_MAX ? 0 : -EBADMSG;
}

static int
load(int fd, struct ckpt *c, struct buf *data)
{
	uint64_t len, want;
	uint8_t raw[HEAD], *room;
	int err;

	if (read(fd, raw, HEAD) != HEAD)
		return -EBADMSG;
	err = check(raw, c, &len, &want);
	if (err != 0)
		return err;
	room = buf_room(data, len);
	if (room == NULL || read(fd, room, len) != (ssize_t)len ||
	    sum(sum(1, raw, SUMMED), room, len) != want)
		return -EBADMSG;
	return 0;
}

int
ckpt_read(int dirfd, const char *run_id, struct ckpt *c, struct buf *data)
{
	char name[NAME_MAX_LEN];
	int fd, err;

	(void)snprintf(name, sizeof(name), "%s.ckpt", run_id);
	fd = path_open_beneath(dirfd, name, O_RDONLY, 0);
	if (fd < 0)
		return fd;
	err = load(fd, c, data);
	(void)close(fd);
	return err;
}
