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
#include "priv-helper/auditacts.h"
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
add(struct ops *o, const struct priv_enroll *m, char why[PRIV_WHY_MAX + 1])
{
	struct token t = { .uid = m->uid, .expires = m->expires_ms };
	int err;

	memcpy(t.sha256, m->sha256, sizeof(t.sha256));
	err = tokens_add(&o->tokens, &t, clock_wall_ms());
	if (err == RDV_E_EXISTS)
		return say(PRIV_DENIED, why, "this token is known");
	if (err == RDV_E_FULL)
		return say(PRIV_BUSY, why, "too many tokens; revoke one");
	if (err != 0)
		return say(PRIV_FAILED, why, strerror(-err));
	log_info("enroll", "token enrolled uid=%u", m->uid);
	return PRIV_DONE;
}

typedef int proof_fn(const char *run_dir, const struct account *a,
    bool privileged, const uint8_t sum[SHA256_LEN], char *why, size_t whysize);

static enum priv_result
ask(const struct ops *o, proof_fn *proof, const struct account *a,
    const struct priv_enroll *m, char why[PRIV_WHY_MAX + 1])
{
	int err = proof(o->run_dir, a, o->privileged, m->sha256, why,
	    PRIV_WHY_MAX + 1);

	if (err == 0)
		return PRIV_DONE;
	return err == RDV_E_DENIED ? PRIV_DENIED : PRIV_FAILED;
}

/* Whether the token is known is asked later: then its proof is used up. */
static enum priv_result
judge(const struct ops *o, const struct account *a, const struct priv_enroll *m,
    char why[PRIV_WHY_MAX + 1])
{
	if (!o->system)
		return say(PRIV_UNSUPPORTED, why,
		    "this helper runs in user mode and keeps no tokens");
	if (a == NULL)
		return say(PRIV_DENIED, why, "the account is not served");
	if (m->expires_ms != 0 && m->expires_ms <= clock_wall_ms())
		return say(PRIV_DENIED, why, "expires: has passed");
	return ask(o, proof_look, a, m, why);
}

void
op_enroll(struct ops *o, uint32_t id, union ops_request *m)
{
	const struct account *a = accounts_find(&o->accounts, m->enroll.uid);
	char why[PRIV_WHY_MAX + 1] = "";
	enum priv_result result = judge(o, a, &m->enroll, why);
	bool refused = result != PRIV_DONE;

	if (!refused && !audit_enroll(o, &m->enroll, why)) {
		result = PRIV_FAILED;
		refused = audit_absent(&o->audit);
	}
	if (result == PRIV_DONE)
		result = ask(o, proof_take, a, &m->enroll, why);
	if (result == PRIV_DONE)
		result = add(o, &m->enroll, why);
	audit_enroll_done(o, &m->enroll, refused, result, why);
	peer_answer(o, id, PRIV_ENROLL, result, why);
}
