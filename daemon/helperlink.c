/* SPDX-License-Identifier: MIT */
/*
 * One connection to [ops]. Request ids start at a random number for every
 * connection, so an answer meant for a daemon that was killed, or a second
 * answer to the same request, matches nothing and is dropped (abuse E09).
 * Invariant: every request handed in has its callback called exactly once,
 * and no request is ever sent twice (E10).
 */
#include "daemon/helperlink.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/loop.h"
#include "lib/clock.h"
#include "lib/err.h"
#include "lib/list.h"
#include "lib/log.h"
#include "lib/secret.h"
#include "lib/xalloc.h"

/* Packets taken per turn, so that a talkative [ops] cannot hold the loop. */
#define PACKETS_PER_TURN 64

struct request {
	TAILQ_ENTRY(request) link;
	uint32_t id;
	uint16_t op;
	uint8_t *msg; /* NULL once it has been sent */
	size_t len;
	int64_t sent_us;
	helperlink_fn *cb;
	void *arg;
};
TAILQ_HEAD(requests, request);

struct helperlink {
	struct loop *loop;
	int sock;
	struct loop_watch *readable, *writable;
	const struct helperlink_ops *ops;
	void *arg;
	uint32_t base, issued; /* ids base .. base + issued - 1 were given */
	struct requests travelling, waiting;
	struct helperlink_stats stats;
	bool dead; /* nothing is sent or received any more */
};

static void helperlink_readable_cb(int, short, void *);
static void helperlink_writable_cb(int, short, void *);

struct helperlink *
helperlink_new(struct loop *l, int sock, const struct helperlink_ops *ops,
    void *arg)
{
	struct helperlink *k = xcalloc(1, sizeof(*k));

	k->loop = l;
	k->sock = sock;
	k->ops = ops;
	k->arg = arg;
	TAILQ_INIT(&k->travelling);
	TAILQ_INIT(&k->waiting);
	secret_random(&k->base, sizeof(k->base));
	k->readable =
	    loop_watch_new(l, sock, LOOP_READ, helperlink_readable_cb, k);
	k->writable =
	    loop_watch_new(l, sock, LOOP_WRITE, helperlink_writable_cb, k);
	loop_watch_disable(k->writable);
	return k;
}

static void
request_free(struct request *r)
{
	if (r->msg != NULL)
		secret_free(r->msg, r->len);
	free(r);
}

static void
fail_all(struct requests *list)
{
	struct request *r;

	while ((r = TAILQ_FIRST(list)) != NULL) {
		TAILQ_REMOVE(list, r, link);
		(void)r->cb(RDV_E_UNAVAILABLE, NULL, NULL, r->arg);
		request_free(r);
	}
}

void
helperlink_free(struct helperlink *k)
{
	if (k == NULL)
		return;
	k->dead = true;
	loop_watch_free(k->readable);
	loop_watch_free(k->writable);
	(void)close(k->sock);
	fail_all(&k->travelling);
	fail_all(&k->waiting);
	free(k);
}

uint32_t
helperlink_id(struct helperlink *k)
{
	return k->base + k->issued++;
}

/* Ends the connection; the owner frees it, now or later. */
static void
die(struct helperlink *k, bool broken)
{
	if (k->dead)
		return;
	k->dead = true;
	loop_watch_disable(k->readable);
	loop_watch_disable(k->writable);
	k->ops->closed(broken, k->arg);
}

/* False when the socket takes no more for now. */
static bool
send_one(struct helperlink *k, struct request *r)
{
	int err = seqpkt_send(k->sock, r->msg, r->len, NULL);

	if (err == -EAGAIN) {
		loop_watch_enable(k->writable);
		return false;
	}
	if (err != 0)
		return false; /* [ops] is gone: end of file says so shortly */
	TAILQ_REMOVE(&k->waiting, r, link);
	k->stats.waiting--;
	secret_free(r->msg, r->len);
	r->msg = NULL;
	r->sent_us = clock_mono_us();
	TAILQ_INSERT_TAIL(&k->travelling, r, link);
	k->stats.outstanding++;
	k->stats.sent++;
	return true;
}

/*
 * As many travel as [ops] may be asked at once; the rest waits here, where it
 * can be counted.
 */
static void
send_more(struct helperlink *k)
{
	struct request *r;

	while (!k->dead && k->stats.outstanding < PRIV_OUTSTANDING &&
	       (r = TAILQ_FIRST(&k->waiting)) != NULL)
		if (!send_one(k, r))
			return;
}

int
helperlink_send(struct helperlink *k, uint16_t op, uint32_t id,
    const struct buf *msg, helperlink_fn *cb, void *arg)
{
	struct request *r;

	if (k->stats.waiting >= HELPERLINK_WAITING)
		return RDV_E_BUSY;
	r = xcalloc(1, sizeof(*r));
	r->id = id;
	r->op = op;
	r->msg = xmemdup(msg->data, msg->len);
	r->len = msg->len;
	r->cb = cb;
	r->arg = arg;
	TAILQ_INSERT_TAIL(&k->waiting, r, link);
	k->stats.waiting++;
	send_more(k);
	return 0;
}

static void
helperlink_writable_cb(int fd, short what, void *arg)
{
	struct helperlink *k = arg;

	(void)fd;
	(void)what;
	loop_watch_disable(k->writable);
	send_more(k);
}

static struct request *
find(struct helperlink *k, uint32_t id)
{
	struct request *r;

	/* At most PRIV_OUTSTANDING of them. */
	TAILQ_FOREACH (r, &k->travelling, link)
		if (r->id == id)
			return r;
	return NULL;
}

static bool
answered(struct helperlink *k, const struct priv_header *h, struct buf *body,
    struct seqpkt_many *fds)
{
	struct request *r = find(k, h->id);
	bool ok;

	if (r == NULL) {
		k->stats.stale++;
		log_debug("helper", "stale answer op=%s id=%u issued=%d",
		    priv_op_name(h->op), h->id,
		    (uint32_t)(h->id - k->base) < k->issued);
		k->ops->stale(h, body, k->arg);
		return true;
	}
	/* An answer to something else than was asked. */
	if (r->op != h->op)
		return false;
	TAILQ_REMOVE(&k->travelling, r, link);
	k->stats.outstanding--;
	k->stats.rtt_us = clock_mono_us() - r->sent_us;
	ok = r->cb(fds->lost ? RDV_E_FULL : 0, body, fds, r->arg);
	request_free(r);
	send_more(k);
	return ok;
}

/* False: the peer is broken or taken over. */
static bool
packet(struct helperlink *k, const uint8_t *p, size_t len,
    struct seqpkt_many *fds)
{
	struct priv_header h;
	struct buf b;

	buf_wrap(&b, p, len);
	/* Those that were lost are the kernel's word, and not the peer's. */
	if (!priv_get_header(&b, &h) || (h.nfds != fds->n && !fds->lost))
		return false;
	if (h.kind == PRIV_NOTICE)
		return k->ops->notice(&h, &b, k->arg);
	if (h.kind != PRIV_ANSWER)
		return false;
	return answered(k, &h, &b, fds);
}

/* One packet; false when there is no more to do in this turn. */
static bool
receive(struct helperlink *k)
{
	static uint8_t space[SEQPKT_MAX]; /* one loop, one thread */
	struct seqpkt_many fds = { .n = 0 };
	bool ok;
	long n = seqpkt_recv_many(k->sock, space, sizeof(space), &fds);

	if (n == -EAGAIN)
		return false;
	if (n <= 0) {
		/* A peer killed with our packets unread resets instead. */
		die(k, n != 0 && n != -ECONNRESET);
		return false;
	}
	ok = packet(k, space, (size_t)n, &fds);
	seqpkt_many_close(&fds);
	if (!ok)
		die(k, true);
	return ok && !k->dead;
}

static void
helperlink_readable_cb(int fd, short what, void *arg)
{
	struct helperlink *k = arg;

	(void)fd;
	(void)what;
	for (int i = 0; i < PACKETS_PER_TURN; i++)
		if (!receive(k))
			return;
}

void
helperlink_stats(const struct helperlink *k, struct helperlink_stats *out)
{
	*out = k->stats;
}
