/* SPDX-License-Identifier: MIT */
/*
 * The raw limit: a pty and a socket with nothing between them but a buffer.
 * `epoll` serves all connections from one loop; `thread` gives each its own
 * blocking pair of threads. No log, no framing, no resume.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bench/bench.h"

#define PIECE 65536

struct pair {
	int from, to;
};

static char *const *command;

static void *
copy_blocking(void *arg)
{
	struct pair p = *(struct pair *)arg;
	static _Thread_local char buf[PIECE];
	ssize_t n;

	free(arg);
	while ((n = read(p.from, buf, sizeof(buf))) > 0)
		if (!bench_try_write(p.to, buf, (size_t)n))
			break;
	(void)shutdown(p.to, SHUT_RDWR);
	return NULL;
}

static void
start_thread(int from, int to)
{
	struct pair *p = malloc(sizeof(*p));
	pthread_t t;

	if (p == NULL)
		bench_die("malloc");
	p->from = from;
	p->to = to;
	if (pthread_create(&t, NULL, copy_blocking, p) != 0)
		bench_die("pthread_create");
	(void)pthread_detach(t);
}

static void
serve_threads(int listener)
{
	int conn, master, pid;

	while ((conn = accept4(listener, NULL, NULL, SOCK_CLOEXEC)) >= 0) {
		master = bench_pty(command, 0, &pid);
		start_thread(master, conn);
		start_thread(conn, master);
	}
}

static void
watch(int ep, int from, int to)
{
	struct epoll_event ev = { .events = EPOLLIN };

	/* Both ends fit into the 64 bits that epoll hands back. */
	ev.data.u64 = (uint64_t)(uint32_t)from << 32 | (uint32_t)to;
	if (epoll_ctl(ep, EPOLL_CTL_ADD, from, &ev) != 0)
		bench_die("epoll_ctl");
}

static void
accept_one(int ep, int listener)
{
	int conn, master, pid;

	conn = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	if (conn < 0)
		return;
	master = bench_pty(command, 0, &pid);
	watch(ep, master, conn);
	watch(ep, conn, master);
}

static void
serve_epoll(int listener)
{
	struct epoll_event ev[64];
	static char buf[PIECE];
	int ep = epoll_create1(EPOLL_CLOEXEC), n, i, from;
	ssize_t got;

	watch(ep, listener, -1);
	for (;;) {
		n = epoll_wait(ep, ev, 64, -1);
		for (i = 0; i < n; i++) {
			from = (int)(ev[i].data.u64 >> 32);
			if (from == listener) {
				accept_one(ep, listener);
				continue;
			}
			got = read(from, buf, sizeof(buf));
			if (got > 0)
				bench_write_all((int)(uint32_t)ev[i].data.u64,
				    buf, (size_t)got);
			else
				(void)epoll_ctl(ep, EPOLL_CTL_DEL, from, NULL);
		}
	}
}

int
main(int argc, char **argv)
{
	int listener;

	if (argc < 4) {
		fprintf(stderr, "usage: rawpty epoll|thread SOCKET CMD...\n");
		return 2;
	}
	command = argv + 3;
	(void)signal(SIGPIPE, SIG_IGN);
	listener = bench_listen(argv[2]);
	printf("ready\n");
	(void)fflush(stdout);
	if (strcmp(argv[1], "epoll") == 0)
		serve_epoll(listener);
	else
		serve_threads(listener);
	return 0;
}
