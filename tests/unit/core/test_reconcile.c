/* SPDX-License-Identifier: MIT */
/* A new rdvd finds the runs of the one before it. */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/core/run.h"
#include "daemon/store/db.h"
#include "daemon/term/term.h"
#include "lib/clock.h"
#include "lib/err.h"
#include "tests/unit/check.h"
#include "tests/unit/core/await.h"
#include "tests/unit/core/corerig.h"
#include "tests/unit/core/typing.h"

static void
run_of(struct corerig *r, char out[UUID_TEXT])
{
	(void)snprintf(out, UUID_TEXT, "%s", corerig_session(r, r->id)->run_id);
}

struct log_wait {
	struct corerig *r;
	const char *run;
	uint64_t bytes;
};

static bool
has_bytes(void *arg)
{
	const struct log_wait *w = arg;
	struct run *run = run_find(w->r->app.runs, w->run);

	return run != NULL && term_bytes(run_term(run)) >= w->bytes;
}

static void
await_bytes(struct corerig *r, const char *run, uint64_t bytes)
{
	struct log_wait w = { r, run, bytes };

	corerig_until(r, has_bytes, &w);
}

static void
test_adopts_what_lives(void **state)
{
	struct corerig *r = *state;
	char run[UUID_TEXT];
	struct fake_run *f;

	corerig_create(r, "one");
	run_of(r, run);
	f = corerig_run(r, run);
	assert_int_equal(write(f->far, "before ", 7), 7);
	await_bytes(r, run, 7);
	corerig_daemon_down(r);
	/* Nobody reads; the program goes on. */
	assert_int_equal(write(f->far, "meanwhile ", 10), 10);
	corerig_daemon_up(r);
	assert_non_null(run_find(r->app.runs, run));
	await_bytes(r, run, 17);
	assert_int_equal(write(f->far, "after", 5), 5);
	await_bytes(r, run, 22);
	assert_string_equal(corerig_log(r, run), "before meanwhile after");
	assert_string_equal(corerig_row(r, run)->state, "running");
	assert_int_equal(f->signals, 0);
	corerig_exit(r, f, 0);
	await_end(r, run, "completed");
	assert_int_equal(corerig_events(r, "run.running", run), 1);
	assert_true(f->acked);
}

static void
test_finishes_what_has_ended(void **state)
{
	struct corerig *r = *state;
	char run[UUID_TEXT];
	struct fake_run *f;

	corerig_create(r, "one");
	run_of(r, run);
	f = corerig_run(r, run);
	corerig_daemon_down(r);
	assert_int_equal(write(f->far, "unread", 6), 6);
	corerig_exit(r, f, 5 << 8);
	corerig_daemon_up(r);
	await_end(r, run, "failed");
	assert_int_equal(corerig_row(r, run)->exit_code, 5);
	/* What it used is not known to INVENTORY, and not made up. */
	assert_int_equal(corerig_row(r, run)->user_us, -1);
	assert_string_equal(corerig_log(r, run), "unread");
	assert_true(f->acked);
}

/*
 * No room for the descriptors of what runs: rdvd serves, the run is neither
 * lost nor ended, and it is taken over as soon as there is room.
 */
static void
test_waits_for_room(void **state)
{
	struct corerig *r = *state;
	char run[UUID_TEXT];
	struct fake_run *f;

	corerig_create(r, "one");
	run_of(r, run);
	f = corerig_run(r, run);
	corerig_daemon_down(r);
	assert_int_equal(write(f->far, "meanwhile", 9), 9);
	r->cramped = true;
	corerig_daemon_up(r);
	r->cramped = false;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &r->files), 0);
	assert_null(run_find(r->app.runs, run));
	assert_string_equal(corerig_row(r, run)->state, "running");
	assert_int_equal(f->signals, 0);
	await_bytes(r, run, 9);
	assert_string_equal(corerig_row(r, run)->state, "running");
	corerig_exit(r, f, 0);
	await_end(r, run, "completed");
	assert_true(f->acked);
}

/* rdvd died between the durable end and telling the helper. */
static void
test_confirms_an_end_once_more(void **state)
{
	struct corerig *r = *state;
	char run[UUID_TEXT];
	struct fake_run *f;

	corerig_create(r, "one");
	run_of(r, run);
	f = corerig_run(r, run);
	/* While rdvd ends it leaves the confirmation to the next one. */
	r->app.draining = true;
	corerig_exit(r, f, 0);
	await_end(r, run, "completed");
	assert_false(f->acked);
	corerig_daemon_down(r);
	corerig_daemon_up(r);
	corerig_settle(r);
	assert_true(f->acked);
	assert_int_equal(corerig_events(r, "run.ended", run), 1);
	assert_int_equal(f->signals, 0);
}

static void
test_lost_with_another_helper(void **state)
{
	struct corerig *r = *state;
	char run[UUID_TEXT];
	struct fake_run *f;

	corerig_create(r, "one");
	run_of(r, run);
	f = corerig_run(r, run);
	corerig_daemon_down(r);
	seqpkt_fds_close(&f->fds);
	r->generation += UINT64_C(1) << 32;
	corerig_daemon_up(r);
	await_end(r, run, "lost");
	assert_non_null(strstr(corerig_row(r, run)->cause,
	    "rdv was stopped or restarted"));
	assert_int_equal(corerig_events(r, "run.ended", run), 1);
	assert_string_equal(corerig_session(r, r->id)->status, "active");
}

static void
stopped_cb(void *arg)
{
	++*(unsigned *)arg;
}

/* All of rdv is stopped: its run has ended, and says by what. */
static void
test_stop_of_all(void **state)
{
	struct corerig *r = *state;
	unsigned stopped = 0;
	char run[UUID_TEXT];

	corerig_create(r, "one");
	run_of(r, run);
	r->exit_on_signal = true;
	runs_stop_all(r->app.runs, stopped_cb, &stopped);
	await_end(r, run, "killed");
	assert_string_equal(corerig_row(r, run)->cause, "rdv was stopped");
	assert_int_equal(stopped, 1);
	assert_int_equal(corerig_run(r, run)->sig, SIGHUP);
	assert_int_equal(corerig_events(r, "run.ended", run), 1);
}

/* rdvd dies in the midst of it, and so does all the rest. */
static void
test_stop_of_all_by_the_row(void **state)
{
	struct corerig *r = *state;
	unsigned stopped = 0;
	char run[UUID_TEXT];
	struct fake_run *f;

	corerig_create(r, "one");
	run_of(r, run);
	f = corerig_run(r, run);
	runs_stop_all(r->app.runs, stopped_cb, &stopped);
	db_settle(r->app.db);
	assert_string_equal(corerig_row(r, run)->state, "running");
	corerig_daemon_down(r);
	/* What is still there with the same [ops] is no end of it. */
	corerig_daemon_up(r);
	assert_string_equal(corerig_row(r, run)->state, "running");
	corerig_daemon_down(r);
	seqpkt_fds_close(&f->fds);
	r->generation += UINT64_C(1) << 32;
	corerig_daemon_up(r);
	await_end(r, run, "killed");
	assert_string_equal(corerig_row(r, run)->cause, "rdv was stopped");
	assert_int_equal(corerig_row(r, run)->exit_code, -1);
}

static void
test_lost_without_record(void **state)
{
	struct corerig *r = *state;
	char run[UUID_TEXT];

	corerig_create(r, "one");
	run_of(r, run);
	corerig_daemon_down(r);
	seqpkt_fds_close(&corerig_run(r, run)->fds);
	corerig_daemon_up(r);
	await_end(r, run, "lost");
	assert_non_null(strstr(corerig_row(r, run)->cause, "no record"));
}

/* "Cannot tell" is never "gone". */
static void
test_incomplete_answer_settles_nothing(void **state)
{
	struct corerig *r = *state;
	struct session_who who;
	char run[UUID_TEXT];

	corerig_create(r, "one");
	run_of(r, run);
	corerig_daemon_down(r);
	r->mute_inventory = true;
	corerig_daemon_up(r);
	corerig_settle(r);
	assert_false(runs_settled(r->app.runs));
	assert_string_equal(corerig_row(r, run)->state, "running");
	opsrig_die(&r->ops);
	corerig_settle(r);
	assert_false(runs_settled(r->app.runs));
	assert_string_equal(corerig_row(r, run)->state, "running");
	/* And who types into it is not told that there is no program. */
	who = corerig_who(r, r->id);
	assert_int_equal(typing(r, &who, "x", false), RDV_E_UNAVAILABLE);
	/* The same [ops] after all: everything is found. */
	r->mute_inventory = false;
	opsrig_connect(&r->ops);
	corerig_settle(r);
	assert_true(runs_settled(r->app.runs));
	assert_non_null(run_find(r->app.runs, run));
	assert_int_equal(typing(r, &who, "x", false), 0);
}

static void
make_tool(struct fake_run *f, const char *label, uint64_t handle)
{
	(void)snprintf(f->label, sizeof(f->label), "%s", label);
	f->handle = handle;
	f->io = PRIV_IO_PTY;
	opsrig_pty(&f->fds, &f->far);
}

/* A tool of a dead daemon is ended, and then forgotten. */
static void
test_ends_what_has_no_row(void **state)
{
	struct corerig *r = *state;
	struct fake_run *f, *g;

	corerig_create(r, "one");
	corerig_daemon_down(r);
	f = &r->runs[r->nruns++];
	g = &r->runs[r->nruns++];
	make_tool(f, "git-1", r->generation + 8);
	make_tool(g, "git-2", r->generation + 9);
	g->exited = true;
	r->exit_on_signal = true;
	corerig_daemon_up(r);
	corerig_settle(r);
	assert_int_equal(f->all, 1);
	/* Killed, git would leave its locks behind. */
	assert_int_equal(f->sig, SIGTERM);
	assert_true(f->acked);
	assert_int_equal(g->signals, 0);
	assert_true(g->acked);
	assert_int_equal(r->runs[0].signals, 0);
}

static bool
was_asked(void *arg)
{
	return ((struct corerig *)arg)->spawns > 0;
}

static void
ask_and_die(struct corerig *r, char run[PRIV_LABEL_MAX + 1])
{
	static const char *const argv[] = { "/bin/prog", NULL };
	struct session_who who = corerig_who(r, NULL);
	struct session_spec spec = { .name = "one",
		.argv = argv,
		.profile = "login",
		.cols = 80,
		.rows = 24 };

	r->hold_spawn = true;
	session_create(r->app.sessions, &who, &spec);
	corerig_until(r, was_asked, r);
	(void)snprintf(run, PRIV_LABEL_MAX + 1, "%s", r->runs[0].label);
	corerig_daemon_down(r);
	/* Whoever asked was told, and the row was left to the next daemon. */
	assert_int_equal(r->answers, 1);
	assert_int_equal(r->err, RDV_E_UNAVAILABLE);
	r->answers = 0;
}

/* The helper was still starting it when rdvd died, and then it runs. */
static void
test_start_that_outlived_its_daemon(void **state)
{
	struct corerig *r = *state;
	char run[PRIV_LABEL_MAX + 1];

	ask_and_die(r, run);
	corerig_daemon_up(r);
	corerig_settle(r);
	assert_string_equal(corerig_row(r, run)->state, "starting");
	assert_true(runs_settled(r->app.runs));
	/* It begins, and the next look finds it. */
	r->runs[0].handle = r->generation + 1;
	opsrig_pty(&r->runs[0].fds, &r->runs[0].far);
	assert_int_equal(write(r->runs[0].far, "hello", 5), 5);
	await_bytes(r, run, 5);
	corerig_settle(r);
	assert_string_equal(corerig_row(r, run)->state, "running");
	corerig_exit(r, &r->runs[0], 0);
	await_end(r, run, "completed");
}

/* Its closing was asked for before anybody knew whether there is a program. */
static void
test_closing_waits_for_a_late_start(void **state)
{
	struct corerig *r = *state;
	char run[PRIV_LABEL_MAX + 1], id[UUID_TEXT];
	struct session_who who;

	for (int begins = 0; begins < 2; begins++) {
		r->nruns = r->spawns = 0;
		ask_and_die(r, run);
		corerig_daemon_up(r);
		(void)snprintf(id, sizeof(id), "%s",
		    corerig_row(r, run)->session_id);
		who = corerig_who(r, id);
		session_close(r->app.sessions, &who);
		corerig_answer(r);
		assert_int_equal(r->err, RDV_E_UNAVAILABLE);
		assert_string_equal(corerig_session(r, id)->status, "active");
		r->exit_on_signal = true;
		if (begins) {
			r->runs[0].handle = r->generation + 1;
			opsrig_pty(&r->runs[0].fds, &r->runs[0].far);
		} else {
			clock_shift(13000, 0);
		}
		await_end(r, run, begins ? "killed" : "lost");
		assert_string_equal(corerig_session(r, id)->status, "closed");
		assert_int_equal(corerig_events(r, "session.closed", id), 1);
		clock_shift(0, 0);
	}
}

static void
test_start_that_never_was(void **state)
{
	struct corerig *r = *state;
	char run[PRIV_LABEL_MAX + 1];

	ask_and_die(r, run);
	corerig_daemon_up(r);
	corerig_settle(r);
	assert_string_equal(corerig_row(r, run)->state, "starting");
	/* The helper's own deadline for a start has passed. */
	clock_shift(13000, 0);
	await_end(r, run, "lost");
	assert_int_equal(corerig_events(r, "run.ended", run), 1);
}

static void
test_start_with_a_helper_now_gone(void **state)
{
	struct corerig *r = *state;
	char run[PRIV_LABEL_MAX + 1];

	ask_and_die(r, run);
	r->generation += UINT64_C(1) << 32;
	corerig_daemon_up(r);
	await_end(r, run, "lost");
}

/*
 * It lives, and there is no log to write to: nothing is known to be gone, so
 * nothing is called lost, and the next look adopts it.
 */
static void
test_what_cannot_be_adopted_yet(void **state)
{
	struct corerig *r = *state;
	char run[UUID_TEXT], log[160], aside[170];
	struct fake_run *f;

	corerig_create(r, "one");
	run_of(r, run);
	f = corerig_run(r, run);
	corerig_daemon_down(r);
	snprintf(log, sizeof(log), "%s/server/runs/%s.log", r->base, run);
	snprintf(aside, sizeof(aside), "%s.aside", log);
	assert_int_equal(rename(log, aside), 0);
	assert_int_equal(mkdir(log, 0700), 0);
	corerig_daemon_up(r);
	corerig_settle(r);
	assert_true(runs_settled(r->app.runs));
	assert_string_equal(corerig_row(r, run)->state, "running");
	assert_null(run_find(r->app.runs, run));
	assert_int_equal(rmdir(log), 0);
	assert_int_equal(rename(aside, log), 0);
	assert_int_equal(write(f->far, "hello", 5), 5);
	await_bytes(r, run, 5);
	corerig_exit(r, f, 0);
	await_end(r, run, "completed");
}

/* [ops] cannot hand its descriptors over: the question is asked again. */
static void
test_an_answer_that_has_to_wait(void **state)
{
	struct corerig *r = *state;
	char run[UUID_TEXT];
	struct fake_run *f;

	corerig_create(r, "one");
	run_of(r, run);
	f = corerig_run(r, run);
	corerig_daemon_down(r);
	r->busy_inventories = 1;
	corerig_daemon_up(r);
	assert_int_equal(write(f->far, "hello", 5), 5);
	await_bytes(r, run, 5);
	assert_int_equal(r->busy_inventories, 0);
	corerig_exit(r, f, 0);
	await_end(r, run, "completed");
}

/* What an upgrade counts by: who is told of once more is no other. */
static void
test_counts_once(void **state)
{
	struct corerig *r = *state;
	uint32_t found, lost;
	struct fake_run *f;

	corerig_create(r, "one");
	corerig_daemon_down(r);
	f = &r->runs[r->nruns++];
	make_tool(f, "git-1", r->generation + 8);
	r->busy_from = f->handle;
	r->busy_inventories = 1;
	corerig_daemon_up(r);
	assert_int_equal(r->busy_inventories, 0);
	runs_counts(r->app.runs, &found, &lost);
	assert_int_equal(found, 2);
	assert_int_equal(lost, 0);
	corerig_settle(r);
	assert_int_equal(f->all, 1);
	assert_true(runs_dooming(r->app.runs));
	corerig_exit(r, f, SIGTERM);
	corerig_settle(r);
	assert_true(f->acked);
	assert_false(runs_dooming(r->app.runs));
}

/* Spawns wait until what was there is told apart from what is new. */
static void
test_nothing_is_spawned_before(void **state)
{
	static const char *const argv[] = { "/bin/prog", NULL };
	struct corerig *r = *state;
	struct session_who who;
	struct session_spec spec = { .name = "one",
		.argv = argv,
		.profile = "login",
		.cols = 80,
		.rows = 24 };

	corerig_daemon_down(r);
	r->mute_inventory = true;
	corerig_daemon_up(r);
	who = corerig_who(r, NULL);
	session_create(r->app.sessions, &who, &spec);
	corerig_settle(r);
	assert_int_equal(r->spawns, 0);
	assert_int_equal(r->logins, 0);
	opsrig_die(&r->ops);
	r->mute_inventory = false;
	opsrig_connect(&r->ops);
	corerig_answer(r);
	assert_int_equal(r->err, 0);
	assert_int_equal(r->spawns, 1);
}

/* Closing had begun when rdvd died: the next one closes. */
static void
test_closing_is_finished(void **state)
{
	struct corerig *r = *state;
	struct session_who who;
	char run[UUID_TEXT], id[UUID_TEXT];

	corerig_create(r, "one");
	run_of(r, run);
	(void)snprintf(id, sizeof(id), "%s", r->id);
	who = corerig_who(r, id);
	session_close(r->app.sessions, &who);
	db_settle(r->app.db);
	corerig_daemon_down(r);
	assert_int_equal(r->answers, 1);
	assert_int_equal(r->err, RDV_E_UNAVAILABLE);
	r->exit_on_signal = true;
	corerig_daemon_up(r);
	await_end(r, run, "killed");
	assert_string_equal(corerig_session(r, id)->status, "closed");
	assert_int_equal(corerig_events(r, "session.closed", id), 1);
	r->answers = 0;
}

#define T(name) \
	cmocka_unit_test_setup_teardown(name, corerig_setup, corerig_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_adopts_what_lives),
		T(test_finishes_what_has_ended),
		T(test_waits_for_room),
		T(test_counts_once),
		T(test_confirms_an_end_once_more),
		T(test_lost_with_another_helper),
		T(test_stop_of_all),
		T(test_stop_of_all_by_the_row),
		T(test_lost_without_record),
		T(test_incomplete_answer_settles_nothing),
		T(test_ends_what_has_no_row),
		T(test_start_that_outlived_its_daemon),
		T(test_closing_waits_for_a_late_start),
		T(test_start_that_never_was),
		T(test_start_with_a_helper_now_gone),
		T(test_what_cannot_be_adopted_yet),
		T(test_an_answer_that_has_to_wait),
		T(test_nothing_is_spawned_before),
		T(test_closing_is_finished),
	};

	return CHECK_RUN("reconcile", tests);
}
