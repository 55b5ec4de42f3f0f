/* SPDX-License-Identifier: MIT */
/* What the killed reapers of two people leave to [ops] (abuse P05). */
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/priv/rigops.h"
#include "tests/unit/check.h"

static char actor[300];

static int
begin(void **state)
{
	char tools[256];

	rig_tools(tools, sizeof(tools));
	snprintf(actor, sizeof(actor), "%s/actor", tools);
	return rigops_accounts(state);
}

/* It does not go for as long as it is traced, whatever kills it. */
static pid_t
trace(pid_t pid)
{
	int way[2];
	pid_t tracer;
	char c;

	assert_int_equal(pipe(way), 0);
	tracer = fork();
	assert_true(tracer >= 0);
	if (tracer == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		c = ptrace(PTRACE_SEIZE, pid, 0, 0) == 0 ? 'x' : '-';
		(void)!write(way[1], &c, 1);
		for (;;)
			(void)pause();
	}
	assert_int_equal(read(way[0], &c, 1), 1);
	(void)close(way[0]);
	(void)close(way[1]);
	assert_int_equal(c, 'x');
	return tracer;
}

/* Returns the pid of a process that its reaper alone would find. */
static pid_t
start(struct rigops *s, unsigned who, struct rig_result *res)
{
	const char *const argv[] = { actor, "stray", "stay", NULL };
	const struct rig_spawn run = { .argv = argv };

	rigops_enter(s, who);
	rig_spawn(&s->rig, &run, res);
	assert_int_equal(res->a.result, PRIV_DONE);
	return rig_outside((pid_t)res->a.pid, rig_read_pid(res->fds.fd[1]));
}

static void
kill_reaper(const struct rig_result *res)
{
	assert_int_equal(kill(rig_parent((pid_t)res->a.pid), SIGKILL), 0);
}

/* What of one account cannot be ended holds up no run of another. */
static void
abuse_P05_orphans_hold_up_their_own(void **state)
{
	struct rig_result one, two;
	struct priv_exit end;
	struct rigops s;
	pid_t tracer;

	(void)state;
	rigops_start(&s, NULL);
	tracer = trace(start(&s, 0, &one));
	(void)start(&s, 1, &two);
	kill_reaper(&one);
	kill_reaper(&two);
	rig_exit(&s.rig, two.a.handle, &end);
	assert_int_equal(WTERMSIG(end.status), SIGKILL);
	/* Its own is told of when it has ended. */
	assert_int_equal(s.rig.nnotices, 0);
	assert_int_equal(kill(tracer, SIGKILL), 0);
	assert_int_equal(waitpid(tracer, NULL, 0), tracer);
	rig_exit(&s.rig, one.a.handle, &end);
	assert_int_equal(WTERMSIG(end.status), SIGKILL);
	rig_close(&one);
	rig_close(&two);
	rigops_stop(&s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(abuse_P05_orphans_hold_up_their_own),
	};

	return cmocka_run_group_tests_name("orphans", tests, begin,
	    rigops_no_accounts);
}
