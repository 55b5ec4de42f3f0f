/* SPDX-License-Identifier: MIT */
/*
 * One record is one line whatever is in it (abuse J09), levels filter, errno
 * survives, and a pipe that takes nothing costs records, never time.
 */
#include "tests/unit/check.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/log.h"
#include "lib/xalloc.h"

static int out[2];
static char line[2 * PIPE_BUF];

static int
setup(void **state)
{
	(void)state;
	if (pipe2(out, O_NONBLOCK) < 0)
		return -1;
	log_init("tester", out[1], LOG_INFO);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	log_gather(false);
	log_init("rdv", STDERR_FILENO, LOG_INFO);
	log_set_request(NULL);
	close(out[0]);
	close(out[1]);
	return 0;
}

/* What was written since the last call. */
static const char *
written(void)
{
	ssize_t n = read(out[0], line, sizeof(line) - 1);

	line[n > 0 ? n : 0] = '\0';
	return line;
}

static void
has_the_agreed_form(void **state)
{
	const char *s;

	(void)state;
	log_info("term", "opened session=%s n=%d", "abc", 3);
	s = written();
	assert_memory_equal(s, "ts=20", 5);
	assert_int_equal(s[3 + 10], 'T');
	assert_memory_equal(s + 3 + 23, "Z ", 2);
	assert_string_equal(s + 28,
	    "level=info proc=tester mod=term msg=\"opened session=abc n=3\"\n");
}

static void
levels_filter(void **state)
{
	enum log_level level;

	(void)state;
	log_debug("m", "no");
	assert_string_equal(written(), "");
	log_set_level(LOG_DEBUG);
	log_debug("m", "yes");
	assert_non_null(strstr(written(), "level=debug"));
	log_set_level(LOG_ERROR);
	log_warnx("m", "no");
	assert_string_equal(written(), "");
	log_errorx("m", "yes");
	assert_non_null(strstr(written(), "level=error"));
	assert_true(log_level_parse("warn", &level) && level == LOG_WARN);
	assert_false(log_level_parse("warning", &level));
	assert_false(log_level_parse("", &level));
}

static void
errno_is_shown_and_survives(void **state)
{
	(void)state;
	errno = EEXIST;
	log_warn("m", "cannot open");
	assert_int_equal(errno, EEXIST);
	assert_non_null(strstr(written(), "\"cannot open: File exists\"\n"));
	log_warnx("m", "just so");
	assert_int_equal(errno, EEXIST);
	assert_non_null(strstr(written(), "\"just so\"\n"));
	errno = 99999;
	log_error("m", "odd");
	assert_non_null(strstr(written(), "\"odd: unknown error\"\n"));
}

static void
abuse_J09_one_event_is_one_record(void **state)
{
	char *huge = xmalloc(1 << 20);
	const char *s;

	(void)state;
	log_info("m", "%s", "a\nlevel=error\r\x1b[2J\"} %n %s \xff");
	s = written();
	assert_non_null(strstr(s,
	    "msg=\"a\\nlevel=error\\r\\e[2J\\\"} %n %s \\xff\"\n"));
	assert_ptr_equal(strchr(s, '\n'), s + strlen(s) - 1);
	memset(huge, '\n', 1 << 20);
	huge[(1 << 20) - 1] = '\0';
	log_info("m", "%s", huge);
	s = written();
	assert_in_range(strlen(s), PIPE_BUF - 8, PIPE_BUF);
	assert_ptr_equal(strchr(s, '\n'), s + strlen(s) - 1);
	assert_string_equal(s + strlen(s) - 5, "...\"\n");
	free(huge);
}

static void
request_id_is_on_every_record(void **state)
{
	(void)state;
	log_set_request("r-1\n");
	log_info("m", "one");
	assert_non_null(strstr(written(), " mod=m req=r-1\\n msg=\"one\""));
	log_set_request(NULL);
	log_info("m", "two");
	assert_null(strstr(written(), "req="));
}

static void
full_pipe_drops_and_counts(void **state)
{
	char want[32];
	int lost = 0;

	(void)state;
	while (write(out[1], line, sizeof(line)) > 0)
		continue;
	for (; lost < 3; lost++)
		log_info("m", "lost");
	while (read(out[0], line, sizeof(line)) > 0)
		continue;
	log_info("m", "back");
	snprintf(want, sizeof(want), " dropped=%d msg=\"back\"", lost);
	assert_non_null(strstr(written(), want));
	log_info("m", "again");
	assert_null(strstr(written(), "dropped"));
}

static unsigned
lines_of(const char *s)
{
	unsigned n = 0;

	for (; *s != '\0'; s++)
		n += *s == '\n';
	return n;
}

static void
gathered_lines_wait_and_keep_their_order(void **state)
{
	const char *s;

	(void)state;
	log_gather(true);
	log_info("m", "one");
	log_info("m", "two");
	assert_string_equal(written(), "");
	log_flush();
	s = written();
	assert_int_equal(lines_of(s), 2);
	assert_true(strstr(s, "\"one\"\n") < strstr(s, "\"two\"\n"));
	log_info("m", "three");
	errno = EEXIST;
	log_warnx("m", "four");
	assert_int_equal(errno, EEXIST);
	s = written();
	assert_int_equal(lines_of(s), 2);
	assert_true(strstr(s, "\"three\"\n") < strstr(s, "\"four\"\n"));
	log_info("m", "five");
	log_gather(false);
	assert_non_null(strstr(written(), "\"five\"\n"));
	log_info("m", "six");
	assert_non_null(strstr(written(), "\"six\"\n"));
}

/* No piece is longer than what the kernel keeps whole. */
static void
gathered_lines_go_when_there_are_many(void **state)
{
	const char *s;
	size_t len;

	(void)state;
	log_gather(true);
	do {
		log_info("m", "%0500d", 1);
		s = written();
	} while (*s == '\0');
	len = strlen(s);
	assert_in_range(len, PIPE_BUF / 2, PIPE_BUF);
	assert_int_equal(len % lines_of(s), 0);
	assert_int_equal(s[len - 1], '\n');
	log_gather(false);
	assert_int_equal(lines_of(written()), 1);
}

static void
gathered_lines_are_counted_when_lost(void **state)
{
	const char *s;

	(void)state;
	while (write(out[1], line, sizeof(line)) > 0)
		continue;
	log_gather(true);
	log_info("m", "lost");
	log_info("m", "lost");
	log_flush();
	while (read(out[0], line, sizeof(line)) > 0)
		continue;
	log_info("m", "back");
	log_info("m", "again");
	log_gather(false);
	s = written();
	assert_non_null(strstr(s, " dropped=2 msg=\"back\""));
	assert_null(strstr(strstr(s, "back"), "dropped"));
	assert_non_null(strstr(s, "again"));
}

/* Makes room for who waits after all: that is a failure, and no hang. */
static void
make_room(int sig)
{
	char some[PIPE_BUF];

	(void)sig;
	while (read(out[0], some, sizeof(some)) > 0)
		continue;
}

/*
 * What we are given is mostly a pipe or a terminal of somebody else's, whose
 * O_NONBLOCK is not ours to set: a pager that reads no further, or Ctrl-S, must
 * not stop the process that writes.
 */
static void
full_blocking_pipe_drops_as_well(void **state)
{
	(void)state;
	while (write(out[1], line, sizeof(line)) > 0)
		continue;
	assert_int_equal(fcntl(out[1], F_SETFL, 0), 0);
	(void)signal(SIGALRM, make_room);
	(void)alarm(5);
	log_info("m", "lost");
	(void)alarm(0);
	(void)signal(SIGALRM, SIG_DFL);
	while (read(out[0], line, sizeof(line)) > 0)
		continue;
	log_info("m", "back");
	assert_non_null(strstr(written(), " dropped=1 msg=\"back\""));
}

static void
fatal_ends_with_status_1(void **state)
{
	int status;
	pid_t pid;

	(void)state;
	pid = fork();
	if (pid == 0) {
		errno = ENOSPC;
		fatal("m", "cannot go on");
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 1);
	assert_non_null(strstr(written(),
	    "\"cannot go on: No space left on device\"\n"));
}

#define LOG_TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		LOG_TEST(has_the_agreed_form),
		LOG_TEST(levels_filter),
		LOG_TEST(errno_is_shown_and_survives),
		LOG_TEST(abuse_J09_one_event_is_one_record),
		LOG_TEST(request_id_is_on_every_record),
		LOG_TEST(full_pipe_drops_and_counts),
		LOG_TEST(gathered_lines_wait_and_keep_their_order),
		LOG_TEST(gathered_lines_go_when_there_are_many),
		LOG_TEST(gathered_lines_are_counted_when_lost),
		LOG_TEST(full_blocking_pipe_drops_as_well),
		LOG_TEST(fatal_ends_with_status_1),
	};

	return CHECK_RUN("log", tests);
}
