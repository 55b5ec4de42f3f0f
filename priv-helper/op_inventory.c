/* SPDX-License-Identifier: MIT */
/*
 * INVENTORY: what a new rdvd finds, as many runs as one packet takes, with
 * their descriptors: clients wait for the last of them. While no rdvd read,
 * programs waited on full pipes and terminals; nothing was lost. The standard
 * input of one that is spoken to is among them. That of any other is not here
 * to be given: only rdvd ever held it, so that closing it reached the program.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lib/seqpkt.h"
#include "lib/str.h"
#include "priv-helper/ops.h"
#include "priv-helper/peer.h"

struct batch {
	struct buf b;
	struct seqpkt_many fds;
	unsigned most; /* descriptors that rdvd can take */
	unsigned n;
};

static void
describe(const struct run *r, struct priv_inventory_answer *a)
{
	memset(a, 0, sizeof(*a));
	a->result = PRIV_DONE;
	a->handle = r->handle;
	(void)str_copy(a->label, r->label, sizeof(a->label));
	(void)str_copy(a->profile, profiles[r->profile].name,
	    sizeof(a->profile));
	a->io = r->io;
	a->state = r->state == RUN_ENDED ? PRIV_EXITED : PRIV_RUNNING;
	a->halt = (uint8_t)r->halt;
	a->uid = r->uid;
	a->pid = (uint32_t)r->pid;
	a->guards = r->guards;
	a->hold = r->hold;
	a->status = r->end.status;
	a->cut = r->end.cut;
	a->started_ms = r->started_ms;
}

/* False: it is full. */
static bool
put(struct batch *t, uint32_t id, const struct priv_inventory_answer *a,
    const struct seqpkt_fds *fds)
{
	const unsigned nfds = t->fds.n + (fds != NULL ? fds->n : 0);

	if (nfds > t->most)
		return false;
	if (t->n == 0)
		priv_put_inventory_answer(&t->b, id, (uint8_t)nfds, a);
	else if (!priv_add_inventory_answer(&t->b, (uint8_t)nfds, a))
		return false;
	for (unsigned i = 0; fds != NULL && i < fds->n; i++)
		t->fds.fd[t->fds.n++] = fds->fd[i];
	t->n++;
	return true;
}

/* Of `n` runs at most the first `most`, and with the last that it is. */
static int
offer(struct ops *o, uint32_t id, const struct priv_inventory *m,
    const struct run *const *runs, unsigned n, unsigned most)
{
	struct batch t = { .most = m->most };
	struct priv_inventory_answer a;
	bool room = true;
	int err;

	buf_init(&t.b, SEQPKT_MAX);
	while (room && t.n < n && t.n < most) {
		describe(runs[t.n], &a);
		room = put(&t, id, &a, &runs[t.n]->fds);
	}
	memset(&a, 0, sizeof(a));
	a.result = PRIV_NO_SUCH;
	if (t.n == n)
		(void)put(&t, id, &a, NULL);
	/* An empty answer would be one that nobody takes. */
	err = t.n > 0 ? peer_send_many(o, &t.b, &t.fds) : -ENOBUFS;
	buf_done(&t.b);
	return err;
}

static void
say_busy(struct ops *o, uint32_t id)
{
	struct priv_inventory_answer a;
	struct buf b;

	memset(&a, 0, sizeof(a));
	a.result = PRIV_BUSY;
	buf_init(&b, SEQPKT_MAX);
	priv_put_inventory_answer(&b, id, 0, &a);
	(void)peer_send(o, &b, NULL);
	buf_done(&b);
}

void
op_inventory(struct ops *o, uint32_t id, union ops_request *m)
{
	const struct run **runs;
	const unsigned n = runs_after(&o->runs, m->inventory.after, &runs);
	int err = offer(o, id, &m->inventory, runs, n, n);

	/*
	 * Where so many descriptors are too many for now, one run may be had.
	 */
	if (err != 0 && n > 1)
		err = offer(o, id, &m->inventory, runs, n, 1);
	if (err != 0)
		say_busy(o, id);
	free(runs);
}
