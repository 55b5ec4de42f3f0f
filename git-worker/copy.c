/* SPDX-License-Identifier: MIT */
/*
 * Copies of files that a repository's user wants in each worktree. Patterns
 * come from a setting and names from whoever writes in the two trees, so a name
 * is only ever looked up in a directory that is held open, one component at a
 * time and never through a link (abuse F01, F02, F04): no file from outside of
 * `from` is read, and none outside of `to` is written.
 *
 * A file has its name in `to` when all of it is there, so that one who is
 * killed leaves nothing that would be kept as whole the next time.
 */
#include "git-worker/copy.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <limits.h>
#include <linux/fs.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "git-worker/newfile.h"
#include "lib/err.h"
#include "lib/path.h"
#include "lib/str.h"

/* Directories in each other; one is open for each. */
#define DEPTH_MAX   64
#define ENTRIES_MAX 1000000
#define CHUNK	    65536

struct copying {
	struct copy *c;
	int to;
	unsigned depth;
	uint64_t entries;
	char rel[PATH_MAX]; /* of what is looked at */
};

/*
 * How a name came up: by itself, which it has to be good for; by a wildcard,
 * which means files; or in a directory that is copied as a whole.
 */
enum how { NAMED, FOUND, INSIDE };

struct want {
	const char *rest; /* of the pattern; NULL: the name is its last part */
	enum how how;
};

static bool match(struct copying *k, int dir, const char *pattern);
static bool
each(struct copying *k, int dir, const char *part, const struct want *w);

static bool
fail(struct copying *k, const char *what)
{
	if (k->c->why[0] == '\0')
		(void)snprintf(k->c->why, sizeof(k->c->why), "%.300s: %s",
		    k->rel, what);
	return false;
}

/* -errno as path_open_beneath() has it. */
static bool
fail_errno(struct copying *k, int err)
{
	return fail(k, err == ELOOP   ? "a symbolic link is in its way"
		       : err == EXDEV ? "it is on another file system"
				      : strerror(err));
}

/* The old end of k->rel, or false when the name has no room. */
static bool
enter(struct copying *k, const char *name, size_t *end)
{
	*end = strlen(k->rel);
	if (*end + strlen(name) + 2 > sizeof(k->rel))
		return fail(k, "its path is too long");
	(void)snprintf(k->rel + *end, sizeof(k->rel) - *end, "%s%s",
	    *end > 0 ? "/" : "", name);
	return true;
}

/*
 * The directory of k->rel below `to`, made where it is missing. A link in there
 * is not followed, whoever has put it there.
 */
static int
target_dir(struct copying *k)
{
	int dir = fcntl(k->to, F_DUPFD_CLOEXEC, 0), next;
	char part[NAME_MAX + 1];
	const char *at = k->rel, *slash;

	for (; dir >= 0 && (slash = strchr(at, '/')) != NULL; at = slash + 1) {
		(void)snprintf(part, sizeof(part), "%.*s", (int)(slash - at),
		    at);
		if (mkdirat(dir, part, 0777) < 0 && errno != EEXIST)
			next = -errno;
		else
			next = path_open_beneath(dir, part,
			    O_RDONLY | O_DIRECTORY, 0);
		(void)close(dir);
		dir = next;
	}
	if (dir < 0)
		(void)fail_errno(k, dir == -1 ? errno : -dir);
	return dir;
}

static bool
copy_bytes(struct copying *k, int in, int out)
{
	static char chunk[CHUNK];
	ssize_t n, done;

	/* Where the file system can, both have the same blocks. */
	if (ioctl(out, FICLONE, in) == 0)
		return true;
	while ((n = read(in, chunk, sizeof(chunk))) > 0) {
		k->c->bytes += (uint64_t)n;
		/* It may grow meanwhile. */
		if (k->c->bytes > k->c->max_bytes)
			return fail(k, "there is too much to copy");
		for (ssize_t at = 0; at < n; at += done) {
			done = write(out, chunk + at, (size_t)(n - at));
			if (done < 0)
				return fail_errno(k, errno);
		}
	}
	return n == 0 || fail_errno(k, errno);
}

/* Its name comes last, and takes nobody's place. */
static bool
copy_into(struct copying *k, int in, const struct stat *st, int dir,
    const char *name)
{
	struct newfile f;
	int err = newfile_open(&f, dir, 0600);

	if (err != 0)
		return fail_errno(k, -err);
	if (!copy_bytes(k, in, f.fd)) {
		newfile_drop(&f);
		return false;
	}
	if (fchmod(f.fd, st->st_mode & 0777) < 0) {
		err = errno;
		newfile_drop(&f);
		return fail_errno(k, err);
	}
	err = newfile_place(&f, name);
	return err == 0 || err == -EEXIST || fail_errno(k, -err);
}

static bool
is_there(int dir, const char *name)
{
	struct stat st;

	return fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

static bool
copy_open(struct copying *k, int in, const char *name)
{
	struct stat st;
	bool ok = true;
	int dir;

	/* Another than was looked at, or one that has no end (abuse F09). */
	if (fstat(in, &st) < 0 || !S_ISREG(st.st_mode))
		return fail(k, "it is no regular file");
	dir = target_dir(k);
	if (dir < 0)
		return false;
	if (!is_there(dir, name)) {
		if (++k->c->files > k->c->max_files)
			ok = fail(k, "there are too many files to copy");
		else
			ok = copy_into(k, in, &st, dir, name);
	}
	(void)close(dir);
	return ok;
}

static bool
copy_file(struct copying *k, int dir, const char *name)
{
	int in = path_open_beneath(dir, name, O_RDONLY | O_NONBLOCK, 0);
	bool ok;

	if (in < 0)
		return fail_errno(k, -in);
	ok = copy_open(k, in, name);
	(void)close(in);
	return ok;
}

/* Counting from where the link is, it never goes above the top. */
static bool
leads_out(const char *rel, const char *target)
{
	long depth = 0;
	size_t n;

	for (const char *p = rel; *p != '\0'; p++)
		depth += *p == '/';
	if (*target == '/')
		return true;
	for (; *target != '\0'; target += n + (target[n] == '/')) {
		n = strcspn(target, "/");
		if (n == 2 && memcmp(target, "..", 2) == 0)
			depth--;
		else if (n > 0 && !(n == 1 && *target == '.'))
			depth++;
		if (depth < 0)
			return true;
	}
	return false;
}

/* As a link: what it leads to is not looked at. */
static bool
copy_link(struct copying *k, int dir, const char *name)
{
	char target[PATH_MAX];
	ssize_t n = readlinkat(dir, name, target, sizeof(target) - 1);
	bool ok = true;
	int out;

	if (n < 0)
		return fail_errno(k, errno);
	target[n] = '\0';
	if (leads_out(k->rel, target))
		return fail(k, "it is a symbolic link that leads out");
	out = target_dir(k);
	if (out < 0)
		return false;
	if (symlinkat(target, out, name) < 0 && errno != EEXIST)
		ok = fail_errno(k, errno);
	(void)close(out);
	return ok;
}

/* With `pattern` NULL all that is in it. */
static bool
descend(struct copying *k, int dir, const char *name, const char *pattern)
{
	const struct want all = { .how = INSIDE };
	int sub = path_open_beneath(dir, name, O_RDONLY | O_DIRECTORY, 0);
	bool ok;

	if (sub < 0)
		return fail_errno(k, -sub);
	if (++k->depth > DEPTH_MAX)
		ok = fail(k, "directories are too deep in each other");
	else if (pattern != NULL)
		ok = match(k, sub, pattern);
	else
		ok = each(k, sub, NULL, &all);
	k->depth--;
	(void)close(sub);
	return ok;
}

/* What git keeps for itself, in any spelling of a file system (abuse F13). */
static bool
is_gits(const char *name)
{
	return strcasecmp(name, ".git") == 0;
}

static bool
take_last(struct copying *k, int dir, const char *name, enum how how,
    mode_t mode)
{
	if (S_ISREG(mode))
		return copy_file(k, dir, name);
	if (S_ISLNK(mode))
		return copy_link(k, dir, name);
	if (S_ISDIR(mode))
		return how == FOUND || descend(k, dir, name, NULL);
	return how != NAMED || fail(k, "it is no regular file");
}

/* One name of a directory, which k->rel ends with. */
static bool
take_named(struct copying *k, int dir, const char *name, const struct want *w)
{
	struct stat st;

	if (is_gits(name))
		return w->how != NAMED || fail(k, "it is git's own");
	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT || fail_errno(k, errno);
	if (w->rest == NULL)
		return take_last(k, dir, name, w->how, st.st_mode);
	if (S_ISDIR(st.st_mode))
		return descend(k, dir, name, w->rest);
	return w->how != NAMED || !S_ISLNK(st.st_mode) ||
	       fail(k, "a symbolic link is in its way");
}

static bool
take(struct copying *k, int dir, const char *name, const struct want *w)
{
	size_t end;
	bool ok;

	if (!enter(k, name, &end))
		return false;
	ok = take_named(k, dir, name, w);
	k->rel[end] = '\0';
	return ok;
}

/* Each name in `dir` that `part` means; NULL: all. */
static bool
each(struct copying *k, int dir, const char *part, const struct want *w)
{
	int fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fd >= 0 ? fdopendir(fd) : NULL;
	struct dirent *e;
	bool ok = true;

	if (d == NULL)
		return fail_errno(k, errno);
	while (ok && (e = readdir(d)) != NULL) {
		if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
			continue;
		if (++k->entries > ENTRIES_MAX)
			ok = fail(k, "there are too many files to look at");
		else if (part == NULL || fnmatch(part, e->d_name, 0) == 0)
			ok = take(k, dir, e->d_name, w);
	}
	(void)closedir(d);
	return ok;
}

/* The first `n` bytes of a pattern, if a name can have as many. */
static bool
part_of(char part[NAME_MAX + 1], const char *pattern, size_t n)
{
	if (n > NAME_MAX)
		return false;
	memcpy(part, pattern, n);
	part[n] = '\0';
	return true;
}

static bool
match(struct copying *k, int dir, const char *pattern)
{
	size_t n = strcspn(pattern, "/");
	struct want w = { .rest = pattern[n] == '/' ? pattern + n + 1 : NULL,
		.how = FOUND };
	char part[NAME_MAX + 1];

	if (!part_of(part, pattern, n))
		return fail(k, "a part of the pattern is too long");
	if (strcmp(part, "**") == 0) {
		/* None at all, or one and then the same again. */
		if (w.rest != NULL && !match(k, dir, w.rest))
			return false;
		if (w.rest == NULL && !each(k, dir, NULL, &w))
			return false;
		w.rest = pattern;
		return each(k, dir, NULL, &w);
	}
	if (strpbrk(part, "*?[") != NULL)
		return each(k, dir, part, &w);
	w.how = NAMED;
	return take(k, dir, part, &w);
}

static bool
is_relative(const char *pattern)
{
	char part[NAME_MAX + 1];
	size_t n;

	for (;; pattern += n + 1) {
		n = strcspn(pattern, "/");
		if (!part_of(part, pattern, n) || !path_component_ok(part))
			return false;
		if (pattern[n] == '\0')
			return true;
	}
}

int
copy_files(const char *from, const char *to, char *const *patterns,
    struct copy *copy)
{
	struct copying k = { .c = copy,
		.to = open(to, O_RDONLY | O_DIRECTORY | O_CLOEXEC) };
	int dir = open(from, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	bool ok = dir >= 0 && k.to >= 0;

	if (!ok)
		(void)fail_errno(&k, errno);
	for (; ok && *patterns != NULL; patterns++) {
		(void)str_copy(k.rel, "", sizeof(k.rel));
		if (is_relative(*patterns))
			ok = match(&k, dir, *patterns);
		else
			ok = fail(&k, "a pattern is not relative");
	}
	if (dir >= 0)
		(void)close(dir);
	if (k.to >= 0)
		(void)close(k.to);
	return ok ? 0 : RDV_E_INVALID;
}
