/* SPDX-License-Identifier: MIT */
/* A file that becomes another one is told of; what lies beside it is not. */
#include "cli/filewatch.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lib/path.h"
#include "tests/unit/check.h"
#include "tests/unit/cli/fake.h"

static struct fake fake;
static struct filewatch *watch;
static int dir;

static int
setup(void **state)
{
	char path[128];

	(void)state;
	fake_dir(&fake);
	dir = open(fake.dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	(void)snprintf(path, sizeof(path), "%s/token", fake.dir);
	watch = filewatch_new(path);
	assert_non_null(watch);
	assert_true(filewatch_fd(watch) >= 0);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	filewatch_free(watch);
	(void)close(dir);
	fake_stop(&fake);
	return 0;
}

static void
put(const char *name)
{
	assert_int_equal(path_write_private(dir, name, "x", 1), 0);
}

static void
news_are_told_once(void **state)
{
	(void)state;
	assert_false(filewatch_changed(watch));
	put("token");
	assert_true(filewatch_changed(watch));
	assert_false(filewatch_changed(watch));
	/* Among many others, which are no news. */
	for (unsigned i = 0; i < 200; i++)
		put(i == 100 ? "token" : i % 2 == 0 ? "tokens" : "toke");
	assert_true(filewatch_changed(watch));
	for (unsigned i = 0; i < 200; i++)
		put(i % 2 == 0 ? "tokens" : "toke");
	assert_false(filewatch_changed(watch));
}

static void
what_cannot_be_watched(void **state)
{
	(void)state;
	errno = 0;
	assert_null(filewatch_new("/nowhere/at/all"));
	assert_int_equal(errno, ENOENT);
	assert_null(filewatch_new("/dev/null/x"));
	assert_int_equal(errno, ENOTDIR);
	assert_int_equal(filewatch_fd(NULL), -1);
	filewatch_free(NULL);
}

int
main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(news_are_told_once),
		T(what_cannot_be_watched),
	};

	return CHECK_RUN("filewatch", tests);
}
