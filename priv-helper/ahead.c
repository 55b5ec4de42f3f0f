/* SPDX-License-Identifier: MIT */
/*
 * Which spare runs there are. Forking two processes and building a run's
 * surroundings takes several times as long as the rest of a start, so it is
 * done while nobody waits. A spare run is one account's from its first moment
 * and never another's; it does nothing until it is told to, and is judged, put
 * on record and told exactly as a new one.
 */
#include "priv-helper/ahead.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "lib/clock.h"
#include "lib/path.h"
#include "lib/xalloc.h"
#include "priv-helper/child.h"
#include "priv-helper/ops.h"
#include "priv-helper/served.h"
#include "priv-helper/warm.h"
#include "security/mutant.h"

/* Of the room for runs, this part at least is to be free. */
#define ROOM 2

/* It sees what it is told to, and nothing else. */
static bool
has_root(const struct ops *o, const struct run *r)
{
	return profiles[r->profile].view == NSPACE_ROOT &&
	       o->views[NSPACE_ROOT] && r->uid != 0;
}

/* Elsewhere every path is there, whatever is asked for. */
static unsigned
listed(const struct ops *o, const struct run *r, const struct priv_spawn *m)
{
	return has_root(o, r) ? m->pathc : 0;
}

static bool
is_in_tmp(const struct priv_spawn *m)
{
	unsigned i;

	for (i = 0; i < m->pathc; i++)
		if (path_is_under("/tmp", m->paths[i]))
			return true;
	return path_is_under("/tmp", m->cwd);
}

static bool
is_of_kind(const struct ahead_kind *k, const struct run *r)
{
	return k->until != 0 && k->uid == r->uid && k->profile == r->profile &&
	       k->io == r->io && k->net == r->net;
}

static bool
sees_same(const struct ahead_kind *k, unsigned n, const struct priv_spawn *m)
{
	unsigned i;

	if (k->in_tmp != is_in_tmp(m) || k->guess.pathc != n)
		return false;
	for (i = 0; i < n; i++)
		if (strcmp(k->guess.paths[i], m->paths[i]) != 0)
			return false;
	return true;
}

static struct ahead_kind *
find(struct ops *o, const struct run *r, const struct priv_spawn *m)
{
	const unsigned n = listed(o, r, m);
	struct ahead_kind *k;

	for (k = o->ahead.kinds; k < o->ahead.kinds + AHEAD_MAX; k++)
		if (is_of_kind(k, r) && sees_same(k, n, m))
			return k;
	return NULL;
}

static struct ahead_kind *
end_of(struct ops *o)
{
	return o->ahead.kinds + AHEAD_PLACES;
}

static struct ahead_kind *
find_open(struct ops *o, const struct run *r)
{
	struct ahead_kind *k;

	for (k = o->ahead.kinds + AHEAD_MAX; k < end_of(o); k++)
		if (is_of_kind(k, r))
			return k;
	return NULL;
}

static void
forget(struct ahead_kind *k)
{
	if (k->run != NULL)
		run_abandon(k->run);
	while (k->guess.pathc > 0)
		free(k->guess.paths[--k->guess.pathc]);
	free(k->guess.paths);
	memset(k, 0, sizeof(*k));
}

static void
end_replaced(struct ops *o)
{
	struct run **r;

	for (r = o->ahead.replaced; r < o->ahead.replaced + 2; r++) {
		if (*r != NULL)
			run_abandon(*r);
		*r = NULL;
	}
}

/*
 * Of the `n` places from there: a free one, or that of the kind that has waited
 * longest. To end its spare run takes the kernel as long as a start, and the
 * one for which it goes is under way: that waits as well.
 */
static struct ahead_kind *
remember(struct ops *o, const struct run *r, struct ahead_kind *from,
    unsigned n)
{
	struct ahead_kind *k, *oldest = from;
	struct run **replaced = &o->ahead.replaced[from != o->ahead.kinds];

	for (k = from; k < from + n; k++)
		if (k->until < oldest->until)
			oldest = k;
	k = oldest;
	if (*replaced != NULL)
		run_abandon(*replaced);
	*replaced = k->run;
	k->run = NULL;
	forget(k);
	k->uid = r->uid;
	k->profile = r->profile;
	k->io = r->io;
	k->net = r->net;
	return k;
}

static struct ahead_kind *
remember_paths(struct ops *o, const struct run *r, const struct priv_spawn *m)
{
	struct ahead_kind *k = remember(o, r, o->ahead.kinds, AHEAD_MAX);
	unsigned i;

	k->in_tmp = is_in_tmp(m);
	k->guess.pathc = listed(o, r, m);
	k->guess.paths = xcalloc(k->guess.pathc + 1u, sizeof(char *));
	for (i = 0; i < k->guess.pathc; i++)
		k->guess.paths[i] = xstrdup(m->paths[i]);
	return k;
}

/* Each has two, which count as the account's own. */
static bool
has_few_processes(const struct ops *o, const struct run *r)
{
	const struct account *who = accounts_find(&o->accounts, r->uid);

	return who == NULL ||
	       served_rights(o, who)->limit[POLICY_MAX_PROCESSES] <
		   AHEAD_PROCESSES;
}

static void
expect(struct ahead_kind *k)
{
	k->until = clock_mono_ms() + (mutant("ahead") ? 300 : AHEAD_IDLE_MS);
}

void
ahead_expect(struct ops *o, const struct run *r, const struct priv_spawn *m)
{
	struct ahead_kind *k;

	/* Its rdv-egress is made with it, and for its own list. */
	if (r->net == POLICY_NET_LIST || has_few_processes(o, r))
		return;
	k = find(o, r, m);
	if (k == NULL)
		k = remember_paths(o, r, m);
	k->guess.uses_tmp = r->uses_tmp;
	expect(k);
	if (!has_root(o, r))
		return;
	k = find_open(o, r);
	if (k == NULL)
		k = remember(o, r, o->ahead.kinds + AHEAD_MAX, AHEAD_OPEN);
	expect(k);
}

/* As far as has been heard of it; its end may be on its way. */
static bool
is_well(const struct run *r)
{
	return !r->over && !r->lost && !r->exec && r->failure.err == 0 &&
	       r->control >= 0;
}

static struct run *
take(struct ahead_kind *k)
{
	struct run *r = k != NULL ? k->run : NULL;

	if (r == NULL)
		return NULL;
	k->run = NULL;
	if (!is_well(r)) {
		run_abandon(r);
		return NULL;
	}
	r->state = RUN_STARTING;
	return r;
}

static bool
mounts_changed(const struct ops *o)
{
	struct pollfd p = { .fd = o->mounts, .events = POLLPRI };

	return poll(&p, 1, 0) > 0;
}

struct run *
ahead_take(struct ops *o, const struct run *like, const struct priv_spawn *m)
{
	struct run *r = take(find(o, like, m));

	if (r != NULL)
		return r;
	/* Since this turn began: an open one would be shown what was there. */
	if (mounts_changed(o))
		ahead_drop_open(o);
	return take(find_open(o, like));
}

static bool
has_room(const struct ops *o)
{
	return o->runs.n + AHEAD_PLACES < RUNS_MAX / ROOM &&
	       (o->runs.n + AHEAD_PLACES) * RUN_FDS < o->run_fds / ROOM;
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

/* Nobody may ask for what no grant is left for. */
static int64_t
ends(const struct ops *o, const struct ahead_kind *k)
{
	const int64_t granted = grant_until(&o->grants, k->uid);

	return granted < k->until ? granted : k->until;
}

static const struct ahead_kind *
first_due(const struct ops *o)
{
	const struct ahead_kind *k;

	for (k = o->ahead.kinds; k < o->ahead.kinds + AHEAD_PLACES; k++)
		if (k->until != 0 && k->run == NULL && ends(o, k) != 0)
			return k;
	return NULL;
}

/* Without [audit] there will be no start that could take it. */
bool
ahead_due(struct ops *o)
{
	if (o->ahead.begun)
		return true;
	return first_due(o) != NULL && !o->ending && has_room(o) &&
	       !starting(o) && audit_well(&o->audit);
}

static void
give_back(struct ops *o)
{
	struct run *r;

	o->ahead.begun = false;
	end_replaced(o);
	TAILQ_FOREACH (r, &o->runs.list, entry)
		if (r->state == RUN_RUNNING || r->state == RUN_ENDED)
			run_drop_spare(r);
}

/*
 * exec(2) tells us in its middle that it will succeed, and whoever is woken
 * then often runs in its place. Making a spare run would have the program wait
 * for longer than all of its start took. Where starts follow one another, there
 * is only one that has not given back what it was made of.
 */
void
ahead_rest(struct ops *o)
{
	if (o->ahead.begun)
		give_back(o);
	o->ahead.begun = true;
	o->ahead.rest = clock_mono_ms() + AHEAD_REST_MS;
}

int
ahead_resting(const struct ops *o)
{
	const int64_t left = o->ahead.rest - clock_mono_ms();

	return left > 0 ? (int)left : 0;
}

static bool
is_open(const struct ops *o, const struct ahead_kind *k)
{
	return k >= o->ahead.kinds + AHEAD_MAX;
}

static void
make(struct ops *o)
{
	struct ahead_kind *k = &o->ahead.kinds[first_due(o) - o->ahead.kinds];
	const struct account *who = accounts_find(&o->accounts, k->uid);
	const struct run like = { .uid = k->uid,
		.gid = who != NULL ? who->gid : 0,
		.profile = k->profile,
		.io = k->io,
		.net = k->net };
	struct run *r = who != NULL ? run_like(&o->runs, &like) : NULL;

	if (r != NULL &&
	    child_ahead(o, who, r, is_open(o, k) ? NULL : &k->guess)) {
		r->state = RUN_SPARE;
		k->run = r;
		warm_up(o, r);
		return;
	}
	if (r != NULL && r->reaper != 0)
		run_abandon(r);
	else
		run_free(&o->runs, r);
	forget(k);
}

void
ahead_make(struct ops *o)
{
	if (o->ahead.begun)
		give_back(o);
	else
		make(o);
}

int64_t
ahead_expire(struct ops *o)
{
	const int64_t now = clock_mono_ms();
	struct ahead_kind *k;
	int64_t left = -1, end;

	for (k = o->ahead.kinds; k < end_of(o); k++) {
		if (k->until == 0)
			continue;
		end = ends(o, k);
		if (end <= now)
			forget(k);
		else if (left < 0 || end - now < left)
			left = end - now;
	}
	return left;
}

void
ahead_drop(struct ops *o)
{
	struct ahead_kind *k;

	end_replaced(o);
	for (k = o->ahead.kinds; k < end_of(o); k++)
		forget(k);
}

void
ahead_drop_of(struct ops *o, uid_t uid)
{
	struct ahead_kind *k;

	end_replaced(o);
	for (k = o->ahead.kinds; k < end_of(o); k++)
		if (k->until != 0 && k->uid == uid)
			forget(k);
}

void
ahead_drop_open(struct ops *o)
{
	struct ahead_kind *k;

	for (k = o->ahead.kinds + AHEAD_MAX; k < end_of(o); k++)
		forget(k);
}

void
ahead_lose(struct ops *o, struct run *r)
{
	struct ahead_kind *k;

	for (unsigned i = 0; i < 2; i++)
		if (o->ahead.replaced[i] == r)
			o->ahead.replaced[i] = NULL;
	for (k = o->ahead.kinds; k < end_of(o); k++)
		if (k->run == r) {
			forget(k);
			return;
		}
	run_abandon(r);
}
