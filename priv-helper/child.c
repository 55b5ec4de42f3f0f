/* SPDX-License-Identifier: MIT */
/*
 * Everything about a child that can be decided, looked up or opened is so
 * before the fork, where it may allocate and refuse politely. What the child
 * itself does stands in security/drop.c.
 */
#include "priv-helper/childstate.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/err.h"
#include "lib/str.h"
#include "priv-helper/cglimit.h"
#include "priv-helper/env.h"
#include "priv-helper/follow.h"
#include "priv-helper/lookup.h"
#include "priv-helper/ops.h"
#include "priv-helper/order.h"
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

/* Until a request says how large it is. */
#define COLS 80
#define ROWS 24

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
	tty_close_child(&c->s->tty);
	egress_close(&c->egress);
	view_done(&c->now);
	if (c->cgroup >= 0)
		(void)close(c->cgroup);
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

/* What the run would have taken over; of one with a reaper that is its work. */
static void
child_undo(struct child *c)
{
	struct run *r = c->r;

	if (!c->fresh || r->reaper != 0)
		return;
	pair_close(c->status);
	pair_close(c->control);
	if (c->cgroup >= 0)
		cgroup_remove(c->cgroups, r->handle);
}

/* Here nothing else would do as well, so there is no going without. */
static bool
check_list(const struct child *c, struct child_error *e)
{
	if (c->r->net != POLICY_NET_LIST)
		return true;
	if (c->s->spaces.net)
		return c->o->egress >= 0 ||
		       child_failed(e, "P6 egress", -ENOENT);
	(void)child_failed(e, "C8b namespaces", -EOPNOTSUPP);
	(void)str_copy(e->why,
	    "network: a list of hosts needs net_namespace, which this host "
	    "does not give",
	    sizeof(e->why));
	return false;
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
	view_init(&c->s->spaces, c->o, c->user, c->profile,
	    run_is_online(c->r));
	/* The reaper, which will remove it, is made before it. */
	scratch_name(c->r->scratch);
	return check_list(c, e);
}

static bool
make_scratch(struct child *c, struct child_error *e)
{
	int err = c->profile->confined ? scratch_make(c->r->scratch) : 0;

	return err == 0 || child_failed(e, "P3 scratch directory", err);
}

static bool
make_env(struct child *c, struct child_error *e)
{
	struct env_request req = { .user = c->user,
		.profile = c->profile,
		.vars = c->m->envp,
		.nvars = c->m->envc,
		.pty = c->m->io == PRIV_IO_PTY,
		.egress = c->r->net == POLICY_NET_LIST,
		.door = door_asked(c) };

	if (c->profile->confined)
		req.tmpdir = c->r->scratch;
	e->result = PRIV_DENIED;
	return env_build(&req, &c->env, e->why, sizeof(e->why)) == 0;
}

/* A profile with a program of its own runs that one, from its own places. */
static bool
find_program(struct child *c, struct child_error *e)
{
	const char *search = c->profile->search;
	const char *name = c->m->argv[0];
	const bool own = c->profile->own != NULL && !mutant("git-exe");
	int err;

	c->reach.worker =
	    c->profile->worker != NULL && strcmp(name, c->profile->worker) == 0;
	if (own && strcmp(name, c->profile->own) != 0)
		return denied(e, "argv: not the profile's program");
	if (c->reach.worker || own) {
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

	if (c->r->io == PRIV_IO_PTY) {
		err = tty_open(&c->s->tty, COLS, ROWS, c->user->uid);
		return err == 0 || child_failed(e, "P4 terminal", err);
	}
	err = tty_pipes(&c->s->tty, c->r->io == PRIV_IO_TALK);
	return err == 0 || child_failed(e, "P4 pipes", err);
}

/* That of all runs of the account, as the policy has it now. */
static int
hold_account(struct child *c)
{
	limits_of(&c->limits, served_rights(c->o, c->user), limits_kept(c->o));
	limits_cgroup(c->o, c->user->uid, c->cgroups);
	return limits_hold(c->o, &c->limits, c->cgroups);
}

/* The profile's quota is put down before there is a process in it. */
static bool
make_cgroup(struct child *c, struct child_error *e)
{
	int err = hold_account(c);

	if (err == 0)
		err = cgroup_make(c->cgroups, c->r->handle, &c->cgroup);
	if (err == 0)
		err = cglimit_set(c->cgroup, &c->profile->quota,
		    c->o->cgroup_limits);
	return err == 0 || child_failed(e, "P5 cgroup", err);
}

/* What was right when it was made; another can be made instead. */
static bool
stale(struct child_error *e)
{
	e->stale = true;
	return child_failed(e, "P5 rules", -ESTALE);
}

static bool
new_ruleset(struct child *c, struct child_error *e)
{
	int err = reach_new(&c->reach);

	return err == 0 || child_failed(e, "P5 ruleset", err);
}

static bool
begin_ruleset(struct child *c, struct child_error *e)
{
	int err;

	if (c->r->io == PRIV_IO_PTY)
		c->reach.terminal = c->s->tty.child[0];
	err = reach_begin(&c->reach);
	c->s->own = c->s->spaces.n;
	return err == 0 || child_failed(e, "P5 ruleset", err);
}

static bool
check_rules(struct child *c, struct child_error *e)
{
	view_init(&c->now, c->o, c->user, c->profile, run_is_online(c->r));
	c->reach.spaces = &c->now;
	return reach_holds(&c->reach) || stale(e);
}

static bool
is_made(const struct child *c)
{
	return c->reach.spaces == &c->s->spaces;
}

/* What every run like it sees, whatever it is asked to do. */
static bool
show_common(struct child *c, struct child_error *e)
{
	struct spare *s = c->s;
	int err;

	c->reach.shown = c->ahead;
	err = reach_common(&c->reach);
	if (err != 0)
		return child_failed(e, "P5 ruleset", err);
	if (!is_made(c) || s->spaces.view == NSPACE_NONE)
		return true;
	s->common = s->spaces.n;
	return order_begin(s->order, &s->spaces) ||
	       child_failed(e, "P6 order", -E2BIG);
}

/* To be granted in the end, but seen from the beginning. */
static bool
show_guess(struct child *c, struct child_error *e)
{
	c->reach.cwd = "/";
	c->reach.paths = c->guess->paths;
	c->reach.pathc = c->guess->pathc;
	c->s->spaces.uses_tmp = c->guess->uses_tmp;
	return reach_make(&c->reach, e);
}

/* What one that was made before shows is what it would show now. */
static bool
still_fits(const struct child *c)
{
	const struct nspace *was = &c->s->spaces, *now = &c->now;
	const size_t n = was->n - c->s->own;

	return is_made(c) || (view_begins(now, was, c->s->own) &&
				 (c->s->open || now->n == n));
}

static bool
make_ruleset(struct child *c, struct child_error *e)
{
	const struct nspace *shown = c->reach.spaces;

	if (!reach_make(&c->reach, e))
		return false;
	if (!still_fits(c))
		return stale(e);
	c->r->uses_tmp = shown->uses_tmp;
	if (shown->own_tmp)
		env_replace(c->env, "TMPDIR", c->r->scratch, "/tmp");
	return true;
}

static bool
make_channels(struct child *c, struct child_error *e)
{
	int err;

	if (pipe2(c->status, O_CLOEXEC | O_NONBLOCK) < 0)
		return child_failed(e, "P6 status pipe", -errno);
	err = seqpkt_pair(c->control);
	if (err != 0)
		return child_failed(e, "P6 control socket", err);
	c->s->order = order_new();
	return c->s->order != NULL || child_failed(e, "P6 order", -errno);
}

/* All that it is to see has been judged. */
static bool
show_view(struct child *c, struct child_error *e)
{
	const struct spare *s = c->s;
	const size_t skip = is_made(c) ? s->common : s->common - s->own;

	return s->spaces.view == NSPACE_NONE ||
	       order_show(s->order, c->reach.spaces, skip) ||
	       child_failed(e, "P6 order", -E2BIG);
}

/* What the program is to be, where it can see that. */
static bool
make_order(struct child *c, struct child_error *e)
{
	const struct drop_order told = { .token =
					     door_asked(c) ? c->m->token : NULL,
		.cwd = c->m->cwd,
		.path = c->program,
		.argv = c->m->argv,
		.envp = c->env };

	return order_tell(c->s->order, &told) ||
	       child_failed(e, "P6 order", -E2BIG);
}

enum when {
	MADE = 1,   /* for a request, or before */
	AHEAD = 2,  /* before it, for one that is expected */
	ASKED = 4,  /* for a request */
	READY = 8,  /* for one that is served by what is there */
	SHOWN = 16, /* when it is known what is to be seen */
};

/*
 * In this order: each uses what the ones before it have made. The processes
 * come as early as they can, since making them and their namespaces takes as
 * long as the looking up that follows. They wait for what comes of that.
 */
static const struct stage {
	const char *name; /* in test builds it can be made to fail by this */
	bool as_user;	  /* looks up, opens or makes what is the account's */
	unsigned when;
	bool (*make)(struct child *c, struct child_error *e);
} stages[] = {
	{ "P3 guards", false, MADE, check_guards },
	{ "P4 stdio", true, MADE, make_stdio },
	{ "P4 door", true, MADE, door_make },
	{ "P5 cgroup", false, MADE, make_cgroup },
	{ "P5 new", false, MADE, new_ruleset },
	{ "P6 channels", false, MADE, make_channels },
	{ "P7 processes", false, MADE, processes_make },
	{ "P3 scratch", true, MADE, make_scratch },
	{ "P3 environment", true, ASKED, make_env },
	{ "P3 program", true, ASKED, find_program },
	{ "P5 begin", true, MADE, begin_ruleset },
	{ "P5 rules", true, READY, check_rules },
	{ "P5 common", true, MADE | READY, show_common },
	{ "P5 guess", true, AHEAD, show_guess },
	{ "P5 ruleset", true, ASKED, make_ruleset },
	{ "P6 view", false, SHOWN, show_view },
	{ "P6 order", false, ASKED, make_order },
};

static unsigned
due(const struct child *c)
{
	if (c->ahead)
		return c->guess != NULL ? MADE | AHEAD | SHOWN : MADE;
	if (c->fresh)
		return MADE | ASKED | SHOWN;
	return c->s->open ? READY | ASKED | SHOWN : READY | ASKED;
}

static bool
prepare(struct child *c, struct child_error *e)
{
	const unsigned when = due(c);
	const struct stage *s;
	int err;

	for (s = stages; s < stages + sizeof(stages) / sizeof(*s); s++) {
		if ((s->when & when) == 0)
			continue;
		err = rights(c, s->as_user);
		if (err != 0)
			return child_failed(e, "P3 rights", err);
		if (!s->make(c, e))
			return false;
		/* After it has been made, so that it has to be undone. */
		if (mutant(s->name))
			return child_failed(e, s->name, -EIO);
	}
	return true;
}

static void
child_init(struct child *c, struct ops *o, const struct account *user,
    const struct priv_spawn *m, struct run *r)
{
	memset(c, 0, sizeof(*c));
	c->o = o;
	c->user = user;
	c->m = m;
	c->profile = &profiles[r->profile];
	c->r = r;
	c->fresh = r->spare == NULL;
	if (c->fresh)
		r->spare = spare_new();
	c->s = r->spare;
	c->cgroup = c->status[0] = c->status[1] = -1;
	c->control[0] = c->control[1] = -1;
	c->egress.leash = c->egress.page = -1;
	c->reach = (struct reach){ .o = o,
		.user = user,
		.profile = c->profile,
		.program = c->program,
		.scratch = r->scratch,
		.terminal = -1,
		.online = run_is_online(r),
		.spare = c->s,
		.spaces = &c->s->spaces };
	if (m == NULL)
		return;
	c->reach.cwd = m->cwd;
	c->reach.paths = m->paths;
	c->reach.pathc = m->pathc;
}

/* What a run has of its request. */
static bool
begin(struct child *c, struct child_error *e)
{
	struct run *r = c->r;
	int err;

	if (r->io == PRIV_IO_PTY) {
		err = tty_resize(r->fds.fd[0], c->m->cols, c->m->rows);
		if (err != 0)
			return child_failed(e, "P4 terminal", err);
	}
	door_give(c);
	order_give(c->s->order);
	(void)str_copy(r->label, c->m->label, sizeof(r->label));
	r->started_ms = clock_wall_ms();
	r->deadline = clock_mono_ms() + (mutant("hang") ? 500 : START_MS);
	return true;
}

/*
 * A process that fails while we go on takes with it what we are about to use:
 * then it is its own report that says why.
 */
static void
prefer_report(struct child *c, struct child_error *e)
{
	struct run *r = c->r;

	if (!c->fresh || r->reaper == 0 || e->result != PRIV_FAILED)
		return;
	follow_start(r);
	if (r->failure.err != 0)
		(void)child_failed(e, reaper_stage_name(r->failure.stage),
		    -r->failure.err);
}

bool
child_start(struct ops *o, const struct account *user,
    const struct priv_spawn *m, struct run *r, struct child_error *e)
{
	struct child c;
	bool ok;

	child_init(&c, o, user, m, r);
	ok = prepare(&c, e);
	(void)rights(&c, false);
	if (!ok)
		prefer_report(&c, e);
	/* Asked for before all this was prepared: it has mostly come. */
	if (ok && !audit_wait(&o->audit, e->why, sizeof(e->why)))
		ok = child_unrecorded(e);
	if (!ok)
		child_undo(&c);
	else
		ok = begin(&c, e);
	child_done(&c);
	return ok;
}

bool
child_ahead(struct ops *o, const struct account *user, struct run *r,
    const struct ahead_guess *guess)
{
	struct child_error e;
	struct child c;
	bool ok;

	child_init(&c, o, user, NULL, r);
	c.ahead = true;
	c.guess = guess;
	c.s->open = guess == NULL;
	ok = prepare(&c, &e);
	(void)rights(&c, false);
	if (!ok)
		child_undo(&c);
	child_done(&c);
	return ok;
}
