/* SPDX-License-Identifier: MIT */
/*
 * REVOKE: a token ends, and with it every grant that was given for it: who has
 * stolen a token does not outlive it by the hour that a grant may last.
 */
#include <stdio.h>
#include <string.h>

#include "lib/clock.h"
#include "lib/err.h"
#include "priv-helper/auditacts.h"
#include "priv-helper/ops.h"
#include "priv-helper/peer.h"

static enum priv_result
say(enum priv_result result, char why[PRIV_WHY_MAX + 1], const char *text)
{
	snprintf(why, PRIV_WHY_MAX + 1, "%s", text);
	return result;
}

static enum priv_result
judge(struct ops *o, const struct priv_revoke *m, char why[PRIV_WHY_MAX + 1])
{
	const uint8_t *sum = m->sha256;
	uid_t uid;
	int err;

	if (!o->system)
		return say(PRIV_UNSUPPORTED, why,
		    "this helper runs in user mode and keeps no tokens");
	if (!grant_find(&o->grants, m->grant, &uid))
		return say(PRIV_DENIED, why,
		    "no such grant, or it has expired");
	err = tokens_remove(&o->tokens, uid, sum, clock_wall_ms());
	if (err == RDV_E_NOT_FOUND)
		return say(PRIV_NO_SUCH, why, "no such token, or it has ended");
	grant_end_of(&o->grants, sum);
	return err == 0 ? PRIV_DONE : say(PRIV_FAILED, why, strerror(-err));
}

void
op_revoke(struct ops *o, uint32_t id, union ops_request *m)
{
	char why[PRIV_WHY_MAX + 1] = "";
	enum priv_result result = PRIV_FAILED;

	if (audit_revoke(o, &m->revoke, why))
		result = judge(o, &m->revoke, why);
	audit_revoke_done(o, &m->revoke, result, why);
	peer_answer(o, id, PRIV_REVOKE, result, why);
}
