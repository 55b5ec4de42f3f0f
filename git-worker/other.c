/* SPDX-License-Identifier: MIT */
/*
 * Files that git does not know: it shows no difference for them, so they are
 * read here, as they are. No link is followed, and nothing is waited for.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "git-worker/difftree.h"
#include "git-worker/job.h"
#include "lib/arena.h"
#include "lib/path.h"

#define CHUNK 65536

static void
read_link(struct job *j, int dirfd, const char *name, struct other *o)
{
	char *text = arena_alloc(j->arena, PATH_MAX);
	ssize_t n = readlinkat(dirfd, name, text, PATH_MAX - 1);

	if (n <= 0)
		return;
	*o = (struct other){ .readable = true,
		.mode = "120000",
		.text = text,
		.len = (size_t)n,
		.lines = 1 };
}

static size_t
count_newlines(const char *p, size_t len)
{
	const char *end = p + len, *at;
	size_t n = 0;

	while (p < end && (at = memchr(p, '\n', (size_t)(end - p))) != NULL) {
		n++;
		p = at + 1;
	}
	return n;
}

/* What has a last line without an end has that line, too. */
static bool
read_text(int fd, struct other *o, char *text, size_t keep)
{
	static char chunk[CHUNK];
	size_t total = 0;
	char last = '\n';
	ssize_t n;

	while ((n = read(fd, chunk, sizeof(chunk))) > 0) {
		size_t look = (size_t)n, more = keep - o->len;

		if (total + look > BINARY_LOOK)
			look = total < BINARY_LOOK ? BINARY_LOOK - total : 0;
		o->binary = o->binary || memchr(chunk, '\0', look) != NULL;
		more = (size_t)n < more ? (size_t)n : more;
		memcpy(text + o->len, chunk, more);
		o->len += more;
		o->lines += (int64_t)count_newlines(chunk, (size_t)n);
		last = chunk[n - 1];
		total += (size_t)n;
		if (o->binary || total > OTHER_MAX)
			break;
	}
	o->lines += last != '\n';
	o->over = total > o->len;
	o->binary = o->binary || total > OTHER_MAX;
	return n >= 0;
}

static void
read_file(struct job *j, int fd, size_t keep, struct other *o)
{
	char *text;
	struct stat st;

	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return;
	if (st.st_size < (off_t)keep)
		keep = (size_t)st.st_size;
	text = arena_alloc(j->arena, keep + 1);
	o->text = text;
	o->mode = (st.st_mode & S_IXUSR) != 0 ? "100755" : "100644";
	if (st.st_size > OTHER_MAX) {
		o->binary = o->readable = true;
		return;
	}
	o->readable = read_text(fd, o, text, keep);
}

void
other_read(struct job *j, const char *name, size_t keep, struct other *o)
{
	int top, fd;

	memset(o, 0, sizeof(*o));
	top = open(j->top, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (top < 0)
		return;
	fd = path_open_beneath(top, name, O_RDONLY | O_NONBLOCK, 0);
	if (fd >= 0) {
		read_file(j, fd, keep, o);
		(void)close(fd);
	} else if (fd == -ELOOP) {
		read_link(j, top, name, o);
	}
	(void)close(top);
}
