/* SPDX-License-Identifier: MIT */
/*
 * git's index, read and cut: what is found is what git wrote, a part of it is
 * an index for git, and whatever else lies there is refused and no more.
 */
#include "tests/unit/check.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "git-worker/index.h"
#include "tests/unit/worker/served.h"

/* As served_setup() has made it, in git's order. */
static const char *const names[] = { ".gitignore", "a", "b", "d/c", "d/e/f",
	"l", "x" };
#define N (sizeof(names) / sizeof(names[0]))

static char at[PATH_MAX + 16], other[PATH_MAX + 16];
static uint8_t bytes[65536];
static size_t len;

static void
read_all(void)
{
	int fd;
	ssize_t n;

	(void)snprintf(at, sizeof(at), "%s/.git/index", served.top);
	(void)snprintf(other, sizeof(other), "%s/../other", served.top);
	fd = open(at, O_RDONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	n = read(fd, bytes, sizeof(bytes));
	assert_true(n > 0 && (size_t)n < sizeof(bytes));
	len = (size_t)n;
	(void)close(fd);
}

static void
write_other(const uint8_t *p, size_t n)
{
	int fd = open(other, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, p, n), n);
	(void)close(fd);
}

static void
what_git_wrote(void **state)
{
	static struct index_entry e;
	struct index *ix = index_new();
	size_t where;

	(void)state;
	read_all();
	assert_true(index_open(ix, at, 20));
	for (size_t i = 0; i < N; i++) {
		assert_true(index_find(ix, names[i], &where));
		assert_int_equal(where, i);
		assert_true(index_read(ix, where, &e));
		assert_string_equal(e.name, names[i]);
		assert_true(e.plain);
		assert_int_equal(e.mode & S_IFMT,
		    strcmp(names[i], "l") == 0 ? S_IFLNK : S_IFREG);
	}
	assert_true(index_find(ix, "d/", &where));
	assert_int_equal(where, 3);
	assert_true(index_find(ix, "z", &where));
	assert_int_equal(where, N);
	assert_false(index_read(ix, where, &e));
	served_sh("git update-index --assume-unchanged a");
	assert_true(index_open(ix, at, 20));
	assert_true(index_read(ix, 1, &e));
	assert_false(e.plain);
	index_free(ix);
}

static void
a_part_is_an_index(void **state)
{
	static const size_t part[] = { 1, 3, 5 };
	struct index *ix = index_new();
	struct stat was, is;
	int fd;

	(void)state;
	read_all();
	assert_true(index_open(ix, at, 20));
	fd = open(other, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	assert_true(index_write(ix, part, 3, fd));
	(void)close(fd);
	assert_int_equal(stat(at, &was), 0);
	assert_int_equal(stat(other, &is), 0);
	assert_int_equal(was.st_mtim.tv_sec, is.st_mtim.tv_sec);
	assert_int_equal(was.st_mtim.tv_nsec, is.st_mtim.tv_nsec);
	served_sh("test \"$(GIT_INDEX_FILE=../other git ls-files | tr '\\n' "
		  "' ')\" = 'a d/c l ' && echo >>a && "
		  "test \"$(GIT_INDEX_FILE=../other git ls-files -m)\" = a");
	index_free(ix);
}

/* Cut anywhere, and with each byte turned over in turn. */
static void
what_is_none(void **state)
{
	static struct index_entry e;
	const uint8_t *tree;
	struct index *ix;
	size_t where;

	(void)state;
	read_all();
	/* Behind the entries; what is cut there may pass for the sum. */
	tree = memmem(bytes, len, "TREE", 4);
	assert_non_null(tree);
	for (size_t n = 0; n < len; n++) {
		ix = index_new();
		write_other(bytes, n);
		if (n < (size_t)(tree - bytes) + 20)
			assert_false(index_open(ix, other, 20));
		else
			(void)index_open(ix, other, 20);
		index_free(ix);
	}
	for (size_t i = 0; i < len; i++) {
		ix = index_new();
		bytes[i] ^= 0xff;
		write_other(bytes, len);
		bytes[i] ^= 0xff;
		if (index_open(ix, other, 20) && index_find(ix, "d/c", &where))
			(void)index_read(ix, where, &e);
		else
			assert_true(i < len - 20);
		index_free(ix);
	}
	ix = index_new();
	write_other(bytes, len);
	assert_true(index_open(ix, other, 20));
	assert_false(index_open(ix, other, 32));
	index_free(ix);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(what_git_wrote, served_setup,
		    served_teardown),
		cmocka_unit_test_setup_teardown(a_part_is_an_index,
		    served_setup, served_teardown),
		cmocka_unit_test_setup_teardown(what_is_none, served_setup,
		    served_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
