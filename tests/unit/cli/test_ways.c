/* SPDX-License-Identifier: MIT */
/*
 * Every way out of rdv attach, with a program that has switched on all there
 * is: the terminal is asked what it is like, and what was written to it read.
 */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/cmd.h"
#include "tests/unit/check.h"
#include "tests/unit/cli/fakews.h"
#include "tests/unit/cli/rig.h"

/* What the program writes, and what has to come later. */
static const struct {
	const char *on, *off;
} all[] = {
	{ "\033[?1049h", "\033[?1049l" },
	{ "\033[?2004h", "\033[?2004l" },
	{ "\033[?1000h", "\033[?1000l" },
	{ "\033[?1003h", "\033[?1003l" },
	{ "\033[?1006h", "\033[?1006l" },
	{ "\033[?1004h", "\033[?1004l" },
	{ "\033[?1h", "\033[?1l" },
	{ "\033=", "\033>" },
	{ "\033[?25l", "\033[?25h" },
	{ "\033[4h", "\033[4l" },
	{ "\033[5 q", "\033[0 q" },
	{ "\033[2;9r", "\033[r" },
	{ "\033(0", "\033(B" },
	{ "\033[>1u", "\033[<1u" },
	{ "\033]4;1;red\033\\", "\033]104\033\\" },
	{ "\033]11;red\033\\", "\033]111\033\\" },
	{ "\033]2;theirs\033\\", "\033[23;0t" },
	{ "\033[31m", "\033[m" },
};
#define ALL (sizeof(all) / sizeof(all[0]))

#define AGAIN                                                                \
	"{\"type\":\"screen\",\"data\":\"\\u0018\\u001bcAGAIN\",\"offset\":" \
	"1000,\"cols\":90,\"rows\":30,\"more\":false}"

static void
modes_fn(int fd, const char *request, unsigned n)
{
	char in[4096];
	uint64_t at = 0;
	size_t i, len;
	int op;

	(void)request;
	if (n > 0) {
		fake_json(fd, 503, "{\"error\":\"x\",\"code\":\"Y\"}");
		return;
	}
	fakews_accept(fd);
	fakews_text(fd, RIG_READY(0));
	for (i = 0; i < ALL; i++) {
		RIG_OUTPUT(fd, at, all[i].on);
		at += strlen(all[i].on);
	}
	RIG_OUTPUT(fd, at, "DRAWN");
	while ((op = fakews_read(fd, in, sizeof(in), &len)) != 0) {
		if (op == 1 && strstr(in, "\"screen\"") != NULL)
			fakews_text(fd, AGAIN);
		if (op == 2 && strcmp(in, "break") == 0)
			return;
		if (op == 2 && strcmp(in, "bye") == 0)
			break;
	}
	fakews_text(fd, "{\"type\":\"exit\",\"code\":0,\"state\":\"completed\""
			"}");
	fakews_close(fd, 1000);
}

static const char *
last(const char *text)
{
	const char *at = NULL, *p = rig.screen;

	while ((p = strstr(p, text)) != NULL)
		at = p++;
	return at;
}

static void
check_all_off(void)
{
	size_t i;

	for (i = 0; i < ALL; i++) {
		if (last(all[i].on) == NULL)
			fail_msg("row %zu was never switched on", i);
		if (last(all[i].off) == NULL ||
		    last(all[i].off) < last(all[i].on))
			fail_msg("row %zu was left on", i);
	}
	rig_check_restored();
}

/* The title of before is kept before the first that the program sets. */
static void
check_title_kept(void)
{
	const char *kept = strstr(rig.screen, "\033[22;0t");

	assert_non_null(kept);
	assert_true(kept < strstr(rig.screen, "\033]2;theirs"));
}

static const struct {
	const char *name, *type; /* typed, or NULL */
	int signal;
	int rc; /* unless a signal ends it */
	const char *says;
} ways[] = {
	{ "exit", "bye", 0, CMD_OK, "s ended with status 0" },
	{ "detach", "\034\034", 0, CMD_OK, "detached from s" },
	{ "lost", "break", 0, CMD_UNREACHABLE, "waiting for rdvd" },
	{ "SIGTERM", NULL, SIGTERM, 0, NULL },
	{ "SIGHUP", NULL, SIGHUP, 0, NULL },
	{ "SIGINT", NULL, SIGINT, 0, NULL },
	{ "SIGQUIT", NULL, SIGQUIT, 0, NULL },
};

static void
leave_by(size_t i)
{
	int status;

	print_message("way: %s\n", ways[i].name);
	rig_start_with(modes_fn, "--patience=2");
	rig_see_raw();
	rig_see("DRAWN");
	if (ways[i].type != NULL)
		rig_type(ways[i].type);
	else
		assert_int_equal(kill(rig.child, ways[i].signal), 0);
	status = rig_wait_end();
	if (ways[i].signal != 0) {
		assert_true(WIFSIGNALED(status));
		assert_int_equal(WTERMSIG(status), ways[i].signal);
	} else {
		assert_true(WIFEXITED(status));
		assert_int_equal(WEXITSTATUS(status), ways[i].rc);
		assert_non_null(strstr(rig.screen, ways[i].says));
	}
	check_title_kept();
	check_all_off();
}

static void
every_way_out_restores(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		leave_by(i);
		(void)rig_teardown(NULL);
	}
	fake_dir(&rig.fake);
}

/* Stopped, the terminal is the shell's; continued, ours, with its screen. */
static void
job_control_restores_and_comes_back(void **state)
{
	int status;

	(void)state;
	rig_start(modes_fn);
	rig_see_raw();
	rig_see("DRAWN");
	assert_int_equal(kill(rig.child, SIGTSTP), 0);
	assert_int_equal(waitpid(rig.child, &status, WUNTRACED), rig.child);
	assert_true(WIFSTOPPED(status));
	rig_see("\033[23;0t");
	check_all_off();
	rig.screen_len = 0;
	assert_int_equal(kill(rig.child, SIGCONT), 0);
	rig_see("AGAIN");
	assert_non_null(strstr(rig.screen, "\033[22;0t"));
	assert_null(strstr(rig.screen, "\033c"));
	rig_type("bye");
	assert_int_equal(rig_wait_end(), 0);
	rig_check_restored();
}

/* By a signal that nobody can catch, and with other modes set meanwhile. */
static void
stopped_by_force_it_is_raw_again(void **state)
{
	struct termios t;
	int status;

	(void)state;
	rig_start(modes_fn);
	rig_see_raw();
	rig_see("DRAWN");
	assert_int_equal(kill(rig.child, SIGSTOP), 0);
	assert_int_equal(waitpid(rig.child, &status, WUNTRACED), rig.child);
	t = rig.before;
	t.c_lflag &= ~(tcflag_t)ECHOE;
	assert_int_equal(tcsetattr(rig.master, TCSANOW, &t), 0);
	assert_int_equal(kill(rig.child, SIGCONT), 0);
	rig_see("AGAIN");
	rig_type("bye");
	assert_int_equal(rig_wait_end(), 0);
	rig_check_restored();
}

static void
a_hang_up_ends_it(void **state)
{
	int status;

	(void)state;
	rig_start(modes_fn);
	rig_see_raw();
	rig_see("DRAWN");
	(void)close(rig.master);
	rig.master = -1;
	assert_int_equal(waitpid(rig.child, &status, 0), rig.child);
	rig.child = 0;
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGHUP);
}

int
main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, rig_setup, rig_teardown)
	const struct CMUnitTest tests[] = {
		T(every_way_out_restores),
		T(job_control_restores_and_comes_back),
		T(stopped_by_force_it_is_raw_again),
		T(a_hang_up_ends_it),
	};

	return CHECK_RUN("ways", tests);
}
