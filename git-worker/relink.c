/* SPDX-License-Identifier: MIT */
/*
 * A worktree whose directory was deleted has lost the file that says which one
 * it is, and git registers it all the same. `git worktree repair` would write
 * that file, but for all worktrees of the repository, most of which its sandbox
 * cannot look at and which it would take for broken.
 */
#include "git-worker/relink.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lib/err.h"
#include "lib/path.h"

/* Until all of it is written. */
#define HALF ".git.rdv"

/* Whether the directory `name` of `dir` is registered for `want`. */
static bool
is_registered(int dir, const char *name, const char *want)
{
	int sub = path_open_beneath(dir, name, O_RDONLY | O_DIRECTORY, 0);
	int fd = -1;
	char text[PATH_MAX + 16];
	ssize_t n = -1;

	if (sub >= 0)
		fd = path_open_beneath(sub, "gitdir", O_RDONLY | O_NONBLOCK, 0);
	if (fd >= 0)
		n = read(fd, text, sizeof(text) - 1);
	if (fd >= 0)
		(void)close(fd);
	if (sub >= 0)
		(void)close(sub);
	if (n <= 0)
		return false;
	text[n] = '\0';
	text[strcspn(text, "\n")] = '\0';
	return strcmp(text, want) == 0;
}

/* The name of its directory below .git/worktrees. */
static int
find_name(const char *top, const char *tree, char name[NAME_MAX + 1])
{
	char path[PATH_MAX + 16], want[PATH_MAX + 16];
	struct dirent *e;
	int err = RDV_E_NOT_FOUND;
	DIR *d;

	(void)snprintf(path, sizeof(path), "%s/.git/worktrees", top);
	(void)snprintf(want, sizeof(want), "%s/.git", tree);
	d = opendir(path);
	if (d == NULL)
		return errno == ENOENT ? RDV_E_NOT_FOUND : -errno;
	while (err != 0 && (e = readdir(d)) != NULL) {
		if (!path_component_ok(e->d_name) ||
		    !is_registered(dirfd(d), e->d_name, want))
			continue;
		(void)snprintf(name, NAME_MAX + 1, "%s", e->d_name);
		err = 0;
	}
	(void)closedir(d);
	return err;
}

static int
write_link(int dir, const char *text)
{
	const size_t len = strlen(text);
	int err = 0, fd;

	if (unlinkat(dir, HALF, 0) < 0 && errno != ENOENT)
		return -errno;
	fd = openat(dir, HALF,
	    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
	if (fd < 0)
		return -errno;
	if (write(fd, text, len) != (ssize_t)len)
		err = -EIO;
	if (close(fd) < 0 && err == 0)
		err = -errno;
	/* It takes nobody's place. */
	if (err == 0 && linkat(dir, HALF, dir, ".git", 0) < 0 &&
	    errno != EEXIST)
		err = -errno;
	(void)unlinkat(dir, HALF, 0);
	return err;
}

int
relink_tree(const char *top, const char *tree)
{
	char name[NAME_MAX + 1] = "", text[2 * PATH_MAX];
	int err = find_name(top, tree, name), dir;

	if (err != 0)
		return err;
	dir = open(tree, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (dir < 0)
		return -errno;
	(void)snprintf(text, sizeof(text), "gitdir: %s/.git/worktrees/%s\n",
	    top, name);
	err = write_link(dir, text);
	(void)close(dir);
	return err;
}
