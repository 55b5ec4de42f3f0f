/* SPDX-License-Identifier: MIT */
/*
 * The recording disk of test_power.c. SQLite's own write calls are replaced
 * through its table of system calls; fdatasync(2) and fsync(2) are this
 * program's.
 */
#include "tests/unit/store/power.h"

#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <sqlite3.h>

#include "lib/xalloc.h"
#include "tests/unit/check.h"

struct op {
	struct op *next;
	off_t off;
	size_t len;
	bool cut; /* truncate to `off` */
	unsigned char bytes[];
};

struct disk {
	ino_t ino;
	unsigned char *bytes; /* durable */
	size_t len, cap;
	struct op *first, **last; /* since the last sync */
};

static struct disk disks[2];
static bool watching;
static unsigned long ops;
static unsigned cuts, overwrites;
static void (*each_cb)(void *);
static void *each_arg;

static struct disk *
disk_of(int fd)
{
	struct stat st;

	if (!watching || fstat(fd, &st) < 0)
		return NULL;
	for (int i = 0; i < 2; i++)
		if (disks[i].ino == st.st_ino)
			return &disks[i];
	return NULL;
}

static void
put(struct disk *d, off_t off, const void *p, size_t len)
{
	size_t end = (size_t)off + len;

	if (end > d->cap) {
		d->cap = end * 2;
		d->bytes = xreallocarray(d->bytes, d->cap, 1);
	}
	if (end > d->len) {
		memset(d->bytes + d->len, 0, end - d->len);
		d->len = end;
	}
	memcpy(d->bytes + off, p, len);
}

static void
apply(struct disk *d, const struct op *op)
{
	if (!op->cut)
		put(d, op->off, op->bytes, op->len);
	else if (d->len > (size_t)op->off)
		d->len = (size_t)op->off;
}

static void
record(struct disk *d, off_t off, const void *p, size_t len, bool cut)
{
	struct op *op = xcalloc(1, sizeof *op + len);

	op->off = off;
	op->len = len;
	op->cut = cut;
	if (len > 0)
		memcpy(op->bytes, p, len);
	*d->last = op;
	d->last = &op->next;
	ops++;
	if (each_cb != NULL)
		each_cb(each_arg);
}

static void
settle(struct disk *d)
{
	struct op *op;

	while ((op = d->first) != NULL) {
		d->first = op->next;
		apply(d, op);
		free(op);
	}
	d->last = &d->first;
}

int
fdatasync(int fd)
{
	struct disk *d = disk_of(fd);

	if (d != NULL)
		settle(d);
	return (int)syscall(SYS_fdatasync, fd);
}

int
fsync(int fd)
{
	struct disk *d = disk_of(fd);

	if (d != NULL)
		settle(d);
	return (int)syscall(SYS_fsync, fd);
}

static ssize_t
hook_pwrite(int fd, const void *p, size_t len, off_t off)
{
	struct disk *d = disk_of(fd);
	struct stat st;

	if (d == &disks[1] && off == 0 && fstat(fd, &st) == 0 && st.st_size > 0)
		overwrites++;
	if (d != NULL)
		record(d, off, p, len, false);
	return pwrite(fd, p, len, off);
}

static int
hook_ftruncate(int fd, off_t len)
{
	struct disk *d = disk_of(fd);

	if (d != NULL) {
		cuts += d == &disks[1];
		record(d, len, NULL, 0, true);
	}
	return ftruncate(fd, len);
}

static void
load(struct disk *d, const char *path)
{
	unsigned char block[65536];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	ssize_t n;

	assert_true(fd >= 0 && fstat(fd, &st) == 0);
	d->ino = st.st_ino;
	d->last = &d->first;
	while ((n = read(fd, block, sizeof block)) > 0)
		put(d, (off_t)d->len, block, (size_t)n);
	close(fd);
}

void
power_watch(const char *db, const char *log)
{
	static const struct {
		const char *name;
		sqlite3_syscall_ptr fn;
	} hooks[] = {
		{ "pwrite", (sqlite3_syscall_ptr)hook_pwrite },
		{ "pwrite64", (sqlite3_syscall_ptr)hook_pwrite },
		{ "ftruncate", (sqlite3_syscall_ptr)hook_ftruncate },
	};
	sqlite3_vfs *vfs = sqlite3_vfs_find(NULL);

	for (size_t i = 0; i < sizeof hooks / sizeof hooks[0]; i++)
		(void)vfs->xSetSystemCall(vfs, hooks[i].name, hooks[i].fn);
	load(&disks[0], db);
	load(&disks[1], log);
	cuts = overwrites = 0;
	ops = 0;
	watching = true;
}

void
power_forget(void)
{
	watching = false;
	for (int i = 0; i < 2; i++) {
		settle(&disks[i]);
		free(disks[i].bytes);
	}
	memset(disks, 0, sizeof disks);
	each_cb = NULL;
}

void
power_each(void (*cb)(void *arg), void *arg)
{
	each_cb = cb;
	each_arg = arg;
}

static uint32_t
pick(uint32_t *state)
{
	*state = *state * 1664525u + 1013904223u;
	return *state >> 16;
}

/* What of the operations since the sync has reached the disk. */
enum { EACH_BY_ITSELF, THE_FIRST, THE_LAST, PATTERNS };

static bool
reached(unsigned pattern, unsigned limit, unsigned at, uint32_t *state)
{
	switch (pattern) {
	case THE_FIRST:
		return at < limit;
	case THE_LAST:
		return at >= limit;
	default:
		return pick(state) % 4 != 0;
	}
}

static void
image(const struct disk *d, unsigned seed, const char *path)
{
	struct disk copy = { .bytes = NULL };
	uint32_t state = seed * 2654435761u + 1;
	unsigned pattern = pick(&state) % PATTERNS, limit, n = 0, at = 0;
	int fd;

	for (const struct op *op = d->first; op != NULL; op = op->next)
		n++;
	limit = pick(&state) % (n + 1);
	put(&copy, 0, d->bytes != NULL ? d->bytes : (void *)"", d->len);
	for (const struct op *op = d->first; op != NULL; op = op->next) {
		if (reached(pattern, limit, at++, &state))
			apply(&copy, op);
		/* Without the cut the file still has its old blocks. */
		else if (op->cut)
			break;
	}
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, copy.bytes, copy.len), (ssize_t)copy.len);
	close(fd);
	free(copy.bytes);
}

void
power_image(unsigned seed, const char *db, const char *log)
{
	bool was = watching;

	watching = false;
	image(&disks[0], seed, db);
	image(&disks[1], seed * 31 + 7, log);
	watching = was;
}

unsigned long
power_ops(void)
{
	return ops;
}

unsigned
power_cuts(void)
{
	return cuts;
}

unsigned
power_overwrites(void)
{
	return overwrites;
}
