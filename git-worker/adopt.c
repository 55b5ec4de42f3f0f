/* SPDX-License-Identifier: MIT */
/*
 * What a git with a network has brought lies beside the repository until it is
 * known to be wanted; this takes it in. Invariant: whatever the repository has
 * already stays as it is, since an object's name says what is in it; and an
 * index, which makes git look into its pack, comes after that pack.
 */
#include "git-worker/adopt.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "git-worker/bytes.h"
#include "git-worker/newfile.h"
#include "lib/str.h"

/* One directory of both sides. */
struct pair {
	int from, to;
};

typedef bool wanted_fn(const char *name);

static int
dir_at(int at, const char *name)
{
	const int fd =
	    openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

/* To another file system, or to one that cannot rename without replacing. */
static int
copy_over(const struct pair *p, const char *name)
{
	const int in = openat(p->from, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	struct newfile f;
	int err;

	if (in < 0)
		return -errno;
	err = newfile_open(&f, p->to, 0444);
	if (err == 0) {
		err = bytes_copy(in, f.fd);
		if (err == 0 && fsync(f.fd) < 0)
			err = -errno;
		if (err != 0)
			newfile_drop(&f);
		else
			err = newfile_place(&f, name);
	}
	(void)close(in);
	return err;
}

static int
take(const struct pair *p, const char *name)
{
	struct stat st;
	int err;

	if (fstatat(p->from, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return -errno;
	if (!S_ISREG(st.st_mode))
		return 0;
	if (renameat2(p->from, name, p->to, name, RENAME_NOREPLACE) == 0)
		return 0;
	if (errno == EEXIST)
		return 0;
	if (errno != EXDEV && errno != EINVAL && errno != ENOSYS)
		return -errno;
	err = copy_over(p, name);
	return err == -EEXIST ? 0 : err;
}

static int
take_all(const struct pair *p, wanted_fn *wanted)
{
	const struct dirent *e;
	int fd = dir_at(p->from, "."), err = 0;
	DIR *d = fd < 0 ? NULL : fdopendir(fd);

	if (d == NULL)
		return fd < 0 ? fd : -ENOMEM;
	while (err == 0 && (e = readdir(d)) != NULL)
		if (wanted(e->d_name))
			err = take(p, e->d_name);
	(void)closedir(d);
	return err;
}

static bool
is_index(const char *name)
{
	return str_starts(name, "pack-") && strlen(name) > 4 &&
	       strcmp(name + strlen(name) - 4, ".idx") == 0;
}

static bool
is_of_pack(const char *name)
{
	return str_starts(name, "pack-") && !is_index(name);
}

static bool
is_hex(const char *name)
{
	return name[0] != '\0' && name[strspn(name, "0123456789abcdef")] == 0;
}

/* Nothing at all came where the directory is not there. */
static int
take_dir(const struct pair *p, const char *name, wanted_fn *const *wanted)
{
	struct pair in = { .from = dir_at(p->from, name), .to = -1 };
	int err = 0;

	if (in.from < 0)
		return in.from == -ENOENT ? 0 : in.from;
	if (mkdirat(p->to, name, 0777) < 0 && errno != EEXIST)
		err = -errno;
	if (err == 0 && (in.to = dir_at(p->to, name)) < 0)
		err = in.to;
	for (; err == 0 && *wanted != NULL; wanted++)
		err = take_all(&in, *wanted);
	if (err == 0 && fsync(in.to) < 0)
		err = -errno;
	if (in.to >= 0)
		(void)close(in.to);
	(void)close(in.from);
	return err;
}

/* git spreads single objects over directories "00" to "ff". */
static int
take_both(const struct pair *p)
{
	static wanted_fn *const single[] = { is_hex, NULL };
	static wanted_fn *const packs[] = { is_of_pack, is_index, NULL };
	char name[3];
	int err = 0;

	for (unsigned i = 0; err == 0 && i < 256; i++) {
		(void)snprintf(name, sizeof(name), "%02x", i);
		err = take_dir(p, name, single);
	}
	if (err == 0)
		err = take_dir(p, "pack", packs);
	return err == 0 && fsync(p->to) < 0 ? -errno : err;
}

int
adopt_objects(const char *from, const char *to)
{
	struct pair p = { .from = dir_at(AT_FDCWD, from), .to = -1 };
	int err;

	if (p.from < 0)
		return p.from;
	p.to = dir_at(AT_FDCWD, to);
	err = p.to < 0 ? p.to : take_both(&p);
	if (p.to >= 0)
		(void)close(p.to);
	(void)close(p.from);
	return err;
}
