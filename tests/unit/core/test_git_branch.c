/* SPDX-License-Identifier: MIT */
/*
 * Names of branches (abuse G13): what is accepted here is a literal name to git
 * as well. git is asked about each, and about names made at random.
 */
#include "tests/unit/check.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/core/branch.h"

static const char *const good[] = { "main", "a", "x/y/z", "feature/foo-bar",
	"v1.2", "a-b", "caf\xc3\xa9", "a.b", "1", "_", "a@b", "@a", "a{b",
	"release/2026.11", "heads/x", "a.lockx", "HEADX", "x/HEAD", "a./b",
	"refs/heads/x" };

static const char *const bad[] = { "", "-x", "--output=x", "-", "@", "HEAD",
	"@{-1}", "@{u}", "a@{1}", "a..b", "..", ".", "a.", ".a", "a/.b", "a/",
	"/a", "a//b", "a.lock", "a.lock/b", "a b", "a~1", "a^", "a:b", ":!x",
	"a?b", "a*", "a[b", "a\\b", "a\nb", "a\tb", "a\x7f", "a\x01", "HEAD~2",
	":/text", "a\x80", "\xff" };

/* git's own answer to "is this a branch name", without a repository. */
static bool
git_says(const char *name)
{
	int status, null;
	pid_t pid = fork();

	if (pid == 0) {
		null = open("/dev/null", O_RDWR);
		(void)dup2(null, STDOUT_FILENO);
		(void)dup2(null, STDERR_FILENO);
		if (chdir("/") != 0)
			_exit(99);
		execlp("git", "git", "check-ref-format", "--branch", name,
		    (char *)NULL);
		_exit(99);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) != 99);
	return WEXITSTATUS(status) == 0;
}

static void
abuse_G13_names_are_names(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
		if (!branch_ok(good[i]))
			fail_msg("refused: %s", good[i]);
		assert_true(git_says(good[i]));
	}
}

static void
abuse_G13_nothing_else_is(void **state)
{
	char *large = calloc(1, 5001);

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		if (branch_ok(bad[i]))
			fail_msg("accepted: %s", bad[i]);
	memset(large, 'x', 5000);
	assert_false(branch_ok(large));
	large[200] = '\0';
	assert_true(branch_ok(large));
	large[199] = '\0';
	assert_true(branch_ok(large));
	free(large);
}

/* Names of the pieces that matter: never do we accept what git does not. */
static void
git_agrees_about_any_name(void **state)
{
	static const char *const pieces[] = { "a", "b", "/", ".", "-", "@", "{",
		"lock", ".lock", "HEAD", "~", "^", ":", "1", "..", "//", "@{",
		" ", "\\", "*" };
	const size_t n = sizeof pieces / sizeof pieces[0];
	unsigned seed = 20261121, accepted = 0;
	char name[64];

	(void)state;
	for (int round = 0; round < 400; round++) {
		name[0] = '\0';
		for (int i = 0; i < 1 + round % 4; i++) {
			seed = seed * 1664525u + 1013904223u;
			(void)strncat(name, pieces[(seed >> 16) % n],
			    sizeof name - strlen(name) - 1);
		}
		if (!branch_ok(name))
			continue;
		accepted++;
		if (!git_says(name))
			fail_msg("git refuses: %s", name);
	}
	assert_true(accepted > 30);
}

static void
a_directory_for_a_branch(void **state)
{
	static const struct {
		const char *branch, *dir;
	} rows[] = {
		{ "feature/foo-bar", "feature-foo-bar" },
		{ "Fix Bug #123", "fix-bug-123" },
		{ "--test--", "test" },
		{ "a//b", "a-b" },
		{ "caf\xc3\xa9", "caf" },
		{ "\xc3\xa9", "" },
		{ "x", "x" },
	};
	char out[32], small[6];

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		branch_dir(out, sizeof out, rows[i].branch);
		assert_string_equal(out, rows[i].dir);
	}
	branch_dir(small, sizeof small, "abcdefghi");
	assert_string_equal(small, "abcde");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(abuse_G13_names_are_names),
		cmocka_unit_test(abuse_G13_nothing_else_is),
		cmocka_unit_test(git_agrees_about_any_name),
		cmocka_unit_test(a_directory_for_a_branch),
	};

	return CHECK_RUN("core/git_branch", tests);
}
