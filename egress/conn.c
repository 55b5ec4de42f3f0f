/* SPDX-License-Identifier: MIT */
/*
 * One connection of the run: one request, judged, answered or carried. What it
 * asks for counts with its row of the list, and what is not in the list with
 * the row behind the last.
 */
#include "egress/conn.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "egress/body.h"
#include "egress/dial.h"
#include "egress/head.h"
#include "egress/relay.h"
#include "lib/clock.h"
#include "lib/egress.h"
#include "lib/xalloc.h"

/* A head comes at once, or from somebody who holds a place. */
#define HEAD_MS 30000
/* getaddrinfo(3) has large buffers; two of relay() are on it, too. */
#define STACK	 (512 * 1024)
#define SENTENCE 768

struct conns {
	const struct egress_page *list; /* what decides */
	struct egress_page *page;	/* what is only written to */
	pthread_mutex_t lock;
	pthread_cond_t changed;
	pthread_attr_t attr;
	int news;	  /* eventfd: one has ended */
	unsigned n;	  /* threads */
	unsigned sending; /* of whose connections more may come of the run */
};

struct conn {
	struct conns *all;
	int fd;
	bool sent; /* it counts no more in all->sending */
	char in[HEAD_MAX];
	size_t n;
	struct head head;
};

struct conns *
conns_new(const struct egress_page *list, struct egress_page *page)
{
	struct conns *c = xcalloc(1, sizeof(*c));

	c->list = list;
	c->page = page;
	c->news = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (c->news < 0) {
		free(c);
		return NULL;
	}
	(void)pthread_mutex_init(&c->lock, NULL);
	(void)pthread_cond_init(&c->changed, NULL);
	(void)pthread_attr_init(&c->attr);
	(void)pthread_attr_setstacksize(&c->attr, STACK);
	(void)pthread_attr_setdetachstate(&c->attr, PTHREAD_CREATE_DETACHED);
	return c;
}

static void
conn_sent_cb(void *arg)
{
	struct conn *c = arg;

	if (c->sent)
		return;
	c->sent = true;
	(void)pthread_mutex_lock(&c->all->lock);
	c->all->sending--;
	(void)pthread_cond_broadcast(&c->all->changed);
	(void)pthread_mutex_unlock(&c->all->lock);
}

static void
conn_end(struct conn *c)
{
	struct conns *all = c->all;

	conn_sent_cb(c);
	(void)close(c->fd);
	free(c);
	(void)pthread_mutex_lock(&all->lock);
	all->n--;
	(void)pthread_mutex_unlock(&all->lock);
	(void)eventfd_write(all->news, 1);
}

int
conns_news(const struct conns *c)
{
	return c->news;
}

bool
conns_room(struct conns *c)
{
	eventfd_t any;
	bool room;

	(void)eventfd_read(c->news, &any);
	(void)pthread_mutex_lock(&c->lock);
	room = c->n < CONNS_MAX;
	(void)pthread_mutex_unlock(&c->lock);
	return room;
}

void
conns_beat(struct conns *c)
{
	egress_beat(c->page);
}

static void
add(struct conn *c, int row, enum egress_count what)
{
	const uint32_t i = row >= 0 ? (uint32_t)row : c->all->list->n;

	__atomic_fetch_add(&c->all->page->rows[i].count[what], 1,
	    __ATOMIC_RELAXED);
}

/* False when it is to be ended. */
static bool
await(int fd, short events, int64_t until)
{
	struct pollfd p = { .fd = fd, .events = events };
	int64_t left;
	int n;

	do {
		left = until - clock_mono_ms();
		n = left > 0 ? poll(&p, 1, (int)left) : 0;
	} while (n < 0 && errno == EINTR);
	return n > 0;
}

static bool
send_all(int fd, const char *p, size_t n, uint64_t *count)
{
	const int64_t until = clock_mono_ms() + HEAD_MS;
	ssize_t some;

	while (n > 0) {
		some = send(fd, p, n, MSG_NOSIGNAL);
		if (some < 0 && errno != EAGAIN && errno != EINTR)
			return false;
		if (some < 0 && !await(fd, POLLOUT, until))
			return false;
		if (some < 0)
			continue;
		p += some;
		n -= (size_t)some;
		if (count != NULL)
			__atomic_fetch_add(count, (uint64_t)some,
			    __ATOMIC_RELAXED);
	}
	return true;
}

/* What it has sent and nobody reads would have the kernel take this back. */
static void
linger(const struct conn *c)
{
	const int64_t until = clock_mono_ms() + 1000;
	char rest[1024];
	ssize_t n = 1;

	(void)shutdown(c->fd, SHUT_WR);
	while (n > 0 && await(c->fd, POLLIN, until))
		n = recv(c->fd, rest, sizeof(rest), 0);
}

__attribute__((format(printf, 3, 4))) static void
answer(const struct conn *c, int status, const char *format, ...)
{
	static const struct {
		int status;
		const char *name;
	} names[] = { { 400, "Bad Request" }, { 403, "Forbidden" },
		{ 431, "Request Header Fields Too Large" },
		{ 501, "Not Implemented" }, { 502, "Bad Gateway" } };
	char why[SENTENCE], text[SENTENCE + 256];
	const char *name = "";
	va_list ap;
	int n;

	va_start(ap, format);
	(void)vsnprintf(why, sizeof(why), format, ap);
	va_end(ap);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (names[i].status == status)
			name = names[i].name;
	n = snprintf(text, sizeof(text),
	    "HTTP/1.1 %d %s\r\nContent-Type: text/plain; charset=utf-8\r\n"
	    "Content-Length: %zu\r\nConnection: close\r\n\r\nrdv: %s\n",
	    status, name, strlen(why) + 6, why);
	if (n > 0 && (size_t)n < sizeof(text) &&
	    send_all(c->fd, text, (size_t)n, NULL))
		linger(c);
}

/* Bytes of the head, or 0 when that was answered or there is none. */
static size_t
read_head(struct conn *c)
{
	const int64_t until = clock_mono_ms() + HEAD_MS;
	const char *why = NULL;
	ssize_t n;
	int used;

	for (;;) {
		used = head_parse(c->in, c->n, &c->head, &why);
		if (used > 0)
			return (size_t)used;
		if (used < 0) {
			answer(c, -used, "%s", why);
			return 0;
		}
		if (!await(c->fd, POLLIN, until))
			return 0;
		n = recv(c->fd, c->in + c->n, sizeof(c->in) - c->n, 0);
		if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
			return 0;
		if (n > 0)
			c->n += (size_t)n;
	}
}

static void
carry(struct conn *c, int host, int row, size_t used)
{
	static const char made[] =
	    "HTTP/1.1 200 Connection established\r\n\r\n";
	uint64_t *const count = c->all->page->rows[row].count;
	const struct head *h = &c->head;
	struct body body = { 0 };
	struct relay r = { .run = c->fd,
		.host = host,
		.first = c->in + used,
		.nfirst = c->n - used,
		.body = h->connect ? NULL : &body,
		.sent = &count[EGRESS_SENT],
		.received = &count[EGRESS_RECEIVED],
		.all_sent = conn_sent_cb,
		.arg = c };
	bool ok;

	body_begin(&body, h->body, h->length);
	if (h->connect)
		ok = send_all(c->fd, made, sizeof(made) - 1, NULL);
	else
		ok = send_all(host, h->out, h->outlen, r.sent);
	if (ok)
		relay(&r);
	/* Behind its one request there may be more. */
	if (!h->connect)
		linger(c);
}

/* Names of the run's choosing go into sentences as the grammar has them. */
static void
serve(struct conn *c)
{
	const struct egress_page *list = c->all->list;
	const size_t used = read_head(c);
	struct dial_error e;
	int row, host;

	if (used == 0)
		return;
	row = judge_target(list, &c->head.target);
	if (row < 0) {
		add(c, row, EGRESS_REFUSED);
		answer(c, 403, "%s is not let through by %s", c->head.shown,
		    list->rule);
		return;
	}
	host = dial(&c->head.target, &e);
	if (host < 0) {
		add(c, row, e.refused ? EGRESS_REFUSED : EGRESS_FAILED);
		answer(c, e.refused ? 403 : 502, "%s: %s%s%s", c->head.shown,
		    e.why, e.refused ? ", which has to stand itself in " : "",
		    e.refused ? list->rule : "");
		return;
	}
	add(c, row, EGRESS_CONNECTIONS);
	carry(c, host, row, used);
	(void)close(host);
}

static void *
conn_thread_cb(void *arg)
{
	serve(arg);
	conn_end(arg);
	return NULL;
}

void
conns_add(struct conns *all, int fd)
{
	struct conn *c = xcalloc(1, sizeof(*c));
	pthread_t thread;

	c->all = all;
	c->fd = fd;
	(void)pthread_mutex_lock(&all->lock);
	all->n++;
	all->sending++;
	(void)pthread_mutex_unlock(&all->lock);
	if (pthread_create(&thread, &all->attr, conn_thread_cb, c) != 0)
		conn_end(c);
}

void
conns_finish(struct conns *c, int ms)
{
	struct timespec until;
	int err = 0;

	(void)clock_gettime(CLOCK_REALTIME, &until);
	until.tv_nsec += (long)ms * 1000000;
	until.tv_sec += until.tv_nsec / 1000000000;
	until.tv_nsec %= 1000000000;
	(void)pthread_mutex_lock(&c->lock);
	while (c->sending > 0 && err == 0)
		err = pthread_cond_timedwait(&c->changed, &c->lock, &until);
	(void)pthread_mutex_unlock(&c->lock);
}
