/* SPDX-License-Identifier: MIT */
/*
 * A file of a work tree gets its bytes back, as git has left them beside. Who
 * works in the tree may swap any directory of it for a link meanwhile: so both
 * files are reached from descriptors, never by a path (abuse F02).
 *
 * Invariant: what is changed, replaced or removed lies in a directory that was
 * below `top` when it was opened.
 */
#include "git-worker/replace.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/path.h"
#include "lib/str.h"

/* The directory of `name` below `top`, and its last part; or -errno. */
static int
directory_of(int top, const char *name, const char **last)
{
	const char *slash = strrchr(name, '/');
	char dir[PATH_MAX];

	*last = slash != NULL ? slash + 1 : name;
	if (!path_component_ok(*last) || !str_copy(dir, name, sizeof(dir)))
		return -EINVAL;
	if (slash == NULL)
		return fcntl(top, F_DUPFD_CLOEXEC, 0);
	dir[slash - name] = '\0';
	return path_open_beneath(top, dir, O_RDONLY | O_DIRECTORY, 0);
}

/*
 * By descriptor: chmod(2) would follow what has taken the name since. What has
 * another name as well is not what git has left, and may be anybody's (F08).
 */
static int
take_mode(int top, const char *temp, mode_t mode)
{
	int fd = path_open_beneath(top, temp, O_RDONLY | O_NONBLOCK, 0);
	struct stat st;
	int err = 0;

	if (fd < 0)
		return fd;
	if (fstat(fd, &st) < 0)
		err = -errno;
	else if (!S_ISREG(st.st_mode))
		err = -EINVAL;
	else if (st.st_nlink != 1)
		err = -EMLINK;
	else if (fchmod(fd, mode & 07777) < 0)
		err = -errno;
	(void)close(fd);
	return err;
}

static int
replace_in(int top, const char *temp, const char *name)
{
	const char *last;
	struct stat st;
	int dir = directory_of(top, name, &last), err = 0;

	if (dir < 0)
		return dir;
	if (fstatat(dir, last, &st, AT_SYMLINK_NOFOLLOW) < 0)
		err = -errno;
	else if (!S_ISREG(st.st_mode))
		err = -EINVAL;
	else
		err = take_mode(top, temp, st.st_mode);
	if (err == 0 && renameat(top, temp, dir, last) < 0)
		err = -errno;
	(void)close(dir);
	return err;
}

int
replace_file(const char *top, const char *temp, const char *name)
{
	int dir = open(top, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	int err;

	if (dir < 0)
		return -errno;
	err = path_component_ok(temp) ? replace_in(dir, temp, name) : -EINVAL;
	if (err != 0 && path_component_ok(temp))
		(void)unlinkat(dir, temp, 0);
	(void)close(dir);
	return err;
}
