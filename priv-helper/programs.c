/* SPDX-License-Identifier: MIT */
/*
 * Which files are executed. Those of an upgrade come from whoever could put
 * them there, and are executed as what we are: so they are judged by
 * descriptor, as is each directory before the next name is looked up in it, and
 * what was judged and tried is what is executed (abuse P03).
 */
#include "priv-helper/programs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/gitproto.h"
#include "lib/xalloc.h"

/* One of them, and whether rdv is none without it. */
struct part {
	const char *name;
	size_t at;
	bool needed;
};

static const struct part parts[] = {
	{ "rdv-helper", offsetof(struct programs, helper), true },
	{ "rdvd", offsetof(struct programs, daemon), true },
	{ "rdv-egress", offsetof(struct programs, egress), false },
	{ GITPROTO_PROGRAM, offsetof(struct programs, worker), false },
	{ "rdv-push", offsetof(struct programs, push), false },
};

#define PARTS (sizeof(parts) / sizeof(parts[0]))

static int *
fd_of(struct programs *p, const struct part *part)
{
	return (int *)(void *)((char *)p + part->at);
}

int
programs_place(char dir[PATH_MAX])
{
	ssize_t n = readlink("/proc/self/exe", dir, PATH_MAX - 1);
	char *slash;

	if (n < 0)
		return -errno;
	dir[n] = '\0';
	slash = strrchr(dir, '/');
	if (n == PATH_MAX - 1 || slash == NULL || slash == dir)
		return -ENAMETOOLONG;
	*slash = '\0';
	return 0;
}

void
programs_close(struct programs *p)
{
	size_t i;
	int *fd;

	for (i = 0; i < PARTS; i++) {
		fd = fd_of(p, &parts[i]);
		if (*fd >= 0)
			(void)close(*fd);
		*fd = -1;
	}
}

static int
fail(int err, char *why, size_t size, const char *dir, const char *name)
{
	(void)snprintf(why, size, "%s/%s: %s", dir, name, strerror(-err));
	return err;
}

static bool
is_foreign(const struct stat *st)
{
	return st->st_uid != 0 && st->st_uid != geteuid();
}

static int
judge_file(int fd, const char *dir, const char *name, char *why, size_t size)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return fail(-errno, why, size, dir, name);
	if (S_ISREG(st.st_mode) && (st.st_mode & 022) == 0 && !is_foreign(&st))
		return 0;
	(void)snprintf(why, size, "%s/%s is not ours, or others may write it",
	    dir, name);
	return -EPERM;
}

/* Where all may write, as in /tmp, a name of ours is still ours alone. */
static int
judge_dir(int fd, const char *path, bool last, char *why, size_t size)
{
	struct stat st;
	bool open;

	if (fstat(fd, &st) < 0)
		return fail(-errno, why, size, path, "");
	open = (st.st_mode & 022) != 0 && (last || (st.st_mode & S_ISVTX) == 0);
	if (S_ISDIR(st.st_mode) && !open && !is_foreign(&st))
		return 0;
	(void)snprintf(why, size,
	    "%s is not a directory of ours, or others may write in it", path);
	return -EPERM;
}

/* A descriptor of it, or -errno. */
static int
open_place(const char *bin, char *why, size_t size)
{
	char *path = xstrdup(bin), *end = path;
	int dir = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC), err, next;
	const char *name;

	err = dir < 0 ? -errno : judge_dir(dir, "/", false, why, size);
	while (err == 0 && *end != '\0') {
		/* So far it is the path of what is looked at. */
		name = end + 1;
		end += 1 + strcspn(name, "/");
		*end = '\0';
		next = openat(dir, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
		err = next < 0 ? fail(-errno, why, size, path, "")
			       : judge_dir(next, path, bin[end - path] == '\0',
				     why, size);
		(void)close(dir);
		dir = next;
		*end = bin[end - path];
	}
	free(path);
	if (err == 0)
		return dir;
	if (dir >= 0)
		(void)close(dir);
	return err;
}

/*
 * What stands there, judged or not; `dir` is that of which `bin` is the name.
 */
static int
open_part(int *fd, const struct part *part, int dir, const char *bin,
    bool judged, char *why, size_t size)
{
	*fd = openat(dir, part->name,
	    O_PATH | O_CLOEXEC | (judged ? O_NOFOLLOW : 0));
	if (*fd < 0 && errno == ENOENT && !part->needed)
		return 0;
	if (*fd < 0)
		return fail(-errno, why, size, bin, part->name);
	return judged ? judge_file(*fd, bin, part->name, why, size) : 0;
}

static int
open_parts(struct programs *p, int dir, const char *bin, bool judged, char *why,
    size_t size)
{
	size_t i;
	int err = 0;

	*p = (struct programs)PROGRAMS_NONE;
	for (i = 0; i < PARTS && err == 0; i++)
		err = open_part(fd_of(p, &parts[i]), &parts[i], dir, bin,
		    judged, why, size);
	(void)close(dir);
	if (err != 0)
		programs_close(p);
	return err;
}

int
programs_own(struct programs *p, const char *bin, char *why, size_t size)
{
	int dir = open(bin, O_PATH | O_DIRECTORY | O_CLOEXEC), err;

	if (dir < 0)
		return fail(-errno, why, size, bin, "");
	err = open_parts(p, dir, bin, false, why, size);
	if (err != 0)
		return err;
	/*
	 * Whatever has that name by now: this is what there is to go back to.
	 */
	(void)close(p->helper);
	p->helper = open("/proc/self/exe", O_PATH | O_CLOEXEC);
	return p->helper < 0 ? fail(-errno, why, size, bin, parts[0].name) : 0;
}

int
programs_next(struct programs *p, const char *bin, char *why, size_t size)
{
	int dir = open_place(bin, why, size);

	if (dir >= 0)
		return open_parts(p, dir, bin, true, why, size);
	*p = (struct programs)PROGRAMS_NONE;
	return dir;
}

struct program_id
programs_worker(const struct programs *p)
{
	struct stat st;

	if (p->worker < 0 || fstat(p->worker, &st) < 0)
		return (struct program_id){ .ino = 0 };
	return (struct program_id){ .dev = st.st_dev, .ino = st.st_ino };
}
