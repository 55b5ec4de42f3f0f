/* SPDX-License-Identifier: MIT */
/*
 * Load over a Unix socket on keep-alive connections: closed loop (each sends
 * its next request when answered) for throughput, or a fixed rate (requests
 * leave on schedule whatever the answers do) for honest latencies.
 *
 *   httpload SOCKET CONNS SECONDS RATE REQUEST-FILE [COUNT]
 *
 * RATE 0 is the closed loop, which ends after COUNT answers if that comes
 * before the time is up. The request file is sent byte for byte; "%d" in
 * it, if any, becomes a counter, so that writes differ.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "bench/bench.h"

#define SAMPLES_MAX (1u << 21)
#define CONNS_MAX   1024

struct conn {
	int fd;
	int busy;
	int64_t sent; /* or the scheduled moment, with a rate */
	char in[8192];
	size_t have;
};

static struct conn conns[CONNS_MAX];
static int64_t *samples;
static size_t nsamples;
static uint64_t failures, counter;
static char request[4096];
static unsigned nconns;
static int ep;

static void
load_request(const char *path)
{
	FILE *f = fopen(path, "re");
	size_t n;

	if (f == NULL)
		bench_die(path);
	n = fread(request, 1, sizeof(request) - 1, f);
	request[n] = '\0';
	(void)fclose(f);
}

/* Replaces "%d" by nine digits of the counter: the length stays the same. */
static size_t
next_request(char *out, size_t size)
{
	const char *mark = strstr(request, "%d");
	int n;

	if (mark == NULL)
		n = snprintf(out, size, "%s", request);
	else
		n = snprintf(out, size, "%.*s%09llu%s", (int)(mark - request),
		    request, (unsigned long long)counter++ % 1000000000,
		    mark + 2);
	return (size_t)n;
}

static void
send_one(struct conn *c, int64_t at)
{
	char out[4608];
	const size_t n = next_request(out, sizeof(out));

	bench_write_all(c->fd, out, n);
	c->sent = at;
	c->busy = 1;
	c->have = 0;
}

/* Length of a complete response in the buffer, or 0. */
static size_t
complete(struct conn *c)
{
	char *end, *cl;
	size_t body = 0;

	c->in[c->have] = '\0';
	end = strstr(c->in, "\r\n\r\n");
	if (end == NULL)
		return 0;
	cl = strcasestr(c->in, "\r\ncontent-length:");
	if (cl != NULL && cl < end)
		body = strtoul(cl + 17, NULL, 10);
	if (c->have < (size_t)(end + 4 - c->in) + body)
		return 0;
	return (size_t)(end + 4 - c->in) + body;
}

/* True when the answer to the request in flight is complete. */
static int
conn_read(struct conn *c)
{
	ssize_t n = read(c->fd, c->in + c->have, sizeof(c->in) - 1 - c->have);

	if (n <= 0)
		bench_die("server closed");
	c->have += (size_t)n;
	if (complete(c) == 0)
		return 0;
	if (c->in[9] != '2' && failures++ == 0)
		fprintf(stderr, "first refusal: %.200s\n", c->in);
	if (nsamples < SAMPLES_MAX)
		samples[nsamples++] = bench_ns() - c->sent;
	c->busy = 0;
	return 1;
}

static void
open_all(const char *path)
{
	struct epoll_event ev = { .events = EPOLLIN };
	unsigned i;

	ep = epoll_create1(EPOLL_CLOEXEC);
	for (i = 0; i < nconns; i++) {
		conns[i].fd = bench_connect(path);
		ev.data.u32 = i;
		if (epoll_ctl(ep, EPOLL_CTL_ADD, conns[i].fd, &ev) != 0)
			bench_die("epoll_ctl");
	}
}

static void
closed_loop(int64_t until, size_t count)
{
	struct epoll_event ev[CONNS_MAX];
	unsigned i;
	int n, k;

	for (i = 0; i < nconns; i++)
		send_one(&conns[i], bench_ns());
	while (bench_ns() < until && nsamples < count) {
		n = epoll_wait(ep, ev, CONNS_MAX, 1000);
		for (k = 0; k < n; k++)
			if (conn_read(&conns[ev[k].data.u32]))
				send_one(&conns[ev[k].data.u32], bench_ns());
	}
}

static struct conn *
idle_conn(void)
{
	static unsigned next;
	unsigned i;

	for (i = 0; i < nconns; i++) {
		next = (next + 1) % nconns;
		if (!conns[next].busy)
			return &conns[next];
	}
	return NULL;
}

/* Latency counts from the scheduled moment: a late start is the server's. */
static void
fixed_rate(int64_t until, long rate)
{
	struct epoll_event ev[CONNS_MAX];
	const int64_t step = 1000000000 / rate;
	int64_t due = bench_ns() + step;
	struct conn *c;
	int n, k;

	while (bench_ns() < until) {
		while (due <= bench_ns() && (c = idle_conn()) != NULL) {
			send_one(c, due);
			due += step;
		}
		n = epoll_wait(ep, ev, CONNS_MAX, 0);
		for (k = 0; k < n; k++)
			(void)conn_read(&conns[ev[k].data.u32]);
	}
}

int
main(int argc, char **argv)
{
	int64_t start, p50, p99;
	long seconds, rate;
	double sec;

	if (argc != 6 && argc != 7) {
		fprintf(stderr, "usage: httpload SOCKET CONNS SECONDS RATE"
				" REQUEST-FILE [COUNT]\n");
		return 2;
	}
	nconns = (unsigned)bench_num(argv[2]);
	seconds = bench_num(argv[3]);
	rate = bench_num(argv[4]);
	if (nconns == 0 || nconns > CONNS_MAX)
		return 2;
	load_request(argv[5]);
	samples = calloc(SAMPLES_MAX, sizeof(*samples));
	if (samples == NULL)
		bench_die("calloc");
	open_all(argv[1]);
	start = bench_ns();
	if (rate == 0)
		closed_loop(start + seconds * 1000000000,
		    argc == 7 ? (size_t)bench_num(argv[6]) : SIZE_MAX);
	else
		fixed_rate(start + seconds * 1000000000, rate);
	sec = (double)(bench_ns() - start) / 1e9;
	p50 = bench_quantile(samples, nsamples, 0.5);
	p99 = bench_quantile(samples, nsamples, 0.99);
	printf("{\"per_s\":%.0f,\"p50_us\":%.1f,\"p99_us\":%.1f,"
	       "\"requests\":%zu,\"failures\":%llu}\n",
	    (double)nsamples / sec, (double)p50 / 1e3, (double)p99 / 1e3,
	    nsamples, (unsigned long long)failures);
	return failures != 0;
}
