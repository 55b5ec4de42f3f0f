/* SPDX-License-Identifier: MIT */
/*
 * How runs end and how that is recorded. Invariant, in this order: all output
 * is in the log, the end is durable, the helper may forget, viewers are told.
 * A store that fails is tried again, as what has happened cannot be refused;
 * while it does, nobody is told (abuse D09).
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "daemon/app.h"
#include "daemon/core/kept.h"
#include "daemon/core/rundoor.h"
#include "daemon/core/runstate.h"
#include "daemon/event/event.h"
#include "daemon/helper.h"
#include "daemon/loop.h"
#include "daemon/store/db.h"
#include "daemon/store/runs.h"
#include "lib/clock.h"
#include "lib/err.h"
#include "lib/js.h"
#include "lib/log.h"
#include "lib/str.h"
#include "lib/xalloc.h"

#define RETRY_MS 1000

static void run_stored_cb(int, void *);
static void run_retry_cb(void *);
static void run_stop_again_cb(void *);

struct js *
run_event(const struct run *run, const char *state)
{
	struct js *o = js_object();
	const struct run_end *e = &run->end;

	js_add_str(o, "id", run->id);
	js_add_str(o, "session_id",
	    run->session_id[0] != '\0' ? run->session_id : NULL);
	js_add_str(o, "state", state);
	/* How it ended belongs to the event of the end alone. */
	if (run->phase != RUN_OVER || strcmp(state, e->state) != 0)
		return o;
	js_add_ms(o, "exit_code", e->exit_code);
	js_add_ms(o, "signal", e->signal);
	js_add_str(o, "cause", e->cause);
	return o;
}

static void
write_running(struct tx *tx, const struct run *run)
{
	char handle[17], generation[17];
	struct store_run row = {
		.id = run->id,
		.handle = handle,
		.generation = generation,
		.argv_json = run->argv_json,
		.cwd = run->cwd,
		.guards = run->guards,
		.policy_json = run->policy_json,
		.started_at = run->started_at,
	};

	(void)snprintf(handle, sizeof(handle), "%016llx",
	    (unsigned long long)run->handle);
	(void)snprintf(generation, sizeof(generation), "%016llx",
	    (unsigned long long)run->generation);
	/* A row that has ended already stays so, without an event. */
	if (store_run_running(tx, &row) == 0)
		event_emit(tx, EV_RUN_RUNNING, run->user_id, run->id,
		    run_event(run, "running"));
}

/* What is not known here stays as the row has it. */
static void
put_size(struct store_run *row, const struct run *run)
{
	unsigned cols = 0, rows = 0;

	if (run->term != NULL)
		term_size(run->term, &cols, &rows);
	row->cols = cols > 0 ? (int64_t)cols : -1;
	row->rows = rows > 0 ? (int64_t)rows : -1;
}

/* While it runs: for who reads its log when nobody saw it end. */
static void
write_size(struct tx *tx, const struct run *run)
{
	struct store_run row = { .id = run->id };

	put_size(&row, run);
	(void)store_run_resized(tx, &row);
}

static void
write_end(struct tx *tx, const struct run *run)
{
	const struct run_end *e = &run->end;
	char *egress = run_egress_json(run);
	struct store_run row = {
		.id = run->id,
		.state = e->state,
		.exit_code = e->exit_code,
		.signal = e->signal,
		.cause = e->cause,
		.user_us = e->user_us,
		.sys_us = e->sys_us,
		.maxrss_kb = e->maxrss_kb,
		.ended_at = e->at,
		.egress_json = egress,
	};

	if (run->term != NULL)
		row.log_bytes = (int64_t)term_bytes(run->term);
	row.talk_bytes = talk_size(run->runs->talks, run->id);
	put_size(&row, run);
	if (store_run_ended(tx, &row) == 0) {
		event_emit(tx, EV_RUN_ENDED, run->user_id, run->id,
		    run_event(run, e->state));
		if (run->write != NULL)
			run->write(tx, run->write_arg);
	}
	free(egress);
}

void
run_store(struct run *run)
{
	struct tx *tx;

	/* One commit at a time; what is due meanwhile goes with the next. */
	if (run->storing ||
	    !(run->running_due || run->size_due || run->end_due ||
		run_halt_due(run)) ||
	    (run->retry != NULL && loop_timer_pending(run->retry)))
		return;
	run->storing = true;
	run->storing_end = run->end_due;
	tx = tx_begin(run->runs->app->db);
	if (run->running_due)
		write_running(tx, run);
	if (run->size_due)
		write_size(tx, run);
	run->size_due = false;
	run->halted_tx = run->halted_row;
	if (run_halt_due(run))
		run_write_halt(tx, run);
	if (run->end_due)
		write_end(tx, run);
	tx_commit(tx, run_stored_cb, run);
}

static void
run_retry_cb(void *arg)
{
	run_store(arg);
}

void
run_sized_cb(void *arg)
{
	struct run *run = arg;

	run->size_due = true;
	run_store(run);
}

static void
tell_started(struct run *run, int err, const char *why)
{
	run_started_fn *cb = run->started;

	run->started = NULL;
	if (cb != NULL)
		cb(err, why, run->started_arg);
}

static void
tell_viewers(struct run *run)
{
	struct term_end end = {
		.state = run->end.state,
		.exit_code = run->end.exit_code,
		.signal = run->end.signal,
		.cause = run->end.cause,
	};

	if (run->term != NULL)
		term_ended(run->term, &end);
}

static void
tell(struct run_waiters *waiters, int err)
{
	struct run_waiter *w;

	while ((w = STAILQ_FIRST(waiters)) != NULL) {
		STAILQ_REMOVE_HEAD(waiters, link);
		w->cb(err, w->arg);
		free(w);
	}
}

/* Gone before they hear of it: who looks for the run then finds none. */
void
run_leave(struct run *run, int err)
{
	struct run_waiters waiters = STAILQ_HEAD_INITIALIZER(waiters);
	struct talks *talks = run->runs->talks;
	char id[UUID_TEXT];

	(void)str_copy(id, run->id, sizeof(id));
	STAILQ_CONCAT(&waiters, &run->waiters);
	run_free(run);
	tell(&waiters, err);
	talk_tell(talks, id);
}

/* Durable: the helper may forget, and whoever waits is told. */
static void
finish(struct run *run)
{
	struct runs *r = run->runs;

	/* While rdvd ends the helper may be gone; the next one confirms. */
	if (run->handle != 0 && !run->orphan && !r->app->draining)
		helper_exit_ack(r->app->helper, run->handle);
	log_info("run",
	    "ended run=%s request=%s state=%s exit=%d signal=%d cause=\"%s\"",
	    run->id, run->request_id, run->end.state, run->end.exit_code,
	    run->end.signal, run->end.cause != NULL ? run->end.cause : "");
	tell_viewers(run);
	tell_started(run, run->start_err, run->end.cause);
	run_leave(run, 0);
}

static void
run_stored_cb(int err, void *arg)
{
	struct run *run = arg;

	run->storing = false;
	if (err != 0) {
		/* Alone of the three cleared before it was durable. */
		run->size_due = true;
		log_warnx("run", "not recorded, trying again run=%s: %s",
		    run->id, strerror(err < 0 ? -err : EIO));
		if (run->retry == NULL)
			run->retry = loop_timer_new(run->runs->app->loop,
			    run_retry_cb, run);
		loop_timer_set(run->retry, RETRY_MS);
		return;
	}
	if (run->storing_end) {
		finish(run);
		return;
	}
	run->running_due = false;
	run->halted_row = run->halted_tx;
	tell_started(run, 0, NULL);
	run_store(run);
}

/* The first end counts: a stop and an exit may race (abuse H02). */
static void
over(struct run *run, const struct run_end *end)
{
	struct runs *r = run->runs;

	if (run->phase == RUN_OVER)
		return;
	run->phase = RUN_OVER;
	run_door_shut(run);
	run->moved_ms = clock_mono_ms();
	(void)kept_bytes(run);
	run->end = *end;
	run->end.cause = end->cause != NULL ? xstrdup(end->cause) : NULL;
	run->end.at = clock_wall_ms();
	if (r->keep != NULL && r->keep(run, r->keep_arg))
		return;
	run->end_due = true;
	run_store(run);
}

void
run_over(struct run *run, const char *state, const char *cause)
{
	over(run, &(struct run_end){ .state = state,
		      .cause = (char *)cause,
		      .exit_code = -1,
		      .signal = -1,
		      .user_us = -1,
		      .sys_us = -1,
		      .maxrss_kb = -1 });
}

/* What was left over is told in any case: nobody else would tell of it. */
static char *
cause_of(const struct run *run)
{
	const char *why = run->stopped	  ? run->stop
			  : run->exit.cut ? "it ran as long as the policy lets "
					    "it (max_run_minutes)"
					  : "";
	unsigned n = run->exit.swept;

	if (n == 0)
		return *why != '\0' ? xstrdup(why) : NULL;
	return xasprintf("%s%s%u process%s that outlived the first %s ended",
	    why, *why != '\0' ? "; " : "", n, n == 1 ? "" : "es",
	    n == 1 ? "was" : "were");
}

static void
over_by_exit(struct run *run)
{
	const struct priv_exit *ev = &run->exit;
	const bool by_signal = WIFSIGNALED(ev->status);
	const int code = WIFEXITED(ev->status) ? WEXITSTATUS(ev->status) : -1;
	char *cause = cause_of(run);
	struct run_end end = {
		.state = code == 0 ? "completed" : "failed",
		.exit_code = code,
		.signal = by_signal ? WTERMSIG(ev->status) : -1,
		.cause = cause,
		.user_us = run->usage ? (int64_t)ev->user_us : -1,
		.sys_us = run->usage ? (int64_t)ev->sys_us : -1,
		.maxrss_kb = run->usage ? (int64_t)ev->maxrss_kb : -1,
	};

	/* A stop that came too late has no part in how it ended (H02). */
	if (by_signal || run->stopped || ev->cut)
		end.state = "killed";
	over(run, &end);
	free(cause);
}

void
run_drained_cb(void *arg)
{
	struct run *run = arg;

	if (run->exited)
		over_by_exit(run);
	else
		run_over(run, "lost",
		    "exit status unknown: the helper was restarted");
}

void
run_exited(struct run *run, const struct priv_exit *ev, bool usage)
{
	if (run->exited || run->phase != RUN_LIVE)
		return;
	run->exited = true;
	run_door_shut(run);
	run->away = run->orphan = false;
	run->usage = usage;
	run->exit = *ev;
	term_finish(run->term, PUMP_EXITED);
}

struct run *
run_by_handle(struct runs *r, uint64_t handle)
{
	struct run *run;

	TAILQ_FOREACH (run, &r->live, link)
		if (run->handle == handle)
			return run;
	return NULL;
}

void
runs_exited(struct runs *r, const struct priv_exit *ev)
{
	struct run *run = run_by_handle(r, ev->handle);

	if (run != NULL)
		run_exited(run, ev, true);
	else if (r->reconcile == NULL)
		/* Of something ended on purpose: nobody waits for it. */
		helper_exit_ack(r->app->helper, ev->handle);
}

/* Asked for by a daemon now dead, answered after INVENTORY was complete. */
void
runs_stray(struct runs *r, uint64_t handle)
{
	if (run_by_handle(r, handle) == NULL)
		runs_doom(r, handle);
}

/*
 * The processes live on, their terminals are still ours, and [main] has them
 * for the next [ops].
 */
void
runs_lost(struct runs *r)
{
	struct run *run;

	reconcile_free(r->reconcile);
	r->reconcile = NULL;
	TAILQ_FOREACH (run, &r->live, link)
		run->away =
		    run->phase == RUN_LIVE && !run->exited && !run->orphan;
}

void
run_found(struct run *run)
{
	if (!run->away)
		return;
	run->away = false;
	run->generation = helper_generation(run->runs->app->helper);
	/* Whether the one before has sent the signal is not known. */
	if (run->stop != NULL && !run->stopped)
		run_end_now(run);
}

void
runs_not_found(struct runs *r)
{
	struct run *run, *next;

	TAILQ_FOREACH_SAFE (run, &r->live, link, next) {
		if (!run->away)
			continue;
		run->away = false;
		run->orphan = true;
		if (run->stop != NULL)
			run_end_now(run);
		else
			term_finish(run->term, PUMP_ORPHAN);
	}
}

void
runs_let_go(struct runs *r)
{
	struct run *run;

	TAILQ_FOREACH (run, &r->live, link)
		tell(&run->waiters, RDV_E_UNAVAILABLE);
}

/* The answer may come after the run it is about has gone. */
struct stop_call {
	struct runs *runs;
	uint64_t handle;
};

static void
run_stop_again_cb(void *arg)
{
	struct run *run = arg;

	if (run->phase == RUN_LIVE && !run->exited)
		run_end_now(run);
}

static void
stop_again(struct run *run)
{
	if (run->stop_again == NULL)
		run->stop_again = loop_timer_new(run->runs->app->loop,
		    run_stop_again_cb, run);
	loop_timer_set(run->stop_again, RETRY_MS);
}

/*
 * The helper tells what happens in the order it happens: an exit that is here
 * before this answer is that of a program which ended by itself.
 */
static void
run_ended_signal_cb(int err, const struct priv_plain_answer *a, void *arg)
{
	struct stop_call *s = arg;
	struct run *run = run_by_handle(s->runs, s->handle);

	free(s);
	if (run == NULL || run->phase != RUN_LIVE || run->exited)
		return;
	if (err == 0 && a->result == PRIV_DONE)
		run->stopped = true;
	else if (err == RDV_E_BUSY || (err == 0 && a->result == PRIV_BUSY))
		stop_again(run);
	else if (err == 0)
		log_warnx("run", "stop: %s: %s", priv_result_name(a->result),
		    a->why);
}

void
run_end_now(struct run *run)
{
	struct stop_call *s;

	/* The next [ops] will be asked. */
	if (run->away)
		return;
	/* Closing its terminal is all that is left to do to an orphan. */
	if (run->orphan) {
		run_over(run, "lost",
		    "its terminal was closed; exit status unknown, as the "
		    "helper was restarted");
		return;
	}
	s = xcalloc(1, sizeof(*s));
	s->runs = run->runs;
	s->handle = run->handle;
	/* What a terminal that is closed sends; what kill(1) sends. */
	helper_signal(run->runs->app->helper, run->handle,
	    run->io == PRIV_IO_PTY ? SIGHUP : SIGTERM, true,
	    run_ended_signal_cb, s);
}

void
run_stop(struct run *run, const char *cause)
{
	/* What has exited ends as soon as its output is complete. */
	if (run->stop != NULL || run->exited || run->phase == RUN_OVER)
		return;
	run->stop = cause;
	run->moved_ms = clock_mono_ms();
	if (run->phase == RUN_LIVE)
		run_end_now(run);
}

void
run_on_end(struct run *run, run_end_fn *cb, void *arg)
{
	struct run_waiter *w = xcalloc(1, sizeof(*w));

	w->cb = cb;
	w->arg = arg;
	STAILQ_INSERT_TAIL(&run->waiters, w, link);
}

struct term_dims
run_size(const struct store_run *row)
{
	struct term_dims size = { 0 };

	if (row->cols > 0 && row->rows > 0) {
		size.cols = (unsigned)row->cols;
		size.rows = (unsigned)row->rows;
	}
	return size;
}

int
run_open_term(struct runs *r, const struct store_run *row, struct term **out)
{
	struct run *run = run_find(r, row->id);
	struct term_end end = {
		.state = run_state_name(row->state),
		.exit_code = (int)row->exit_code,
		.signal = (int)row->signal,
		.cause = row->cause,
	};

	if (run == NULL)
		return term_open(r->terms, row->id, &end, run_size(row), out);
	/* It is being created: there will be one. */
	if (run->term == NULL)
		return RDV_E_STATE;
	term_ref(run->term);
	*out = run->term;
	return 0;
}
