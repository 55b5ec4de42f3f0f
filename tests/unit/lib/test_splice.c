/* SPDX-License-Identifier: MIT */
/* What is there is moved, and nobody waits for what is not. */
#include "tests/unit/check.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "lib/splice.h"

static void
test_from_pipe_to_pipe(void **state)
{
	int from[2], to[2];
	char got[8];

	(void)state;
	assert_int_equal(pipe2(from, O_CLOEXEC), 0);
	assert_int_equal(pipe2(to, O_CLOEXEC), 0);
	assert_int_equal(splice_now(from[0], to[1], NULL, 4096), -EAGAIN);
	assert_int_equal(write(from[1], "abcdef", 6), 6);
	assert_int_equal(splice_now(from[0], to[1], NULL, 4), 4);
	assert_int_equal(splice_now(from[0], to[1], NULL, 4), 2);
	assert_int_equal(read(to[0], got, sizeof(got)), 6);
	assert_memory_equal(got, "abcdef", 6);
	(void)close(from[1]);
	assert_int_equal(splice_now(from[0], to[1], NULL, 4), 0);
	(void)close(from[0]);
	assert_int_equal(splice_now(from[0], to[1], NULL, 4), -EBADF);
	(void)close(to[0]);
	(void)close(to[1]);
}

/* To where it is told, and it tells how far it got. */
static void
test_into_a_file(void **state)
{
	int fd = memfd_create("splice", MFD_CLOEXEC), from[2];
	loff_t at = 3;
	char got[8];

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(pipe2(from, O_CLOEXEC), 0);
	assert_int_equal(write(from[1], "abc", 3), 3);
	assert_int_equal(splice_now(from[0], fd, &at, 4096), 3);
	assert_int_equal(at, 6);
	assert_int_equal(pread(fd, got, sizeof(got), 0), 6);
	assert_memory_equal(got, "\0\0\0abc", 6);
	(void)close(fd);
	(void)close(from[0]);
	(void)close(from[1]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_from_pipe_to_pipe),
		cmocka_unit_test(test_into_a_file),
	};

	return CHECK_RUN("splice", tests);
}
