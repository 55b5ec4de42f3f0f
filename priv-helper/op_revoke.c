/* SPDX-License-Identifier: MIT */
/*
 * REVOKE: a token ends, and with it every grant that was given for it: who has
 * stolen a token does not outlive it by the hour that a grant may last.
 */
#include <string.h>

#include "lib/clock.h"
#include "lib/err.h"
#include "priv-helper/ops.h"
#include "priv-helper/peer.h"

static void
revoke(struct ops *o, uint32_t id, uid_t uid, const uint8_t sum[SHA256_LEN])
{
	int err = tokens_remove(&o->tokens, uid, sum, clock_wall_ms());

	if (err == RDV_E_NOT_FOUND) {
		peer_answer(o, id, PRIV_REVOKE, PRIV_NO_SUCH,
		    "no such token, or it has ended");
		return;
	}
	grant_end_of(&o->grants, sum);
	if (err == 0)
		peer_answer(o, id, PRIV_REVOKE, PRIV_DONE, "");
	else
		peer_answer(o, id, PRIV_REVOKE, PRIV_FAILED, strerror(-err));
}

void
op_revoke(struct ops *o, uint32_t id, union ops_request *m)
{
	uid_t uid;

	if (!o->system)
		peer_answer(o, id, PRIV_REVOKE, PRIV_UNSUPPORTED,
		    "this helper runs in user mode and keeps no tokens");
	else if (!grant_find(&o->grants, m->revoke.grant, &uid))
		peer_answer(o, id, PRIV_REVOKE, PRIV_DENIED,
		    "no such grant, or it has expired");
	else
		revoke(o, id, uid, m->revoke.sha256);
}
