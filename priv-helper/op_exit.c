/* SPDX-License-Identifier: MIT */
/*
 * EXIT: as a notice, a run has ended with all it started; as a request, rdvd
 * has made that end durable, and only now are the last descriptors given up. So
 * bytes that were still in the terminal survive an rdvd that dies before.
 */
#include <errno.h>

#include "lib/seqpkt.h"
#include "priv-helper/ops.h"
#include "priv-helper/peer.h"

void
op_exit(struct ops *o, uint32_t id, union ops_request *m)
{
	struct run *r = run_find(&o->runs, m->exit.handle);

	if (r == NULL) {
		peer_answer(o, id, PRIV_EXIT, PRIV_NO_SUCH, "no such run");
		return;
	}
	if (r->state != RUN_ENDED) {
		peer_answer(o, id, PRIV_EXIT, PRIV_DENIED,
		    "the run has not ended");
		return;
	}
	r->state = RUN_DONE;
	seqpkt_fds_close(&r->fds);
	peer_answer(o, id, PRIV_EXIT, PRIV_DONE, "");
}

void
op_exit_notice(struct ops *o, struct run *r)
{
	struct buf b;

	if (o->full)
		return;
	buf_init(&b, SEQPKT_MAX);
	priv_put_exit(&b, 0, PRIV_NOTICE, &r->end);
	if (peer_send(o, &b, NULL) != -EAGAIN)
		r->notice_due = false;
	buf_done(&b);
}
