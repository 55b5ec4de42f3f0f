/* SPDX-License-Identifier: MIT */
/*
 * The processes of a run, when all that they need is prepared: they are forked
 * without looking anything up, and what only one of them may know is kept out
 * of the others.
 */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "lib/egress.h"
#include "lib/secret.h"
#include "priv-helper/childstate.h"
#include "priv-helper/hold.h"
#include "priv-helper/hosts.h"
#include "priv-helper/ops.h"
#include "priv-helper/order.h"
#include "priv-helper/reaper.h"
#include "priv-helper/run.h"
#include "priv-helper/served.h"
#include "priv-helper/tty.h"
#include "priv-helper/view.h"
#include "security/mutant.h"
#include "security/profile.h"

static const struct filter *
filter_of(const struct child *c)
{
	const ptrdiff_t i = c->profile - profiles;

	if (c->profile->own_filter != NULL && view_is_alone(&c->s->spaces))
		return &c->o->own_filters[i];
	if (c->profile->offline_filter != NULL && !run_is_online(c->r) &&
	    !c->s->spaces.net)
		return &c->o->offline_filters[i];
	return &c->o->filters[i];
}

static void
plan(const struct child *c, struct reaper_plan *p)
{
	const struct ops *o = c->o;
	const struct spare *s = c->s;
	struct drop_plan *d = &p->drop;

	memset(p, 0, sizeof(*p));
	p->control = c->control[1];
	p->leash = -1;
	p->cgroup = c->cgroup;
	p->cgroups = c->cgroups;
	p->handle = c->r->handle;
	memcpy(p->scratch, c->r->scratch, sizeof(p->scratch));
	d->confined = c->profile->confined;
	d->privileged = o->privileged;
	d->pty = c->r->io == PRIV_IO_PTY;
	memcpy(d->stdio, s->tty.child, sizeof(d->stdio));
	d->status = c->status[1];
	d->ruleset = s->rules.ruleset;
	d->egress = d->network = -1;
	d->door = s->door;
	d->uid = c->user->uid;
	d->gid = c->user->gid;
	d->groups = c->user->groups;
	d->ngroups = c->user->ngroups;
	d->nofile = o->nofile;
	d->limits = c->profile->limits;
	d->account = c->limits.process;
	d->filter = filter_of(c);
	if (s->spaces.view != NSPACE_NONE)
		d->spaces = &s->spaces;
	d->order = &s->order->page->told;
}

/*
 * The way out of a run with a list, whose own processes come right after it.
 * Such a run is never made ahead, so there is a request. What its program is
 * to be is no business of rdv-egress.
 */
static bool
make_egress(struct child *c, struct reaper_plan *p, struct child_error *e)
{
	const struct policy_rights *r = served_rights(c->o, c->user);
	const int profile = c->r->profile;
	char rule[EGRESS_RULE_MAX + 1];
	int err;

	if (c->r->net != POLICY_NET_LIST)
		return true;
	hosts_rule(r, profile, c->m, rule, sizeof(rule));
	order_keep(c->s->order);
	err = egress_start(c->o->egress, &p->drop, hosts_of(r, profile, c->m),
	    rule, &c->egress);
	order_lend(c->s->order);
	if (err != 0)
		return child_failed(e, "P6 egress", err);
	p->leash = p->drop.egress = c->egress.leash;
	return true;
}

/* The pid, 0 in the child, or -errno. */
static pid_t
make_reaper(struct reaper_plan *p)
{
	struct nspace_ids ids;
	pid_t pid;

	reaper_ids(p, &ids);
	if (p->drop.spaces != NULL)
		return nspace_fork(&ids, p->go);
	pid = fork();
	return pid < 0 ? -errno : pid;
}

/* Signals stay blocked in the new process: its first must find it ready. */
static pid_t
fork_reaper(const struct child *c, struct reaper_plan *p)
{
	sigset_t all, old;
	pid_t pid;

	sigfillset(&all);
	(void)sigprocmask(SIG_SETMASK, &all, &old);
	pid = mutant("P7 fork") ? -EIO : make_reaper(p);
	if (pid == 0) {
		/* It acts for one user and has no business with the rest. */
		grant_wipe(&c->o->grants);
		if (c->m != NULL)
			secret_wipe((char *)c->m->token, sizeof(c->m->token));
		reaper_run(p);
	}
	(void)sigprocmask(SIG_SETMASK, &old, NULL);
	return pid;
}

bool
processes_make(struct child *c, struct child_error *e)
{
	struct run *r = c->r;
	struct reaper_plan p;
	pid_t pid;

	plan(c, &p);
	if (!make_egress(c, &p, e))
		return false;
	pid = fork_reaper(c, &p);
	if (pid < 0)
		return child_failed(e, "P7 fork", pid);
	order_keep(c->s->order);
	r->reaper = pid;
	r->fds = c->s->tty.ours;
	c->s->tty.ours.n = 0;
	r->egress = c->egress.pid;
	if (c->egress.page >= 0)
		r->fds.fd[r->fds.n++] = c->egress.page;
	c->egress.page = -1;
	r->status = c->status[0];
	r->control = c->control[0];
	r->guards = hold_guards(c->o, r, c->cgroup >= 0);
	return true;
}
