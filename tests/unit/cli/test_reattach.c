/* SPDX-License-Identifier: MIT */
/*
 * rdv attach with a server that breaks off, hesitates, refuses or remembers:
 * every byte of a run is shown once, and every byte typed arrives.
 */
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/cmd.h"
#include "tests/unit/check.h"
#include "tests/unit/cli/fakews.h"
#include "tests/unit/cli/rig.h"

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
		fakews_text(fd, RIG_READY(0));
		RIG_OUTPUT(fd, 0, "<0123");
		return;
	}
	if (strstr(request, "&offset=5&run_id=" RIG_RUN "&") == NULL) {
		fakews_close(fd, 1002);
		return;
	}
	fakews_text(fd, RIG_READY(5));
	RIG_OUTPUT(fd, 3, "23456");
	RIG_OUTPUT(fd, 8, "789>");
	fakews_text(fd, "{\"type\":\"exit\",\"code\":0,\"state\":\"completed\""
			"}");
	fakews_close(fd, 1000);
}

static void
a_break_shows_every_byte_once(void **state)
{
	int status;

	(void)state;
	rig_start(broken_fn);
	status = rig_wait_end();
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == CMD_OK);
	assert_non_null(strstr(rig.screen, "<0123456789>"));
	assert_null(strstr(rig.screen, "waiting"));
	rig_check_restored();
}

#define SIZE(owner) \
	"{\"type\":\"size\",\"cols\":90,\"rows\":30,\"owner\":" #owner "}"

/*
 * Lost four times: as the newest of all, and then as one that another viewer
 * took the size from, that got it back, and that hears it from "ready".
 */
static void
sized_fn(int fd, const char *request, unsigned n)
{
	static const char *const after[] = { SIZE(true), SIZE(false),
		SIZE(true), NULL };
	static const bool keeps[] = { false, false, true, false, true };
	bool kept = strstr(request, "&keep_size=true") != NULL;

	fakews_accept(fd);
	if (kept != keeps[n]) {
		fakews_close(fd, 1002);
		return;
	}
	fakews_text(fd, RIG_READY(0));
	if (n == 4) {
		fakews_text(fd, "{\"type\":\"exit\",\"code\":0,"
				"\"state\":\"completed\"}");
		fakews_close(fd, 1000);
	} else if (after[n] != NULL) {
		fakews_text(fd, after[n]);
	}
}

static void
who_comes_back_keeps_the_size_of_others(void **state)
{
	(void)state;
	rig_start(sized_fn);
	assert_int_equal(rig_wait_end(), 0);
	assert_non_null(strstr(rig.screen, "ended with status 0"));
}

static void
shutdown_fn(int fd, const char *request, unsigned n)
{
	if (n > 0) {
		rig_echo_fn(fd, request, n);
		return;
	}
	fakews_accept(fd);
	fakews_text(fd, RIG_READY(0));
	fakews_close(fd, 1001);
}

static void
a_restart_is_waited_for(void **state)
{
	(void)state;
	rig_start(shutdown_fn);
	rig_see("hello");
	rig_type("bye");
	(void)rig_wait_end();
	assert_non_null(strstr(rig.screen, "ended with status 3"));
}

/*
 * Tells the client to wait and to go on, takes its time with the socket, and
 * counts every byte.
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
	fakews_text(fd, RIG_READY(0));
	fakews_text(fd, "{\"type\":\"flow\",\"input\":\"paused\"}");
	RIG_OUTPUT(fd, 0, "go");
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
	RIG_OUTPUT(fd, 2, out);
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

	(void)state;
	for (i = 0; i < sizeof(paste); i++) {
		paste[i] = (char)(i * 7 + i / 251);
		sum = sum * 31 + (uint8_t)paste[i];
	}
	(void)snprintf(want, sizeof(want), "[1000000 bytes %llx]",
	    (unsigned long long)sum);
	rig_start(paste_fn);
	rig_see_raw();
	rig_see("go");
	/* A writer of its own: the terminal takes it in small pieces. */
	rig.writer = fork();
	if (rig.writer == 0) {
		fake_write(rig.master, paste, sizeof(paste));
		_exit(0);
	}
	rig_see(want);
	(void)rig_wait_end();
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
		rig_start(cases[i].fn);
		status = rig_wait_end();
		assert_true(WIFEXITED(status));
		assert_int_equal(WEXITSTATUS(status), CMD_FAILED);
		if (strstr(rig.screen, cases[i].seen) == NULL)
			fail_msg("%s not in %s", cases[i].seen, rig.screen);
		rig_check_restored();
		(void)rig_teardown(NULL);
	}
	fake_dir(&rig.fake);
}

static void
suspend_fn(int fd, const char *request, unsigned n)
{
	(void)request;
	(void)n;
	fakews_accept(fd);
	fakews_text(fd, RIG_READY(0));
	fakews_close(fd, 1000);
}

static void
released_is_no_failure(void **state)
{
	int status;

	(void)state;
	rig_start(suspend_fn);
	status = rig_wait_end();
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == CMD_OK);
	assert_non_null(strstr(rig.screen, "suspended or closed"));
}

/* Log from the middle: the first whole line, and no question of old. */
static void
history_fn(int fd, const char *request, unsigned n)
{
	(void)request;
	(void)n;
	fakews_accept(fd);
	fakews_text(fd, "{\"type\":\"ready\",\"run_id\":\"" RIG_RUN "\","
			"\"offset\":100,\"end\":140,"
			"\"size_owner\":true}");
	RIG_OUTPUT(fd, 100, "5;31mtorn\nOLD\033[6nLINE\033[c|");
	RIG_OUTPUT(fd, 125, "0123456789abcde\033[6nNEW");
	fakews_text(fd, "{\"type\":\"exit\",\"code\":0,\"state\":\"completed\""
			"}");
	fakews_close(fd, 1000);
}

static void
history_is_shown_not_obeyed(void **state)
{
	(void)state;
	rig_start(history_fn);
	(void)rig_wait_end();
	assert_non_null(strstr(rig.screen,
	    "OLDLINE|0123456789abcde\033[6nNEW"));
	assert_null(strstr(rig.screen, "torn"));
}

/* What was before is looked up where it is whole, by words to be typed. */
static void
the_past_has_a_command(void **state)
{
	int status;

	(void)state;
	rig.status = "closed";
	rig_start(history_fn);
	status = rig_wait_end();
	assert_int_equal(WEXITSTATUS(status), CMD_FAILED);
	assert_non_null(strstr(rig.screen, " scrollback " RIG_ID));
	assert_null(strstr(rig.screen, "LINE"));
	rig_check_restored();
	(void)rig_teardown(NULL);
	rig.status = NULL;
	rig.state = "completed";
	rig_start(history_fn);
	status = rig_wait_end();
	assert_int_equal(WEXITSTATUS(status), CMD_OK);
	assert_non_null(strstr(rig.screen, "LINE"));
	assert_non_null(strstr(rig.screen, " scrollback --all s"));
	(void)rig_teardown(NULL);
	/* One that ends while it is looked at has been seen. */
	rig.state = NULL;
	rig_start(history_fn);
	(void)rig_wait_end();
	assert_null(strstr(rig.screen, "scrollback"));
}

int
main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, rig_setup, rig_teardown)
	const struct CMUnitTest tests[] = {
		T(a_break_shows_every_byte_once),
		T(who_comes_back_keeps_the_size_of_others),
		T(a_restart_is_waited_for),
		T(a_paste_loses_nothing),
		T(refusals_end_it),
		T(released_is_no_failure),
		T(history_is_shown_not_obeyed),
		T(the_past_has_a_command),
	};

	return CHECK_RUN("reattach", tests);
}
