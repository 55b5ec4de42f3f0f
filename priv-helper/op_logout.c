/* SPDX-License-Identifier: MIT */
/*
 * LOGOUT: a grant ends before its time. Runs started under it go on; to end
 * them is SIGNAL's business.
 */
#include "priv-helper/auditacts.h"
#include "priv-helper/ops.h"
#include "priv-helper/peer.h"

void
op_logout(struct ops *o, uint32_t id, union ops_request *m)
{
	audit_logout(o, &m->logout);
	if (grant_drop(&o->grants, m->logout.grant))
		peer_answer(o, id, PRIV_LOGOUT, PRIV_DONE, "");
	else
		peer_answer(o, id, PRIV_LOGOUT, PRIV_NO_SUCH,
		    "no such grant, or it has expired");
}
