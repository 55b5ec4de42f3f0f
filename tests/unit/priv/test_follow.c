/* SPDX-License-Identifier: MIT */
/*
 * What [ops] does with runs whose reaper was killed (abuse P05, H03): nobody
 * waits for the cgroup of another, and a number that is used again is nobody's.
 * A cgroup is a directory with two files here, which say what the test says.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/xalloc.h"
#include "priv-helper/follow.h"
#include "priv-helper/ops.h"
#include "tests/unit/check.h"
#include "tests/unit/lib/tmpdir.h"

#define OWNER 1234

static char dir[64];
static char events[256], killed[256];

static void
write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	(void)close(fd);
}

static bool
was_killed(void)
{
	char c = 0;
	int fd = open(killed, O_RDONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	(void)!read(fd, &c, 1);
	(void)close(fd);
	return c == '1';
}

/* [ops] in system mode, and the cgroup of run 1 is not empty. */
static struct ops *
begin(void)
{
	struct ops *o = xcalloc(1, sizeof(*o));
	char path[200];

	clock_shift(0, 0);
	(void)close(tmpdir_new(dir));
	runs_init(&o->runs);
	o->main = o->daemon = o->signals = o->audit.sock = -1;
	o->system = true;
	(void)snprintf(o->cgroup, sizeof(o->cgroup), "%s", dir);
	(void)snprintf(path, sizeof(path), "%s/user-%d", dir, OWNER);
	assert_int_equal(mkdir(path, 0700), 0);
	(void)snprintf(path, sizeof(path), "%s/user-%d/run-0000000000000001",
	    dir, OWNER);
	assert_int_equal(mkdir(path, 0700), 0);
	(void)snprintf(events, sizeof(events), "%s/cgroup.events", path);
	(void)snprintf(killed, sizeof(killed), "%s/cgroup.kill", path);
	write_file(events, "populated 1\nfrozen 0\n");
	write_file(killed, "");
	return o;
}

static void
end(struct ops *o)
{
	struct run *r;

	while ((r = TAILQ_FIRST(&o->runs.list)) != NULL)
		run_free(&o->runs, r);
	free(o);
	tmpdir_remove(dir);
	clock_shift(0, 0);
}

/* Of a [main] before ours, which has told that its reaper is gone. */
static struct run *
lost_run(struct ops *o)
{
	struct run *r = run_adopt(&o->runs, 1);

	r->uid = OWNER;
	r->state = RUN_RUNNING;
	r->lost = r->ended = true;
	r->pidfd = (int)syscall(SYS_pidfd_open, getpid(), 0);
	assert_true(r->pidfd >= 0);
	return r;
}

/* Everybody else's requests would wait as long. */
static void
abuse_P05_a_cgroup_that_stays_full(void **state)
{
	struct ops *o = begin();
	struct run *r = lost_run(o);
	const int64_t began = clock_mono_ms();

	(void)state;
	follow_step(o, false);
	assert_true(clock_mono_ms() - began < 900);
	assert_true(was_killed());
	assert_false(r->over);
	assert_true(r->emptying >= 0 && r->empty_by > began);
	/* Killed once. */
	write_file(killed, "");
	follow_step(o, false);
	assert_false(was_killed() || r->over);
	write_file(events, "populated 0\nfrozen 0\n");
	follow_step(o, false);
	assert_true(r->over);
	assert_int_equal(r->state, RUN_ENDED);
	assert_int_equal(r->emptying, -1);
	end(o);
}

/* What hangs in the kernel does not hold up its end for ever. */
static void
abuse_P05_a_cgroup_that_hangs(void **state)
{
	struct ops *o = begin();
	struct run *r = lost_run(o);

	(void)state;
	follow_step(o, false);
	assert_false(r->over);
	clock_shift(2000, 0);
	follow_step(o, false);
	assert_true(r->over);
	end(o);
}

/* Its end is durable, so nobody asks for it any more. */
static void
abuse_P05_what_a_done_run_leaves(void **state)
{
	struct ops *o = begin();
	struct run *r = lost_run(o);

	(void)state;
	r->state = RUN_DONE;
	r->lost = false;
	r->over = true;
	r->reaper = getppid();
	r->leave = clock_mono_ms() + 60000;
	follow_step(o, false);
	assert_false(was_killed());
	/* Control: with its reaper it goes. */
	r->reaper = 0;
	follow_step(o, false);
	assert_true(was_killed());
	assert_true(TAILQ_EMPTY(&o->runs.list));
	end(o);
}

static pid_t
exits(int status)
{
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0)
		_exit(status);
	return pid;
}

static void
follow_all(struct ops *o)
{
	siginfo_t si;

	assert_int_equal(waitid(P_ALL, 0, &si, WEXITED | WNOWAIT), 0);
	(void)follow_children(o);
}

/*
 * A program that has become our child says how it ended, once. That of a run
 * whose reaper was another's child never does.
 */
static void
abuse_H03_a_number_is_no_program(void **state)
{
	struct ops *o = begin();
	struct run *ours = run_adopt(&o->runs, 2), *other = lost_run(o);

	(void)state;
	ours->state = RUN_RUNNING;
	ours->lost = true;
	ours->pid = other->pid = exits(7);
	follow_all(o);
	assert_int_equal(ours->end.status, 7 << 8);
	assert_int_equal(other->seen, -1);
	assert_int_equal(other->end.status, 0);
	/* That number comes again, as it may from then on. */
	ours->pid = exits(9);
	follow_all(o);
	assert_int_equal(ours->end.status, 7 << 8);
	end(o);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(abuse_P05_a_cgroup_that_stays_full),
		cmocka_unit_test(abuse_P05_a_cgroup_that_hangs),
		cmocka_unit_test(abuse_P05_what_a_done_run_leaves),
		cmocka_unit_test(abuse_H03_a_number_is_no_program),
	};

	return CHECK_RUN("follow", tests);
}
