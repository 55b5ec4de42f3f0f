/* SPDX-License-Identifier: MIT */
/*
 * REVOKE: a token ends. User mode has none, as with ENROLL.
 */
#include "priv-helper/ops.h"
#include "priv-helper/peer.h"

void
op_revoke(struct ops *o, uint32_t id, union ops_request *m)
{
	(void)m;
	peer_answer(o, id, PRIV_REVOKE, PRIV_UNSUPPORTED,
	    "this helper runs in user mode and keeps no tokens");
}
