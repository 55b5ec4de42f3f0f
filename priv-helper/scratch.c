/* SPDX-License-Identifier: MIT */
/*
 * Temporary directories of confined runs. The tree to remove was made by a
 * program we do not trust: names are taken from open directories only, a link
 * is removed and never followed, what is mounted is not entered, and a
 * tree deeper than we have descriptors for is moved up piece by piece.
 */
#include "priv-helper/scratch.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "lib/secret.h"
#include "lib/str.h"

/* One descriptor per level, and one frame of the stack. */
#define DEPTH_MAX 32
/* Passes over the top; each removes at least DEPTH_MAX levels. */
#define PASSES_MAX 256

struct tree {
	int top;
	dev_t dev;
	uint64_t mount; /* 0: the kernel does not say, before Linux 5.8 */
	unsigned moved;
};

void
scratch_name(char path[SCRATCH_PATH])
{
	unsigned char id[8];
	char text[2 * sizeof(id) + 1];

	secret_random(id, sizeof(id));
	str_hex(text, id, sizeof(id));
	snprintf(path, SCRATCH_PATH, "/tmp/rdv-run-%s", text);
}

int
scratch_make(const char *path)
{
	return mkdir(path, 0700) < 0 ? -errno : 0;
}

static void empty(struct tree *t, int fd, unsigned depth);

/*
 * The device of an open directory, and its mount, which a bind mount of the
 * same file system differs in. Nothing is asked of the file system itself: one
 * that does not answer would hold us for ever.
 */
static bool
place(int fd, dev_t *dev, uint64_t *mount)
{
	struct statx sx;

	if (statx(fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_MNT_ID,
		&sx) < 0)
		return false;
	*dev = makedev(sx.stx_dev_major, sx.stx_dev_minor);
	*mount = sx.stx_mask & STATX_MNT_ID ? sx.stx_mnt_id : 0;
	return true;
}

/* For a directory whose own mode keeps us out: by inode, not by name. */
static void
unlock(int fd)
{
	char self[40];

	snprintf(self, sizeof(self), "/proc/self/fd/%d", fd);
	(void)chmod(self, 0700);
}

/* To be read, or -1: it is of another mount, or gone. */
static int
open_dir(const struct tree *t, int fd, const char *name)
{
	int at =
	    openat(fd, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	int sub = -1;
	uint64_t mount;
	dev_t dev;

	if (at >= 0 && place(at, &dev, &mount) && dev == t->dev &&
	    mount == t->mount) {
		sub = openat(at, ".", O_DIRECTORY | O_CLOEXEC);
		if (sub < 0 && errno == EACCES) {
			unlock(at);
			sub = openat(at, ".", O_DIRECTORY | O_CLOEXEC);
		}
	}
	if (at >= 0)
		(void)close(at);
	return sub;
}

static void
remove_dir(struct tree *t, int fd, const char *name, unsigned depth)
{
	char up[32];
	int sub;

	if (depth == DEPTH_MAX) {
		snprintf(up, sizeof(up), ".up-%u", t->moved++);
		(void)renameat(fd, name, t->top, up);
		return;
	}
	sub = open_dir(t, fd, name);
	if (sub < 0)
		return;
	(void)fchmod(sub, 0700);
	empty(t, sub, depth + 1);
	(void)unlinkat(fd, name, AT_REMOVEDIR);
}

/* Takes `fd` over. Removing while reading is why a pass may leave some. */
static void
empty(struct tree *t, int fd, unsigned depth)
{
	DIR *d = fdopendir(fd);
	const struct dirent *e;

	if (d == NULL) {
		(void)close(fd);
		return;
	}
	while ((e = readdir(d)) != NULL) {
		if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
			continue;
		if (unlinkat(fd, e->d_name, 0) < 0 && errno == EISDIR)
			remove_dir(t, fd, e->d_name, depth);
	}
	(void)closedir(d);
}

void
scratch_remove(const char *path, uid_t uid)
{
	struct tree t = { .top = -1 };
	struct stat st;
	unsigned pass;
	int fd;

	t.top = open(path, O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (t.top < 0)
		return;
	if (fstat(t.top, &st) == 0 && st.st_uid == uid &&
	    place(t.top, &t.dev, &t.mount)) {
		(void)fchmod(t.top, 0700);
		for (pass = 0; pass < PASSES_MAX && rmdir(path) < 0; pass++) {
			fd = openat(t.top, ".", O_DIRECTORY | O_CLOEXEC);
			if (fd >= 0)
				empty(&t, fd, 0);
		}
	}
	(void)close(t.top);
}
