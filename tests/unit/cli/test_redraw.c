/* SPDX-License-Identifier: MIT */
/*
 * What rdv attach draws that is no byte of the log: the screen, at first, after
 * a gap, for a terminal that cannot keep up; and its own line.
 */
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/cmd.h"
#include "tests/unit/check.h"
#include "tests/unit/cli/fakews.h"
#include "tests/unit/cli/rig.h"

#define ENDED "{\"type\":\"exit\",\"code\":0,\"state\":\"completed\"}"
#define READY(offset, end)                                                   \
	"{\"type\":\"ready\",\"run_id\":\"" RIG_RUN "\",\"offset\":" #offset \
	",\"end\":" #end ",\"cols\":80,\"rows\":24,\"read_only\":false}"
#define SCREEN(data, offset, more)                                       \
	"{\"type\":\"screen\",\"data\":\"" data "\",\"offset\":" #offset \
	",\"cols\":80,\"rows\":24,\"more\":" #more "}"
#define RESET "\\u0018\\u001bc\\u001b[20l"

static void
end_run(int fd)
{
	fakews_text(fd, ENDED);
	fakews_close(fd, 1000);
}

static void
await_screen(int fd)
{
	char in[65536];
	size_t len;
	int op;

	do
		op = fakews_read(fd, in, sizeof(in), &len);
	while (op != 0 && (op != 1 || strstr(in, "\"screen\"") == NULL));
}

static void
first_fn(int fd, const char *request, unsigned n)
{
	(void)request;
	(void)n;
	fakews_accept(fd);
	fakews_text(fd, READY(1000, 1000));
	fakews_text(fd, SCREEN(RESET "ONE ", 1003, true));
	fakews_text(fd, SCREEN("\\u0007TWO ", 1003, false));
	RIG_OUTPUT(fd, 1003, "then\007");
	end_run(fd);
}

static void
the_screen_is_first(void **state)
{
	const char *at = rig.screen;
	unsigned lines = 0;
	char *rq;

	(void)state;
	rig_start(first_fn);
	assert_int_equal(rig_wait_end(), 0);
	assert_non_null(strstr(rig.screen,
	    "\033[H\033[J\033[20lONE TWO then\007"));
	/* The terminal's own lines stay: what was here moved up. */
	assert_null(strstr(rig.screen, "\033c"));
	while ((at = strstr(at, "\r\n")) != NULL &&
	       at < strstr(rig.screen, "ONE"))
		lines++, at++;
	assert_int_equal(lines, 1 + 30);
	rq = rig_ws_request();
	assert_non_null(strstr(rq, "?screen=true&lines=0&cols=90&rows=30&"));
	free(rq);
}

/* Comes back where it was, and much was written meanwhile. */
static void
gap_fn(int fd, const char *request, unsigned n)
{
	fakews_accept(fd);
	if (n == 0) {
		fakews_text(fd, RIG_READY(0));
		RIG_OUTPUT(fd, 0, "<0123");
		return;
	}
	if (strstr(request, "&offset=5&") == NULL) {
		fakews_close(fd, 1002);
		return;
	}
	fakews_text(fd, READY(5, 200000));
	RIG_OUTPUT(fd, 5, "JUNK");
	await_screen(fd);
	RIG_OUTPUT(fd, 9, "JUNK");
	fakews_text(fd, SCREEN(RESET "SCREEN", 200010, false));
	RIG_OUTPUT(fd, 200005, "shownnew>");
	end_run(fd);
}

static void
a_long_gap_is_not_replayed(void **state)
{
	(void)state;
	rig_start(gap_fn);
	assert_int_equal(rig_wait_end(), 0);
	assert_null(strstr(rig.screen, "JUNK"));
	assert_non_null(strstr(rig.screen, "\033[20lSCREENnew>"));
}

static int told[2]; /* the server tells the test */

#define FLOOD 2000000

/*
 * Floods a terminal that nobody reads. All of it can be written only because
 * the client takes it and throws it away.
 */
static void
flood_fn(int fd, const char *request, unsigned n)
{
	static char flood[50000], in[65536];
	bool keys = false, asked = false;
	size_t len, at;
	int op;

	(void)request;
	(void)n;
	fakews_accept(fd);
	fakews_text(fd, RIG_READY(0));
	(void)fakews_read(fd, in, sizeof(in), &len);
	memset(flood, 'f', sizeof(flood));
	for (at = 0; at < FLOOD; at += sizeof(flood))
		fakews_output(fd, at, flood, sizeof(flood));
	keys = strchr(in, '\003') != NULL;
	while (!(keys && asked) &&
	       (op = fakews_read(fd, in, sizeof(in), &len)) != 0) {
		keys = keys || (op == 2 && strchr(in, '\003') != NULL);
		asked = asked || (op == 1 && strstr(in, "\"screen\"") != NULL);
	}
	fakews_text(fd, SCREEN(RESET "\\u001b[?1000hSCREEN", 2000000, false));
	RIG_OUTPUT(fd, FLOOD, "after");
	fake_write(told[1], "x", 1);
	while ((op = fakews_read(fd, in, sizeof(in), &len)) != 0)
		;
}

/* Until the server has the keys, though nothing is taken by the terminal. */
static void
flood_unread(void)
{
	struct pollfd p = { .events = POLLIN };
	char byte;

	assert_int_equal(pipe(told), 0);
	rig_start(flood_fn);
	rig_see_raw();
	rig_type("go");
	rig_type("\003");
	p.fd = told[0];
	assert_int_equal(poll(&p, 1, 20000), 1);
	assert_int_equal(read(told[0], &byte, 1), 1);
	(void)close(told[0]);
	(void)close(told[1]);
}

static void
a_slow_terminal_skips_and_keys_pass(void **state)
{
	(void)state;
	flood_unread();
	rig_see("SCREENafter");
	assert_true(rig.screen_len < 100000);
	rig_type("\034\034");
	assert_int_equal(rig_wait_end(), 0);
	assert_non_null(strstr(rig.screen, "\033[?1000l"));
	rig_check_restored();
}

#define STALE 45000 /* more than the kernel takes, and not yet too much */

/*
 * Sends away whoever is slow, as rdvd does, and draws a screen for him when he
 * is back; asked once more, he has it.
 */
static void
sent_away_fn(int fd, const char *request, unsigned n)
{
	static char stale[STALE];

	(void)request;
	fakews_accept(fd);
	if (n == 0) {
		fakews_text(fd, READY(0, 0));
		fakews_text(fd, SCREEN(RESET "FIRST", 0, false));
		memset(stale, 'f', sizeof(stale));
		fakews_output(fd, 0, stale, sizeof(stale));
		fakews_close(fd, 1013);
		return;
	}
	fakews_text(fd, READY(45000, 200000));
	await_screen(fd);
	fakews_text(fd, SCREEN(RESET "SECOND", 200000, false));
	fakews_text(fd, READY(200000, 400000));
	await_screen(fd);
	fake_write(told[1], "x", 1);
	fakews_text(fd, SCREEN(RESET "THIRD", 400000, false));
	end_run(fd);
}

static void
a_screen_does_not_wait_behind_what_is_stale(void **state)
{
	struct pollfd p = { .events = POLLIN };
	size_t i, n = 0;

	(void)state;
	assert_int_equal(pipe(told), 0);
	rig_start(sent_away_fn);
	p.fd = told[0];
	assert_int_equal(poll(&p, 1, 20000), 1);
	rig_see("THIRD");
	(void)close(told[0]);
	(void)close(told[1]);
	for (i = 0; i < rig.screen_len; i++)
		n += rig.screen[i] == 'f';
	assert_true(n > 4000 && n < 30000);
	assert_int_equal(rig_wait_end(), 0);
}

/* A terminal that takes nothing at all is left all the same. */
static void
a_stuck_terminal_can_be_left(void **state)
{
	int status;

	(void)state;
	flood_unread();
	rig_type("\034\034");
	assert_int_equal(waitpid(rig.child, &status, 0), rig.child);
	rig.child = 0;
	assert_int_equal(status, 0);
	rig_check_restored();
}

/* Away for so long that the user is told. */
static void
late_fn(int fd, const char *request, unsigned n)
{
	if (n > 0 && n < 6) {
		fake_json(fd, 503, "{\"error\":\"x\",\"code\":\"Y\"}");
		return;
	}
	fakews_accept(fd);
	if (n == 0) {
		fakews_text(fd, RIG_READY(0));
		RIG_OUTPUT(fd, 0, "hello");
		return;
	}
	if (strstr(request, "&offset=") != NULL) {
		fakews_close(fd, 1002);
		return;
	}
	fakews_text(fd, READY(5, 5));
	fakews_text(fd, SCREEN(RESET "SCREEN", 5, false));
	end_run(fd);
}

#define WAITING "rdv: waiting for rdvd (Ctrl-\\ twice detaches)"

static void
a_long_wait_is_one_line_that_goes(void **state)
{
	const char *line;

	(void)state;
	rig_start(late_fn);
	assert_int_equal(rig_wait_end(), 0);
	line = strstr(rig.screen,
	    "\0337\033[30;1H\033[7m" WAITING "\033[m\033[K\0338");
	assert_non_null(line);
	assert_null(strstr(line + 20, "waiting"));
	assert_non_null(strstr(line, "\033[H\033[J\033[20lSCREEN"));
}

static void
where_errors_go_it_is_told_plainly(void **state)
{
	char text[4096] = "";
	int fds[2];

	(void)state;
	assert_int_equal(pipe(fds), 0);
	rig.err = fds[1];
	rig_start(late_fn);
	(void)close(fds[1]);
	assert_int_equal(rig_wait_end(), 0);
	/* The fake server has the other end open, too: no end of file. */
	assert_true(read(fds[0], text, sizeof(text) - 1) > 0);
	(void)close(fds[0]);
	assert_non_null(strstr(text, WAITING "\n"));
	assert_null(strstr(text, "\033"));
}

static void
follow_fn(int fd, const char *request, unsigned n)
{
	(void)n;
	if (strstr(request, "cols=") != NULL) {
		fakews_accept(fd);
		fakews_close(fd, 1002);
		return;
	}
	rig_echo_fn(fd, request, n);
}

static void
who_follows_states_no_size(void **state)
{
	struct winsize size = { .ws_col = 50, .ws_row = 20 };

	(void)state;
	rig_start_with(follow_fn, "--size=follow");
	rig_see_raw();
	rig_see("hello");
	assert_int_equal(ioctl(rig.master, TIOCSWINSZ, &size), 0);
	/* What it would have said would have come before what is typed. */
	rig_type("a");
	rig_see("[2:a]");
	rig_type("bye");
	(void)rig_wait_end();
	assert_null(strstr(rig.screen, "resize"));
}

/* It is for 91 columns, and the cursor is in the last of them. */
static void
large_fn(int fd, const char *request, unsigned n)
{
	(void)request;
	(void)n;
	fakews_accept(fd);
	fakews_text(fd, READY(0, 0));
	fakews_text(fd, "{\"type\":\"screen\",\"data\":\"\\u0018\\u001bc"
			"\\u001b[1;86H\",\"offset\":0,\"cols\":91,"
			"\"rows\":24,\"more\":true}");
	fakews_text(fd, "{\"type\":\"screen\",\"data\":\"right\","
			"\"offset\":0,\"cols\":91,\"rows\":24,\"more\":false}");
	RIG_OUTPUT(fd, 0, "\033[2;1H\033[1;87HI");
	end_run(fd);
}

static void
who_follows_a_larger_one_sees_a_part(void **state)
{
	char row[128];

	(void)state;
	rig_start_with(large_fn, "--size=follow");
	assert_int_equal(rig_wait_end(), 0);
	/* 90 of 91 columns: 84 blanks are left of it. */
	(void)snprintf(row, sizeof(row), "\033[1;1H\033[m\033[K%84sright", "");
	assert_non_null(strstr(rig.screen, row));
	assert_non_null(strstr(rig.screen, " rIght"));
	assert_null(strstr(rig.screen, "\033[1;87HI"));
	rig_check_restored();
	(void)rig_teardown(NULL);
	rig_start_with(large_fn, "--size=own");
	assert_int_equal(rig_wait_end(), 0);
	assert_non_null(strstr(rig.screen, "\033[1;87HI"));
}

int
main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, rig_setup, rig_teardown)
	const struct CMUnitTest tests[] = {
		T(the_screen_is_first),
		T(a_long_gap_is_not_replayed),
		T(a_slow_terminal_skips_and_keys_pass),
		T(a_screen_does_not_wait_behind_what_is_stale),
		T(a_stuck_terminal_can_be_left),
		T(a_long_wait_is_one_line_that_goes),
		T(where_errors_go_it_is_told_plainly),
		T(who_follows_states_no_size),
		T(who_follows_a_larger_one_sees_a_part),
	};

	return CHECK_RUN("redraw", tests);
}
