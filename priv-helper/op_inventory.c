/* SPDX-License-Identifier: MIT */
/*
 * INVENTORY: what a new rdvd finds, one run per question, with its descriptors.
 * While no rdvd read, programs waited on full pipes and terminals; nothing was
 * lost. Standard input is not here to be given: only rdvd ever held it, so that
 * closing it reached the program.
 */
#include <string.h>

#include "lib/seqpkt.h"
#include "lib/str.h"
#include "priv-helper/ops.h"
#include "priv-helper/peer.h"

static void
describe(const struct run *r, struct priv_inventory_answer *a)
{
	a->result = PRIV_DONE;
	a->handle = r->handle;
	(void)str_copy(a->label, r->label, sizeof(a->label));
	(void)str_copy(a->profile, profiles[r->profile].name,
	    sizeof(a->profile));
	a->io = r->io;
	a->state = r->state == RUN_ENDED ? PRIV_EXITED : PRIV_RUNNING;
	a->uid = r->uid;
	a->pid = (uint32_t)r->pid;
	a->guards = r->guards;
	a->hold = r->hold;
	a->status = r->end.status;
	a->started_ms = r->started_ms;
}

static int
answer(struct ops *o, uint32_t id, const struct priv_inventory_answer *a,
    const struct seqpkt_fds *fds)
{
	struct buf b;
	int err;

	buf_init(&b, SEQPKT_MAX);
	priv_put_inventory_answer(&b, id, fds != NULL ? (uint8_t)fds->n : 0, a);
	err = peer_send(o, &b, fds);
	buf_done(&b);
	return err;
}

void
op_inventory(struct ops *o, uint32_t id, union ops_request *m)
{
	const struct run *r = run_after(&o->runs, m->inventory.after);
	struct priv_inventory_answer a;

	memset(&a, 0, sizeof(a));
	a.result = PRIV_NO_SUCH;
	if (r != NULL)
		describe(r, &a);
	if (answer(o, id, &a, r != NULL ? &r->fds : NULL) == 0 || r == NULL)
		return;
	/* There is one, and it cannot be given now: to be asked again. */
	memset(&a, 0, sizeof(a));
	a.result = PRIV_BUSY;
	(void)answer(o, id, &a, NULL);
}
