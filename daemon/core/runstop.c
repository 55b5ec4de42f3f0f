/* SPDX-License-Identifier: MIT */
/*
 * An orderly stop of all of rdv: [ops] ends with [main], and every run with
 * [ops]. So that they do not end as a riddle for the next rdvd, they are ended
 * here, while there is somebody to see how. Why comes first and is durable: of
 * what does not end in time, or in whose midst we die, the next rdvd then knows
 * it by the row alone (reconcile.c).
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/app.h"
#include "daemon/core/runstate.h"
#include "daemon/loop.h"
#include "daemon/store/db.h"
#include "daemon/store/runs.h"
#include "lib/log.h"
#include "lib/xalloc.h"

/* The reaper sends KILL after 2 s, and the rest takes no such time. */
#define STOP_MS 5000

static const char because[] = "rdv was stopped";

struct runstop {
	struct runs *runs;
	unsigned left;
	struct loop_timer *timer;
	void (*done)(void *);
	void *arg;
};

void
runstop_free(struct runstop *s)
{
	if (s == NULL)
		return;
	loop_timer_free(s->timer);
	free(s);
}

/* Once; who waits for more than one run is called for each all the same. */
static void
tell(struct runstop *s)
{
	void (*done)(void *) = s->done;

	s->done = NULL;
	loop_timer_clear(s->timer);
	if (done != NULL)
		done(s->arg);
}

static void
runstop_late_cb(void *arg)
{
	struct runstop *s = arg;

	log_warnx("run", "still there when rdv ends: %u", s->left);
	tell(s);
}

static void
runstop_end_cb(int err, void *arg)
{
	struct runstop *s = arg;

	(void)err;
	if (--s->left == 0)
		tell(s);
}

/* What cannot be written down ends as well: [main] has decided that. */
static void
runstop_written_cb(int err, void *arg)
{
	struct runstop *s = arg;
	struct run *run, *next;

	/* Given up: there may be no helper to ask any more. */
	if (s->done == NULL)
		return;
	if (err != 0)
		log_warnx("run", "why runs end is not recorded: %s",
		    strerror(err < 0 ? -err : EIO));
	/* Ours until the last has been asked. */
	s->left = 1;
	TAILQ_FOREACH_SAFE (run, &s->runs->live, link, next) {
		s->left++;
		run_on_end(run, runstop_end_cb, s);
		run_stop(run, because);
	}
	runstop_end_cb(0, s);
}

bool
runs_stopping(const struct runs *r)
{
	return r->stopping != NULL;
}

void
runs_stop_all(struct runs *r, void (*done)(void *), void *arg)
{
	struct runstop *s = xcalloc(1, sizeof(*s));
	struct tx *tx;

	s->runs = r;
	s->done = done;
	s->arg = arg;
	s->timer = loop_timer_new(r->app->loop, runstop_late_cb, s);
	r->stopping = s;
	loop_timer_set(s->timer, STOP_MS);
	tx = tx_begin(r->app->db);
	(void)store_runs_stopping(tx, because);
	tx_commit(tx, runstop_written_cb, s);
}
