/* SPDX-License-Identifier: MIT */
/*
 * rdv attach on a real pseudo terminal, with a server that behaves and
 * misbehaves in each test as its function says. What the user would see is read
 * from the master; what the terminal was left as is asked of it.
 */
#include <errno.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/cmd.h"
#include "lib/clock.h"
#include "lib/str.h"
#include "tests/unit/check.h"
#include "tests/unit/cli/fake.h"
#include "tests/unit/cli/fakews.h"

#define ID	    "01890000-0000-7000-8000-00000000000a"
#define RUN_ID	    "01890000-0000-7000-8000-0000000000f1"
#define DEADLINE_MS 20000
#define READY(offset)                                                       \
	"{\"type\":\"ready\",\"run_id\":\"" RUN_ID "\",\"offset\":" #offset \
	",\"cols\":80,\"rows\":24,\"read_only\":false,\"protocol\":\"rdv."  \
	"v1\"}"
#define OUTPUT(fd, offset, s) fakews_output(fd, offset, s, strlen(s))

static struct fake fake;
static fake_fn *scenario;
static int master = -1;
static pid_t child;
static char screen[1 << 20];
static size_t screen_len;
static struct termios before;

/* Connections to the terminal are the scenario's; the rest is one session. */
static void
serve_fn(int fd, const char *request, unsigned n)
{
	static unsigned nth;

	(void)n;
	if (str_starts(request, "GET /ws/terminal/" ID "?"))
		scenario(fd, request, nth++);
	else
		fake_json(fd, 200,
		    "{\"id\":\"" ID "\",\"name\":\"s\",\"status\":\"active\","
		    "\"run\":{\"log_bytes\":9}}");
}

static void
start_with(fake_fn *fn, const char *option)
{
	const char *argv[] = { "attach", "--socket", NULL, ID, option, NULL };
	struct winsize size = { .ws_col = 90, .ws_row = 30 };
	struct cmd_call call;
	struct cli cli;
	char why[256];

	scenario = fn;
	fake_start(&fake, serve_fn);
	argv[2] = fake.sock;
	screen_len = 0;
	child = forkpty(&master, NULL, NULL, &size);
	assert_true(child != -1);
	if (child == 0) {
		if (cmd_parse(&call, option != NULL ? 5 : 4, (char **)argv, why,
			sizeof(why)) != CMD_OK ||
		    cli_init(&cli, &call, why, sizeof(why)) != 0)
			_exit(99);
		call.cli = &cli;
		exit(call.cmd->run(&call) & 255);
	}
}

static void
start(fake_fn *fn)
{
	start_with(fn, NULL);
}

/* Reads what there is; false when nothing came or the other side is gone. */
static bool
look(int ms)
{
	struct pollfd p = { master, POLLIN, 0 };
	ssize_t n;

	if (poll(&p, 1, ms) != 1)
		return false;
	n = read(master, screen + screen_len, sizeof(screen) - 1 - screen_len);
	if (n <= 0)
		return false;
	screen_len += (size_t)n;
	screen[screen_len] = '\0';
	return true;
}

static void
see(const char *text)
{
	while (screen_len == 0 || strstr(screen, text) == NULL) {
		if (!look(DEADLINE_MS))
			fail_msg("never seen: %s in: %s", text, screen);
	}
}

/* In raw mode, which the first key needs. */
static void
see_raw(void)
{
	struct termios t;
	int64_t end = clock_mono_ms() + DEADLINE_MS;

	see("twice");
	do {
		assert_int_equal(tcgetattr(master, &t), 0);
		(void)look(1);
	} while ((t.c_lflag & ICANON) != 0 && clock_mono_ms() < end);
	assert_false(t.c_lflag & (ICANON | ECHO | ISIG));
}

static void
type(const char *text)
{
	assert_int_equal(write(master, text, strlen(text)), (int)strlen(text));
}

static int
wait_end(void)
{
	int status;

	while (look(DEADLINE_MS))
		;
	assert_int_equal(waitpid(child, &status, 0), child);
	child = 0;
	return status;
}

/* The terminal as a shell wants it back. */
static void
check_restored(void)
{
	struct termios t;

	assert_int_equal(tcgetattr(master, &t), 0);
	assert_true((t.c_lflag & ICANON) != 0 && (t.c_lflag & ECHO) != 0 &&
		    (t.c_lflag & ISIG) != 0 && (t.c_oflag & OPOST) != 0);
	assert_int_equal(t.c_lflag, before.c_lflag);
	assert_int_equal(t.c_iflag, before.c_iflag);
	assert_int_equal(t.c_oflag, before.c_oflag);
}

static int
setup(void **state)
{
	int m, s;

	(void)state;
	assert_int_equal(openpty(&m, &s, NULL, NULL, NULL), 0);
	assert_int_equal(tcgetattr(s, &before), 0);
	(void)close(m);
	(void)close(s);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	if (child > 0) {
		(void)kill(child, SIGKILL);
		(void)waitpid(child, NULL, 0);
	}
	child = 0;
	if (master != -1)
		(void)close(master);
	master = -1;
	fake_stop(&fake);
	return 0;
}

/* Says hello, echoes each input in brackets, ends at "bye". */
static void
echo_fn(int fd, const char *request, unsigned n)
{
	char in[65536], out[65600];
	uint64_t at = 5;
	size_t len;
	int op;

	(void)request;
	(void)n;
	fakews_accept(fd);
	fakews_text(fd, READY(0));
	OUTPUT(fd, 0, "hello");
	while ((op = fakews_read(fd, in, sizeof(in), &len)) != 0) {
		if (op == 8)
			return;
		if (op == 2 && strcmp(in, "bye") == 0)
			break;
		(void)snprintf(out, sizeof(out), "[%d:%s]", op, in);
		OUTPUT(fd, at, out);
		at += strlen(out);
	}
	fakews_text(fd, "{\"type\":\"exit\",\"code\":3,\"signal\":null,"
			"\"state\":\"failed\",\"cause\":null}");
	fakews_close(fd, 1000);
}

static void
input_and_output(void **state)
{
	char *rq;
	int status;

	(void)state;
	start_with(echo_fn, "--exit-code");
	see_raw();
	see("hello");
	type("a\003\032");
	see("[2:a\003\032]");
	type("bye");
	status = wait_end();
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 3);
	assert_non_null(strstr(screen, "ended with status 3"));
	check_restored();
	free(fake_request(&fake));
	rq = fake_request(&fake);
	assert_non_null(strstr(rq, "cols=90&rows=30&tail="));
	assert_non_null(strstr(rq, "Sec-WebSocket-Protocol: rdv.v1\r\n"));
	assert_non_null(strstr(rq, "Authorization: Bearer rdv_test-token\r\n"));
	free(rq);
}

static void
the_end_of_the_program_is_no_failure(void **state)
{
	int status;

	(void)state;
	start(echo_fn);
	see_raw();
	type("bye");
	status = wait_end();
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == CMD_OK);
}

static void
detach_with_two_keys(void **state)
{
	int status;

	(void)state;
	start(echo_fn);
	see_raw();
	see("hello");
	type("\034");
	type("\034");
	status = wait_end();
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == CMD_OK);
	assert_non_null(strstr(screen, "detached from s"));
	check_restored();
}

static void
one_key_reaches_the_program(void **state)
{
	(void)state;
	start(echo_fn);
	see_raw();
	see("hello");
	type("\034");
	see("[2:\034]");
	type("x\034\034");
	see("[2:x\034\034]");
	type("bye");
	(void)wait_end();
}

static void
size_follows_the_window(void **state)
{
	struct winsize size = { .ws_col = 101, .ws_row = 41 };

	(void)state;
	start(echo_fn);
	see_raw();
	see("hello");
	assert_int_equal(ioctl(master, TIOCSWINSZ, &size), 0);
	see("\"cols\":101,\"rows\":41");
	/* Smaller than rdvd takes: the least it takes. */
	size.ws_col = 2;
	size.ws_row = 1;
	assert_int_equal(ioctl(master, TIOCSWINSZ, &size), 0);
	see("\"cols\":10,\"rows\":3");
	type("bye");
	(void)wait_end();
}

static void
read_only_sends_nothing(void **state)
{
	char *rq;

	(void)state;
	start_with(echo_fn, "--read-only");
	see_raw();
	see("hello");
	type("secret");
	/* Keys read together with other text are text: press them again. */
	do
		type("\034\034");
	while (waitpid(child, NULL, WNOHANG) == 0 && (look(10) || true));
	child = 0;
	assert_null(strstr(screen, "secret]"));
	free(fake_request(&fake));
	rq = fake_request(&fake);
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
	fakews_text(fd, READY(9));
	OUTPUT(fd, 9, "\033[?1049h\033[?1000hDRAWN");
	while (fakews_read(fd, in, sizeof(in), &len) != 0)
		;
}

/* Each of these ends us; each leaves the terminal as it was. */
static void
signals_restore(void **state)
{
	static const int signals[] = { SIGTERM, SIGHUP, SIGINT, SIGQUIT };
	size_t i;
	int status;

	(void)state;
	for (i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
		start(screen_fn);
		see_raw();
		see("DRAWN");
		assert_int_equal(kill(child, signals[i]), 0);
		status = wait_end();
		assert_true(WIFSIGNALED(status));
		assert_int_equal(WTERMSIG(status), signals[i]);
		check_restored();
		if (signals[i] != SIGHUP)
			assert_non_null(strstr(screen,
			    "\033[?1000l\033[?1049l"));
		(void)teardown(NULL);
	}
	fake_dir(&fake);
}

static void
a_crash_restores(void **state)
{
	int status;

	(void)state;
	start(screen_fn);
	see_raw();
	see("DRAWN");
	assert_int_equal(kill(child, SIGSEGV), 0);
	status = wait_end();
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV);
	check_restored();
}

/* Broken off in the middle, turned away once, then with bytes seen already. */
static void
broken_fn(int fd, const char *request, unsigned n)
{
	if (n == 1) {
		fake_json(fd, 503, "{\"error\":\"x\",\"code\":\"Y\"}");
		return;
	}
	fakews_accept(fd);
	if (n == 0) {
		fakews_text(fd, READY(0));
		OUTPUT(fd, 0, "<0123");
		return;
	}
	if (strstr(request, "&offset=5&run_id=" RUN_ID " ") == NULL) {
		fakews_close(fd, 1002);
		return;
	}
	fakews_text(fd, READY(5));
	OUTPUT(fd, 3, "23456");
	OUTPUT(fd, 8, "789>");
	fakews_text(fd, "{\"type\":\"exit\",\"code\":0,\"state\":\"completed\""
			"}");
	fakews_close(fd, 1000);
}

static void
a_break_shows_every_byte_once(void **state)
{
	int status;

	(void)state;
	start(broken_fn);
	status = wait_end();
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == CMD_OK);
	assert_non_null(strstr(screen, "<0123456789>"));
	assert_null(strstr(screen, "waiting"));
	check_restored();
}

static void
shutdown_fn(int fd, const char *request, unsigned n)
{
	if (n > 0) {
		echo_fn(fd, request, n);
		return;
	}
	fakews_accept(fd);
	fakews_text(fd, READY(0));
	fakews_close(fd, 1001);
}

static void
a_restart_is_waited_for(void **state)
{
	(void)state;
	start(shutdown_fn);
	see("hello");
	type("bye");
	(void)wait_end();
	assert_non_null(strstr(screen, "ended with status 3"));
}

/*
 * Takes nothing until the client was told to wait and more is typed than its
 * own buffer holds; then counts every byte.
 */
static void
paste_fn(int fd, const char *request, unsigned n)
{
	static char in[1 << 17];
	uint64_t sum = 0;
	size_t len, total = 0, i;
	char out[80];
	int op;

	(void)request;
	(void)n;
	fakews_accept(fd);
	fakews_text(fd, READY(0));
	fakews_text(fd, "{\"type\":\"flow\",\"input\":\"paused\"}");
	OUTPUT(fd, 0, "go");
	fakews_text(fd, "{\"type\":\"flow\",\"input\":\"open\"}");
	while (total < 1000000 &&
	       (op = fakews_read(fd, in, sizeof(in), &len)) != 0) {
		if (op != 2)
			continue;
		for (i = 0; i < len; i++)
			sum = sum * 31 + (uint8_t)in[i];
		total += len;
	}
	(void)snprintf(out, sizeof(out), "[%zu bytes %llx]", total,
	    (unsigned long long)sum);
	OUTPUT(fd, 2, out);
	fakews_text(fd, "{\"type\":\"exit\",\"code\":0,\"state\":\"completed\""
			"}");
	fakews_close(fd, 1000);
}

static void
a_paste_loses_nothing(void **state)
{
	static char paste[1000000];
	uint64_t sum = 0;
	char want[80];
	size_t i;
	pid_t writer;

	(void)state;
	for (i = 0; i < sizeof(paste); i++) {
		paste[i] = (char)(i * 7 + i / 251);
		sum = sum * 31 + (uint8_t)paste[i];
	}
	(void)snprintf(want, sizeof(want), "[1000000 bytes %llx]",
	    (unsigned long long)sum);
	start(paste_fn);
	see_raw();
	see("go");
	/* A writer of its own: the terminal takes it in small pieces. */
	writer = fork();
	if (writer == 0) {
		fake_write(master, paste, sizeof(paste));
		_exit(0);
	}
	see(want);
	(void)wait_end();
	assert_int_equal(waitpid(writer, NULL, 0), writer);
}

static void
forbidden_fn(int fd, const char *request, unsigned n)
{
	(void)request;
	(void)n;
	fake_json(fd, 403, "{\"error\":\"may only look\",\"code\":\"X\"}");
}

static void
closed_fn(int fd, const char *request, unsigned n)
{
	(void)request;
	(void)n;
	fakews_accept(fd);
	fakews_text(fd, "{\"type\":\"error\",\"code\":\"CLOSED\","
			"\"message\":\"the session is closed\"}");
	fakews_close(fd, 4004);
}

static void
wrong_answer_fn(int fd, const char *request, unsigned n)
{
	static const char head[] =
	    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
	    "Connection: Upgrade\r\nSec-WebSocket-Accept: AAAA\r\n"
	    "Sec-WebSocket-Protocol: rdv.v1\r\n\r\n";

	(void)request;
	(void)n;
	fake_write(fd, head, sizeof(head) - 1);
}

static void
refusals_end_it(void **state)
{
	static const struct {
		fake_fn *fn;
		const char *seen;
	} cases[] = { { forbidden_fn, "may only look" },
		{ closed_fn, "the session is closed" },
		{ wrong_answer_fn, "status 101" } };
	size_t i;
	int status;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		start(cases[i].fn);
		status = wait_end();
		assert_true(WIFEXITED(status));
		assert_int_equal(WEXITSTATUS(status), CMD_FAILED);
		if (strstr(screen, cases[i].seen) == NULL)
			fail_msg("%s not in %s", cases[i].seen, screen);
		check_restored();
		(void)teardown(NULL);
	}
	fake_dir(&fake);
}

static void
suspend_fn(int fd, const char *request, unsigned n)
{
	(void)request;
	(void)n;
	fakews_accept(fd);
	fakews_text(fd, READY(0));
	fakews_close(fd, 1000);
}

static void
released_is_no_failure(void **state)
{
	int status;

	(void)state;
	start(suspend_fn);
	status = wait_end();
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == CMD_OK);
	assert_non_null(strstr(screen, "suspended or closed"));
}

/* Log from the middle: the first whole line, and no question of old. */
static void
history_fn(int fd, const char *request, unsigned n)
{
	(void)request;
	(void)n;
	fakews_accept(fd);
	fakews_text(fd, "{\"type\":\"ready\",\"run_id\":\"" RUN_ID "\","
			"\"offset\":100,\"end\":140}");
	OUTPUT(fd, 100, "5;31mtorn\nOLD\033[6nLINE\033[c|");
	OUTPUT(fd, 125, "0123456789abcde\033[6nNEW");
	fakews_text(fd, "{\"type\":\"exit\",\"code\":0,\"state\":\"completed\""
			"}");
	fakews_close(fd, 1000);
}

static void
history_is_shown_not_obeyed(void **state)
{
	(void)state;
	start(history_fn);
	(void)wait_end();
	assert_non_null(strstr(screen, "OLDLINE|0123456789abcde\033[6nNEW"));
	assert_null(strstr(screen, "torn"));
}

static void
a_terminal_is_needed(void **state)
{
	static struct ran ran;

	(void)state;
	scenario = echo_fn;
	fake_start(&fake, serve_fn);
	RUN(&ran, "attach", ID);
	assert_int_equal(ran.rc, CMD_FAILED);
	assert_non_null(strstr(ran.err, "terminal"));
}

int
main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(input_and_output),
		T(the_end_of_the_program_is_no_failure),
		T(detach_with_two_keys),
		T(one_key_reaches_the_program),
		T(size_follows_the_window),
		T(read_only_sends_nothing),
		T(signals_restore),
		T(a_crash_restores),
		T(a_break_shows_every_byte_once),
		T(a_restart_is_waited_for),
		T(a_paste_loses_nothing),
		T(refusals_end_it),
		T(released_is_no_failure),
		T(history_is_shown_not_obeyed),
		T(a_terminal_is_needed),
	};

	return CHECK_RUN("attach", tests);
}
