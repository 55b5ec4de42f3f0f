/* SPDX-License-Identifier: MIT */
/*
 * Signals for runs that somebody asked for; those that end one are runend.c's.
 */
#include <signal.h>
#include <stdlib.h>

#include "daemon/app.h"
#include "daemon/core/runstate.h"
#include "daemon/helper.h"
#include "lib/err.h"
#include "lib/xalloc.h"

static void
run_ports_cb(int err, const struct priv_plain_answer *a, void *arg)
{
	/* It is asked again in a while, whatever came of this. */
	(void)err;
	(void)a;
	(void)arg;
}

bool
run_ask_ports(struct run *run)
{
	if (run->phase != RUN_LIVE || run->exited || run->away || run->orphan)
		return false;
	helper_ports(run->runs->app->helper, run->handle, run_ports_cb, NULL);
	return true;
}

const char *
run_id_of(struct runs *r, uint64_t handle)
{
	const struct run *run = run_by_handle(r, handle);

	return run != NULL ? run->id : NULL;
}

struct signal_call {
	run_signal_fn *cb;
	void *arg;
};

static void
run_signal_cb(int err, const struct priv_plain_answer *a, void *arg)
{
	static const int results[PRIV_RESULT_MAX] = {
		[PRIV_DENIED] = RDV_E_INVALID,
		[PRIV_NO_SUCH] = RDV_E_STATE,
		[PRIV_FAILED] = RDV_E_STATE,
		[PRIV_BUSY] = RDV_E_BUSY,
		[PRIV_UNSUPPORTED] = RDV_E_INVALID,
	};
	struct signal_call *s = arg;

	s->cb(err != 0 ? err : results[a->result], s->arg);
	free(s);
}

void
run_signal(struct run *run, int sig, bool all, run_signal_fn *cb, void *arg)
{
	struct signal_call *s = xcalloc(1, sizeof(*s));

	s->cb = cb;
	s->arg = arg;
	helper_signal(run->runs->app->helper, run->handle, sig, all,
	    run_signal_cb, s);
}
