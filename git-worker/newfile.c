/* SPDX-License-Identifier: MIT */
/*
 * A whole file or none. Hard links are not to be had everywhere, and a rename
 * that replaces nothing is not either, so that what a file system can do is
 * tried in that order. Invariant: no file that was there is removed, emptied or
 * replaced, whatever it is called.
 */
#include "git-worker/newfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

/* Names tried; somebody's own file may have one of them. */
#define NAMES_MAX 100

static bool named;

void
newfile_force_named(bool on)
{
	named = on;
}

int
newfile_open(struct newfile *f, int dir, mode_t mode)
{
	const int flags = O_WRONLY | O_CLOEXEC;

	f->dir = dir;
	f->half[0] = '\0';
	f->fd = named ? -1 : openat(dir, ".", flags | O_TMPFILE, mode);
	for (int i = 0; f->fd < 0 && i < NAMES_MAX; i++) {
		(void)snprintf(f->half, sizeof(f->half), ".rdv-half-%d-%d",
		    (int)getpid(), i);
		f->fd = openat(dir, f->half,
		    flags | O_CREAT | O_EXCL | O_NOFOLLOW, mode);
		if (f->fd < 0 && errno != EEXIST)
			return -errno;
	}
	return f->fd < 0 ? -EEXIST : 0;
}

static int
place_nameless(const struct newfile *f, const char *name)
{
	char path[64];

	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", f->fd);
	return linkat(AT_FDCWD, path, f->dir, name, AT_SYMLINK_FOLLOW) < 0
		   ? -errno
		   : 0;
}

static int
place_named(const struct newfile *f, const char *name)
{
	if (renameat2(f->dir, f->half, f->dir, name, RENAME_NOREPLACE) == 0)
		return 0;
	/* Over a network there may be hard links instead. */
	if (errno != EINVAL && errno != ENOSYS)
		return -errno;
	return linkat(f->dir, f->half, f->dir, name, 0) < 0 ? -errno : 0;
}

int
newfile_place(struct newfile *f, const char *name)
{
	int err;

	if (f->half[0] == '\0') {
		err = place_nameless(f, name);
		if (close(f->fd) < 0 && err == 0)
			err = -errno;
		return err;
	}
	err = close(f->fd) < 0 ? -errno : place_named(f, name);
	/* Renamed it is there no more, and the name is nobody else's. */
	(void)unlinkat(f->dir, f->half, 0);
	return err;
}

void
newfile_drop(struct newfile *f)
{
	(void)close(f->fd);
	if (f->half[0] != '\0')
		(void)unlinkat(f->dir, f->half, 0);
}
