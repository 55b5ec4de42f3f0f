/* SPDX-License-Identifier: MIT */
/*
 * [main] after start: three processes, [ops] connected to both others, and an
 * order of ending. It parses nothing: a child either lives, or has ended with a
 * status. Whenever one of two is new, both get an end of a new socket.
 */
#include "priv-helper/supervise.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/ctlproto.h"
#include "lib/err.h"
#include "lib/log.h"
#include "lib/seqpkt.h"
#include "lib/str.h"
#include "lib/xalloc.h"
#include "priv-helper/auditacts.h"
#include "priv-helper/cgroup.h"
#include "priv-helper/ending.h"
#include "priv-helper/launch.h"
#include "priv-helper/notify.h"
#include "priv-helper/parked.h"
#include "priv-helper/run.h"
#include "priv-helper/store.h"
#include "priv-helper/super.h"
#include "priv-helper/system.h"

#define AGAIN_MS 100

static int
open_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGUSR1);
	sigaddset(&set, SIGUSR2);
	sigaddset(&set, SIGURG);
	if (sigprocmask(SIG_SETMASK, &set, NULL) < 0)
		return -1;
	return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

/* It does not read what it waits for: it is broken. */
static void
give_up(const struct kin *k, int err)
{
	log_errorx("main", "%s does not take its socket: %s", k->name,
	    err < 0 ? strerror(-err) : err_name(err));
	(void)kill(k->pid, SIGKILL);
}

/* One byte with a descriptor; in user mode nothing else is ever said. */
static void
hand(const struct kin *k, char what, int fd)
{
	const struct seqpkt_fds fds = { .fd = { fd }, .n = 1 };
	int err = seqpkt_send(k->control, &what, 1, &fds);

	if (err != 0)
		give_up(k, err);
}

/* Whom rdvd serves: as much as it takes now. */
static void
tell(struct super *s)
{
	struct system *sys = s->launch->system;
	int err = 0;

	s->telling = false;
	if (sys == NULL || s->daemon.pid == 0)
		return;
	err = system_tell(sys, s->daemon.control);
	s->telling = err == -EAGAIN;
	if (err != 0 && !s->telling)
		give_up(&s->daemon, err);
}

static void
introduce(struct super *s)
{
	int err = 0;

	if (s->launch->system == NULL)
		return;
	err = system_daemon(s->launch->system, s->daemon.control);
	if (err != 0)
		give_up(&s->daemon, err);
	else
		tell(s);
}

static void
connect_ops(struct super *s, const struct kin *other, char name)
{
	int pair[2], err = seqpkt_pair(pair);

	if (err != 0) {
		log_errorx("main", "socketpair: %s", strerror(-err));
		(void)kill(s->ops.pid, SIGKILL);
		return;
	}
	hand(&s->ops, name, pair[0]);
	hand(other, CTL_OPS, pair[1]);
	(void)close(pair[0]);
	(void)close(pair[1]);
}

/* Nobody waits for these: what [main] does has to be done. */
static void
put_on_record(struct super *s, const struct kin *k, enum audit_act act,
    pid_t pid)
{
	struct audit_msg m;

	memset(&m, 0, sizeof(m));
	m.act = (uint8_t)act;
	m.phase = AUDIT_NEWS;
	m.subject = (uint32_t)pid;
	m.status = k->status;
	(void)str_copy(m.name, k->name, sizeof(m.name));
	s->records.sock = s->audit.control;
	audit_tell(&s->records, &m);
}

/* Runs of a [main] before us that end because they cannot be read. */
static void
record_lost(struct super *s)
{
	struct store *store = s->launch->store;
	struct audit_msg m;

	if (store == NULL)
		return;
	s->records.sock = s->audit.control;
	while (store->nlost > 0) {
		memset(&m, 0, sizeof(m));
		m.act = AUDIT_EXIT;
		m.phase = AUDIT_NEWS;
		m.handle = store->lost[--store->nlost];
		m.status = SIGKILL;
		(void)str_copy(m.why, "it could not be read after a restart",
		    sizeof(m.why));
		audit_tell(&s->records, &m);
	}
}

/* That of [audit] waits until there is another to tell it to. */
static void
record_end(struct super *s, struct kin *k)
{
	if (k->untold == 0 || s->audit.pid == 0)
		return;
	put_on_record(s, k, AUDIT_ENDED, k->untold);
	k->untold = 0;
}

/* True when it was due and has been started. */
static bool
keep(struct super *s, struct kin *k, int64_t now)
{
	if (k->pid != 0 || k->start_at > now)
		return false;
	kin_start(k, s->launch);
	if (k->pid == 0)
		return false;
	record_end(s, k);
	put_on_record(s, k, AUDIT_STARTED, k->pid);
	return true;
}

/*
 * Starts what is due. A new one of either end needs a new connection, and to
 * [audit] first: without it [ops] can do nothing for rdvd.
 */
static void
keep_running(struct super *s)
{
	const int64_t now = clock_mono_ms();
	const bool audit = keep(s, &s->audit, now), ops = keep(s, &s->ops, now),
		   daemon = keep(s, &s->daemon, now);

	if (audit)
		record_lost(s);
	if (daemon)
		introduce(s);
	if (s->ops.pid == 0)
		return;
	if ((audit || ops) && s->audit.pid != 0)
		connect_ops(s, &s->audit, CTL_AUDIT);
	if ((daemon || ops) && s->daemon.pid != 0)
		connect_ops(s, &s->daemon, CTL_DAEMON);
}

static void
log_end(const struct kin *k, int status)
{
	if (WIFEXITED(status))
		log_warnx("main", "%s pid=%d ended status=%d", k->name, k->pid,
		    WEXITSTATUS(status));
	else
		log_warnx("main", "%s pid=%d ended signal=%d", k->name, k->pid,
		    WTERMSIG(status));
}

static void
daemon_ended(struct super *s, int status)
{
	const int code = WIFEXITED(status) ? WEXITSTATUS(status) : 0;

	/* Then it is not this one that is to serve. */
	if (s->upgrade.phase == UPGRADE_SETTLING)
		return;
	if (s->phase != RUNNING ||
	    (code != LAUNCH_REFUSED && code != LAUNCH_BAD_CONFIG))
		return;
	log_errorx("main", "rdvd refuses to run; stopping");
	s->status = code;
	ending_begin(s);
}

static struct kin *
by_pid(struct super *s, pid_t pid)
{
	struct kin *const all[] = { &s->audit, &s->ops, &s->daemon };
	size_t i;

	for (i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		if (all[i]->pid == pid)
			return all[i];
	return NULL;
}

/* New accounts: [ops] judges by them, and rdvd hears of their sockets. */
static void
asked(struct super *s, pid_t pid, int status)
{
	struct system *sys = s->launch->system;
	char why[SYSTEM_WHY];
	int fd;

	if (sys == NULL)
		return;
	if (!system_asked(sys, pid, status, &fd, why)) {
		s->records.sock = s->audit.control;
		if (why[0] != '\0')
			audit_policy(&s->records, &sys->accounts, NULL, why);
		return;
	}
	/* Closed is how it is told to end. */
	if (s->ops.control >= 0)
		hand(&s->ops, CTL_ACCOUNTS, fd);
	(void)close(fd);
	tell(s);
}

/* It says what it leaves, whatever moment that is said in. */
static void
hear_ops(struct super *s)
{
	if (s->ops.control < 0 ||
	    parked_hear(s->launch->parked, s->ops.control))
		return;
	log_errorx("main", "[ops] says what it never would; killing it");
	(void)kill(s->ops.pid, SIGKILL);
}

static void
ops_ended(struct super *s)
{
	hear_ops(s);
	parked_orphaned(s->launch->parked);
}

static void
collect(struct super *s)
{
	struct kin *k;
	pid_t pid;
	int status;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		k = by_pid(s, pid);
		if (k == NULL) {
			/* Or a reaper that an ended [ops] left to us. */
			parked_ended(s->launch->parked, pid, status);
			if (!upgrade_tried(&s->upgrade, pid, status))
				asked(s, pid, status);
			continue;
		}
		if (k == &s->ops)
			ops_ended(s);
		if (s->phase < k->until)
			log_end(k, status);
		k->untold = pid;
		k->status = status;
		kin_ended(k);
		if (k == &s->daemon)
			daemon_ended(s, status);
		record_end(s, k);
	}
}

/* A terminal that closes ends user mode; a service reads its settings. */
static void
reload(struct super *s)
{
	log_info("main", "reloading");
	system_reload(s->launch->system);
	if (s->daemon.pid != 0)
		(void)kill(s->daemon.pid, SIGHUP);
}

/* Like an act of [ops]: without a record it is not done. */
static bool
begin_rotation(struct super *s)
{
	struct audit_msg *m = &s->rotation;
	char why[AUDIT_WHY];
	bool go;

	memset(m, 0, sizeof(*m));
	m->act = AUDIT_ROTATE;
	s->records.sock = s->audit.control;
	go = audit_before(&s->records, m, why, sizeof(why));
	/* Who is asked and gone is closed there. */
	s->audit.control = s->records.sock;
	if (!go)
		log_errorx("main", "the service token stays: %s", why);
	return go;
}

static void
rotate(struct super *s)
{
	struct system *sys = s->launch->system;
	struct audit_msg *m = &s->rotation;
	int err;

	/* Not on record with an [audit] that is on its way out. */
	if (sys == NULL || upgrade_holds(&s->upgrade) ||
	    !system_rotation_due(sys))
		return;
	if (!sys->rotating && !begin_rotation(s))
		return;
	err = system_rotate(sys, s->daemon.control, m->token);
	/* It is the same one that is tried again: one record of it. */
	sys->rotating = err == -EAGAIN;
	if (sys->rotating)
		return;
	m->phase = AUDIT_AFTER;
	m->result = err == 0 ? PRIV_DONE : PRIV_FAILED;
	audit_tell(&s->records, m);
	if (err == 0)
		log_info("main", "the service token was replaced");
	else
		log_errorx("main", "the service token stays: %s",
		    strerror(err < 0 ? -err : EBADMSG));
	tell(s);
}

/*
 * The service manager says that it will start us again before it says SIGTERM,
 * which has the lower number and is read first.
 */
static void
read_signals(struct super *s)
{
	struct system *sys = s->launch->system;
	struct signalfd_siginfo si;
	bool ends = false;

	while (read(s->signals, &si, sizeof(si)) == sizeof(si)) {
		if (si.ssi_signo == SIGHUP && sys != NULL)
			reload(s);
		else if (si.ssi_signo == SIGUSR1 && sys != NULL)
			system_ask_rotation(sys);
		else if (si.ssi_signo == SIGUSR2 && s->phase == RUNNING)
			upgrade_ask(&s->upgrade);
		else if (si.ssi_signo == SIGTERM || si.ssi_signo == SIGINT ||
			 si.ssi_signo == SIGHUP)
			ends = true;
		else if (si.ssi_signo == SIGURG && s->phase == RUNNING)
			ending_restarts(s);
	}
	if (ends)
		ending_begin(s);
}

/* A child that is there on purpose. */
static bool
is_ours(pid_t pid, void *arg)
{
	struct super *s = arg;

	return by_pid(s, pid) != NULL || pid == s->upgrade.pid ||
	       (s->launch->system != NULL &&
		   system_is_asking(s->launch->system, pid));
}

/* What a killed reaper leaves falls to us when its [ops] is gone. */
static void
sweep(struct super *s)
{
	if (s->phase < ENDING_REST)
		s->sweep =
		    parked_sweep(s->launch->parked, is_ours, s, s->ops.control);
}

/* For the next [main]; what is over is taken back as soon as it is. */
static void
keep_parked(struct super *s)
{
	const struct launch *l = s->launch;

	if (l->store == NULL || s->phase >= ENDING_REST)
		return;
	store_sync(l->store, l->parked);
	if (l->store->behind && (s->sweep < 0 || s->sweep > AGAIN_MS))
		s->sweep = AGAIN_MS;
}

static int
patience(const struct super *s)
{
	const struct kin *const all[] = { &s->audit, &s->ops, &s->daemon };
	/* Nothing is started or rotated while those of before are to end. */
	const bool holds = upgrade_holds(&s->upgrade);
	const struct system *sys = holds ? NULL : s->launch->system;
	const int64_t now = clock_mono_ms();
	int64_t left = sys != NULL ? system_patience(sys) : -1, wait;
	size_t i;

	if (s->phase != RUNNING)
		return AGAIN_MS;
	wait = upgrade_patience(&s->upgrade);
	if (wait >= 0 && (left < 0 || wait < left))
		left = wait;
	if (s->sweep >= 0 && (left < 0 || s->sweep < left))
		left = s->sweep;
	for (i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		if (all[i]->pid != 0 || holds)
			continue;
		wait = all[i]->start_at > now ? all[i]->start_at - now : 0;
		if (left < 0 || wait < left)
			left = wait;
	}
	return (int)left;
}

/* What the program before us had started, if there was one. */
static void
take_over(struct super *s, const struct carry *from)
{
	s->sweep = -1;
	s->rotation.act = AUDIT_ROTATE;
	upgrade_init(&s->upgrade, s->launch, from);
	s->upgrade.audit = &s->audit;
	s->upgrade.ops = &s->ops;
	s->upgrade.daemon = &s->daemon;
	s->upgrade.records = &s->records;
	if (from == NULL)
		return;
	kin_carried(&s->audit, &from->audit);
	kin_carried(&s->ops, &from->ops);
	kin_carried(&s->daemon, &from->daemon);
	if (s->launch->system != NULL && from->system.reload)
		system_reload(s->launch->system);
}

/* One for each run of a [main] before us comes behind these. */
enum { P_SIGNALS, P_DAEMON, P_TOLD, P_OPS, P_STRAYS };

static struct pollfd *
places(const struct super *s)
{
	struct pollfd *p = xcalloc(P_STRAYS + RUNS_TABLE, sizeof(*p));

	p[P_SIGNALS] = (struct pollfd){ .fd = s->signals, .events = POLLIN };
	p[P_DAEMON].fd = -1;
	p[P_TOLD] = (struct pollfd){ .fd = s->launch->told, .events = POLLIN };
	p[P_OPS].events = POLLIN | POLLRDHUP;
	return p;
}

/* What poll(2) has found. */
static void
hear(struct super *s, struct pollfd *p)
{
	parked_look(s->launch->parked, p + P_STRAYS);
	if (p[P_DAEMON].revents & POLLIN)
		upgrade_hear(&s->upgrade);
	if (s->telling && p[P_DAEMON].revents != 0)
		tell(s);
	if (p[P_TOLD].revents != 0) {
		notify_ready(p[P_TOLD].fd);
		p[P_TOLD].fd = -1;
	}
	if (p[P_OPS].revents & POLLIN)
		hear_ops(s);
	/* All has been heard, and an end would be polled for ever. */
	if (p[P_OPS].revents & (POLLHUP | POLLRDHUP))
		kin_close(&s->ops);
}

int
supervise(const struct launch *l)
{
	struct super s = { .launch = l,
		.audit = { .name = "[audit]",
		    .launch = launch_audit,
		    .control = -1,
		    .until = ENDING_AUDIT },
		.ops = { .name = "[ops]",
		    .launch = launch_ops,
		    .control = -1,
		    .until = ENDING_OPS },
		.daemon = { .name = "rdvd",
		    .launch = launch_daemon,
		    .control = -1,
		    .until = DRAINING },
		.records = { .sock = -1 },
		.signals = open_signals() };
	struct pollfd *p = places(&s);
	enum phase before;

	(void)cgroup_place(l->runs,
	    l->system != NULL ? l->system->places.keep : l->base,
	    l->parked->cgroups);
	take_over(&s, l->from);
	if (s.signals < 0 || prctl(PR_SET_CHILD_SUBREAPER, 1) < 0)
		fatal("main", "signals");
	while (s.phase != GONE) {
		if (s.phase == RUNNING)
			upgrade_step(&s.upgrade);
		if (s.phase == RUNNING && !upgrade_holds(&s.upgrade)) {
			upgrade_left(&s.upgrade);
			keep_running(&s);
		}
		p[P_DAEMON].fd = s.daemon.control;
		p[P_DAEMON].events = s.telling ? POLLIN | POLLOUT : POLLIN;
		p[P_OPS].fd = s.ops.control;
		(void)poll(p, P_STRAYS + parked_watch(l->parked, p + P_STRAYS),
		    patience(&s));
		hear(&s, p);
		read_signals(&s);
		collect(&s);
		sweep(&s);
		keep_parked(&s);
		if (s.phase == RUNNING)
			rotate(&s);
		do {
			before = s.phase;
			ending_step(&s);
		} while (s.phase != before);
	}
	free(p);
	cgroup_done(l->parked->cgroups);
	log_info("main", "stopped");
	return s.status;
}
