/* SPDX-License-Identifier: MIT */
/*
 * What a reaper costs while its run does what runs do: nothing.
 */
#include <fcntl.h>
#include <linux/capability.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/priv/rig.h"
#include "tests/unit/check.h"

/* How often a process went to sleep of its own accord; it sleeps now. */
static long
sleeps(pid_t pid)
{
	const int64_t deadline = rig_deadline();
	char path[64], text[4096];
	const char *p;
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	do {
		assert_false(rig_late(deadline));
		fd = open(path, O_RDONLY | O_CLOEXEC);
		assert_true(fd >= 0);
		n = read(fd, text, sizeof(text) - 1);
		(void)close(fd);
		assert_true(n > 0);
		text[n] = '\0';
	} while (strstr(text, "\nState:\tS") == NULL);
	p = strstr(text, "\nvoluntary_ctxt_switches:");
	assert_non_null(p);
	return strtol(strchr(p, ':') + 1, NULL, 10);
}

/* One byte through the spool, by splice(2) as rdvd moves output. */
static void
spool_byte(const struct rig_result *res)
{
	int p[2], null = open("/dev/null", O_WRONLY | O_CLOEXEC);

	assert_true(null >= 0);
	assert_int_equal(pipe2(p, O_CLOEXEC), 0);
	assert_int_equal(write(p[1], "k", 1), 1);
	assert_int_equal(splice(p[0], NULL, res->fds.fd[2], NULL, 1, 0), 1);
	assert_int_equal(splice(res->fds.fd[1], NULL, null, NULL, 1, 0), 1);
	(void)close(p[0]);
	(void)close(p[1]);
	(void)close(null);
}

/*
 * Output is no business of the reaper's: who polls a pipe is woken by every
 * splice, which for a key and its echo is two switches more.
 */
static void
test_reaper_sleeps_through_output(void **state)
{
	static const char *const argv[] = { "cat", NULL };
	const struct rig_spawn s = { .argv = argv, .pty = true };
	struct rig_result res;
	struct rig r;
	pid_t reaper;
	long before;
	int i;

	(void)state;
	rig_start(&r, NULL);
	rig_spawn(&r, &s, &res);
	assert_int_equal(res.a.result, PRIV_DONE);
	reaper = rig_parent((pid_t)res.a.pid);
	before = sleeps(reaper);
	for (i = 0; i < 50; i++) {
		spool_byte(&res);
		/* Its first sleep may be one in settling down. */
		assert_true(sleeps(reaper) <= before + 5);
	}
	rig_close(&res);
	rig_stop(&r);
}

/* The permitted capabilities of a run's reaper. */
static unsigned long
kept(const char *mutant)
{
	static const char *const argv[] = { "cat", NULL };
	const struct rig_spawn s = { .argv = argv };
	char path[64], text[4096];
	struct rig_result res;
	struct rig r;
	ssize_t n;
	int fd;

	rig_start(&r, mutant);
	rig_spawn(&r, &s, &res);
	assert_int_equal(res.a.result, PRIV_DONE);
	snprintf(path, sizeof(path), "/proc/%d/status",
	    rig_parent((pid_t)res.a.pid));
	fd = open(path, O_RDONLY | O_CLOEXEC);
	n = read(fd, text, sizeof(text) - 1);
	assert_true(n > 0);
	text[n] = '\0';
	(void)close(fd);
	rig_close(&res);
	rig_stop(&r);
	return strtoul(strstr(text, "\nCapPrm:") + 8, NULL, 16);
}

/* A run's parent is no helper: of the rights of [ops] it has one or none. */
static void
test_reaper_keeps_kill(void **state)
{
	(void)state;
	if (geteuid() != 0) {
		assert_int_equal(kept(NULL), 0);
		return;
	}
	assert_int_equal(kept(NULL), 1ul << CAP_KILL);
	assert_int_not_equal(kept("reaper ids"), 1ul << CAP_KILL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_reaper_sleeps_through_output),
		cmocka_unit_test(test_reaper_keeps_kill),
	};

	return cmocka_run_group_tests_name("reaper", tests, NULL, NULL);
}
