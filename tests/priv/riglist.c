/* SPDX-License-Identifier: MIT */
/* INVENTORY as a test asks it: all that one answer has, or the first of it. */
#include "tests/priv/rig.h"
#include "tests/unit/check.h"

void
rig_inventories(struct rig *r, uint64_t after, uint8_t most, struct buf *b,
    struct seqpkt_many *fds)
{
	const struct priv_inventory m = { .after = after, .most = most };
	struct priv_header h;

	buf_init(b, SEQPKT_MAX);
	priv_put_inventory(b, rig_id(r), &m);
	rig_send(r, b->data, b->len);
	buf_done(b);
	rig_answer_many(r, b, &h, fds);
	assert_int_equal(h.id, r->id);
}

enum priv_result
rig_inventory(struct rig *r, uint64_t after, struct priv_inventory_answer *a,
    struct seqpkt_fds *fds)
{
	struct seqpkt_many many;
	struct buf b;

	rig_inventories(r, after, SEQPKT_MANY_MAX, &b, &many);
	assert_true(rig_next(&b, &many, a, fds));
	seqpkt_many_close(&many);
	buf_done(&b);
	return a->result;
}

bool
rig_next(struct buf *b, struct seqpkt_many *many,
    struct priv_inventory_answer *a, struct seqpkt_fds *fds)
{
	unsigned n = 0;

	if (buf_left(b) == 0)
		return false;
	assert_true(priv_get_inventory_answer(b, a));
	if (a->result == PRIV_DONE)
		n = (a->io != PRIV_IO_PIPES ? 3 : 2) +
		    (a->hold.net == PRIV_NET_LIST) +
		    ((a->guards & PRIV_G_DOOR) != 0);
	assert_true(many->n >= n);
	seqpkt_many_take(many, n, fds);
	return true;
}
