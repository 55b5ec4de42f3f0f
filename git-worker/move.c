/* SPDX-License-Identifier: MIT */
/*
 * A worktree's directory gets another name where git would not move it. Whoever
 * may write around it can put a link in the place of what it lies in: so the
 * names are used in opened directories, which [ops] has judged for the sandbox
 * that this runs in.
 *
 * Invariant: nothing is copied and nothing deleted. What is cut off has moved,
 * or it has not.
 */
#include "git-worker/move.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/path.h"

/* What `path` lies in, and its name there; or -errno. */
static int
around(const char *path, const char **name)
{
	char dir[PATH_MAX];
	int fd;

	if (!path_absolute_ok(path) || strcmp(path, "/") == 0)
		return -EINVAL;
	*name = strrchr(path, '/') + 1;
	/* The root has its slash, and every other directory none. */
	(void)snprintf(dir, sizeof(dir), "%.*s",
	    *name - 1 > path ? (int)(*name - 1 - path) : 1, path);
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

static int
move_in(int from, const char *old, int to, const char *new)
{
	struct stat st;

	if (fstatat(from, old, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	if (!S_ISDIR(st.st_mode))
		return -ENOTDIR;
	return renameat(from, old, to, new) < 0 ? -errno : 0;
}

int
move_tree(const char *from, const char *to)
{
	const char *old, *new;
	int source = around(from, &old), target, err;

	if (source < 0)
		return source;
	target = around(to, &new);
	err = target < 0 ? target : move_in(source, old, target, new);
	if (target >= 0)
		(void)close(target);
	(void)close(source);
	return err;
}
