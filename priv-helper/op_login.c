/* SPDX-License-Identifier: MIT */
/*
 * LOGIN: the helper itself decides for whom rdvd may act; a claim is not
 * enough. In user mode there is one answer: the account that runs both. In
 * system mode rdvd has to show what its caller has shown, and a grant lasts no
 * longer than the token it was given for.
 */
#include <stdio.h>
#include <string.h>

#include "lib/clock.h"
#include "lib/secret.h"
#include "lib/seqpkt.h"
#include "lib/str.h"
#include "priv-helper/ops.h"
#include "priv-helper/peer.h"
#include "security/mutant.h"

/* What a judgement comes to: for whom, by what, and for how long. */
struct verdict {
	const struct account *who;
	uint8_t token[SHA256_LEN]; /* zero: not by a token of its own */
	int64_t ttl;
};

static enum priv_result
no(struct priv_login_answer *a, enum priv_result result, const char *why)
{
	(void)str_copy(a->why, why, sizeof(a->why));
	return result;
}

static enum priv_result
by_uid(const struct ops *o, const struct priv_login *m, struct verdict *v,
    struct priv_login_answer *a)
{
	if (o->system && !mutant("login uid"))
		return no(a, PRIV_UNSUPPORTED,
		    "in system mode a token is needed");
	v->who = accounts_find(&o->accounts, m->uid);
	if (v->who != NULL)
		return PRIV_DONE;
	snprintf(a->why, sizeof(a->why),
	    "uid %u is not the account this helper runs as", m->uid);
	return PRIV_DENIED;
}

/* Says the same whether there is none or its owner is not served. */
static enum priv_result
by_token(const struct ops *o, const struct priv_login *m, struct verdict *v,
    struct priv_login_answer *a)
{
	const int64_t now = clock_wall_ms();
	const struct token *t;

	sha256(m->secret, strlen(m->secret), v->token);
	t = tokens_find(&o->tokens, v->token, now);
	if (t != NULL)
		v->who = accounts_find(&o->accounts, t->uid);
	if (t == NULL || v->who == NULL ||
	    (m->uid != 0 && m->uid != v->who->uid))
		return no(a, PRIV_DENIED, "no such token, or it has ended");
	if (t->expires != 0 && t->expires - now < v->ttl)
		v->ttl = t->expires - now;
	return PRIV_DONE;
}

static enum priv_result
by_service(const struct ops *o, const struct priv_login *m, struct verdict *v,
    struct priv_login_answer *a)
{
	uint8_t sum[SHA256_LEN];

	sha256(m->secret, strlen(m->secret), sum);
	if (!tokens_is_service(&o->tokens, sum, clock_wall_ms()))
		return no(a, PRIV_DENIED, "not the service token");
	v->who = accounts_find(&o->accounts, m->uid);
	if (v->who == NULL)
		return no(a, PRIV_DENIED, "the account is not served");
	if (!v->who->web && !mutant("login web"))
		return no(a, PRIV_DENIED, "not for this account by the web");
	return PRIV_DONE;
}

static enum priv_result
judge(struct ops *o, const struct priv_login *m, struct verdict *v,
    struct priv_login_answer *a)
{
	static enum priv_result (*const kinds[])(const struct ops *o,
	    const struct priv_login *m, struct verdict *v,
	    struct priv_login_answer *a) = {
		[PRIV_LOGIN_UID] = by_uid,
		[PRIV_LOGIN_TOKEN] = by_token,
		[PRIV_LOGIN_SERVICE] = by_service,
	};
	enum priv_result result;

	if (!o->system && m->kind != PRIV_LOGIN_UID)
		return no(a, PRIV_UNSUPPORTED,
		    "this helper runs in user mode and serves its own account "
		    "alone; tokens are judged in system mode");
	result = kinds[m->kind](o, m, v, a);
	if (result == PRIV_DONE &&
	    !grant_new(&o->grants, v->who->uid, v->token, v->ttl, a->grant))
		return no(a, PRIV_BUSY, "too many grants");
	return result;
}

static void
describe(const struct verdict *v, struct priv_login_answer *a)
{
	const struct account *u = v->who;

	a->uid = u->uid;
	a->ttl_ms = (uint32_t)v->ttl;
	(void)str_copy(a->home, u->home, sizeof(a->home));
	(void)str_copy(a->shell, u->shell, sizeof(a->shell));
	(void)str_copy(a->user, u->name, sizeof(a->user));
}

void
op_login(struct ops *o, uint32_t id, union ops_request *m)
{
	struct verdict v = { .ttl = GRANT_TTL_MS };
	struct priv_login_answer a;
	struct buf b;

	memset(&a, 0, sizeof(a));
	a.result = (uint8_t)judge(o, &m->login, &v, &a);
	if (a.result == PRIV_DONE)
		describe(&v, &a);
	else if (a.result == PRIV_DENIED)
		peer_audit(PRIV_LOGIN, a.why);
	secret_wipe(&m->login, sizeof(m->login));
	buf_init_secret(&b, SEQPKT_MAX);
	priv_put_login_answer(&b, id, &a);
	(void)peer_send(o, &b, NULL);
	buf_done(&b);
	secret_wipe(&a, sizeof(a));
}
