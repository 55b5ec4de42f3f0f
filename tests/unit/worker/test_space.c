/* SPDX-License-Identifier: MIT */
/*
 * What a tree takes of the disk: what goes with it and what does not, and that
 * the sum says when it is a part.
 */
#include "tests/unit/check.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "git-worker/space.h"
#include "tests/unit/lib/tmpdir.h"

static char dir[64], top[PATH_MAX], tree[PATH_MAX + 16];
static int fd;

static int
setup(void **state)
{
	(void)state;
	fd = tmpdir_new(dir);
	if (realpath(dir, top) == NULL)
		return 1;
	(void)snprintf(tree, sizeof tree, "%s/tree", top);
	return mkdir(tree, 0700) | mkdirat(fd, "tree/sub", 0700) |
	       mkdirat(fd, "out", 0700);
}

static int
teardown(void **state)
{
	(void)state;
	(void)close(fd);
	tmpdir_remove(dir);
	return 0;
}

static void
put(const char *name, size_t len)
{
	static char text[1 << 20];
	int out = openat(fd, name, O_WRONLY | O_CREAT | O_EXCL, 0600);

	assert_true(out >= 0);
	memset(text, 'x', len);
	assert_int_equal(write(out, text, len), len);
	assert_int_equal(fsync(out), 0);
	(void)close(out);
}

static void
link_to(const char *from, const char *to)
{
	assert_int_equal(linkat(fd, from, fd, to, 0), 0);
}

static struct space
count(uint64_t files)
{
	struct space s = { .max_files = files };

	assert_int_equal(space_count(tree, &s), 0);
	return s;
}

static void
what_goes_with_it(void **state)
{
	struct space before = count(100), s;

	(void)state;
	put("tree/own", 100000);
	put("out/other", 200000);
	link_to("out/other", "tree/other");
	link_to("out/other", "tree/sub/again");
	/* All of its names lie in there. */
	put("tree/twice", 300000);
	link_to("tree/twice", "tree/sub/twice");
	s = count(100);
	assert_false(s.more);
	assert_in_range(s.own - before.own, 400000, 450000);
	assert_in_range(s.shared, 200000, 220000);
	assert_int_equal(s.files, before.files + 5);
}

static void
abuse_F10_through_no_link(void **state)
{
	struct space before = count(100), s;

	(void)state;
	put("out/other", 500000);
	assert_int_equal(symlinkat("../out", fd, "tree/out"), 0);
	assert_int_equal(symlinkat("../out/other", fd, "tree/other"), 0);
	s = count(100);
	assert_in_range(s.own + s.shared, 0, before.own + 20000);
	assert_int_equal(unlinkat(fd, "tree/sub", AT_REMOVEDIR), 0);
	(void)snprintf(tree, sizeof tree, "%s/tree/out", top);
	assert_true(space_count(tree, &s) < 0);
}

static void
a_part_is_called_one(void **state)
{
	struct space s;

	(void)state;
	put("tree/a", 1000);
	put("tree/b", 1000);
	assert_false(count(3).more);
	s = count(2);
	assert_true(s.more);
	assert_int_equal(s.files, 2);
	s = (struct space){ .max_files = 100, .until = 1 };
	assert_int_equal(space_count(tree, &s), 0);
	assert_true(s.more);
	assert_int_equal(s.files, 0);
}

int
main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(what_goes_with_it),
		T(abuse_F10_through_no_link),
		T(a_part_is_called_one),
	};

	return CHECK_RUN("space", tests);
}
