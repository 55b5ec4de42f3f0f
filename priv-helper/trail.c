/* SPDX-License-Identifier: MIT */
/*
 * Where several accounts may write one directory, any of them can put a link
 * there that leads another's path elsewhere: into another directory of that
 * one's own, which a run would then be given (abuse F02, F18). The kernel's
 * fs.protected_symlinks says whose links are followed where everybody may
 * write; here it is so everywhere, as a group may write in many more places.
 *
 * Invariant: each part is opened without following it, and what is judged,
 * read and gone on from is that descriptor, never a name a second time.
 */
#include "priv-helper/trail.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "lib/err.h"
#include "lib/str.h"
#include "priv-helper/roots.h"

#define LINKS_MAX 40 /* as the kernel has it, path_resolution(7) */

struct trail {
	int dir;
	char rest[ROOTS_PATH_MAX]; /* below `dir` */
	unsigned links;
};

static int
open_in(int dir, const char *name, uint64_t resolve)
{
	const struct open_how how = {
		.flags = O_PATH | O_NOFOLLOW | O_CLOEXEC,
		.resolve = RESOLVE_NO_MAGICLINKS | resolve,
	};
	int fd = (int)syscall(SYS_openat2, dir, name, &how, sizeof(how));

	return fd < 0 ? -errno : fd;
}

static void
go_to(struct trail *t, int fd)
{
	(void)close(t->dir);
	t->dir = fd;
}

/* Those of /proc lead where no text says. */
static bool
is_magic(int fd)
{
	struct statfs st;

	return fstatfs(fd, &st) < 0 || st.f_type == PROC_SUPER_MAGIC;
}

/* setfsuid(2) says who it was, and with this one changes nothing. */
static bool
may_lead(const struct stat *link)
{
	return link->st_uid == 0 || link->st_uid == (uid_t)setfsuid((uid_t)-1);
}

/* What the link says comes before what is left. 0 or an error. */
static int
follow(struct trail *t, int link, const struct stat *st)
{
	char text[2 * ROOTS_PATH_MAX];
	ssize_t n;
	int top;

	if (t->links++ == LINKS_MAX || is_magic(link))
		return -ELOOP;
	if (!may_lead(st))
		return RDV_E_DENIED;
	n = readlinkat(link, "", text, ROOTS_PATH_MAX - 1);
	if (n <= 0)
		return n < 0 ? -errno : -ENOENT;
	text[n] = '/';
	(void)str_copy(text + n + 1, t->rest, ROOTS_PATH_MAX);
	if (!str_copy(t->rest, text, sizeof(t->rest)))
		return -ENAMETOOLONG;
	if (text[0] != '/')
		return 0;
	top = open_in(AT_FDCWD, "/", 0);
	if (top < 0)
		return top;
	go_to(t, top);
	return 0;
}

/* One part further. 0, or an error; at the end `rest` is empty. */
static int
step(struct trail *t)
{
	char name[ROOTS_PATH_MAX];
	size_t skip = strspn(t->rest, "/"), len;
	struct stat st;
	int fd, err;

	len = strcspn(t->rest + skip, "/");
	memcpy(name, t->rest + skip, len);
	name[len] = '\0';
	skip += len;
	skip += strspn(t->rest + skip, "/");
	memmove(t->rest, t->rest + skip, strlen(t->rest + skip) + 1);
	fd = open_in(t->dir, len > 0 ? name : ".", 0);
	if (fd < 0)
		return fd;
	if (fstat(fd, &st) == 0 && S_ISLNK(st.st_mode) && t->rest[0] != '\0') {
		err = follow(t, fd, &st);
		(void)close(fd);
		return err;
	}
	go_to(t, fd);
	return 0;
}

int
trail_open(int dir, const char *path, int *out)
{
	struct trail t = { .rest = "" };
	int err = 0;

	/* Most have none, and the kernel is the faster one. */
	t.dir = open_in(dir, path, RESOLVE_NO_SYMLINKS);
	if (t.dir == -ELOOP) {
		if (!str_copy(t.rest, path, sizeof(t.rest)))
			return -ENAMETOOLONG;
		t.dir = open_in(dir, path[0] == '/' ? "/" : ".", 0);
	}
	if (t.dir < 0)
		return t.dir;
	while (err == 0 && t.rest[0] != '\0')
		err = step(&t);
	if (err != 0)
		(void)close(t.dir);
	else
		*out = t.dir;
	return err;
}
