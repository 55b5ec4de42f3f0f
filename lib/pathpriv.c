/* SPDX-License-Identifier: MIT */
/*
 * Private directories and files: of our own uid, closed to everybody else, at
 * every moment (abuse C16). A file is replaced as a whole or not at all, and is
 * never reachable under its name with a wider mode or half its bytes.
 */
#include "lib/path.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/err.h"
#include "lib/secret.h"
#include "lib/str.h"
#include "lib/xalloc.h"

int
path_private_dir(int dirfd, const char *name)
{
	struct stat st;
	int fd, err;

	if (mkdirat(dirfd, name, 0700) < 0 && errno != EEXIST)
		return -errno;
	fd = openat(dirfd, name, O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return errno == ELOOP ? -ENOTDIR : -errno;
	err = fstat(fd, &st) < 0 ? -errno : 0;
	/* A set-group-ID bit inherited from the parent does no harm. */
	if (err == 0 && (st.st_uid != geteuid() || (st.st_mode & 0777) != 0700))
		err = -EPERM;
	if (err == 0)
		return fd;
	(void)close(fd);
	return err;
}

static int
write_all(int fd, const void *p, size_t len)
{
	const char *at = p;
	ssize_t n;

	while (len > 0) {
		n = write(fd, at, len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		at += n;
		len -= (size_t)n;
	}
	return 0;
}

/* Creates and fills `tmp`; on failure it does not exist afterwards. */
static int
write_temporary(int dirfd, const char *tmp, const void *p, size_t len)
{
	int fd, err;

	fd = openat(dirfd, tmp,
	    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	err = write_all(fd, p, len);
	/* The umask may have taken bits of the owner away. */
	if (err == 0 && (fchmod(fd, 0600) < 0 || fsync(fd) < 0))
		err = -errno;
	if (close(fd) < 0 && err == 0)
		err = -errno;
	if (err != 0)
		(void)unlinkat(dirfd, tmp, 0);
	return err;
}

int
path_write_private(int dirfd, const char *name, const void *p, size_t len)
{
	char random[8], hex[17], tmp[32];
	int err;

	if (!path_component_ok(name))
		return -EINVAL;
	secret_random(random, sizeof(random));
	str_hex(hex, random, sizeof(random));
	snprintf(tmp, sizeof(tmp), ".tmp-%s", hex);
	err = write_temporary(dirfd, tmp, p, len);
	if (err != 0)
		return err;
	if (renameat(dirfd, tmp, dirfd, name) < 0) {
		err = -errno;
		(void)unlinkat(dirfd, tmp, 0);
		return err;
	}
	return fsync(dirfd) < 0 ? -errno : 0;
}

/* Reads up to `max` + 1 bytes: one more than allowed shows too big a file. */
static int
read_bounded(int fd, size_t max, char **out, size_t *len)
{
	char *p = xmalloc(max + 2);
	size_t used = 0;
	ssize_t n;
	int err = 0;

	do {
		n = read(fd, p + used, max + 1 - used);
		if (n < 0 && errno != EINTR)
			err = -errno;
		used += n > 0 ? (size_t)n : 0;
	} while (err == 0 && n != 0 && used <= max);
	if (err == 0 && used > max)
		err = RDV_E_TOO_BIG;
	if (err != 0) {
		secret_free(p, max + 2);
		return err;
	}
	p[used] = '\0';
	*out = p;
	if (len != NULL)
		*len = used;
	return 0;
}

int
path_read_private(int dirfd, const char *name, size_t max, char **out,
    size_t *len)
{
	struct stat st;
	int fd, err;

	/* O_NONBLOCK: a FIFO of that name must not hold us up. */
	fd = openat(dirfd, name,
	    O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) < 0)
		err = -errno;
	else if (!S_ISREG(st.st_mode) || st.st_uid != geteuid() ||
		 (st.st_mode & 077) != 0)
		err = RDV_E_DENIED;
	else
		err = read_bounded(fd, max, out, len);
	(void)close(fd);
	return err;
}
