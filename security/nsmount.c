/* SPDX-License-Identifier: MIT */
/*
 * What a run sees of the file system. Everything of the host's is taken up
 * first, by the name it was judged under and compared with what was judged: a
 * descriptor from before would do better, but cannot be mounted from here. Then
 * the places are made and filled in one order for both kinds of view, since all
 * of them are relative to where the new root is, or stays.
 */
#include "security/nsmount.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "security/nspace.h"

/* New ones, in each view. Of shared memory a browser wants a lot. */
static const struct fresh {
	const char *type, *to;
	unsigned long flags;
	const char *options;
} fresh[] = {
	{ "proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL },
	{ "tmpfs", "dev/shm", MS_NOSUID | MS_NODEV, "mode=1777,size=1g" },
	{ "devpts", "dev/pts", MS_NOSUID | MS_NOEXEC,
	    "newinstance,ptmxmode=0666,mode=620" },
};

static const struct {
	const char *to, *link;
} links[] = {
	{ "dev/fd", "/proc/self/fd" },
	{ "dev/stdin", "/proc/self/fd/0" },
	{ "dev/stdout", "/proc/self/fd/1" },
	{ "dev/stderr", "/proc/self/fd/2" },
	{ "dev/ptmx", "pts/ptmx" },
};

static int
attributes(const struct nspace_mount *m, int tree)
{
	struct mount_attr attr = { .attr_set = MOUNT_ATTR_NOSUID };

	if (m->device)
		attr.attr_set |= MOUNT_ATTR_NOEXEC;
	else
		attr.attr_set |= MOUNT_ATTR_NODEV;
	if (m->readonly)
		attr.attr_set |= MOUNT_ATTR_RDONLY;
	if (mount_setattr(tree, "", AT_EMPTY_PATH | AT_RECURSIVE, &attr,
		sizeof(attr)) < 0)
		return -errno;
	return 0;
}

/*
 * With all that is mounted beneath: without it the kernel would have to show
 * what a mount hides, and refuses.
 */
static int
take_up(const struct nspace_mount *m, int *tree)
{
	const unsigned flags = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC;
	struct stat st;

	if (m->link != NULL)
		return 0;
	*tree = open_tree(AT_FDCWD, m->from, flags | AT_RECURSIVE);
	if (*tree < 0)
		return -errno;
	if (fstat(*tree, &st) < 0)
		return -errno;
	if (st.st_dev != m->dev || st.st_ino != m->ino)
		return -ESTALE;
	return attributes(m, *tree);
}

/* The directory of that name in `dir`, which is closed; or -errno. */
static int
enter(int dir, const char *name, size_t len)
{
	char part[NAME_MAX + 1] = "";
	int next = -1, err = ENAMETOOLONG;

	if (len < sizeof(part)) {
		memcpy(part, name, len);
		if (mkdirat(dir, part, 0755) == 0 || errno == EEXIST)
			next = openat(dir, part,
			    O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		err = errno;
	}
	(void)close(dir);
	return next >= 0 ? next : -err;
}

/*
 * The directory for the last part of a path, which is left in `to`. What was
 * put before may be written to by other runs: a link of theirs is not followed,
 * as it would lead to the host's files until the root is another.
 */
static int
make_way(const char **to)
{
	int dir = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	const char *slash;

	if (dir < 0)
		return -errno;
	for (; dir >= 0 && (slash = strchr(*to, '/')) != NULL; *to = slash + 1)
		dir = enter(dir, *to, (size_t)(slash - *to));
	return dir;
}

/* mkdir(2) and the like say EEXIST before anything else, also if read-only. */
static int
make_place(int dir, const char *name, bool directory)
{
	int err = directory ? mkdirat(dir, name, 0755)
			    : mknodat(dir, name, S_IFREG | 0444, 0);

	return err < 0 && errno != EEXIST ? -errno : 0;
}

/* Before anything that others could write to. */
static int
put_fresh(const struct fresh *f)
{
	const char *name = f->to;
	int dir = make_way(&name), err;

	if (dir < 0)
		return dir;
	err = make_place(dir, name, true);
	(void)close(dir);
	if (err == 0 &&
	    mount(f->type, f->to, f->type, f->flags, f->options) < 0)
		err = -errno;
	return err;
}

static int
put_at(const struct nspace_mount *m, int tree, int dir, const char *name)
{
	int err;

	if (m->link != NULL)
		return symlinkat(m->link, dir, name) < 0 && !m->optional
			   ? -errno
			   : 0;
	err = make_place(dir, name, m->directory);
	if (err == 0 &&
	    move_mount(tree, "", dir, name, MOVE_MOUNT_F_EMPTY_PATH) < 0)
		err = -errno;
	return m->optional ? 0 : err;
}

static int
put(const struct nspace_mount *m, int tree)
{
	const char *name = m->to;
	int dir = make_way(&name), err;

	if (dir < 0)
		return m->optional ? 0 : dir;
	err = put_at(m, tree, dir, name);
	(void)close(dir);
	return err;
}

static int
fill(const struct nspace *s, const int trees[])
{
	size_t i;
	int err = 0;

	for (i = 0; err == 0 && i < sizeof(fresh) / sizeof(fresh[0]); i++)
		err = put_fresh(&fresh[i]);
	for (i = 0; err == 0 && i < s->n; i++)
		err = put(&s->mounts[i], trees[i]);
	return err;
}

/* /tmp is a directory on every system, and what is in there is taken up. */
static int
begin_root(void)
{
	if (mount("rdv", "/tmp", "tmpfs", MS_NOSUID | MS_NODEV, "mode=755") < 0)
		return -errno;
	return chdir("/tmp") < 0 ? -errno : 0;
}

/*
 * The old root ends up on top of the new one, and goes with all that is in it.
 * Nothing is to be made in the new one any more.
 */
static int
finish_root(void)
{
	struct mount_attr attr = { .attr_set = MOUNT_ATTR_RDONLY };
	size_t i;

	for (i = 0; i < sizeof(links) / sizeof(links[0]); i++)
		if (symlink(links[i].link, links[i].to) < 0)
			return -errno;
	if (mount_setattr(AT_FDCWD, ".", 0, &attr, sizeof(attr)) < 0 ||
	    syscall(SYS_pivot_root, ".", ".") < 0 ||
	    umount2(".", MNT_DETACH) < 0 || chdir("/") < 0)
		return -errno;
	return 0;
}

int
nsmount_enter(const struct nspace *s)
{
	const bool root = s->view == NSPACE_ROOT;
	int trees[NSPACE_MOUNTS];
	size_t i;
	int err = 0;

	for (i = 0; i < s->n; i++)
		trees[i] = -1;
	for (i = 0; err == 0 && i < s->n; i++)
		err = take_up(&s->mounts[i], &trees[i]);
	if (err == 0 && root)
		err = begin_root();
	else if (err == 0 && chdir("/") < 0)
		err = -errno;
	if (err == 0)
		err = fill(s, trees);
	for (i = 0; i < s->n; i++)
		if (trees[i] >= 0)
			(void)close(trees[i]);
	return err == 0 && root ? finish_root() : err;
}
