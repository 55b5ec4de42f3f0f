/* SPDX-License-Identifier: MIT */
/*
 * Opening beneath a directory. Containment is by descriptor and by the kernel,
 * never by comparing text: between a check of a path and its use somebody else
 * may put a symlink there (abuse F02). Where the kernel cannot do it in one
 * call, the descent below gives the same guarantee in many (abuse F03).
 */
#include "lib/path.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib/str.h"

static bool force_descent;

void
path_force_descent(bool on)
{
	force_descent = on;
}

/* What a descent needs to know of an object it stands on. */
struct place {
	mode_t mode;
	unsigned dev_major, dev_minor;
	uint64_t mount; /* 0 where the kernel does not tell */
};

static int
look(int fd, struct place *out)
{
	struct statx sx;

	if (statx(fd, "", AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW,
		STATX_TYPE | STATX_MNT_ID, &sx) < 0)
		return -errno;
	out->mode = sx.stx_mode;
	out->dev_major = sx.stx_dev_major;
	out->dev_minor = sx.stx_dev_minor;
	out->mount = sx.stx_mask & STATX_MNT_ID ? sx.stx_mnt_id : 0;
	return 0;
}

/* Refuses a symlink and whatever lies on another mount than the root. */
static int
judge(int fd, const struct place *root)
{
	struct place at = { 0 };
	int err;

	err = look(fd, &at);
	if (err != 0)
		return err;
	if (S_ISLNK(at.mode))
		return -ELOOP;
	if (at.mount != root->mount || at.dev_major != root->dev_major ||
	    at.dev_minor != root->dev_minor)
		return -EXDEV;
	return 0;
}

/* openat says ENOTDIR of a symlink where a directory was asked for. */
static int
refusal(int dir, const char *name)
{
	int err = -errno;
	struct stat st;

	if (err == -ENOTDIR &&
	    fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	    S_ISLNK(st.st_mode))
		return -ELOOP;
	return err;
}

/*
 * Opens one component and judges what was opened, not what the name meant a
 * moment before. Nothing is truncated until it has passed.
 */
static int
step(int dir, const char *name, int flags, mode_t mode,
    const struct place *root)
{
	int fd, err;

	fd = openat(dir, name,
	    (flags & ~O_TRUNC) | O_NOFOLLOW | O_CLOEXEC | O_NOCTTY, mode);
	if (fd < 0)
		return refusal(dir, name);
	err = judge(fd, root);
	if (err == 0 && (flags & O_TRUNC) && ftruncate(fd, 0) < 0)
		err = -errno;
	if (err == 0)
		return fd;
	(void)close(fd);
	return err;
}

/* `rel` has been found well formed, so joining it only cleans it up. */
static int
descend(int rootfd, const char *rel, int flags, mode_t mode)
{
	char clean[PATH_MAX + 1], *name = clean + 1, *end;
	struct place root = { 0 };
	int dir = rootfd, fd;
	bool last;

	fd = look(rootfd, &root);
	if (fd != 0)
		return fd;
	/* openat would follow a symlink in front of a trailing slash. */
	if (str_ends(rel, "/") || str_ends(rel, "/."))
		flags |= O_DIRECTORY;
	if (!path_join(clean, sizeof(clean), "/", rel))
		return -ENAMETOOLONG;
	do {
		end = name + strcspn(name, "/");
		last = *end == '\0';
		*end = '\0';
		fd = step(dir, *name == '\0' ? "." : name,
		    last ? flags : O_PATH, mode, &root);
		if (dir != rootfd)
			(void)close(dir);
		dir = fd;
		name = end + 1;
	} while (!last && fd >= 0);
	return fd;
}

/* Said the same way whichever of the two methods is taken. */
static int
check_relative(const char *rel)
{
	const char *p = rel;
	size_t len;

	if (*rel == '\0')
		return -ENOENT;
	if (*rel == '/')
		return -EXDEV;
	if (strlen(rel) >= PATH_MAX)
		return -ENAMETOOLONG;
	while (*p != '\0') {
		len = strcspn(p, "/");
		if (len == 2 && p[0] == '.' && p[1] == '.')
			return -EXDEV;
		p += len + strspn(p + len, "/");
	}
	return 0;
}

int
path_open_beneath(int rootfd, const char *rel, int flags, mode_t mode)
{
	/* openat2 refuses flags that mean nothing together with O_PATH. */
	const int extra = O_CLOEXEC | (flags & O_PATH ? 0 : O_NOCTTY);
	struct open_how how = {
		.flags = (unsigned)(flags | extra),
		.mode = flags & (O_CREAT | O_TMPFILE) & ~O_DIRECTORY ? mode : 0,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS |
			   RESOLVE_NO_MAGICLINKS | RESOLVE_NO_XDEV,
	};
	long fd;
	int err;

	err = check_relative(rel);
	if (err != 0)
		return err;
	if (!force_descent) {
		fd = syscall(SYS_openat2, rootfd, rel, &how, sizeof(how));
		if (fd >= 0)
			return (int)fd;
		/* EPERM too: so do filters of some containers answer it. */
		if (errno != ENOSYS && errno != EPERM)
			return -errno;
	}
	return descend(rootfd, rel, flags, mode);
}
