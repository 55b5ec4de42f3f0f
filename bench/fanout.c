/* SPDX-License-Identifier: MIT */
/*
 * One event to many subscribers: opens N event streams on rdv's socket, sends
 * one change, and times until the last subscriber has its event; beside it a
 * process that writes as many bytes to N socket pairs in a bare loop.
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

#define SUBS_MAX  4096
#define EVENT_MAX 4096

/* Those who are to be told, and one descriptor to say so on. */
struct crowd {
	int fds[SUBS_MAX];
	int ep, trigger;
};

static struct crowd streams, pairs;
static unsigned nsubs;
static char buf[65536];
static size_t event_len; /* bytes of one event as it comes, in its chunk */

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
join_crowd(struct crowd *c, unsigned i, int fd)
{
	struct epoll_event ev = { .events = EPOLLIN, .data.u32 = i };

	c->fds[i] = fd;
	(void)fcntl(fd, F_SETFL, O_NONBLOCK);
	if (epoll_ctl(c->ep, EPOLL_CTL_ADD, fd, &ev) != 0)
		bench_die("epoll_ctl");
}

static void
subscribe_all(const char *path, const char *request, size_t len)
{
	unsigned i;
	int fd;

	streams.ep = epoll_create1(EPOLL_CLOEXEC);
	for (i = 0; i < nsubs; i++) {
		fd = bench_connect(path);
		bench_write_all(fd, request, len);
		read_head(fd);
		join_crowd(&streams, i, fd);
	}
	streams.trigger = bench_connect(path);
}

/* Writes what one event is to everybody, whenever a byte comes in. */
_Noreturn static void
writer(const int *fds, int go)
{
	static const char event[EVENT_MAX] = "data:";
	unsigned i;
	char c;

	while (read(go, &c, 1) == 1)
		for (i = 0; i < nsubs; i++)
			bench_write_all(fds[i], event, event_len);
	_exit(0);
}

/* The least that could be done: a loop of writes in another process. */
static void
pair_all(void)
{
	static int out[SUBS_MAX];
	int two[2];
	unsigned i;

	pairs.ep = epoll_create1(EPOLL_CLOEXEC);
	for (i = 0; i <= nsubs; i++) {
		if (socketpair(AF_UNIX, SOCK_STREAM, 0, two) != 0)
			bench_die("socketpair");
		if (i == nsubs)
			break;
		out[i] = two[1];
		join_crowd(&pairs, i, two[0]);
	}
	pairs.trigger = two[0];
	switch (fork()) {
	case -1:
		bench_die("fork");
	case 0:
		(void)close(two[0]);
		writer(out, two[1]);
	default:
		(void)close(two[1]);
	}
}

/* Microseconds from the trigger's first byte to the last one told. */
static int64_t
one_event(struct crowd *c, const char *trigger, size_t len)
{
	static unsigned char seen[SUBS_MAX];
	struct epoll_event ev[256];
	const int64_t start = bench_ns();
	unsigned left = nsubs;
	ssize_t got;
	int n, i;

	memset(seen, 0, sizeof(seen));
	bench_write_all(c->trigger, trigger, len);
	while (left > 0) {
		n = epoll_wait(c->ep, ev, 256, 10000);
		if (n <= 0)
			bench_die("no event for ten seconds");
		for (i = 0; i < n; i++) {
			got =
			    read(c->fds[ev[i].data.u32], buf, sizeof(buf) - 1);
			if (got <= 0)
				bench_die("stream ended");
			buf[got] = '\0';
			if (strstr(buf, "data:") == NULL ||
			    seen[ev[i].data.u32]++ != 0)
				continue;
			event_len = (size_t)got;
			left--;
		}
	}
	return (bench_ns() - start) / 1000;
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
	printf("subscribed\n");
	(void)fflush(stdout);
	/* The driver reads the daemon's memory now and then lets us go on. */
	if (fgets(buf, sizeof(buf), stdin) == NULL)
		return 1;
	(void)one_event(&streams, trigger, tlen);
	if (event_len > EVENT_MAX)
		bench_die("event too long");
	pair_all();
	for (i = 0; i < rounds; i++) {
		(void)read(streams.trigger, buf, sizeof(buf));
		ours[i] = one_event(&streams, trigger, tlen);
		bare[i] = one_event(&pairs, "!", 1);
	}
	printf("{\"fanout_us\":%lld,\"bare_us\":%lld}\n",
	    (long long)bench_quantile(ours, rounds, 0.5),
	    (long long)bench_quantile(bare, rounds, 0.5));
	return 0;
}
