/* SPDX-License-Identifier: MIT */
/*
 * The index of a work tree, so that git can be shown a part of it. Nothing here
 * judges what an entry says: git does. Invariant: positions belong to the one
 * file that is open, which git never writes to again: it puts another in its
 * place. A file that is not what it should be is refused.
 */
#include "git-worker/index.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/xalloc.h"

#define HEAD_LEN    12
#define STAT_LEN    40 /* of an entry, before its object's name */
#define CHUNK	    65536
#define ENTRIES_MAX 4000000

#define FLAG_VALID    0x8000u
#define FLAG_EXTENDED 0x4000u
#define FLAG_STAGE    0x3000u
#define FLAG_NAME     0x0fffu

struct index {
	int fd; /* -1: none */
	struct stat st;
	size_t hash, n;
	uint32_t version;
	uint32_t *at; /* of each entry, in the file */
};

struct index *
index_new(void)
{
	struct index *ix = xcalloc(1, sizeof(*ix));

	ix->fd = -1;
	return ix;
}

static void
drop(struct index *ix)
{
	if (ix->fd >= 0)
		(void)close(ix->fd);
	ix->fd = -1;
	free(ix->at);
	ix->at = NULL;
	ix->n = 0;
}

void
index_free(struct index *ix)
{
	drop(ix);
	free(ix);
}

static uint32_t
be32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 |
	       (uint32_t)p[2] << 8 | p[3];
}

static uint32_t
flags_of(const struct index *ix, const uint8_t *raw)
{
	const uint8_t *p = raw + STAT_LEN + ix->hash;

	return (uint32_t)p[0] << 8 | p[1];
}

static size_t
head_of(const struct index *ix, const uint8_t *raw)
{
	const bool more = (flags_of(ix, raw) & FLAG_EXTENDED) != 0;

	return STAT_LEN + ix->hash + (more ? 4 : 2);
}

/* Of the entry at `raw`; 0: `have` bytes have no end of it. */
static size_t
length_of(const struct index *ix, const uint8_t *raw, size_t have)
{
	size_t head, name, len;

	if (have < STAT_LEN + ix->hash + 4)
		return 0;
	head = head_of(ix, raw);
	name = flags_of(ix, raw) & FLAG_NAME;
	/* Longer ones end where they end. */
	if (name == FLAG_NAME)
		name = strnlen((const char *)raw + head, have - head);
	/* One to eight NULs, up to a multiple of eight. */
	len = (head + name + 8) & ~(size_t)7;
	return len <= have && len <= INDEX_ENTRY_MAX && raw[head + name] == 0
		   ? len
		   : 0;
}

/* Small letters name what has to be understood: a split, a sparse index. */
static bool
extensions_ok(const struct index *ix, uint64_t at)
{
	const uint64_t end = (uint64_t)ix->st.st_size - ix->hash;
	uint8_t head[8];

	while (at < end) {
		if (pread(ix->fd, head, sizeof(head), (off_t)at) !=
			sizeof(head) ||
		    head[0] < 'A' || head[0] > 'Z')
			return false;
		at += sizeof(head) + be32(head + 4);
	}
	return at == end;
}

/* Goes through all entries once, a piece of the file at a time. */
static bool
read_places(struct index *ix)
{
	static uint8_t chunk[CHUNK];
	uint64_t at = HEAD_LEN;
	size_t off = 0, have = 0, len, i;
	ssize_t n;

	for (i = 0; i < ix->n; i++, off += len, at += len) {
		if (have - off < INDEX_ENTRY_MAX) {
			n = pread(ix->fd, chunk, sizeof(chunk), (off_t)at);
			if (n < 0)
				return false;
			have = (size_t)n;
			off = 0;
		}
		len = length_of(ix, chunk + off, have - off);
		if (len == 0 || at > UINT32_MAX)
			return false;
		ix->at[i] = (uint32_t)at;
	}
	return extensions_ok(ix, at);
}

static bool
read_index(struct index *ix)
{
	uint8_t head[HEAD_LEN];

	if (fstat(ix->fd, &ix->st) < 0 || !S_ISREG(ix->st.st_mode) ||
	    ix->st.st_size < (off_t)(HEAD_LEN + ix->hash) ||
	    pread(ix->fd, head, sizeof(head), 0) != sizeof(head) ||
	    memcmp(head, "DIRC", 4) != 0)
		return false;
	ix->version = be32(head + 4);
	ix->n = be32(head + 8);
	/* Version 4 has names that are told by what the one before was. */
	if (ix->version < 2 || ix->version > 3 || ix->n > ENTRIES_MAX)
		return false;
	ix->at = xreallocarray(NULL, ix->n + 1, sizeof(*ix->at));
	return read_places(ix);
}

static bool
is_open(const struct index *ix, const struct stat *st)
{
	const struct stat *was = &ix->st;

	return ix->fd >= 0 && st->st_dev == was->st_dev &&
	       st->st_ino == was->st_ino && st->st_size == was->st_size &&
	       st->st_mtim.tv_sec == was->st_mtim.tv_sec &&
	       st->st_mtim.tv_nsec == was->st_mtim.tv_nsec &&
	       st->st_ctim.tv_sec == was->st_ctim.tv_sec &&
	       st->st_ctim.tv_nsec == was->st_ctim.tv_nsec;
}

bool
index_open(struct index *ix, const char *path, size_t hash)
{
	struct stat st;

	if (lstat(path, &st) == 0 && is_open(ix, &st) && ix->hash == hash)
		return true;
	drop(ix);
	ix->hash = hash;
	ix->fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (ix->fd >= 0 && read_index(ix))
		return true;
	drop(ix);
	return false;
}

bool
index_read(struct index *ix, size_t at, struct index_entry *e)
{
	ssize_t n;
	uint32_t flags;

	if (at >= ix->n)
		return false;
	n = pread(ix->fd, e->raw, sizeof(e->raw), ix->at[at]);
	e->len = n > 0 ? length_of(ix, e->raw, (size_t)n) : 0;
	if (e->len == 0)
		return false;
	flags = flags_of(ix, e->raw);
	e->name = (const char *)e->raw + head_of(ix, e->raw);
	e->mode = be32(e->raw + 24);
	e->size = be32(e->raw + 36);
	e->plain = (flags & (FLAG_VALID | FLAG_EXTENDED | FLAG_STAGE)) == 0;
	return true;
}

/* gitformat-index(5): seconds and nanoseconds, of which git may keep none. */
static bool
is_time(const uint8_t *raw, const struct timespec *t)
{
	return be32(raw) == (uint32_t)t->tv_sec &&
	       be32(raw + 4) == (uint32_t)t->tv_nsec;
}

bool
index_differs(const struct index *ix, const struct index_entry *e,
    const struct stat *st)
{
	const bool runs = (st->st_mode & S_IXUSR) != 0;

	return !is_time(e->raw, &st->st_ctim) ||
	       !is_time(e->raw + 8, &st->st_mtim) ||
	       e->size != (uint32_t)st->st_size ||
	       (S_ISREG(e->mode) && runs != ((e->mode & S_IXUSR) != 0)) ||
	       st->st_mtim.tv_sec >= ix->st.st_mtim.tv_sec;
}

bool
index_find(struct index *ix, const char *name, size_t *at)
{
	static struct index_entry e;
	size_t low = 0, high = ix->n, mid;

	while (low < high) {
		mid = low + (high - low) / 2;
		if (!index_read(ix, mid, &e))
			return false;
		if (strcmp(e.name, name) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	*at = low;
	return true;
}

static bool
write_all(int fd, const uint8_t *p, size_t len)
{
	ssize_t n = 1;

	for (; len > 0 && n > 0; p += n, len -= (size_t)n)
		n = write(fd, p, len);
	return len == 0;
}

bool
index_write(struct index *ix, const size_t *at, size_t n, int fd)
{
	static struct index_entry e;
	/* The sum at the end is one that git takes for "not reckoned". */
	static const uint8_t sum[64];
	const struct timespec times[2] = { ix->st.st_mtim, ix->st.st_mtim };
	const uint8_t head[HEAD_LEN] = { 'D', 'I', 'R', 'C', 0, 0, 0,
		(uint8_t)ix->version, (uint8_t)(n >> 24), (uint8_t)(n >> 16),
		(uint8_t)(n >> 8), (uint8_t)n };

	if (!write_all(fd, head, sizeof(head)))
		return false;
	for (size_t i = 0; i < n; i++)
		if (!index_read(ix, at[i], &e) || !write_all(fd, e.raw, e.len))
			return false;
	return write_all(fd, sum, ix->hash) && futimens(fd, times) == 0;
}
