/* SPDX-License-Identifier: MIT */
/*
 * ENROLL: a new token of an account. User mode has none: rdvd alone knows the
 * tokens of its own account there.
 */
#include "priv-helper/ops.h"
#include "priv-helper/peer.h"

void
op_enroll(struct ops *o, uint32_t id, union ops_request *m)
{
	(void)m;
	peer_answer(o, id, PRIV_ENROLL, PRIV_UNSUPPORTED,
	    "this helper runs in user mode and keeps no tokens");
}
