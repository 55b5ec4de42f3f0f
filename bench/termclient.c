/* SPDX-License-Identifier: MIT */
/*
 * The other end of the measured terminals: `flood` releases N floods at once
 * and times the bytes; `echo` times single keystrokes, perhaps while another
 * terminal floods. It speaks plain sockets and WebSockets alike, so that rdv
 * and its peers meet the same client.
 *
 *   termclient flood MIB ENDPOINT...
 *   termclient echo COUNT ENDPOINT [FLOOD-ENDPOINT]
 *   termclient stall MIB ENDPOINT
 *
 * `stall` releases a flood, reads none of it, says so once the connection has
 * stood full for a second, and stays until it is ended.
 *
 * ENDPOINT is  raw:SOCKET  or  PROTOCOL:SOCKET:TARGET:HEADERS-FILE  .
 */
#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "bench/bench.h"

#define ENDS_MAX 64

#define INPUT_MAX 16

/* What each of them puts around the terminal's bytes. */
static const struct proto {
	const char *name;
	bool ws;
	unsigned skip;	    /* bytes at the front of a message of output */
	char only;	    /* the first of them, where others come too */
	const char *hello;  /* the first message */
	const char *before; /* what is typed */
} protos[] = {
	{ "raw", false, 0, 0, NULL, "" },
	{ "rdv", true, 8, 0, NULL, "" },
	{ "node", true, 0, 0, NULL, "" },
	{ "ttyd", true, 1, '0',
	    "{\"AuthToken\":\"\",\"columns\":80,\"rows\":24}", "0" },
};

struct end {
	int fd;
	const struct proto *proto;
	struct ws_count count;
	unsigned pongs;
	uint64_t got;
};

static uint8_t buf[1 << 18];

static char *
slurp(const char *path)
{
	static char text[2048];
	FILE *f = fopen(path, "re");
	size_t n;

	if (f == NULL)
		bench_die(path);
	n = fread(text, 1, sizeof(text) - 1, f);
	text[n] = '\0';
	(void)fclose(f);
	return text;
}

static const struct proto *
proto_of(const char *name)
{
	for (size_t i = 0; i < sizeof(protos) / sizeof(protos[0]); i++)
		if (strcmp(protos[i].name, name) == 0)
			return &protos[i];
	bench_die(name);
}

static void
end_open(struct end *e, char *spec)
{
	char *part[4] = { NULL };
	char *save = spec;
	int i;

	memset(e, 0, sizeof(*e));
	for (i = 0; i < 4 && save != NULL; i++)
		part[i] = strsep(&save, ":");
	e->proto = proto_of(part[0]);
	e->fd = bench_connect(part[1]);
	if (!e->proto->ws)
		return;
	bench_ws_open(e->fd, part[2], slurp(part[3]));
	e->count.skip = e->proto->skip;
	e->count.only = (uint8_t)e->proto->only;
	if (e->proto->hello != NULL)
		bench_ws_send(e->fd, 1, e->proto->hello,
		    strlen(e->proto->hello));
}

static void
end_send(struct end *e, const char *s)
{
	char text[INPUT_MAX];
	int n = snprintf(text, sizeof(text), "%s%s", e->proto->before, s);

	if (e->proto->ws)
		bench_ws_send(e->fd, 1, text, (size_t)n);
	else
		bench_write_all(e->fd, text, (size_t)n);
}

/* Reads once; payload bytes, or dies at the end of the stream. */
static uint64_t
end_read(struct end *e)
{
	ssize_t n = read(e->fd, buf, sizeof(buf));
	uint64_t got;

	if (n <= 0)
		bench_die("peer closed");
	got = e->proto->ws ? ws_count_feed(&e->count, buf, (size_t)n)
			   : (uint64_t)n;
	for (; e->pongs < e->count.pings; e->pongs++)
		bench_ws_pong(e->fd);
	e->got += got;
	return got;
}

/* The flood program says one byte when its terminal is raw and it waits. */
static void
end_ready(struct end *e)
{
	while (e->got == 0)
		(void)end_read(e);
	e->got = 0;
}

static int
run_flood(long mib, int n, char **specs)
{
	static struct end ends[ENDS_MAX];
	struct pollfd pfd[ENDS_MAX];
	const uint64_t want = (uint64_t)mib << 20;
	int64_t start;
	int i, open = n;
	double sec;

	for (i = 0; i < n; i++) {
		end_open(&ends[i], specs[i]);
		end_ready(&ends[i]);
		pfd[i] = (struct pollfd){ ends[i].fd, POLLIN, 0 };
	}
	start = bench_ns();
	for (i = 0; i < n; i++)
		end_send(&ends[i], "g");
	while (open > 0) {
		if (poll(pfd, (nfds_t)n, 60000) <= 0)
			bench_die("no bytes for a minute");
		for (i = 0; i < n; i++) {
			if ((pfd[i].revents & (POLLIN | POLLHUP)) == 0)
				continue;
			(void)end_read(&ends[i]);
			if (ends[i].got >= want) {
				pfd[i].fd = -1;
				open--;
			}
		}
	}
	sec = (double)(bench_ns() - start) / 1e9;
	printf("{\"mb_per_s\":%.2f,\"seconds\":%.3f,\"bytes\":%llu}\n",
	    (double)want * n / 1e6 / sec, sec,
	    (unsigned long long)want * (unsigned)n);
	return 0;
}

static void
drain(struct end *e)
{
	struct pollfd p = { e->fd, POLLIN, 0 };

	while (poll(&p, 1, 0) > 0)
		(void)end_read(e);
}

/* One keystroke and its echo; the flooding neighbour is read meanwhile. */
static int64_t
one_echo(struct end *e, struct end *flood)
{
	struct pollfd p[2] = { { e->fd, POLLIN, 0 },
		{ flood != NULL ? flood->fd : -1, POLLIN, 0 } };
	const int64_t start = bench_ns();
	uint64_t before = e->got;

	end_send(e, "k");
	while (e->got == before) {
		if (poll(p, 2, 10000) <= 0)
			bench_die("no echo for ten seconds");
		if (p[0].revents != 0)
			(void)end_read(e);
		else if (p[1].revents != 0)
			(void)end_read(flood);
	}
	return bench_ns() - start;
}

/* Between keystrokes: about 2 ms in which only the flood is read. */
static void
pause_reading(struct end *flood)
{
	struct pollfd p = { flood != NULL ? flood->fd : -1, POLLIN, 0 };
	const int64_t until = bench_ns() + 2000000;

	while (bench_ns() < until) {
		if (poll(&p, 1, 1) > 0)
			(void)end_read(flood);
	}
}

static int
run_echo(long count, char *spec, char *flood_spec)
{
	static struct end e, f;
	struct end *flood = flood_spec != NULL ? &f : NULL;
	int64_t *took = calloc((size_t)count, sizeof(*took));
	int64_t p50, p99, start;
	uint64_t before;
	double sec;
	long i;

	if (took == NULL)
		bench_die("calloc");
	end_open(&e, spec);
	if (flood != NULL) {
		end_open(&f, flood_spec);
		end_ready(&f);
		end_send(&f, "g");
	}
	for (i = 0; i < 50; i++) {
		(void)one_echo(&e, flood);
		pause_reading(flood);
	}
	drain(&e);
	before = flood != NULL ? flood->got : 0;
	start = bench_ns();
	for (i = 0; i < count; i++) {
		took[i] = one_echo(&e, flood);
		pause_reading(flood);
	}
	sec = (double)(bench_ns() - start) / 1e9;
	p50 = bench_quantile(took, (size_t)count, 0.5);
	p99 = bench_quantile(took, (size_t)count, 0.99);
	printf("{\"p50_us\":%.1f,\"p99_us\":%.1f,\"count\":%ld,"
	       "\"flood_mb_per_s\":%.2f}\n",
	    (double)p50 / 1e3, (double)p99 / 1e3, count,
	    flood != NULL ? (double)(flood->got - before) / 1e6 / sec : 0.0);
	free(took);
	return 0;
}

/* Nothing is read: FIONREAD stops growing when every buffer is full. */
static int
run_stall(char *spec)
{
	static struct end e;
	int have = 0, before = -1;

	end_open(&e, spec);
	end_ready(&e);
	end_send(&e, "g");
	while (have == 0 || have != before) {
		before = have;
		(void)poll(NULL, 0, 1000);
		if (ioctl(e.fd, FIONREAD, &have) != 0)
			bench_die("FIONREAD");
	}
	printf("full\n");
	(void)fflush(stdout);
	(void)pause();
	return 0;
}

int
main(int argc, char **argv)
{
	if (argc == 4 && strcmp(argv[1], "stall") == 0)
		return run_stall(argv[3]);
	if (argc >= 4 && argc - 3 <= ENDS_MAX && strcmp(argv[1], "flood") == 0)
		return run_flood(bench_num(argv[2]), argc - 3, argv + 3);
	if ((argc == 4 || argc == 5) && strcmp(argv[1], "echo") == 0)
		return run_echo(bench_num(argv[2]), argv[3], argv[4]);
	fprintf(stderr, "usage: termclient flood MIB END... |"
			" echo COUNT END [FLOOD] | stall MIB END\n");
	return 2;
}
