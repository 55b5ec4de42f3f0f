/* SPDX-License-Identifier: MIT */
/*
 * kill -9 between any two steps of the pump. The parent is [ops]: it keeps the
 * master and both ends of the spool; children are daemons, one after another,
 * each killed at a random moment. In the end every byte is in the log once.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/loop.h"
#include "tests/unit/check.h"
#include "tests/unit/term/termrig.h"

#define ROUNDS 120
#define BYTES  (16u << 20)

struct fx {
	struct termrig_pty p;
	char dir[64];
	int dirfd, spool[2];
};

static void
crash_drained_cb(void *arg)
{
	loop_stop(arg);
}

static int
keep(int fd)
{
	int copy = fcntl(fd, F_DUPFD_CLOEXEC, 3);

	if (copy < 0)
		_exit(2);
	return copy;
}

/* A daemon: adopts what there is and pumps until the end or SIGKILL. */
static void
daemon_run(struct fx *fx)
{
	struct terms_conf conf = {
		.dirfd = fx->dirfd, .input_max = 4096, .stall_ms = 1000
	};
	struct term_start start = { .io = PRIV_IO_PTY,
		.drained = crash_drained_cb };
	struct term *t;

	conf.loop = start.arg = loop_new();
	start.fd[0] = keep(fx->p.master);
	start.fd[1] = keep(fx->spool[0]);
	start.fd[2] = keep(fx->spool[1]);
	if (term_new(terms_new(&conf), fx->p.run, true, &t) != 0)
		_exit(3);
	term_start(t, &start);
	/* An orphan: it ends when nobody has the terminal open. */
	term_finish(t, PUMP_ORPHAN);
	loop_run(conf.loop);
	_exit(0);
}

static int
daemon_start(struct fx *fx)
{
	int pid = fork();

	assert_true(pid >= 0);
	if (pid == 0)
		daemon_run(fx);
	return pid;
}

static uint64_t
log_size(const struct fx *fx)
{
	char name[64];
	struct stat st;

	snprintf(name, sizeof(name), "%s.log", fx->p.run);
	return fstatat(fx->dirfd, name, &st, 0) == 0 ? (uint64_t)st.st_size : 0;
}

/* Until it has moved something, and then a random while longer. */
static void
let_it_work(const struct fx *fx, int pid)
{
	uint64_t from = log_size(fx);
	volatile long spin = random() % 300000;

	while (log_size(fx) == from && waitpid(pid, NULL, WNOHANG) == 0)
		continue;
	while (spin > 0)
		spin--;
}

static void
test_killed_pump_loses_and_doubles_nothing(void **state)
{
	struct fx fx;
	int writer, pid, status, killed = 0;
	struct termrig g;

	(void)state;
	memset(&fx, 0, sizeof(fx));
	fx.dirfd = termrig_dir_new(fx.dir);
	termrig_pty_raw(&fx.p);
	assert_int_equal(pipe2(fx.spool, O_NONBLOCK), 0);
	writer = termrig_flood(fx.p.slave, BYTES);
	close(fx.p.slave);
	for (int i = 0; i < ROUNDS; i++) {
		pid = daemon_start(&fx);
		let_it_work(&fx, pid);
		kill(pid, SIGKILL);
		if (waitpid(pid, &status, 0) == pid && WIFSIGNALED(status))
			killed++;
	}
	/* The point of the test: it was in the middle nearly every time. */
	assert_true(killed > ROUNDS / 2);
	pid = daemon_start(&fx);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_int_equal(waitpid(writer, &status, 0), writer);
	assert_int_equal(status, 0);
	g.dirfd = fx.dirfd;
	termrig_check_log(&g, fx.p.run, BYTES);
	close(fx.p.master);
	close(fx.spool[0]);
	close(fx.spool[1]);
	close(fx.dirfd);
	termrig_dir_remove(fx.dir);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_killed_pump_loses_and_doubles_nothing),
	};

	/* A pump that stands still is a failure, not a test that hangs. */
	(void)alarm(120);
	srandom((unsigned)getpid());
	return CHECK_RUN("crash", tests);
}
