/* SPDX-License-Identifier: MIT */
/*
 * From a policy and an account to rights, and from rights to an answer. All of
 * it is pure: no files, no account database, no time. Invariant: for an account
 * that is refused there are no rights, and every answer but yes names the table
 * and key it comes from.
 */
#include "priv-helper/policyfor.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/err.h"
#include "lib/path.h"
#include "lib/str.h"
#include "lib/xalloc.h"

#define PATH_BYTES 4096
/* [default] and all that have a name. */
#define SECTIONS_MAX (POLICY_NAMED_MAX + 1)
#define OUTSIDE	     "is not granted by the policy: "
#define DENIED	     "is denied by the policy: "

_Static_assert(PROFILES <= 32, "more profiles than bits for them");

/* Those tables that decide a key for one account. */
struct deciders {
	const struct policy_section *s[SECTIONS_MAX];
	size_t n;
};

static bool
has(char *const *list, const char *s)
{
	for (; list != NULL && *list != NULL; list++)
		if (strcmp(*list, s) == 0)
			return true;
	return false;
}

static bool
in_group(const struct policy_account *a, const char *group)
{
	for (size_t i = 0; a->groups[i] != NULL; i++)
		if (strcmp(a->groups[i], group) == 0)
			return true;
	return false;
}

static bool
in_any(const struct policy_account *a, char *const *groups)
{
	for (; groups != NULL && *groups != NULL; groups++)
		if (in_group(a, *groups))
			return true;
	return false;
}

/* Appends "[group.dev] roots (FILE:LINE)" as far as it fits. */
static void
cite(const struct policy *p, const struct policy_section *s, int key, char *out,
    size_t size)
{
	const unsigned line = s->values[key].line;
	size_t used = strlen(out);

	if (p->own)
		(void)snprintf(out + used, size - used, "[%s] %s (%s)",
		    s->title, policy_rows[key].key, p->source);
	else if (line == 0)
		(void)snprintf(out + used, size - used, "[%s] %s (the default)",
		    s->title, policy_rows[key].key);
	else
		(void)snprintf(out + used, size - used, "[%s] %s (%s:%u)",
		    s->title, policy_rows[key].key, p->source, line);
}

static int
refuse(const struct policy *p, int key, const char *text, char *why,
    size_t whysize)
{
	(void)str_copy(why, text, whysize);
	if (key >= 0)
		cite(p, &p->access, key, why, whysize);
	return RDV_E_DENIED;
}

/* What no file can change, and then what denies, stand before what admits. */
static int
admit(const struct policy *p, const struct policy_account *a, char *why,
    size_t whysize)
{
	const struct policy_value *v = p->access.values;

	if (a->uid == 0 || a->uid == (uid_t)-1)
		return refuse(p, -1, "this uid is never admitted", why,
		    whysize);
	if (a->closed != NULL)
		return refuse(p, -1, a->closed, why, whysize);
	if ((int64_t)a->uid < v[POLICY_MIN_UID].num)
		return refuse(p, POLICY_MIN_UID, "its uid is below ", why,
		    whysize);
	if (has(v[POLICY_DENY_USERS].list, a->name))
		return refuse(p, POLICY_DENY_USERS, "it is denied by ", why,
		    whysize);
	if (in_any(a, v[POLICY_DENY_GROUPS].list))
		return refuse(p, POLICY_DENY_GROUPS, "it is denied by ", why,
		    whysize);
	if (!has(v[POLICY_USERS].list, a->name) &&
	    !in_any(a, v[POLICY_GROUPS].list))
		return refuse(p, -1,
		    "neither [access] users nor [access] groups has it", why,
		    whysize);
	return 0;
}

static int
admit_own(const struct policy *p, const struct policy_account *a, char *why,
    size_t whysize)
{
	if (a->uid == p->own_uid)
		return 0;
	return refuse(p, -1, "it is not the account this helper runs as", why,
	    whysize);
}

static bool
applies(const struct policy_section *s, const struct policy_account *a)
{
	return s->user ? strcmp(s->name, a->name) == 0 : in_group(a, s->name);
}

/* Those of users, or of groups, that give the key. */
static void
collect(struct deciders *d, const struct policy *p,
    const struct policy_account *a, int key, bool user)
{
	for (size_t i = 0; i < p->nnamed; i++) {
		const struct policy_section *s = &p->named[i];

		if (s->user == user && s->values[key].line > 0 && applies(s, a))
			d->s[d->n++] = s;
	}
}

static void
decide(struct deciders *d, const struct policy *p,
    const struct policy_account *a, int key)
{
	const bool deny =
	    key == POLICY_DENY_PROFILES || key == POLICY_DENY_ROOTS;

	d->n = 0;
	collect(d, p, a, key, true);
	if (d->n == 0 || deny)
		collect(d, p, a, key, false);
	if (d->n == 0 || (deny && p->rights.values[key].line > 0))
		d->s[d->n++] = &p->rights;
}

static char *
rule(const struct policy *p, const struct deciders *d, int key,
    const char *text)
{
	char out[512];
	size_t i;

	(void)str_copy(out, text, sizeof(out));
	for (i = 0; i < d->n; i++) {
		size_t used = strlen(out);

		if (i > 0)
			(void)str_copy(out + used, " and ", sizeof(out) - used);
		cite(p, d->s[i], key, out, sizeof(out));
	}
	return xstrdup(out);
}

static uint32_t
unite_profiles(const struct deciders *d, int key)
{
	uint32_t bits = 0;

	for (size_t i = 0; i < d->n; i++) {
		char *const *l = d->s[i]->values[key].list;

		for (; l != NULL && *l != NULL; l++)
			bits |= UINT32_C(1) << profile_find(*l);
	}
	return bits;
}

/*
 * A root of the file as it is for this account. False when it is none: a home
 * directory of "/" must not open everything.
 */
static bool
expand(char out[PATH_BYTES], const char *root, const struct policy_account *a)
{
	size_t used = 0, n;

	if (root[0] == '~') {
		if (!path_absolute_ok(a->home) || a->home[1] == '\0' ||
		    !str_copy(out, a->home, PATH_BYTES))
			return false;
		used = strlen(out);
		root++;
	}
	while (*root != '\0' && used < PATH_BYTES - 1) {
		const char *from = root;

		n = 1;
		if (root[0] == '%' && root[1] == 'u') {
			/* One that has "/" or is ".." would lead elsewhere. */
			if (!path_component_ok(a->name))
				return false;
			from = a->name;
			n = strlen(from);
		}
		if (n > PATH_BYTES - 1 - used)
			return false;
		memcpy(out + used, from, n);
		used += n;
		root += from == root ? 1 : 2;
	}
	out[used] = '\0';
	return *root == '\0' && path_absolute_ok(out);
}

static char **
unite_roots(const struct deciders *d, int key, const struct policy_account *a)
{
	char **list = xcalloc(1, sizeof(*list)), path[PATH_BYTES];
	size_t n = 0;

	for (size_t i = 0; i < d->n; i++) {
		char *const *l = d->s[i]->values[key].list;

		for (; l != NULL && *l != NULL; l++) {
			if (!expand(path, *l, a) || has(list, path))
				continue;
			list = xreallocarray(list, n + 2, sizeof(*list));
			list[n++] = xstrdup(path);
			list[n] = NULL;
		}
	}
	return list;
}

static int64_t
largest(const struct deciders *d, int key)
{
	int64_t most = 0;

	for (size_t i = 0; i < d->n; i++)
		if (d->s[i]->values[key].num > most)
			most = d->s[i]->values[key].num;
	return most;
}

static bool
all_say_yes(const struct deciders *d, int key)
{
	for (size_t i = 0; i < d->n; i++)
		if (d->s[i]->values[key].num == 0)
			return false;
	return true;
}

/* For what binds an account: one table of several is enough. */
static bool
any_says_yes(const struct deciders *d, int key)
{
	for (size_t i = 0; i < d->n; i++)
		if (d->s[i]->values[key].num != 0)
			return true;
	return false;
}

static char **
list_copy(char *const *from)
{
	size_t n = 0;
	char **list;

	while (from != NULL && from[n] != NULL)
		n++;
	list = xcalloc(n + 1, sizeof(*list));
	for (size_t i = 0; i < n; i++)
		list[i] = xstrdup(from[i]);
	return list;
}

static void
list_free(char **list)
{
	for (size_t i = 0; list != NULL && list[i] != NULL; i++)
		free(list[i]);
	free(list);
}

static void
hold(const struct policy *p, int i, struct policy_hold *h)
{
	const struct policy_section *s = &p->profile[i];
	const struct deciders d = { { s }, 1 };

	h->net = (enum policy_net)s->values[POLICY_NETWORK].num;
	h->rule = rule(p, &d, POLICY_NETWORK, OUTSIDE);
	h->hosts_rule = rule(p, &d, POLICY_NETWORK_HOSTS, OUTSIDE);
	h->hosts = list_copy(s->values[POLICY_NETWORK_HOSTS].list);
	h->tools = list_copy(s->values[POLICY_TOOLS].list);
}

static char *
admitted_by(const struct policy *p, const struct policy_account *a)
{
	const bool user = has(p->access.values[POLICY_USERS].list, a->name);
	const struct deciders d = { { &p->access }, 1 };

	return rule(p, &d, user || p->own ? POLICY_USERS : POLICY_GROUPS,
	    "is admitted by the policy: ");
}

/* One key of the rights, by its type. */
static void
grant(const struct policy *p, const struct policy_account *a, int key,
    struct policy_rights *r)
{
	const bool deny =
	    key == POLICY_DENY_PROFILES || key == POLICY_DENY_ROOTS;
	struct deciders d;

	decide(&d, p, a, key);
	r->rule[key] = rule(p, &d, key, deny ? DENIED : OUTSIDE);
	if (key == POLICY_PROFILES)
		r->profiles = unite_profiles(&d, key);
	else if (key == POLICY_DENY_PROFILES)
		r->denied_profiles = unite_profiles(&d, key);
	else if (key == POLICY_ROOTS)
		r->roots = unite_roots(&d, key, a);
	else if (key == POLICY_DENY_ROOTS)
		r->denied_roots = unite_roots(&d, key, a);
	else if (key == POLICY_WEB)
		r->web = all_say_yes(&d, key);
	else if (key == POLICY_RECORDING)
		r->recording = any_says_yes(&d, key);
	else
		r->limit[key] = largest(&d, key);
}

int
policy_for(const struct policy *p, const struct policy_account *a,
    struct policy_rights *r, char *why, size_t whysize)
{
	int key, err;

	err =
	    p->own ? admit_own(p, a, why, whysize) : admit(p, a, why, whysize);
	if (err != 0)
		return err;
	memset(r, 0, sizeof(*r));
	r->rule[POLICY_USERS] = admitted_by(p, a);
	for (key = 0; key < POLICY_KEYS; key++)
		if ((policy_rows[key].tables & POLICY_IN_DEFAULT) != 0)
			grant(p, a, key, r);
	for (int i = 0; i < PROFILES; i++)
		hold(p, i, &r->profile[i]);
	return 0;
}

void
policy_rights_done(struct policy_rights *r)
{
	for (int key = 0; key < POLICY_KEYS; key++)
		free(r->rule[key]);
	list_free(r->roots);
	list_free(r->denied_roots);
	for (int i = 0; i < PROFILES; i++) {
		free(r->profile[i].rule);
		free(r->profile[i].hosts_rule);
		list_free(r->profile[i].hosts);
		list_free(r->profile[i].tools);
	}
	memset(r, 0, sizeof(*r));
}

static int
says_no(int err, const char *what, const char *text, char *why, size_t whysize)
{
	(void)snprintf(why, whysize, "%s %s", what, text);
	return err;
}

int
policy_judge(const struct policy_rights *r, const struct policy_request *q,
    char *why, size_t whysize)
{
	const uint32_t bit = UINT32_C(1) << q->profile;

	if ((r->denied_profiles & bit) != 0)
		return says_no(RDV_E_DENIED, "this profile",
		    r->rule[POLICY_DENY_PROFILES], why, whysize);
	if ((r->profiles & bit) == 0)
		return says_no(RDV_E_DENIED, "this profile",
		    r->rule[POLICY_PROFILES], why, whysize);
	if (q->net > r->profile[q->profile].net)
		return says_no(RDV_E_DENIED, "so much of the network",
		    r->profile[q->profile].rule, why, whysize);
	if ((int64_t)q->runs >= r->limit[POLICY_MAX_RUNS])
		return says_no(RDV_E_FULL, "one run more",
		    r->rule[POLICY_MAX_RUNS], why, whysize);
	if (q->pty && (int64_t)q->terminals >= r->limit[POLICY_MAX_TERMINALS])
		return says_no(RDV_E_FULL, "one terminal more",
		    r->rule[POLICY_MAX_TERMINALS], why, whysize);
	if ((int64_t)(q->output_bytes >> 20) >= r->limit[POLICY_MAX_DISK])
		return says_no(RDV_E_FULL, "more output kept",
		    r->rule[POLICY_MAX_DISK], why, whysize);
	return 0;
}

/* Where the sentence that it is the end of goes over to it. */
const char *
policy_rule(const struct policy_rights *r, int key)
{
	return strstr(r->rule[key], ": ") + 2;
}

const char *
policy_root(const struct policy_rights *r, const char *path)
{
	char *const *l;

	/* What a denied one lies in would bring it along. */
	for (l = r->denied_roots; *l != NULL; l++)
		if (path_is_under(*l, path) || path_is_under(path, *l))
			return r->rule[POLICY_DENY_ROOTS];
	for (l = r->roots; *l != NULL; l++)
		if (path_is_under(*l, path))
			return NULL;
	return r->rule[POLICY_ROOTS];
}
