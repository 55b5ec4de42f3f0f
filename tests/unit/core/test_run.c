/* SPDX-License-Identifier: MIT */
/* Runs: row first, helper second; output first, end second, helper third. */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/core/run.h"
#include "daemon/core/runstate.h"
#include "daemon/core/worktreeop.h"
#include "daemon/store/db.h"
#include "daemon/term/term.h"
#include "lib/err.h"
#include "tests/unit/check.h"
#include "tests/unit/core/await.h"
#include "tests/unit/core/corerig.h"

/* Without its log there is no program: nobody would see what it writes. */
static void
abuse_O13_not_recorded_not_started(void **state)
{
	struct corerig *r = *state;
	const struct store_run *row;
	const int dir = r->app.runs->dirfd;

	if (geteuid() == 0) {
		print_message("[ SKIPPED  ] root may write everywhere\n");
		skip();
	}
	assert_int_equal(fchmod(dir, 0500), 0);
	corerig_create(r, "dark");
	corerig_settle(r);
	assert_int_equal(fchmod(dir, 0700), 0);
	assert_int_not_equal(r->err, 0);
	assert_int_equal(r->spawns, 0);
	row = corerig_row(r, await_run_of(r, r->id));
	assert_string_equal(row->state, "failed");
	assert_string_equal(row->cause,
	    "its output cannot be recorded: Permission denied");
	corerig_create(r, "light");
	assert_int_equal(r->err, 0);
	assert_int_equal(r->spawns, 1);
}

static void
test_row_before_process(void **state)
{
	struct corerig *r = *state;
	const struct store_run *row;
	struct fake_run *f;
	const char *run;

	corerig_create(r, "one");
	assert_int_equal(r->err, 0);
	run = await_run_of(r, r->id);
	f = corerig_run(r, run);
	assert_non_null(f);
	assert_true(f->row_was_there);
	assert_string_equal(f->cwd, "/home/somebody/project");
	assert_string_equal(f->argv0, "/bin/prog");
	assert_string_equal(f->argv1, "arg");
	assert_non_null(strstr(f->env, "RDV_SESSION_ID="));
	/* The answer came after "running" was durable. */
	row = corerig_row(r, run);
	assert_string_equal(row->state, "running");
	assert_true(row->started_at > 0);
	assert_string_equal(row->handle, "0000005500000001");
	assert_int_equal(corerig_events(r, "session.created", r->id), 1);
	assert_int_equal(corerig_events(r, "run.starting", run), 1);
	assert_int_equal(corerig_events(r, "run.running", run), 1);
}

/* on_exit_request() of the rig fails if the ack comes before the row. */
static void
test_output_then_end_then_ack(void **state)
{
	struct corerig *r = *state;
	const struct store_run *row;
	struct fake_run *f;
	const char *run;

	corerig_create(r, "one");
	run = await_run_of(r, r->id);
	f = corerig_run(r, run);
	assert_int_equal(write(f->far, "last words", 10), 10);
	corerig_exit(r, f, 3 << 8);
	await_end(r, run, "failed");
	assert_true(f->acked);
	row = corerig_row(r, run);
	assert_int_equal(row->exit_code, 3);
	assert_int_equal(row->signal, -1);
	assert_int_equal(row->log_bytes, 10);
	assert_int_equal(row->user_us, 5000);
	assert_int_equal(row->maxrss_kb, 1234);
	assert_string_equal(corerig_log(r, run), "last words");
	assert_int_equal(corerig_events(r, "run.ended", run), 1);
	/* The session is a line of work: it is still there. */
	assert_string_equal(corerig_session(r, r->id)->status, "active");
}

static void
test_H17_ends_are_told_apart(void **state)
{
	static const struct {
		const char *state;
		int status, code, sig;
		bool cut; /* its time was over, however it took that (I23) */
	} ends[] = {
		{ "completed", 0, 0, -1, false },
		{ "failed", 1 << 8, 1, -1, false },
		{ "failed", 127 << 8, 127, -1, false },
		{ "killed", SIGKILL, -1, SIGKILL, false },
		{ "killed", SIGSEGV | 0x80, -1, SIGSEGV, false },
		{ "killed", SIGTERM, -1, SIGTERM, true },
		{ "killed", 0, 0, -1, true },
	};
	struct corerig *r = *state;
	const struct store_run *row;
	const char *run;

	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		corerig_create(r, "one");
		run = await_run_of(r, r->id);
		r->ops.cut = ends[i].cut;
		corerig_exit(r, corerig_run(r, run), ends[i].status);
		await_end(r, run, ends[i].state);
		row = corerig_row(r, run);
		assert_int_equal(row->exit_code, ends[i].code);
		assert_int_equal(row->signal, ends[i].sig);
		if (ends[i].cut)
			assert_non_null(strstr(row->cause, "max_run_minutes"));
	}
}

static void
tell_halt(struct corerig *r, struct fake_run *f, enum priv_halt halt)
{
	f->halt = halt;
	opsrig_halt(&r->ops, f->handle, halt);
	corerig_settle(r);
}

/*
 * Beside the state, for as long as it runs: what was known stays where [ops]
 * cannot tell, and what happened meanwhile is learnt from INVENTORY.
 */
static void
test_H17_stopped_is_no_end(void **state)
{
	struct corerig *r = *state;
	struct fake_run *f;
	const char *run;
	int64_t since;

	corerig_create(r, "one");
	run = await_run_of(r, r->id);
	f = corerig_run(r, run);
	assert_int_equal(corerig_row(r, run)->stopped_at, -1);
	tell_halt(r, f, PRIV_HALTED);
	since = corerig_row(r, run)->stopped_at;
	assert_true(since > 0);
	assert_string_equal(corerig_row(r, run)->state, "running");
	tell_halt(r, f, PRIV_HALTED);
	assert_int_equal(corerig_events(r, "run.stopped", run), 1);
	corerig_daemon_down(r);
	f->halt = PRIV_HALT_UNKNOWN;
	corerig_daemon_up(r);
	corerig_settle(r);
	assert_int_equal(corerig_row(r, run)->stopped_at, since);
	corerig_daemon_down(r);
	f->halt = PRIV_GOES_ON;
	corerig_daemon_up(r);
	corerig_settle(r);
	assert_int_equal(corerig_row(r, run)->stopped_at, -1);
	assert_int_equal(corerig_events(r, "run.continued", run), 1);
	tell_halt(r, f, PRIV_HALTED);
	assert_int_equal(corerig_events(r, "run.stopped", run), 2);
	corerig_exit(r, f, SIGKILL);
	await_end(r, run, "killed");
	assert_int_equal(corerig_row(r, run)->stopped_at, -1);
	/* Its end says that: it has not gone on. */
	assert_int_equal(corerig_events(r, "run.continued", run), 1);
}

static void
test_H15_start_that_fails(void **state)
{
	struct corerig *r = *state;
	const char *run;

	r->fail_spawn = true;
	corerig_create(r, "one");
	assert_int_equal(r->err, RDV_E_SPAWN);
	assert_string_equal(r->why,
	    "cannot enter /home/somebody/project: No such file or "
	    "directory (C12 chdir)");
	run = await_run_of(r, r->id);
	assert_string_equal(corerig_row(r, run)->state, "failed");
	assert_non_null(strstr(corerig_row(r, run)->cause, "C12 chdir"));
	assert_non_null(strstr(corerig_log(r, run), "C12 chdir"));
	assert_string_equal(corerig_session(r, r->id)->status, "closed");
	assert_int_equal(runs_live(r->app.runs), 0);
}

static bool
was_asked(void *arg)
{
	return ((struct corerig *)arg)->spawns > 0;
}

/* Abuse E10: the helper dies with the question. It is not asked again. */
static void
test_E10_helper_dies_while_starting(void **state)
{
	static const char *const argv[] = { "/bin/prog", NULL };
	struct corerig *r = *state;
	struct session_who who = corerig_who(r, NULL);
	struct session_spec spec = { .name = "one",
		.argv = argv,
		.profile = "login",
		.cols = 80,
		.rows = 24 };
	const char *run;

	r->hold_spawn = true;
	session_create(r->app.sessions, &who, &spec);
	corerig_until(r, was_asked, r);
	opsrig_die(&r->ops);
	corerig_answer(r);
	assert_int_equal(r->err, RDV_E_UNAVAILABLE);
	run = await_run_of(r, r->id);
	assert_string_equal(corerig_row(r, run)->state, "lost");
	r->generation += UINT64_C(1) << 32;
	r->nruns = 0;
	opsrig_connect(&r->ops);
	corerig_settle(r);
	assert_int_equal(r->spawns, 1);
	assert_int_equal(corerig_events(r, "run.ended", run), 1);
}

/* Abuse H02: stop and exit race; stop twice; there is one end. */
static void
test_H02_stop_races_exit(void **state)
{
	struct corerig *r = *state;
	struct fake_run *f;
	const char *run;

	for (int order = 0; order < 3; order++) {
		struct session_who who;

		corerig_create(r, "one");
		run = await_run_of(r, r->id);
		f = corerig_run(r, run);
		who = corerig_who(r, r->id);
		r->exit_on_signal = order > 0;
		if (order == 0)
			corerig_exit(r, f, 0);
		session_close(r->app.sessions, &who);
		if (order == 2)
			session_close(r->app.sessions, &who);
		await_end(r, run, order == 0 ? "completed" : "killed");
		assert_int_equal(r->answers, order == 2 ? 2 : 1);
		assert_int_equal(r->err, 0);
		r->answers = 0;
		assert_int_equal(corerig_events(r, "run.ended", run), 1);
		assert_int_equal(corerig_events(r, "session.closed", r->id), 1);
		assert_string_equal(corerig_session(r, r->id)->status,
		    "closed");
		assert_true(f->acked);
	}
}

/* The session is closed, so that only its run is waited for. */
static void
begin_close(struct corerig *r, const char *session)
{
	struct session_who who = corerig_who(r, session);

	session_close(r->app.sessions, &who);
	db_settle(r->app.db);
}

static void
expect_end(struct corerig *r, const char *run, const char *state, int code)
{
	const struct store_run *row;

	await_end(r, run, state);
	assert_int_equal(r->answers, 1);
	assert_int_equal(r->err, 0);
	r->answers = 0;
	row = corerig_row(r, run);
	assert_int_equal(row->exit_code, code);
	if (strcmp(state, "killed") == 0)
		assert_string_equal(row->cause, "the session was closed");
	else
		assert_null(row->cause);
	assert_int_equal(corerig_events(r, "run.ended", run), 1);
	assert_string_equal(corerig_session(r, r->id)->status, "closed");
	assert_int_equal(runs_live(r->app.runs), 0);
}

/*
 * The stop is on its way when the helper tells of an exit, and the other way
 * round: what came first is how it ended.
 */
static void
test_H02_first_news_decides(void **state)
{
	struct corerig *r = *state;
	struct fake_run *f;
	const char *run;

	corerig_create(r, "one");
	run = await_run_of(r, r->id);
	f = corerig_run(r, run);
	begin_close(r, r->id);
	assert_int_equal(f->signals, 0); /* nobody has read it yet */
	corerig_exit(r, f, 0);
	expect_end(r, run, "completed", 0);
	assert_int_equal(f->signals, 1);

	/* A program may take the signal and end in its own way. */
	corerig_create(r, "two");
	run = await_run_of(r, r->id);
	f = corerig_run(r, run);
	begin_close(r, r->id);
	corerig_settle(r);
	assert_int_equal(f->signals, 1);
	corerig_exit(r, f, 0);
	expect_end(r, run, "killed", 0);
}

/*
 * It has ended by itself, and its output still comes: somebody else holds the
 * terminal. A stop meanwhile has nothing to stop.
 */
static void
test_H02_stop_while_output_drains(void **state)
{
	static const int statuses[] = { 0, 3 << 8 };
	struct corerig *r = *state;
	struct fake_run *f;
	const char *run;

	for (size_t i = 0; i < 2; i++) {
		corerig_create(r, "one");
		run = await_run_of(r, r->id);
		f = corerig_run(r, run);
		f->exited = true;
		opsrig_exit(&r->ops, f->handle, statuses[i]);
		corerig_settle(r);
		assert_non_null(run_find(r->app.runs, run));
		begin_close(r, r->id);
		corerig_settle(r);
		assert_int_equal(r->answers, 0);
		assert_int_equal(write(f->far, "last words", 10), 10);
		close(f->far);
		f->far = -1;
		expect_end(r, run, i == 0 ? "completed" : "failed",
		    i == 0 ? 0 : 3);
		assert_string_equal(corerig_log(r, run), "last words");
		assert_int_equal(f->signals, 0);
		assert_true(f->acked);
	}
}

/* A stop that the helper could not take is not forgotten. */
static void
test_H02_busy_helper_is_asked_again(void **state)
{
	struct corerig *r = *state;
	struct fake_run *f;
	const char *run;

	corerig_create(r, "one");
	run = await_run_of(r, r->id);
	f = corerig_run(r, run);
	r->busy = 1;
	r->exit_on_signal = true;
	begin_close(r, r->id);
	expect_end(r, run, "killed", -1);
	assert_int_equal(f->signals, 1);

	/* It ends by itself before it is asked again: then nobody is. */
	corerig_create(r, "two");
	run = await_run_of(r, r->id);
	f = corerig_run(r, run);
	r->busy = 1;
	begin_close(r, r->id);
	corerig_settle(r);
	corerig_exit(r, f, 0);
	expect_end(r, run, "completed", 0);
	assert_int_equal(f->signals, 0);
}

static void
test_H02_stop_during_start(void **state)
{
	static const char *const argv[] = { "/bin/prog", NULL };
	struct corerig *r = *state;
	struct session_who who = corerig_who(r, NULL), closer;
	struct session_spec spec = { .name = "one",
		.argv = argv,
		.profile = "login",
		.cols = 80,
		.rows = 24 };
	char run[PRIV_LABEL_MAX + 1];

	r->hold_spawn = r->exit_on_signal = true;
	session_create(r->app.sessions, &who, &spec);
	corerig_until(r, was_asked, r);
	(void)snprintf(run, sizeof(run), "%s", r->runs[0].label);
	closer = corerig_who(r, corerig_row(r, run)->session_id);
	session_close(r->app.sessions, &closer);
	corerig_settle(r);
	assert_int_equal(r->answers, 0);
	corerig_release(r);
	await_end(r, run, "killed");
	assert_int_equal(r->answers, 2);
	assert_int_equal(r->runs[0].all, 1);
	assert_int_equal(r->runs[0].sig, SIGHUP);
	r->answers = 0;
}

/*
 * [ops] is replaced while rdvd lives: the program goes on, and its end is the
 * end of its terminal.
 */
static void
test_orphan_goes_on(void **state)
{
	struct corerig *r = *state;
	struct fake_run *f;
	struct run *live;
	const char *run;

	corerig_create(r, "one");
	run = await_run_of(r, r->id);
	f = corerig_run(r, run);
	opsrig_die(&r->ops);
	seqpkt_fds_close(&f->fds);
	r->generation += UINT64_C(1) << 32;
	r->nruns = 0;
	opsrig_connect(&r->ops);
	corerig_settle(r);
	live = run_find(r->app.runs, run);
	assert_non_null(live);
	assert_string_equal(corerig_row(r, run)->state, "running");
	assert_int_equal(write(f->far, "still here", 10), 10);
	close(f->far);
	await_end(r, run, "lost");
	assert_string_equal(corerig_log(r, run), "still here");
	assert_non_null(strstr(corerig_row(r, run)->cause,
	    "the helper was restarted"));
	assert_int_equal(corerig_events(r, "run.ended", run), 1);
}

static void
test_closing_an_orphan_closes_its_terminal(void **state)
{
	struct corerig *r = *state;
	struct session_who who;
	struct fake_run *f;
	const char *run;
	char byte;

	corerig_create(r, "one");
	run = await_run_of(r, r->id);
	f = corerig_run(r, run);
	opsrig_die(&r->ops);
	seqpkt_fds_close(&f->fds);
	r->generation += UINT64_C(1) << 32;
	r->nruns = 0;
	opsrig_connect(&r->ops);
	corerig_settle(r);
	who = corerig_who(r, r->id);
	session_close(r->app.sessions, &who);
	await_end(r, run, "lost");
	corerig_answer(r);
	assert_int_equal(r->err, 0);
	/* The program's terminal hung up. */
	assert_int_equal(read(f->far, &byte, 1), 0);
	close(f->far);
}

static void
done_cb(int err, void *arg)
{
	*(int *)arg = err;
}

static void
test_signal(void **state)
{
	struct corerig *r = *state;
	struct session_who who;
	struct fake_run *f;
	int err = -1;

	corerig_create(r, "one");
	f = corerig_run(r, await_run_of(r, r->id));
	who = corerig_who(r, r->id);
	session_signal(r->app.sessions, &who, SIGINT, false);
	corerig_answer(r);
	assert_int_equal(r->err, 0);
	assert_int_equal(f->sig, SIGINT);
	assert_int_equal(f->all, 0);
	f->acked = true; /* [ops] knows it no more */
	run_signal(run_find(r->app.runs, f->label), SIGINT, false, done_cb,
	    &err);
	corerig_settle(r);
	assert_int_equal(err, RDV_E_STATE);
	f->acked = false;
}

static void
test_busy_under(void **state)
{
	struct corerig *r = *state;

	corerig_create(r, "one");
	assert_true(runs_busy_under(r->app.runs, "/home/somebody/project"));
	assert_true(runs_busy_under(r->app.runs, "/home/somebody"));
	assert_false(runs_busy_under(r->app.runs, "/home/somebody/proj"));
	assert_false(runs_busy_under(r->app.runs,
	    "/home/somebody/project/sub"));
}

/* A worktree on its way out takes no program, however one is asked for. */
static void
test_no_program_where_a_worktree_leaves(void **state)
{
	struct corerig *r = *state;
	struct wt_op removal = { .row.path = "/home/somebody", .leaves = true };
	struct session_who who;
	char id[UUID_TEXT];

	corerig_create(r, "one");
	(void)snprintf(id, sizeof(id), "%s", r->id);
	corerig_exit(r, corerig_run(r, await_run_of(r, id)), 0);
	await_end(r, await_run_of(r, id), "completed");
	who = corerig_who(r, id);
	TAILQ_INSERT_TAIL(&r->app.worktrees->ops, &removal, link);
	removal.who.uid = who.uid;
	corerig_create(r, "two");
	assert_int_equal(r->err, RDV_E_BUSY);
	session_resume(r->app.sessions, &who);
	corerig_answer(r);
	assert_int_equal(r->err, RDV_E_BUSY);
	assert_int_equal(r->spawns, 1);
	/* Another's say holds up nobody (C14). */
	removal.who.uid++;
	corerig_create(r, "three");
	assert_int_equal(r->err, 0);
	assert_int_equal(r->spawns, 2);
	TAILQ_REMOVE(&r->app.worktrees->ops, &removal, link);
	session_resume(r->app.sessions, &who);
	corerig_answer(r);
	assert_int_equal(r->err, 0);
	corerig_create(r, "two");
	assert_int_equal(r->err, 0);
	assert_int_equal(r->spawns, 4);
}

#define T(name) \
	cmocka_unit_test_setup_teardown(name, corerig_setup, corerig_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_row_before_process),
		T(abuse_O13_not_recorded_not_started),
		T(test_output_then_end_then_ack),
		T(test_H17_ends_are_told_apart),
		T(test_H17_stopped_is_no_end),
		T(test_H15_start_that_fails),
		T(test_E10_helper_dies_while_starting),
		T(test_H02_stop_races_exit),
		T(test_H02_first_news_decides),
		T(test_H02_stop_while_output_drains),
		T(test_H02_busy_helper_is_asked_again),
		T(test_H02_stop_during_start),
		T(test_orphan_goes_on),
		T(test_closing_an_orphan_closes_its_terminal),
		T(test_signal),
		T(test_busy_under),
		T(test_no_program_where_a_worktree_leaves),
	};

	return CHECK_RUN("run", tests);
}
