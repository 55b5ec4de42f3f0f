/* SPDX-License-Identifier: MIT */
/*
 * What [main] does with what an [ops] leaves to it (abuse P05), with real
 * children of ours: who is told of how soon, what is ended, and what cannot be.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/queue.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/ctlproto.h"
#include "lib/seqpkt.h"
#include "lib/xalloc.h"
#include "priv-helper/parked.h"
#include "priv-helper/sweep.h"
#include "tests/unit/check.h"
#include "tests/unit/lib/tmpdir.h"

#define LATE_MS 20000
#define NOBODY	65534

static int told[2]; /* 0: [main]'s end, 1: that of [ops] */
static pid_t tracer;

static bool
is_spared(pid_t pid, void *arg)
{
	(void)arg;
	return pid == tracer;
}

static int64_t
sweep(struct parked *p)
{
	return parked_sweep(p, is_spared, NULL, told[0]);
}

/* Of a run that [ops] had, with the reaper that is `pid`. */
static struct parked_run *
add(struct parked *p, uint64_t handle, pid_t pid, uid_t uid)
{
	struct parked_run *k = xcalloc(1, sizeof(*k));

	k->record.handle = handle;
	k->record.reaper = pid;
	k->record.uid = uid;
	k->pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	assert_true(k->pidfd >= 0);
	k->ours = true;
	k->fds = (struct seqpkt_fds){ .fd = { dup(told[0]) }, .n = 1 };
	TAILQ_INSERT_TAIL(&p->list, k, entry);
	p->n++;
	return k;
}

/* Root's own would be anybody's. */
static uid_t
account(void)
{
	return getuid() != 0 ? getuid() : NOBODY;
}

/* A child that has become somebody's, and stays. */
static pid_t
stays(void)
{
	int way[2];
	char c;
	pid_t pid;

	assert_int_equal(pipe(way), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		if (setresuid(account(), account(), account()) != 0)
			_exit(1);
		(void)prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY, 0, 0, 0);
		(void)!write(way[1], "x", 1);
		for (;;)
			(void)pause();
	}
	assert_int_equal(read(way[0], &c, 1), 1);
	(void)close(way[0]);
	(void)close(way[1]);
	return pid;
}

static int
wait_for(pid_t pid)
{
	int status = 0, i;

	for (i = 0; i < LATE_MS / 10; i++) {
		if (waitpid(pid, &status, WNOHANG) == pid)
			return status;
		(void)poll(NULL, 0, 10);
	}
	(void)kill(pid, SIGKILL);
	(void)waitpid(pid, &status, 0);
	fail_msg("nobody has ended it");
	return status;
}

/* The handle that [ops] hears next, or 0. */
static uint64_t
heard(int32_t *status)
{
	uint8_t p[CTL_MAX];
	long n = seqpkt_recv(told[1], p, sizeof(p), NULL);
	struct ctl_gone m;
	struct buf b;

	if (n == -EAGAIN)
		return 0;
	assert_true(n > 1 && p[0] == CTL_GONE);
	buf_wrap(&b, p + 1, (size_t)n - 1);
	assert_true(ctl_get_gone(&b, &m));
	if (status != NULL)
		*status = m.status;
	return m.handle;
}

/*
 * Traced by who does not wait for it, a process stays in the table when it was
 * killed: its parent cannot wait for it. Any account can do that to its own.
 */
static pid_t
cannot_be_ended(void)
{
	pid_t pid = stays();
	int way[2];
	char c = '-';

	assert_int_equal(pipe(way), 0);
	tracer = fork();
	assert_true(tracer >= 0);
	if (tracer == 0) {
		c = ptrace(PTRACE_SEIZE, pid, 0, 0) == 0 ? 'x' : '-';
		(void)!write(way[1], &c, 1);
		for (;;)
			(void)pause();
	}
	assert_int_equal(read(way[0], &c, 1), 1);
	(void)close(way[0]);
	(void)close(way[1]);
	assert_int_equal(c, 'x');
	return pid;
}

static void
let_go(pid_t pid)
{
	assert_int_equal(kill(tracer, SIGKILL), 0);
	assert_int_equal(WTERMSIG(wait_for(tracer)), SIGKILL);
	tracer = 0;
	assert_int_equal(WTERMSIG(wait_for(pid)), SIGKILL);
}

static int
setup(void **state)
{
	(void)state;
	clock_shift(0, 0);
	return seqpkt_pair(told) != 0 || prctl(PR_SET_CHILD_SUBREAPER, 1) != 0;
}

static int
teardown(void **state)
{
	(void)state;
	clock_shift(0, 0);
	(void)close(told[0]);
	(void)close(told[1]);
	return waitpid(-1, NULL, WNOHANG) < 0 ? 0 : -1;
}

/*
 * Both reapers are killed. The other account's run is told of at once, and that
 * one's when its reaper would have waited no longer.
 */
static void
abuse_P05_orphans_hold_up_their_own(void **state)
{
	struct parked *p = parked_new();
	const pid_t one = stays(), two = stays(), orphan = cannot_be_ended();
	int64_t wait;

	(void)state;
	(void)add(p, 1, one, account());
	(void)add(p, 2, two, account() + 1);
	assert_int_equal(kill(one, SIGKILL), 0);
	parked_ended(p, one, wait_for(one));
	assert_int_equal(kill(two, SIGKILL), 0);
	parked_ended(p, two, wait_for(two));
	wait = sweep(p);
	assert_true(wait > 0 && wait <= 1000);
	assert_int_equal(heard(NULL), 2);
	assert_int_equal(heard(NULL), 0);
	clock_shift(LATE_MS, 0);
	assert_int_equal(sweep(p), -1);
	assert_int_equal(heard(NULL), 1);
	let_go(orphan);
	/* What it leaves would be looked for again. */
	parked_ended(p, orphan, SIGKILL);
	assert_true(p->sweep);
	assert_int_equal(sweep(p), -1);
	parked_free(p);
}

/* It reports nothing to [main] but its status, and that it was in order. */
static void
abuse_P05_what_a_reaper_gave_up(void **state)
{
	struct parked *p = parked_new();
	pid_t reaper, orphan;
	int way[2], status;

	(void)state;
	assert_int_equal(pipe(way), 0);
	reaper = fork();
	assert_true(reaper >= 0);
	if (reaper == 0) {
		orphan = stays();
		(void)!write(way[1], &orphan, sizeof(orphan));
		(void)pause();
		_exit(0);
	}
	assert_int_equal(read(way[0], &orphan, sizeof(orphan)), sizeof(orphan));
	(void)add(p, 1, reaper, getuid());
	assert_int_equal(kill(reaper, SIGKILL), 0);
	(void)wait_for(reaper);
	/* As if it had left by itself. */
	parked_ended(p, reaper, 0);
	(void)sweep(p);
	assert_int_equal(heard(NULL), 1);
	status = wait_for(orphan);
	assert_int_equal(WTERMSIG(status), SIGKILL);
	parked_ended(p, orphan, status);
	assert_int_equal(sweep(p), -1);
	(void)close(way[0]);
	(void)close(way[1]);
	parked_free(p);
}

/* Nothing is left of its run to wait for, so it has no reason to stay. */
static void
abuse_P05_a_stopped_reaper(void **state)
{
	struct parked *p = parked_new();
	const pid_t reaper = stays();
	struct parked_run *k = add(p, 1, reaper, getuid());

	(void)state;
	seqpkt_fds_close(&k->fds);
	assert_int_equal(kill(reaper, SIGSTOP), 0);
	parked_orphaned(p);
	assert_true(sweep(p) > 0);
	assert_int_equal(waitpid(reaper, NULL, WNOHANG), 0);
	clock_shift(LATE_MS, 0);
	assert_true(sweep(p) > 0);
	assert_int_equal(waitpid(reaper, NULL, WNOHANG), 0);
	clock_shift(2 * LATE_MS, 0);
	assert_true(sweep(p) > 0);
	parked_ended(p, reaper, wait_for(reaper));
	(void)sweep(p);
	assert_int_equal(p->n, 0);
	/* Nobody is told of it any more. */
	assert_int_equal(heard(NULL), 0);
	parked_free(p);
}

/* The program's own end, also when it is none of a signal. */
static void
abuse_P05_status_of_a_program(void **state)
{
	static const int statuses[] = { 0, 7 << 8, SIGSEGV };
	struct parked *p = parked_new();
	const pid_t reaper = stays();
	struct parked_run *k = add(p, 1, reaper, getuid());
	int32_t status;
	size_t i;

	(void)state;
	k->record.pid = 1;
	assert_int_equal(kill(reaper, SIGKILL), 0);
	(void)wait_for(reaper);
	parked_ended(p, reaper, SIGKILL);
	(void)sweep(p);
	assert_int_equal(heard(&status), 1);
	assert_int_equal(status, -1);
	for (i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++) {
		parked_ended(p, 1, statuses[i]);
		k->told = false;
		(void)sweep(p);
		assert_int_equal(heard(&status), 1);
		assert_int_equal(status, statuses[i]);
	}
	parked_free(p);
}

/* Numbers of processes are used again: an orphan is not spared by its own. */
static void
abuse_P05_a_number_is_no_process(void **state)
{
	struct parked *p = parked_new();
	const pid_t reaper = stays(), egress = stays(), orphan = stays(),
		    other = stays();
	struct parked_run *mine, *of_ops;

	(void)state;
	mine = add(p, 1, reaper, account());
	mine->record.egress = egress;
	mine->ours = false;
	/* One whose reaper is a child of [ops], by numbers that are free. */
	of_ops = add(p, 2, getppid(), account());
	of_ops->record.reaper = of_ops->record.pid = orphan;
	of_ops->record.egress = other;
	parked_carried(p);
	assert_true(mine->ours && mine->egress_began > 0);
	assert_false(of_ops->ours);
	of_ops->egress_began = 1;
	p->sweep = true;
	p->sweep_at = 0;
	(void)sweep(p);
	assert_int_equal(WTERMSIG(wait_for(orphan)), SIGKILL);
	assert_int_equal(WTERMSIG(wait_for(other)), SIGKILL);
	parked_ended(p, orphan, SIGKILL);
	assert_false(of_ops->waited || of_ops->ended);
	/* Control: those that are ours are spared. */
	assert_int_equal(kill(reaper, SIGKILL), 0);
	assert_int_equal(WTERMSIG(wait_for(reaper)), SIGKILL);
	assert_int_equal(kill(egress, 0), 0);
	assert_int_equal(waitpid(egress, NULL, WNOHANG), 0);
	mine->record.pid = reaper;
	parked_ended(p, reaper, SIGKILL);
	parked_ended(p, reaper, 7 << 8);
	assert_true(mine->ended && mine->waited);
	assert_int_equal(kill(egress, SIGKILL), 0);
	(void)wait_for(egress);
	parked_free(p);
}

/*
 * Another program has taken it over, and knows nothing of what was waited for:
 * as long again, and nothing is forgotten.
 */
static void
abuse_P05_waits_begin_anew(void **state)
{
	struct parked *p = parked_new();
	const pid_t reaper = stays(), orphan = stays();
	struct parked_run *k = add(p, 1, reaper, account());

	(void)state;
	seqpkt_fds_close(&k->fds);
	k->nobodys = true;
	parked_carried(p);
	assert_true(p->sweep && k->due > clock_mono_ms());
	assert_true(sweep(p) > 0);
	/* It may be about to end by itself, and so may what [ops] left. */
	assert_int_equal(waitpid(reaper, NULL, WNOHANG), 0);
	assert_int_equal(waitpid(orphan, NULL, WNOHANG), 0);
	clock_shift(LATE_MS, 0);
	(void)sweep(p);
	assert_int_equal(WTERMSIG(wait_for(orphan)), SIGKILL);
	assert_int_equal(waitpid(reaper, NULL, WNOHANG), 0);
	clock_shift(2 * LATE_MS, 0);
	(void)sweep(p);
	assert_int_equal(WTERMSIG(wait_for(reaper)), SIGKILL);
	parked_ended(p, reaper, SIGKILL);
	(void)sweep(p);
	assert_int_equal(p->n, 0);
	parked_free(p);
}

/* Whether anything has been written there. */
static bool
was_killed(const char *file)
{
	char c = 0;
	int fd = open(file, O_RDONLY | O_CLOEXEC);

	(void)!read(fd, &c, 1);
	(void)close(fd);
	return c == '1';
}

/*
 * What the reaper of a done run leaves falls to nobody of ours, when it was
 * left itself: its cgroup has it. That is a directory with a file here.
 */
static void
abuse_P05_what_a_done_run_leaves(void **state)
{
	const struct park_record rec = { .handle = 3, .uid = 1234 };
	char dir[64], path[128], file[160];
	struct parked *p = parked_new();
	struct parked_run *k;
	unsigned i;
	int fd;

	(void)state;
	(void)close(tmpdir_new(dir));
	(void)snprintf(path, sizeof(path), "%s/user-1234", dir);
	assert_int_equal(mkdir(path, 0700), 0);
	(void)snprintf(path, sizeof(path), "%s/user-1234/run-%016x", dir, 3);
	assert_int_equal(mkdir(path, 0700), 0);
	(void)snprintf(file, sizeof(file), "%s/cgroup.kill", path);
	fd = open(file, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	(void)close(fd);
	(void)snprintf(p->cgroups, sizeof(p->cgroups), "%s", dir);
	for (i = 0; i < 2; i++) {
		k = parked_stray(p, &rec);
		k->ended = k->nobodys = true;
		/* Of one that was our child we sweep what it leaves. */
		k->stray = i == 1;
		(void)sweep(p);
		assert_int_equal(p->n, 0);
		assert_int_equal(was_killed(file), i == 1);
	}
	parked_free(p);
	tmpdir_remove(dir);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

/*
 * Nobody of ours waits for its reaper, and that number may be anybody's: its
 * pidfd alone says when it has ended.
 */
static void
abuse_P05_a_reaper_that_is_nobodys_child(void **state)
{
	const pid_t reaper = stays();
	const struct park_record rec = { .handle = 3, .reaper = reaper };
	struct parked *p = parked_new();
	struct parked_run *k = parked_stray(p, &rec);
	struct pollfd w[1];
	int32_t status;

	(void)state;
	k->pidfd = (int)syscall(SYS_pidfd_open, reaper, 0);
	k->fds = (struct seqpkt_fds){ .fd = { dup(told[0]) }, .n = 1 };
	parked_orphaned(p);
	parked_ended(p, reaper, 0);
	assert_int_equal(parked_watch(p, w), 1);
	assert_int_equal(poll(w, 1, 0), 0);
	parked_look(p, w);
	assert_false(k->ended);
	assert_int_equal(heard(&status), 0);
	assert_int_equal(kill(reaper, SIGKILL), 0);
	assert_int_equal(poll(w, 1, LATE_MS), 1);
	parked_look(p, w);
	assert_int_equal(parked_watch(p, w), 0);
	(void)wait_for(reaper);
	(void)sweep(p);
	assert_int_equal(heard(&status), 3);
	assert_int_equal(status, -1);
	parked_free(p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(abuse_P05_orphans_hold_up_their_own),
		TEST(abuse_P05_what_a_reaper_gave_up),
		TEST(abuse_P05_a_stopped_reaper),
		TEST(abuse_P05_status_of_a_program),
		TEST(abuse_P05_a_number_is_no_process),
		TEST(abuse_P05_a_reaper_that_is_nobodys_child),
		TEST(abuse_P05_waits_begin_anew),
		TEST(abuse_P05_what_a_done_run_leaves),
	};

	return CHECK_RUN("parked", tests);
}
