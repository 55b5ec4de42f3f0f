/* SPDX-License-Identifier: MIT */
/*
 * The files of an audit log, in order. A file is appended to until it is large
 * enough, and the next begins where it ends; so a file that is missing, or too
 * many, breaks the chain as a record does.
 */
#include "lib/auditdir.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/err.h"
#include "lib/path.h"
#include "lib/secret.h"
#include "lib/str.h"
#include "lib/xalloc.h"

/* A reader of lines, which never holds more than the longest of them. */
struct lines {
	int fd;
	char *data;
	size_t len, at;
	off_t done; /* bytes of whole lines given out */
	bool eof;
};

static unsigned
file_number(const char *name)
{
	uint64_t n;
	char again[AUDIT_NAME], digits[7];

	if (strlen(name) != 10 || strcmp(name + 6, ".log") != 0)
		return 0;
	memcpy(digits, name, 6);
	digits[6] = '\0';
	n = strtoul(digits, NULL, 10);
	snprintf(again, sizeof(again), AUDIT_FILE_FMT, (unsigned)n);
	return strcmp(again, name) == 0 ? (unsigned)n : 0;
}

int
auditdir_last(int dirfd)
{
	int fd = openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *e;
	unsigned last = 0, n;

	if (dir == NULL)
		return -errno;
	while ((e = readdir(dir)) != NULL) {
		n = file_number(e->d_name);
		if (n > last)
			last = n;
	}
	(void)closedir(dir);
	return (int)last;
}

/* 1 with a line, 0 at the end, or -errno; a too long one is given as it is. */
static int
next_line(struct lines *l, const char **text, size_t *len)
{
	char *nl;
	ssize_t n;

	for (;;) {
		nl = memchr(l->data + l->at, '\n', l->len - l->at);
		if (nl != NULL || l->eof || l->len - l->at > AUDITLINE_MAX)
			break;
		memmove(l->data, l->data + l->at, l->len - l->at);
		l->len -= l->at;
		l->at = 0;
		n = read(l->fd, l->data + l->len, 2 * AUDITLINE_MAX - l->len);
		if (n < 0 && errno != EINTR)
			return -errno;
		l->len += n > 0 ? (size_t)n : 0;
		l->eof = n == 0;
	}
	*text = l->data + l->at;
	*len = nl != NULL ? (size_t)(nl - *text) : l->len - l->at;
	if (nl == NULL)
		return *len > AUDITLINE_MAX;
	l->at += *len + 1;
	l->done += (off_t)*len + 1;
	return 1;
}

static int
damaged(struct audit_damage *bad, const struct auditchain *c, uint64_t line,
    const char *what)
{
	snprintf(bad->file, sizeof(bad->file), AUDIT_FILE_FMT, c->file);
	bad->line = line;
	bad->seq = c->seq + 1;
	snprintf(bad->what, sizeof(bad->what), "%s", what);
	return RDV_E_CORRUPT;
}

/* 1: whoever wanted the records has enough. */
static int
walk_lines(struct auditdir *d, struct lines *l, struct audit_damage *bad)
{
	struct auditline record;
	const char *text = NULL, *why;
	char file[AUDIT_NAME];
	uint64_t line = 0;
	size_t len = 0;
	int got;

	snprintf(file, sizeof(file), AUDIT_FILE_FMT, d->chain.file);
	d->chain.fresh = true;
	while ((got = next_line(l, &text, &len)) > 0) {
		line++;
		why = auditchain_take(&d->chain, text, len, &record);
		if (why != NULL)
			return damaged(bad, &d->chain, line, why);
		if (d->each != NULL &&
		    !d->each(&record, text, len, file, d->arg))
			return 1;
	}
	d->end = l->done;
	d->torn = (off_t)(l->len - l->at);
	if (got == 0 && d->torn > 0 && d->chain.file != d->last)
		return damaged(bad, &d->chain, line + 1, "it is cut off");
	return got;
}

static int
walk_file(struct auditdir *d, int dirfd, struct audit_damage *bad)
{
	struct lines l = { .fd = -1 };
	char name[AUDIT_NAME];
	int err;

	snprintf(name, sizeof(name), AUDIT_FILE_FMT, d->chain.file);
	l.fd =
	    openat(dirfd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (l.fd < 0 && errno == ENOENT)
		return damaged(bad, &d->chain, 0, "the file is missing");
	if (l.fd < 0)
		return -errno;
	l.data = xmalloc(2 * AUDITLINE_MAX);
	err = walk_lines(d, &l, bad);
	free(l.data);
	(void)close(l.fd);
	d->files++;
	return err;
}

int
auditdir_walk(struct auditdir *d, int dirfd, unsigned from,
    struct audit_damage *bad)
{
	const int last = auditdir_last(dirfd);
	const char *why;
	int err = 0;

	if (last < 0)
		return last;
	d->last = (unsigned)last;
	for (d->chain.file = from; err == 0 && d->chain.file <= d->last;
	     d->chain.file++)
		err = walk_file(d, dirfd, bad);
	if (err != 0)
		return err == 1 ? 0 : err;
	d->chain.file = d->last;
	why = auditchain_marks(&d->chain);
	return why == NULL ? 0 : damaged(bad, &d->chain, 0, why);
}

/* A file that need not be secret: a copy of it is as good. */
static long
read_public(int dirfd, const char *name, char *out, size_t size)
{
	int fd = openat(dirfd, name, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	ssize_t n;

	if (fd < 0)
		return -errno;
	n = read(fd, out, size);
	if (n < 0)
		n = -errno;
	(void)close(fd);
	return n;
}

static int
read_secret(int dirfd, const char *name, char *out, size_t size)
{
	char *text;
	int err = path_read_private(dirfd, name, size - 1, &text, NULL);

	if (err != 0)
		return err;
	(void)str_copy(out, text, size);
	secret_free(text, strlen(text));
	return 0;
}

int
auditdir_key(int dirfd, const char *name, bool secret,
    unsigned char out[AUDIT_KEY])
{
	char text[2 * AUDIT_KEY + 2] = "";
	long err;

	if (secret)
		err = read_secret(dirfd, name, text, sizeof(text));
	else
		err = read_public(dirfd, name, text, sizeof(text) - 1);
	if (err < 0 || (secret && err > 0))
		return (int)err;
	text[strcspn(text, "\n")] = '\0';
	err = str_unhex(out, AUDIT_KEY, text) ? 0 : RDV_E_MALFORMED;
	secret_wipe(text, sizeof(text));
	return (int)err;
}

/*
 * A log that is being written gives its head a new file, and may do so twice
 * while it is read: the file at hand is the place of the next one by then, and
 * half of that. What reads the same twice is what is there.
 */
int
auditdir_head(struct auditdir *d, int dirfd, const char *name, unsigned which,
    struct audit_damage *bad)
{
	uint8_t was[AUDIT_HASH], is[AUDIT_HASH] = { 0 };
	char *text = xmalloc(AUDITLINE_MAX);
	const char *why = NULL;
	long n;

	do {
		memcpy(was, is, sizeof(was));
		n = read_public(dirfd, name, text, AUDITLINE_MAX);
		if (n < 0)
			break;
		why = auditchain_mark(&d->chain, which, text, (size_t)n);
		auditcrypt_hash(text, (size_t)n, is);
	} while (why != NULL && memcmp(was, is, sizeof(is)) != 0);
	free(text);
	if (n < 0 || why == NULL)
		return n < 0 ? (int)n : 0;
	memset(bad, 0, sizeof(*bad));
	snprintf(bad->file, sizeof(bad->file), "%s", AUDIT_HEAD);
	snprintf(bad->what, sizeof(bad->what), "%s", why);
	return RDV_E_CORRUPT;
}
