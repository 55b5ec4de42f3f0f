/* SPDX-License-Identifier: MIT */
/*
 * SPAWN: judged here again in full, whatever rdvd has checked already. The
 * answer waits for the moment the program has begun or failed to, so "running"
 * is never said of something that is not (abuse H15, H16).
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "lib/clock.h"
#include "lib/err.h"
#include "lib/path.h"
#include "lib/seqpkt.h"
#include "lib/str.h"
#include "priv-helper/auditacts.h"
#include "priv-helper/child.h"
#include "priv-helper/hold.h"
#include "priv-helper/hosts.h"
#include "priv-helper/ops.h"
#include "priv-helper/park.h"
#include "priv-helper/peer.h"
#include "priv-helper/served.h"

/* Beyond any screen; the daemon's own bounds are narrower. */
#define CELLS_MAX 4096
/* Of all starts under way, where there are several accounts. */
#define SHARE (PRIV_OUTSTANDING / 2)

static bool
no(struct child_error *e, enum priv_result result, const char *why)
{
	e->result = result;
	(void)str_copy(e->why, why, sizeof(e->why));
	return false;
}

static unsigned
count(const struct ops *o, enum run_state from, enum run_state to)
{
	const struct run *r;
	unsigned n = 0;

	TAILQ_FOREACH (r, &o->runs.list, entry)
		n += r->state >= from && r->state <= to;
	return n;
}

static bool
judge_grant(const struct ops *o, const struct priv_spawn *m,
    const struct account **who, struct child_error *e)
{
	uid_t uid;

	if (!grant_find(&o->grants, m->grant, &uid))
		return no(e, PRIV_DENIED, "no such grant, or it has expired");
	*who = accounts_find(&o->accounts, uid);
	if (*who == NULL)
		return no(e, PRIV_DENIED, "the account is not served");
	return true;
}

/*
 * Only [ops] puts a socket into a run, so there is nothing about it to judge. A
 * profile without a root of its own sees rdvd's sockets as its account does.
 */
static bool
judge_token(const struct priv_spawn *m, int profile, struct child_error *e)
{
	const char *p = m->token;

	if (*p != '\0' && !profiles[profile].door)
		return no(e, PRIV_DENIED, "token: this profile has no door");
	while (*p > ' ' && *p <= '~')
		p++;
	return *p == '\0' ||
	       no(e, PRIV_DENIED, "token: not of printable characters");
}

static bool
judge_form(const struct priv_spawn *m, int profile, struct child_error *e)
{
	if (profile < 0)
		return no(e, PRIV_DENIED, "no such profile");
	if (m->pathc > 0 && !profiles[profile].confined)
		return no(e, PRIV_DENIED,
		    "paths: this profile is not confined to any");
	if (!judge_token(m, profile, e))
		return false;
	if (!path_absolute_ok(m->cwd))
		return no(e, PRIV_DENIED, "cwd: not a plain absolute path");
	if (m->argv[0][0] == '\0')
		return no(e, PRIV_DENIED, "argv: no program");
	if (m->io == PRIV_IO_PTY && (m->cols < 1 || m->cols > CELLS_MAX ||
					m->rows < 1 || m->rows > CELLS_MAX))
		return no(e, PRIV_DENIED, "size: not 1..4096 by 1..4096");
	return true;
}

/* What cannot be held to, or had, is refused and never rounded. */
static bool
judge_net(const struct ops *o, const struct account *who,
    const struct priv_spawn *m, int profile, struct child_error *e)
{
	const struct policy_rights *r = served_rights(o, who);
	const struct profile *p = &profiles[profile];
	const bool less = m->net == PRIV_NET_NONE || m->net == PRIV_NET_LIST;
	const bool some = m->net == PRIV_NET_FULL || m->net == PRIV_NET_LIST;

	if (less && !p->confined)
		return no(e, PRIV_DENIED,
		    "network: this profile is not confined to any");
	if (some && !p->network)
		return no(e, PRIV_DENIED, "network: this profile has none");
	if (hosts_judge(r, profile, hold_net(r, profile, m->net), m, e->why,
		sizeof(e->why)))
		return true;
	e->result = PRIV_DENIED;
	return false;
}

static bool
judge_policy(const struct ops *o, const struct account *who,
    const struct priv_spawn *m, int profile, struct child_error *e)
{
	struct policy_request q = { .profile = profile,
		.net = hold_net(served_rights(o, who), profile, m->net),
		.pty = m->io == PRIV_IO_PTY,
		.output_bytes = m->output_bytes };
	const struct run *r;
	int err;

	TAILQ_FOREACH (r, &o->runs.list, entry) {
		if (r->uid != who->uid || r->state > RUN_RUNNING)
			continue;
		q.runs++;
		q.terminals += r->io == PRIV_IO_PTY;
	}
	err = policy_judge(served_rights(o, who), &q, e->why, sizeof(e->why));
	if (err != 0)
		e->result = err == RDV_E_FULL ? PRIV_BUSY : PRIV_DENIED;
	return err == 0;
}

static rlim_t
lists(const struct ops *o)
{
	const struct run *r;
	rlim_t n = 0;

	TAILQ_FOREACH (r, &o->runs.list, entry)
		n += r->net == POLICY_NET_LIST;
	return n;
}

/*
 * Runs that are done keep a place for as long as their reapers tidy. What is
 * asked for may have a list.
 */
static bool
has_place(const struct ops *o)
{
	const rlim_t live = count(o, RUN_STARTING, RUN_ENDED);
	const rlim_t spare = count(o, RUN_SPARE, RUN_SPARE);
	const rlim_t done = o->runs.n - live - spare;
	const rlim_t fds =
	    (live + spare + 1) * RUN_FDS + done * RUN_DONE_FDS + lists(o) + 1;

	return live < RUNS_MAX && o->runs.n < RUNS_TABLE && fds <= o->run_fds;
}

/* Whatever hangs in one account, the others have room. */
static bool
has_its_share(const struct ops *o, const struct account *who)
{
	const struct run *r;
	unsigned n = 0;

	TAILQ_FOREACH (r, &o->runs.list, entry)
		n += r->state == RUN_STARTING && r->uid == who->uid;
	return o->accounts.n > 1 && n >= SHARE;
}

static bool
judge_room(struct ops *o, const struct account *who, struct child_error *e)
{
	if (o->ending)
		return no(e, PRIV_BUSY, "rdv is stopping");
	if (has_its_share(o, who))
		return no(e, PRIV_BUSY,
		    "too many starts of this account at once");
	if (count(o, RUN_STARTING, RUN_STARTING) >= PRIV_OUTSTANDING)
		return no(e, PRIV_BUSY, "too many starts at once");
	if (!has_place(o))
		ahead_drop(o);
	if (!has_place(o))
		return no(e, PRIV_BUSY,
		    "too many runs, or too low a limit on open files");
	return true;
}

/* 0, or as peer_send(). */
static int
answer(struct ops *o, uint32_t id, const struct priv_spawn_answer *a,
    const struct seqpkt_fds *fds)
{
	struct buf b;
	int err;

	buf_init(&b, SEQPKT_MAX);
	priv_put_spawn_answer(&b, id, fds != NULL ? (uint8_t)fds->n : 0, a);
	err = peer_send(o, &b, fds);
	buf_done(&b);
	return err;
}

static void
describe_error(const struct child_error *e, struct priv_spawn_answer *a)
{
	memset(a, 0, sizeof(*a));
	a->result = (uint8_t)e->result;
	(void)str_copy(a->why, e->why, sizeof(a->why));
	if (e->result == PRIV_FAILED) {
		(void)str_copy(a->stage, e->stage, sizeof(a->stage));
		a->err = e->err;
	}
}

static void
answer_error(struct ops *o, uint32_t id, const struct child_error *e)
{
	struct priv_spawn_answer a;

	describe_error(e, &a);
	if (e->result == PRIV_DENIED)
		peer_audit(PRIV_SPAWN, e->why);
	(void)answer(o, id, &a, NULL);
}

/* A start that has been judged, from its first record to its fork. */
static bool
start(struct ops *o, const struct account *who, const struct priv_spawn *m,
    struct run *r, struct child_error *e)
{
	struct priv_spawn_answer a;

	if (!audit_spawn(o, m, r, e->why)) {
		(void)child_unrecorded(e);
		audit_spawn_refused(o, m, e->result, e->why);
		return false;
	}
	if (child_start(o, who, m, r, e))
		return true;
	if (audit_absent(&o->audit)) {
		audit_spawn_refused(o, m, e->result, e->why);
		return false;
	}
	describe_error(e, &a);
	audit_spawn_done(o, r, &a);
	return false;
}

/* One that was made before, or a new one; NULL: no handle is left. */
static struct run *
new_run(struct ops *o, const struct account *who, const struct priv_spawn *m,
    bool ready)
{
	const int profile = profile_find(m->profile);
	const struct run like = { .uid = who->uid,
		.gid = who->gid,
		.profile = profile,
		.io = m->io,
		.net = hold_net(served_rights(o, who), profile, m->net) };
	struct run *r = ready ? ahead_take(o, &like, m) : NULL;

	return r != NULL ? r : run_like(&o->runs, &like);
}

/*
 * False with `e`, which may say that one without what is `ready` is worth it.
 */
static bool
attempt(struct ops *o, uint32_t id, const struct account *who,
    const struct priv_spawn *m, bool ready, struct child_error *e)
{
	struct run *r = new_run(o, who, m, ready);
	bool ok;

	memset(e, 0, sizeof(*e));
	if (r == NULL) {
		(void)no(e, PRIV_BUSY, "no handle is left; restart rdv");
		audit_spawn_refused(o, m, e->result, e->why);
		return false;
	}
	r->conn = o->conn;
	r->request = id;
	ok = start(o, who, m, r, e);
	if (ok) {
		hold_record(o, r, served_rights(o, who), m);
		ahead_expect(o, r, m);
	} else if (r->reaper != 0) {
		run_abandon(r);
	} else {
		run_free(&o->runs, r);
	}
	return ok;
}

void
op_spawn(struct ops *o, uint32_t id, union ops_request *m)
{
	const int profile = profile_find(m->spawn.profile);
	const struct account *who = NULL;
	struct child_error e;
	bool ok;

	memset(&e, 0, sizeof(e));
	if (judge_grant(o, &m->spawn, &who, &e) &&
	    judge_form(&m->spawn, profile, &e) &&
	    judge_policy(o, who, &m->spawn, profile, &e) &&
	    judge_net(o, who, &m->spawn, profile, &e) &&
	    judge_room(o, who, &e)) {
		ok = attempt(o, id, who, &m->spawn, true, &e) ||
		     (e.stale && attempt(o, id, who, &m->spawn, false, &e));
	} else {
		audit_spawn_refused(o, &m->spawn, e.result, e.why);
		ok = false;
	}
	if (!ok)
		answer_error(o, id, &e);
	priv_spawn_done(&m->spawn);
}

static bool
fail_with(struct priv_spawn_answer *a, const char *stage, int err)
{
	a->result = PRIV_FAILED;
	a->err = err;
	(void)str_copy(a->stage, stage, sizeof(a->stage));
	snprintf(a->why, sizeof(a->why), "%s: %s", stage, strerror(err));
	return true;
}

/*
 * That the account has all the processes it may have shows at exec alone, or
 * where its cgroup takes no further one.
 */
static bool
is_over(const struct ops *o, const struct run *r, struct priv_spawn_answer *a)
{
	const struct account *who = accounts_find(&o->accounts, r->uid);
	const struct policy_rights *rights;
	const bool kept =
	    r->hold.limits[PRIV_LIMIT_ACCOUNT_PROCESSES].by == PRIV_BY_CGROUP;

	if (who == NULL || r->failure.err != EAGAIN ||
	    (r->failure.stage != DROP_STAGES &&
		(!kept || r->failure.stage != REAPER_STAGE_PIDFD)))
		return false;
	rights = served_rights(o, who);
	if (rights->limit[POLICY_MAX_PROCESSES] == POLICY_NO_LIMIT)
		return false;
	a->result = PRIV_BUSY;
	snprintf(a->why, sizeof(a->why), "one process more %s",
	    rights->rule[POLICY_MAX_PROCESSES]);
	return true;
}

/* True when the outcome is known; `a` says which. */
static bool
outcome(const struct ops *o, const struct run *r, struct priv_spawn_answer *a)
{
	memset(a, 0, sizeof(*a));
	if (is_over(o, r, a))
		return true;
	if (r->failure.err != 0)
		return fail_with(a, reaper_stage_name(r->failure.stage),
		    r->failure.err);
	if (r->exec && r->pid != 0) {
		a->result = PRIV_DONE;
		a->handle = r->handle;
		a->pid = (uint32_t)r->pid;
		a->guards = r->guards;
		a->hold = r->hold;
		return true;
	}
	if (r->lost)
		return fail_with(a, "P7 reaper", ECHILD);
	if (clock_mono_ms() >= r->deadline)
		return fail_with(a, "P7 deadline", ETIMEDOUT);
	return false;
}

/* False when the answer has to wait; `a` is what was said in the end. */
static bool
tell(struct ops *o, const struct run *r, struct priv_spawn_answer *a)
{
	int err;

	if (r->conn != o->conn || o->daemon < 0)
		return true;
	err = answer(o, r->request, a, a->result == PRIV_DONE ? &r->fds : NULL);
	if (err != 0 && err != -EAGAIN && a->result == PRIV_DONE) {
		/* Without its descriptors it is no use to anybody. */
		memset(a, 0, sizeof(*a));
		(void)fail_with(a, "P7 hand over", -err);
		err = answer(o, r->request, a, NULL);
	}
	return err != -EAGAIN;
}

/* What is told of outlives us. False: [main] is to take it first. */
static bool
leave(struct ops *o, struct run *r, struct priv_spawn_answer *a)
{
	int err = a->result == PRIV_DONE ? park_add(o, r) : 0;

	if (err == 0)
		return true;
	memset(a, 0, sizeof(*a));
	(void)fail_with(a, "P7 hand over", -err);
	return err != -EAGAIN;
}

void
op_spawn_settle(struct ops *o, struct run *r)
{
	struct priv_spawn_answer a;

	if (o->full || !outcome(o, r, &a) || !leave(o, r, &a) ||
	    !tell(o, r, &a))
		return;
	audit_spawn_done(o, r, &a);
	if (a.result != PRIV_DONE) {
		/* Nothing more is tried than what was asked for. */
		ahead_drop_of(o, r->uid);
		run_abandon(r);
		return;
	}
	run_close_stdin(r);
	ahead_rest(o);
	r->state = RUN_RUNNING;
}
