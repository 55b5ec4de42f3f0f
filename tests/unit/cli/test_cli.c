/* SPDX-License-Identifier: MIT */
/*
 * Where things are, and how a command is suggested so that a shell reads it
 * back as it was meant.
 */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/cmd.h"
#include "tests/unit/check.h"

static struct cli cli;
static char why[256];

#define START(...) start((const char *const[]){ __VA_ARGS__, NULL })

static int
start(const char *const *argv)
{
	struct cmd_call call;
	int argc = 0;

	while (argv[argc] != NULL)
		argc++;
	assert_int_equal(cmd_parse(&call, argc, (char **)argv, why,
			     sizeof(why)),
	    CMD_OK);
	return cli_init(&cli, &call, why, sizeof(why));
}

static int
teardown(void **state)
{
	(void)state;
	cli_done(&cli);
	(void)unsetenv("RDV_HOME");
	return 0;
}

static void
state_is_below_home(void **state)
{
	(void)state;
	(void)unsetenv("RDV_HOME");
	assert_int_equal(setenv("HOME", "/home/somebody", 1), 0);
	assert_int_equal(START("status"), 0);
	assert_string_equal(cli.base, "/home/somebody/.rdv");
	assert_string_equal(cli.api_socket, "/home/somebody/.rdv/api.sock");
	assert_string_equal(cli.term_socket,
	    "/home/somebody/.rdv/terminal.sock");
	assert_false(cli.own_base);
}

static void
rdv_home_becomes_absolute(void **state)
{
	char here[PATH_MAX], want[PATH_MAX + 16];

	(void)state;
	assert_non_null(getcwd(here, sizeof(here)));
	(void)snprintf(want, sizeof(want), "%s/b", here);
	assert_int_equal(setenv("RDV_HOME", "./a/../b", 1), 0);
	assert_int_equal(START("status"), 0);
	assert_string_equal(cli.base, want);
	assert_true(cli.own_base);
	/* Set to nothing is not set. */
	cli_done(&cli);
	assert_int_equal(setenv("RDV_HOME", "", 1), 0);
	assert_int_equal(START("status"), 0);
	assert_false(cli.own_base);
}

static void
a_socket_stands_for_both(void **state)
{
	(void)state;
	assert_int_equal(setenv("RDV_HOME", "/r", 1), 0);
	assert_int_equal(START("status", "--socket", "/x/y.sock"), 0);
	assert_string_equal(cli.api_socket, "/x/y.sock");
	assert_string_equal(cli.term_socket, "/x/y.sock");
	assert_string_equal(cli.base, "/r");
}

static void
our_files_are_beside_us(void **state)
{
	char exe[PATH_MAX], *slash;
	ssize_t n = readlink("/proc/self/exe", exe, sizeof(exe) - 1);

	(void)state;
	assert_true(n > 0);
	exe[n] = '\0';
	assert_int_equal(START("status"), 0);
	assert_string_equal(cli.exe, exe);
	slash = strrchr(exe, '/');
	*slash = '\0';
	assert_string_equal(cli.bin_dir, exe);
	slash = strrchr(exe, '/');
	(void)snprintf(slash, 16, "/share/rdv");
	assert_string_equal(cli.share_dir, exe);
}

/* What a shell makes of the suggestion, word by word; ours is in front. */
static void
read_back(const char *hint, char *out, size_t size)
{
	char line[PATH_MAX * 2],
	    *argv[] = { (char[]){ "sh" }, (char[]){ "-c" }, line, NULL };
	FILE *f = tmpfile();
	pid_t pid;

	assert_non_null(f);
	(void)snprintf(line, sizeof(line), "printf '<%%s>' %s",
	    strstr(hint, " attach ") + 1);
	pid = fork();
	if (pid == 0) {
		(void)dup2(fileno(f), STDOUT_FILENO);
		(void)execv("/bin/sh", argv);
		_exit(127);
	}
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	rewind(f);
	out[fread(out, 1, size - 1, f)] = '\0';
	(void)fclose(f);
}

static void
hints_survive_a_shell(void **state)
{
	static const char *const words[] = { "plain-1", "two words", "it's",
		"$HOME", "`id`", "a;b", "\\", "'", "*", "\"q\"", "" };
	char got[512], want[512], *hint;
	size_t i;

	(void)state;
	assert_int_equal(START("status"), 0);
	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		hint = cli_hint(&cli, "attach", words[i]);
		read_back(hint, got, sizeof(got));
		(void)snprintf(want, sizeof(want), "<attach><%s>", words[i]);
		assert_string_equal(got, want);
		free(hint);
	}
}

static void
hints_name_the_directory(void **state)
{
	char *hint;

	(void)state;
	assert_int_equal(setenv("RDV_HOME", "/a b", 1), 0);
	assert_int_equal(START("status"), 0);
	hint = cli_prefix(&cli);
	assert_int_equal(strncmp(hint, "RDV_HOME='/a b' ", 16), 0);
	free(hint);
}

static void
paths_of_users(void **state)
{
	char out[PATH_MAX], here[PATH_MAX];

	(void)state;
	assert_non_null(realpath(".", here));
	assert_true(cli_path(".", out, sizeof(out)));
	assert_string_equal(out, here);
	assert_true(cli_path("/proc/self/../self/none", out, sizeof(out)));
	assert_string_equal(out, "/proc/self/none");
	assert_false(cli_path("/proc/self/exe/x", out, sizeof(out)));
	assert_false(cli_path(".", out, 2));
}

int
main(void)
{
#define T(f) cmocka_unit_test_teardown(f, teardown)
	const struct CMUnitTest tests[] = {
		T(state_is_below_home),
		T(rdv_home_becomes_absolute),
		T(a_socket_stands_for_both),
		T(our_files_are_beside_us),
		T(hints_survive_a_shell),
		T(hints_name_the_directory),
		T(paths_of_users),
	};

	return CHECK_RUN("cli", tests);
}
