/* SPDX-License-Identifier: MIT */
/*
 * One terminal and many who look at it. `echo` presses a key COUNT times and
 * times each viewer's echo, and beside it a process that writes as many bytes
 * to as many socket pairs in a bare loop; `flood` releases COUNT MiB and times
 * until the last viewer has the last byte.
 *
 *   viewers echo|flood N COUNT SOCKET TARGET HEADERS-FILE
 */
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bench/bench.h"

#define VIEWERS_MAX 1000
#define ECHO_BYTES  11 /* a frame's head, the offset and the key */
#define WARM	    20
#define PAUSE_MS    5

struct viewer {
	int fd;
	struct ws_count count;
	unsigned pongs;
	uint64_t got;
};

/* Those who look, or the far ends of the socket pairs. */
struct crowd {
	struct viewer v[VIEWERS_MAX];
	int ep, keys; /* who presses a key writes there */
	bool ws;
};

static struct crowd watching, bare;
static unsigned nviewers;
static char buf[1 << 18];

static void
raise_limit(void)
{
	struct rlimit rl = { 4 * VIEWERS_MAX, 4 * VIEWERS_MAX };

	if (setrlimit(RLIMIT_NOFILE, &rl) != 0)
		bench_die("setrlimit");
}

static void
join_crowd(struct crowd *c, unsigned i, int fd)
{
	struct epoll_event ev = { .events = EPOLLIN, .data.u32 = i };

	c->v[i] = (struct viewer){ .fd = fd, .count.skip = 8 };
	if (epoll_ctl(c->ep, EPOLL_CTL_ADD, fd, &ev) != 0)
		bench_die("epoll_ctl");
}

static void
take(struct crowd *c, struct viewer *v)
{
	ssize_t n = read(v->fd, buf, sizeof(buf));

	if (n <= 0)
		bench_die("a viewer was sent away");
	v->got += c->ws ? ws_count_feed(&v->count, (uint8_t *)buf, (size_t)n)
			: (uint64_t)n;
	for (; v->pongs < v->count.pings; v->pongs++)
		bench_ws_pong(v->fd);
}

/* Until each has `want` bytes; when it had, in ns from `start`. */
static void
until_all(struct crowd *c, uint64_t want, int64_t start, int64_t *took)
{
	struct epoll_event ev[256];
	unsigned left = nviewers;
	struct viewer *v;
	bool had;
	int n;

	for (unsigned i = 0; i < nviewers; i++)
		left -= c->v[i].got >= want;
	while (left > 0) {
		n = epoll_wait(c->ep, ev, 256, 60000);
		if (n <= 0)
			bench_die("nothing for a minute");
		for (int i = 0; i < n; i++) {
			v = &c->v[ev[i].data.u32];
			had = v->got >= want;
			take(c, v);
			if (had || v->got < want)
				continue;
			left--;
			took[ev[i].data.u32] = bench_ns() - start;
		}
	}
}

static void
watch_all(const char *sock, const char *target, const char *headers)
{
	static char text[2048];
	FILE *f = fopen(headers, "re");
	int fd;

	if (f == NULL)
		bench_die(headers);
	text[fread(text, 1, sizeof(text) - 1, f)] = '\0';
	(void)fclose(f);
	watching.ep = epoll_create1(EPOLL_CLOEXEC);
	watching.ws = true;
	for (unsigned i = 0; i < nviewers; i++) {
		fd = bench_connect(sock);
		bench_ws_open(fd, target, text);
		join_crowd(&watching, i, fd);
	}
	watching.keys = watching.v[0].fd;
}

/* The least that could be done: a loop of writes in another process. */
_Noreturn static void
writer(const int *fds, int keys)
{
	char c;

	while (read(keys, &c, 1) == 1)
		for (unsigned i = 0; i < nviewers; i++)
			bench_write_all(fds[i], buf, ECHO_BYTES);
	_exit(0);
}

static void
pair_all(void)
{
	static int out[VIEWERS_MAX];
	int two[2];

	bare.ep = epoll_create1(EPOLL_CLOEXEC);
	for (unsigned i = 0; i <= nviewers; i++) {
		if (socketpair(AF_UNIX, SOCK_STREAM, 0, two) != 0)
			bench_die("socketpair");
		if (i == nviewers)
			break;
		out[i] = two[1];
		join_crowd(&bare, i, two[0]);
	}
	bare.keys = two[0];
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

static void
press(struct crowd *c, int64_t *took)
{
	uint64_t want = c->v[0].got + (c->ws ? 1 : ECHO_BYTES);
	int64_t start = bench_ns();

	if (c->ws)
		bench_ws_send(c->keys, 1, "k", 1);
	else
		bench_write_all(c->keys, "k", 1);
	until_all(c, want, start, took);
	(void)poll(NULL, 0, PAUSE_MS);
}

/* Of all echoes of all viewers; `last`: of the last viewer, the median. */
static void
say(const char *who, int64_t *took, size_t count)
{
	size_t all = count * nviewers;
	int64_t *last = calloc(count, sizeof(*last));

	if (last == NULL)
		bench_die("calloc");
	for (size_t i = 0; i < all; i++)
		if (took[i] > last[i / nviewers])
			last[i / nviewers] = took[i];
	printf("\"%s_p50_us\":%.1f,\"%s_p99_us\":%.1f,\"%s_last_us\":%.1f", who,
	    (double)bench_quantile(took, all, 0.5) / 1e3, who,
	    (double)bench_quantile(took, all, 0.99) / 1e3, who,
	    (double)bench_quantile(last, count, 0.5) / 1e3);
	free(last);
}

static void
run_echo(size_t count)
{
	int64_t *ours = calloc(count * nviewers, sizeof(*ours));
	int64_t *theirs = calloc(count * nviewers, sizeof(*theirs));

	if (ours == NULL || theirs == NULL)
		bench_die("calloc");
	pair_all();
	for (unsigned i = 0; i < WARM; i++) {
		press(&watching, ours);
		press(&bare, theirs);
	}
	for (size_t i = 0; i < count; i++) {
		press(&watching, ours + i * nviewers);
		press(&bare, theirs + i * nviewers);
	}
	printf("{");
	say("rdv", ours, count);
	printf(",");
	say("bare", theirs, count);
	printf("}\n");
}

static void
run_flood(size_t mib)
{
	static int64_t took[VIEWERS_MAX];
	const uint64_t want = watching.v[0].got + ((uint64_t)mib << 20);
	int64_t start = bench_ns(), sec;

	bench_ws_send(watching.keys, 1, "g", 1);
	until_all(&watching, want, start, took);
	sec = bench_ns() - start;
	printf("{\"mb_per_s\":%.1f,\"bytes\":%llu}\n",
	    (double)(mib << 20) * nviewers / 1e6 / ((double)sec / 1e9),
	    (unsigned long long)(mib << 20) * nviewers);
}

int
main(int argc, char **argv)
{
	static int64_t ready[VIEWERS_MAX];

	if (argc != 7) {
		fprintf(stderr, "usage: viewers echo|flood N COUNT SOCKET"
				" TARGET HEADERS\n");
		return 2;
	}
	nviewers = (unsigned)bench_num(argv[2]);
	if (nviewers == 0 || nviewers > VIEWERS_MAX)
		return 2;
	raise_limit();
	watch_all(argv[4], argv[5], argv[6]);
	/* The program says one byte when its terminal is raw and it waits. */
	until_all(&watching, 1, bench_ns(), ready);
	printf("watching\n");
	(void)fflush(stdout);
	/* The driver reads the daemon's figures now and then lets us go on. */
	if (fgets(buf, sizeof(buf), stdin) == NULL)
		return 1;
	if (strcmp(argv[1], "echo") == 0)
		run_echo((size_t)bench_num(argv[3]));
	else
		run_flood((size_t)bench_num(argv[3]));
	return 0;
}
