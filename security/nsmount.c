/* SPDX-License-Identifier: MIT */
/*
 * What a run sees of the file system. What is the host's is taken up before it
 * is covered, by the name it was judged under and compared with what was
 * judged: a descriptor from before would do better, but cannot be mounted from
 * here. Then the places are made and filled in one order for both kinds of
 * view, since all of them are relative to where the new root is, or stays.
 */
#include "security/nsmount.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "security/nspace.h"

/*
 * New ones, in each view. Of shared memory a browser wants a lot, in few files;
 * without a number the kernel has one for every other page there is.
 */
static const struct fresh {
	const char *type, *to;
	unsigned long flags;
	const char *options;
} fresh[] = {
	{ "proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL },
	{ "tmpfs", "dev/shm", MS_NOSUID | MS_NODEV,
	    "mode=1777,size=1g,nr_inodes=64k" },
	{ "devpts", "dev/pts", MS_NOSUID | MS_NOEXEC,
	    "newinstance,ptmxmode=0666,mode=620" },
};

/* What rdv puts there comes later, when the rest is read-only. */
static const struct fresh own = { "tmpfs", "run/rdv",
	MS_NOSUID | MS_NODEV | MS_NOEXEC, "mode=700,size=64k,nr_inodes=8" };

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

/* As if `root` still were the root. */
static int
find_in(int root, const char *path)
{
	const struct open_how how = { .flags = O_PATH | O_CLOEXEC,
		.resolve = RESOLVE_IN_ROOT };

	return (int)syscall(SYS_openat2, root, path, &how, sizeof(how));
}

/*
 * With all that is mounted beneath: without it the kernel would have to show
 * what a mount hides, and refuses.
 */
static int
take_up(const struct nspace_mount *m, int old, int *tree)
{
	const unsigned flags =
	    OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_RECURSIVE;
	struct stat st;
	int at;

	if (m->link != NULL)
		return 0;
	if (old < 0) {
		*tree = open_tree(AT_FDCWD, m->from, flags);
	} else if ((at = find_in(old, m->from)) >= 0) {
		*tree = open_tree(at, "", flags | AT_EMPTY_PATH);
		(void)close(at);
	}
	if (*tree < 0)
		return -errno;
	if (fstat(*tree, &st) < 0)
		return -errno;
	if (st.st_dev != m->dev || st.st_ino != m->ino)
		return -ESTALE;
	return attributes(m, *tree);
}

/* The directory that was made or found last, and what it is called. */
struct way {
	const char *to;
	size_t len;
	int dir; /* -1: none */
};

static void
leave(struct way *w)
{
	if (w->dir >= 0)
		(void)close(w->dir);
	w->dir = -1;
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
	if (dir >= 0)
		(void)close(dir);
	return next >= 0 ? next : -err;
}

/*
 * The directory for the last part of a path, which is put in `name`: one of
 * `w`, or where we are. What was put before may be written to by other runs: a
 * link of theirs is not followed, as it would lead to the host's files until
 * the root is another. 0 or -errno.
 */
static int
make_way(struct way *w, const char *to, const char **name, int *dir)
{
	const char *last = strrchr(to, '/'), *slash;
	const size_t len = last != NULL ? (size_t)(last - to) : 0;
	int at = AT_FDCWD;

	*name = last != NULL ? last + 1 : to;
	*dir = AT_FDCWD;
	if (last == NULL)
		return 0;
	if (w->dir < 0 || w->len != len || memcmp(w->to, to, len) != 0) {
		leave(w);
		for (w->to = to; to < last; to = slash + 1) {
			slash = strchr(to, '/');
			at = enter(at, to, (size_t)(slash - to));
			if (at < 0)
				return at;
		}
		w->len = len;
		w->dir = at;
	}
	*dir = w->dir;
	return 0;
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
	struct way w = { .dir = -1 };
	const char *name;
	int dir, err = make_way(&w, f->to, &name, &dir);

	if (err == 0)
		err = make_place(dir, name, true);
	leave(&w);
	if (err == 0 &&
	    mount(f->type, f->to, f->type, f->flags, f->options) < 0)
		err = -errno;
	return err;
}

static int
put_all_fresh(void)
{
	size_t i;
	int err = 0;

	for (i = 0; err == 0 && i < sizeof(fresh) / sizeof(fresh[0]); i++)
		err = put_fresh(&fresh[i]);
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
put(struct way *w, const struct nspace_mount *m, int tree)
{
	const char *name;
	int dir, err = make_way(w, m->to, &name, &dir);

	if (err != 0)
		return m->optional ? 0 : err;
	err = put_at(m, tree, dir, name);
	/* It may cover where the way leads. */
	if (m->directory)
		leave(w);
	return err;
}

static int
fill(const struct nspace *s, const int trees[])
{
	struct way w = { .dir = -1 };
	size_t i;
	int err = 0;

	for (i = 0; err == 0 && i < s->n; i++)
		err = put(&w, &s->mounts[i], trees[i]);
	leave(&w);
	return err;
}

static int
put_links(void)
{
	size_t i;

	for (i = 0; i < sizeof(links) / sizeof(links[0]); i++)
		if (symlink(links[i].link, links[i].to) < 0)
			return -errno;
	return 0;
}

/*
 * /proc is a directory on every system, and nothing in it is ever taken up: so
 * this need not wait for what is.
 */
int
nsmount_begin(const struct nspace *s)
{
	int err;

	if (s->view != NSPACE_ROOT)
		return 0;
	if (mount("rdv", "/proc", "tmpfs", MS_NOSUID | MS_NODEV, "mode=755") <
	    0)
		return -errno;
	if (chdir("/proc") < 0)
		return -errno;
	err = put_all_fresh();
	if (err == 0)
		err = put_fresh(&own);
	return err != 0 ? err : put_links();
}

static int
take_up_all(const struct nspace *s, int old, int trees[])
{
	size_t i;
	int err = 0;

	for (i = 0; i < s->n; i++)
		trees[i] = -1;
	for (i = 0; err == 0 && i < s->n; i++)
		err = take_up(&s->mounts[i], old, &trees[i]);
	return err;
}

static void
put_down(const struct nspace *s, const int trees[])
{
	size_t i;

	for (i = 0; i < s->n; i++)
		if (trees[i] >= 0)
			(void)close(trees[i]);
}

/*
 * The old root ends up on top of the new one, where its descriptor alone leads
 * to it. The kernel looks at every thread on the machine for that, so it is
 * done before anything is asked for.
 */
static int
change_root(int *old)
{
	*old = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (*old < 0 || syscall(SYS_pivot_root, ".", ".") < 0)
		return -errno;
	return 0;
}

/*
 * Over the host's, the terminal comes from a directory that is covered then,
 * and nothing that is shown later does.
 */
int
nsmount_show(const struct nspace *s, int *old)
{
	int trees[NSPACE_MOUNTS];
	int err = take_up_all(s, -1, trees);

	*old = -1;
	if (err == 0 && s->view != NSPACE_ROOT)
		err = chdir("/") < 0 ? -errno : put_all_fresh();
	if (err == 0)
		err = fill(s, trees);
	put_down(s, trees);
	return err == 0 && s->view == NSPACE_ROOT ? change_root(old) : err;
}

/*
 * The old root goes with all that is in it, and nothing is to be made in the
 * new one any more.
 */
static int
finish_root(int old)
{
	struct mount_attr attr = { .attr_set = MOUNT_ATTR_RDONLY };

	if (mount_setattr(AT_FDCWD, ".", 0, &attr, sizeof(attr)) < 0 ||
	    umount2(".", MNT_DETACH) < 0 || close(old) < 0 || chdir("/") < 0)
		return -errno;
	return 0;
}

int
nsmount_enter(const struct nspace *s, int old)
{
	int trees[NSPACE_MOUNTS];
	int err = take_up_all(s, old, trees);

	if (err == 0)
		err = fill(s, trees);
	put_down(s, trees);
	return err == 0 && s->view == NSPACE_ROOT ? finish_root(old) : err;
}
