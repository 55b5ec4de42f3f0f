/* SPDX-License-Identifier: MIT */
/*
 * Objects of one directory become another's: all that are whole, none over what
 * is there, from another file system as well, and again after a cut.
 */
#include "tests/unit/check.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "git-worker/adopt.h"
#include "tests/unit/lib/tmpdir.h"

#define ONE "0123456789abcdef0123456789abcdef012345"

static char dir[64], from[80], to[80];
static int fd;

static int
setup(void **state)
{
	(void)state;
	fd = tmpdir_new(dir);
	(void)snprintf(from, sizeof from, "%s/from", dir);
	(void)snprintf(to, sizeof to, "%s/to", dir);
	return mkdirat(fd, "from", 0700) | mkdirat(fd, "to", 0700) |
	       mkdirat(fd, "from/pack", 0700) | mkdirat(fd, "from/ab", 0700);
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
put(int at, const char *name, const char *text)
{
	const int f = openat(at, name, O_CREAT | O_EXCL | O_WRONLY, 0444);

	assert_true(f >= 0);
	assert_int_equal(write(f, text, strlen(text)), strlen(text));
	assert_int_equal(close(f), 0);
}

static bool
has(const char *name, const char *text)
{
	char now[64] = "";
	const int f = openat(fd, name, O_RDONLY);
	const ssize_t n = f < 0 ? -1 : read(f, now, sizeof now - 1);

	if (f >= 0)
		(void)close(f);
	return n == (ssize_t)strlen(text) && strcmp(now, text) == 0;
}

static bool
there(const char *name)
{
	return faccessat(fd, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

static void
whole_ones(void **state)
{
	(void)state;
	put(fd, "from/ab/" ONE, "object");
	put(fd, "from/ab/tmp_obj_x", "half");
	put(fd, "from/pack/pack-1.pack", "pack");
	put(fd, "from/pack/pack-1.idx", "index");
	put(fd, "from/pack/pack-1.rev", "rev");
	put(fd, "from/pack/tmp_pack_x", "half");
	assert_int_equal(symlinkat("/etc/passwd", fd, "from/pack/pack-2.pack"),
	    0);
	assert_int_equal(adopt_objects(from, to), 0);
	assert_true(has("to/ab/" ONE, "object"));
	assert_true(has("to/pack/pack-1.pack", "pack"));
	assert_true(has("to/pack/pack-1.idx", "index"));
	assert_true(has("to/pack/pack-1.rev", "rev"));
	assert_false(there("to/ab/tmp_obj_x"));
	assert_false(there("to/pack/tmp_pack_x"));
	assert_false(there("to/pack/pack-2.pack"));
	assert_false(there("to/00"));
	/* Once more there is nothing left to do. */
	assert_int_equal(adopt_objects(from, to), 0);
}

static void
nobodys_place(void **state)
{
	(void)state;
	assert_int_equal(mkdirat(fd, "to/pack", 0700), 0);
	put(fd, "to/pack/pack-1.pack", "old");
	put(fd, "from/pack/pack-1.pack", "new");
	put(fd, "from/pack/pack-1.idx", "index");
	assert_int_equal(adopt_objects(from, to), 0);
	assert_true(has("to/pack/pack-1.pack", "old"));
	assert_true(has("to/pack/pack-1.idx", "index"));
}

static void
no_link(void **state)
{
	(void)state;
	assert_int_equal(symlinkat("to", fd, "led"), 0);
	(void)snprintf(to, sizeof to, "%s/led", dir);
	assert_true(adopt_objects(from, to) < 0);
	assert_int_equal(mkdirat(fd, "else", 0700), 0);
	assert_int_equal(symlinkat("../else", fd, "to/ab"), 0);
	put(fd, "from/ab/" ONE, "object");
	(void)snprintf(to, sizeof to, "%s/to", dir);
	assert_true(adopt_objects(from, to) < 0);
	assert_false(there("else/" ONE));
}

/* The memory of this host is another file system than its disk. */
static void
another_file_system(void **state)
{
	char far[] = "/dev/shm/rdv-adopt-XXXXXX", name[80];
	struct stat here, over;
	int at;

	(void)state;
	if (mkdtemp(far) == NULL)
		skip();
	at = open(far, O_RDONLY | O_DIRECTORY);
	assert_true(at >= 0);
	assert_int_equal(fstat(fd, &here) | fstat(at, &over), 0);
	assert_int_equal(mkdirat(at, "pack", 0700), 0);
	put(at, "pack/pack-1.pack", "pack");
	put(at, "pack/pack-1.idx", "index");
	assert_int_equal(adopt_objects(far, to), 0);
	assert_true(has("to/pack/pack-1.pack", "pack"));
	assert_true(has("to/pack/pack-1.idx", "index"));
	(void)snprintf(name, sizeof name, "%s/pack/pack-1.pack", far);
	assert_int_equal(access(name, F_OK),
	    here.st_dev == over.st_dev ? -1 : 0);
	(void)close(at);
	tmpdir_remove(far);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(whole_ones, setup, teardown),
		cmocka_unit_test_setup_teardown(nobodys_place, setup, teardown),
		cmocka_unit_test_setup_teardown(no_link, setup, teardown),
		cmocka_unit_test_setup_teardown(another_file_system, setup,
		    teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
