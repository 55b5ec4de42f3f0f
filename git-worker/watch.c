/* SPDX-License-Identifier: MIT */
/*
 * One inotify(7) instance for a work tree and what git keeps about it. Of a
 * change only the name is remembered, and git looks again. Invariant: as long
 * as the answer is "still", each directory that git would read is watched;
 * whatever breaks that makes it "blind", and all of the tree touched.
 */
#include "git-worker/watch.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <unistd.h>

#include "git-worker/touched.h"
#include "lib/path.h"
#include "lib/str.h"
#include "lib/xalloc.h"

/* A kilobyte of the kernel's memory each, of what the account may have. */
#define DIRS_MAX  50000
#define DEPTH_MAX 200
/*
 * Made since: they are watched whether git ignores them or not, which nobody
 * has asked. Beyond that it is worth asking.
 */
#define NEW_MAX 500

#define EVENTS                                                            \
	(IN_MODIFY | IN_ATTRIB | IN_CLOSE_WRITE | IN_CREATE | IN_DELETE | \
	    IN_MOVED_FROM | IN_MOVED_TO | IN_DELETE_SELF | IN_MOVE_SELF | \
	    IN_ONLYDIR | IN_DONT_FOLLOW | IN_EXCL_UNLINK)

/* What stands in f_type where the kernel tells of all changes there are. */
static const long local_types[] = { EXT4_SUPER_MAGIC, XFS_SUPER_MAGIC,
	BTRFS_SUPER_MAGIC, TMPFS_MAGIC, F2FS_SUPER_MAGIC, OVERLAYFS_SUPER_MAGIC,
	0x2fc12fc1 /* zfs */, 0xca451a4e /* bcachefs */ };

/* Which directory an event is about; what its names mean depends on it. */
enum kind {
	TREE_TOP = 1,
	TREE,
	GIT,	   /* of this worktree, or the repository's */
	GIT_BELOW, /* whatever happens there counts */
};

struct dir {
	char *name; /* below the top, which is ""; NULL: not in the tree */
	uint8_t kind;
};

struct watch {
	int fd;		  /* -1: none */
	int mounts;	  /* tells when something is mounted; -1: none */
	struct dir *dirs; /* by watch descriptor */
	size_t max, ndirs;
	size_t built; /* how many of them were watched from the beginning */
	dev_t dev;    /* of what is being gone through */
	const char *const *skip;
	size_t nskip;
	char path[PATH_MAX]; /* and where */
	size_t top_len;
	const char *why; /* it is blind; NULL: it is not */
	bool changed, stale;
	struct touched touched;
};

struct watch *
watch_new(void)
{
	struct watch *w = xcalloc(1, sizeof(*w));

	w->fd = w->mounts = -1;
	w->why = "nothing is watched yet";
	return w;
}

static void
drop(struct watch *w)
{
	if (w->fd >= 0)
		(void)close(w->fd);
	if (w->mounts >= 0)
		(void)close(w->mounts);
	w->fd = w->mounts = -1;
	for (size_t i = 0; i < w->max; i++)
		free(w->dirs[i].name);
	free(w->dirs);
	w->dirs = NULL;
	w->max = w->ndirs = w->built = 0;
}

void
watch_free(struct watch *w)
{
	drop(w);
	touched_clear(&w->touched);
	free(w);
}

const char *
watch_why(const struct watch *w)
{
	return w->why;
}

/* The first reason is the one that is told. */
static bool
blind(struct watch *w, const char *why)
{
	if (w->why == NULL)
		w->why = why;
	touched_all(&w->touched);
	return false;
}

static void
note_dir(struct watch *w, size_t wd, enum kind kind)
{
	const bool tree = kind == TREE || kind == TREE_TOP;
	const char *name = "";

	if (wd >= w->max) {
		const size_t n = wd * 2 + 64;

		w->dirs = xreallocarray(w->dirs, n, sizeof(*w->dirs));
		memset(w->dirs + w->max, 0, (n - w->max) * sizeof(*w->dirs));
		w->max = n;
	}
	if (kind == TREE)
		name = w->path + w->top_len + 1;
	free(w->dirs[wd].name);
	w->dirs[wd].name = tree ? xstrdup(name) : NULL;
	w->dirs[wd].kind = (uint8_t)kind;
}

static bool
add_dir(struct watch *w, enum kind kind)
{
	int wd = inotify_add_watch(w->fd, w->path, EVENTS);

	/* Gone since it was listed: that it went has been told. */
	if (wd < 0 && (errno == ENOENT || errno == ENOTDIR))
		return true;
	if (wd < 0 && errno == ENOSPC)
		return blind(w, "the account has no more watches "
				"(fs.inotify.max_user_watches)");
	if (wd < 0)
		return blind(w, "a directory in it cannot be watched");
	if (++w->ndirs > DIRS_MAX)
		return blind(w, "it has too many directories");
	if (w->built > 0 && w->ndirs > w->built + NEW_MAX)
		return blind(w, "many directories have been made");
	note_dir(w, (size_t)wd, kind);
	return true;
}

static int
by_name(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static bool
is_skipped(const struct watch *w, const char *path)
{
	const char *rel = path + w->top_len + 1;

	return w->nskip > 0 && bsearch(&rel, w->skip, w->nskip,
				   sizeof(*w->skip), by_name) != NULL;
}

static bool add_tree(struct watch *w, enum kind kind, unsigned depth);

static const char another[] = "it has another repository in it";
static const char moved[] = "a directory has been made or moved";

static bool
is_in_git(const char *name)
{
	static const char *const names[] = { "refs", "info", "reftable" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(names[i], name) == 0)
			return true;
	return false;
}

/* What a name in a directory of that kind is itself; 0: nothing to watch. */
static enum kind
kind_of(struct watch *w, enum kind kind, const struct dirent *e)
{
	const bool tree = kind == TREE_TOP || kind == TREE;

	if (tree && strcasecmp(e->d_name, ".git") == 0) {
		if (kind == TREE)
			(void)blind(w, another);
		return 0;
	}
	if (e->d_type == DT_UNKNOWN)
		(void)blind(w, "its file system does not tell a directory");
	/* git follows it, to where nobody watches. */
	if (!tree && e->d_type == DT_LNK)
		(void)blind(w, "there is a link in its git directory");
	if (e->d_type != DT_DIR || (kind == GIT && !is_in_git(e->d_name)))
		return 0;
	return tree ? TREE : GIT_BELOW;
}

static bool
add_entry(struct watch *w, enum kind kind, const struct dirent *e,
    unsigned depth)
{
	const size_t was = strlen(w->path), len = strlen(e->d_name);
	bool ok = true;

	if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
		return true;
	kind = kind_of(w, kind, e);
	if (w->why != NULL || kind == 0)
		return w->why == NULL;
	if (was + len + 2 > sizeof(w->path) || depth >= DEPTH_MAX)
		return blind(w, "it is too deep");
	w->path[was] = '/';
	memcpy(w->path + was + 1, e->d_name, len + 1);
	if (kind != TREE || !is_skipped(w, w->path))
		ok = add_tree(w, kind, depth + 1);
	w->path[was] = '\0';
	return ok;
}

/*
 * The watch comes before the look: what is made in between is told, and what is
 * told of a new directory makes everything be gone through again.
 */
static bool
add_tree(struct watch *w, enum kind kind, unsigned depth)
{
	struct dirent *e;
	struct stat st;
	bool ok = add_dir(w, kind);
	DIR *d;

	if (!ok)
		return false;
	d = opendir(w->path);
	if (d == NULL)
		return errno == ENOENT || errno == ENOTDIR ||
		       blind(w, "a directory in it cannot be read");
	if (fstat(dirfd(d), &st) < 0 || st.st_dev != w->dev)
		ok = blind(w, "another file system is mounted in it");
	while (ok && (e = readdir(d)) != NULL)
		ok = add_entry(w, kind, e, depth);
	(void)closedir(d);
	return ok;
}

/* The place to go on from; false where there is no such directory. */
static bool
go_to(struct watch *w, const char *dir)
{
	struct stat st;

	if (!str_copy(w->path, dir, sizeof(w->path)) ||
	    lstat(w->path, &st) < 0 || !S_ISDIR(st.st_mode))
		return false;
	w->dev = st.st_dev;
	return true;
}

/* A remote file system does not tell of what others change. */
static bool
is_local(struct watch *w, const char *dir)
{
	struct statfs fs;

	if (statfs(dir, &fs) == 0)
		for (size_t i = 0;
		     i < sizeof(local_types) / sizeof(local_types[0]); i++)
			if (local_types[i] == (long)fs.f_type)
				return true;
	return blind(w, "its file system may not tell of every change");
}

/*
 * gitrepository-layout(5): index, HEAD, config and others lie right in it. What
 * is missing now is told of when it is made.
 */
static bool
add_git(struct watch *w, const char *dir)
{
	if (!is_local(w, dir))
		return false;
	if (!go_to(w, dir))
		return blind(w, "its git directory cannot be watched");
	return add_tree(w, GIT, 0);
}

/*
 * A configuration may take in files that lie anywhere. What looks like that is
 * enough: the word in a comment costs speed and nothing else.
 */
static bool
includes(const char *dir, const char *name)
{
	static char text[65536];
	char path[PATH_MAX];
	struct stat st;
	ssize_t n = -1;
	int fd;

	if (!path_join(path, sizeof(path), dir, name))
		return true;
	fd = open(path, O_RDONLY | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return errno != ENOENT;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode))
		n = read(fd, text, sizeof(text) - 1);
	(void)close(fd);
	if (n < 0 || (size_t)n == sizeof(text) - 1)
		return true;
	text[n] = '\0';
	return memchr(text, '\0', (size_t)n) != NULL ||
	       strcasestr(text, "include") != NULL;
}

static bool
build(struct watch *w, const struct watch_place *p)
{
	/* Before anything else: what is mounted later is told. */
	w->mounts = open("/proc/self/mountinfo", O_RDONLY | O_CLOEXEC);
	w->fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	if (w->mounts < 0 || w->fd < 0)
		return blind(w, "the account has no more inotify instances");
	if (!add_git(w, p->common) ||
	    (strcmp(p->gitdir, p->common) != 0 && !add_git(w, p->gitdir)))
		return false;
	if (includes(p->common, "config") ||
	    includes(p->gitdir, "config.worktree"))
		return blind(w, "its configuration includes other files");
	if (!is_local(w, p->top) || !go_to(w, p->top))
		return blind(w, "it is not there");
	w->top_len = strlen(w->path);
	return add_tree(w, TREE_TOP, 0);
}

bool
watch_build(struct watch *w, const struct watch_place *p,
    const char *const *skip, size_t nskip)
{
	drop(w);
	w->why = NULL;
	w->changed = w->stale = false;
	w->skip = skip;
	w->nskip = nskip;
	if (!build(w, p))
		drop(w);
	w->skip = NULL;
	w->nskip = 0;
	w->built = w->ndirs;
	return w->why == NULL;
}

void
watch_lose(struct watch *w)
{
	(void)blind(w, "what was ignored is not any more");
}

void
watch_begin(struct watch *w)
{
	w->changed = false;
}

/* rdvd found out about these before it asked for the worker. */
static const char *const set_up[] = { "config", "config.worktree", "commondir",
	"gitdir", "worktrees" };

static void
git_event(struct watch *w, const struct inotify_event *e)
{
	/*
	 * Made and removed by each who looks, and read by nobody; and a half of
	 * the index that is named by what it holds, whose age git renews.
	 */
	if (e->len > 0 &&
	    (str_ends(e->name, ".lock") ||
		(e->mask == IN_ATTRIB && str_starts(e->name, "sharedindex."))))
		return;
	w->changed = true;
	touched_all(&w->touched);
	if (e->len == 0)
		w->stale = w->stale || (e->mask & ~(uint32_t)IN_ATTRIB) != 0;
	for (size_t i = 0; i < sizeof(set_up) / sizeof(set_up[0]); i++)
		if (e->len > 0 && strcmp(e->name, set_up[i]) == 0)
			w->stale = true;
	/* "refs", "info" or "reftable" is another one, or was not there. */
	if ((e->mask & IN_ISDIR) != 0 &&
	    (e->mask & ~(uint32_t)IN_ATTRIB) != (uint32_t)IN_ISDIR)
		(void)blind(w, moved);
}

static void
below_event(struct watch *w, const struct inotify_event *e)
{
	if (e->len > 0 && str_ends(e->name, ".lock"))
		return;
	w->changed = true;
	touched_all(&w->touched);
	if ((e->mask & IN_ISDIR) != 0)
		(void)blind(w, moved);
}

/* Git reads them for what it says of other names. */
static const char *const rules[] = { ".git", ".gitignore", ".gitattributes",
	".gitmodules" };

static void
touch(struct watch *w, const char *dir, const char *name)
{
	char path[PATH_MAX];

	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++)
		if (strcasecmp(rules[i], name) == 0)
			touched_all(&w->touched);
	if (*dir == '\0')
		touched_add(&w->touched, name);
	else if ((size_t)snprintf(path, sizeof(path), "%s/%s", dir, name) <
		 sizeof(path))
		touched_add(&w->touched, path);
	else
		touched_all(&w->touched);
}

/* What it may hold already is told by its own name. */
static void
add_new(struct watch *w, const char *dir, const char *name)
{
	const char *between = *dir == '\0' ? "" : "/";
	const size_t room = sizeof(w->path) - w->top_len;

	if ((size_t)snprintf(w->path + w->top_len, room, "/%s%s%s", dir,
		between, name) >= room)
		(void)blind(w, "it is too deep");
	else
		(void)add_tree(w, TREE, 0);
	w->path[w->top_len] = '\0';
}

static void
tree_event(struct watch *w, const struct dir *d, const struct inotify_event *e)
{
	const enum kind kind = (enum kind)d->kind;
	const bool entry =
	    (e->mask & (IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO)) !=
	    0;

	w->changed = true;
	if (e->len > 0)
		touch(w, d->name, e->name);
	if (e->len > 0 && (e->mask & IN_ISDIR) != 0 &&
	    (e->mask & IN_CREATE) != 0 && strcasecmp(e->name, ".git") != 0)
		add_new(w, d->name, e->name);
	if (kind == TREE_TOP && entry && e->len > 0 &&
	    strcasecmp(e->name, ".git") == 0)
		w->stale = true;
	if (kind == TREE_TOP && (e->mask & (IN_DELETE_SELF | IN_MOVE_SELF)))
		w->stale = true;
	/*
	 * One that was moved goes on to tell, by a name that is not its own
	 * any more.
	 */
	if ((e->mask & IN_ISDIR) != 0 &&
	    (e->mask & (IN_MOVED_TO | IN_MOVED_FROM | IN_ATTRIB)) != 0)
		(void)blind(w, moved);
	if (kind == TREE && e->len > 0 && strcasecmp(e->name, ".git") == 0)
		(void)blind(w, another);
}

static void
take(struct watch *w, const struct inotify_event *e)
{
	const struct dir *d;

	if ((e->mask & (IN_Q_OVERFLOW | IN_UNMOUNT)) != 0) {
		w->changed = true;
		(void)blind(w, "too much has happened at once");
		return;
	}
	/* IN_IGNORED comes after the end of a directory, which was told. */
	if ((e->mask & IN_IGNORED) != 0)
		return;
	if (e->wd < 0 || (size_t)e->wd >= w->max || w->dirs[e->wd].kind == 0) {
		w->changed = true;
		(void)blind(w, "something is told of a place nobody knows");
		return;
	}
	d = &w->dirs[e->wd];
	if (d->kind == GIT)
		git_event(w, e);
	else if (d->kind == GIT_BELOW)
		below_event(w, e);
	else
		tree_event(w, d, e);
}

static void
read_events(struct watch *w)
{
	static char chunk[65536]
	    __attribute__((aligned(__alignof__(struct inotify_event))));
	const struct inotify_event *e;
	ssize_t n;

	while (w->fd >= 0 && (n = read(w->fd, chunk, sizeof(chunk))) > 0)
		for (ssize_t at = 0; at < n;
		     at += (ssize_t)(sizeof(*e) + e->len)) {
			e = (const void *)(chunk + at);
			take(w, e);
		}
}

/* Something was mounted since, or is no more; here or elsewhere. */
static bool
mounts_moved(struct watch *w)
{
	struct pollfd p = { .fd = w->mounts, .events = POLLPRI };

	return w->mounts >= 0 && poll(&p, 1, 0) > 0 &&
	       (p.revents & (POLLPRI | POLLERR)) != 0;
}

enum watch_state
watch_look(struct watch *w)
{
	read_events(w);
	if (mounts_moved(w)) {
		w->changed = true;
		(void)blind(w, "a file system was mounted or unmounted");
	}
	if (w->stale)
		return WATCH_STALE;
	if (w->why != NULL)
		return WATCH_BLIND;
	return w->changed ? WATCH_CHANGED : WATCH_STILL;
}

struct touched *
watch_touched(struct watch *w)
{
	return &w->touched;
}

int
watch_fd(const struct watch *w)
{
	return w->fd;
}
