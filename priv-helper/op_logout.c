/* SPDX-License-Identifier: MIT */
/*
 * LOGOUT: a grant ends before its time. Runs started under it go on; to end
 * them is SIGNAL's business.
 */
#include "lib/secret.h"
#include "priv-helper/auditacts.h"
#include "priv-helper/ops.h"
#include "priv-helper/peer.h"

static bool
is_question(const struct priv_logout *m)
{
	static const uint8_t nobody[PRIV_GRANT_LEN];

	return secret_equal(m->grant, nobody, sizeof(nobody));
}

/*
 * rdvd asks in this way whether all is well, for everybody who asks rdvd: no
 * act and no refusal, so nothing of it goes on record.
 */
static void
answer_question(struct ops *o, uint32_t id)
{
	char why[PRIV_WHY_MAX + 1];

	if (audit_ask(o, why))
		peer_answer(o, id, PRIV_LOGOUT, PRIV_NO_SUCH, "no such grant");
	else
		peer_answer(o, id, PRIV_LOGOUT, PRIV_BUSY, why);
}

void
op_logout(struct ops *o, uint32_t id, union ops_request *m)
{
	uid_t uid;

	if (is_question(&m->logout)) {
		answer_question(o, id);
		return;
	}
	audit_logout(o, &m->logout);
	if (grant_find(&o->grants, m->logout.grant, &uid))
		ahead_drop_of(o, uid);
	if (grant_drop(&o->grants, m->logout.grant))
		peer_answer(o, id, PRIV_LOGOUT, PRIV_DONE, "");
	else
		peer_answer(o, id, PRIV_LOGOUT, PRIV_NO_SUCH,
		    "no such grant, or it has expired");
}
