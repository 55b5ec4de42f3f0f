/* SPDX-License-Identifier: MIT */
/*
 * The loop of [ops]: plain poll(2) over rdvd, [main], the reapers and the
 * status pipes of starts under way. It carries descriptors and never reads what
 * flows through them. End of file from [main] ends it and all runs; end of file
 * from rdvd ends nothing (abuse E11).
 */
#include "priv-helper/serve.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/ctlproto.h"
#include "lib/log.h"
#include "lib/xalloc.h"
#include "priv-helper/ahead.h"
#include "priv-helper/cglimit.h"
#include "priv-helper/follow.h"
#include "priv-helper/ops.h"
#include "priv-helper/park.h"
#include "priv-helper/peer.h"
#include "priv-helper/served.h"
#include "priv-helper/view.h"
#include "security/asuser.h"
#include "security/caps.h"
#include "security/landlock.h"
#include "security/mutant.h"
#include "security/slim.h"

/* Descriptors [ops] needs beside those of runs. */
#define OWN_FDS 32
/* All runs have the grace and a little to be gone when rdv stops. */
#define END_MS (REAPER_GRACE_MS + 2000)
/* Orphans of a reaper that was killed are swept this often until gone. */
#define AGAIN_MS 100

/* Landlock cannot hold truncate(2) before version 3, so seccomp does. */
static const struct filter_guard no_truncate = { "truncate", 0, 0, false, { 0 },
	0 };

static void
build_filter(const struct profile *p, const struct filter_spec *from,
    struct filter *out)
{
	struct filter_spec spec;
	int err;

	if (from == NULL)
		return;
	spec = *from;
	if (landlock_abi() < 3)
		spec.extra = &no_truncate;
	err = filter_build(out, &spec);
	if (err != 0)
		fatalx("serve", "filter of profile %s: %s", p->name,
		    strerror(-err));
	if (out->skipped[0] != '\0')
		log_info("serve", "profile=%s calls unknown to libseccomp: %s",
		    p->name, out->skipped);
}

static void
build_filters(struct ops *o)
{
	for (int i = 0; i < PROFILES; i++) {
		build_filter(&profiles[i], profiles[i].filter, &o->filters[i]);
		build_filter(&profiles[i], profiles[i].own_filter,
		    &o->own_filters[i]);
		build_filter(&profiles[i], profiles[i].offline_filter,
		    &o->offline_filters[i]);
	}
	if (*landlock_missing(landlock_abi()) != '\0')
		log_warnx("serve", "Landlock: %s",
		    landlock_missing(landlock_abi()));
}

/* Said once: most people's terminals are in a cgroup that is not theirs. */
static void
find_cgroup(struct ops *o, const char *base)
{
	int err = cgroup_init(base, o->cgroup, &o->cgroup_limits);

	if (err == 0)
		log_info("serve", "each run gets a cgroup in %s, limits: %s",
		    o->cgroup, cglimit_text(o->cgroup_limits));
	else
		log_info("serve",
		    "no cgroup is delegated to this rdv, runs go without: %s",
		    strerror(-err));
}

static void
count_room(struct ops *o)
{
	struct rlimit r;

	if (getrlimit(RLIMIT_NOFILE, &r) < 0 || r.rlim_cur <= OWN_FDS)
		fatalx("serve", "no descriptors");
	o->run_fds = r.rlim_cur - OWN_FDS;
}

/*
 * [main]'s own dispositions stay; SIGINT and the like come to it as well and
 * it says when to end. Not no_new_privs: login shells inherit it, and sudo
 * would be dead in them.
 */
static void
shed(struct ops *o)
{
	sigset_t set;
	int err;

	(void)prctl(PR_SET_NAME, "rdv-ops");
	o->privileged = caps_privileged();
	err = caps_keep_four();
	if (err != 0)
		fatalx("serve", "capabilities: %s", strerror(-err));
	/* Of the groups of whoever started us nobody has a use. */
	asuser_end(o->privileged);
	/* What a killed reaper leaves behind comes to us. */
	if (prctl(PR_SET_CHILD_SUBREAPER, 1) < 0 ||
	    prctl(PR_SET_DUMPABLE, 0) < 0)
		fatal("serve", "prctl");
	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	if (sigprocmask(SIG_SETMASK, &set, NULL) < 0)
		fatal("serve", "sigprocmask");
	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	o->signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (o->signals < 0)
		fatal("serve", "signalfd");
}

/* [main] has closed its end: runs get the signal of a closed terminal. */
static void
begin_end(struct ops *o)
{
	const struct reaper_order order = { .verb = REAPER_END, .sig = SIGHUP };
	struct run *r;

	ahead_drop(o);
	log_info("serve", "stopping; runs=%u", o->runs.n);
	o->ending = true;
	peer_disconnect(o);
	(void)close(o->main);
	o->main = -1;
	TAILQ_FOREACH (r, &o->runs.list, entry)
		if (r->control >= 0)
			(void)seqpkt_send(r->control, &order, sizeof(order),
			    NULL);
}

/* Of a reaper that was killed the program's own end may be known. */
static void
run_gone(struct ops *o, const uint8_t *p, size_t len)
{
	struct ctl_gone m;
	struct run *r;
	struct buf b;

	buf_wrap(&b, p, len);
	if (!ctl_get_gone(&b, &m))
		return;
	TAILQ_FOREACH (r, &o->runs.list, entry) {
		if (r->handle != m.handle)
			continue;
		r->reaper = 0;
		if (m.status < 0)
			continue;
		r->seen = m.status;
		if (r->lost)
			r->end.status = m.status;
	}
}

/*
 * [main] has not said that it stops, and the service manager has what it had:
 * another will come. What nobody was told of ends with us, by its socket.
 */
static _Noreturn void
leave(const struct ops *o)
{
	log_warnx("serve", "[main] is gone; runs=%u stay", o->runs.n);
	exit(0);
}

static void
read_main(struct ops *o)
{
	struct seqpkt_fds fds;
	uint8_t p[CTL_MAX], what;
	long n = seqpkt_recv(o->main, p, sizeof(p), &fds);

	if (n == -EAGAIN)
		return;
	if (n <= 0 && o->outlived)
		leave(o);
	if (n <= 0) {
		begin_end(o);
		return;
	}
	what = p[0];
	if (what == CTL_STOP) {
		o->outlived = false;
		seqpkt_fds_close(&fds);
	} else if (what == CTL_GONE) {
		run_gone(o, p + 1, (size_t)n - 1);
		seqpkt_fds_close(&fds);
	} else if (fds.n != 1) {
		seqpkt_fds_close(&fds);
	} else if (what == CTL_ACCOUNTS) {
		served_reload(o, fds.fd[0]);
		seqpkt_fds_close(&fds);
	} else if (what == CTL_AUDIT) {
		audit_connect(&o->audit, fds.fd[0]);
	} else {
		peer_connect(o, fds.fd[0]);
	}
}

/*
 * Starts that an earlier rdvd asked for must be settled before the next one is
 * listened to: INVENTORY would not have them yet, and they would run unknown.
 */
static bool
unsettled(const struct ops *o)
{
	const struct run *r;

	TAILQ_FOREACH (r, &o->runs.list, entry)
		if (r->state == RUN_STARTING && r->conn != o->conn)
			return !mutant("E11");
	return false;
}

static short
wanted(const struct ops *o)
{
	if (o->full)
		return POLLOUT;
	return unsettled(o) ? 0 : POLLIN;
}

/* Fixed places first, then two for each run. */
enum { P_MAIN, P_DAEMON, P_SIGNALS, P_MOUNTS, P_RUNS };

static nfds_t
fill(const struct ops *o, struct pollfd *p)
{
	const struct run *r;
	nfds_t n = P_RUNS;

	p[P_MAIN] = (struct pollfd){ .fd = o->main,
		.events = o->main_full ? POLLIN | POLLOUT : POLLIN };
	p[P_DAEMON] = (struct pollfd){ .fd = o->daemon, .events = wanted(o) };
	p[P_SIGNALS] = (struct pollfd){ .fd = o->signals, .events = POLLIN };
	p[P_MOUNTS] = (struct pollfd){ .fd = o->mounts, .events = POLLPRI };
	TAILQ_FOREACH (r, &o->runs.list, entry) {
		/* Its last word stays where it is. */
		if (r->emptying >= 0)
			p[n++] = (struct pollfd){ .fd = r->emptying,
				.events = POLLPRI };
		else
			p[n++] =
			    (struct pollfd){ .fd = r->over ? -1 : r->control,
				    .events = POLLIN };
		p[n++] = (struct pollfd){ .fd = r->status, .events = POLLIN };
	}
	return n;
}

/* What is looked at then, whoever says something. */
static bool
due_at(const struct ops *o, const struct run *r, int64_t *at)
{
	if (r->state == RUN_STARTING && !o->full)
		*at = r->deadline;
	else if (r->state == RUN_DONE && r->reaper != 0)
		*at = r->leave;
	else if (r->emptying >= 0)
		*at = r->empty_by;
	else if (r->state == RUN_RUNNING && !r->over && r->until != 0)
		*at = r->until;
	else
		return false;
	return true;
}

static int
patience(struct ops *o, bool orphans)
{
	const int64_t now = clock_mono_ms();
	int64_t left = ahead_expire(o);
	const struct run *r;
	int64_t at;

	if (orphans || o->ending)
		return AGAIN_MS;
	TAILQ_FOREACH (r, &o->runs.list, entry) {
		if (!due_at(o, r, &at))
			continue;
		if (left < 0 || at - now < left)
			left = at > now ? at - now : 0;
	}
	return left > INT_MAX ? INT_MAX : (int)left;
}

/* In the order of fill(); nothing is freed in here. */
static void
serve_runs(struct ops *o, const struct pollfd *p)
{
	struct run *r;

	TAILQ_FOREACH (r, &o->runs.list, entry) {
		if (p[0].revents != 0)
			follow_reaper(o, r);
		if (p[1].revents != 0)
			follow_start(r);
		p += 2;
	}
}

static bool
all_ended(const struct ops *o)
{
	const struct run *r;

	TAILQ_FOREACH (r, &o->runs.list, entry)
		if (r->state != RUN_ENDED)
			return false;
	return true;
}

static void
turn(struct ops *o, struct pollfd *p, bool *orphans)
{
	const bool due = ahead_due(o);
	const int wait = due ? ahead_resting(o) : patience(o, *orphans);
	const nfds_t n = fill(o, p);
	int ready = poll(p, n, wait);

	if (ready < 0 && errno != EINTR)
		fatal("serve", "poll");
	if (ready == 0 && due && ahead_resting(o) == 0) {
		ahead_make(o);
		return;
	}
	if (p[P_MOUNTS].revents != 0)
		ahead_drop_open(o);
	/* Runs first: what they have to say may free places for requests. */
	serve_runs(o, p + P_RUNS);
	if (p[P_SIGNALS].revents != 0 || *orphans)
		*orphans = follow_children(o);
	if (p[P_DAEMON].revents & POLLOUT)
		o->full = false;
	else if (p[P_DAEMON].revents != 0)
		peer_read(o);
	if (p[P_MAIN].revents & POLLOUT)
		o->main_full = false;
	if (p[P_MAIN].revents != 0)
		read_main(o);
	follow_step(o, *orphans);
}

/* One that its account has stopped, when [main] may not be there to end it. */
static void
end_egress(const struct ops *o)
{
	const struct run *r;

	TAILQ_FOREACH (r, &o->runs.list, entry)
		if (r->egress != 0)
			(void)kill(r->egress, SIGKILL);
}

_Noreturn void
serve(const struct serve_args *a)
{
	struct ops *o = xcalloc(1, sizeof(*o));
	struct pollfd *p;
	bool orphans = false;
	int64_t deadline;

	o->main = a->main;
	o->outlived = a->outlived;
	o->daemon = -1;
	o->audit.sock = -1;
	o->mounts = open("/proc/self/mountinfo", O_RDONLY | O_CLOEXEC);
	if (o->mounts < 0)
		fatal("serve", "/proc/self/mountinfo");
	o->nofile = a->nofile;
	o->bin = a->bin;
	o->worker = a->worker;
	o->egress = a->egress;
	runs_init(&o->runs);
	shed(o);
	slim_init();
	build_filters(o);
	served_init(o, a);
	view_probe(o);
	find_cgroup(o, o->system ? a->helper_state : a->base);
	count_room(o);
	park_adopt(o, a->parked);
	p = xcalloc(P_RUNS + 2 * RUNS_TABLE, sizeof(*p));
	while (!o->ending)
		turn(o, p, &orphans);
	deadline = clock_mono_ms() + END_MS;
	while (!all_ended(o) && clock_mono_ms() < deadline)
		turn(o, p, &orphans);
	end_egress(o);
	cgroup_done(o->cgroup);
	tokens_close(&o->tokens);
	log_info("serve", "stopped; runs=%u", all_ended(o) ? 0 : o->runs.n);
	/* Not _exit(2): a sanitizer looks for leaks at a regular end. */
	exit(0);
}
