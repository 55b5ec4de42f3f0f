/* SPDX-License-Identifier: MIT */
/*
 * Everything about a child that can be decided, looked up or opened is so
 * before the fork, where it may allocate and refuse politely. What the child
 * itself does stands in security/drop.c.
 */
#include "priv-helper/child.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/err.h"
#include "lib/log.h"
#include "lib/str.h"
#include "priv-helper/cglimit.h"
#include "priv-helper/cgroup.h"
#include "priv-helper/env.h"
#include "priv-helper/limits.h"
#include "priv-helper/lookup.h"
#include "priv-helper/ops.h"
#include "priv-helper/reach.h"
#include "priv-helper/reaper.h"
#include "priv-helper/run.h"
#include "priv-helper/scratch.h"
#include "priv-helper/served.h"
#include "priv-helper/tty.h"
#include "priv-helper/view.h"
#include "security/asuser.h"
#include "security/landlock.h"
#include "security/mutant.h"
#include "security/profile.h"

/* A program that has not begun by then hangs on its directory or itself. */
#define START_MS 10000

/* What is built for one child; freed as a whole, whoever failed. */
struct child {
	struct ops *o;
	const struct account *user;
	const struct priv_spawn *m;
	const struct profile *profile;
	struct tty tty;
	char **env;
	char program[PATH_MAX];
	char scratch[SCRATCH_PATH];
	bool as_user; /* the account's rights are on */
	uint64_t handle;
	enum policy_net net;
	struct limits limits;	   /* of the account */
	char cgroups[CGROUP_PATH]; /* where that of the run lies */
	int cgroup;
	struct reach reach;
	int status[2];
	int control[2];
};

bool
child_failed(struct child_error *e, const char *stage, int err)
{
	e->result = PRIV_FAILED;
	e->stage = stage;
	e->err = -err;
	snprintf(e->why, sizeof(e->why), "%s: %s", stage, strerror(-err));
	return false;
}

/* `why` has been said. */
bool
child_unrecorded(struct child_error *e)
{
	e->result = PRIV_FAILED;
	e->stage = "P6 audit";
	e->err = EIO;
	return false;
}

static bool
denied(struct child_error *e, const char *text)
{
	e->result = PRIV_DENIED;
	snprintf(e->why, sizeof(e->why), "%s", text);
	return false;
}

static void
pair_close(int fds[2])
{
	int i;

	for (i = 0; i < 2; i++)
		if (fds[i] >= 0)
			(void)close(fds[i]);
	fds[0] = fds[1] = -1;
}

static void
child_done(struct child *c)
{
	env_free(c->env);
	view_done(&c->reach.spaces);
	tty_close_child(&c->tty);
	if (c->cgroup >= 0)
		(void)close(c->cgroup);
	if (c->reach.ruleset >= 0)
		(void)close(c->reach.ruleset);
	if (c->status[1] >= 0)
		(void)close(c->status[1]);
	if (c->control[1] >= 0)
		(void)close(c->control[1]);
}

/*
 * With the account's rights, or with our own. 0 or -errno; going back does not
 * fail.
 */
static int
rights(struct child *c, bool as_user)
{
	const struct account *u = c->user;
	int err;

	if (as_user == c->as_user)
		return 0;
	if (!as_user) {
		c->as_user = false;
		asuser_end(c->o->privileged);
		return 0;
	}
	err = mutant("P3 rights") ? -EIO
				  : asuser_begin(c->o->privileged, u->uid,
					u->gid, u->groups, u->ngroups);
	c->as_user = err == 0;
	return err;
}

/* What the run would have taken over. */
static void
child_undo(struct child *c)
{
	tty_done(&c->tty);
	pair_close(c->status);
	pair_close(c->control);
	if (c->scratch[0] != '\0' && rights(c, true) == 0)
		scratch_remove(c->scratch, c->user->uid);
	(void)rights(c, false);
	if (c->cgroup >= 0)
		cgroup_remove(c->cgroups, c->handle);
}

/* A kernel without a guard makes the product refuse, not go without. */
static bool
check_guards(struct child *c, struct child_error *e)
{
	if (!c->profile->confined)
		return true;
	if (landlock_abi() == 0)
		return child_failed(e, "C15 landlock", -EOPNOTSUPP);
	if (!filter_supported())
		return child_failed(e, "C17 seccomp", -EOPNOTSUPP);
	c->reach.online = c->net == POLICY_NET_FULL;
	view_init(&c->reach.spaces, c->o, c->user, c->profile, c->reach.online);
	return true;
}

static bool
make_env(struct child *c, struct child_error *e)
{
	struct env_request req = { .user = c->user,
		.profile = c->profile,
		.vars = c->m->envp,
		.nvars = c->m->envc,
		.pty = c->m->io == PRIV_IO_PTY };
	int err;

	if (c->profile->confined) {
		err = scratch_make(c->scratch);
		if (err != 0)
			return child_failed(e, "P3 scratch directory", err);
		req.tmpdir = c->scratch;
	}
	e->result = PRIV_DENIED;
	return env_build(&req, &c->env, e->why, sizeof(e->why)) == 0;
}

/* A profile with a program of its own runs that one, from its own places. */
static bool
find_program(struct child *c, struct child_error *e)
{
	const char *search = c->profile->search;
	const char *name = c->m->argv[0];
	int err;

	c->reach.worker =
	    c->profile->worker != NULL && strcmp(name, c->profile->worker) == 0;
	if (c->reach.worker) {
		err = lookup_program(c->program, sizeof(c->program), name,
		    c->o->bin);
		return err == 0 || child_failed(e, "P3 program", err);
	}
	if (search == NULL)
		search = env_get(c->env, "PATH");
	if (c->profile->exe != NULL && !mutant("git-exe")) {
		err = lookup_program(c->program, sizeof(c->program),
		    c->profile->exe, search);
		if (err == 0 && strcmp(name, c->profile->exe) != 0 &&
		    strcmp(name, c->program) != 0)
			return denied(e, "argv: not the profile's program");
	} else {
		err = lookup_program(c->program, sizeof(c->program), name,
		    search);
	}
	return err == 0 || child_failed(e, "P3 program", err);
}

static bool
make_stdio(struct child *c, struct child_error *e)
{
	int err;

	if (c->m->io == PRIV_IO_PTY) {
		err = tty_open(&c->tty, c->m->cols, c->m->rows, c->user->uid);
		return err == 0 || child_failed(e, "P4 terminal", err);
	}
	err = tty_pipes(&c->tty);
	return err == 0 || child_failed(e, "P4 pipes", err);
}

/* That of all runs of the account, as the policy has it now. */
static int
hold_account(struct child *c)
{
	int fd, err;

	limits_of(&c->limits, served_rights(c->o, c->user), limits_kept(c->o));
	limits_cgroup(c->o, c->user->uid, c->cgroups);
	if (!c->o->system)
		return 0;
	err = cgroup_account_make(c->o->cgroup, c->cgroups, &fd);
	if (err == 0)
		err = cglimit_renew(fd, &c->limits.all, limits_kept(c->o));
	if (fd >= 0)
		(void)close(fd);
	return err;
}

static bool
make_cgroup(struct child *c, struct child_error *e)
{
	int err = hold_account(c);

	if (err == 0)
		err = cgroup_make(c->cgroups, c->handle, &c->cgroup);
	if (err == 0)
		err = cglimit_set(c->cgroup, &c->profile->quota,
		    c->o->cgroup_limits);
	return err == 0 || child_failed(e, "P5 cgroup", err);
}

static bool
make_ruleset(struct child *c, struct child_error *e)
{
	c->reach.profile = c->profile;
	c->reach.program = c->program;
	c->reach.scratch = c->scratch;
	c->reach.terminal = c->m->io == PRIV_IO_PTY ? c->tty.child[0] : -1;
	if (!reach_make(&c->reach, e))
		return false;
	if (c->reach.spaces.own_tmp)
		env_replace(c->env, "TMPDIR", c->scratch, "/tmp");
	return true;
}

static bool
make_channels(struct child *c, struct child_error *e)
{
	int err;

	if (pipe2(c->status, O_CLOEXEC | O_NONBLOCK) < 0)
		return child_failed(e, "P6 status pipe", -errno);
	err = seqpkt_pair(c->control);
	return err == 0 || child_failed(e, "P6 control socket", err);
}

static const struct filter *
filter_of(const struct child *c)
{
	const ptrdiff_t i = c->profile - profiles;

	if (c->profile->own_filter != NULL && view_is_alone(&c->reach.spaces))
		return &c->o->own_filters[i];
	if (c->profile->offline_filter != NULL && !c->reach.online &&
	    !c->reach.spaces.net)
		return &c->o->offline_filters[i];
	return &c->o->filters[i];
}

static void
plan(const struct child *c, struct reaper_plan *p)
{
	const struct ops *o = c->o;
	struct drop_plan *d = &p->drop;

	memset(p, 0, sizeof(*p));
	p->control = c->control[1];
	p->spool = c->m->io == PRIV_IO_PTY ? c->tty.ours.fd[2] : -1;
	p->cgroup = c->cgroup;
	p->cgroups = c->cgroups;
	p->handle = c->handle;
	memcpy(p->scratch, c->scratch, sizeof(p->scratch));
	d->confined = c->profile->confined;
	d->privileged = o->privileged;
	d->pty = c->m->io == PRIV_IO_PTY;
	memcpy(d->stdio, c->tty.child, sizeof(d->stdio));
	d->status = c->status[1];
	d->ruleset = c->reach.ruleset;
	d->uid = c->user->uid;
	d->gid = c->user->gid;
	d->groups = c->user->groups;
	d->ngroups = c->user->ngroups;
	d->nofile = o->nofile;
	d->limits = c->profile->limits;
	d->account = c->limits.process;
	d->filter = filter_of(c);
	if (c->reach.spaces.view != NSPACE_NONE)
		d->spaces = &c->reach.spaces;
	d->cwd = c->m->cwd;
	d->path = c->program;
	d->argv = c->m->argv;
	d->envp = c->env;
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
fork_reaper(struct ops *o, struct reaper_plan *p)
{
	sigset_t all, old;
	pid_t pid;

	sigfillset(&all);
	(void)sigprocmask(SIG_SETMASK, &all, &old);
	pid = mutant("P7 fork") ? -EIO : make_reaper(p);
	if (pid == 0) {
		/* It acts for one user and has no business with the rest. */
		grant_wipe(&o->grants);
		reaper_run(p);
	}
	(void)sigprocmask(SIG_SETMASK, &old, NULL);
	return pid;
}

/* What is on for this child. */
static uint32_t
guards(const struct child *c)
{
	uint32_t g = PRIV_G_NNP | PRIV_G_SECCOMP | PRIV_G_LANDLOCK |
		     PRIV_G_RLIMITS | PRIV_G_PDEATH;
	unsigned kept = cglimit_wanted(&c->profile->quota, c->o->cgroup_limits);

	if (!c->profile->confined)
		return 0;
	g |= view_guards(&c->reach.spaces);
	if (c->cgroup >= 0)
		g |= PRIV_G_CGROUP;
	if ((kept & CGLIMIT_PIDS) != 0)
		g |= PRIV_G_PIDS;
	if ((kept & CGLIMIT_MEMORY) != 0)
		g |= PRIV_G_MEMORY;
	return g;
}

static void
hand_over(struct child *c, struct run *r, pid_t reaper)
{
	r->reaper = reaper;
	r->fds = c->tty.ours;
	r->status = c->status[0];
	r->control = c->control[0];
	memcpy(r->scratch, c->scratch, sizeof(r->scratch));
	r->io = c->m->io;
	(void)str_copy(r->label, c->m->label, sizeof(r->label));
	r->guards = guards(c);
	r->started_ms = clock_wall_ms();
	r->deadline = clock_mono_ms() + (mutant("hang") ? 500 : START_MS);
}

/* In this order: each uses what the ones before it have made. */
static const struct stage {
	const char *name; /* in test builds it can be made to fail by this */
	bool as_user;	  /* looks up, opens or makes what is the account's */
	bool (*make)(struct child *c, struct child_error *e);
} stages[] = {
	{ "P3 guards", false, check_guards },
	{ "P3 environment", true, make_env },
	{ "P3 program", true, find_program },
	{ "P4 stdio", true, make_stdio },
	{ "P5 cgroup", false, make_cgroup },
	{ "P5 ruleset", true, make_ruleset },
	{ "P6 channels", false, make_channels },
};

static bool
prepare(struct child *c, struct child_error *e)
{
	size_t i;
	int err;

	for (i = 0; i < sizeof(stages) / sizeof(stages[0]); i++) {
		err = rights(c, stages[i].as_user);
		if (err != 0)
			return child_failed(e, "P3 rights", err);
		if (!stages[i].make(c, e))
			return false;
		/* After it has been made, so that it has to be undone. */
		if (mutant(stages[i].name))
			return child_failed(e, stages[i].name, -EIO);
	}
	return true;
}

bool
child_start(struct ops *o, const struct account *user,
    const struct priv_spawn *m, struct run *r, struct child_error *e)
{
	struct child c = { .o = o,
		.user = user,
		.m = m,
		.profile = &profiles[r->profile],
		.tty = { .child = { -1, -1, -1 } },
		.handle = r->handle,
		.net = r->net,
		.cgroup = -1,
		.reach = { .o = o, .user = user, .m = m, .ruleset = -1 },
		.status = { -1, -1 },
		.control = { -1, -1 } };
	struct reaper_plan p;
	pid_t pid = -1;
	bool ok = prepare(&c, e);

	(void)rights(&c, false);
	/* Asked for before all this was prepared: it has mostly come. */
	if (ok && !audit_wait(&o->audit, e->why, sizeof(e->why)))
		ok = child_unrecorded(e);
	if (ok) {
		plan(&c, &p);
		pid = fork_reaper(o, &p);
		if (pid < 0)
			ok = child_failed(e, "P7 fork", pid);
	}
	if (ok)
		hand_over(&c, r, pid);
	else
		child_undo(&c);
	child_done(&c);
	return ok;
}
