/* SPDX-License-Identifier: MIT */
/*
 * The append-only log of a run and its index. Bytes enter by splice(2) alone:
 * they never exist in this process only, so kill -9 between any two
 * instructions neither loses nor doubles one. Invariant: an index record is
 * written before the bytes it describes; one without bytes is harmless and is
 * overwritten by the next, so no two have the same offset but for a size and
 * the stretch that comes behind it.
 */
#include "daemon/term/runlog.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/path.h"
#include "lib/secret.h"
#include "lib/splice.h"

/*
 * 16 bytes, little endian: u64 offset, u56 wall ms, u8 stream. A stretch ends
 * with its stream or after this long, so that each picture of an animation has
 * its time. What comes drop by drop has fewer: the index would be the larger of
 * the two, and only the log counts against a limit. A size has its rows and
 * columns in the upper bits of the offset.
 */
#define RECORD	     16
#define SPAN_MS	     20
#define TRICKLE_MS   100
#define NAME_MAX_LEN (UUID_TEXT + 16)
#define OFFSET_BITS  44
#define COLS_BITS    10
#define BELOW(bits)  (((uint64_t)1 << (bits)) - 1)

static void
put_u64(uint8_t *p, uint64_t v)
{
	for (int i = 0; i < 8; i++)
		p[i] = (uint8_t)(v >> 8 * i);
}

static uint64_t
get_u64(const uint8_t *p)
{
	uint64_t v = 0;

	for (int i = 7; i >= 0; i--)
		v = v << 8 | p[i];
	return v;
}

static void
record_decode(const uint8_t *raw, struct runlog_record *out)
{
	uint64_t where = get_u64(raw), when = get_u64(raw + 8);

	out->offset = where & BELOW(OFFSET_BITS);
	out->cols = (unsigned)(where >> OFFSET_BITS & BELOW(COLS_BITS));
	out->rows = (unsigned)(where >> (OFFSET_BITS + COLS_BITS));
	out->time_ms = (int64_t)(when >> 8);
	out->stream = (uint8_t)when;
}

bool
runlog_record(const struct runlog *l, uint64_t i, struct runlog_record *out)
{
	uint8_t raw[RECORD];

	if (i >= l->records)
		return false;
	if (pread(l->idx, raw, RECORD, (off_t)(i * RECORD)) != RECORD)
		return false;
	record_decode(raw, out);
	return true;
}

/* `size`: the upper bits of a record of a size. */
static int
record_put(struct runlog *l, int64_t now, uint8_t stream, uint64_t size)
{
	uint64_t slot = l->records;
	uint8_t raw[RECORD];
	ssize_t n;

	if (slot > 0 && l->last_offset == l->size &&
	    (l->last_stream != RUNLOG_SIZE || stream == RUNLOG_SIZE))
		slot--;
	put_u64(raw, l->size | size);
	put_u64(raw + 8, (uint64_t)now << 8 | stream);
	n = pwrite(l->idx, raw, RECORD, (off_t)(slot * RECORD));
	if (n != RECORD)
		return n < 0 ? -errno : -ENOSPC;
	l->records = slot + 1;
	l->last_offset = l->size;
	l->last_ms = now;
	l->last_stream = stream;
	return 0;
}

/* What comes next has its record. */
static int
mark(struct runlog *l, uint8_t stream)
{
	int64_t now = clock_wall_ms();
	int64_t age = now - l->last_ms;
	int64_t span = l->size - l->last_offset < RECORD ? TRICKLE_MS : SPAN_MS;

	/* A clock set back starts a new stretch too. */
	if (l->records > 0 && stream == l->last_stream && age >= 0 &&
	    age < span)
		return 0;
	return record_put(l, now, stream, 0);
}

int
runlog_put_size(struct runlog *l, unsigned cols, unsigned rows)
{
	return record_put(l, clock_wall_ms(), RUNLOG_SIZE,
	    ((uint64_t)rows << COLS_BITS | cols) << OFFSET_BITS);
}

static int
open_one(int dirfd, const char *run_id, const char *suffix,
    enum runlog_mode mode)
{
	static const int flags[] = {
		[RUNLOG_CREATE] = O_RDWR | O_CREAT | O_EXCL,
		[RUNLOG_ADOPT] = O_RDWR | O_CREAT,
		[RUNLOG_READ] = O_RDONLY,
	};
	char name[NAME_MAX_LEN];

	(void)snprintf(name, sizeof(name), "%s%s", run_id, suffix);
	return path_open_beneath(dirfd, name, flags[mode], 0600);
}

/*
 * After a loss of power the log can be shorter than its index says, and the
 * index can end in zeros; what is said of bytes that are not there is
 * forgotten, and what says nothing.
 */
static int
index_settle(struct runlog *l, bool trim)
{
	struct runlog_record r = { 0 };
	struct stat st;

	if (l->idx < 0)
		return 0;
	if (fstat(l->idx, &st) < 0)
		return -errno;
	l->records = (uint64_t)st.st_size / RECORD;
	while (l->records > 0) {
		if (!runlog_record(l, l->records - 1, &r))
			return -EIO;
		if (r.offset <= l->size && r.stream != 0)
			break;
		l->records--;
	}
	l->last_offset = r.offset;
	l->last_ms = r.time_ms;
	l->last_stream = r.stream;
	/*
	 * It costs as much as opening it, and there is mostly nothing to cut.
	 */
	if (trim && l->records * RECORD != (uint64_t)st.st_size &&
	    ftruncate(l->idx, (off_t)(l->records * RECORD)) < 0)
		return -errno;
	return 0;
}

int
runlog_open(struct runlog *l, int dirfd, const char *run_id,
    enum runlog_mode mode)
{
	struct runlog got = { .fd = -1, .idx = -1 };
	struct stat st;
	int err;

	if (!uuid_valid(run_id))
		return -EINVAL;
	got.fd = open_one(dirfd, run_id, ".log", mode);
	if (got.fd < 0)
		return got.fd;
	err = got.idx = open_one(dirfd, run_id, ".idx", mode);
	/* Output whose times are lost is output all the same. */
	if (err < 0 && (err != -ENOENT || mode != RUNLOG_READ))
		goto out;
	err = -EIO;
	if (fstat(got.fd, &st) < 0 || !S_ISREG(st.st_mode))
		goto out;
	got.size = (uint64_t)st.st_size;
	err = index_settle(&got, mode == RUNLOG_ADOPT);
	if (err == 0) {
		*l = got;
		return 0;
	}
out:
	runlog_close(&got);
	return err;
}

void
runlog_close(struct runlog *l)
{
	if (l->fd >= 0)
		(void)close(l->fd);
	if (l->idx >= 0)
		(void)close(l->idx);
	l->fd = l->idx = -1;
}

/*
 * Screens and entries made of it are output too, half-written ones as well. The
 * index last: without a log it says nothing and harms nobody.
 */
int
runlog_remove(int dirfd, const char *run_id)
{
	static const char *const suffixes[] = { ".log", ".ckpt", ".ckpt.part",
		".say", ".sax", ".in", ".idx" };
	char name[NAME_MAX_LEN];

	if (!uuid_valid(run_id))
		return -EINVAL;
	for (size_t i = 0; i < sizeof(suffixes) / sizeof(*suffixes); i++) {
		(void)snprintf(name, sizeof(name), "%s%s", run_id, suffixes[i]);
		if (unlinkat(dirfd, name, 0) < 0 && errno != ENOENT)
			return -errno;
	}
	return 0;
}

bool
runlog_is_removed(const struct runlog *l)
{
	struct stat st;

	return fstat(l->fd, &st) < 0 || st.st_nlink == 0;
}

long
runlog_splice(struct runlog *l, int pipe, size_t len, uint8_t stream)
{
	loff_t at = (loff_t)l->size;
	long n = mark(l, stream);

	if (n != 0)
		return n;
	n = splice_now(pipe, l->fd, &at, len);
	if (n > 0)
		l->size += (uint64_t)n;
	return n;
}

int
runlog_note(struct runlog *l, const char *text)
{
	size_t len = strlen(text);
	ssize_t n;
	int err = mark(l, RUNLOG_RDV);

	if (err != 0)
		return err;
	n = pwrite(l->fd, text, len, (off_t)l->size);
	if (n < 0)
		return -errno;
	l->size += (uint64_t)n;
	return (size_t)n == len ? 0 : -ENOSPC;
}

long
runlog_read(const struct runlog *l, uint64_t off, void *p, size_t len)
{
	ssize_t n;

	if (off >= l->size)
		return 0;
	if (len > l->size - off)
		len = (size_t)(l->size - off);
	n = pread(l->fd, p, len, (off_t)off);
	return n < 0 ? -errno : n;
}

/* How many records stand at or below `off`. */
static uint64_t
records_upto(const struct runlog *l, uint64_t off)
{
	uint64_t lo = 0, hi = l->records;
	struct runlog_record r;

	while (lo < hi) {
		uint64_t mid = lo + (hi - lo) / 2;

		if (!runlog_record(l, mid, &r) || r.offset > off)
			hi = mid;
		else
			lo = mid + 1;
	}
	return lo;
}

bool
runlog_span(const struct runlog *l, uint64_t off, struct runlog_span *out)
{
	uint64_t next = records_upto(l, off);
	struct runlog_record r;

	if (off >= l->size || next == 0 || !runlog_record(l, next - 1, &r))
		return false;
	out->from = r.offset;
	out->time_ms = r.time_ms;
	out->stream = r.stream;
	out->to = l->size;
	if (next < l->records && runlog_record(l, next, &r) &&
	    r.offset < l->size)
		out->to = r.offset;
	return true;
}

uint64_t
runlog_sizes(const struct runlog *l, uint64_t off)
{
	return off > 0 ? records_upto(l, off - 1) : 0;
}

bool
runlog_next_size(const struct runlog *l, uint64_t *i, struct runlog_size *out)
{
	uint8_t raw[256 * RECORD];
	struct runlog_record r;
	ssize_t n;

	while (*i < l->records) {
		n = pread(l->idx, raw, sizeof(raw), (off_t)(*i * RECORD));
		if (n < RECORD)
			return false;
		for (ssize_t at = 0; at + RECORD <= n; at += RECORD) {
			(*i)++;
			record_decode(raw + at, &r);
			if (r.stream != RUNLOG_SIZE)
				continue;
			*out = (struct runlog_size){ r.offset, r.cols, r.rows };
			return true;
		}
	}
	return false;
}
