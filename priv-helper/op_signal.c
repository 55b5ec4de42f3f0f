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

void
op_signal(struct ops *o, uint32_t id, union ops_request *m)
{
	struct reaper_order order = { .sig = m->signal.sig };
	struct run *r = run_find(&o->runs, m->signal.handle);

	if (r == NULL) {
		peer_answer(o, id, PRIV_SIGNAL, PRIV_NO_SUCH, "no such run");
		return;
	}
	if (!is_allowed(order.sig)) {
		peer_answer(o, id, PRIV_SIGNAL, PRIV_DENIED,
		    "this signal may not be sent");
		return;
	}
	if (!m->signal.all)
		order.verb = REAPER_SIGNAL;
	else
		order.verb = order.sig == SIGKILL ? REAPER_KILL : REAPER_END;
	if (mutant("H03"))
		(void)kill(r->pid, order.sig);
	if (!deliver(r, &order)) {
		peer_answer(o, id, PRIV_SIGNAL, PRIV_BUSY,
		    "the run's reaper does not listen");
		return;
	}
	peer_answer(o, id, PRIV_SIGNAL, PRIV_DONE, "");
}
