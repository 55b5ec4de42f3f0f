/* SPDX-License-Identifier: MIT */
/*
 * How all of rdv ends: rdvd, which knows what its runs are to be called, [ops]
 * with them, what an [ops] before it has left, and then [audit].
 */
#include "priv-helper/ending.h"

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/ctlproto.h"
#include "lib/log.h"
#include "lib/seqpkt.h"
#include "priv-helper/launch.h"
#include "priv-helper/parked.h"
#include "priv-helper/store.h"
#include "priv-helper/super.h"
#include "priv-helper/sweep.h"
#include "security/mutant.h"

/* rdvd drains for up to 30 s, [ops] gives runs 2 s. */
#define DRAIN_MS 35000
#define OPS_MS	 8000
#define REST_MS	 5000
#define AUDIT_MS 5000
/* So long a service manager that is busy is waited for. */
#define FLUSH_MS 5000

/*
 * Between the end of ExecStop= and SIGTERM systemd does nothing else; but a
 * restart may be cancelled, or the signal be a mistake.
 */
#define RESTART_MS 10000

void
ending_restarts(struct super *s)
{
	s->upgrade.restart_by =
	    clock_mono_ms() + (mutant("restart") ? 0 : RESTART_MS);
}

static void
enter(struct super *s, enum phase phase, int64_t ms)
{
	s->phase = phase;
	s->due = clock_mono_ms() + ms;
}

static void
say(const struct kin *k, char what)
{
	if (k->pid != 0 && seqpkt_send(k->control, &what, 1, NULL) != 0)
		log_warnx("main", "%s does not take its socket", k->name);
}

/*
 * A SIGTERM alone may be for rdvd alone, and then its runs go on. Without the
 * word, which is in its queue first, they end all the same and are called lost.
 */
static void
stop_daemon(const struct super *s)
{
	say(&s->daemon, s->returning ? CTL_LEAVE : CTL_STOP);
	if (s->daemon.pid != 0)
		(void)kill(s->daemon.pid, SIGTERM);
}

/* One that is killed leaves its runs alone. */
static void
stop_ops(struct super *s)
{
	if (s->returning && s->ops.pid != 0) {
		(void)kill(s->ops.pid, SIGKILL);
		return;
	}
	/* Without the word it would take us for killed. */
	if (s->launch->store != NULL)
		say(&s->ops, CTL_STOP);
	kin_close(&s->ops);
}

/*
 * What the service manager is to have when we end: all that runs or, when none
 * of it does, nothing, or the next [main] would take it for runs.
 */
static void
settle_store(const struct super *s)
{
	const struct launch *l = s->launch;

	if (l->store == NULL)
		return;
	if (!s->returning)
		parked_drop(l->parked);
	store_flush(l->store, l->parked, FLUSH_MS);
}

void
ending_begin(struct super *s)
{
	if (s->phase == RUNNING) {
		s->returning = store_keeps(s->launch->store) &&
			       clock_mono_ms() < s->upgrade.restart_by;
		log_info("main", "stopping%s",
		    s->returning ? "; runs stay for the next" : "");
		upgrade_stop(&s->upgrade);
		enter(s, DRAINING, DRAIN_MS);
		stop_daemon(s);
	} else if (s->phase == DRAINING) {
		/* Asked twice: whoever asks does not want to wait. */
		s->due = clock_mono_ms();
	}
}

static bool
is_audit(pid_t pid, void *arg)
{
	return pid == ((const struct super *)arg)->audit.pid;
}

void
ending_step(struct super *s)
{
	const bool late = clock_mono_ms() >= s->due;

	if (s->phase == DRAINING && s->daemon.pid != 0 && late) {
		log_warnx("main", "rdvd has not drained; killing it");
		(void)kill(s->daemon.pid, SIGKILL);
	} else if (s->phase == DRAINING && s->daemon.pid == 0) {
		enter(s, ENDING_OPS, OPS_MS);
		stop_ops(s);
	} else if (s->phase == ENDING_OPS && s->ops.pid != 0 && late) {
		log_errorx("main", "[ops] has not ended; killing it");
		(void)kill(s->ops.pid, SIGKILL);
	} else if (s->phase == ENDING_OPS && s->ops.pid == 0) {
		enter(s, ENDING_REST, REST_MS);
	} else if (s->phase == ENDING_REST) {
		/* Runs of an [ops] that was killed: their reapers end them. */
		if (!s->returning &&
		    sweep_children(late ? SIGKILL : SIGTERM, is_audit, s) !=
			0 &&
		    clock_mono_ms() < s->due + REST_MS)
			return;
		settle_store(s);
		enter(s, ENDING_AUDIT, AUDIT_MS);
		kin_close(&s->audit);
	} else if (s->phase == ENDING_AUDIT && s->audit.pid == 0) {
		s->phase = GONE;
	} else if (s->phase == ENDING_AUDIT && late) {
		log_errorx("main", "[audit] has not ended; killing it");
		(void)kill(s->audit.pid, SIGKILL);
	}
}
