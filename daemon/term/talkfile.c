/* SPDX-License-Identifier: MIT */
/*
 * The two files of a conversation. Invariant: a record is whole before a slot
 * says where it is, and slots are written in the order of their records, so
 * what a kill cuts off lies behind the last record that has a slot. There it is
 * found when the files are opened to go on: whole ones get their slots, the
 * rest is cut. JSON has no control characters, and a record begins with some,
 * so nothing an agent says looks like the beginning of one.
 */
#include "daemon/term/talkfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/buf.h"
#include "lib/path.h"
#include "lib/secret.h"
#include "lib/xalloc.h"

/*
 * Little endian. A record: u32 MAGIC, u32 number, u32 length, u32 check of the
 * other fields and of where it lies, u64 hash of the text, the text. A slot:
 * u64 hash, u40 offset, u24 length; no length: it says nothing. A slot never
 * lies across two pages.
 */
#define HEAD	 24
#define SLOT	 16
#define MAGIC	 0x1e0d1e00u
#define LEN_BITS 24
#define LEN_MASK (((uint64_t)1 << LEN_BITS) - 1)
#define SLOTS	 4096 /* looked at with one read */

static void
put_le(uint8_t *p, uint64_t v, int n)
{
	for (int i = 0; i < n; i++)
		p[i] = (uint8_t)(v >> 8 * i);
}

static uint64_t
get_le(const uint8_t *p, int n)
{
	uint64_t v = 0;

	for (int i = n - 1; i >= 0; i--)
		v = v << 8 | p[i];
	return v;
}

/*
 * For what chance does to bytes. An agent that makes two versions of an entry
 * with one hash has its own second one left out.
 */
uint64_t
talkfile_hash(const void *p, size_t len)
{
	const uint8_t *s = p;
	uint64_t h = 0x9e3779b97f4a7c15u ^ len, w;

	for (; len >= sizeof(w); len -= sizeof(w), s += sizeof(w)) {
		memcpy(&w, s, sizeof(w));
		h = (h ^ w) * 0xff51afd7ed558ccdu;
		h ^= h >> 32;
	}
	h = (h ^ get_le(s, (int)len)) * 0xc4ceb9fe1a85ec53u;
	return h ^ h >> 29;
}

static uint32_t
check_of(const uint8_t head[HEAD], uint64_t offset)
{
	uint8_t all[HEAD + 8];

	memcpy(all, head, HEAD);
	memset(all + 12, 0, 4);
	put_le(all + HEAD, offset, 8);
	return (uint32_t)talkfile_hash(all, sizeof(all));
}

static void
head_make(uint8_t head[HEAD], const struct talkfile_put *p, uint64_t offset)
{
	put_le(head, MAGIC, 4);
	put_le(head + 4, p->at, 4);
	put_le(head + 8, p->len, 4);
	put_le(head + 16, p->hash, 8);
	put_le(head + 12, check_of(head, offset), 4);
}

int
talkfile_record(const struct talkfile *f, uint64_t offset,
    struct talkfile_record *out)
{
	uint8_t head[HEAD];
	ssize_t n;

	*out = (struct talkfile_record){ .offset = offset };
	if (offset == f->size)
		return -ENODATA;
	if (offset > f->size || f->size - offset <= HEAD)
		return -EBADMSG;
	n = pread(f->fd, head, HEAD, (off_t)offset);
	if (n < 0)
		return -errno;
	if (n != HEAD || get_le(head, 4) != MAGIC ||
	    get_le(head + 12, 4) != check_of(head, offset))
		return -EBADMSG;
	out->at = (uint32_t)get_le(head + 4, 4);
	out->len = (size_t)get_le(head + 8, 4);
	out->hash = get_le(head + 16, 8);
	out->next = offset + HEAD + out->len;
	return out->len <= TALKFILE_ENTRY_MAX && out->next <= f->size
		   ? 0
		   : -EBADMSG;
}

int
talkfile_text(const struct talkfile *f, const struct talkfile_record *r,
    struct buf *out)
{
	uint8_t *p = buf_room(out, r->len);
	ssize_t n;

	if (p == NULL)
		return -EMSGSIZE;
	n = pread(f->fd, p, r->len, (off_t)(r->offset + HEAD));
	if (n == (ssize_t)r->len && talkfile_hash(p, r->len) == r->hash)
		return 0;
	out->len -= r->len;
	return n < 0 ? -errno : -EBADMSG;
}

static bool
slot_decode(const struct talkfile *f, uint32_t at, const uint8_t raw[SLOT],
    struct talkfile_record *out)
{
	const uint64_t where = get_le(raw + 8, 8);

	out->at = at;
	out->hash = get_le(raw, 8);
	out->offset = where >> LEN_BITS;
	out->len = (size_t)(where & LEN_MASK);
	out->next = out->offset + HEAD + out->len;
	return out->len > 0 && out->next <= f->size;
}

bool
talkfile_newest(const struct talkfile *f, uint32_t at,
    struct talkfile_record *out)
{
	uint8_t raw[SLOT];

	return at < f->count &&
	       pread(f->idx, raw, SLOT, (off_t)at * SLOT) == SLOT &&
	       slot_decode(f, at, raw, out);
}

uint32_t
talkfile_page(const struct talkfile *f, uint32_t before, uint32_t limit,
    size_t bytes)
{
	uint32_t from = before < f->count ? before : f->count;
	struct talkfile_record r;

	for (bool first = true; from > 0 && limit > 0; limit--, first = false) {
		if (!talkfile_newest(f, from - 1, &r))
			r.len = 0;
		if (r.len > bytes && !first)
			break;
		bytes -= r.len < bytes ? r.len : bytes;
		from--;
	}
	return from;
}

static int
write_all(int fd, const uint8_t *p, size_t len, uint64_t at)
{
	ssize_t n;

	while (len > 0) {
		n = pwrite(fd, p, len, (off_t)at);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -errno : -ENOSPC;
		p += n;
		len -= (size_t)n;
		at += (uint64_t)n;
	}
	return 0;
}

static void
slot_make(uint8_t raw[SLOT], const struct talkfile_put *p, uint64_t offset)
{
	put_le(raw, p->hash, 8);
	put_le(raw + 8, offset << LEN_BITS | p->len, 8);
}

/* Slots of numbers that follow each other go together. */
static int
put_slots(struct talkfile *f, const struct talkfile_put *puts, size_t n,
    uint64_t offset)
{
	uint8_t raw[64 * SLOT];
	size_t i = 0, k;
	int err;

	while (i < n) {
		for (k = 0; i + k < n && k < sizeof(raw) / SLOT &&
			    puts[i + k].at == puts[i].at + k;
		     k++) {
			slot_make(raw + k * SLOT, &puts[i + k], offset);
			offset += HEAD + puts[i + k].len;
		}
		err = write_all(f->idx, raw, k * SLOT,
		    (uint64_t)puts[i].at * SLOT);
		if (err != 0)
			return err;
		i += k;
	}
	return 0;
}

/* What of them is in the file is not to be read. */
static int
put_none(const struct talkfile *f, int err)
{
	return ftruncate(f->fd, (off_t)f->size) < 0 ? -errno : err;
}

int
talkfile_put(struct talkfile *f, const struct talkfile_put *puts, size_t n)
{
	uint8_t head[HEAD];
	struct buf b;
	int err;

	buf_init(&b, n * (HEAD + TALKFILE_ENTRY_MAX));
	for (size_t i = 0; i < n; i++) {
		head_make(head, &puts[i], f->size + b.len);
		buf_put(&b, head, HEAD);
		buf_put(&b, puts[i].text, puts[i].len);
	}
	err = write_all(f->fd, b.data, b.len, f->size);
	if (err == 0)
		err = put_slots(f, puts, n, f->size);
	if (err == 0)
		f->size += b.len;
	buf_done(&b);
	if (err != 0)
		return put_none(f, err);
	for (size_t i = 0; i < n; i++)
		if (puts[i].at >= f->count)
			f->count = puts[i].at + 1;
	return 0;
}

/* The sizes as they are now: of slots, whole ones. */
static int
measure(struct talkfile *f)
{
	struct stat say, sax;

	if (fstat(f->fd, &say) < 0 || fstat(f->idx, &sax) < 0)
		return -errno;
	if (!S_ISREG(say.st_mode) || !S_ISREG(sax.st_mode))
		return -EIO;
	f->size = (uint64_t)say.st_size;
	f->count = (uint32_t)(sax.st_size / SLOT);
	return say.st_nlink == 0 ? -ESTALE : 0;
}

int
talkfile_refresh(struct talkfile *f)
{
	return measure(f);
}

/* What the slots say, all together. */
struct slots {
	struct talkfile_record last; /* the one that ends last */
	uint32_t count;		     /* up to the last that says something */
	bool lost; /* some say what is not there, or nothing */
};

/* With `wipe`, those that say what is not there say nothing then. */
static int
slots_look(const struct talkfile *f, bool wipe, struct slots *s)
{
	static const uint8_t none[SLOT];
	uint8_t *raw = xmalloc((size_t)SLOTS * SLOT);
	struct talkfile_record r;
	uint32_t at = 0;
	ssize_t n = 0;
	int err = 0;

	while (at < f->count && err == 0) {
		n = pread(f->idx, raw, (size_t)SLOTS * SLOT, (off_t)at * SLOT);
		if (n < SLOT)
			break;
		for (ssize_t i = 0; i + SLOT <= n && err == 0; i += SLOT, at++)
			if (slot_decode(f, at, raw + i, &r)) {
				s->count = at + 1;
				if (r.next > s->last.next)
					s->last = r;
			} else {
				s->lost = true;
				if (wipe)
					err = write_all(f->idx, none, SLOT,
					    (uint64_t)at * SLOT);
			}
	}
	free(raw);
	return n < 0 ? -EIO : err;
}

/*
 * Where the last record ends that has a slot. After a loss of power slots can
 * say what is not there: then each record gets its slot anew.
 */
static int
slotted(const struct talkfile *f, uint64_t *end)
{
	struct slots s = { .count = 0 };
	struct talkfile_record r;
	int err = slots_look(f, false, &s);

	if (err == 0 && s.last.next > 0 && !s.lost &&
	    talkfile_record(f, s.last.offset, &r) == 0 && r.next == s.last.next)
		*end = s.last.next;
	return err;
}

/* Records without a slot get theirs. */
static int
adopt(struct talkfile *f, uint64_t *end)
{
	struct talkfile_record r;
	struct buf text;
	int err;

	buf_init(&text, TALKFILE_ENTRY_MAX);
	while ((err = talkfile_record(f, *end, &r)) == 0) {
		buf_reset(&text);
		err = talkfile_text(f, &r, &text);
		if (err != 0)
			break;
		err = put_slots(f,
		    &(struct talkfile_put){
			r.at, (char *)text.data, r.len, r.hash },
		    1, *end);
		if (err != 0)
			break;
		*end = r.next;
		if (r.at >= f->count)
			f->count = r.at + 1;
	}
	buf_done(&text);
	return err == -ENODATA || err == -EBADMSG ? 0 : err;
}

static int
settle(struct talkfile *f)
{
	struct slots s = { .count = 0 };
	struct stat sax;
	uint64_t end = 0;
	int err = slotted(f, &end);

	if (err == 0)
		err = adopt(f, &end);
	if (err != 0 || fstat(f->idx, &sax) < 0)
		return err != 0 ? err : -errno;
	if (end != f->size && ftruncate(f->fd, (off_t)end) < 0)
		return -errno;
	f->size = end;
	f->count = (uint32_t)(sax.st_size / SLOT);
	err = slots_look(f, true, &s);
	f->count = s.count;
	if (err == 0 && (off_t)s.count * SLOT != sax.st_size &&
	    ftruncate(f->idx, (off_t)s.count * SLOT) < 0)
		err = -errno;
	return err;
}

static int
open_one(int dirfd, const char *run_id, const char *suffix,
    enum talkfile_mode mode)
{
	char name[UUID_TEXT + 8];

	(void)snprintf(name, sizeof(name), "%s%s", run_id, suffix);
	return path_open_beneath(dirfd, name,
	    mode == TALKFILE_WRITE ? O_RDWR | O_CREAT : O_RDONLY, 0600);
}

int
talkfile_open(struct talkfile *f, int dirfd, const char *run_id,
    enum talkfile_mode mode)
{
	struct talkfile got = { .fd = -1, .idx = -1 };
	int err;

	if (!uuid_valid(run_id))
		return -EINVAL;
	err = got.fd = open_one(dirfd, run_id, ".say", mode);
	if (err >= 0)
		err = got.idx = open_one(dirfd, run_id, ".sax", mode);
	if (err >= 0)
		err = measure(&got);
	if (err == 0 && mode == TALKFILE_WRITE)
		err = settle(&got);
	if (err == 0)
		*f = got;
	else
		talkfile_close(&got);
	return err;
}

void
talkfile_close(struct talkfile *f)
{
	if (f->fd >= 0)
		(void)close(f->fd);
	if (f->idx >= 0)
		(void)close(f->idx);
	f->fd = f->idx = -1;
}

uint64_t
talkfile_bytes(const struct talkfile *f)
{
	return f->size + (uint64_t)f->count * SLOT;
}
