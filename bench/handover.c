/* SPDX-License-Identifier: MIT */
/*
 * Descriptors from the helper to the daemon: a small request and the answer to
 * SPAWN with its three descriptors, written and read as both sides do it, by
 * turns with one byte that is sent and sent back. Two processes; both pairs are
 * blocking, so that nobody pays for poll(2), and share a processor, as waking
 * another that sleeps takes four times as long as all of it, or does not, by
 * the kernel's choice of one. Prints medians of the best turn.
 */
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/bench.h"
#include "lib/privproto.h"
#include "lib/seqpkt.h"

#define TURNS 15
#define TRIPS 2000

static const struct priv_spawn_answer answer = {
	.result = PRIV_DONE, .handle = 1, .pid = 1, .guards = PRIV_G_NNP
};

static void
answer_bytes(int sock)
{
	char c;

	while (read(sock, &c, 1) == 1)
		if (write(sock, &c, 1) != 1)
			break;
}

/* [ops]' part: three pipe ends that it keeps, as it does with a spool. */
static void
answer_spawns(int sock)
{
	static uint8_t packet[SEQPKT_MAX];
	struct seqpkt_fds fds = { .n = 3 };
	struct priv_header h;
	struct buf b;
	int p[2];
	long n;

	if (pipe(p) != 0)
		bench_die("pipe");
	fds.fd[0] = p[0];
	fds.fd[1] = fds.fd[2] = p[1];
	while ((n = seqpkt_recv(sock, packet, sizeof(packet), NULL)) > 0) {
		buf_wrap(&b, packet, (size_t)n);
		if (!priv_get_header(&b, &h))
			bench_die("header");
		buf_init(&b, SEQPKT_MAX);
		priv_put_spawn_answer(&b, h.id, 3, &answer);
		if (seqpkt_send(sock, b.data, b.len, &fds) != 0)
			bench_die("send");
		buf_done(&b);
	}
}

static int64_t
trip_byte(int sock)
{
	const int64_t begun = bench_ns();
	char c = 'x';

	if (write(sock, &c, 1) != 1 || read(sock, &c, 1) != 1)
		bench_die("byte");
	return bench_ns() - begun;
}

static int64_t
trip_spawn(int sock)
{
	static uint8_t packet[SEQPKT_MAX];
	const struct priv_inventory ask = { .after = 0 };
	const int64_t begun = bench_ns();
	struct priv_spawn_answer a;
	struct seqpkt_fds fds;
	struct priv_header h;
	struct buf b;
	int64_t took;
	long n;

	buf_init(&b, SEQPKT_MAX);
	priv_put_inventory(&b, 1, &ask);
	if (seqpkt_send(sock, b.data, b.len, NULL) != 0)
		bench_die("send");
	buf_done(&b);
	n = seqpkt_recv(sock, packet, sizeof(packet), &fds);
	buf_wrap(&b, packet, n > 0 ? (size_t)n : 0);
	if (!priv_get_header(&b, &h) || !priv_get_spawn_answer(&b, &a) ||
	    fds.n != 3)
		bench_die("answer");
	took = bench_ns() - begun;
	/* The daemon's to keep, so their end is no part of it. */
	seqpkt_fds_close(&fds);
	return took;
}

static struct side {
	const char *name;
	int type;
	void (*serve)(int sock);
	int64_t (*trip)(int sock);
	int sock;
	int64_t best;
} sides[] = {
	{ "byte", SOCK_STREAM, answer_bytes, trip_byte, -1, INT64_MAX },
	{ "handover", SOCK_SEQPACKET, answer_spawns, trip_spawn, -1,
	    INT64_MAX },
};
#define SIDES (sizeof(sides) / sizeof(sides[0]))

/* The other process; it ends with its socket. */
static void
open_side(struct side *s)
{
	int pair[2];
	pid_t pid;

	if (socketpair(AF_UNIX, s->type | SOCK_CLOEXEC, 0, pair) != 0 ||
	    (pid = fork()) < 0)
		bench_die("fork");
	if (pid == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		(void)close(pair[0]);
		s->serve(pair[1]);
		_exit(0);
	}
	(void)close(pair[1]);
	s->sock = pair[0];
}

static void
turn(struct side *s)
{
	static int64_t took[TRIPS];
	int64_t median;
	int i;

	for (i = 0; i < TRIPS; i++)
		took[i] = s->trip(s->sock);
	median = bench_quantile(took, TRIPS, 0.5);
	if (median < s->best)
		s->best = median;
}

static void
share_a_processor(void)
{
	cpu_set_t one;

	CPU_ZERO(&one);
	CPU_SET(sched_getcpu(), &one);
	if (sched_setaffinity(0, sizeof(one), &one) != 0)
		bench_die("sched_setaffinity");
}

int
main(void)
{
	size_t i;
	int n;

	share_a_processor();
	for (i = 0; i < SIDES; i++)
		open_side(&sides[i]);
	for (n = 0; n < TURNS; n++)
		for (i = 0; i < SIDES; i++)
			turn(&sides[i]);
	for (i = 0; i < SIDES; i++) {
		(void)shutdown(sides[i].sock, SHUT_RDWR);
		(void)close(sides[i].sock);
	}
	while (wait(NULL) > 0)
		continue;
	printf("{\"byte_us\":%.2f,\"handover_us\":%.2f}\n",
	    (double)sides[0].best / 1e3, (double)sides[1].best / 1e3);
	return 0;
}
