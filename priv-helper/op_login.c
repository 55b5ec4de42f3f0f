/* SPDX-License-Identifier: MIT */
/*
 * LOGIN: the helper itself decides for whom rdvd may act; a claim is not
 * enough. In user mode there is one answer: the account that runs both.
 */
#include <stdio.h>
#include <string.h>

#include "lib/seqpkt.h"
#include "lib/secret.h"
#include "lib/str.h"
#include "priv-helper/ops.h"
#include "priv-helper/peer.h"

static enum priv_result
judge(struct ops *o, const struct priv_login *m, struct priv_login_answer *a,
    const struct account **who)
{
	if (m->kind != PRIV_LOGIN_UID) {
		(void)str_copy(a->why,
		    "this helper runs in user mode and serves its own account "
		    "alone; tokens are judged in system mode",
		    sizeof(a->why));
		return PRIV_UNSUPPORTED;
	}
	*who = accounts_find(&o->accounts, m->uid);
	if (*who == NULL) {
		snprintf(a->why, sizeof(a->why),
		    "uid %u is not the account this helper runs as", m->uid);
		return PRIV_DENIED;
	}
	if (!grant_new(&o->grants, (*who)->uid, a->grant)) {
		(void)str_copy(a->why, "too many grants", sizeof(a->why));
		return PRIV_BUSY;
	}
	return PRIV_DONE;
}

static void
describe(const struct account *u, struct priv_login_answer *a)
{
	a->uid = u->uid;
	a->ttl_ms = GRANT_TTL_MS;
	(void)str_copy(a->home, u->home, sizeof(a->home));
	(void)str_copy(a->shell, u->shell, sizeof(a->shell));
	(void)str_copy(a->user, u->name, sizeof(a->user));
}

void
op_login(struct ops *o, uint32_t id, union ops_request *m)
{
	const struct account *who = NULL;
	struct priv_login_answer a;
	struct buf b;

	memset(&a, 0, sizeof(a));
	a.result = (uint8_t)judge(o, &m->login, &a, &who);
	if (a.result == PRIV_DONE)
		describe(who, &a);
	else if (a.result == PRIV_DENIED)
		peer_audit(PRIV_LOGIN, a.why);
	secret_wipe(&m->login, sizeof(m->login));
	buf_init_secret(&b, SEQPKT_MAX);
	priv_put_login_answer(&b, id, &a);
	(void)peer_send(o, &b, NULL);
	buf_done(&b);
	secret_wipe(&a, sizeof(a));
}
