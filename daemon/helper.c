/* SPDX-License-Identifier: MIT */
/*
 * rdvd's end of the helper protocol: the control socket over which [main]
 * brings each connection, the HELLO that opens it, the notices that come over
 * it and the requests that die with it. Invariant: a request is made on one
 * connection and ends with it, so nothing is ever replayed to an [ops] that did
 * not hear it first hand.
 */
#include "daemon/helper.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/helpercall.h"
#include "daemon/helperlink.h"
#include "daemon/loop.h"
#include "lib/buildid.h"
#include "lib/ctlproto.h"
#include "lib/err.h"
#include "lib/idmap.h"
#include "lib/list.h"
#include "lib/log.h"
#include "lib/str.h"
#include "lib/xalloc.h"

struct exit_wait {
	TAILQ_ENTRY(exit_wait) link;
	uint64_t handle;
	helper_exit_fn *cb;
	void *arg;
};

struct helper {
	struct loop *loop;
	struct loop_watch *control;
	int control_fd;
	struct helperlink *ops; /* NULL between two of them */
	bool hello;		/* answered on this connection */
	bool ending;		/* gone() was called */
	uint64_t generation;
	const struct helper_ops *cb;
	void (*gone)(void *);
	void *arg;
	TAILQ_HEAD(, helper_call) failing;
	TAILQ_HEAD(, exit_wait) waits;
	struct idmap exits; /* handle to struct exit_wait */
	struct helper_stats stats;
};

static void helper_control_cb(int, short, void *);
static void helper_failing_cb(void *);
static void helper_drop_cb(void *);

struct helper *
helper_new(struct loop *l, int control, const struct helper_ops *ops,
    void (*gone)(void *), void *arg)
{
	struct helper *h = xcalloc(1, sizeof(*h));

	h->loop = l;
	h->control_fd = control;
	h->cb = ops;
	h->gone = gone;
	h->arg = arg;
	TAILQ_INIT(&h->failing);
	TAILQ_INIT(&h->waits);
	idmap_init(&h->exits);
	h->control =
	    loop_watch_new(l, control, LOOP_READ, helper_control_cb, h);
	return h;
}

static void
end(struct helper *h)
{
	if (h->ending)
		return;
	h->ending = true;
	h->gone(h->arg);
}

/* Those who wait for an exit learn that it will never be known. */
static void
forget_exits(struct helper *h)
{
	struct exit_wait *w;

	while ((w = TAILQ_FIRST(&h->waits)) != NULL) {
		TAILQ_REMOVE(&h->waits, w, link);
		(void)idmap_del(&h->exits, w->handle);
		w->cb(NULL, w->arg);
		free(w);
	}
}

static void
drop(struct helper *h)
{
	struct helperlink *ops = h->ops;
	struct helperlink_stats s;
	bool was = h->hello;

	if (ops == NULL)
		return;
	helperlink_stats(ops, &s);
	h->stats.sent += s.sent;
	h->stats.stale += s.stale;
	h->stats.failed += s.outstanding + s.waiting;
	/* Before anybody is told, since who is told may ask the next thing. */
	h->ops = NULL;
	h->hello = false;
	h->generation = 0;
	h->stats.pid = h->stats.features = 0;
	helperlink_free(ops);
	forget_exits(h);
	/* Whoever never was there cannot be lost. */
	if (was)
		h->cb->lost(h->arg);
}

void
helper_free(struct helper *h)
{
	bool was;

	if (h == NULL)
		return;
	was = h->hello;
	loop_undefer(h->loop, helper_drop_cb, h);
	loop_watch_free(h->control);
	drop(h);
	if (!was)
		h->cb->lost(h->arg);
	helper_failing_cb(h);
	loop_undefer(h->loop, helper_failing_cb, h);
	idmap_done(&h->exits);
	free(h);
}

bool
helper_ready(const struct helper *h)
{
	return h->hello;
}

uint64_t
helper_generation(const struct helper *h)
{
	return h->generation;
}

/* The request ends without an answer: from the loop, never from the stub. */
static void
fail_later(struct helper_call *c, int err)
{
	struct helper *h = c->helper;

	c->err = err;
	if (TAILQ_EMPTY(&h->failing))
		loop_defer(h->loop, helper_failing_cb, h);
	TAILQ_INSERT_TAIL(&h->failing, c, link);
}

static void
helper_failing_cb(void *arg)
{
	struct helper *h = arg;
	struct helper_call *c;

	while ((c = TAILQ_FIRST(&h->failing)) != NULL) {
		TAILQ_REMOVE(&h->failing, c, link);
		h->stats.failed++;
		(void)c->answer(c, c->err, NULL, NULL);
		free(c);
	}
}

/* A request made while there is nobody to hear it fails at once. */
static bool
usable(const struct helper *h, enum priv_op op)
{
	return h->ops != NULL && (h->hello || op == PRIV_HELLO);
}

static bool
helper_answer_cb(int err, struct buf *body, struct seqpkt_many *fds, void *arg)
{
	struct helper_call *c = arg;
	bool ok = c->answer(c, err, body, fds);

	free(c);
	return ok;
}

struct helper_call *
helper_call_new(struct helper *h, helper_answer_fn *answer, void *arg)
{
	struct helper_call *c = xcalloc(1, sizeof(*c));

	c->helper = h;
	c->answer = answer;
	c->arg = arg;
	return c;
}

uint32_t
helper_call_begin(struct helper *h, struct buf *b)
{
	buf_init_secret(b, SEQPKT_MAX);
	/*
	 * 0 is never sent: without a link the call fails in helper_call_send().
	 */
	return h->ops != NULL ? helperlink_id(h->ops) : 0;
}

void
helper_call_send(struct helper_call *c, enum priv_op op, uint32_t id,
    struct buf *b)
{
	struct helper *h = c->helper;
	int err = RDV_E_UNAVAILABLE;

	if (!buf_ok(b))
		err = RDV_E_TOO_BIG;
	else if (usable(h, op))
		err = helperlink_send(h->ops, op, id, b, helper_answer_cb, c);
	if (err != 0)
		fail_later(c, err);
	buf_done(b);
}

void
helper_on_exit(struct helper *h, uint64_t handle, helper_exit_fn *cb, void *arg)
{
	struct exit_wait *w = xcalloc(1, sizeof(*w));

	w->handle = handle;
	w->cb = cb;
	w->arg = arg;
	TAILQ_INSERT_TAIL(&h->waits, w, link);
	idmap_put(&h->exits, handle, w);
}

static bool
halted(struct helper *h, struct buf *body)
{
	struct priv_halted ev;

	if (!priv_get_halted(body, &ev))
		return false;
	/* Nor is this for us before HELLO. */
	if (h->hello)
		h->cb->halted(&ev, h->arg);
	return true;
}

static bool
listens(struct helper *h, struct buf *body)
{
	struct priv_ports ev;

	if (!priv_get_ports(body, &ev))
		return false;
	if (h->hello)
		h->cb->ports(&ev, h->arg);
	return true;
}

static bool
helper_notice_cb(const struct priv_header *hdr, struct buf *body, void *arg)
{
	struct helper *h = arg;
	struct exit_wait *w;
	struct priv_exit ev;

	if (hdr->op == PRIV_HALT)
		return halted(h, body);
	if (hdr->op == PRIV_PORTS)
		return listens(h, body);
	if (hdr->op != PRIV_EXIT || !priv_get_exit(body, &ev))
		return false;
	/* Before HELLO it tells of another daemon's run: INVENTORY knows it. */
	if (!h->hello)
		return true;
	w = idmap_del(&h->exits, ev.handle);
	if (w == NULL) {
		h->cb->exited(&ev, h->arg);
		return true;
	}
	TAILQ_REMOVE(&h->waits, w, link);
	w->cb(&ev, w->arg);
	free(w);
	return true;
}

static bool
stray(struct helper *h, struct buf *body)
{
	struct priv_spawn_answer a;

	if (!priv_get_spawn_answer(body, &a))
		return false;
	if (a.result == PRIV_DONE)
		h->cb->stray(a.handle, h->arg);
	return true;
}

bool
helper_call_stray(struct helper_call *c, struct buf *body)
{
	return stray(c->helper, body);
}

/*
 * A spawn that was asked for by a daemon now dead can be answered to this one,
 * after INVENTORY was complete: the process lives and nobody waits for it.
 */
static void
helper_stale_cb(const struct priv_header *hdr, struct buf *body, void *arg)
{
	struct helper *h = arg;

	if (h->hello && hdr->op == PRIV_SPAWN)
		(void)stray(h, body);
}

static void
helper_drop_cb(void *arg)
{
	drop(arg);
}

static void
helper_closed_cb(bool broken, void *arg)
{
	struct helper *h = arg;

	if (broken) {
		log_errorx("helper", "[ops] broke the protocol; ending");
		end(h);
		return;
	}
	log_warnx("helper", "[ops] is gone generation=%016llx",
	    (unsigned long long)h->generation);
	loop_defer(h->loop, helper_drop_cb, h);
}

static const struct helperlink_ops link_ops = {
	.notice = helper_notice_cb,
	.stale = helper_stale_cb,
	.closed = helper_closed_cb,
};

static bool
answer_hello(struct helper_call *c, int err, struct buf *body,
    struct seqpkt_many *fds)
{
	struct helper *h = c->helper;
	struct priv_hello m;

	(void)fds;
	if (err != 0)
		return true;
	if (!priv_get_hello(body, &m) || m.generation == 0)
		return false;
	if (strcmp(m.build, build_id) != 0) {
		log_errorx("helper",
		    "[ops] is build %s and this is %s: restart rdv", m.build,
		    build_id);
		end(h);
		return true;
	}
	h->hello = true;
	h->generation = m.generation;
	h->stats.pid = m.pid;
	h->stats.features = m.features;
	h->stats.connects++;
	log_info("helper", "ready pid=%u generation=%016llx", m.pid,
	    (unsigned long long)m.generation);
	h->cb->ready(&m, h->arg);
	return true;
}

static void
say_hello(struct helper *h)
{
	struct priv_hello m = { .pid = (uint32_t)getpid(),
		.uid = (uint32_t)geteuid() };
	struct helper_call *c = helper_call_new(h, answer_hello, NULL);
	struct buf b;
	uint32_t id = helper_call_begin(h, &b);

	(void)str_copy(m.build, build_id, sizeof(m.build));
	priv_put_hello(&b, id, PRIV_REQUEST, &m);
	helper_call_send(c, PRIV_HELLO, id, &b);
}

static void
connected(struct helper *h, struct seqpkt_fds *fds)
{
	int sock = fds->fd[0];

	fds->n = 0;
	/* The old one may be gone and not yet dropped: now it is. */
	loop_undefer(h->loop, helper_drop_cb, h);
	drop(h);
	h->ops = helperlink_new(h->loop, sock, &link_ops, h);
	say_hello(h);
}

static bool
control_word(struct helper *h, const uint8_t *p, size_t len,
    struct seqpkt_fds *fds)
{
	struct buf body;
	bool ok;

	if (len == 1 && p[0] == CTL_OPS && fds->n == 1) {
		connected(h, fds);
		return true;
	}
	buf_wrap(&body, p + 1, len - 1);
	ok = h->cb->word != NULL && h->cb->word((char)p[0], &body, fds, h->arg);
	seqpkt_fds_close(fds);
	return ok;
}

/*
 * True when there was a word. [main] is our parent; what it would never say is
 * its end.
 */
static bool
hear_one(struct helper *h)
{
	struct seqpkt_fds fds = { .n = 0 };
	uint8_t p[CTL_MAX];
	long n = seqpkt_recv(h->control_fd, p, sizeof(p), &fds);

	if (n == -EAGAIN)
		return false;
	if (n > 0 && control_word(h, p, (size_t)n, &fds))
		return true;
	loop_watch_disable(h->control);
	log_errorx("helper", "the control socket ended (%ld)", n);
	end(h);
	return false;
}

static void
helper_control_cb(int fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	(void)hear_one(arg);
}

void
helper_hear(struct helper *h)
{
	while (!h->ending && hear_one(h))
		;
}

void
helper_say(struct helper *h, const struct buf *b)
{
	int err = seqpkt_send(h->control_fd, b->data, b->len, NULL);

	if (err != 0)
		log_warnx("helper", "[main] is not told: %s", strerror(-err));
}

void
helper_stats(const struct helper *h, struct helper_stats *out)
{
	struct helperlink_stats s;

	*out = h->stats;
	if (h->ops == NULL)
		return;
	helperlink_stats(h->ops, &s);
	out->sent += s.sent;
	out->stale += s.stale;
	out->outstanding = s.outstanding;
	out->waiting = s.waiting;
	out->rtt_us = s.rtt_us;
}
