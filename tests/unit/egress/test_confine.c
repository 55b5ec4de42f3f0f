/* SPDX-License-Identifier: MIT */
/*
 * What rdv-egress could do if it were taken over (abuse I13): each try is made
 * before and after it has confined itself, in a child of its own, and what it
 * is for has to go on.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "security/caps.h"
#include "security/confine.h"
#include "security/landlock.h"
#include "tests/unit/check.h"

#ifndef IPPROTO_MPTCP
#define IPPROTO_MPTCP 262
#endif

#define LEN(a) (sizeof(a) / sizeof((a)[0]))

#ifdef RDV_SANITIZED
#define HELD(t) ((t)->alone)
#else
#define HELD(t) ((t)->err)
#endif

static uint16_t port; /* somebody listens on it */

/* Each 0 when it went well, or an errno. */
static int
no_file(void)
{
	return open("/etc/passwd", O_RDONLY | O_CLOEXEC) < 0 ? errno : 0;
}

static int
no_directory(void)
{
	return open("/usr/lib", O_RDONLY | O_DIRECTORY | O_CLOEXEC) < 0 ? errno
									: 0;
}

static int
socket_of(int family, int type)
{
	return socket(family, type | SOCK_CLOEXEC, 0) < 0 ? errno : 0;
}

static int
no_unix(void)
{
	return socket_of(AF_UNIX, SOCK_STREAM);
}

static int
no_netlink(void)
{
	return socket_of(AF_NETLINK, SOCK_RAW);
}

static int
no_bind(void)
{
	const struct sockaddr_in any = { .sin_family = AF_INET };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	return bind(fd, (const struct sockaddr *)&any, sizeof(any)) < 0 ? errno
									: 0;
}

static int
no_listen(void)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	return listen(fd, 1) < 0 ? errno : 0;
}

static int
no_fork(void)
{
	pid_t pid = fork();

	if (pid == 0)
		_exit(0);
	return pid < 0 ? errno : 0;
}

static int
no_exec(void)
{
	char *const argv[] = { (char *)"true", NULL };

	(void)execve("/bin/true", argv, argv + 1);
	return errno;
}

static int
no_code(void)
{
	void *p = mmap(NULL, 4096, PROT_READ | PROT_EXEC,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return p == MAP_FAILED ? errno : 0;
}

static int
connect_to(uint16_t to)
{
	const struct sockaddr_in in = { .sin_family = AF_INET,
		.sin_port = htons(to),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	return connect(fd, (const struct sockaddr *)&in, sizeof(in)) < 0 ? errno
									 : 0;
}

/* Held since Landlock 4. */
static int
no_other_port(void)
{
	return connect_to(port);
}

static int
no_fast_open(void)
{
	const struct sockaddr_in in = { .sin_family = AF_INET,
		.sin_port = htons(port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	return sendto(fd, "x", 1, MSG_FASTOPEN | MSG_NOSIGNAL,
		   (const struct sockaddr *)&in, sizeof(in)) < 0
		   ? errno
		   : 0;
}

/* Which is TCP on the wire, where the other side knows no more. */
static int
no_mptcp(void)
{
	const struct sockaddr_in in = { .sin_family = AF_INET,
		.sin_port = htons(port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, IPPROTO_MPTCP);

	/* Not every kernel has it. */
	if (fd < 0)
		return errno == EPERM ? EPERM : 0;
	return connect(fd, (const struct sockaddr *)&in, sizeof(in)) < 0 ? errno
									 : 0;
}

static const struct {
	int (*try)(void);
	const char *what;
	int err;   /* confined */
	int from;  /* version of Landlock it takes; 0: seccomp holds it */
	int alone; /* by Landlock, in a sanitized build, which may read all */
} tries[] = {
	{ no_file, "a file", EACCES, 1, 0 },
	{ no_directory, "a directory", EACCES, 1, 0 },
	{ no_unix, "a UNIX socket", EPERM, 0, 0 },
	{ no_netlink, "netlink", EPERM, 0, 0 },
	{ no_bind, "bind", ENOSYS, 0, EACCES },
	{ no_listen, "listen", ENOSYS, 0, 0 },
	{ no_fork, "fork", EPERM, 0, 0 },
	{ no_exec, "execve", ENOSYS, 0, EACCES },
	{ no_code, "memory to run", EPERM, 0, 0 },
	{ no_other_port, "another port", EACCES, 4, EACCES },
	{ no_fast_open, "connecting by sending", EPERM, 0, 0 },
	{ no_mptcp, "a kind of TCP that Landlock does not see", EPERM, 0, 0 },
};

static int
in_child(int (*try)(void), uint16_t listed)
{
	int status, err = 0;
	pid_t pid = fork();

	if (pid == 0) {
		if (listed != 0)
			err = -confine_egress(&listed, 1);
		_exit(err != 0 ? 255 : try());
	}
	assert_true(pid > 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static int
service(void)
{
	struct sockaddr_in in = { .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(in);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_int_equal(bind(fd, (struct sockaddr *)&in, len), 0);
	assert_int_equal(listen(fd, 64), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&in, &len), 0);
	port = ntohs(in.sin_port);
	return fd;
}

static uint16_t
other(void)
{
	return port == 1 ? 2 : 1;
}

/* It is started without a capability; root's tests have some. */
static int
drop_all(void **state)
{
	(void)state;
	return geteuid() == 0 ? caps_drop_all() : 0;
}

static void
abuse_I13_taken_over(void **state)
{
	int fd;

	(void)state;
	fd = service();
	for (size_t i = 0; i < LEN(tries); i++) {
		const int before = in_child(tries[i].try, 0);
		const int after = in_child(tries[i].try, other());

		if (before != 0 || (after != HELD(&tries[i]) &&
				       landlock_abi() >= tries[i].from))
			fail_msg("%s: %s, then %s", tries[i].what,
			    strerror(before), strerror(after));
	}
	(void)close(fd);
}

static void *
nothing(void *arg)
{
	return arg;
}

/* Names, a connection to a port that is listed, threads. */
static int
works(void)
{
	const struct addrinfo hints = { .ai_family = AF_UNSPEC,
		.ai_socktype = SOCK_STREAM };
	struct addrinfo *list;
	pthread_t thread;

	if (getaddrinfo("localhost", NULL, &hints, &list) != 0)
		return 1;
	freeaddrinfo(list);
	if (pthread_create(&thread, NULL, nothing, NULL) != 0 ||
	    pthread_join(thread, NULL) != 0)
		return 2;
	return connect_to(port) == 0 ? 0 : 3;
}

static void
test_what_it_is_for(void **state)
{
	int fd = service();

	(void)state;
	assert_int_equal(in_child(works, port), 0);
	(void)close(fd);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(abuse_I13_taken_over),
		cmocka_unit_test(test_what_it_is_for),
	};

	return cmocka_run_group_tests(tests, drop_all, NULL);
}
