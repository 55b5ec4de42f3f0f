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

#include "lib/log.h"
#include "lib/str.h"
#include "lib/xalloc.h"
#include "priv-helper/ops.h"
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
sort_groups(struct accounts *all)
{
	struct account *a;

	for (a = all->list; a < all->list + all->n; a++)
		qsort(a->groups, a->ngroups, sizeof(a->groups[0]), by_number);
}

static void
take_own(struct ops *o, const struct user *u)
{
	struct account *a = xcalloc(1, sizeof(*a));

	a->uid = u->uid;
	a->gid = u->gid;
	a->ngroups = u->ngroups;
	memcpy(a->groups, u->groups, sizeof(a->groups));
	(void)str_copy(a->name, u->name, sizeof(a->name));
	(void)str_copy(a->home, u->home, sizeof(a->home));
	(void)str_copy(a->shell, u->shell, sizeof(a->shell));
	o->accounts = (struct accounts){ .list = a, .n = 1 };
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

	if (!roots_init(&roots, o->accounts.list->home, o->base, NULL))
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
	o->accounts = *all;
	sort_groups(&o->accounts);
}

static bool
is_served(uid_t uid, void *arg)
{
	return accounts_find(arg, uid) != NULL || mutant("served reload");
}

void
served_reload(struct ops *o, int fd)
{
	struct accounts now;
	int err = accounts_take(&now, fd);
	unsigned ended;

	if (!o->system || err != 0) {
		log_errorx("serve", "accounts from [main] are not usable");
		if (err == 0)
			accounts_done(&now);
		return;
	}
	accounts_done(&o->accounts);
	o->accounts = now;
	sort_groups(&o->accounts);
	ended = grant_keep(&o->grants, is_served, &o->accounts);
	log_info("serve", "accounts=%zu grants ended=%u", now.n, ended);
}
