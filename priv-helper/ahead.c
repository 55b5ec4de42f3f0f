/* SPDX-License-Identifier: MIT */
/*
 * What a start needs and no request decides, made before one comes. It is one
 * account's, for one profile, and holds nothing that its run would not have.
 */
#include "priv-helper/ahead.h"

#include <stdbool.h>

#include "priv-helper/ops.h"
#include "security/asuser.h"
#include "security/landlock.h"

void
ahead_init(struct ops *o)
{
	int i;

	for (i = 0; i < PROFILES; i++)
		rules_init(&o->rules[i]);
}

static bool
starting(const struct ops *o)
{
	const struct run *r;

	TAILQ_FOREACH (r, &o->runs.list, entry)
		if (r->state == RUN_STARTING)
			return true;
	return false;
}

static void
make_rules(struct ops *o, struct rules *r, const struct profile *profile)
{
	const struct account *who = accounts_find(&o->accounts, r->uid);

	if (r->ruleset >= 0 || r->roots.home[0] == '\0' || who == NULL ||
	    asuser_begin(o->privileged, who->uid, who->gid, who->groups,
		who->ngroups) != 0)
		return;
	(void)rules_make(r, profile);
	asuser_end(o->privileged);
}

void
ahead_make(struct ops *o)
{
	int i;

	if (landlock_abi() == 0 || o->ending || starting(o))
		return;
	for (i = 0; i < PROFILES; i++)
		if (profiles[i].confined)
			make_rules(o, &o->rules[i], &profiles[i]);
}

void
ahead_drop(struct ops *o)
{
	int i;

	for (i = 0; i < PROFILES; i++)
		rules_drop(&o->rules[i]);
}
