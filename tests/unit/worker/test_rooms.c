/* SPDX-License-Identifier: MIT */
/*
 * Names of directories, all of them in pages: none twice, none left out, and
 * nothing that only looks like one.
 */
#include "tests/unit/check.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "git-worker/rooms.h"
#include "tests/unit/lib/tmpdir.h"

#define DIRS 50

static char dir[64];
static int fd;

static int
setup(void **state)
{
	char name[32];

	(void)state;
	fd = tmpdir_new(dir);
	for (int i = 0; i < DIRS; i++) {
		(void)snprintf(name, sizeof name, "d%02d", i);
		if (mkdirat(fd, name, 0700) < 0)
			return 1;
	}
	return symlinkat("d00", fd, "d00-link") |
	       close(openat(fd, "d00-file", O_CREAT | O_WRONLY, 0600));
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
pages(void **state)
{
	char page[20], after[8] = "", name[32];
	int seen = 0, calls = 0;

	(void)state;
	for (;; calls++) {
		assert_int_equal(rooms_list(dir, after, page, sizeof page), 0);
		if (page[0] == '\0')
			break;
		for (const char *s = page; *s != '\0';
		     s += strcspn(s, "/"), s += *s == '/') {
			(void)snprintf(name, sizeof name, "d%02d", seen++);
			assert_memory_equal(s, name, 3);
			(void)snprintf(after, sizeof after, "%.3s", s);
		}
	}
	assert_int_equal(seen, DIRS);
	assert_true(calls > 5);
}

static void
none(void **state)
{
	char page[20];

	(void)state;
	assert_true(rooms_list("/nowhere/at/all", "", page, sizeof page) < 0);
	assert_int_equal(rooms_list(dir, "e", page, sizeof page), 0);
	assert_string_equal(page, "");
}

int
main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(pages),
		T(none),
	};

	return CHECK_RUN("rooms", tests);
}
