/* SPDX-License-Identifier: MIT */
/* Private directories of tests, of which nothing stays behind. */
#include "tests/unit/lib/tmpdir.h"

#include "tests/unit/check.h"

#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

int
tmpdir_new(char path[64])
{
	const char *base = getenv("TMPDIR");
	int fd;

	snprintf(path, 64, "%s/rdv-XXXXXX", base != NULL ? base : "/tmp");
	assert_non_null(mkdtemp(path));
	fd = open(path, O_DIRECTORY | O_CLOEXEC);
	assert_true(fd >= 0);
	return fd;
}

static int
remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)st;
	(void)type;
	(void)at;
	return remove(path);
}

void
tmpdir_remove(const char *path)
{
	assert_int_equal(nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS), 0);
}
