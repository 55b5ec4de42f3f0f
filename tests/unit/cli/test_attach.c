/* SPDX-License-Identifier: MIT */
/*
 * rdv attach: keys, screen, size and signals, with a server that behaves.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>

#include "cli/cmd.h"
#include "tests/unit/check.h"
#include "tests/unit/cli/fakews.h"
#include "tests/unit/cli/rig.h"

static void
input_and_output(void **state)
{
	char *rq;
	int status;

	(void)state;
	rig_start_with(rig_echo_fn, "--exit-code");
	rig_see_raw();
	rig_see("hello");
	rig_type("a\003\032");
	rig_see("[2:a^C^Z]");
	rig_type("bye");
	status = rig_wait_end();
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 3);
	assert_non_null(strstr(rig.screen, "ended with status 3"));
	rig_check_restored();
	rq = rig_ws_request();
	assert_non_null(strstr(rq, "cols=90&rows=30&tail="));
	assert_non_null(strstr(rq, "Sec-WebSocket-Protocol: rdv.v1\r\n"));
	assert_non_null(strstr(rq, "Authorization: Bearer rdv_test-token\r\n"));
	free(rq);
}

/* A serial line has none: nobody's session is to become as small as it goes. */
static void
a_terminal_without_a_size(void **state)
{
	const struct winsize size = { .ws_col = 70, .ws_row = 20 };
	char *rq;

	(void)state;
	rig.sizeless = true;
	rig_start(rig_echo_fn);
	rig_see_raw();
	rig_see("hello");
	/* One that is told of later counts. */
	assert_int_equal(ioctl(rig.master, TIOCSWINSZ, &size), 0);
	rig_see("\"cols\":70,\"rows\":20");
	rig_type("bye");
	(void)rig_wait_end();
	rq = rig_ws_request();
	assert_non_null(strstr(rq, "cols=80&rows=24&tail="));
	free(rq);
}

static void
the_end_of_the_program_is_no_failure(void **state)
{
	int status;

	(void)state;
	rig_start(rig_echo_fn);
	rig_see_raw();
	rig_type("bye");
	status = rig_wait_end();
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == CMD_OK);
}

static void
detach_with_two_keys(void **state)
{
	int status;

	(void)state;
	rig_start(rig_echo_fn);
	rig_see_raw();
	rig_see("hello");
	rig_type("\034");
	rig_type("\034");
	status = rig_wait_end();
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == CMD_OK);
	assert_non_null(strstr(rig.screen, "detached from s"));
	rig_check_restored();
}

/* Before the first byte of the view, in one line that no label can break. */
static void
others_are_named(void **state)
{
	const char *at;

	(void)state;
	rig.viewers = "{\"total\":7,\"viewers\":["
		      "{\"name\":\"ann\",\"guest\":false,\"mode\":\"write\"},"
		      "{\"name\":\"B\\u001b[31mo\\n\",\"guest\":true,"
		      "\"mode\":\"read\"},"
		      "{\"name\":\"c\",\"guest\":false,\"mode\":\"read\"},"
		      "{\"name\":\"d\",\"guest\":false,\"mode\":\"read\"},"
		      "{\"name\":\"e\",\"guest\":false,\"mode\":\"read\"}]}";
	rig_start(rig_echo_fn);
	rig_see_raw();
	rig_see("hello");
	rig_type("bye");
	(void)rig_wait_end();
	at = strstr(rig.screen,
	    "rdv: also here: ann (write), B\\e[31mo\\n (link, read), "
	    "c (read), d (read) and 3 more\r\n");
	assert_non_null(at);
	assert_true(at < strstr(rig.screen, "hello"));
}

static void
one_key_reaches_the_program(void **state)
{
	(void)state;
	rig_start(rig_echo_fn);
	rig_see_raw();
	rig_see("hello");
	rig_type("\034");
	rig_see("[2:^\\]");
	rig_type("x\034\034");
	rig_see("[2:x^\\^\\]");
	rig_type("bye");
	(void)rig_wait_end();
}

static void
size_follows_the_window(void **state)
{
	struct winsize size = { .ws_col = 101, .ws_row = 41 };

	(void)state;
	rig_start(rig_echo_fn);
	rig_see_raw();
	rig_see("hello");
	assert_int_equal(ioctl(rig.master, TIOCSWINSZ, &size), 0);
	rig_see("\"cols\":101,\"rows\":41");
	/* Smaller than rdvd takes: the least it takes. */
	size.ws_col = 2;
	size.ws_row = 1;
	assert_int_equal(ioctl(rig.master, TIOCSWINSZ, &size), 0);
	rig_see("\"cols\":10,\"rows\":3");
	rig_type("bye");
	(void)rig_wait_end();
}

static void
read_only_sends_nothing(void **state)
{
	char *rq;

	(void)state;
	rig_start_with(rig_echo_fn, "--read-only");
	rig_see_raw();
	rig_see("hello");
	rig_type("secret");
	/* Keys read together with other text are text: press them again. */
	do
		rig_type("\034\034");
	while (waitpid(rig.child, NULL, WNOHANG) == 0 &&
	       (rig_look(10) || true));
	rig.child = 0;
	assert_null(strstr(rig.screen, "[2:"));
	assert_non_null(strstr(rig.screen, "s: read only, keys are not sent"));
	rq = rig_ws_request();
	assert_non_null(strstr(rq, "&read_only=1 "));
	free(rq);
}

static void
screen_fn(int fd, const char *request, unsigned n)
{
	char in[4096];
	size_t len;

	(void)request;
	(void)n;
	fakews_accept(fd);
	fakews_text(fd, RIG_READY(9));
	RIG_OUTPUT(fd, 9, "\033[?1049h\033[?1000hDRAWN");
	while (fakews_read(fd, in, sizeof(in), &len) != 0)
		;
}

static void
end_by(int signo)
{
	int status;

	print_message("signal: %d\n", signo);
	rig_start(screen_fn);
	rig_see_raw();
	rig_see("DRAWN");
	assert_int_equal(kill(rig.child, signo), 0);
	status = rig_wait_end();
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), signo);
	rig_check_restored();
}

/* Each of these ends us; each leaves the terminal as it was. */
static void
signals_restore(void **state)
{
	const int signals[] = { SIGTERM, SIGHUP, SIGINT, SIGQUIT, SIGUSR1,
		SIGUSR2, SIGALRM, SIGVTALRM, SIGPROF, SIGPOLL, SIGPWR,
		SIGSTKFLT, SIGXCPU, SIGXFSZ, SIGRTMIN, SIGRTMAX };
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
		end_by(signals[i]);
		assert_non_null(strstr(rig.screen, "\033[?1000l\033[?1049l"));
		(void)rig_teardown(NULL);
	}
	fake_dir(&rig.fake);
}

/* Blindly: mice off, the cursor shown, the first screen. */
static void
a_crash_restores(void **state)
{
	static const int signals[] = { SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT,
		SIGSYS, SIGTRAP };
	const char *mice, *cursor, *screen;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
		end_by(signals[i]);
		mice = strstr(rig.screen, "\033[?1000;");
		assert_non_null(mice);
		cursor = strstr(mice, ";25h");
		assert_non_null(cursor);
		screen = strstr(cursor, "\033[?47l");
		assert_non_null(screen);
		(void)rig_teardown(NULL);
	}
	fake_dir(&rig.fake);
}

static void
a_terminal_is_needed(void **state)
{
	static struct ran ran;

	(void)state;
	rig.scenario = rig_echo_fn;
	fake_start(&rig.fake, rig_serve_fn);
	RUN(&ran, "attach", RIG_ID);
	assert_int_equal(ran.rc, CMD_FAILED);
	assert_non_null(strstr(ran.err, "terminal"));
}

int
main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, rig_setup, rig_teardown)
	const struct CMUnitTest tests[] = {
		T(input_and_output),
		T(a_terminal_without_a_size),
		T(the_end_of_the_program_is_no_failure),
		T(detach_with_two_keys),
		T(others_are_named),
		T(one_key_reaches_the_program),
		T(size_follows_the_window),
		T(read_only_sends_nothing),
		T(signals_restore),
		T(a_crash_restores),
		T(a_terminal_is_needed),
	};

	return CHECK_RUN("attach", tests);
}
