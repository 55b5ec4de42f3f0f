/* SPDX-License-Identifier: MIT */
/*
 * [ops] dies and rdvd does not: what was asked of one is asked of the next.
 */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "daemon/core/run.h"
#include "tests/unit/check.h"
#include "tests/unit/core/await.h"
#include "tests/unit/core/corerig.h"

/* [ops] is replaced while rdvd lives, and the next one has the run. */
static void
abuse_P05_another_ops_has_it(void **state)
{
	struct corerig *r = *state;
	struct fake_run *f;
	const char *run;

	corerig_create(r, "one");
	run = await_run_of(r, r->id);
	f = corerig_run(r, run);
	opsrig_die(&r->ops);
	r->generation += UINT64_C(1) << 32;
	opsrig_connect(&r->ops);
	corerig_settle(r);
	assert_string_equal(corerig_row(r, run)->state, "running");
	assert_int_equal(f->signals, 0);
	assert_int_equal(write(f->far, "still here", 10), 10);
	corerig_exit(r, f, 3 << 8);
	await_end(r, run, "failed");
	assert_int_equal(corerig_row(r, run)->exit_code, 3);
	assert_null(corerig_row(r, run)->cause);
	assert_string_equal(corerig_log(r, run), "still here");
	corerig_settle(r);
	assert_true(f->acked);
}

/* Whether the [ops] that died had sent the signal is not known: once more. */
static void
abuse_P05_closed_while_ops_is_away(void **state)
{
	struct corerig *r = *state;
	struct session_who who;
	struct fake_run *f;
	const char *run;

	r->exit_on_signal = true;
	corerig_create(r, "one");
	run = await_run_of(r, r->id);
	f = corerig_run(r, run);
	opsrig_die(&r->ops);
	corerig_settle(r);
	who = corerig_who(r, r->id);
	session_close(r->app.sessions, &who);
	corerig_settle(r);
	assert_string_equal(corerig_row(r, run)->state, "running");
	r->generation += UINT64_C(1) << 32;
	opsrig_connect(&r->ops);
	await_end(r, run, "killed");
	corerig_answer(r);
	assert_int_equal(r->err, 0);
	assert_int_equal(f->signals, 1);
	assert_int_equal(f->sig, SIGHUP);
}

int
main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, corerig_setup, corerig_teardown)
	const struct CMUnitTest tests[] = {
		T(abuse_P05_another_ops_has_it),
		T(abuse_P05_closed_while_ops_is_away),
	};

	return CHECK_RUN("opsgone", tests);
}
