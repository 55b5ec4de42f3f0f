/* SPDX-License-Identifier: MIT */
/*
 * Private directories and files: made closed, refused when they are not, and
 * replaced as a whole (abuse C16, C17).
 */
#include "tests/unit/check.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/err.h"
#include "lib/path.h"
#include "tests/unit/lib/tmpdir.h"

static char top[64];
static int dir;

static int
setup(void **state)
{
	(void)state;
	dir = tmpdir_new(top);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	close(dir);
	tmpdir_remove(top);
	return 0;
}

static mode_t
mode_of(const char *name)
{
	struct stat st;

	assert_int_equal(fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW), 0);
	return st.st_mode & 07777;
}

static unsigned
entries(void)
{
	DIR *d = opendir(top);
	unsigned n = 0;

	assert_non_null(d);
	while (readdir(d) != NULL)
		n++;
	closedir(d);
	return n - 2;
}

static void
abuse_C16_directory_is_made_closed(void **state)
{
	mode_t old = umask(0);
	int fd, again;

	(void)state;
	fd = path_private_dir(dir, "d");
	(void)umask(old);
	assert_true(fd >= 0);
	assert_int_equal(mode_of("d"), 0700);
	again = path_private_dir(dir, "d");
	assert_true(again >= 0);
	close(again);
	close(fd);
	assert_int_equal(chmod(top, 0700), 0);
	assert_int_equal(fchmodat(dir, "d", 0710, 0), 0);
	assert_int_equal(path_private_dir(dir, "d"), -EPERM);
	assert_int_equal(fchmodat(dir, "d", 0500, 0), 0);
	assert_int_equal(path_private_dir(dir, "d"), -EPERM);
	assert_int_equal(path_private_dir(dir, "no/d"), -ENOENT);
}

static void
directory_must_be_one(void **state)
{
	(void)state;
	assert_int_equal(mkdirat(dir, "real", 0700), 0);
	assert_int_equal(symlinkat("real", dir, "link"), 0);
	assert_int_equal(path_private_dir(dir, "link"), -ENOTDIR);
	assert_int_equal(path_write_private(dir, "file", "", 0), 0);
	assert_int_equal(path_private_dir(dir, "file"), -ENOTDIR);
}

static void
foreign_owner_is_refused(void **state)
{
	char *out;

	(void)state;
	/* What belongs to root is foreign to us, unless we are root. */
	if (geteuid() != 0) {
		assert_int_equal(path_private_dir(AT_FDCWD, "/etc"), -EPERM);
		assert_int_equal(path_read_private(AT_FDCWD, "/etc/passwd", 100,
				     &out, NULL),
		    RDV_E_DENIED);
		return;
	}
	assert_int_equal(mkdirat(dir, "d", 0700), 0);
	assert_int_equal(path_write_private(dir, "f", "x", 1), 0);
	assert_int_equal(fchownat(dir, "d", 1, 1, 0), 0);
	assert_int_equal(fchownat(dir, "f", 1, 1, 0), 0);
	assert_int_equal(path_private_dir(dir, "d"), -EPERM);
	assert_int_equal(path_read_private(dir, "f", 100, &out, NULL),
	    RDV_E_DENIED);
}

static void
writes_as_a_whole(void **state)
{
	mode_t old = umask(0);
	char *out;
	size_t len;

	(void)state;
	assert_int_equal(path_write_private(dir, "f", "one", 3), 0);
	(void)umask(0777);
	assert_int_equal(path_write_private(dir, "f", "t\0o", 3), 0);
	(void)umask(old);
	assert_int_equal(mode_of("f"), 0600);
	assert_int_equal(entries(), 1);
	assert_int_equal(path_read_private(dir, "f", 3, &out, &len), 0);
	assert_int_equal(len, 3);
	assert_memory_equal(out, "t\0o", 4);
	free(out);
	assert_int_equal(path_write_private(dir, "f", NULL, 0), 0);
	assert_int_equal(path_read_private(dir, "f", 0, &out, NULL), 0);
	assert_string_equal(out, "");
	free(out);
}

/* A reader who had the old file keeps it whole; a link is replaced. */
static void
abuse_C17_replaces_the_name_not_the_target(void **state)
{
	char text[8] = "";
	int fd;

	(void)state;
	assert_int_equal(path_write_private(dir, "victim", "victim", 6), 0);
	assert_int_equal(symlinkat("victim", dir, "f"), 0);
	assert_int_equal(path_write_private(dir, "f", "new", 3), 0);
	assert_int_equal(mode_of("f"), 0600);
	fd = openat(dir, "victim", O_RDONLY);
	assert_int_equal(read(fd, text, 7), 6);
	assert_string_equal(text, "victim");
	assert_int_equal(path_write_private(dir, "victim", "x", 1), 0);
	assert_int_equal(lseek(fd, 0, SEEK_END), 6);
	close(fd);
}

static void
failed_write_leaves_nothing(void **state)
{
	static const char *const bad[] = { "", ".", "..", "a/b", "/tmp/x" };
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(path_write_private(dir, bad[i], "x", 1),
		    -EINVAL);
	assert_int_equal(mkdirat(dir, "d", 0700), 0);
	assert_int_equal(path_write_private(dir, "d", "x", 1), -EISDIR);
	assert_int_equal(entries(), 1);
	assert_int_equal(path_write_private(-1, "f", "x", 1), -EBADF);
}

static void
abuse_F09_reads_only_private_files(void **state)
{
	char *out = NULL;
	size_t len = 7;

	(void)state;
	assert_int_equal(path_write_private(dir, "f", "12345", 5), 0);
	assert_int_equal(path_read_private(dir, "f", 4, &out, &len),
	    RDV_E_TOO_BIG);
	assert_int_equal(fchmodat(dir, "f", 0640, 0), 0);
	assert_int_equal(path_read_private(dir, "f", 9, &out, &len),
	    RDV_E_DENIED);
	assert_int_equal(fchmodat(dir, "f", 0604, 0), 0);
	assert_int_equal(path_read_private(dir, "f", 9, &out, &len),
	    RDV_E_DENIED);
	assert_int_equal(fchmodat(dir, "f", 0600, 0), 0);
	assert_int_equal(symlinkat("f", dir, "link"), 0);
	assert_int_equal(path_read_private(dir, "link", 9, &out, &len), -ELOOP);
	assert_int_equal(mkfifoat(dir, "fifo", 0600), 0);
	assert_int_equal(path_read_private(dir, "fifo", 9, &out, &len),
	    RDV_E_DENIED);
	assert_int_equal(mkdirat(dir, "d", 0700), 0);
	assert_int_equal(path_read_private(dir, "d", 9, &out, &len),
	    RDV_E_DENIED);
	assert_int_equal(path_read_private(dir, "none", 9, &out, &len),
	    -ENOENT);
	assert_null(out);
	assert_int_equal(len, 7);
	assert_int_equal(path_read_private(dir, "f", 5, &out, &len), 0);
	assert_string_equal(out, "12345");
	free(out);
}

#define DIR_TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		DIR_TEST(abuse_C16_directory_is_made_closed),
		DIR_TEST(directory_must_be_one),
		DIR_TEST(foreign_owner_is_refused),
		DIR_TEST(writes_as_a_whole),
		DIR_TEST(abuse_C17_replaces_the_name_not_the_target),
		DIR_TEST(failed_write_leaves_nothing),
		DIR_TEST(abuse_F09_reads_only_private_files),
	};

	return CHECK_RUN("pathpriv", tests);
}
