/* SPDX-License-Identifier: MIT */
/*
 * Viewers that come back: a terminal each, all at once, cut off together by a
 * hand-over. Each connects again at once, at the byte it wants next, types a
 * key and waits for its echo; how long that took is the pause it has seen. One
 * that is turned away because its terminal is not there yet comes again after a
 * while, as the page does.
 *
 *   pause SOCKET HEADERS-FILE SESSION...
 *
 * Says "ready" when all are there, and after the hand-over in milliseconds how
 * long the first, the median and the last waited.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "bench/bench.h"

#define HEAD_MAX 4096
#define WAIT_MS	 60000
#define AGAIN_NS 250000000
#define CLOSE	 8

struct viewer {
	const char *session;
	int fd;
	bool open;	     /* the answer to its request is complete */
	bool typed;	     /* and it was told that it is attached */
	bool back;	     /* it has its echo */
	size_t have;	     /* of `text` */
	char text[HEAD_MAX]; /* what came before it has typed */
	struct ws_count count;
	uint64_t got;	    /* bytes of output */
	int64_t cut, again; /* when it was, and when it comes again; or 0 */
};

static struct {
	const char *sock;
	char headers[2048];
	int poll;
	struct viewer *all;
	size_t n;
	unsigned refused;
} s;

static void
begin(struct viewer *v)
{
	struct epoll_event ev = { .events = EPOLLIN, .data.ptr = v };
	char text[HEAD_MAX];

	v->fd = bench_connect(s.sock);
	v->open = v->typed = v->back = false;
	v->have = 0;
	memset(&v->count, 0, sizeof(v->count));
	v->count.skip = 8;
	(void)snprintf(text, sizeof(text),
	    "GET /ws/terminal/%s?offset=%llu HTTP/1.1\r\nHost: localhost\r\n"
	    "Upgrade: websocket\r\nConnection: Upgrade\r\n"
	    "Sec-WebSocket-Version: 13\r\n"
	    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n%s\r\n",
	    v->session, (unsigned long long)v->got, s.headers);
	bench_write_all(v->fd, text, strlen(text));
	if (epoll_ctl(s.poll, EPOLL_CTL_ADD, v->fd, &ev) != 0)
		bench_die("epoll_ctl");
}

/* Where frames begin in what has come, once the head is complete. */
static size_t
body_at(struct viewer *v)
{
	const char *end;

	v->text[v->have] = '\0';
	end = strstr(v->text, "\r\n\r\n");
	v->open = end != NULL;
	return v->open ? (size_t)(end + 4 - v->text) : v->have;
}

/* What it hears until it is told that it is attached, and types. */
static void
greet(struct viewer *v, size_t n)
{
	size_t from = v->have;

	v->have += n;
	if (!v->open)
		from = body_at(v);
	v->got +=
	    ws_count_feed(&v->count, (uint8_t *)v->text + from, v->have - from);
	v->typed = memmem(v->text, v->have, "\"type\":\"ready\"", 14) != NULL;
	if (v->typed)
		bench_ws_send(v->fd, 1, "k", 1);
}

/* False: it was cut off, or turned away. */
static bool
take(struct viewer *v)
{
	static uint8_t buf[65536];
	uint64_t before = v->got;
	ssize_t n;

	if (v->typed)
		n = read(v->fd, buf, sizeof(buf));
	else
		n = read(v->fd, v->text + v->have, HEAD_MAX - 1 - v->have);
	if (n > 0 && !v->typed) {
		greet(v, (size_t)n);
	} else if (n > 0) {
		v->got += ws_count_feed(&v->count, buf, (size_t)n);
		v->back = v->back || v->got > before;
	}
	return n > 0 && v->count.opcode != CLOSE;
}

static void
step(struct viewer *v, int64_t *cut)
{
	if (take(v))
		return;
	(void)close(v->fd);
	s.refused += !v->back && v->cut != 0;
	if (*cut == 0)
		*cut = bench_ns();
	if (v->cut != 0 && !v->back) {
		v->again = bench_ns() + AGAIN_NS;
		return;
	}
	v->cut = bench_ns();
	begin(v);
}

/* Who was turned away and has waited; milliseconds until the next has. */
static int
come_again(void)
{
	const int64_t now = bench_ns();
	int64_t wait = (int64_t)WAIT_MS * 1000000;
	struct viewer *v;

	for (v = s.all; v < s.all + s.n; v++) {
		if (v->again != 0 && v->again <= now) {
			v->again = 0;
			begin(v);
		} else if (v->again != 0 && v->again - now < wait) {
			wait = v->again - now;
		}
	}
	return (int)(wait / 1000000) + 1;
}

/* Until all are there; when the first of them was cut off. */
static int64_t
gather(bool again, int64_t *took)
{
	struct epoll_event ev[64];
	const int64_t late = bench_ns() + (int64_t)WAIT_MS * 1000000;
	int64_t cut = 0;
	size_t there = 0;
	bool was;
	int i, n;

	while (there < s.n) {
		n = epoll_wait(s.poll, ev, 64, come_again());
		if (n < 0 || bench_ns() > late)
			bench_die("nothing happens");
		for (i = 0; i < n; i++) {
			struct viewer *v = ev[i].data.ptr;

			was = v->back && (!again || v->cut != 0);
			step(v, &cut);
			if (was || !v->back || (again && v->cut == 0))
				continue;
			took[there++] = bench_ns() - cut;
		}
	}
	return cut;
}

static void
slurp(const char *path)
{
	FILE *f = fopen(path, "re");
	size_t n;

	if (f == NULL)
		bench_die(path);
	n = fread(s.headers, 1, sizeof(s.headers) - 1, f);
	s.headers[n] = '\0';
	(void)fclose(f);
}

int
main(int argc, char **argv)
{
	int64_t *took;
	size_t i;

	if (argc < 4)
		return 2;
	s.sock = argv[1];
	slurp(argv[2]);
	s.n = (size_t)argc - 3;
	s.all = calloc(s.n, sizeof(*s.all));
	took = calloc(s.n, sizeof(*took));
	s.poll = epoll_create1(EPOLL_CLOEXEC);
	if (s.all == NULL || took == NULL || s.poll < 0)
		bench_die("start");
	for (i = 0; i < s.n; i++) {
		s.all[i].session = argv[3 + i];
		begin(&s.all[i]);
	}
	(void)gather(false, took);
	printf("ready\n");
	(void)fflush(stdout);
	(void)gather(true, took);
	printf("{\"first_ms\":%.2f,\"median_ms\":%.2f,\"last_ms\":%.2f,"
	       "\"refused\":%u}\n",
	    (double)bench_quantile(took, s.n, 0) / 1e6,
	    (double)bench_quantile(took, s.n, 0.5) / 1e6,
	    (double)bench_quantile(took, s.n, 1) / 1e6, s.refused);
	return 0;
}
