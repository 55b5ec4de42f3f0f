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

#include "git-worker/newfile.h"
#include "lib/err.h"
#include "lib/path.h"

/* Whether the directory `at`, `name` in `dir`, is registered for `want`. */
static bool
is_registered(int dir, const char *name, const char *at, const char *want)
{
	int sub = path_open_beneath(dir, name, O_RDONLY | O_DIRECTORY, 0);
	int fd = -1;
	char text[PATH_MAX + 16], full[PATH_MAX + 16];
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
	/* It may be relative to where it stands (worktree.useRelativePaths). */
	return path_join(full, sizeof(full), at, text) &&
	       strcmp(full, want) == 0;
}

/* The name of its directory below .git/worktrees. */
static int
find_name(const char *top, const char *tree, char name[NAME_MAX + 1])
{
	char path[PATH_MAX + 16], want[PATH_MAX + 16];
	char at[PATH_MAX + NAME_MAX + 32];
	struct dirent *e;
	int err = RDV_E_NOT_FOUND;
	DIR *d;

	(void)snprintf(path, sizeof(path), "%s/.git/worktrees", top);
	(void)snprintf(want, sizeof(want), "%s/.git", tree);
	d = opendir(path);
	if (d == NULL)
		return errno == ENOENT ? RDV_E_NOT_FOUND : -errno;
	while (err != 0 && (e = readdir(d)) != NULL) {
		(void)snprintf(at, sizeof(at), "%s/%s", path, e->d_name);
		if (!path_component_ok(e->d_name) ||
		    !is_registered(dirfd(d), e->d_name, at, want))
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
	struct newfile f;
	int err = newfile_open(&f, dir, 0644);

	if (err != 0)
		return err;
	if (write(f.fd, text, len) != (ssize_t)len) {
		newfile_drop(&f);
		return -EIO;
	}
	err = newfile_place(&f, ".git");
	return err == -EEXIST ? 0 : err;
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
