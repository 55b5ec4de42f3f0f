/* SPDX-License-Identifier: MIT */
/*
 * Settings by which a project can have an agent run programs, or send elsewhere
 * what it reads, with nobody asked (abuse L01). Invariant: the digest is of the
 * bytes that lie there with the names they lie under, so other bytes and other
 * places have another one; what cannot be read as a plain file is refused, and
 * never passed over.
 */
#include "git-worker/brought.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/arena.h"
#include "lib/buf.h"
#include "lib/err.h"
#include "lib/path.h"
#include "lib/sha256.h"
#include "lib/str.h"

#define ALL_MAX ((size_t)16 << 20)

struct brought {
	struct arena *arena;
	int top;
	struct buf all;
	const char *names; /* of those that are there, or NULL */
	const char *why;
};

static int
refuse(struct brought *b, const char *name, const char *why)
{
	b->why = arena_printf(b->arena, "%s: %s", name, why);
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
	b->names = b->names == NULL
		       ? name
		       : arena_printf(b->arena, "%s, %s", b->names, name);
	return 0;
}

/*
 * `rel` beneath the top, called `name`. One behind a link is refused: what that
 * leads to can be another tomorrow.
 */
static int
look(struct brought *b, const char *rel, const char *name)
{
	int fd = path_open_beneath(b->top, rel, O_RDONLY | O_NONBLOCK, 0);
	int err;

	if (fd == -ENOENT || fd == -ENOTDIR)
		return 0;
	if (fd == -ELOOP)
		return refuse(b, name, "it is a link");
	if (fd < 0)
		return refuse(b, name, strerror(-fd));
	err = put(b, name, fd);
	(void)close(fd);
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
		err = look(b,
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
	if (err == 0 && !buf_ok(&b.all))
		err = refuse(&b, top, "they are over 16 MiB");
	*why = b.why;
	if (err == 0 && b.names == NULL)
		err = RDV_E_NOT_FOUND;
	if (err == 0)
		*text = digest_of(&b);
	buf_done(&b.all);
	return err;
}
