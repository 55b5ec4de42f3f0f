/* SPDX-License-Identifier: MIT */
/*
 * A clone is made under a name of its own and then renamed, so that what bears
 * the wished name is whole. Invariant: only the directory that was made here,
 * known by device, inode and birth, is renamed, and nothing is ever replaced or
 * emptied (abuse F11, F16).
 */
#include "git-worker/clone.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "git-worker/erase.h"
#include "git-worker/place.h"
#include "lib/arena.h"
#include "lib/err.h"
#include "lib/str.h"

static int
no(const char **why, int err, const char *sentence)
{
	*why = sentence;
	return err;
}

/* The directory that `path` lies in, and its name there; or -errno. */
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
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

/* Whoever may rename what lies in it decides what a name there means. */
static int
parent_ok(int fd, const char **why)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return -errno;
	if ((st.st_mode & S_ISVTX) != 0)
		return 0;
	if (st.st_uid != geteuid())
		return no(why, -EPERM,
		    "the directory it lies in belongs to another account");
	if ((st.st_mode & S_IWOTH) != 0)
		return no(why, -EPERM,
		    "everybody may write in the directory it lies in");
	return 0;
}

int
clone_make(const char *temp, struct erase_id *id, const char **why)
{
	const char *name;
	int fd = parent_open(temp, &name), err;

	if (fd < 0)
		return fd;
	err = parent_ok(fd, why);
	if (err == 0 && mkdirat(fd, name, 0777) < 0)
		err = -errno;
	if (err == 0)
		err = erase_identify_at(fd, name, id);
	(void)close(fd);
	return err;
}

static bool
is_it(int fd, const char *name, const struct erase_id *id)
{
	struct erase_id is;

	return erase_identify_at(fd, name, &is) == 0 && erase_same(&is, id);
}

/*
 * A rename goes by name: what was looked at may have been swapped since. Then
 * another one bears the name for that moment, and gets its own back.
 */
static int
land(int fd, const char *name, const char *target, const struct erase_id *id,
    const char **why)
{
	if (is_it(fd, target, id))
		return 0;
	if (!is_it(fd, name, id))
		return no(why, -ESTALE, "it is not what was made there");
	if (renameat2(fd, name, fd, target, RENAME_NOREPLACE) < 0)
		return -errno;
	if (is_it(fd, target, id))
		return fsync(fd) < 0 ? -errno : 0;
	if (renameat2(fd, target, fd, name, RENAME_NOREPLACE) < 0)
		return no(why, -ESTALE,
		    "another one took its place, and stays there");
	return no(why, -ESTALE, "it was swapped for another one just now");
}

int
clone_land(const char *temp, const char *target, const struct erase_id *id,
    const char **why)
{
	const char *name, *slash = strrchr(target, '/');
	int fd, err;

	/* Within one directory, where a rename needs no further right. */
	if (slash == NULL ||
	    strncmp(temp, target, (size_t)(slash - target) + 1) != 0)
		return -EINVAL;
	fd = parent_open(temp, &name);
	if (fd < 0)
		return fd;
	err = land(fd, name, slash + 1, id, why);
	(void)close(fd);
	return err;
}

int
clone_drop(const char *temp, const char **why)
{
	const char *name;
	int fd = parent_open(temp, &name), err = 0;

	if (fd < 0)
		return fd == -ENOENT ? 0 : fd;
	if (unlinkat(fd, name, AT_REMOVEDIR) < 0 && errno != ENOENT)
		err = -errno;
	(void)close(fd);
	return err == -ENOTEMPTY
		   ? no(why, err, "something is in it that rdv knows not of")
		   : err;
}

/* What stands there, and not what a link there leads to; 0: nothing of ours. */
static mode_t
kind(struct arena *a, const char *dir, const char *name)
{
	struct stat st;

	if (lstat(arena_printf(a, "%s/%s", dir, name), &st) < 0 ||
	    st.st_uid != geteuid())
		return 0;
	return st.st_mode & S_IFMT;
}

/* By its own parts, none of them a link (abuse G15). */
static int
judge(struct arena *a, const char *real, const char *git, const char **why)
{
	struct stat st;

	if (lstat(git, &st) < 0 || st.st_uid != geteuid()) {
		*why = arena_printf(a,
		    "%s is no repository, or one of another account", real);
		return RDV_E_INVALID;
	}
	if (kind(a, git, "objects") != S_IFDIR ||
	    kind(a, git, "refs") != S_IFDIR ||
	    kind(a, git, "HEAD") != S_IFREG || kind(a, git, "commondir") != 0) {
		*why = arena_printf(a,
		    "%s is no repository with all its parts, or not all of "
		    "them are this account's",
		    real);
		return RDV_E_INVALID;
	}
	if (lstat(arena_printf(a, "%s/objects/info/alternates", git), &st) < 0)
		return 0;
	*why = arena_printf(a,
	    "%s borrows objects from another repository, which rdv's git may "
	    "not read",
	    real);
	return RDV_E_INVALID;
}

int
clone_source(struct arena *a, const struct place_rules *rules, const char *path,
    const char **out, const char **why)
{
	const char *real = place_real(a, path), *git;
	struct stat st;

	if (real == NULL) {
		*why = arena_printf(a, "%s: %s", path, strerror(errno));
		return errno == ENOENT ? RDV_E_NOT_FOUND : RDV_E_INVALID;
	}
	if (!place_allowed(a, rules, real)) {
		*why = arena_printf(a,
		    "%s is outside worktrees.repo_roots and worktrees.dir",
		    real);
		return RDV_E_INVALID;
	}
	git = arena_printf(a, "%s/.git", real);
	if (lstat(git, &st) < 0) {
		git = real;
	} else if (!S_ISDIR(st.st_mode)) {
		*why = arena_printf(a,
		    "%s has its repository elsewhere; that one can be cloned",
		    real);
		return RDV_E_INVALID;
	}
	*out = real;
	return judge(a, real, git, why);
}
