/* SPDX-License-Identifier: MIT */
/*
 * The policy's part of `rdv-helper --explain`: what the functions that judge a
 * start say of one by this account, and nothing worded apart from them. It is
 * the file as it stands; the helper has it from its start or last reload.
 */
#include "priv-helper/explainpolicy.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "lib/privproto.h"
#include "lib/str.h"
#include "priv-helper/hold.h"
#include "priv-helper/hosts.h"
#include "priv-helper/policyfile.h"
#include "priv-helper/policyuser.h"

#define LINE_MAX_BYTES 2048

struct teller {
	void (*line)(const char *text, void *arg);
	void *arg;
};

static void tell(const struct teller *t, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

static void
tell(const struct teller *t, const char *fmt, ...)
{
	char text[LINE_MAX_BYTES], safe[2 * LINE_MAX_BYTES];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	(void)str_escape(safe, sizeof(safe), text, strlen(text));
	t->line(safe, t->arg);
}

static void
judge(struct explain_policy *e, const struct policy *p, const char *account)
{
	struct policy_account a;
	struct policyuser u;
	int err = policyuser_load(&u, account);

	if (err != 0) {
		(void)snprintf(e->why, sizeof(e->why),
		    "nothing is known of this account: %s",
		    err > 0 ? "there is none" : strerror(-err));
		return;
	}
	policyuser_account(&u, &a);
	e->admitted =
	    policy_for(p, &a, &e->rights, e->why, sizeof(e->why)) == 0;
	policyuser_done(&u);
}

void
explainpolicy_load(struct explain_policy *e, const char *file,
    const char *account)
{
	struct policy p;
	int err;

	*e = (struct explain_policy){ .file = file };
	/* Where it lies is judged by the helper, which is not us. */
	err = policyfile_load(&p, file, POLICYFILE_ANYBODY, e->why,
	    sizeof(e->why));
	if (err != 0)
		return;
	e->read = true;
	judge(e, &p, account);
	policy_done(&p);
}

void
explainpolicy_done(struct explain_policy *e)
{
	if (e->admitted)
		policy_rights_done(&e->rights);
	e->admitted = false;
}

static void
tell_paths(const struct teller *t, const char *what, char *const *list,
    const char *rule)
{
	char text[LINE_MAX_BYTES] = "";
	size_t used = 0;

	for (; list != NULL && *list != NULL; list++) {
		(void)snprintf(text + used, sizeof(text) - used, "%s%s",
		    used > 0 ? ", " : "", *list);
		used = strlen(text);
	}
	if (used > 0)
		tell(t, "%s: %s%s%s", what, text, *rule != '\0' ? "; " : "",
		    rule);
}

static void
tell_limits(const struct teller *t, const struct policy_rights *r)
{
	for (int key = POLICY_MAX_PROCESSES; key <= POLICY_MAX_TRANSFER;
	     key++) {
		if (r->limit[key] == POLICY_NO_LIMIT)
			tell(t, "%s: no limit; %s", policy_rows[key].key,
			    policy_rule(r, key));
		else
			tell(t, "%s: %lld; %s", policy_rows[key].key,
			    (long long)r->limit[key], policy_rule(r, key));
	}
}

/*
 * Only of a profile with network has the policy anything to say, and of a list
 * what it lets through that nobody asks for a part of.
 */
static void
tell_network(const struct teller *t, const struct policy_rights *r, int i)
{
	static const struct priv_spawn all;
	const struct policy_hold *h = &r->profile[i];
	char rule[PRIV_RULE_MAX + 1];

	if (!profiles[i].network) {
		tell(t, "network: none, whatever the policy says");
		return;
	}
	tell(t, "network: at most %s", policy_net_name(h->net));
	if (h->net != POLICY_NET_LIST)
		return;
	hosts_rule(r, i, &all, rule, sizeof(rule));
	tell_paths(t, "hosts it may reach", hosts_of(r, i, &all), rule);
}

static void
tell_granted(const struct teller *t, const struct policy_rights *r, int i)
{
	const struct profile *p = &profiles[i];

	tell(t, "it may be started; %s", policy_rule(r, POLICY_PROFILES));
	if (p->confined) {
		tell_network(t, r, i);
		tell_paths(t, "what it is given to write lies in", r->roots,
		    policy_rule(r, POLICY_ROOTS));
		tell_paths(t, "and not in", r->denied_roots,
		    policy_rule(r, POLICY_DENY_ROOTS));
		tell_paths(t, "it may also read and run", r->profile[i].tools,
		    "");
	}
	tell_limits(t, r);
	tell(t, "its output %s; %s",
	    r->recording ? "is kept and cannot be removed"
			 : "can be removed by the account",
	    policy_rule(r, POLICY_RECORDING));
}

void
explainpolicy_tell(const struct explain_policy *e, int profile,
    void (*line)(const char *text, void *arg), void *arg)
{
	const struct teller t = { line, arg };
	const struct policy_request q = { .profile = profile,
		.net = e->admitted
			   ? hold_net(&e->rights, profile, PRIV_NET_PROFILE)
			   : POLICY_NET_NONE };
	char why[512];

	if (e->file == NULL) {
		tell(&t, "none but the account's own rights: this is user "
			 "mode");
		return;
	}
	if (!e->read) {
		tell(&t, "not known: %s; root can ask rdv-helper -t", e->why);
		return;
	}
	tell(&t, "%s, as it stands there", e->file);
	if (!e->admitted)
		tell(&t, "nothing can be started by this account: %s", e->why);
	else if (policy_judge(&e->rights, &q, why, sizeof(why)) != 0)
		tell(&t, "it cannot be started: %s", why);
	else
		tell_granted(&t, &e->rights, profile);
}
