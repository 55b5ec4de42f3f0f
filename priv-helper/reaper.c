/* SPDX-License-Identifier: MIT */
/*
 * One process between [ops] and each run: the parent of the program, and the
 * subreaper to whom everything comes that the program leaves behind. It only
 * ever signals its own children, which it has not waited for yet, so a signal
 * cannot reach a stranger with a reused pid (abuse H01-H03); the program's
 * group it signals by pidfd. The end is reported once nothing is left. Another
 * [ops] may have come meanwhile: the socket's other end is with [main] as well,
 * and when neither has it, nobody will ever ask for this run, and it ends.
 */
#include "priv-helper/reaper.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/seqpkt.h"
#include "priv-helper/cgroup.h"
#include "priv-helper/halt.h"
#include "priv-helper/leader.h"
#include "priv-helper/ports.h"
#include "priv-helper/sweep.h"
#include "security/caps.h"
#include "security/mutant.h"
#include "security/nspace.h"

/* Right above stdio, and clear of the numbers that are used then. */
#define FIRST_FD 3
#define PARK_FD	 10
#define TOLD_MAX 64
/* SIGKILL again this often, for what comes to us in between. */
#define AGAIN_MS 100
/*
 * What does not die of SIGKILL this long hangs in the kernel: not waited for.
 */
#define STUCK_MS 5000
/* rdv-egress gives what is on its way half of that. */
#define RELEASE_MS 1000
/* How long a cgroup may take to become empty once it has been killed. */
#define KILLED_MS 1000
/* And when it has not: what has been waited for may be about to leave it. */
#define LEAVE_MS 100

struct reaper {
	const struct reaper_plan *plan;
	int control; /* -1: [ops] is gone */
	int signals;
	pid_t program;
	int pidfd;	      /* the program's; names it and nobody later */
	bool exited;	      /* the program */
	struct halt halt;     /* whether it is stopped */
	int soft;	      /* signal of the grace, 0: not ending */
	int64_t kill_at;      /* end of the grace, when soft */
	pid_t told[TOLD_MAX]; /* who has had the soft signal */
	struct cgroup_hold cgroup;
	int leash;   /* of rdv-egress; -1: none */
	int network; /* where it is handed over; -1: none */
	struct reaper_report end;
};

/* Descriptors of its own and no others: it must not keep a terminal open. */
static void
settle(struct reaper *r)
{
	int *const kept[] = { &r->control, &r->signals, &r->pidfd,
		&r->cgroup.kill, &r->cgroup.events, &r->leash };
	const size_t n = sizeof(kept) / sizeof(kept[0]);
	int i, null, next = FIRST_FD;
	size_t k;

	for (k = 0; k < n; k++)
		*kept[k] = fcntl(*kept[k], F_DUPFD_CLOEXEC, PARK_FD);
	null = open("/dev/null", O_RDWR | O_CLOEXEC);
	for (i = 0; i < 3; i++)
		(void)dup2(null, i);
	for (k = 0; k < n; k++)
		if (*kept[k] >= 0)
			*kept[k] = dup3(*kept[k], next++, O_CLOEXEC);
	(void)syscall(SYS_close_range, next, ~0u, 0);
}

static void
tell(struct reaper *r, const struct reaper_report *report)
{
	if (r->control >= 0)
		(void)seqpkt_send(r->control, report, sizeof(*report), NULL);
}

static int
open_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigaddset(&set, SIGTERM);
	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

/* Each child gets the soft signal once: a second one often means "hurry". */
static bool
was_told(pid_t pid, void *arg)
{
	struct reaper *r = arg;
	int i, room = -1;

	for (i = 0; i < TOLD_MAX; i++) {
		if (r->told[i] == pid)
			return true;
		if (r->told[i] == 0)
			room = i;
	}
	if (room >= 0)
		r->told[room] = pid;
	return false;
}

static void
forget(struct reaper *r, pid_t pid)
{
	int i;

	for (i = 0; i < TOLD_MAX; i++)
		if (r->told[i] == pid)
			r->told[i] = 0;
}

/* Of a PID namespace: kill(-1) reaches all that is left, at once. */
static bool
is_first(const struct reaper *r)
{
	return r->plan->drop.spaces != NULL;
}

static void
begin_end(struct reaper *r, int sig)
{
	if (r->soft != 0)
		return;
	r->soft = sig;
	r->kill_at = clock_mono_ms() + REAPER_GRACE_MS;
	if (is_first(r)) {
		(void)kill(-1, sig);
		(void)kill(-1, SIGCONT);
		return;
	}
	/* The program is told together with its process group. */
	if (!r->exited && !was_told(r->program, r)) {
		(void)leader_signal(r->pidfd, r->program, sig);
		(void)leader_signal(r->pidfd, r->program, SIGCONT);
	}
}

static uint64_t
usec(const struct timeval *t)
{
	return (uint64_t)t->tv_sec * 1000000u + (uint64_t)t->tv_usec;
}

static void
count(struct reaper *r, const struct rusage *u)
{
	r->end.user_us += usec(&u->ru_utime);
	r->end.sys_us += usec(&u->ru_stime);
	if ((uint64_t)u->ru_maxrss > r->end.maxrss_kb)
		r->end.maxrss_kb = (uint32_t)u->ru_maxrss;
}

/* False when there are no children any more. */
static bool
collect(struct reaper *r)
{
	struct rusage usage;
	pid_t pid;
	int status;

	while ((pid = wait4(-1, &status, WNOHANG, &usage)) > 0) {
		forget(r, pid);
		count(r, &usage);
		if (pid == r->program) {
			r->exited = true;
			r->end.status = status;
			begin_end(r, SIGHUP);
		} else if (r->exited) {
			r->end.swept++;
		}
	}
	return pid == 0 || errno != ECHILD;
}

static void
kill_now(struct reaper *r)
{
	begin_end(r, SIGKILL);
	r->kill_at = clock_mono_ms();
}

/*
 * Neither [ops] nor [main] has us any more, so nobody was told of this run, or
 * nobody is left. One that has not been asked for has nothing to be told.
 */
static void
lose_ops(struct reaper *r)
{
	const uint32_t *given = &r->plan->drop.order->given;

	(void)close(r->control);
	r->control = -1;
	if (__atomic_load_n(given, __ATOMIC_ACQUIRE) == 0)
		kill_now(r);
	else if (!mutant("P05"))
		begin_end(r, SIGHUP);
}

/* [ops] asks again when it has heard this: at most one is on its way. */
static void
tell_ports(const struct reaper *r)
{
	struct reaper_ports report;

	memset(&report, 0, sizeof(report));
	report.news = REAPER_LISTENS;
	ports_look(&report.ports);
	(void)seqpkt_send(r->control, &report, sizeof(report), NULL);
}

static void
obey(struct reaper *r)
{
	struct reaper_order o;
	long n = seqpkt_recv(r->control, &o, sizeof(o), NULL);

	if (n == -EAGAIN)
		return;
	if (n != (long)sizeof(o)) {
		lose_ops(r);
		return;
	}
	switch ((enum reaper_verb)o.verb) {
	case REAPER_SIGNAL:
		if (!r->exited)
			(void)leader_signal(r->pidfd, r->program, o.sig);
		break;
	case REAPER_END:
		begin_end(r, o.sig);
		break;
	case REAPER_KILL:
		kill_now(r);
		break;
	case REAPER_SAY:
		r->halt.asked = true;
		break;
	case REAPER_PORTS:
		tell_ports(r);
		break;
	}
}

static void
read_signals(struct reaper *r)
{
	struct signalfd_siginfo si;

	/* SIGCHLD itself says nothing: collect() asks for all of them. */
	while (read(r->signals, &si, sizeof(si)) == sizeof(si))
		if (si.ssi_signo == SIGTERM)
			begin_end(r, SIGTERM);
}

/*
 * The cgroup is faster than whatever forks, but asks for nobody's uid: what a
 * login has running by sudo is not the user's to kill, and apt is not to die in
 * the middle because a window was closed. Confined runs cannot have that. (With
 * CAP_KILL, in system mode, sweep_children() does reach it: THREAT-MODEL.md.)
 */
static void
kill_cgroup(const struct reaper *r)
{
	if (r->plan->drop.confined)
		cgroup_kill(&r->cgroup);
}

static int
kill_rest(const struct reaper *r)
{
	kill_cgroup(r);
	if (is_first(r))
		return kill(-1, SIGKILL) == 0;
	return sweep_children(SIGKILL, NULL, NULL);
}

/* One step of an ending. False: what is left cannot be ended by us. */
static bool
press(struct reaper *r)
{
	const int64_t now = clock_mono_ms();

	if (r->soft == 0 || mutant("H01"))
		return true;
	if (now < r->kill_at) {
		if (!is_first(r) && sweep_children(r->soft, was_told, r) > 0)
			(void)sweep_children(SIGCONT, NULL, NULL);
		return true;
	}
	return now < r->kill_at + STUCK_MS && kill_rest(r) > 0;
}

static int
patience(const struct reaper *r, int halt)
{
	int64_t left;

	if (r->soft == 0)
		return halt;
	left = r->kill_at - clock_mono_ms();
	if (left <= 0)
		left = AGAIN_MS;
	return halt >= 0 && halt < left ? halt : (int)left;
}

/* Milliseconds until it is to be called again; -1: that is all for now. */
static int
follow_halt(struct reaper *r)
{
	/* What has ended is neither stopped nor going on. */
	if (r->exited)
		return -1;
	halt_look(&r->halt, r->program);
	return halt_tell(&r->halt, r->control);
}

static void
watch(struct reaper *r)
{
	struct pollfd p[2];
	int halt;

	while (collect(r)) {
		if (!press(r) || (r->exited && mutant("H01")))
			return;
		halt = follow_halt(r);
		p[0] = (struct pollfd){ .fd = r->signals, .events = POLLIN };
		p[1] = (struct pollfd){ .fd = r->control, .events = POLLIN };
		(void)poll(p, 2, patience(r, halt));
		if (p[0].revents != 0)
			read_signals(r);
		if (p[1].revents != 0)
			obey(r);
	}
}

/* The stages of our own: the program does not exist yet. */
static _Noreturn void
fail(const struct reaper_plan *p, uint32_t stage, int err)
{
	const struct drop_report report = { .stage = stage, .err = err };

	(void)!write(p->drop.status, &report, sizeof(report));
	_exit(1);
}

const char *
reaper_stage_name(uint32_t stage)
{
	if (stage == REAPER_STAGE_FORK)
		return "P7 fork";
	if (stage == REAPER_STAGE_PIDFD)
		return "P7 pidfd";
	if (stage == REAPER_STAGE_IDS)
		return "P7 reaper ids";
	if (stage == REAPER_STAGE_SPACES)
		return "P7 user namespace";
	return drop_stage_name(stage);
}

/* A word that the program's process waits for. */
static uint32_t *
shared_word(void)
{
	void *p = mmap(NULL, sizeof(uint32_t), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	return p == MAP_FAILED ? NULL : p;
}

/*
 * It acts for one user, so it is that user, with the one right more to signal
 * what has become root by sudo. The program's process needs our rights for its
 * own way down, so it is made before and waits: should this fail, [ops] is told
 * and no program has begun.
 */
static void
become_user(const struct reaper_plan *p)
{
	int err = mutant("P7 reaper ids") ? -EIO : drop_to_reaper(&p->drop);

	if (err != 0) {
		(void)sweep_children(SIGKILL, NULL, NULL);
		fail(p, REAPER_STAGE_IDS, -err);
	}
	__atomic_store_n(p->drop.ready, 1, __ATOMIC_RELEASE);
	(void)syscall(SYS_futex, p->drop.ready, FUTEX_WAKE, 1, NULL, NULL, 0);
}

void
reaper_ids(const struct reaper_plan *p, struct nspace_ids *ids)
{
	const struct drop_plan *d = &p->drop;

	*ids = (struct nspace_ids){ .privileged = d->privileged,
		.uid = d->uid,
		.gid = d->gid,
		.groups = d->groups,
		.ngroups = d->ngroups };
}

static int
rising(const void *a, const void *b)
{
	return *(const int *)a - *(const int *)b;
}

/* Of [ops], whose copy we are, what this run is made of and no more. */
static void
shed_descriptors(const struct reaper_plan *p)
{
	const struct drop_plan *d = &p->drop;
	int kept[] = { STDERR_FILENO, p->control, p->cgroup, p->go[0], p->go[1],
		d->stdio[0], d->stdio[1], d->stdio[2], d->status, d->ruleset,
		d->door, p->leash };
	const size_t n = sizeof(kept) / sizeof(kept[0]);
	int next = FIRST_FD;
	size_t i;

	qsort(kept, n, sizeof(kept[0]), rising);
	for (i = 0; i < n; i++) {
		if (kept[i] > next)
			(void)syscall(SYS_close_range, next, kept[i] - 1, 0);
		if (kept[i] >= next)
			next = kept[i] + 1;
	}
	(void)syscall(SYS_close_range, next, ~0u, 0);
}

/* What kill(-1) reaches in any other place is all of the account. */
static void
enter_spaces(struct reaper_plan *p)
{
	struct nspace_ids ids;
	int err;

	reaper_ids(p, &ids);
	err = nspace_settle(&ids, p->go);
	if (err == 0 && getpid() != 1)
		err = -EPROTO;
	if (err != 0)
		fail(p, REAPER_STAGE_SPACES, -err);
}

/* The way on which the program's process gets its network. 0 or -errno. */
static int
open_way(struct reaper *r, struct reaper_plan *p)
{
	int ends[2], err;

	r->network = -1;
	if (p->drop.spaces == NULL || !p->drop.spaces->net)
		return 0;
	err = seqpkt_pair(ends);
	if (err != 0)
		return err;
	r->network = ends[0];
	p->drop.network = ends[1];
	return 0;
}

/* 0 in the child; the pid, or -errno. */
static pid_t
make_program(const struct reaper_plan *p, int *pidfd)
{
	const struct nspace *s = p->drop.spaces;

	if (mutant("P7 pidfd"))
		return -EIO;
	return leader_fork(p->cgroup, s != NULL ? nspace_flags(s) : 0, pidfd);
}

/*
 * Nothing of the run is left to ask for anything: what rdv-egress has counted
 * by its own end is all there will be.
 */
static void
release(const struct reaper *r)
{
	struct pollfd p = { .fd = r->leash, .events = POLLIN };

	if (r->leash < 0)
		return;
	(void)shutdown(r->leash, SHUT_WR);
	(void)poll(&p, 1, RELEASE_MS);
}

_Noreturn void
reaper_run(struct reaper_plan *p)
{
	struct reaper r;
	struct reaper_report started;
	int err;

	memset(&r, 0, sizeof(r));
	memset(&started, 0, sizeof(started));
	r.plan = p;
	r.control = p->control;
	r.leash = p->leash;
	r.end.news = REAPER_ENDED;
	(void)prctl(PR_SET_NAME, "rdv-reaper");
	shed_descriptors(p);
	if (is_first(&r))
		enter_spaces(p);
	err = open_way(&r, p);
	if (err != 0)
		fail(p, REAPER_STAGE_FORK, -err);
	r.signals = open_signals();
	p->drop.ready = shared_word();
	if (r.signals < 0 || p->drop.ready == NULL ||
	    prctl(PR_SET_CHILD_SUBREAPER, 1) < 0)
		fail(p, REAPER_STAGE_FORK, errno);
	p->drop.parent = getpid();
	r.program = make_program(p, &r.pidfd);
	if (r.program < 0)
		fail(p, REAPER_STAGE_PIDFD, -r.program);
	if (r.program == 0)
		drop_exec(&p->drop);
	/*
	 * The program's way is the longer one, and [ops] is at work beside us:
	 * on two processors it would wait until our network is made.
	 */
	(void)sched_yield();
	if (r.network >= 0)
		nspace_lend_network(r.network);
	started.pid = is_first(&r) ? leader_outside(r.pidfd) : r.program;
	if (started.pid < 0)
		fail(p, REAPER_STAGE_PIDFD, -started.pid);
	cgroup_hold(p->cgroups, p->handle, &r.cgroup);
	become_user(p);
	settle(&r);
	started.news = REAPER_STARTED;
	tell(&r, &started);
	watch(&r);
	/* The last child may have ended before it came to that. */
	kill_cgroup(&r);
	/* Whoever hears of the end finds nothing of it any more. */
	(void)caps_drop_all();
	scratch_remove(p->scratch, p->drop.uid);
	cgroup_wait(&r.cgroup, p->drop.confined ? KILLED_MS : LEAVE_MS);
	cgroup_remove(p->cgroups, p->handle);
	release(&r);
	tell(&r, &r.end);
	_exit(0);
}
