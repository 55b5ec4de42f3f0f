/* SPDX-License-Identifier: MIT */
/*
 * Ways out of a confined run that no path names: other processes' limits,
 * sockets reached without connect(2), memory shared by number. What is reached
 * belongs to the same account, so nothing but the guard is in the way, which
 * the same attempt with the guard off shows.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ipc.h>
#include <sys/prctl.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/priv/rig.h"
#include "tests/priv/rigactor.h"
#include "tests/unit/check.h"

static char out[1 << 16];

/* What `actor VERB ARG` says in a script run. */
static void
act(struct rig *r, const char *verb, const char *arg)
{
	const struct rig_spawn s = { .profile = "script",
		.argv = ARGV(actor, verb, arg, "0"),
		.paths = ARGV(tools) };
	struct priv_exit end;

	rig_run(r, &s, out, sizeof(out), &end);
	assert_int_equal(end.status, 0);
}

static void
limits_of_others(void **state)
{
	char main_pid[16], ops_pid[16];
	struct rig r;

	(void)state;
	rig_start(&r, NULL);
	snprintf(main_pid, sizeof(main_pid), "%d", r.helper);
	snprintf(ops_pid, sizeof(ops_pid), "%u", r.hello.pid);
	act(&r, "prlimit", main_pid);
	assert_string_equal(out, "EPERM\n");
	act(&r, "prlimit", ops_pid);
	assert_string_equal(out, "EPERM\n");
	act(&r, "prlimit", "0");
	assert_string_equal(out, "ok\n");
	rig_stop(&r);
	rig_start(&r, "seccomp+no userns");
	snprintf(main_pid, sizeof(main_pid), "%d", r.helper);
	act(&r, "prlimit", main_pid);
	assert_string_equal(out, "ok\n");
	rig_stop(&r);
}

/* A service that takes datagrams, as a system log or a notify socket does. */
static int
service(const struct rig *r, char path[128])
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	snprintf(path, 128, "%s/service", r->dir);
	snprintf(sun.sun_path, sizeof(sun.sun_path), "%.100s", path);
	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&sun, sizeof(sun)), 0);
	return fd;
}

static void
datagrams_to_others(void **state)
{
	char path[128], byte;
	struct rig r;
	int fd;

	(void)state;
	rig_start(&r, NULL);
	fd = service(&r, path);
	act(&r, "datagram", path);
	assert_string_equal(out, "EPERM\n");
	assert_int_equal(recv(fd, &byte, 1, 0), -1);
	(void)close(fd);
	rig_stop(&r);
	rig_start(&r, "seccomp+no userns");
	fd = service(&r, path);
	act(&r, "datagram", path);
	assert_string_equal(out, "ok\n");
	assert_int_equal(recv(fd, &byte, 1, 0), 1);
	(void)close(fd);
	rig_stop(&r);
}

static void
memory_of_others(void **state)
{
	const int id = shmget(IPC_PRIVATE, 4096, IPC_CREAT | 0600);
	char number[16];
	struct rig r;

	(void)state;
	assert_true(id >= 0);
	snprintf(number, sizeof(number), "%d", id);
	rig_start(&r, NULL);
	act(&r, "shm", number);
	assert_string_equal(out, "EPERM\n");
	rig_stop(&r);
	rig_start(&r, "seccomp+no userns");
	act(&r, "shm", number);
	assert_string_equal(out, "ok\n");
	rig_stop(&r);
	assert_int_equal(shmctl(id, IPC_RMID, NULL), 0);
}

/*
 * Programs in /opt may be run by every script. Where rdv's own state lies there
 * as well, /opt is closed, and a token in it is no more to be read than below a
 * home directory.
 */
static void
state_in_a_system_directory(void **state)
{
	char path[128];
	struct rig r;

	(void)state;
	if (geteuid() != 0) {
		print_message("needs root to write in /opt\n");
		skip();
	}
	rig_prepare_in(&r, "/opt");
	rig_launch(&r, NULL);
	rig_daemon(&r);
	rig_ops(&r);
	rig_login(&r);
	snprintf(path, sizeof(path), "%s/server/lock", r.base);
	act(&r, "open", path);
	assert_string_equal(out, "EACCES\n");
	act(&r, "open", "/usr/bin/env");
	assert_string_equal(out, "ok\n");
	rig_expect_log(&r, "/opt is closed");
	rig_stop(&r);
}

/* Somebody outside who gives a directory to whoever asks. */
static pid_t
lender(const char *path, const char *dir)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct seqpkt_fds fds = { .n = 1 };
	pid_t pid;

	snprintf(sun.sun_path, sizeof(sun.sun_path), "%.100s", path);
	assert_int_equal(bind(fd, (struct sockaddr *)&sun, sizeof(sun)), 0);
	assert_int_equal(listen(fd, 8), 0);
	fds.fd[0] = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(fds.fd[0] >= 0);
	pid = fork();
	if (pid == 0)
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	while (pid == 0) {
		int to = accept(fd, NULL, NULL);

		if (to < 0 || seqpkt_send(to, "x", 1, &fds) != 0)
			_exit(1);
		(void)close(to);
	}
	(void)close(fd);
	seqpkt_fds_close(&fds);
	return pid;
}

/*
 * A directory that comes over a socket opens nothing in it: what counts is the
 * file that is asked for, not by which descriptor. The run may speak to that
 * socket, for it lies in what the run was given.
 */
static void
abuse_I15_borrowed(void **state)
{
	char work[128], path[160], beside[128];
	struct rig_spawn s = { .profile = "agent",
		.argv = ARGV(actor, "borrow", path, "secret"),
		.paths = ARGV(work, tools) };
	struct priv_exit end;
	struct rig r;
	pid_t pid;
	int fd;

	(void)state;
	rig_start(&r, NULL);
	snprintf(work, sizeof(work), "%s/work", r.dir);
	snprintf(beside, sizeof(beside), "%s/beside", r.dir);
	snprintf(path, sizeof(path), "%s/lender", work);
	assert_int_equal(mkdir(work, 0700), 0);
	assert_int_equal(mkdir(beside, 0700), 0);
	fd = open(beside, O_PATH | O_CLOEXEC);
	(void)close(openat(fd, "secret", O_CREAT | O_WRONLY, 0600));
	(void)close(fd);
	pid = lender(path, beside);
	rig_run(&r, &s, out, sizeof(out), &end);
	/* Where a run has no namespaces it may speak to no socket at all. */
	assert_string_equal(out,
	    r.hello.features & PRIV_F_USERNS ? "EACCES\n" : "connect: EPERM\n");
	s.profile = "login";
	s.paths = NULL;
	rig_run(&r, &s, out, sizeof(out), &end);
	assert_string_equal(out, "ok\n");
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	rig_stop(&r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(limits_of_others),
		cmocka_unit_test(datagrams_to_others),
		cmocka_unit_test(memory_of_others),
		cmocka_unit_test(state_in_a_system_directory),
		cmocka_unit_test(abuse_I15_borrowed),
	};

	return cmocka_run_group_tests_name("reach", tests, find_tools, NULL);
}
