/* SPDX-License-Identifier: MIT */
/*
 * The policy's file. Who can change it can become anybody, so it is taken only
 * from a place where root alone decides what stands there (abuse F17): each
 * directory is judged by descriptor before the next name is looked up in it,
 * and the file is opened once.
 */
#include "priv-helper/policyfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/err.h"
#include "lib/path.h"
#include "lib/str.h"
#include "lib/xalloc.h"
#include "priv-helper/policy.h"

/* What is asked of all that is opened, and where the answer goes. */
struct judge {
	uid_t owner;
	char *why;
	size_t whysize;
};

static int
deny(const struct judge *j, const char *what, const char *text)
{
	(void)snprintf(j->why, j->whysize, "%s: %s", what, text);
	return RDV_E_DENIED;
}

static int
fail(const struct judge *j, const char *what)
{
	int err = errno;

	(void)snprintf(j->why, j->whysize, "%s: %s", what, strerror(err));
	return -err;
}

/* An ACL for somebody else shows in the bits of the group. */
static int
judge_owner(const struct judge *j, const char *what, const struct stat *st)
{
	if (j->owner == POLICYFILE_ANYBODY)
		return 0;
	if (st->st_uid != j->owner && st->st_uid != 0)
		return deny(j, what,
		    j->owner == 0 ? "belongs to somebody else than root"
				  : "belongs to somebody else");
	if ((st->st_mode & 022) != 0)
		return deny(j, what, "can be written by its group or others");
	return 0;
}

static int
judge_dir(const struct judge *j, const char *what, int fd)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return fail(j, what);
	if (S_ISLNK(st.st_mode))
		return deny(j, what, "is a symbolic link");
	if (!S_ISDIR(st.st_mode))
		return deny(j, what, "is not a directory");
	return judge_owner(j, what, &st);
}

static int
judge_file(const struct judge *j, const char *what, int fd)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return fail(j, what);
	if (!S_ISREG(st.st_mode))
		return deny(j, what, "is not a regular file");
	if (st.st_size > POLICY_TEXT_MAX)
		return deny(j, what, "is larger than 256 KiB");
	return judge_owner(j, what, &st);
}

/* Non-blocking, or a FIFO of that name would hold up the start (abuse F09). */
static int
open_file(const struct judge *j, const char *what, int dir, const char *name,
    int *out)
{
	int fd = openat(dir, name,
	    O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	int err;

	if (fd < 0 && errno == ELOOP)
		return deny(j, what, "is a symbolic link");
	if (fd < 0)
		return fail(j, what);
	err = judge_file(j, what, fd);
	if (err == 0)
		*out = fd;
	else
		(void)close(fd);
	return err;
}

/* Steps into the next directory; `*dir` is the caller's to close, always. */
static int
descend(const struct judge *j, const char *what, int *dir, const char *name)
{
	/* O_PATH, so that a link is opened itself and can be told. */
	int next = openat(*dir, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);

	if (next < 0)
		return fail(j, what);
	(void)close(*dir);
	*dir = next;
	return judge_dir(j, what, next);
}

int
policyfile_open(int top, const char *rel, uid_t owner, int *fd, char *why,
    size_t whysize)
{
	const struct judge j = { owner, why, whysize };
	int dir = openat(top, ".", O_PATH | O_DIRECTORY | O_CLOEXEC), err;
	char *path = xstrdup(rel), *name = path, *slash;

	err = dir < 0 ? fail(&j, ".") : judge_dir(&j, ".", dir);
	while (err == 0 && (slash = strchr(name, '/')) != NULL) {
		/* So far it is the path of what is looked at. */
		*slash = '\0';
		err = descend(&j, path, &dir, name);
		*slash = '/';
		name = slash + 1;
	}
	if (err == 0)
		err = open_file(&j, path, dir, name, fd);
	if (dir >= 0)
		(void)close(dir);
	free(path);
	return err;
}

int
policyfile_text(char **text, size_t *len, int fd, const char *path, char *why,
    size_t whysize)
{
	const struct judge j = { POLICYFILE_ANYBODY, why, whysize };
	char *got = xmalloc(POLICY_TEXT_MAX + 1);
	size_t used = 0;
	ssize_t n;
	int err = 0;

	/* It may have grown since it was judged. */
	do {
		n = read(fd, got + used, POLICY_TEXT_MAX + 1 - used);
		used += n > 0 ? (size_t)n : 0;
	} while ((n > 0 && used <= POLICY_TEXT_MAX) ||
		 (n < 0 && errno == EINTR));
	if (n < 0)
		err = fail(&j, path);
	else if (used > POLICY_TEXT_MAX)
		err = deny(&j, path, "is larger than 256 KiB");
	if (err != 0) {
		free(got);
		return err;
	}
	*text = got;
	*len = used;
	return 0;
}

int
policyfile_read(struct policy *p, int fd, const char *path, char *why,
    size_t whysize)
{
	char *text;
	size_t len;
	int err = policyfile_text(&text, &len, fd, path, why, whysize);

	if (err != 0)
		return err;
	err = policy_parse(p, text, len, path, why, whysize);
	free(text);
	return err;
}

int
policyfile_load(struct policy *p, const char *path, uid_t owner, char *why,
    size_t whysize)
{
	const struct judge j = { owner, why, whysize };
	char part[4200];
	int top, fd = -1, err;

	if (!path_absolute_ok(path) || path[1] == '\0')
		return deny(&j, path, "is not a plain absolute path");
	top = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (top < 0)
		return fail(&j, "/");
	err = policyfile_open(top, path + 1, owner, &fd, part, sizeof(part));
	(void)close(top);
	if (err != 0) {
		(void)snprintf(why, whysize, "/%s", part);
		return err;
	}
	err = policyfile_read(p, fd, path, why, whysize);
	(void)close(fd);
	return err;
}
