/* SPDX-License-Identifier: MIT */
/*
 * Bytes both ways between two sockets. What one side does not take the other is
 * not asked for, so a connection has two buffers and never more.
 */
#include "egress/relay.h"

#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "egress/body.h"

#define IDLE_MS (10 * 60 * 1000)
#define BYTES	16384

/* One direction. */
struct way {
	int from, to;
	struct body *body; /* how far `from` is listened to; NULL: to its end */
	uint64_t *count;
	size_t at, len; /* what waits in `buf` */
	bool ended;	/* nothing more is read */
	bool done;	/* and all of it is written */
	char buf[BYTES];
};

static bool
would_wait(void)
{
	return errno == EAGAIN || errno == EINTR;
}

/* False: there is no point in going on. */
static bool
take(struct way *w, size_t n)
{
	w->at = 0;
	w->len = n;
	if (w->body == NULL)
		return true;
	w->len = body_take(w->body, w->buf, n);
	w->ended = w->body->at == BODY_END;
	return w->body->at != BODY_BAD;
}

static bool
fill(struct way *w)
{
	ssize_t n = recv(w->from, w->buf, BYTES, 0);

	if (n < 0)
		return would_wait();
	if (n > 0)
		return take(w, (size_t)n);
	/* In the middle of a body it has given up. */
	w->ended = true;
	return w->body == NULL;
}

static bool
drain(struct way *w)
{
	ssize_t n = send(w->to, w->buf + w->at, w->len, MSG_NOSIGNAL);

	if (n < 0)
		return would_wait();
	/* Read by others while we count, and by nobody written. */
	__atomic_fetch_add(w->count, (uint64_t)n, __ATOMIC_RELAXED);
	w->at += (size_t)n;
	w->len -= (size_t)n;
	return true;
}

/* The host takes no more of it, but may have answered before it said so. */
static void
give_up(struct way *up)
{
	up->len = 0;
	up->ended = true;
}

/*
 * The end of a request with a length is no end of the connection: some servers
 * take it for one and do not answer.
 */
static void
conclude(struct way *w)
{
	if (w->done || !w->ended || w->len > 0)
		return;
	w->done = true;
	if (w->body == NULL)
		(void)shutdown(w->to, SHUT_WR);
}

static short
wants(const struct way *in, const struct way *out)
{
	short events = 0;

	if (!in->ended && in->len == 0)
		events |= POLLIN;
	if (out->len > 0)
		events |= POLLOUT;
	return events;
}

static bool
step(struct way *up, struct way *down)
{
	struct pollfd p[2] = {
		{ .fd = up->from, .events = wants(up, down) },
		{ .fd = down->from, .events = wants(down, up) },
	};

	int n;

	for (int i = 0; i < 2; i++)
		if (p[i].events == 0)
			p[i].fd = -1;
	n = poll(p, 2, IDLE_MS);
	if (n <= 0)
		return n < 0 && errno == EINTR;
	if (up->len == 0 && !up->ended && p[0].revents != 0 && !fill(up))
		return false;
	if (down->len == 0 && !down->ended && p[1].revents != 0 && !fill(down))
		return false;
	if (up->len > 0 && !drain(up))
		give_up(up);
	return down->len == 0 || drain(down);
}

void
relay(const struct relay *r)
{
	struct way up = {
		.from = r->run, .to = r->host, .body = r->body, .count = r->sent
	};
	struct way down = {
		.from = r->host, .to = r->run, .count = r->received
	};
	bool more = true, told = false;

	if (r->body != NULL && r->body->at == BODY_END)
		up.ended = true;
	else if (r->nfirst > 0) {
		memcpy(up.buf, r->first, r->nfirst);
		more = take(&up, r->nfirst);
	}
	while (more) {
		conclude(&up);
		conclude(&down);
		if (up.done && !told)
			r->all_sent(r->arg);
		told = up.done;
		/*
		 * An answer is complete when it has ended, whatever was sent.
		 */
		more = !(down.done && (up.done || r->body != NULL)) &&
		       step(&up, &down);
	}
}
