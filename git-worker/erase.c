/* SPDX-License-Identifier: MIT */
/*
 * Invariant: a name is only ever looked up in a directory that is held open,
 * and never through a link, so that whoever moves things about meanwhile moves
 * nothing else under the knife (abuse F10). A directory is entered when it lies
 * on the same mount as the top (abuse F12), and the top is the one that was put
 * there (abuse F11).
 */
#include "git-worker/erase.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/str.h"

/* Below that a directory is first moved up to the top: one is open for each. */
#define DEPTH_MAX 100

#define WHOLE	(S_IRWXU)
#define MOUNTED "something is mounted there"

struct walk {
	struct erase *e;
	struct statx top;
	int topfd;
	unsigned depth, moved;
	bool keep; /* only count */
};

static bool walk_dir(struct walk *w, int fd);

static bool
fail(struct walk *w, const char *what, const char *name)
{
	if (w->e->why[0] == '\0')
		(void)snprintf(w->e->why, sizeof(w->e->why), "%.120s: %s", name,
		    what);
	return false;
}

static bool
fail_errno(struct walk *w, const char *name)
{
	return fail(w, strerror(errno), name);
}

static int
stat_at(int fd, const char *name, struct statx *st)
{
	return statx(fd, name,
	    AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH | AT_NO_AUTOMOUNT,
	    STATX_BASIC_STATS | STATX_BTIME | STATX_MNT_ID, st);
}

static bool
same_mount(const struct statx *a, const struct statx *b)
{
	return a->stx_dev_major == b->stx_dev_major &&
	       a->stx_dev_minor == b->stx_dev_minor &&
	       a->stx_mnt_id == b->stx_mnt_id;
}

/* As its owner may: by a descriptor, as a name could be a link by now. */
static void
unlock(int fd, const char *name)
{
	const int held =
	    openat(fd, name, O_PATH | O_NOFOLLOW | O_DIRECTORY | O_CLOEXEC);
	char path[64];

	if (held < 0)
		return;
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", held);
	(void)chmod(path, WHOLE);
	(void)close(held);
}

/* A directory that nobody may read or write is still its owner's to delete. */
static int
open_dir(const struct walk *w, int fd, const char *name)
{
	const int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
	int dir = openat(fd, name, flags);

	if (dir < 0 && errno == EACCES && !w->keep) {
		unlock(fd, name);
		dir = openat(fd, name, flags);
	}
	return dir;
}

static bool
is_spent(struct walk *w, uint64_t bytes)
{
	struct erase *e = w->e;

	/* One of any size, or a file of that size would be there for ever. */
	if (e->files < e->max_files &&
	    (e->until == 0 || e->files == 0 || clock_mono_ms() < e->until) &&
	    (e->bytes == 0 || bytes <= e->max_bytes - e->bytes) &&
	    e->bytes <= e->max_bytes)
		return false;
	e->more = true;
	return true;
}

static void
count(struct walk *w, uint64_t bytes)
{
	w->e->files++;
	w->e->bytes += bytes;
}

static bool
drop(struct walk *w, int fd, const char *name, int flags)
{
	if (w->keep || unlinkat(fd, name, flags) == 0 || errno == ENOENT)
		return true;
	/* More comes while it goes, or readdir(3) has passed some by. */
	if (errno == ENOTEMPTY)
		return w->e->more = true;
	return fail_errno(w, name);
}

/*
 * Out of a depth that nobody has descriptors for; it is met again there. What
 * has such a name already may be what it lies in.
 */
static bool
move_up(struct walk *w, int fd, const char *name)
{
	struct statx st;
	char up[64];

	do
		(void)snprintf(up, sizeof(up), ".rdv-deep-%d-%u", (int)getpid(),
		    w->moved++);
	while (stat_at(w->topfd, up, &st) == 0);
	if (renameat(fd, name, w->topfd, up) == 0)
		return true;
	return fail_errno(w, name);
}

static bool
walk_sub(struct walk *w, int fd, const char *name)
{
	struct statx st;
	int dir;
	bool ok;

	if (w->depth >= DEPTH_MAX)
		return w->keep ? (w->e->more = true) : move_up(w, fd, name);
	dir = open_dir(w, fd, name);
	if (dir < 0)
		return errno == ENOENT || fail_errno(w, name);
	if (stat_at(dir, "", &st) < 0 || !same_mount(&st, &w->top)) {
		(void)close(dir);
		return fail(w, MOUNTED, name);
	}
	w->depth++;
	ok = walk_dir(w, dir);
	w->depth--;
	if (!ok || is_spent(w, 0))
		return ok;
	count(w, 0);
	return drop(w, fd, name, AT_REMOVEDIR);
}

static bool
walk_entry(struct walk *w, int fd, const char *name)
{
	struct statx st;
	uint64_t bytes;

	if (stat_at(fd, name, &st) < 0)
		return errno == ENOENT || fail_errno(w, name);
	if (S_ISDIR(st.stx_mode))
		return same_mount(&st, &w->top) ? walk_sub(w, fd, name)
						: fail(w, MOUNTED, name);
	/* What has another name stays on the disk. */
	bytes = st.stx_nlink > 1 ? 0 : st.stx_blocks * 512;
	if (is_spent(w, bytes))
		return true;
	count(w, bytes);
	return drop(w, fd, name, 0);
}

/* One look at all of it; takes the descriptor. */
static bool
walk_dir(struct walk *w, int fd)
{
	struct stat st;
	struct dirent *d;
	bool ok = true;
	DIR *dir;

	if (!w->keep && fstat(fd, &st) == 0 && (st.st_mode & WHOLE) != WHOLE)
		(void)fchmod(fd, WHOLE);
	dir = fdopendir(fd);
	if (dir == NULL) {
		(void)close(fd);
		return fail_errno(w, "a directory");
	}
	while (ok && !w->e->more && (d = readdir(dir)) != NULL)
		if (strcmp(d->d_name, ".") != 0 && strcmp(d->d_name, "..") != 0)
			ok = walk_entry(w, dirfd(dir), d->d_name);
	(void)closedir(dir);
	return ok;
}

static struct erase_id
id_of(const struct statx *st)
{
	struct erase_id id = {
		.dev = (uint64_t)st->stx_dev_major << 32 | st->stx_dev_minor,
		.ino = st->stx_ino,
	};

	if ((st->stx_mask & STATX_BTIME) != 0)
		id.born = (uint64_t)st->stx_btime.tv_sec * 1000000000u +
			  st->stx_btime.tv_nsec;
	return id;
}

bool
erase_same(const struct erase_id *a, const struct erase_id *b)
{
	if (a->ino != b->ino)
		return false;
	return a->born != 0 && b->born != 0 ? a->born == b->born
					    : a->dev == b->dev;
}

static bool
is_it(const struct statx *st, const struct erase_id *id)
{
	const struct erase_id is = id_of(st);

	return id == NULL || erase_same(&is, id);
}

/* Looked at before, as opening it may already change its mode. */
static int
top_open(struct walk *w, int parent, const char *name,
    const struct erase_id *id)
{
	int fd;

	if (stat_at(parent, name, &w->top) < 0)
		return -errno;
	if (!is_it(&w->top, id))
		return -ESTALE;
	fd = open_dir(w, parent, name);
	if (fd < 0)
		return -errno;
	if (stat_at(fd, "", &w->top) < 0 || !is_it(&w->top, id)) {
		(void)close(fd);
		return -ESTALE;
	}
	w->topfd = fd;
	return 0;
}

/* Also what deep directories were moved up to, until nothing more comes. */
static int
walk_top(struct walk *w)
{
	unsigned before;
	int fd;

	do {
		before = w->moved;
		fd = openat(w->topfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (fd < 0)
			return -errno;
		if (!walk_dir(w, fd))
			return -EIO;
	} while (w->moved != before && !w->e->more);
	return 0;
}

/* The directory that `path` lies in, and its name there. */
static int
parent_open(const char *path, const char **name)
{
	char dir[PATH_MAX];
	const char *slash = strrchr(path, '/');
	int fd;

	if (slash == NULL || slash == path || slash[1] == '\0' ||
	    !str_copy(dir, path, sizeof(dir)))
		return -EINVAL;
	dir[slash - path] = '\0';
	*name = slash + 1;
	fd = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

/*
 * Gone is what is missing where it was put. On another file system, as the one
 * that it was put on is not mounted, nobody can tell.
 */
static int
judge_missing(int parent, const struct erase_id *id, struct erase *e)
{
	struct statx st;

	if (stat_at(parent, "", &st) == 0 && id_of(&st).dev == id->dev)
		return 0;
	(void)str_copy(e->why, "what it lay on is not mounted there",
	    sizeof(e->why));
	return -ENODEV;
}

int
erase_identify(const char *path, struct erase_id *id)
{
	return erase_identify_at(AT_FDCWD, path, id);
}

int
erase_identify_at(int fd, const char *name, struct erase_id *id)
{
	struct statx st;

	if (stat_at(fd, name, &st) < 0)
		return -errno;
	if (!S_ISDIR(st.stx_mode))
		return -ENOTDIR;
	*id = id_of(&st);
	return 0;
}

int
erase_weigh(const char *path, struct erase *e)
{
	struct walk w = { .e = e, .keep = true };
	int err = top_open(&w, AT_FDCWD, path, NULL);

	if (err == 0) {
		err = walk_top(&w);
		(void)close(w.topfd);
	}
	return err;
}

int
erase_tree(const char *path, const struct erase_id *id, struct erase *e)
{
	struct walk w = { .e = e };
	const char *name;
	int parent = parent_open(path, &name), err;

	if (parent < 0)
		return parent;
	err = top_open(&w, parent, name, id);
	if (err == 0) {
		err = walk_top(&w);
		(void)close(w.topfd);
	}
	if (err == 0 && !e->more && unlinkat(parent, name, AT_REMOVEDIR) < 0 &&
	    errno != ENOENT)
		err = -errno;
	if (err == -ENOENT)
		err = judge_missing(parent, id, e);
	(void)close(parent);
	return err;
}
