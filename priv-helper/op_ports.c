/* SPDX-License-Identifier: MIT */
/*
 * PORTS: where the processes of a run listen. It is its reaper that looks, with
 * the rights of the account; here it is asked and what it says handed on. That
 * is read, and changes nothing, so there is nothing to put on record.
 */
#include <errno.h>
#include <stdlib.h>

#include "lib/seqpkt.h"
#include "priv-helper/ops.h"
#include "priv-helper/peer.h"

void
op_ports(struct ops *o, uint32_t id, union ops_request *m)
{
	const struct reaper_order order = { .verb = REAPER_PORTS };
	struct run *r = run_find(&o->runs, m->ports.handle);

	if (r == NULL || r->state != RUN_RUNNING || r->over || r->control < 0) {
		peer_answer(o, id, PRIV_PORTS, PRIV_NO_SUCH,
		    "no such run, or it has ended");
		return;
	}
	/* One that was asked answers both. */
	if (!r->ports_asked &&
	    seqpkt_send(r->control, &order, sizeof(order), NULL) != 0) {
		peer_answer(o, id, PRIV_PORTS, PRIV_BUSY,
		    "the run's reaper does not listen");
		return;
	}
	r->ports_asked = true;
	peer_answer(o, id, PRIV_PORTS, PRIV_DONE, "");
}

void
op_ports_notice(struct ops *o, struct run *r)
{
	struct buf b;

	/* One that has not said HELLO has not asked. */
	if (o->full)
		return;
	buf_init(&b, SEQPKT_MAX);
	priv_put_ports(&b, 0, PRIV_NOTICE, r->ports);
	if (!o->hello || peer_send(o, &b, NULL) != -EAGAIN) {
		free(r->ports);
		r->ports = NULL;
	}
	buf_done(&b);
}
