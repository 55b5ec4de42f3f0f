/* SPDX-License-Identifier: MIT */
#ifndef RDV_HELPERLINK_H
#define RDV_HELPERLINK_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/privproto.h"
#include "lib/seqpkt.h"

struct loop;
struct helperlink;

/*
 * One connection to one [ops]: packets, request ids, the bound on what
 * travels and the queue behind it. It knows no verb; daemon/helper.c does.
 */
#define HELPERLINK_WAITING 1024 /* requests behind the travelling ones */

/*
 * The outcome of one request, exactly once. `err` 0: `body` holds the answer
 * and `fds` what came with it, which the callee takes (and sets n to 0) or
 * leaves to be closed; false says the answer breaks the protocol. RDV_E_FULL:
 * the answer is there, and there was no room here for its descriptors.
 * Otherwise both are NULL and the result is not looked at.
 */
typedef bool
helperlink_fn(int err, struct buf *body, struct seqpkt_many *fds, void *arg);

struct helperlink_ops {
	/* A notice. False: it breaks the protocol. */
	bool (*notice)(const struct priv_header *h, struct buf *body,
	    void *arg);
	/*
	 * An answer to an id this connection never gave or that was answered
	 * already; its descriptors are closed after the call.
	 */
	void (*stale)(const struct priv_header *h, struct buf *body, void *arg);
	/* No packet comes any more: end of file, or a `broken` peer. */
	void (*closed)(bool broken, void *arg);
};

/* Takes `sock`. Every callback comes from the loop. */
struct helperlink *helperlink_new(struct loop *l, int sock,
    const struct helperlink_ops *ops, void *arg);
/*
 * Fails what is outstanding or waits, in order, once each. Never called inside
 * a callback of the link.
 */
void helperlink_free(struct helperlink *k);

/* The id for the next request, to be encoded into it. */
uint32_t helperlink_id(struct helperlink *k);
/*
 * Queues an encoded request. RDV_E_BUSY when the queue is full; then `cb` is
 * never called.
 */
int helperlink_send(struct helperlink *k, uint16_t op, uint32_t id,
    const struct buf *msg, helperlink_fn *cb, void *arg);

struct helperlink_stats {
	uint64_t sent, stale;
	unsigned outstanding, waiting;
	int64_t rtt_us; /* of the newest answer */
};
void helperlink_stats(const struct helperlink *k, struct helperlink_stats *out);

#endif
