/* SPDX-License-Identifier: MIT */
/*
 * `rdv-helper --explain` as a program: what it finds out of this kernel, and
 * that it is not asked for more than it knows. The sentences themselves:
 * tests/unit/priv/test_explain.c.
 */
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "security/landlock.h"
#include "tests/priv/rig.h"
#include "tests/unit/check.h"

static char out[1 << 16];

/* Its status, and both outputs; `mutant` NULL: the real one. */
static int
explain(const char *mutant, const char *const words[])
{
	char tools[PATH_MAX], program[PATH_MAX + 32];
	const char *argv[12] = { "rdv-helper", "--explain" };
	int fds[2], status, n = 2;
	pid_t pid;

	for (; *words != NULL; words++)
		argv[n++] = *words;
	rig_tools(tools, sizeof(tools));
	snprintf(program, sizeof(program), "%s/%s/rdv-helper", tools,
	    mutant != NULL ? "mutant" : "real");
	assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		(void)dup2(fds[1], 1);
		(void)dup2(fds[1], 2);
		if (mutant != NULL)
			(void)setenv("RDV_MUTANT", mutant, 1);
		(void)execv(program, (char *const *)(uintptr_t)argv);
		_exit(127);
	}
	(void)close(fds[1]);
	(void)rig_read_all(fds[0], out, sizeof(out));
	(void)close(fds[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

#define WORDS(...) ((const char *const[]){ __VA_ARGS__, NULL })

static void
shows(const char *text)
{
	if (strstr(out, text) == NULL)
		fail_msg("not shown: %s\n%s", text, out);
}

static void
this_kernel(void **state)
{
	char abi[32];

	(void)state;
	assert_int_equal(explain(NULL, WORDS("--json", "script")), 0);
	snprintf(abi, sizeof(abi), "\"landlock_abi\":%d,", landlock_abi());
	shows(abi);
	shows("\"cgroup\":null");
	shows("\"/usr\",");
	/* Without a file there is no policy but the account's own rights. */
	shows("this is user mode\"]}");
	/* Of the paths in its row this one is on no host of the tests. */
	assert_int_equal(explain(NULL, WORDS("git")), 0);
	shows("/usr/local/libexec/git-core: not on this host\n");
	assert_int_equal(explain(NULL,
			     WORDS("script", "--cgroup", "run,processes")),
	    0);
	shows("processes and threads of the run: 8192\n");
}

static void
another_kernel(void **state)
{
	(void)state;
	assert_int_equal(explain("landlock 2", WORDS("script")), 0);
	shows("truncate(2); what follows: ");
	assert_null(strstr(out, "cannot be used"));
	assert_int_equal(explain("landlock 0", WORDS("script")), 0);
	shows("It cannot be used on this kernel.\n");
}

/* As allow_path() of a run judges it: nobody's base lies in /etc but this. */
static void
closed_paths(void **state)
{
	(void)state;
	assert_int_equal(explain(NULL, WORDS("script", "--base", "/etc/x")), 0);
	shows("/etc: the home directory or rdv's state lies in it\n");
	assert_int_equal(explain(NULL, WORDS("script", "--base", "/x")), 0);
	assert_null(strstr(out, "/etc: "));
}

static void
wrong_words(void **state)
{
	(void)state;
	assert_int_equal(explain(NULL, WORDS("a\033b")), 1);
	assert_string_equal(out, "rdv-helper: no such profile: a\\eb\n");
	assert_int_equal(explain(NULL, WORDS("script", "git")), 2);
	assert_int_equal(explain(NULL, WORDS("--cgroup", "runs")), 2);
	assert_int_equal(explain(NULL, WORDS("--base", "here", "git")), 2);
	assert_int_equal(explain(NULL, WORDS("--nonsense")), 2);
	shows("usage: rdv-helper --explain ");
	assert_int_equal(explain(NULL, (const char *const[]){ NULL }), 0);
	shows("script  a confined program");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(this_kernel),
		cmocka_unit_test(another_kernel),
		cmocka_unit_test(closed_paths),
		cmocka_unit_test(wrong_words),
	};

	return CHECK_RUN("explain", tests);
}
