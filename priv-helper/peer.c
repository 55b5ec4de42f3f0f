/* SPDX-License-Identifier: MIT */
/*
 * One request from rdvd, from bytes to answer: receive, table, decode, judge,
 * act, answer. Nothing is judged before the packet is whole and understood to
 * its last byte. No control buffer is given to the kernel, so rdvd can never
 * put a descriptor into this process (abuse E02-E06).
 */
#include "priv-helper/peer.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "lib/buf.h"
#include "lib/log.h"
#include "lib/secret.h"
#include "lib/seqpkt.h"
#include "lib/str.h"
#include "priv-helper/auditacts.h"
#include "priv-helper/ops.h"
#include "security/mutant.h"

/*
 * rdvd is broken or taken over, which is to be on record where it cannot reach.
 * Not exit(): what is inherited from [main] is not ours to run.
 */
static _Noreturn void
broken(struct ops *o, const char *why)
{
	log_errorx("peer", "malformed packet from rdvd: %s; ending", why);
	audit_broken(o, why);
	_exit(1);
}

void
peer_disconnect(struct ops *o)
{
	struct run *r;

	if (o->daemon < 0)
		return;
	(void)close(o->daemon);
	o->daemon = -1;
	o->hello = false;
	grant_wipe(&o->grants);
	ahead_drop(o);
	/* The next rdvd learns about ends and halts by INVENTORY. */
	TAILQ_FOREACH (r, &o->runs.list, entry) {
		r->notice_due = false;
		r->halt_due = false;
	}
}

void
peer_connect(struct ops *o, int sock)
{
	peer_disconnect(o);
	o->daemon = sock;
	o->conn++;
	o->last_id = 0;
	o->full = false;
}

static bool
writable(const struct ops *o)
{
	struct pollfd p = { .fd = o->daemon, .events = POLLOUT };

	/*
	 * The kernel says so while three quarters of the buffer are free, and
	 * then any answer of ours fits. To one that is gone all can be sent.
	 */
	return poll(&p, 1, 0) == 1 &&
	       (p.revents & (POLLOUT | POLLHUP | POLLERR)) != 0;
}

/* What the way of a packet to rdvd came to; `bare`: no descriptor with it. */
static int
sent(struct ops *o, int err, bool bare)
{
	if (err == -EAGAIN)
		o->full = true;
	if (err == 0 || err == -EAGAIN)
		return err;
	if (err == -EPIPE || err == -ECONNRESET) {
		peer_disconnect(o);
		return 0;
	}
	log_errorx("peer", "cannot answer rdvd: %s", strerror(-err));
	if (bare)
		peer_disconnect(o);
	return err;
}

int
peer_send(struct ops *o, struct buf *b, const struct seqpkt_fds *fds)
{
	if (o->daemon < 0)
		return 0;
	return sent(o,
	    buf_ok(b) ? seqpkt_send(o->daemon, b->data, b->len, fds)
		      : -EMSGSIZE,
	    fds == NULL);
}

int
peer_send_many(struct ops *o, struct buf *b, const struct seqpkt_many *fds)
{
	if (o->daemon < 0)
		return 0;
	return sent(o,
	    buf_ok(b) ? seqpkt_send_many(o->daemon, b->data, b->len, fds)
		      : -EMSGSIZE,
	    fds->n == 0);
}

void
peer_audit(enum priv_op op, const char *why)
{
	log_warnx("audit", "denied op=%s why=\"%s\"", priv_op_name(op), why);
}

void
peer_answer(struct ops *o, uint32_t id, enum priv_op op,
    enum priv_result result, const char *why)
{
	struct priv_plain_answer a;
	struct buf b;

	memset(&a, 0, sizeof(a));
	a.result = (uint8_t)result;
	(void)str_copy(a.why, why, sizeof(a.why));
	if (result == PRIV_DENIED)
		peer_audit(op, why);
	buf_init(&b, SEQPKT_MAX);
	priv_put_plain_answer(&b, id, op, &a);
	(void)peer_send(o, &b, NULL);
	buf_done(&b);
}

static void
dispatch(struct ops *o, struct buf *b)
{
	const struct ops_verb *verb;
	union ops_request m;
	struct priv_header h;

	if (!priv_get_header(b, &h))
		broken(o, "header");
	if (h.kind != PRIV_REQUEST)
		broken(o, "not a request");
	verb = ops_verb(h.op);
	if (verb == NULL)
		broken(o, "no such verb");
	/*
	 * Ids begin anywhere and rise, across the end of the range as well. One
	 * that does not is a replay, or an answer gone astray.
	 */
	if (o->hello && (int32_t)(h.id - o->last_id) <= 0 && !mutant("E09"))
		broken(o, "request id does not rise");
	if (verb->first == o->hello)
		broken(o, o->hello ? "HELLO twice" : "HELLO is missing");
	o->last_id = h.id;
	memset(&m, 0, sizeof(m));
	if (!verb->decode(b, &m))
		broken(o, priv_op_name(h.op));
	/* What is forked from here on has no copy of what was sent (N08). */
	secret_wipe(b->data, b->len);
	verb->act(o, h.id, &m);
}

void
peer_read(struct ops *o)
{
	uint8_t packet[SEQPKT_MAX];
	struct buf b;
	long n;

	/* Reading on while answers pile up would need a queue for them. */
	if (!writable(o)) {
		o->full = true;
		return;
	}
	n = seqpkt_recv(o->daemon, packet, sizeof(packet), NULL);
	if (n == -EAGAIN)
		return;
	if (n == -EMSGSIZE || n == -EBADMSG)
		broken(o, "over-long, or with descriptors");
	if (n <= 0) {
		log_info("peer", "rdvd is gone; runs stay");
		peer_disconnect(o);
		return;
	}
	buf_wrap(&b, packet, (size_t)n);
	dispatch(o, &b);
	buf_done(&b);
	secret_wipe(packet, (size_t)n);
}
