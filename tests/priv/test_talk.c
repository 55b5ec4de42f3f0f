/* SPDX-License-Identifier: MIT */
/*
 * Who is spoken to by a socket gets words and no descriptors (abuse E07): rdvd
 * has no system call to send one with, whatever the program at the other end
 * wants, and where the kernel can refuse one to the program it does so too. Nor
 * does it leave a socket that it shares with the next rdvd otherwise than it
 * was.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/seqpkt.h"
#include "security/confine.h"
#include "security/mutant.h"
#include "tests/priv/rig.h"
#include "tests/unit/check.h"

#ifndef SO_PASSRIGHTS
#define SO_PASSRIGHTS 83 /* Linux 6.16 */
#endif

static char actor[512];

static int
find_actor(void **state)
{
	char tools[400];

	(void)state;
	rig_tools(tools, sizeof(tools));
	(void)snprintf(actor, sizeof(actor), "%s/actor", tools);
	return 0;
}

/* 0, or the errno with which it was refused. */
static int
give(int sock, bool many)
{
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control = { .align = { .cmsg_level = SOL_SOCKET,
			  .cmsg_type = SCM_RIGHTS,
			  .cmsg_len = CMSG_LEN(sizeof(int)) } };
	struct iovec iov = { "x", 1 };
	struct mmsghdr m = { .msg_hdr = { .msg_iov = &iov,
				 .msg_iovlen = 1,
				 .msg_control = &control,
				 .msg_controllen = sizeof(control) } };
	const int fd = STDERR_FILENO;
	long n;

	memcpy(CMSG_DATA(&control.align), &fd, sizeof(fd));
	n = many ? sendmmsg(sock, &m, 1, MSG_NOSIGNAL)
		 : sendmsg(sock, &m.msg_hdr, MSG_NOSIGNAL);
	return n < 0 ? errno : 0;
}

/* What rdvd does all day. */
static int
speak(int sock)
{
	return -seqpkt_send(sock, "x", 1, NULL);
}

/* As rdvd: in its cage, once with that guard off. Its exit status. */
static int
in_cage(int sock, int (*act)(int sock), const char *off)
{
	const char *const none[] = { NULL };
	char why[256];
	int status;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		(void)setenv("RDV_MUTANT", off != NULL ? off : "", 1);
		mutant_init();
		if (confine_daemon(none, none, why, sizeof(why)) != 0)
			_exit(199);
		_exit(act(sock));
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static int
give_one(int sock)
{
	return give(sock, false);
}

static int
give_many(int sock)
{
	return give(sock, true);
}

/* One that has said that it listens. */
static void
begin(struct rig *r, const char *mutant, bool asks, struct rig_result *res)
{
	const char *const argv[] = { actor, "heed", asks ? "ask" : NULL, NULL };
	const struct rig_spawn s = { .argv = argv, .talk = true };

	rig_start(r, mutant);
	rig_spawn(r, &s, res);
	assert_int_equal(res->a.result, PRIV_DONE);
	assert_int_equal(rig_read_pid(res->fds.fd[1]), 1);
}

static void
end(struct rig *r, struct rig_result *res, const char *heard)
{
	char out[64];

	(void)rig_read_all(res->fds.fd[1], out, sizeof(out));
	assert_string_equal(out, heard);
	rig_close(res);
	rig_stop(r);
}

static bool
kernel_refuses(void)
{
	int pair[2], on;
	socklen_t len = sizeof(on);
	bool known;

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	known = getsockopt(pair[0], SOL_SOCKET, SO_PASSRIGHTS, &on, &len) == 0;
	(void)close(pair[0]);
	(void)close(pair[1]);
	return known;
}

static void
abuse_E07_from_the_cage(void **state)
{
	struct rig_result res;
	struct rig r;
	int pair[2];

	(void)state;
	assert_int_equal(seqpkt_pair(pair), 0);
	assert_int_equal(in_cage(pair[0], speak, NULL), 0);
	assert_int_equal(in_cage(pair[0], give_one, NULL), EPERM);
	assert_int_equal(in_cage(pair[0], give_many, NULL), EPERM);
	assert_int_equal(in_cage(pair[0], give_one, "seccomp"), 0);
	(void)close(pair[0]);
	(void)close(pair[1]);
	/* One that does all it can to get it, on a kernel that would refuse. */
	begin(&r, NULL, kernel_refuses(), &res);
	assert_int_equal(in_cage(res.fds.fd[0], give_one, NULL), EPERM);
	assert_int_equal(in_cage(res.fds.fd[0], speak, NULL), 0);
	end(&r, &res, "words\n");
}

static int
close_reading(int sock)
{
	return shutdown(sock, SHUT_RD) < 0 ? errno : 0;
}

static int
close_both(int sock)
{
	return shutdown(sock, SHUT_RDWR) < 0 ? errno : 0;
}

static int
close_writing(int sock)
{
	return shutdown(sock, SHUT_WR) < 0 ? errno : 0;
}

/* A listener is [main]'s or a run's: shut, it makes each later rdvd spin. */
static void
abuse_D02_no_listener_is_shut(void **state)
{
	int sock = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), pair[2];
	const struct sockaddr_un any = { .sun_family = AF_UNIX };
	struct pollfd p = { .fd = sock, .events = POLLIN };

	(void)state;
	/* The kernel gives it a name. */
	assert_int_equal(bind(sock, (const void *)&any, sizeof(sa_family_t)),
	    0);
	assert_int_equal(listen(sock, 1), 0);
	assert_int_equal(in_cage(sock, close_reading, NULL), EPERM);
	assert_int_equal(in_cage(sock, close_both, NULL), EPERM);
	assert_int_equal(poll(&p, 1, 0), 0);
	assert_int_equal(in_cage(sock, close_reading, "seccomp"), 0);
	assert_int_equal(poll(&p, 1, 0), 1);
	(void)close(sock);
	/* What rdvd does at the end of each connection. */
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	assert_int_equal(in_cage(pair[0], close_writing, NULL), 0);
	(void)close(pair[0]);
	(void)close(pair[1]);
}

static void
abuse_E07_from_the_cage_bites(void **state)
{
	struct rig_result res;
	struct rig r;

	(void)state;
	begin(&r, NULL, kernel_refuses(), &res);
	assert_int_equal(in_cage(res.fds.fd[0], give_one, "seccomp"), 0);
	end(&r, &res, "descriptor\n");
}

static void
abuse_E07_by_its_input(void **state)
{
	struct rig_result res;
	struct rig r;

	(void)state;
	if (!kernel_refuses()) {
		print_message("SO_PASSRIGHTS needs Linux 6.16\n");
		skip();
	}
	begin(&r, NULL, false, &res);
	assert_int_equal(give(res.fds.fd[0], false), EPERM);
	assert_int_equal(write(res.fds.fd[0], "x", 1), 1);
	end(&r, &res, "words\n");
}

static void
abuse_E07_by_its_input_bites(void **state)
{
	struct rig_result res;
	struct rig r;

	(void)state;
	begin(&r, "talk rights", false, &res);
	assert_int_equal(give(res.fds.fd[0], false), 0);
	end(&r, &res, "descriptor\n");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(abuse_E07_from_the_cage),
		cmocka_unit_test(abuse_E07_from_the_cage_bites),
		cmocka_unit_test(abuse_E07_by_its_input),
		cmocka_unit_test(abuse_E07_by_its_input_bites),
		cmocka_unit_test(abuse_D02_no_listener_is_shut),
	};

	return cmocka_run_group_tests_name("talk", tests, find_actor, NULL);
}
