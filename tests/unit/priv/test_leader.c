/* SPDX-License-Identifier: MIT */
/*
 * A run's first process and its pidfd: one step makes both or neither, and the
 * pidfd decides which group a signal goes to, not the number beside it.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "priv-helper/leader.h"
#include "tests/unit/check.h"

#define WAIT_MS	    60000
#define WHOLE_GROUP (1u << 2)

/* A group of two: a leader and a member, which holds `alive` open. */
struct group {
	pid_t leader;
	int pidfd;
	int alive;
};

static void
live(int fd)
{
	pid_t member;

	(void)setsid();
	member = fork();
	if (member > 0)
		(void)!write(fd, "x", 1);
	for (;;)
		(void)poll(NULL, 0, -1);
}

static void
group_start(struct group *g)
{
	char byte;
	int p[2];

	assert_int_equal(pipe2(p, O_CLOEXEC), 0);
	g->leader = leader_fork(-1, 0, &g->pidfd);
	assert_true(g->leader >= 0);
	if (g->leader == 0)
		live(p[1]);
	(void)close(p[1]);
	assert_int_equal(read(p[0], &byte, 1), 1);
	g->alive = p[0];
}

/* End of file: both are gone. */
static bool
group_gone(const struct group *g, int ms)
{
	struct pollfd p = { .fd = g->alive, .events = POLLIN };
	char byte;

	return poll(&p, 1, ms) == 1 && read(g->alive, &byte, 1) == 0;
}

static void
group_done(struct group *g)
{
	(void)kill(-g->leader, SIGKILL);
	assert_true(group_gone(g, WAIT_MS));
	(void)waitpid(g->leader, NULL, 0);
	(void)close(g->alive);
	(void)close(g->pidfd);
}

static void
test_pidfd(void **state)
{
	struct group g;
	siginfo_t info;

	(void)state;
	group_start(&g);
	assert_int_equal(fcntl(g.pidfd, F_GETFD), FD_CLOEXEC);
	assert_int_equal(kill(g.leader, SIGTERM), 0);
	assert_int_equal(waitid((idtype_t)P_PIDFD, (id_t)g.pidfd, &info,
			     WEXITED | WNOWAIT),
	    0);
	assert_int_equal(info.si_pid, g.leader);
	/* The leader is dead and not waited for: its group is still its. */
	assert_false(group_gone(&g, 0));
	assert_int_equal(leader_signal(g.pidfd, g.leader, SIGTERM), 0);
	assert_true(group_gone(&g, WAIT_MS));
	group_done(&g);
}

static void
test_no_process_without_pidfd(void **state)
{
	struct rlimit old, none;
	int pidfd = -1, err;

	(void)state;
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
	none = old;
	none.rlim_cur = 0;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	err = leader_fork(-1, 0, &pidfd);
	if (err == 0)
		_exit(0);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
	assert_int_equal(err, -EMFILE);
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	assert_int_equal(errno, ECHILD);
}

/* With a number that is somebody else's, as if it had been reused. */
static void
abuse_H03_pidfd_decides(void **state)
{
	struct group mine, stranger;

	(void)state;
	group_start(&mine);
	group_start(&stranger);
	if (syscall(SYS_pidfd_send_signal, mine.pidfd, 0, NULL, WHOLE_GROUP) <
	    0) {
		group_done(&mine);
		group_done(&stranger);
		print_message("needs Linux 6.9 to signal a group by pidfd\n");
		skip();
	}
	assert_int_equal(leader_signal(mine.pidfd, stranger.leader, SIGTERM),
	    0);
	assert_true(group_gone(&mine, WAIT_MS));
	assert_int_equal(waitpid(stranger.leader, NULL, WNOHANG), 0);
	/* Waited for, so its number is free; the other one has it, say. */
	(void)waitpid(mine.leader, NULL, 0);
	(void)leader_signal(mine.pidfd, stranger.leader, SIGTERM);
	assert_int_equal(waitpid(stranger.leader, NULL, WNOHANG), 0);
	(void)close(mine.alive);
	(void)close(mine.pidfd);
	group_done(&stranger);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pidfd),
		cmocka_unit_test(test_no_process_without_pidfd),
		cmocka_unit_test(abuse_H03_pidfd_decides),
	};

	return CHECK_RUN("leader", tests);
}
