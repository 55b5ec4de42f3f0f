/* SPDX-License-Identifier: MIT */
/*
 * How much of the disk a tree takes, as far as its own account can see. Nothing
 * is changed, and names are looked up as they are when something is deleted:
 * only in a directory that is held open, and never through a link (abuse F10).
 *
 * Invariant: what cannot be seen makes the sum a lower bound and says so; it
 * makes no error of it.
 */
#include "git-worker/space.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fiemap.h>
#include <linux/fs.h>
#include <linux/magic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/path.h"
#include "lib/xalloc.h"

/* Directories in each other; one is open for each. */
#define DEPTH_MAX 100
/* Files with several names that are remembered, a power of two. */
#define LINKS_MAX 65536
#define BLOCK	  512
/* Of one call, and of one file; linux/magic.h has nothing of XFS. */
#define EXTENTS	  64
#define CALLS_MAX 1000
#define XFS_MAGIC 0x58465342

/* One with names that were not met yet. */
struct linked {
	uint64_t ino;
	uint32_t left; /* 0: a free place */
	uint64_t bytes;
};

struct walk {
	struct space *s;
	struct linked *links;
	size_t nlinks;
	unsigned depth;
	bool clones; /* files can have blocks in common */
};

static void walk_dir(struct walk *w, int fd);

static bool
is_spent(const struct space *s)
{
	return s->files >= s->max_files ||
	       (s->until != 0 && clock_mono_ms() >= s->until);
}

/* Its place, or NULL when there is none left. */
static struct linked *
link_place(struct walk *w, uint64_t ino)
{
	size_t i = (size_t)(ino * 0x9e3779b97f4a7c15ull >> 48);

	if (w->links == NULL)
		w->links = xcalloc(LINKS_MAX, sizeof(*w->links));
	while (w->links[i].ino != 0 && w->links[i].ino != ino)
		i = (i + 1) % LINKS_MAX;
	if (w->links[i].ino == 0 && ++w->nlinks > LINKS_MAX / 2)
		return NULL;
	return &w->links[i];
}

/* Counted once; it goes with the tree when all of its names lie in here. */
static void
add_linked(struct walk *w, const struct stat *st, uint64_t bytes)
{
	struct linked *l = link_place(w, st->st_ino);

	if (l == NULL) {
		w->s->more = true;
		return;
	}
	if (l->ino == 0) {
		*l = (struct linked){ st->st_ino, (uint32_t)st->st_nlink,
			bytes };
		w->s->shared += bytes;
	}
	if (l->left > 0 && --l->left == 0) {
		w->s->shared -= l->bytes;
		w->s->own += l->bytes;
	}
}

/* Bytes that another file has, too. */
static uint64_t
cloned(int fd)
{
	union {
		struct fiemap map;
		char room[sizeof(struct fiemap) +
			  EXTENTS * sizeof(struct fiemap_extent)];
	} u;
	const struct fiemap_extent *e = u.map.fm_extents;
	uint64_t bytes = 0, at = 0;
	bool last = false;

	for (int n = 0; !last && n < CALLS_MAX; n++) {
		memset(&u.map, 0, sizeof(u.map));
		u.map.fm_start = at;
		u.map.fm_length = FIEMAP_MAX_OFFSET - at;
		u.map.fm_extent_count = EXTENTS;
		if (ioctl(fd, FS_IOC_FIEMAP, &u.map) < 0 ||
		    u.map.fm_mapped_extents == 0)
			break;
		for (uint32_t i = 0; i < u.map.fm_mapped_extents; i++) {
			if ((e[i].fe_flags & FIEMAP_EXTENT_SHARED) != 0)
				bytes += e[i].fe_length;
			last = (e[i].fe_flags & FIEMAP_EXTENT_LAST) != 0;
			at = e[i].fe_logical + e[i].fe_length;
		}
	}
	return bytes;
}

static void
add_file(struct walk *w, int dir, const char *name, const struct stat *st)
{
	const uint64_t bytes = (uint64_t)st->st_blocks * BLOCK;
	uint64_t common = 0;
	int fd;

	if (st->st_nlink > 1) {
		add_linked(w, st, bytes);
		return;
	}
	if (w->clones && bytes > 0 && S_ISREG(st->st_mode)) {
		fd = path_open_beneath(dir, name, O_RDONLY | O_NONBLOCK, 0);
		if (fd >= 0) {
			common = cloned(fd);
			(void)close(fd);
		}
	}
	common = common < bytes ? common : bytes;
	w->s->shared += common;
	w->s->own += bytes - common;
}

/* What is mounted there is none of it, and nothing is missed. */
static void
walk_sub(struct walk *w, int dir, const char *name)
{
	int fd;

	if (w->depth >= DEPTH_MAX) {
		w->s->more = true;
		return;
	}
	fd = path_open_beneath(dir, name, O_RDONLY | O_DIRECTORY, 0);
	if (fd >= 0) {
		w->depth++;
		walk_dir(w, fd);
		w->depth--;
	} else if (fd != -EXDEV && fd != -ENOENT) {
		w->s->more = true;
	}
}

static void
walk_entry(struct walk *w, int dir, const char *name)
{
	struct stat st;

	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT) <
	    0) {
		w->s->more = w->s->more || errno != ENOENT;
		return;
	}
	w->s->files++;
	if (S_ISDIR(st.st_mode)) {
		w->s->own += (uint64_t)st.st_blocks * BLOCK;
		walk_sub(w, dir, name);
	} else {
		add_file(w, dir, name, &st);
	}
}

/* Takes the descriptor. */
static void
walk_dir(struct walk *w, int fd)
{
	DIR *dir = fdopendir(fd);
	struct dirent *d;

	if (dir == NULL) {
		(void)close(fd);
		w->s->more = true;
		return;
	}
	while ((d = readdir(dir)) != NULL) {
		if (strcmp(d->d_name, ".") == 0 || strcmp(d->d_name, "..") == 0)
			continue;
		if (is_spent(w->s)) {
			w->s->more = true;
			break;
		}
		walk_entry(w, dirfd(dir), d->d_name);
	}
	(void)closedir(dir);
}

static bool
shares_blocks(int fd)
{
	struct statfs st;

	return fstatfs(fd, &st) == 0 &&
	       (st.f_type == BTRFS_SUPER_MAGIC || st.f_type == XFS_MAGIC);
}

int
space_count(const char *path, struct space *s)
{
	struct walk w = { .s = s };
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	w.clones = shares_blocks(fd);
	walk_dir(&w, fd);
	free(w.links);
	return 0;
}
