/* SPDX-License-Identifier: MIT */
/*
 * The time a run may take, which the policy sets and we keep: rdvd could be
 * taken over, and a program asks nobody. Invariant: whatever the account does
 * to its own processes, its reaper among them, a run whose time is over ends.
 */
#include "priv-helper/span.h"

#include <errno.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/log.h"
#include "lib/seqpkt.h"
#include "priv-helper/auditacts.h"
#include "priv-helper/ops.h"
#include "security/mutant.h"

#define AGAIN_MS 1000
/* A reaper that goes on ends all of it within its grace. */
#define FORCE_MS (REAPER_GRACE_MS + 2000)

void
span_begin(struct run *r)
{
	const uint64_t max = r->hold.limits[PRIV_LIMIT_RUN_SECONDS].max;
	const int64_t ms = (int64_t)max * (mutant("minute") ? 10 : 1000);

	r->until = max != 0 ? clock_mono_ms() + ms : 0;
}

bool
span_is_over(const struct run *r)
{
	return r->until != 0 && clock_mono_ms() >= r->until;
}

/*
 * Stopped by its account, a reaper hears nothing. Its own end it cannot keep
 * away, and what it leaves is swept.
 */
static int
force(const struct run *r)
{
	if (r->pidfd >= 0)
		return (int)syscall(SYS_pidfd_send_signal, r->pidfd, SIGKILL,
		    NULL, 0);
	return kill(r->reaper, SIGKILL);
}

static int
ask(const struct run *r)
{
	const struct reaper_order order = { .verb = REAPER_END,
		.sig = SIGTERM };

	return r->control < 0
		   ? -EPIPE
		   : seqpkt_send(r->control, &order, sizeof(order), NULL);
}

void
span_end(struct ops *o, struct run *r)
{
	const struct priv_signal m = { .handle = r->handle,
		.sig = r->end.cut ? SIGKILL : SIGTERM,
		.all = 1 };
	char why[PRIV_WHY_MAX + 1];
	int err;

	r->until = clock_mono_ms() + AGAIN_MS;
	/* Its reaper is gone: what is left is swept, and not for each look. */
	if (r->reaper == 0 && r->end.cut)
		return;
	if (!audit_signal(o, &m, why)) {
		log_warnx("span", "handle=%016llx has had its time: %s",
		    (unsigned long long)r->handle, why);
		return;
	}
	err = r->end.cut ? force(r) : ask(r);
	audit_signal_done(o, &m, false, err == 0 ? PRIV_DONE : PRIV_BUSY,
	    err == 0 ? "its time is over"
		     : "its time is over, and its "
		       "reaper does not listen");
	/* One that does not even take the order is not waited for. */
	if (!r->end.cut && err == 0)
		r->until = clock_mono_ms() + FORCE_MS;
	r->end.cut = 1;
}
