/* SPDX-License-Identifier: MIT */
/*
 * REVOKE: a token ends, and with it every grant that was given for it: who has
 * stolen a token does not outlive it by the hour that a grant may last. Nor do
 * spare runs outlive the last grant.
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
judge(const struct ops *o, const struct priv_revoke *m, uid_t *uid,
    char why[PRIV_WHY_MAX + 1])
{
	if (!o->system)
		return say(PRIV_UNSUPPORTED, why,
		    "this helper runs in user mode and keeps no tokens");
	if (!grant_find(&o->grants, m->grant, uid))
		return say(PRIV_DENIED, why,
		    "no such grant, or it has expired");
	if (!tokens_has(&o->tokens, *uid, m->sha256, clock_wall_ms()))
		return say(PRIV_NO_SUCH, why, "no such token, or it has ended");
	return PRIV_DONE;
}

static enum priv_result
end(struct ops *o, uid_t uid, const uint8_t sum[SHA256_LEN],
    char why[PRIV_WHY_MAX + 1])
{
	int err = tokens_remove(&o->tokens, uid, sum, clock_wall_ms());

	/* It has expired since it was judged. */
	if (err == RDV_E_NOT_FOUND)
		err = 0;
	grant_end_of(&o->grants, sum);
	if (grant_until(&o->grants, uid) == 0)
		ahead_drop_of(o, uid);
	return err == 0 ? PRIV_DONE : say(PRIV_FAILED, why, strerror(-err));
}

void
op_revoke(struct ops *o, uint32_t id, union ops_request *m)
{
	char why[PRIV_WHY_MAX + 1] = "";
	uid_t uid = 0;
	enum priv_result result = judge(o, &m->revoke, &uid, why);
	bool refused = result != PRIV_DONE;

	if (!refused && !audit_revoke(o, &m->revoke, why)) {
		result = PRIV_FAILED;
		refused = audit_absent(&o->audit);
	}
	if (result == PRIV_DONE)
		result = end(o, uid, m->revoke.sha256, why);
	audit_revoke_done(o, &m->revoke, refused, result, why);
	peer_answer(o, id, PRIV_REVOKE, result, why);
}
