/* SPDX-License-Identifier: MIT */
/*
 * What each verb puts on record. A run is named by its handle, in the record
 * before its start, the one after it, every signal and its end, so that they
 * can be told to belong together.
 */
#include "priv-helper/auditacts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/buf.h"
#include "lib/egress.h"
#include "lib/sha256.h"
#include "lib/str.h"
#include "lib/xalloc.h"
#include "priv-helper/accounts.h"
#include "priv-helper/accountwire.h"
#include "priv-helper/hosts.h"
#include "priv-helper/ops.h"
#include "priv-helper/served.h"

/* Bytes of a refused program's path: each may take four in a record. */
#define PROGRAM_MAX 255
/* Each host of a list, and a NUL. */
#define LIST_MAX ((size_t)EGRESS_HOSTS * (EGRESS_HOST_MAX + 1))
/* As much as came here, see accounts.c. */
#define ADMITTED_MAX ((size_t)256 * 1024 * 1024)

static void
begin(struct audit_msg *m, enum audit_act act, enum audit_phase phase)
{
	memset(m, 0, sizeof(*m));
	m->act = (uint8_t)act;
	m->phase = (uint8_t)phase;
}

static void
put_result(struct audit_msg *m, enum priv_result result, const char *why)
{
	m->result = (uint8_t)result;
	(void)str_copy(m->why, why, sizeof(m->why));
}

bool
audit_login(struct ops *o, const struct priv_login *m, char *why)
{
	struct audit_msg a;

	begin(&a, AUDIT_LOGIN, AUDIT_BEFORE);
	a.kind = m->kind;
	a.uid = m->uid;
	return audit_before(&o->audit, &a, why, PRIV_WHY_MAX + 1);
}

void
audit_login_done(struct ops *o, const struct priv_login *m,
    const struct priv_login_answer *answer, uint32_t uid, bool refused)
{
	struct audit_msg a;

	begin(&a, AUDIT_LOGIN, refused ? AUDIT_REFUSED : AUDIT_AFTER);
	a.kind = m->kind;
	a.uid = uid;
	if (answer->result == PRIV_DONE)
		a.grant = grant_number(&o->grants, answer->grant);
	put_result(&a, answer->result, answer->why);
	audit_tell(&o->audit, &a);
}

void
audit_logout(struct ops *o, const struct priv_logout *m)
{
	struct audit_msg a;

	begin(&a, AUDIT_LOGOUT, AUDIT_NEWS);
	a.grant = grant_number(&o->grants, m->grant);
	if (a.grant == 0)
		a.phase = AUDIT_REFUSED;
	a.result = a.grant != 0 ? PRIV_DONE : PRIV_NO_SUCH;
	audit_tell(&o->audit, &a);
}

bool
audit_ask(struct ops *o, char *why)
{
	struct audit_msg a;

	begin(&a, AUDIT_ASK, AUDIT_BEFORE);
	return audit_before(&o->audit, &a, why, PRIV_WHY_MAX + 1);
}

/* NAME of each NAME=value: a value never leaves this process. */
static char **
names(const struct priv_spawn *m)
{
	char **list = xcalloc(m->envc + 1u, sizeof(*list));
	unsigned i;

	for (i = 0; i < m->envc; i++)
		list[i] = xstrndup(m->envp[i], strcspn(m->envp[i], "="));
	return list;
}

static void
names_free(char **list, unsigned n)
{
	while (n > 0)
		free(list[--n]);
	free(list);
}

/* What it is given, which need not be what was asked for. */
static void
put_network(const struct ops *o, const struct priv_spawn *m,
    const struct run *r, struct audit_msg *a)
{
	const struct account *who = accounts_find(&o->accounts, r->uid);
	char *const *host;
	struct buf all;

	a->net = (uint8_t)r->net;
	if (r->net != POLICY_NET_LIST || who == NULL)
		return;
	buf_init(&all, LIST_MAX);
	host = hosts_of(served_rights(o, who), r->profile, m);
	for (; *host != NULL; host++) {
		buf_put_text(&all, *host);
		buf_put_u8(&all, 0);
		a->hostc++;
	}
	sha256(all.data, all.len, a->hosts);
	buf_done(&all);
}

bool
audit_spawn(struct ops *o, const struct priv_spawn *m, const struct run *r,
    char *why)
{
	struct audit_msg a;
	bool ok;

	begin(&a, AUDIT_SPAWN, AUDIT_BEFORE);
	a.uid = r->uid;
	a.grant = grant_number(&o->grants, m->grant);
	a.handle = r->handle;
	(void)str_copy(a.name, m->profile, sizeof(a.name));
	(void)str_copy(a.label, m->label, sizeof(a.label));
	a.cwd = m->cwd;
	a.argv = m->argv;
	a.argc = m->argc;
	a.env = names(m);
	a.envc = m->envc;
	a.paths = m->paths;
	a.pathc = m->pathc;
	put_network(o, m, r, &a);
	ok = audit_begin(&o->audit, &a, why, PRIV_WHY_MAX + 1);
	names_free(a.env, a.envc);
	return ok;
}

void
audit_spawn_done(struct ops *o, const struct run *r,
    const struct priv_spawn_answer *answer)
{
	struct audit_msg a;

	begin(&a, AUDIT_SPAWN, AUDIT_AFTER);
	a.handle = r->handle;
	(void)str_copy(a.label, r->label, sizeof(a.label));
	a.subject = answer->pid;
	a.guards = answer->guards;
	(void)str_copy(a.stage, answer->stage, sizeof(a.stage));
	a.err = answer->err;
	put_result(&a, answer->result, answer->why);
	audit_tell(&o->audit, &a);
}

void
audit_spawn_refused(struct ops *o, const struct priv_spawn *m,
    enum priv_result result, const char *why)
{
	char program[PROGRAM_MAX + 1], *argv[] = { program };
	struct audit_msg a;

	begin(&a, AUDIT_SPAWN, AUDIT_REFUSED);
	(void)str_copy(a.name, m->profile, sizeof(a.name));
	(void)str_copy(a.label, m->label, sizeof(a.label));
	/* No more than its name, and of that enough to know it by. */
	snprintf(program, sizeof(program), "%s", m->argc > 0 ? m->argv[0] : "");
	a.argv = argv;
	a.argc = m->argc > 0;
	put_result(&a, result, why);
	audit_tell(&o->audit, &a);
}

bool
audit_signal(struct ops *o, const struct priv_signal *m, char *why)
{
	struct audit_msg a;

	begin(&a, AUDIT_SIGNAL, AUDIT_BEFORE);
	a.handle = m->handle;
	a.sig = m->sig;
	a.all = m->all;
	return audit_before(&o->audit, &a, why, PRIV_WHY_MAX + 1);
}

void
audit_signal_done(struct ops *o, const struct priv_signal *m, bool refused,
    enum priv_result result, const char *why)
{
	struct audit_msg a;

	begin(&a, AUDIT_SIGNAL, refused ? AUDIT_REFUSED : AUDIT_AFTER);
	a.handle = m->handle;
	a.sig = m->sig;
	a.all = m->all;
	put_result(&a, result, why);
	audit_tell(&o->audit, &a);
}

static void
begin_enroll(struct audit_msg *a, const struct priv_enroll *m,
    enum audit_phase phase)
{
	begin(a, AUDIT_ENROLL, phase);
	a->uid = m->uid;
	a->expires = m->expires_ms;
	memcpy(a->token, m->sha256, sizeof(a->token));
}

bool
audit_enroll(struct ops *o, const struct priv_enroll *m, char *why)
{
	struct audit_msg a;

	begin_enroll(&a, m, AUDIT_BEFORE);
	return audit_before(&o->audit, &a, why, PRIV_WHY_MAX + 1);
}

void
audit_enroll_done(struct ops *o, const struct priv_enroll *m, bool refused,
    enum priv_result result, const char *why)
{
	struct audit_msg a;

	begin_enroll(&a, m, refused ? AUDIT_REFUSED : AUDIT_AFTER);
	put_result(&a, result, why);
	audit_tell(&o->audit, &a);
}

/* After the act the grant may have ended with the token. */
static void
begin_revoke(const struct ops *o, struct audit_msg *a,
    const struct priv_revoke *m, enum audit_phase phase)
{
	uid_t uid = 0;

	begin(a, AUDIT_REVOKE, phase);
	if (grant_find(&o->grants, m->grant, &uid))
		a->grant = grant_number(&o->grants, m->grant);
	a->uid = uid;
	memcpy(a->token, m->sha256, sizeof(a->token));
}

bool
audit_revoke(struct ops *o, const struct priv_revoke *m, char *why)
{
	struct audit_msg a;

	begin_revoke(o, &a, m, AUDIT_BEFORE);
	return audit_before(&o->audit, &a, why, PRIV_WHY_MAX + 1);
}

void
audit_revoke_done(struct ops *o, const struct priv_revoke *m, bool refused,
    enum priv_result result, const char *why)
{
	struct audit_msg a;

	begin_revoke(o, &a, m, refused ? AUDIT_REFUSED : AUDIT_AFTER);
	put_result(&a, result, why);
	audit_tell(&o->audit, &a);
}

void
audit_exit(struct ops *o, const struct run *r)
{
	struct audit_msg a;

	begin(&a, AUDIT_EXIT, AUDIT_NEWS);
	a.handle = r->handle;
	(void)str_copy(a.label, r->label, sizeof(a.label));
	a.subject = (uint32_t)r->pid;
	a.status = r->end.status;
	audit_tell(&o->audit, &a);
}

void
audit_broken(struct ops *o, const char *why)
{
	struct audit_msg a;

	begin(&a, AUDIT_BROKEN, AUDIT_REFUSED);
	(void)str_copy(a.why, why, sizeof(a.why));
	audit_tell(&o->audit, &a);
}

/* As they travel, but for the policy's text. */
static void
digest_admitted(const struct accounts *a, uint8_t sum[SHA256_LEN])
{
	struct accounts list = *a;
	struct buf b;

	list.npolicy = 0;
	buf_init(&b, ADMITTED_MAX);
	accountwire_put(&b, &list);
	sha256(b.data, b.len, sum);
	buf_done(&b);
}

void
audit_policy(struct audit_link *link, const struct accounts *before,
    const struct accounts *after, const char *why)
{
	struct audit_msg a;

	begin(&a, AUDIT_POLICY, why == NULL ? AUDIT_NEWS : AUDIT_REFUSED);
	sha256(before->policy, before->npolicy, a.policy[0]);
	if (why == NULL) {
		sha256(after->policy, after->npolicy, a.policy[1]);
		digest_admitted(before, a.admitted[0]);
		digest_admitted(after, a.admitted[1]);
	}
	put_result(&a, why == NULL ? PRIV_DONE : PRIV_DENIED,
	    why == NULL ? "" : why);
	audit_tell(link, &a);
}
