/* SPDX-License-Identifier: MIT */
/*
 * A run without network, and two runs beside each other: each way to somebody
 * else is tried by itself (abuse I10, I20), and who is tried is there, which is
 * asked of what has heard something, and of a run that may.
 */
#include <fcntl.h>
#include <mqueue.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/priv/rig.h"
#include "tests/priv/rigactor.h"
#include "tests/unit/check.h"

#define PYTHON "/usr/bin/python3"

/* Each line what became of one way. Who is not there refuses the second. */
static const char ways[] =
    "import socket as s, sys\n"
    "p, p6 = int(sys.argv[1]), int(sys.argv[2])\n"
    "def say(what, *how, to=None):\n"
    "    try:\n"
    "        c = s.socket(*how); c.settimeout(20)\n"
    "        if to: c.connect(to); c.send(b'x'); c.send(b'x')\n"
    "        print(what, 'yes')\n"
    "    except OSError: print(what, 'no')\n"
    "say('tcp', s.AF_INET, s.SOCK_STREAM, to=('127.0.0.1', p))\n"
    "say('tcp6', s.AF_INET6, s.SOCK_STREAM, to=('::1', p6))\n"
    "say('udp', s.AF_INET, s.SOCK_DGRAM, to=('127.0.0.1', p))\n"
    "say('udp6', s.AF_INET6, s.SOCK_DGRAM, to=('::1', p6))\n"
    "say('mapped', s.AF_INET6, s.SOCK_STREAM,\n"
    "    to=('::ffff:127.0.0.1', p))\n"
    "say('raw', s.AF_INET, s.SOCK_RAW, s.IPPROTO_ICMP)\n"
    "say('packet', s.AF_PACKET, s.SOCK_RAW)\n"
    "say('ping', s.AF_INET, s.SOCK_DGRAM, s.IPPROTO_ICMP,\n"
    "    to=('127.0.0.1', 0))\n"
    "say('vsock', s.AF_VSOCK, s.SOCK_STREAM, to=(2, 22))\n"
    "if len(sys.argv) > 3: sys.exit()\n"
    "say('metadata', s.AF_INET, s.SOCK_STREAM,\n"
    "    to=('169.254.169.254', 80))\n"
    "say('resolver', s.AF_INET, s.SOCK_DGRAM, to=('192.0.2.1', 53))\n";
static const char none[] = "tcp no\ntcp6 no\nudp no\nudp6 no\nmapped no\n"
			   "raw no\npacket no\nping no\nvsock no\n"
			   "metadata no\nresolver no\n";

static char out[1 << 16];

/* Of the machine, on one port of each family. */
struct services {
	int fd[4];
	char port[2][16];
	bool six;
};

static int
service(int family, int type, char port[16])
{
	union {
		struct sockaddr any;
		struct sockaddr_in in;
		struct sockaddr_in6 in6;
	} a = { .any.sa_family = (sa_family_t)family };
	socklen_t len = family == AF_INET ? sizeof(a.in) : sizeof(a.in6);
	const uint16_t number = htons((uint16_t)strtol(port, NULL, 10));
	int fd = socket(family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (family == AF_INET) {
		a.in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
		a.in.sin_port = number;
	} else {
		a.in6.sin6_addr = in6addr_loopback;
		a.in6.sin6_port = number;
	}
	if (fd < 0 || bind(fd, &a.any, len) < 0)
		return -1;
	assert_true(type != SOCK_STREAM || listen(fd, 8) == 0);
	assert_int_equal(getsockname(fd, &a.any, &len), 0);
	snprintf(port, 16, "%u",
	    ntohs(family == AF_INET ? a.in.sin_port : a.in6.sin6_port));
	return fd;
}

/* The number that was free for one kind need not be for the other. */
static int
pair(int family, char port[16], int fd[2])
{
	unsigned i;

	for (i = 0; i < 64; i++) {
		snprintf(port, 16, "0");
		fd[0] = service(family, SOCK_STREAM, port);
		if (fd[0] < 0)
			return -1;
		fd[1] = service(family, SOCK_DGRAM, port);
		if (fd[1] >= 0)
			return 0;
		(void)close(fd[0]);
	}
	return -1;
}

static void
serve(struct services *s)
{
	assert_int_equal(pair(AF_INET, s->port[0], s->fd), 0);
	s->six = pair(AF_INET6, s->port[1], s->fd + 2) == 0;
	if (!s->six)
		print_message("no IPv6 here, nobody listens there\n");
}

static void
shut(const struct services *s)
{
	for (unsigned i = 0; i < (s->six ? 4 : 2); i++)
		(void)close(s->fd[i]);
}

/* Somebody has been there; all that came is taken. */
static bool
heard(int fd)
{
	bool any = false;
	char byte;
	int to;

	while ((to = accept(fd, NULL, NULL)) >= 0) {
		(void)close(to);
		any = true;
	}
	while (recv(fd, &byte, 1, 0) > 0)
		any = true;
	return any;
}

static void
run(struct rig *r, const char *profile, uint8_t net, const char *const *argv)
{
	const bool login = strcmp(profile, "login") == 0;
	const struct rig_spawn spawn = { .profile = profile,
		.argv = argv,
		.net = net,
		.paths = login ? NULL : ARGV(tools) };
	struct priv_exit e;

	rig_run(r, &spawn, out, sizeof(out), &e);
}

/* Refused, and nobody has heard of it; then the same with a network. */
static void
each_way(const struct services *s, const char *mutant)
{
	static const char *const profiles[] = { "script", "agent", "lsp" };
	/* Told "near", it stays on this machine. */
	const char *const *const all =
	    ARGV(PYTHON, "-c", ways, s->port[0], s->port[1]);
	const char *const *const argv =
	    ARGV(PYTHON, "-c", ways, s->port[0], s->port[1], "near");
	struct rig r;
	unsigned i, f;

	rig_start(&r, mutant);
	for (i = 0; i < 3; i++) {
		run(&r, profiles[i], PRIV_NET_NONE, all);
		assert_string_equal(out, none);
		for (f = 0; f < (s->six ? 4 : 2); f++)
			assert_false(heard(s->fd[f]));
	}
	for (i = 0; i < 2; i++) {
		run(&r, profiles[i], PRIV_NET_PROFILE, argv);
		assert_non_null(strstr(out, "mapped yes\nraw no\npacket no\n"));
		for (f = 0; f < (s->six ? 4 : 2); f++)
			if (!heard(s->fd[f]))
				fail_msg("%u: %s", f, out);
	}
	run(&r, "login", PRIV_NET_PROFILE, argv);
	for (f = 0; f < (s->six ? 4 : 2); f++)
		assert_true(heard(s->fd[f]));
	if (geteuid() == 0)
		assert_non_null(strstr(out, "raw yes\npacket yes\n"));
	rig_stop(&r);
}

static void
abuse_I10_each_way_by_itself(void **state)
{
	struct services s;

	(void)state;
	if (access(PYTHON, X_OK) != 0) {
		print_message("no python3 here\n");
		skip();
	}
	serve(&s);
	each_way(&s, NULL);
	each_way(&s, "no userns");
	shut(&s);
}

/* Listens on its loopback and has been there itself; then who else comes. */
static const char listens[] =
    "import socket, sys\n"
    "l = socket.create_server(('127.0.0.1', 0)); port = l.getsockname()[1]\n"
    "socket.create_connection(('127.0.0.1', port)).close(); l.accept()\n"
    "print(port, flush=True); sys.stdin.read(); l.settimeout(0)\n"
    "try: l.accept(); print('somebody came')\n"
    "except OSError: print('nobody came')\n";
static const char calls[] =
    "import socket, sys\n"
    "try: socket.create_connection(('127.0.0.1', int(sys.argv[1])), 20)\n"
    "except OSError: sys.exit('no')\n";

/* What another run listens on, each with that network. */
static void
neighbours(struct rig *r, uint8_t net, const char *want)
{
	const struct rig_spawn spawn = { .profile = "agent",
		.argv = ARGV(PYTHON, "-c", listens),
		.net = net,
		.paths = ARGV(tools) };
	struct rig_result res;
	struct priv_exit e;
	char port[16];

	rig_spawn(r, &spawn, &res);
	assert_int_equal(res.a.result, PRIV_DONE);
	snprintf(port, sizeof(port), "%d", rig_read_pid(res.fds.fd[1]));
	run(r, "agent", net, ARGV(PYTHON, "-c", calls, port));
	(void)close(res.fds.fd[0]);
	res.fds.fd[0] = -1;
	(void)rig_read_all(res.fds.fd[1], out, sizeof(out));
	assert_string_equal(out, want);
	rig_exit(r, res.a.handle, &e);
	assert_int_equal(rig_ack(r, res.a.handle), PRIV_DONE);
	rig_close(&res);
}

static void
abuse_I10_of_another_run(void **state)
{
	struct rig r;

	(void)state;
	if (access(PYTHON, X_OK) != 0) {
		print_message("no python3 here\n");
		skip();
	}
	rig_start(&r, NULL);
	/* Where there are no namespaces, none of them has sockets at all. */
	if ((r.hello.features & PRIV_F_USERNS) != 0)
		neighbours(&r, PRIV_NET_NONE, "nobody came\n");
	/* In the machine's own network they meet, like all there. */
	neighbours(&r, PRIV_NET_FULL, "somebody came\n");
	rig_stop(&r);
}

/* A queue has a name that belongs to no file. */
static void
abuse_I20_queues(void **state)
{
	char mine[32];
	const char *wanted;
	struct rig r;
	mqd_t queue;

	(void)state;
	snprintf(mine, sizeof(mine), "/rdv-mine-%d", getpid());
	queue = mq_open(mine, O_CREAT | O_EXCL | O_RDWR, 0600, NULL);
	assert_true(queue >= 0);
	rig_start(&r, NULL);
	wanted =
	    (r.hello.features & PRIV_F_USERNS) != 0 ? "ENOENT\n" : "EPERM\n";
	run(&r, "agent", PRIV_NET_PROFILE, ARGV(actor, "queue", mine));
	assert_string_equal(out, wanted);
	run(&r, "script", PRIV_NET_PROFILE, ARGV(actor, "queue", mine));
	assert_string_equal(out, "EPERM\n");
	run(&r, "login", PRIV_NET_PROFILE, ARGV(actor, "queue", mine));
	assert_string_equal(out, "ok\n");
	rig_stop(&r);
	assert_int_equal(mq_close(queue), 0);
	assert_int_equal(mq_unlink(mine), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(abuse_I10_each_way_by_itself),
		cmocka_unit_test(abuse_I10_of_another_run),
		cmocka_unit_test(abuse_I20_queues),
	};

	return cmocka_run_group_tests_name("ways", tests, find_tools, NULL);
}
