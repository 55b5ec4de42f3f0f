/* SPDX-License-Identifier: MIT */
/*
 * One event to many subscribers: opens N event streams on rdv's socket, sends
 * one change, and times until the last subscriber has its event; beside it a
 * bare loop writing the same bytes to N socket pairs.
 *
 *   fanout SOCKET N SUBSCRIBE-FILE TRIGGER-FILE ROUNDS
 */
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bench/bench.h"

#define SUBS_MAX 4096

static int subs[SUBS_MAX], trigger_fd, ep;
static unsigned nsubs;
static char buf[65536];

static size_t
slurp(const char *path, char *out, size_t size)
{
	FILE *f = fopen(path, "re");
	size_t n;

	if (f == NULL)
		bench_die(path);
	n = fread(out, 1, size - 1, f);
	out[n] = '\0';
	(void)fclose(f);
	return n;
}

static void
raise_limit(void)
{
	struct rlimit rl = { SUBS_MAX * 3, SUBS_MAX * 3 };

	if (setrlimit(RLIMIT_NOFILE, &rl) != 0)
		bench_die("setrlimit");
}

static void
read_head(int fd)
{
	size_t have = 0;

	while (have < 4 || memcmp(buf + have - 4, "\r\n\r\n", 4) != 0) {
		if (read(fd, buf + have, 1) != 1)
			bench_die("subscribe");
		have++;
	}
	if (memcmp(buf, "HTTP/1.1 200", 12) != 0)
		bench_die("subscribe refused");
}

static void
subscribe_all(const char *path, const char *request, size_t len)
{
	struct epoll_event ev = { .events = EPOLLIN };
	unsigned i;

	ep = epoll_create1(EPOLL_CLOEXEC);
	for (i = 0; i < nsubs; i++) {
		subs[i] = bench_connect(path);
		bench_write_all(subs[i], request, len);
		read_head(subs[i]);
		(void)fcntl(subs[i], F_SETFL, O_NONBLOCK);
		ev.data.u32 = i;
		if (epoll_ctl(ep, EPOLL_CTL_ADD, subs[i], &ev) != 0)
			bench_die("epoll_ctl");
	}
}

/* Microseconds from the trigger's first byte to the last subscriber. */
static int64_t
one_event(const char *trigger, size_t len)
{
	static unsigned char seen[SUBS_MAX];
	struct epoll_event ev[256];
	const int64_t start = bench_ns();
	unsigned left = nsubs;
	int n, i;

	memset(seen, 0, sizeof(seen));
	bench_write_all(trigger_fd, trigger, len);
	while (left > 0) {
		n = epoll_wait(ep, ev, 256, 10000);
		if (n <= 0)
			bench_die("no event for ten seconds");
		for (i = 0; i < n; i++) {
			ssize_t got =
			    read(subs[ev[i].data.u32], buf, sizeof(buf) - 1);

			if (got <= 0)
				bench_die("stream ended");
			buf[got] = '\0';
			if (strstr(buf, "data:") == NULL ||
			    seen[ev[i].data.u32]++ != 0)
				continue;
			left--;
		}
	}
	return (bench_ns() - start) / 1000;
}

static int64_t
bare_loop(size_t len)
{
	static int pair[SUBS_MAX][2];
	int64_t start, took;
	unsigned i;

	for (i = 0; i < nsubs; i++)
		if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0,
			pair[i]) != 0)
			bench_die("socketpair");
	start = bench_ns();
	for (i = 0; i < nsubs; i++)
		bench_write_all(pair[i][0], buf, len);
	for (i = 0; i < nsubs; i++)
		if (read(pair[i][1], buf, len) <= 0)
			bench_die("read");
	took = (bench_ns() - start) / 1000;
	for (i = 0; i < nsubs; i++) {
		(void)close(pair[i][0]);
		(void)close(pair[i][1]);
	}
	return took;
}

int
main(int argc, char **argv)
{
	static int64_t ours[1000], bare[1000];
	char request[4096], trigger[4096];
	size_t rlen, tlen, rounds, i;

	if (argc != 6) {
		fprintf(stderr, "usage: fanout SOCKET N SUBSCRIBE TRIGGER"
				" ROUNDS\n");
		return 2;
	}
	nsubs = (unsigned)bench_num(argv[2]);
	rounds = (size_t)bench_num(argv[5]);
	if (nsubs > SUBS_MAX || rounds > 1000 || rounds == 0)
		return 2;
	raise_limit();
	rlen = slurp(argv[3], request, sizeof(request));
	tlen = slurp(argv[4], trigger, sizeof(trigger));
	subscribe_all(argv[1], request, rlen);
	trigger_fd = bench_connect(argv[1]);
	printf("subscribed\n");
	(void)fflush(stdout);
	/* The driver reads the daemon's memory now and then lets us go on. */
	if (fgets(buf, sizeof(buf), stdin) == NULL)
		return 1;
	for (i = 0; i < rounds; i++) {
		ours[i] = one_event(trigger, tlen);
		(void)read(trigger_fd, buf, sizeof(buf));
		bare[i] = bare_loop(300);
	}
	printf("{\"fanout_us\":%lld,\"bare_us\":%lld}\n",
	    (long long)bench_quantile(ours, rounds, 0.5),
	    (long long)bench_quantile(bare, rounds, 0.5));
	return 0;
}
