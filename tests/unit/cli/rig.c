/* SPDX-License-Identifier: MIT */
/*
 * A pseudo terminal with rdv attach on it. What the user would see is read from
 * the master; what the terminal was left as is asked of it.
 */
#include "tests/unit/cli/rig.h"

#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/cli.h"
#include "cli/cmd.h"
#include "lib/clock.h"
#include "lib/str.h"
#include "tests/unit/check.h"
#include "tests/unit/cli/fakews.h"

#define DEADLINE_MS 60000

struct rig rig = { .master = -1 };

/* A connection to the terminal is the scenario's; the rest is one session. */
void
rig_serve_fn(int fd, const char *request, unsigned n)
{
	static unsigned nth;
	char session[256];

	(void)n;
	snprintf(session, sizeof(session),
	    "{\"id\":\"" RIG_ID "\",\"name\":\"s\",\"status\":\"%s\","
	    "\"run\":{\"log_bytes\":9,\"state\":\"%s\"}}",
	    rig.status != NULL ? rig.status : "active",
	    rig.state != NULL ? rig.state : "running");
	if (str_starts(request, "GET /ws/terminal/" RIG_ID "?"))
		rig.scenario(fd, request, nth++);
	else if (str_starts(request, "GET /api/sessions/" RIG_ID "/viewers "))
		fake_json(fd, 200,
		    rig.viewers != NULL ? rig.viewers
					: "{\"total\":0,\"viewers\":[]}");
	else
		fake_json(fd, 200, session);
}

char *
rig_ws_request(void)
{
	char *rq = fake_request(&rig.fake);

	while (!str_starts(rq, "GET /ws/")) {
		free(rq);
		rq = fake_request(&rig.fake);
	}
	return rq;
}

void
rig_start_with(fake_fn *fn, const char *option)
{
	const char *argv[] = { "attach", "--socket", NULL, RIG_ID, option,
		NULL };
	struct winsize size = { .ws_col = rig.sizeless ? 0 : 90,
		.ws_row = rig.sizeless ? 0 : 30 };
	struct cmd_call call;
	struct cli cli;
	char why[256];

	rig.scenario = fn;
	fake_start(&rig.fake, rig_serve_fn);
	argv[2] = rig.fake.sock;
	rig.screen_len = 0;
	rig.child = forkpty(&rig.master, NULL, NULL, &size);
	assert_true(rig.child != -1);
	if (rig.child == 0) {
		if (rig.err > 0)
			(void)dup2(rig.err, STDERR_FILENO);
		if (cmd_parse(&call, option != NULL ? 5 : 4, (char **)argv, why,
			sizeof(why)) != CMD_OK ||
		    cli_init(&cli, &call, why, sizeof(why)) != 0)
			_exit(99);
		call.cli = &cli;
		exit(call.cmd->run(&call) & 255);
	}
}

void
rig_start(fake_fn *fn)
{
	rig_start_with(fn, NULL);
}

/* Reads what there is; false when nothing came or the other side is gone. */
bool
rig_look(int ms)
{
	struct pollfd p = { rig.master, POLLIN, 0 };
	ssize_t n;

	if (poll(&p, 1, ms) != 1)
		return false;
	n = read(rig.master, rig.screen + rig.screen_len,
	    sizeof(rig.screen) - 1 - rig.screen_len);
	if (n <= 0)
		return false;
	rig.screen_len += (size_t)n;
	rig.screen[rig.screen_len] = '\0';
	return true;
}

void
rig_see(const char *text)
{
	while (rig.screen_len == 0 || strstr(rig.screen, text) == NULL) {
		if (!rig_look(DEADLINE_MS))
			fail_msg("never seen: %s in: %s", text, rig.screen);
	}
}

/* In raw mode, which the first key needs. */
void
rig_see_raw(void)
{
	struct termios t;
	int64_t end = clock_mono_ms() + DEADLINE_MS;

	rig_see("twice");
	do {
		assert_int_equal(tcgetattr(rig.master, &t), 0);
		(void)rig_look(1);
	} while ((t.c_lflag & ICANON) != 0 && clock_mono_ms() < end);
	assert_false(t.c_lflag & (ICANON | ECHO | ISIG));
}

void
rig_type(const char *text)
{
	assert_int_equal(write(rig.master, text, strlen(text)),
	    (int)strlen(text));
}

int
rig_wait_end(void)
{
	int status;

	while (rig_look(DEADLINE_MS))
		;
	assert_int_equal(waitpid(rig.child, &status, 0), rig.child);
	rig.child = 0;
	return status;
}

/* The terminal as a shell wants it back. */
void
rig_check_restored(void)
{
	struct termios t;

	assert_int_equal(tcgetattr(rig.master, &t), 0);
	assert_true((t.c_lflag & ICANON) != 0 && (t.c_lflag & ECHO) != 0 &&
		    (t.c_lflag & ISIG) != 0 && (t.c_oflag & OPOST) != 0);
	assert_int_equal(t.c_lflag, rig.before.c_lflag);
	assert_int_equal(t.c_iflag, rig.before.c_iflag);
	assert_int_equal(t.c_oflag, rig.before.c_oflag);
}

int
rig_setup(void **state)
{
	int m, s;

	(void)state;
	rig.status = rig.state = rig.viewers = NULL;
	rig.err = 0;
	rig.sizeless = false;
	assert_int_equal(openpty(&m, &s, NULL, NULL, NULL), 0);
	assert_int_equal(tcgetattr(s, &rig.before), 0);
	(void)close(m);
	(void)close(s);
	return 0;
}

int
rig_teardown(void **state)
{
	(void)state;
	if (rig.child > 0) {
		(void)kill(rig.child, SIGKILL);
		(void)waitpid(rig.child, NULL, 0);
	}
	if (rig.writer > 0) {
		(void)kill(rig.writer, SIGKILL);
		(void)waitpid(rig.writer, NULL, 0);
	}
	rig.child = rig.writer = 0;
	if (rig.master != -1)
		(void)close(rig.master);
	rig.master = -1;
	fake_stop(&rig.fake);
	return 0;
}

/* As the line discipline shows them: no terminal is given them raw. */
static void
show_controls(char *out, const char *in)
{
	for (; *in != '\0'; in++) {
		if ((unsigned char)*in < ' ') {
			*out++ = '^';
			*out++ = (char)(*in | 0x40);
		} else {
			*out++ = *in;
		}
	}
	*out = '\0';
}

/* Says hello, echoes each input in brackets, ends at "bye". */
void
rig_echo_fn(int fd, const char *request, unsigned n)
{
	char in[65536], shown[2 * sizeof(in)], out[2 * sizeof(in) + 64];
	uint64_t at = 5;
	size_t len;
	int op;

	(void)request;
	(void)n;
	fakews_accept(fd);
	fakews_text(fd, RIG_READY(0));
	RIG_OUTPUT(fd, 0, "hello");
	while ((op = fakews_read(fd, in, sizeof(in), &len)) != 0) {
		if (op == 8)
			return;
		if (op == 2 && strcmp(in, "bye") == 0)
			break;
		show_controls(shown, in);
		(void)snprintf(out, sizeof(out), "[%d:%s]", op, shown);
		RIG_OUTPUT(fd, at, out);
		at += strlen(out);
	}
	fakews_text(fd, "{\"type\":\"exit\",\"code\":3,\"signal\":null,"
			"\"state\":\"failed\",\"cause\":null}");
	fakews_close(fd, 1000);
}
