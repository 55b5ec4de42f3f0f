/* SPDX-License-Identifier: MIT */
/*
 * A file that is there as a whole or not, with and without a name until then;
 * and the one file that is made like that beside copies: what tells a directory
 * which worktree it is.
 */
#include "tests/unit/check.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "git-worker/newfile.h"
#include "git-worker/relink.h"
#include "lib/err.h"
#include "tests/unit/lib/tmpdir.h"

static char dir[64], top[PATH_MAX], tree[PATH_MAX + 8];
static int fd;

static int
setup(void **state)
{
	(void)state;
	fd = tmpdir_new(dir);
	if (realpath(dir, top) == NULL)
		return 1;
	(void)snprintf(tree, sizeof tree, "%s/tree", top);
	return mkdir(tree, 0700);
}

static int
teardown(void **state)
{
	(void)state;
	newfile_force_named(false);
	(void)close(fd);
	tmpdir_remove(dir);
	return 0;
}

static void
put(const char *name, const char *text)
{
	int out = openat(fd, name, O_WRONLY | O_CREAT | O_EXCL, 0600);

	assert_true(out >= 0);
	assert_int_equal(write(out, text, strlen(text)), strlen(text));
	(void)close(out);
}

static void
holds(const char *name, const char *text)
{
	char is[PATH_MAX] = "";
	int in = openat(fd, name, O_RDONLY);

	assert_true(in >= 0);
	assert_true(read(in, is, sizeof is - 1) >= 0);
	(void)close(in);
	assert_string_equal(is, text);
}

static int
make(const char *name, const char *text)
{
	struct newfile f;

	assert_int_equal(newfile_open(&f, fd, 0600), 0);
	assert_int_equal(write(f.fd, text, strlen(text)), strlen(text));
	assert_int_equal(faccessat(fd, name, F_OK, 0), -1);
	return newfile_place(&f, name);
}

static void
one_of_each(bool named)
{
	struct newfile f;
	char half[64];

	newfile_force_named(named);
	(void)snprintf(half, sizeof half, ".rdv-half-%d-0", (int)getpid());
	put(half, "mine");
	assert_int_equal(make("a", "whole"), 0);
	holds("a", "whole");
	assert_int_equal(newfile_open(&f, fd, 0600), 0);
	put("b", "mine");
	assert_int_equal(newfile_place(&f, "b"), -EEXIST);
	holds("b", "mine");
	assert_int_equal(newfile_open(&f, fd, 0600), 0);
	assert_int_equal(f.half[0] != '\0', named);
	newfile_drop(&f);
	/* Nothing is left of those that were not to be, and what was is. */
	holds(half, "mine");
	(void)snprintf(half, sizeof half, ".rdv-half-%d-1", (int)getpid());
	assert_int_equal(faccessat(fd, half, F_OK, 0), -1);
}

static void
without_a_name(void **state)
{
	(void)state;
	one_of_each(false);
}

static void
with_a_name(void **state)
{
	(void)state;
	one_of_each(true);
}

static void
relinked(const char *gitdir)
{
	char text[2 * PATH_MAX];

	assert_int_equal(mkdirat(fd, ".git", 0700), 0);
	assert_int_equal(mkdirat(fd, ".git/worktrees", 0700), 0);
	assert_int_equal(mkdirat(fd, ".git/worktrees/other", 0700), 0);
	put(".git/worktrees/other/gitdir", "/nowhere/tree/.git\n");
	assert_int_equal(relink_tree(top, tree), RDV_E_NOT_FOUND);
	assert_int_equal(mkdirat(fd, ".git/worktrees/x", 0700), 0);
	put(".git/worktrees/x/gitdir", gitdir);
	put("tree/.git.rdv", "mine");
	assert_int_equal(relink_tree(top, tree), 0);
	(void)snprintf(text, sizeof text, "gitdir: %s/.git/worktrees/x\n", top);
	holds("tree/.git", text);
	holds("tree/.git.rdv", "mine");
}

static void
by_an_absolute_path(void **state)
{
	char gitdir[PATH_MAX + 16];

	(void)state;
	(void)snprintf(gitdir, sizeof gitdir, "%s/.git\n", tree);
	relinked(gitdir);
}

static void
by_a_relative_path(void **state)
{
	(void)state;
	relinked("../../../tree/.git\n");
}

int
main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(without_a_name),
		T(with_a_name),
		T(by_an_absolute_path),
		T(by_a_relative_path),
	};

	return CHECK_RUN("newfile", tests);
}
