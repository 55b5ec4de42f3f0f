/* SPDX-License-Identifier: MIT */
/*
 * The first differences in a very large file. Its beginning is compared with
 * that of git's object by bytes, and what follows the first difference, a
 * window of each side, by git. Invariant: only what both sides have up to the
 * end of a window is told; nothing is told where git would have converted the
 * file, or calls it binary by its attributes.
 */
#include "git-worker/diffbig.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "git-worker/difftree.h"
#include "git-worker/job.h"
#include "lib/arena.h"
#include "lib/path.h"
#include "lib/str.h"

/* Of each side; enough for more lines than an answer has. */
#define WINDOW (4u << 20)

/* Behind the record that tells of it. */
enum { CRLF, ATTRS, OLD, WINDOWS };

struct text {
	const char *at;
	size_t len;
	bool over; /* there is more of it */
};

static int
open_file(const struct job *j, const char *path)
{
	int top = open(j->top, O_PATH | O_DIRECTORY | O_CLOEXEC), fd;

	if (top < 0)
		return -1;
	fd = path_open_beneath(top, path, O_RDONLY | O_NONBLOCK, 0);
	(void)close(top);
	return fd;
}

bool
diffbig_wanted(const struct job *j, const struct sides *s, const char *path)
{
	struct stat st;
	bool wanted;
	int fd;

	if (s->to != NULL || s->cached)
		return false;
	fd = open_file(j, path);
	if (fd < 0)
		return false;
	wanted = fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
		 st.st_size > OTHER_MAX;
	(void)close(fd);
	return wanted;
}

/* As much of the file as is looked at. */
static bool
read_new(struct job *j, const char *path, struct text *t)
{
	char *text = arena_alloc(j->arena, DIFFBIG_LOOK);
	int fd = open_file(j, path);
	ssize_t n = 1;

	*t = (struct text){ .at = text, .over = true };
	if (fd < 0)
		return false;
	while (t->len < DIFFBIG_LOOK && n > 0) {
		n = read(fd, text + t->len, DIFFBIG_LOOK - t->len);
		if (n > 0)
			t->len += (size_t)n;
	}
	(void)close(fd);
	return t->len == DIFFBIG_LOOK;
}

/* So many bytes at the beginning are the same. */
static size_t
common(const struct text *a, const struct text *b)
{
	const size_t max = a->len < b->len ? a->len : b->len;
	size_t n = 0;

	while (n < max && a->at[n] == b->at[n])
		n++;
	return n;
}

/* So many whole lines back, or the beginning of this one. */
static size_t
back(const char *text, size_t at, int64_t lines)
{
	for (;;) {
		while (at > 0 && text[at - 1] != '\n')
			at--;
		if (at == 0 || lines-- == 0)
			return at;
		at--;
	}
}

static int64_t
count_lines(const char *p, size_t len)
{
	const char *end = p + len;
	int64_t n = 0;

	while (p < end && (p = memchr(p, '\n', (size_t)(end - p))) != NULL) {
		n++;
		p++;
	}
	return n;
}

/* Its name; NULL: it could not be written. */
static const char *
write_file(struct job *j, const char *word, const char *p, size_t len)
{
	const char *dir = getenv("TMPDIR");
	char *file;
	bool ok;
	int fd;

	if (dir == NULL || *dir != '/')
		dir = "/tmp";
	file = arena_printf(j->arena, "%s/rdv-%s-XXXXXX", dir, word);
	fd = mkostemp(file, O_CLOEXEC);
	if (fd < 0)
		return NULL;
	ok = write(fd, p, len) == (ssize_t)len;
	(void)close(fd);
	if (ok)
		return file;
	(void)unlink(file);
	return NULL;
}

/* Whole lines of it; so many are in `lines`, -1: all that there are. */
static const char *
put_window(struct job *j, const struct text *t, size_t from, const char *word,
    int64_t *lines)
{
	size_t len = t->len - from;
	bool cut = t->over;

	if (len > WINDOW) {
		len = WINDOW;
		cut = true;
	}
	while (cut && len > 0 && t->at[from + len - 1] != '\n')
		len--;
	/* A line longer than that. */
	if (cut && len == 0)
		return NULL;
	*lines = cut ? count_lines(t->at + from, len) : -1;
	return write_file(j, word, t->at + from, len);
}

/* As git judges it. */
static bool
is_binary(const struct text *t)
{
	return memchr(t->at, '\0',
		   t->len < BINARY_LOOK ? t->len : BINARY_LOOK) != NULL;
}

static void
ask_windows(struct job *j, unsigned step, const char *path, const char *context,
    struct diffbig *b)
{
	const struct job_text *t = &j->text[step + OLD];
	const struct text old = { t->at, t->len, t->over };
	struct text new;
	size_t n;

	if ((t->status != 0 && !t->over) || !read_new(j, path, &new) ||
	    is_binary(&old) || is_binary(&new))
		return;
	n = common(&old, &new);
	if (n == (old.len < new.len ? old.len : new.len) && old.over) {
		b->same = true;
		return;
	}
	n = back(new.at, n, strtoll(context + strlen("-U"), NULL, 10));
	b->lines = count_lines(new.at, n);
	b->old = put_window(j, &old, n, "old", &b->old_lines);
	b->new = put_window(j, &new, n, "new", &b->new_lines);
	if (b->old == NULL || b->new == NULL)
		return;
	b->shown = true;
	JOB_ASK(j, "diff", "--no-index", "--no-color", "--no-ext-diff",
	    "--no-textconv", "--patch", context, "--src-prefix=a/",
	    "--dst-prefix=b/", "--", b->old, b->new);
}

/* "PATH\0ATTRIBUTE\0VALUE\0" each. */
static bool
is_plain(const struct job_text *t)
{
	const char *end = t->at + t->len, *name, *value;

	for (const char *p = t->at; p < end; p = value + strlen(value) + 1) {
		name = p + strlen(p) + 1;
		value = name + strlen(name) + 1;
		if (value >= end)
			return false;
		if (strcmp(value, "unspecified") == 0 ||
		    (strcmp(name, "text") == 0 &&
			strcmp(value, "unset") == 0) ||
		    (strcmp(name, "diff") == 0 && strcmp(value, "unset") != 0))
			continue;
		return false;
	}
	return t->status == 0;
}

static bool
is_off(struct job *j, unsigned step)
{
	const char *value = job_line(j, step);

	return j->text[step].status != 0 || strcmp(value, "false") == 0;
}

void
diffbig_next(struct job *j, unsigned step, const struct diff_file *f,
    const char *context, struct diffbig *b)
{
	if (f->status != 'M' || !str_starts(f->old_mode, "100") ||
	    !str_starts(f->new_mode, "100"))
		return;
	if (j->n == step + CRLF)
		JOB_ASK(j, "config", "--type=bool-or-str", "--get",
		    "core.autocrlf");
	else if (j->n == step + ATTRS && is_off(j, step + CRLF))
		JOB_ASK(j, "check-attr", "-z", "text", "eol", "crlf", "filter",
		    "ident", "working-tree-encoding", "diff", "--", f->path);
	else if (j->n == step + OLD && is_plain(&j->text[step + ATTRS]))
		JOB_ASK(j, "cat-file", "blob", f->old_oid);
	else if (j->n == step + WINDOWS)
		ask_windows(j, step, f->path, context, b);
}

void
diffbig_done(struct diffbig *b)
{
	if (b->old != NULL)
		(void)unlink(b->old);
	if (b->new != NULL)
		(void)unlink(b->new);
	b->old = b->new = NULL;
}
