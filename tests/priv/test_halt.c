/* SPDX-License-Identifier: MIT */
/*
 * A program that a signal has stopped is told of, and that it goes on; what a
 * program does with its own children is not (abuse H17). Who does that without
 * end is told of now and then.
 */
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/clock.h"
#include "tests/priv/rig.h"
#include "tests/unit/check.h"

/* So often a program is stopped and goes on. */
#define STORM 100000
/* And where each is waited for. */
#define WAITED 20

static void
begin(struct rig *r, const struct rig_spawn *s, struct rig_result *res)
{
	rig_spawn(r, s, res);
	assert_int_equal(res->a.result, PRIV_DONE);
	/* It has begun: what stops it does not stop its start. */
	assert_true(rig_readable(res->fds.fd[1]));
}

static void
end(struct rig *r, struct rig_result *res, int status)
{
	struct priv_exit e;

	rig_exit(r, res->a.handle, &e);
	assert_int_equal(e.status, status);
	assert_int_equal(rig_ack(r, res->a.handle), PRIV_DONE);
	rig_close(res);
}

/* What the helper says when it is asked, once it knows. */
static enum priv_halt
asked(struct rig *r)
{
	const int64_t deadline = rig_deadline();
	struct priv_inventory_answer a;
	struct seqpkt_fds fds;

	do {
		assert_false(rig_late(deadline));
		assert_int_equal(rig_inventory(r, 0, &a, &fds), PRIV_DONE);
		seqpkt_fds_close(&fds);
	} while (a.halt == PRIV_HALT_UNKNOWN);
	return (enum priv_halt)a.halt;
}

static void
another_ops(struct rig *r)
{
	assert_int_equal(kill((pid_t)r->hello.pid, SIGKILL), 0);
	rig_ops(r);
	r->nnotices = r->nhalts = 0;
	rig_login(r);
}

static void
abuse_H17_stopped_is_told(void **state)
{
	static const char *const profiles[] = { "login", "script" };
	struct rig_spawn s = { .argv = SH("echo begun; read x; exit 7") };
	struct rig_result res;
	struct rig r;

	(void)state;
	rig_start(&r, NULL);
	for (unsigned i = 0; i < 2; i++) {
		s.profile = profiles[i];
		begin(&r, &s, &res);
		assert_int_equal(asked(&r), PRIV_GOES_ON);
		assert_int_equal(kill((pid_t)res.a.pid, SIGSTOP), 0);
		rig_halt(&r, res.a.handle, PRIV_HALTED);
		assert_int_equal(asked(&r), PRIV_HALTED);
		assert_int_equal(rig_signal(&r, res.a.handle, SIGCONT, false),
		    PRIV_DONE);
		rig_halt(&r, res.a.handle, PRIV_GOES_ON);
		assert_int_equal(write(res.fds.fd[0], "x\n", 2), 2);
		end(&r, &res, 7 << 8);
	}
	rig_stop(&r);
}

static void
abuse_H17_stops_itself(void **state)
{
	const struct rig_spawn s = {
		.argv = SH("echo begun; kill -STOP $$; exit 5")
	};
	struct rig_result res;
	struct rig r;

	(void)state;
	rig_start(&r, NULL);
	begin(&r, &s, &res);
	rig_halt(&r, res.a.handle, PRIV_HALTED);
	assert_int_equal(rig_signal(&r, res.a.handle, SIGCONT, false),
	    PRIV_DONE);
	end(&r, &res, 5 << 8);
	/* One that is stopped ends like any other. */
	begin(&r, &s, &res);
	rig_halt(&r, res.a.handle, PRIV_HALTED);
	assert_int_equal(rig_signal(&r, res.a.handle, SIGKILL, true),
	    PRIV_DONE);
	end(&r, &res, SIGKILL);
	rig_stop(&r);
}

/* As a shell does with ^Z: it goes on itself. */
static void
abuse_H17_jobs_are_not_the_run(void **state)
{
	const struct rig_spawn s = { .argv =
					 SH("sleep 600 & kill -STOP $!; "
					    "while ! grep -q T.*stopped "
					    "/proc/$!/status; do :; done; "
					    "echo begun; read x; kill -9 $!") };
	struct rig_result res;
	struct rig r;

	(void)state;
	rig_start(&r, NULL);
	begin(&r, &s, &res);
	/* Asked anew by the next one, its reaper says what it knows. */
	another_ops(&r);
	assert_int_equal(asked(&r), PRIV_GOES_ON);
	assert_int_equal(kill((pid_t)res.a.pid, SIGSTOP), 0);
	rig_halt(&r, res.a.handle, PRIV_HALTED);
	assert_int_equal(rig_signal(&r, res.a.handle, SIGKILL, true),
	    PRIV_DONE);
	end(&r, &res, SIGKILL);
	rig_stop(&r);
}

static void
abuse_H17_known_to_the_next_ops(void **state)
{
	const struct rig_spawn s = { .argv = SH("echo begun; read x; exit 7") };
	struct rig_result res;
	struct rig r;

	(void)state;
	rig_start(&r, NULL);
	begin(&r, &s, &res);
	assert_int_equal(kill((pid_t)res.a.pid, SIGSTOP), 0);
	rig_halt(&r, res.a.handle, PRIV_HALTED);
	for (unsigned i = 0; i < 3; i++) {
		another_ops(&r);
		assert_int_equal(asked(&r), PRIV_HALTED);
	}
	assert_int_equal(rig_signal(&r, res.a.handle, SIGCONT, false),
	    PRIV_DONE);
	rig_halt(&r, res.a.handle, PRIV_GOES_ON);
	assert_int_equal(write(res.fds.fd[0], "x\n", 2), 2);
	end(&r, &res, 7 << 8);
	rig_stop(&r);
}

/*
 * How often [ops] said something, beyond what it may say in that time. Without
 * its guard it says each: then each is waited for, as a busy machine sees only
 * some of a storm.
 */
static unsigned
storm(const char *mutant)
{
	const struct rig_spawn s = { .argv = SH("echo begun; read x") };
	const int64_t began = clock_mono_ms();
	struct rig_result res;
	unsigned most, i;
	struct rig r;
	pid_t pid;

	rig_start(&r, mutant);
	begin(&r, &s, &res);
	pid = (pid_t)res.a.pid;
	for (i = 0; i < (mutant != NULL ? WAITED : STORM); i++) {
		assert_int_equal(kill(pid, SIGSTOP), 0);
		if (mutant != NULL)
			rig_halt(&r, res.a.handle, PRIV_HALTED);
		assert_int_equal(kill(pid, SIGCONT), 0);
		if (mutant != NULL)
			rig_halt(&r, res.a.handle, PRIV_GOES_ON);
		/* And it is there for others all the while. */
		if (i % 1000 == 0)
			(void)asked(&r);
	}
	assert_int_equal(kill(pid, SIGSTOP), 0);
	rig_halt(&r, res.a.handle, PRIV_HALTED);
	/* What was last is what is told in the end. */
	assert_int_equal(asked(&r), PRIV_HALTED);
	most = 2 + (unsigned)((clock_mono_ms() - began) / 1000);
	i = r.nhalts;
	assert_int_equal(rig_signal(&r, res.a.handle, SIGKILL, true),
	    PRIV_DONE);
	end(&r, &res, SIGKILL);
	rig_stop(&r);
	return i > most ? i - most : 0;
}

static void
abuse_H17_storm(void **state)
{
	(void)state;
	assert_int_equal(storm(NULL), 0);
}

static void
abuse_H17_storm_bites(void **state)
{
	(void)state;
	assert_true(storm("halt gap") > 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(abuse_H17_stopped_is_told),
		cmocka_unit_test(abuse_H17_stops_itself),
		cmocka_unit_test(abuse_H17_jobs_are_not_the_run),
		cmocka_unit_test(abuse_H17_known_to_the_next_ops),
		cmocka_unit_test(abuse_H17_storm),
		cmocka_unit_test(abuse_H17_storm_bites),
	};

	return CHECK_RUN("halt", tests);
}
