/* SPDX-License-Identifier: MIT */
/*
 * SIGNAL: to the process group of a run's program, or to everything it ever
 * started. The reaper delivers it: they are its children, and it holds the
 * program's pidfd, so a number from here never names a process. A run that has
 * just ended by itself has what a stop wanted, so that is no error (H02).
 */
#include <errno.h>
#include <signal.h>
#include <stddef.h>

#include "lib/seqpkt.h"
#include "priv-helper/auditacts.h"
#include "priv-helper/ops.h"
#include "priv-helper/peer.h"
#include "security/mutant.h"

/* What a terminal or a user has a use for; no real-time signals. */
static const int allowed[] = { SIGHUP, SIGINT, SIGQUIT, SIGKILL, SIGUSR1,
	SIGUSR2, SIGTERM, SIGCONT, SIGSTOP, SIGTSTP, SIGWINCH };

static bool
is_allowed(int sig)
{
	size_t i;

	for (i = 0; i < sizeof(allowed) / sizeof(allowed[0]); i++)
		if (allowed[i] == sig)
			return true;
	return false;
}

/* False when the reaper lives and does not listen. */
static bool
deliver(const struct run *r, const struct reaper_order *order)
{
	int err;

	if (r->state != RUN_RUNNING || r->control < 0)
		return true;
	err = seqpkt_send(r->control, order, sizeof(*order), NULL);
	/* Gone just now: its report is on the way and the run has ended. */
	return err == 0 || err == -EPIPE || err == -ECONNRESET;
}

static void
refuse(struct ops *o, uint32_t id, const struct priv_signal *m,
    enum priv_result result, const char *why)
{
	audit_signal_done(o, m, true, result, why);
	peer_answer(o, id, PRIV_SIGNAL, result, why);
}

/* Whether or not it is delivered, the record before it is followed by one. */
static void
answer(struct ops *o, uint32_t id, const struct priv_signal *m,
    enum priv_result result, const char *why)
{
	audit_signal_done(o, m, false, result, why);
	peer_answer(o, id, PRIV_SIGNAL, result, why);
}

void
op_signal(struct ops *o, uint32_t id, union ops_request *m)
{
	struct reaper_order order = { .sig = m->signal.sig };
	struct run *r = run_find(&o->runs, m->signal.handle);
	char why[PRIV_WHY_MAX + 1];

	if (r == NULL) {
		refuse(o, id, &m->signal, PRIV_NO_SUCH, "no such run");
		return;
	}
	if (!is_allowed(order.sig)) {
		refuse(o, id, &m->signal, PRIV_DENIED,
		    "this signal may not be sent");
		return;
	}
	if (!audit_signal(o, &m->signal, why)) {
		refuse(o, id, &m->signal, PRIV_BUSY, why);
		return;
	}
	if (!m->signal.all)
		order.verb = REAPER_SIGNAL;
	else
		order.verb = order.sig == SIGKILL ? REAPER_KILL : REAPER_END;
	if (mutant("H03"))
		(void)kill(r->pid, order.sig);
	if (!deliver(r, &order)) {
		answer(o, id, &m->signal, PRIV_BUSY,
		    "the run's reaper does not listen");
		return;
	}
	answer(o, id, &m->signal, PRIV_DONE, "");
}
