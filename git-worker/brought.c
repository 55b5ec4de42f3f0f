/* SPDX-License-Identifier: MIT */
/*
 * Settings by which a project can have an agent run programs, or send elsewhere
 * what it reads, with nobody asked (abuse L01). Invariant: the digest is of the
 * bytes that lie there with the names they lie under, so other bytes and other
 * places have another one; what cannot be read as a plain file, or is more than
 * is looked at, is refused, and never passed over.
 */
#include "git-worker/brought.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/arena.h"
#include "lib/buf.h"
#include "lib/err.h"
#include "lib/path.h"
#include "lib/sha256.h"
#include "lib/showtext.h"
#include "lib/str.h"

#define ALL_MAX ((size_t)16 << 20)

struct brought {
	struct arena *arena;
	int top;
	struct buf all;
	size_t seen;	   /* names in directories, of all of these */
	size_t files;	   /* that have part in `all` */
	const char *names; /* of those that are there, or NULL */
	const char *why;
};

/* A name below a directory is whatever a repository calls it. */
static int
refuse(struct brought *b, const char *name, const char *why)
{
	struct buf shown;

	buf_init(&shown, ALL_MAX);
	(void)showtext(&shown, name, strlen(name));
	b->why = arena_printf(b->arena, "%s: %s", buf_cstr(&shown), why);
	buf_done(&shown);
	return RDV_E_INVALID;
}

static bool
read_all(int fd, char *p, size_t len)
{
	ssize_t n = 1;

	while (len > 0 && n > 0) {
		n = read(fd, p, len);
		if (n == -1 && errno == EINTR)
			n = 1;
		else if (n > 0) {
			p += n;
			len -= (size_t)n;
		}
	}
	return len == 0;
}

/* Its name, its length and its bytes: nothing of one is taken for another. */
static int
put(struct brought *b, const char *name, int fd)
{
	struct stat st;
	char *text;

	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))
		return refuse(b, name, "it is no plain file");
	if (st.st_size > BROUGHT_MAX)
		return refuse(b, name, "it is over 1 MiB");
	text = arena_alloc(b->arena, (size_t)st.st_size + 1);
	if (!read_all(fd, text, (size_t)st.st_size))
		return refuse(b, name, "it cannot be read");
	buf_put(&b->all, name, strlen(name) + 1);
	buf_printf(&b->all, "%lld:", (long long)st.st_size);
	buf_put(&b->all, text, (size_t)st.st_size);
	b->files++;
	return buf_ok(&b->all)
		   ? 0
		   : refuse(b, name, "with those before it, it is over 16 MiB");
}

static int
by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Sorted, so that where they lie on the disk makes no other digest. */
static int
read_names(struct brought *b, DIR *d, const char *name, char **names, size_t *n)
{
	struct dirent *e;

	errno = 0;
	while ((e = readdir(d)) != NULL) {
		if (!path_component_ok(e->d_name))
			continue;
		if (b->seen++ == BROUGHT_FILES)
			return refuse(b, name,
			    "more lies below it than is "
			    "looked at (1000)");
		names[(*n)++] = arena_strdup(b->arena, e->d_name);
		errno = 0;
	}
	if (errno != 0)
		return refuse(b, name, strerror(errno));
	qsort(names, *n, sizeof(*names), by_name);
	return 0;
}

static int
look(struct brought *b, int at, const char *rel, const char *name, int deep);

/* All in a directory, `deep` below one that is named. Takes the descriptor. */
static int
all_in(struct brought *b, int fd, const char *name, int deep)
{
	char **names = arena_alloc(b->arena, BROUGHT_FILES * sizeof(*names));
	DIR *d = deep > BROUGHT_DEEP ? NULL : fdopendir(fd);
	size_t n = 0;
	int err;

	if (d == NULL) {
		err = refuse(b, name,
		    deep > BROUGHT_DEEP ? "it lies too deep to be looked at"
					: strerror(errno));
		(void)close(fd);
		return err;
	}
	err = read_names(b, d, name, names, &n);
	for (size_t i = 0; err == 0 && i < n; i++)
		err = look(b, fd, names[i],
		    arena_printf(b->arena, "%s%s%s", name,
			str_ends(name, "/") ? "" : "/", names[i]),
		    deep + 1);
	(void)closedir(d);
	return err;
}

static bool
is_directory(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && S_ISDIR(st.st_mode);
}

/*
 * `rel` beneath `at`, called `name`. One behind a link is refused: what that
 * leads to can be another tomorrow. A directory is looked through where one is
 * meant: `deep` is -1 for a file, and 0 for one whose name ends with '/'.
 */
static int
look(struct brought *b, int at, const char *rel, const char *name, int deep)
{
	int fd = path_open_beneath(at, rel, O_RDONLY | O_NONBLOCK, 0);
	int err;

	if (fd == -ENOENT || fd == -ENOTDIR)
		return 0;
	if (fd == -ELOOP)
		return refuse(b, name, "it is a link");
	if (fd < 0)
		return refuse(b, name, strerror(-fd));
	if (deep >= 0 && is_directory(fd))
		return all_in(b, fd, name, deep);
	err = put(b, name, fd);
	(void)close(fd);
	return err;
}

/* Of a directory it is told that there is something, and not all that is. */
static int
look_for(struct brought *b, const char *rel, const char *name)
{
	size_t files = b->files;
	int err = look(b, b->top, rel, name, str_ends(rel, "/") ? 0 : -1);

	if (b->files > files)
		b->names = b->names == NULL ? name
					    : arena_printf(b->arena, "%s, %s",
						  b->names, name);
	return err;
}

/*
 * In `dir`, which is the top or below and `up` from where it runs, and in each
 * directory above it. Names are told from there: where the top lies is no part
 * of the digest, so that each worktree of a repository has the same.
 */
static int
look_up(struct brought *b, const char *dir, const char *top, const char *up,
    const char *names)
{
	const char *rel = dir + strlen(top);
	char *rest = arena_strdup(b->arena, names), *name;
	int err = 0;

	while (err == 0 && (name = strsep(&rest, "\n")) != NULL)
		err = look_for(b,
		    *rel == '/' ? arena_printf(b->arena, "%s/%s", rel + 1, name)
				: name,
		    arena_printf(b->arena, "%s%s", up, name));
	if (err != 0 || strcmp(dir, top) == 0)
		return err;
	return look_up(b, path_parent(b->arena, dir), top,
	    arena_printf(b->arena, "../%s", up), names);
}

static const char *
digest_of(struct brought *b)
{
	uint8_t sum[SHA256_LEN];
	char hex[SHA256_TEXT];

	sha256(buf_cstr(&b->all), b->all.len, sum);
	str_hex(hex, sum, sizeof(sum));
	return arena_printf(b->arena, "%s %s", hex, b->names);
}

int
brought_find(struct arena *a, const char *arg, const char **text,
    const char **why)
{
	struct brought b = { .arena = a, .why = "it is no plain path" };
	char *names = arena_strdup(a, arg);
	const char *dir = strsep(&names, "\n");
	const char *top = names != NULL ? strsep(&names, "\n") : NULL;
	int err = RDV_E_INVALID;

	*why = b.why;
	if (names == NULL || !path_absolute_ok(dir) || !path_absolute_ok(top) ||
	    !path_is_under(top, dir) || top[1] == '\0')
		return err;
	b.top = open(top, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (b.top == -1) {
		*why = strerror(errno);
		return errno == ENOENT ? RDV_E_NOT_FOUND : err;
	}
	buf_init(&b.all, ALL_MAX);
	err = look_up(&b, dir, top, "", names);
	(void)close(b.top);
	*why = b.why;
	if (err == 0 && b.names == NULL)
		err = RDV_E_NOT_FOUND;
	if (err == 0)
		*text = digest_of(&b);
	buf_done(&b.all);
	return err;
}
