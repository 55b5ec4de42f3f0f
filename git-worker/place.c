/* SPDX-License-Identifier: MIT */
/*
 * Paths of repositories and worktrees, judged before git is asked. Every path
 * from outside is made canonical and compared by component with roots that are
 * canonical, too (abuse F05). What is inside a file decides nothing here: a
 * .git file can be written by whoever works in the tree (abuse G09).
 */
#include "git-worker/place.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/openat2.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib/arena.h"
#include "lib/err.h"
#include "lib/path.h"
#include "lib/str.h"

/*
 * A path through /proc means another thing to each process that reads it, so
 * none is followed (abuse F07). Where the kernel cannot say, the canonical path
 * is judged all the same.
 */
static bool
is_plain(const char *path)
{
	const struct open_how how = { .flags = O_PATH | O_CLOEXEC,
		.resolve = RESOLVE_NO_MAGICLINKS };
	int fd = (int)syscall(SYS_openat2, AT_FDCWD, path, &how, sizeof how);

	if (fd < 0)
		return errno == ENOSYS || errno == EPERM;
	(void)close(fd);
	return true;
}

/*
 * Names may mean something else a moment later. What git may touch is opened
 * and judged once more by [ops], by descriptor; this is for good answers and
 * for never asking about what is outside.
 */
const char *
place_real(struct arena *a, const char *path)
{
	char buf[PATH_MAX];

	return is_plain(path) && realpath(path, buf) != NULL
		   ? arena_strdup(a, buf)
		   : NULL;
}

static bool
under(struct arena *a, const char *root, const char *path)
{
	const char *real = place_real(a, root);

	return real != NULL && path_is_under(real, path);
}

static bool
under_roots(struct arena *a, const struct place_rules *rules, const char *path)
{
	char *const *root = rules->roots;

	for (; root != NULL && *root != NULL; root++)
		if (under(a, *root, path))
			return true;
	return false;
}

/*
 * Under one of the roots, or where rdv makes worktrees. By component. Roots are
 * resolved each time: one may be a link that was changed.
 */
bool
place_allowed(struct arena *a, const struct place_rules *rules,
    const char *path)
{
	return under(a, rules->dir, path) || under_roots(a, rules, path);
}

/*
 * rename(2) wants one file system and one mount of it: two volumes of a
 * container may have their device in common, two subvolumes their mount. False
 * when it cannot be told: the trash beside it always works.
 */
bool
place_same_mount(const char *one, const char *two)
{
	struct statx a, b;

	return statx(AT_FDCWD, one, 0, STATX_MNT_ID, &a) == 0 &&
	       statx(AT_FDCWD, two, 0, STATX_MNT_ID, &b) == 0 &&
	       a.stx_dev_major == b.stx_dev_major &&
	       a.stx_dev_minor == b.stx_dev_minor &&
	       a.stx_mnt_id == b.stx_mnt_id;
}

/* gitrepository-layout(5): who has this file has objects elsewhere. */
bool
place_borrows(struct arena *a, const char *top)
{
	const char *file =
	    arena_printf(a, "%s/.git/objects/info/alternates", top);
	struct stat st;

	return lstat(file, &st) == 0 || errno != ENOENT;
}

static int
no_directory(struct arena *a, const char *path, const char **why)
{
	int err = errno;

	*why = arena_printf(a, "%s: %s", path, strerror(err));
	return err == ENOENT || err == ENOTDIR ? RDV_E_NOT_FOUND
					       : RDV_E_INVALID;
}

static int
outside(struct arena *a, const char *path, const char **why)
{
	*why = arena_printf(a,
	    "%s is outside worktrees.repo_roots and worktrees.dir", path);
	return RDV_E_INVALID;
}

/*
 * git itself asks the same of the owner (CVE-2022-24765); asked here it needs
 * no look into the repository.
 */
static bool
owned(const struct place_ask *ask, const char *at, const struct stat *git)
{
	struct stat st;

	return git->st_uid == ask->uid && lstat(at, &st) == 0 &&
	       st.st_uid == ask->uid;
}

/* Upwards from `at`, and not beyond what is allowed (abuse G08). */
static const char *
find_git(const struct place_ask *ask, const char *at, struct stat *st)
{
	struct arena *a = ask->arena;

	while (strcmp(at, "/") != 0 && place_allowed(a, ask->rules, at)) {
		if (lstat(arena_printf(a, "%s/.git", at), st) == 0)
			return at;
		at = path_parent(a, at);
	}
	return NULL;
}

int
place_find(const struct place_ask *ask, const char *path, struct place *out,
    const char **why)
{
	struct arena *a = ask->arena;
	const char *real, *at;
	struct stat st;

	if (!path_absolute_ok(path)) {
		*why = "not a plain absolute path";
		return RDV_E_INVALID;
	}
	real = place_real(a, path);
	if (real == NULL)
		return no_directory(a, path, why);
	if (!place_allowed(a, ask->rules, real))
		return outside(a, real, why);
	at = find_git(ask, real, &st);
	/* A link, or anything else in the place of .git, is not followed. */
	if (at == NULL || (!S_ISDIR(st.st_mode) && !S_ISREG(st.st_mode))) {
		*why = arena_printf(a, "%s is in no git repository", path);
		return RDV_E_INVALID;
	}
	if (!owned(ask, at, &st)) {
		*why = arena_printf(a,
		    "the repository in %s belongs to another account", at);
		return RDV_E_INVALID;
	}
	out->at = at;
	out->linked = S_ISREG(st.st_mode);
	return 0;
}

bool
place_is_main(struct arena *a, const struct place_rules *rules, const char *top)
{
	const char *real = place_real(a, top);
	struct stat st;

	return real != NULL && strcmp(real, top) == 0 &&
	       under_roots(a, rules, top) &&
	       lstat(arena_printf(a, "%s/.git", top), &st) == 0 &&
	       S_ISDIR(st.st_mode);
}

/*
 * The parent has to be there and is resolved; the last part must not be, or a
 * link of that name would decide where git writes. A place where rdv makes
 * worktrees stays one, whatever roots there are: nobody has asked for another,
 * and a link there may have come a moment ago.
 */
int
place_new(struct arena *a, const struct place_rules *rules, const char *path,
    const char **out, const char **why)
{
	const char *parent, *name, *full;
	struct stat st;

	if (!path_absolute_ok(path)) {
		*why = "the new worktree's path is not a plain absolute one";
		return RDV_E_INVALID;
	}
	name = strrchr(path, '/') + 1;
	parent = place_real(a, path_parent(a, path));
	if (parent == NULL) {
		(void)no_directory(a, path_parent(a, path), why);
		return RDV_E_INVALID;
	}
	full = arena_printf(a, "%s/%s", strcmp(parent, "/") == 0 ? "" : parent,
	    name);
	if (!place_allowed(a, rules, full))
		return outside(a, full, why);
	if ((path_is_under(rules->dir, path) || under(a, rules->dir, path)) &&
	    !under(a, rules->dir, full)) {
		*why = arena_printf(a,
		    "%s is led out of worktrees.dir by a link; name %s", path,
		    full);
		return RDV_E_INVALID;
	}
	if (lstat(full, &st) == 0) {
		*why = arena_printf(a, "%s is there already", full);
		return RDV_E_EXISTS;
	}
	/* What cannot be looked at is not called free. */
	if (errno != ENOENT) {
		(void)no_directory(a, full, why);
		return RDV_E_INVALID;
	}
	*out = full;
	return 0;
}

static bool
make_dir(const char *path)
{
	return mkdir(path, 0700) == 0 || errno == EEXIST;
}

int
place_make(struct arena *a, const char *path, const char **out,
    const char **why)
{
	struct stat st;

	if (stat(path, &st) < 0 && errno == ENOENT &&
	    (!make_dir(path_parent(a, path)) || !make_dir(path))) {
		*why = arena_printf(a, "%s cannot be made: %s", path,
		    strerror(errno));
		return RDV_E_INVALID;
	}
	if (stat(path, &st) < 0 || !S_ISDIR(st.st_mode) ||
	    st.st_uid != geteuid()) {
		*why =
		    arena_printf(a, "%s is no directory of this account", path);
		return RDV_E_INVALID;
	}
	*out = place_real(a, path);
	return *out != NULL ? 0 : no_directory(a, path, why);
}

/* The marks that git's own status goes by (wt-status.c). */
const char *
place_midway(const char *gitdir)
{
	static const struct {
		const char *name, *what;
	} marks[] = {
		{ "rebase-merge", "rebase" },
		{ "rebase-apply", "rebase or am" },
		{ "MERGE_HEAD", "merge" },
		{ "CHERRY_PICK_HEAD", "cherry-pick" },
		{ "REVERT_HEAD", "revert" },
		{ "sequencer", "cherry-pick or revert" },
		{ "BISECT_LOG", "bisect" },
	};
	char path[PATH_MAX];
	struct stat st;

	if (lstat(gitdir, &st) < 0)
		return "";
	for (size_t i = 0; i < sizeof marks / sizeof marks[0]; i++) {
		if (!path_join(path, sizeof path, gitdir, marks[i].name))
			return "";
		if (lstat(path, &st) == 0)
			return marks[i].what;
		if (errno != ENOENT)
			return "";
	}
	return NULL;
}
