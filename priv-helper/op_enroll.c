/* SPDX-License-Identifier: MIT */
/*
 * ENROLL: a new token of an account. rdvd only passes the wish on; believed is
 * the proof that the account's owner has written, so that a daemon which has
 * been taken over can make a token for nobody.
 */
#include <stdio.h>
#include <string.h>

#include "lib/clock.h"
#include "lib/err.h"
#include "lib/log.h"
#include "priv-helper/ops.h"
#include "priv-helper/peer.h"
#include "priv-helper/proof.h"

static enum priv_result
say(enum priv_result result, char why[PRIV_WHY_MAX + 1], const char *text)
{
	snprintf(why, PRIV_WHY_MAX + 1, "%s", text);
	return result;
}

static enum priv_result
add(struct ops *o, const struct priv_enroll *m, int64_t now,
    char why[PRIV_WHY_MAX + 1])
{
	struct token t = { .uid = m->uid, .expires = m->expires_ms };
	int err;

	memcpy(t.sha256, m->sha256, sizeof(t.sha256));
	err = tokens_add(&o->tokens, &t, now);
	if (err == RDV_E_EXISTS)
		return say(PRIV_DENIED, why, "this token is known");
	if (err == RDV_E_FULL)
		return say(PRIV_BUSY, why, "too many tokens; revoke one");
	if (err != 0)
		return say(PRIV_FAILED, why, strerror(-err));
	log_info("enroll", "token enrolled uid=%u", m->uid);
	return PRIV_DONE;
}

static enum priv_result
judge(struct ops *o, const struct priv_enroll *m, char why[PRIV_WHY_MAX + 1])
{
	const struct account *a = accounts_find(&o->accounts, m->uid);
	const int64_t now = clock_wall_ms();
	int err;

	if (!o->system)
		return say(PRIV_UNSUPPORTED, why,
		    "this helper runs in user mode and keeps no tokens");
	if (a == NULL)
		return say(PRIV_DENIED, why, "the account is not served");
	if (m->expires_ms != 0 && m->expires_ms <= now)
		return say(PRIV_DENIED, why, "expires: has passed");
	err = proof_take(o->run_dir, a, o->privileged, m->sha256, why,
	    PRIV_WHY_MAX + 1);
	if (err != 0)
		return err == RDV_E_DENIED ? PRIV_DENIED : PRIV_FAILED;
	return add(o, m, now, why);
}

void
op_enroll(struct ops *o, uint32_t id, union ops_request *m)
{
	char why[PRIV_WHY_MAX + 1] = "";
	enum priv_result result = judge(o, &m->enroll, why);

	peer_answer(o, id, PRIV_ENROLL, result, why);
}
