/* SPDX-License-Identifier: MIT */
/*
 * The allocators give what was asked for, and end the process, with a line in
 * the log, for a size that is a bug or that nobody can give.
 */
#include "tests/unit/check.h"

#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/log.h"
#include "lib/xalloc.h"

/* The sanitizer would end the process itself instead of failing the call. */
const char *__asan_default_options(void);
const char *
__asan_default_options(void)
{
	return "allocator_may_return_null=1";
}

/* Exit status of a child that runs `f`, and what it logged. */
static int
in_child(void (*f)(void), char *said, size_t size)
{
	int fds[2], status;
	ssize_t n;
	pid_t pid;

	assert_int_equal(pipe(fds), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		log_init("child", fds[1], LOG_INFO);
		f();
		_exit(0);
	}
	close(fds[1]);
	n = read(fds[0], said, size - 1);
	said[n > 0 ? n : 0] = '\0';
	close(fds[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void
fine(void)
{
	free(xmalloc(1));
}

static void
zero_malloc(void)
{
	free(xmalloc(0));
}

static void
zero_calloc(void)
{
	free(xcalloc(3, 0));
}

static void
zero_realloc(void)
{
	free(xreallocarray(NULL, 0, 3));
}

static void
overflow_realloc(void)
{
	free(xreallocarray(NULL, SIZE_MAX / 2, 3));
}

static void
dies_and_says_why(void **state)
{
	static void (*const bugs[])(void) = { zero_malloc, zero_calloc,
		zero_realloc, overflow_realloc };
	char said[512];
	size_t i;

	(void)state;
	assert_int_equal(in_child(fine, said, sizeof(said)), 0);
	assert_string_equal(said, "");
	for (i = 0; i < sizeof(bugs) / sizeof(bugs[0]); i++) {
		assert_int_equal(in_child(bugs[i], said, sizeof(said)), 1);
		assert_non_null(strstr(said, "mod=xalloc"));
	}
}

static void
copies(void **state)
{
	char *s, *t, *u;

	(void)state;
	s = xstrdup("abc");
	t = xstrndup("abcdef", 2);
	u = xstrndup("ab", 9);
	assert_string_equal(s, "abc");
	assert_string_equal(t, "ab");
	assert_string_equal(u, "ab");
	free(u);
	free(t);
	free(s);
	s = xmemdup("a\0b", 4);
	assert_memory_equal(s, "a\0b", 4);
	free(s);
	s = xasprintf("%s-%d", "x", 7);
	assert_string_equal(s, "x-7");
	s = xreallocarray(s, 100, 2);
	assert_string_equal(s, "x-7");
	free(s);
	s = xcalloc(2, 3);
	assert_memory_equal(s, "\0\0\0\0\0\0", 6);
	free(s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(dies_and_says_why),
		cmocka_unit_test(copies),
	};

	return CHECK_RUN("xalloc", tests);
}
