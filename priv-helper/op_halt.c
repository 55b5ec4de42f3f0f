/* SPDX-License-Identifier: MIT */
/*
 * HALT, which is only ever told: the program of a run is stopped, or goes on.
 * Nothing follows from it here; a stopped run is held, counted and ended as any
 * other is.
 */
#include <errno.h>

#include "lib/seqpkt.h"
#include "priv-helper/ops.h"
#include "priv-helper/peer.h"

void
op_halt_notice(struct ops *o, struct run *r)
{
	const struct priv_halted m = { .handle = r->handle,
		.halt = (uint8_t)r->halt };
	struct buf b;

	/* One that has not said HELLO learns it from INVENTORY. */
	if (o->full || !o->hello)
		return;
	buf_init(&b, SEQPKT_MAX);
	priv_put_halted(&b, &m);
	if (peer_send(o, &b, NULL) != -EAGAIN)
		r->halt_due = false;
	buf_done(&b);
}
