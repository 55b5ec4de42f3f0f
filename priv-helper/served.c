/* SPDX-License-Identifier: MIT */
/*
 * Whom [ops] serves. In user mode that is one account, its own, and everything
 * after this file takes the same way for it as for any of many: what a run is
 * made of comes from struct account alone, never from rdvd.
 */
#include "priv-helper/served.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/err.h"
#include "lib/log.h"
#include "lib/str.h"
#include "lib/xalloc.h"
#include "priv-helper/ahead.h"
#include "priv-helper/auditacts.h"
#include "priv-helper/ops.h"
#include "priv-helper/policyfor.h"
#include "priv-helper/serve.h"
#include "priv-helper/user.h"
#include "security/mutant.h"

static int
by_number(const void *a, const void *b)
{
	const gid_t x = *(const gid_t *)a, y = *(const gid_t *)b;

	return (x > y) - (x < y);
}

/* As the kernel gives them back: C10 compares, and may not sort itself. */
static void
sort_groups(const struct accounts *all)
{
	struct account *a;

	for (a = all->list; a < all->list + all->n; a++)
		qsort(a->groups, a->ngroups, sizeof(a->groups[0]), by_number);
}

/* What all are judged by: without a file there is one account, our own. */
static int
read_policy(const struct ops *o, const struct accounts *all, struct policy *p,
    char *why, size_t whysize)
{
	if (!o->system) {
		policy_own(p, all->list->uid);
		return 0;
	}
	if (all->policy == NULL) {
		(void)str_copy(why, "there is no policy", whysize);
		return RDV_E_INVALID;
	}
	return policy_parse(p, all->policy, all->npolicy, all->source, why,
	    whysize);
}

/*
 * By the name that is left when all links are followed: in a root of a run's
 * own nothing can be put behind one, /bin being one there as well. A link to
 * "/" is as little a tool as "/" is. What does not exist is left to a start.
 */
static void
follow_links(char **tools)
{
	char **to = tools, *real;

	for (; *tools != NULL; tools++) {
		real = realpath(*tools, NULL);
		if (real == NULL) {
			*to++ = *tools;
			continue;
		}
		if (real[1] == '\0')
			log_warnx("serve", "tools: %s is /: left out", *tools);
		free(*tools);
		if (real[1] == '\0')
			free(real);
		else
			*to++ = real;
	}
	*to = NULL;
}

static int
rights_of(const struct account *a, const struct policy *p,
    struct policy_rights *r, char *why, size_t whysize)
{
	const char *const none[] = { NULL };
	const struct policy_account of = { .uid = a->uid,
		.name = a->name,
		.home = a->real_home,
		.groups =
		    a->named != NULL ? (const char *const *)a->named : none };
	int err = policy_for(p, &of, r, why, whysize);

	for (int i = 0; err == 0 && i < PROFILES; i++)
		if (r->profile[i].tools != NULL)
			follow_links(r->profile[i].tools);
	if (err == 0 && mutant("few runs"))
		r->limit[POLICY_MAX_RUNS] = 1;
	return err;
}

static void
rights_done(struct policy_rights *r, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		policy_rights_done(&r[i]);
	free(r);
}

/* NULL: not all of them have some, and why. */
static struct policy_rights *
all_rights(const struct ops *o, const struct accounts *all, char *why,
    size_t whysize)
{
	struct policy_rights *r;
	struct policy p;
	size_t n;

	if (read_policy(o, all, &p, why, whysize) != 0)
		return NULL;
	r = xcalloc(all->n + 1, sizeof(*r));
	for (n = 0; n < all->n; n++)
		if (rights_of(&all->list[n], &p, &r[n], why, whysize) != 0)
			break;
	policy_done(&p);
	if (n == all->n)
		return r;
	rights_done(r, n);
	return NULL;
}

/*
 * Takes `all` over; or leaves everything as it was, with a sentence in `why`:
 * nobody is served without rights that a policy gives.
 */
static bool
serve_these(struct ops *o, const struct accounts *all, char *why,
    size_t whysize)
{
	struct policy_rights *rights = all_rights(o, all, why, whysize);

	if (rights == NULL)
		return false;
	sort_groups(all);
	/* Not of the first one: [audit] is not there yet. */
	if (o->accounts.policy != NULL)
		audit_policy(&o->audit, &o->accounts, all, NULL);
	rights_done(o->rights, o->accounts.n);
	accounts_done(&o->accounts);
	o->accounts = *all;
	o->rights = rights;
	return true;
}

static void
take_own(struct ops *o, const struct user *u)
{
	struct account *a = xcalloc(1, sizeof(*a));
	const struct accounts all = { .list = a, .n = 1 };
	char why[256];

	a->uid = u->uid;
	a->gid = u->gid;
	a->ngroups = u->ngroups;
	memcpy(a->groups, u->groups, sizeof(a->groups));
	(void)str_copy(a->name, u->name, sizeof(a->name));
	(void)str_copy(a->home, u->home, sizeof(a->home));
	(void)str_copy(a->real_home, u->home, sizeof(a->real_home));
	(void)str_copy(a->shell, u->shell, sizeof(a->shell));
	if (!serve_these(o, &all, why, sizeof(why)))
		fatalx("serve", "policy: %s", why);
}

/* A home directory in /opt, say: programs there are not for confined runs. */
static void
tell_closed(const struct roots *roots, const struct profile *profile)
{
	const struct profile_path *p;
	int fd;

	for (p = profile->paths; profile->confined && p->path != NULL; p++) {
		fd = open(p->path, O_PATH | O_CLOEXEC);
		if (fd < 0)
			continue;
		if (roots_inside(roots, fd))
			log_warnx("serve",
			    "profile=%s: %s is closed, the home directory or "
			    "rdv's own state lies there",
			    profile->name, p->path);
		(void)close(fd);
	}
}

/* Of many accounts each has its own closed; of one it can be said at start. */
static void
tell_own_closed(const struct ops *o)
{
	struct roots roots;
	int i;

	if (!roots_init(&roots, o->accounts.list->home, o->base, NULL,
		o->rights))
		fatalx("serve", "a path is too long");
	for (i = 0; i < PROFILES; i++)
		tell_closed(&roots, &profiles[i]);
}

void
served_init(struct ops *o, const struct serve_args *a)
{
	const struct accounts *all = a->accounts;
	char why[256];

	o->tokens.dir = -1;
	if (all == NULL) {
		o->base = a->base;
		take_own(o, a->user);
		tell_own_closed(o);
		return;
	}
	o->system = true;
	o->run_dir = a->run_dir;
	if (tokens_open(&o->tokens, a->helper_state, why, sizeof(why)) != 0)
		fatalx("serve", "%s", why);
	/* A fork of [main]: its list is here to be taken over, not copied. */
	if (!serve_these(o, all, why, sizeof(why)))
		fatalx("serve", "policy: %s", why);
}

const struct policy_rights *
served_rights(const struct ops *o, const struct account *who)
{
	return &o->rights[who - o->accounts.list];
}

static bool
is_served(uid_t uid, bool own, void *arg)
{
	const struct account *a = accounts_find(arg, uid);

	return (a != NULL && (own || a->web)) || mutant("served reload");
}

void
served_reload(struct ops *o, int fd)
{
	char why[256] = "not for user mode";
	struct accounts now;
	unsigned ended;

	if (accounts_take(&now, fd) != 0) {
		log_errorx("serve", "accounts from [main] are not usable");
		return;
	}
	if (!o->system || !serve_these(o, &now, why, sizeof(why))) {
		log_errorx("serve", "accounts from [main]: %s", why);
		if (o->system)
			audit_policy(&o->audit, &o->accounts, &now, why);
		accounts_done(&now);
		return;
	}
	ahead_drop(o);
	ended = grant_keep(&o->grants, is_served, &o->accounts);
	log_info("serve", "accounts=%zu grants ended=%u", now.n, ended);
}
