/* SPDX-License-Identifier: MIT */
/*
 * What becomes of runs: reports of their reapers, outcomes of their starts,
 * children that ended. A run whose reaper was killed is over only when
 * everything that came to us from it is gone.
 */
#include "priv-helper/follow.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/list.h"
#include "lib/xalloc.h"
#include "priv-helper/ahead.h"
#include "priv-helper/auditacts.h"
#include "priv-helper/cgroup.h"
#include "priv-helper/limits.h"
#include "priv-helper/ops.h"
#include "priv-helper/park.h"
#include "priv-helper/span.h"
#include "priv-helper/sweep.h"
#include "security/asuser.h"
#include "security/mutant.h"

/* A reaper ends what is left in less. */
#define DONE_MS 30000
/* How long a cgroup may take to become empty once it has been killed. */
#define KILLED_MS 1000

static void
remove_cgroup(const struct ops *o, const struct run *r)
{
	char dir[CGROUP_PATH];

	limits_cgroup(o, r->uid, dir);
	cgroup_remove(dir, r->handle);
}

/*
 * Of a reaper that was left by a [main] before ours, what it leaves goes to the
 * first process of the host, and no sweep finds it.
 */
static void
kill_cgroup(const struct ops *o, struct run *r)
{
	char dir[CGROUP_PATH];

	if (!o->system || r->pidfd < 0 || r->empty_by != 0)
		return;
	limits_cgroup(o, r->uid, dir);
	r->emptying = cgroup_end(dir, r->handle);
	r->empty_by = clock_mono_ms() + KILLED_MS;
}

/* True when nothing is left of it, or that is not waited for any more. */
static bool
end_cgroup(const struct ops *o, struct run *r)
{
	kill_cgroup(o, r);
	if (!cgroup_is_empty(r->emptying) && clock_mono_ms() < r->empty_by)
		return false;
	if (r->emptying >= 0)
		(void)close(r->emptying);
	r->emptying = -1;
	return true;
}

/* What its reaper would have done, with the same rights. */
static void
remove_scratch(const struct ops *o, const struct run *r)
{
	if (asuser_begin(o->privileged, r->uid, r->gid, NULL, 0) != 0)
		return;
	scratch_remove(r->scratch, r->uid);
	asuser_end(o->privileged);
}

/*
 * Of a run that has not begun: its reaper was gone before it was made, so it is
 * empty. What its account has put there since then is that one's affair, and
 * nobody's start waits for our looking through it.
 */
static void
remove_empty_scratch(const struct ops *o, const struct run *r)
{
	if (asuser_begin(o->privileged, r->uid, r->gid, NULL, 0) != 0)
		return;
	(void)rmdir(r->scratch);
	asuser_end(o->privileged);
}

/*
 * Of our own: the number of one that was [main]'s child may be another's, until
 * [main] has told of its end.
 */
static struct run *
by_reaper(struct ops *o, pid_t pid)
{
	struct run *r;

	TAILQ_FOREACH (r, &o->runs.list, entry)
		if (r->reaper == pid && r->pidfd < 0)
			return r;
	return NULL;
}

static struct run *
by_egress(struct ops *o, pid_t pid)
{
	struct run *r;

	TAILQ_FOREACH (r, &o->runs.list, entry)
		if (r->egress == pid)
			return r;
	return NULL;
}

/* A reaper, or the rdv-egress of a run, which ends with its reaper. */
static bool
is_ours(pid_t pid, void *arg)
{
	return by_reaper(arg, pid) != NULL || by_egress(arg, pid) != NULL;
}

static void
egress_ended(struct ops *o, pid_t pid)
{
	struct run *r = by_egress(o, pid);

	if (r != NULL)
		r->egress = 0;
}

/*
 * A program whose reaper was killed has become our child, if that one was: of
 * others, and once it has been waited for, that number is somebody else's.
 */
static void
orphan_ended(struct ops *o, pid_t pid, int status)
{
	struct run *r;

	TAILQ_FOREACH (r, &o->runs.list, entry)
		if (r->lost && r->pid == pid && r->pidfd < 0 && r->seen < 0)
			r->seen = r->end.status = status;
}

bool
follow_children(struct ops *o)
{
	struct signalfd_siginfo si;
	struct run *r;
	pid_t pid;
	int status;

	while (read(o->signals, &si, sizeof(si)) > 0)
		continue;
	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		r = by_reaper(o, pid);
		if (r == NULL)
			orphan_ended(o, pid, status);
		else
			r->reaper = 0;
		egress_ended(o, pid);
	}
	return sweep_children(0, is_ours, o) > 0;
}

static void
reaper_gone(struct run *r)
{
	(void)close(r->control);
	r->control = -1;
	if (r->over)
		return;
	/* Killed: its children come to us and are ended by sweep_lost(). */
	r->lost = true;
	r->end.status = r->seen >= 0 ? r->seen : SIGKILL;
}

/* The end stays in the queue, for an [ops] that comes after this one. */
void
follow_start(struct run *r)
{
	ssize_t n;

	if (r->status < 0)
		return;
	n = read(r->status, &r->failure, sizeof(r->failure));
	if (n < 0 && errno == EAGAIN)
		return;
	if (n == 0)
		r->exec = true;
	else if (n != sizeof(r->failure) || r->failure.err == 0)
		r->failure = (struct drop_report){ .stage = 0, .err = EPROTO };
	(void)close(r->status);
	r->status = -1;
}

/*
 * False: it is the last word, which stays where it is. From what another build
 * may say that this one does not know nothing follows, and least of all an end.
 */
static bool
hear(struct run *r, const struct reaper_report *report)
{
	const enum priv_halt before = r->halt;

	if (report->news == REAPER_STARTED)
		r->pid = report->pid;
	else if (report->news == REAPER_HALTED)
		r->halt = PRIV_HALTED;
	else if (report->news == REAPER_GOES_ON)
		r->halt = PRIV_GOES_ON;
	else
		return report->news != REAPER_ENDED;
	r->halt_due |= r->halt != before;
	return true;
}

/* Only what was asked for: a reaper is its account's. */
static void
hear_ports(struct run *r)
{
	struct reaper_ports p;

	if (seqpkt_recv(r->control, &p, sizeof(p), NULL) != (long)sizeof(p) ||
	    p.news != REAPER_LISTENS || !r->ports_asked)
		return;
	r->ports_asked = false;
	if (r->ports == NULL)
		r->ports = xcalloc(1, sizeof(*r->ports));
	*r->ports = p.ports;
	r->ports->handle = r->handle;
	r->ports->unsure = p.ports.unsure != 0;
	if (r->ports->n > PRIV_PORTS_MAX)
		r->ports->n = PRIV_PORTS_MAX;
}

void
follow_reaper(struct ops *o, struct run *r)
{
	union {
		struct reaper_report report;
		struct reaper_ports ports;
	} u;
	struct reaper_report report;
	long n;

	/* It is its cgroup that has news. */
	if (r->control < 0)
		return;
	n = seqpkt_peek(r->control, &u, sizeof(u));
	/* An order that it did not read any more; what it said comes next. */
	if (n == -EAGAIN || n == -ECONNRESET)
		return;
	if (n == (long)sizeof(u.ports)) {
		hear_ports(r);
		return;
	}
	if (n == -EMSGSIZE || (n > 0 && n != (long)sizeof(report))) {
		/* No more is known of this than of other news, see hear(). */
		(void)seqpkt_recv(r->control, &report, sizeof(report), NULL);
		return;
	}
	if (n != (long)sizeof(report)) {
		reaper_gone(r);
		return;
	}
	report = u.report;
	if (hear(r, &report)) {
		(void)seqpkt_recv(r->control, &report, sizeof(report), NULL);
		return;
	}
	r->over = true;
	/* Before it was made, it may be: they are made at the same time. */
	follow_start(r);
	if (!r->exec)
		remove_empty_scratch(o, r);
	/* The directory is ours, and that reaper has become somebody else. */
	if (o->system)
		remove_cgroup(o, r);
	r->end.status = report.status;
	r->end.user_us = report.user_us;
	r->end.sys_us = report.sys_us;
	r->end.maxrss_kb = report.maxrss_kb;
	r->end.swept =
	    report.swept > UINT8_MAX ? UINT8_MAX : (uint8_t)report.swept;
}

/* Moves a run on as far as what is known about it allows. */
static void
advance(struct ops *o, struct run *r)
{
	/* It has died, or had to: nobody is told, the next start says why. */
	if (r->state == RUN_SPARE && r->over)
		ahead_lose(o, r);
	if (r->state == RUN_STARTING)
		op_spawn_settle(o, r);
	if (r->state == RUN_RUNNING && !r->over && r->halt_due)
		op_halt_notice(o, r);
	if (r->state == RUN_RUNNING && !r->over && r->ports != NULL)
		op_ports_notice(o, r);
	if (r->state == RUN_RUNNING && !r->over && span_is_over(r))
		span_end(o, r);
	if (r->state == RUN_RUNNING && r->over) {
		r->state = RUN_ENDED;
		r->end.handle = r->handle;
		r->notice_due = o->hello;
		/* Once, by whichever [ops] was the first to see it. */
		if (!r->ended)
			audit_exit(o, r);
	}
	if (r->state == RUN_ENDED)
		(void)park_end(o, r);
	if (r->state == RUN_ENDED && r->notice_due)
		op_exit_notice(o, r);
}

/* Whose it is has to wait for its end; root's may be anybody's, by sudo. */
static void
hold(struct ops *o, pid_t pid)
{
	const uid_t uid = sweep_owner(pid);
	struct run *r;

	TAILQ_FOREACH (r, &o->runs.list, entry)
		r->held |= uid == 0 || r->uid == uid;
}

static bool
is_spared(pid_t pid, void *arg)
{
	if (is_ours(pid, arg))
		return true;
	/* What is not ours to signal is not waited for. */
	if (kill(pid, 0) == 0)
		hold(arg, pid);
	return false;
}

/*
 * Ends the children of dead reapers. When none of its account is left, a run
 * whose reaper was killed is over: nothing of it can be running. What hangs in
 * the kernel, or is traced, holds up nobody else.
 */
static void
sweep_lost(struct ops *o, bool orphans)
{
	struct run *r;

	TAILQ_FOREACH (r, &o->runs.list, entry)
		r->held = false;
	if (orphans && !mutant("H01"))
		(void)sweep_children(SIGKILL, is_spared, o);
	TAILQ_FOREACH (r, &o->runs.list, entry) {
		if (!r->lost || r->over || r->reaper != 0 ||
		    !end_cgroup(o, r) || r->held)
			continue;
		r->over = true;
		remove_scratch(o, r);
		remove_cgroup(o, r);
	}
}

/* In the end by force, as often as that takes. */
static void
end_reaper(struct run *r, int64_t now)
{
	if (r->leave != 0 && r->pidfd >= 0)
		(void)syscall(SYS_pidfd_send_signal, r->pidfd, SIGKILL, NULL,
		    0);
	else if (r->leave != 0)
		(void)kill(r->reaper, SIGKILL);
	r->leave = now + (mutant("done") ? 300 : DONE_MS);
}

/*
 * Not while a child is to be waited for: it must stay known. Both are the
 * account's, which can stop them with a signal, and would hold a place of
 * everybody's. rdv-egress has had its time before its reaper ended. What a
 * killed reaper leaves is swept first, or nobody would remove its directory.
 */
static void
free_done(struct ops *o, struct run *r)
{
	const int64_t now = clock_mono_ms();

	if (r->state != RUN_DONE || !park_rest(o, r))
		return;
	if (r->reaper == 0 && r->egress != 0)
		(void)kill(r->egress, SIGKILL);
	else if (r->reaper == 0 && (r->over || (r->control < 0 && !r->lost)) &&
		 park_drop(o, r)) {
		kill_cgroup(o, r);
		run_free(&o->runs, r);
	} else if (r->reaper != 0 && now >= r->leave)
		end_reaper(r, now);
}

void
follow_step(struct ops *o, bool orphans)
{
	struct run *r, *next;

	sweep_lost(o, orphans);
	TAILQ_FOREACH_SAFE (r, &o->runs.list, entry, next) {
		advance(o, r);
		free_done(o, r);
	}
}
