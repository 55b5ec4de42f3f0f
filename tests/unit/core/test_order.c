/* SPDX-License-Identifier: MIT */
/*
 * Two ends that may come in either order, told by a scripted [ops]: a command's
 * output and its exit, a deadline and what it waits for.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "daemon/core/git.h"
#include "daemon/core/probe.h"
#include "daemon/core/run.h"
#include "daemon/core/worktreeop.h"
#include "lib/clock.h"
#include "lib/err.h"
#include "tests/unit/check.h"
#include "tests/unit/core/corerig.h"

struct ran {
	unsigned calls;
	int err, status;
	char out[64];
};

static void
ran_cb(int err, const struct git_result *g, const char *why, void *arg)
{
	struct ran *x = arg;

	(void)why;
	x->calls++;
	x->err = err;
	if (err != 0)
		return;
	x->status = g->status;
	(void)snprintf(x->out, sizeof(x->out), "%s", g->out);
}

static bool
has_started(void *arg)
{
	struct corerig *r = arg;

	return r->nruns > 0 && r->runs[r->nruns - 1].handle != 0 &&
	       git_pending(r->app.worktrees->git) > 0;
}

static bool
was_answered(void *arg)
{
	return ((struct ran *)arg)->calls > 0;
}

static struct fake_run *
begin(struct corerig *r, struct ran *x)
{
	static const char *const argv[] = { "status", NULL };
	struct git_call call = {
		.uid = 1000, .dir = "/home/somebody", .argv = argv, .max = 4096
	};

	memset(x, 0, sizeof(*x));
	r->nruns = 0;
	git_run(r->app.worktrees->git, &call, ran_cb, x);
	corerig_until(r, has_started, r);
	return &r->runs[0];
}

static struct fake_run *
start(struct corerig *r, struct ran *x)
{
	struct fake_run *f = begin(r, x);

	corerig_settle(r);
	assert_int_equal(x->calls, 0);
	return f;
}

static void
expect_output(struct corerig *r, struct fake_run *f, const struct ran *x)
{
	corerig_settle(r);
	assert_int_equal(x->calls, 1);
	assert_int_equal(x->err, 0);
	assert_int_equal(x->status, 3);
	assert_string_equal(x->out, "output");
	assert_true(f->acked);
	assert_int_equal(git_pending(r->app.worktrees->git), 0);
}

static void
test_git_output_and_exit(void **state)
{
	struct corerig *r = *state;
	struct fake_run *f;
	struct ran x;

	/* Both are there when the loop looks. */
	f = start(r, &x);
	assert_int_equal(write(f->far, "output", 6), 6);
	corerig_exit(r, f, 3 << 8);
	expect_output(r, f, &x);
	/* The output ends, and the exit is told later. */
	f = start(r, &x);
	assert_int_equal(write(f->far, "output", 6), 6);
	close(f->far);
	corerig_settle(r);
	assert_int_equal(x.calls, 0);
	f->far = open("/dev/null", O_RDONLY | O_CLOEXEC);
	corerig_exit(r, f, 3 << 8);
	expect_output(r, f, &x);
	/* The exit is told, and somebody else holds the pipe: all is there. */
	f = start(r, &x);
	assert_int_equal(write(f->far, "output", 6), 6);
	f->exited = true;
	opsrig_exit(&r->ops, f->handle, 3 << 8);
	expect_output(r, f, &x);
	close(f->far);
	f->far = -1;
}

/* The deadline and the exit, and a helper that is too busy to be told. */
static void
test_git_deadline_and_exit(void **state)
{
	struct corerig *r = *state;
	struct fake_run *f;
	struct ran x;

	for (unsigned busy = 0; busy < 2; busy++) {
		r->conf.git_timeout_ms = 20;
		r->busy = busy;
		r->exit_on_signal = true;
		f = begin(r, &x);
		corerig_until(r, was_answered, &x);
		corerig_settle(r);
		assert_int_equal(x.calls, 1);
		assert_int_equal(x.err, RDV_E_TIMEOUT);
		assert_int_equal(f->signals, 1);
		assert_int_equal(f->sig, SIGTERM);
		assert_true(f->acked);
		assert_int_equal(git_pending(r->app.worktrees->git), 0);
	}
}

struct asked {
	unsigned calls;
	bool answers;
};

static void
asked_cb(bool answers, void *arg)
{
	struct asked *a = arg;

	a->calls++;
	a->answers = answers;
}

static bool
was_asked(void *arg)
{
	return ((struct asked *)arg)->calls > 0;
}

/* The answer and the second it may take. */
static void
test_probe_deadline_and_answer(void **state)
{
	struct corerig *r = *state;
	struct probe *p = probe_new(&r->app);
	struct asked a = { 0 }, b = { 0 };

	/* In time, and for both who ask. */
	probe_ask(p, asked_cb, &a);
	probe_ask(p, asked_cb, &b);
	corerig_until(r, was_asked, &b);
	assert_true(a.answers && b.answers);
	assert_int_equal(r->logouts, 1);
	/* Too late: said so; and when it comes it counts for who asks then. */
	clock_shift(5000, 0);
	r->mute_logout = true;
	a = b = (struct asked){ 0 };
	probe_ask(p, asked_cb, &a);
	corerig_until(r, was_asked, &a);
	assert_false(a.answers);
	probe_ask(p, asked_cb, &b);
	corerig_settle(r);
	assert_int_equal(b.calls, 0);
	assert_int_equal(r->logouts, 2);
	opsrig_plain(&r->ops, r->logout, PRIV_LOGOUT, PRIV_DONE);
	corerig_until(r, was_asked, &b);
	assert_true(b.answers);
	assert_int_equal(a.calls, 1);
	assert_int_equal(b.calls, 1);
	/* The one who asks goes before the answer comes. */
	clock_shift(10000, 0);
	a = (struct asked){ 0 };
	probe_ask(p, asked_cb, &a);
	corerig_settle(r);
	probe_free(p);
	assert_int_equal(a.calls, 1);
	opsrig_plain(&r->ops, r->logout, PRIV_LOGOUT, PRIV_DONE);
	corerig_settle(r);
	assert_int_equal(a.calls, 1);
}

static bool
spawn_was_asked(void *arg)
{
	return ((struct corerig *)arg)->spawns > 0;
}

/* A start that fails after its session was closed. */
static void
test_close_and_failing_start(void **state)
{
	static const char *const argv[] = { "/bin/prog", NULL };
	struct corerig *r = *state;
	struct session_who who = corerig_who(r, NULL), closer;
	struct session_spec spec = { .name = "one",
		.argv = argv,
		.profile = "login",
		.cols = 80,
		.rows = 24 };
	char run[PRIV_LABEL_MAX + 1], id[UUID_TEXT];

	r->hold_spawn = true;
	session_create(r->app.sessions, &who, &spec);
	corerig_until(r, spawn_was_asked, r);
	(void)snprintf(run, sizeof(run), "%s", r->runs[0].label);
	(void)snprintf(id, sizeof(id), "%s", corerig_row(r, run)->session_id);
	closer = corerig_who(r, id);
	session_close(r->app.sessions, &closer);
	corerig_settle(r);
	assert_int_equal(r->answers, 0);
	r->fail_spawn = true;
	corerig_release(r);
	corerig_settle(r);
	assert_int_equal(r->answers, 2);
	r->answers = 0;
	assert_string_equal(corerig_row(r, run)->state, "failed");
	assert_string_equal(corerig_session(r, id)->status, "closed");
	assert_int_equal(corerig_events(r, "session.closed", id), 1);
	assert_int_equal(corerig_events(r, "run.ended", run), 1);
	assert_int_equal(runs_live(r->app.runs), 0);
}

int
main(void)
{
#define T(name) \
	cmocka_unit_test_setup_teardown(name, corerig_setup, corerig_teardown)
	const struct CMUnitTest tests[] = {
		T(test_git_output_and_exit),
		T(test_git_deadline_and_exit),
		T(test_probe_deadline_and_answer),
		T(test_close_and_failing_start),
	};

	return CHECK_RUN("order", tests);
}
