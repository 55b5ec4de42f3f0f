/* SPDX-License-Identifier: MIT */
/*
 * The limits of an account, reached (abuse H04, I23): what the policy says is
 * refused by the kernel to its runs, to no other account's, and the record of a
 * run says by what. Where [ops] has cgroups without controllers, as here
 * mostly, that is rlimits.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/priv/rigops.h"
#include "tests/priv/rigpic.h"
#include "tests/unit/check.h"

#define FEW	12
#define SOME_MB 64
#define STR(x)	STR_(x)
#define STR_(x) #x

static char actor[300], work[256], program[300];

static int
begin(void **state)
{
	char tools[256];

	rig_tools(tools, sizeof(tools));
	snprintf(actor, sizeof(actor), "%s/actor", tools);
	return rigops_accounts(state);
}

/* `limits` are of person 0 alone. */
static void
start(struct rigops *s, const char *limits, const char *mutant)
{
	size_t used;

	rigops_prepare(s);
	used = strlen(s->policy);
	snprintf(s->policy + used, sizeof(s->policy) - used, "[user.%s]\n%s",
	    s->who[0].name, limits);
	rigops_launch(s, mutant);
}

/* A directory of that person's with the actor in it, whose grant is there. */
static void
enter(struct rigops *s, unsigned person)
{
	rigops_enter(s, person);
	rigops_work(s, person, work);
	snprintf(program, sizeof(program), "%s/actor", work);
	if (access(program, F_OK) == 0)
		return;
	picture_program(actor, program);
	assert_int_equal(chown(program, s->who[person].uid, s->who[person].gid),
	    0);
}

/* How many processes, or megabytes in one, it gets. */
static int
has(struct rigops *s, const char *profile, const char *what, const char *most)
{
	const bool confined = strcmp(profile, "login") != 0;
	const struct rig_spawn run = { .argv = ARGV(program, what, most),
		.paths = confined ? ARGV(work) : NULL,
		.profile = profile };
	char said[64] = "";
	struct priv_exit end;

	rig_run(&s->rig, &run, said, sizeof(said), &end);
	return (int)strtol(said, NULL, 10);
}

static const struct priv_hold *
held(struct rigops *s, const char *profile, struct rig_result *res)
{
	const struct rig_spawn run = { .argv = ARGV("cat"),
		.profile = profile };

	rig_spawn(&s->rig, &run, res);
	assert_int_equal(res->a.result, PRIV_DONE);
	return &res->a.hold;
}

static void
finish(struct rigops *s, struct rig_result *res)
{
	struct priv_exit e;

	rig_close(res);
	(void)rig_signal(&s->rig, res->a.handle, SIGKILL, true);
	rig_exit(&s->rig, res->a.handle, &e);
	assert_int_equal(rig_ack(&s->rig, res->a.handle), PRIV_DONE);
}

/* Its name in the record, of whoever it counts. */
static enum priv_limit
counted(const struct priv_spawn_answer *a)
{
	return (a->guards & PRIV_G_PIDNS) != 0 ? PRIV_LIMIT_PROCESSES
					       : PRIV_LIMIT_ACCOUNT_PROCESSES;
}

static void
expect_processes(struct rigops *s, const char *profile)
{
	struct rig_result res;
	const struct priv_hold *h = held(s, profile, &res);
	const unsigned what = counted(&res.a);

	assert_true(h->limits[what].by != PRIV_BY_NOTHING);
	assert_int_equal(h->limits[what].max, FEW);
	finish(s, &res);
	/* Itself and its reaper are two of them. */
	assert_in_range(has(s, profile, "processes", "40"), 1, FEW - 2);
}

static void
abuse_H04_processes_of_an_account(void **state)
{
	struct rigops s;

	(void)state;
	start(&s, "max_processes = " STR(FEW) "\n", NULL);
	enter(&s, 0);
	expect_processes(&s, "login");
	expect_processes(&s, "script");
	/* Another account has all that its profile has. */
	enter(&s, 1);
	assert_int_equal(has(&s, "login", "processes", "40"), 40);
	assert_int_equal(has(&s, "script", "processes", "40"), 40);
	rigops_stop(&s);
}

/* Runs that share a count: the start that is one too many names the rule. */
static void
abuse_I23_one_process_too_many(void **state)
{
	const struct rig_spawn run = { .argv = ARGV("cat") };
	struct rig_result res[FEW];
	char rule[256];
	struct rigops s;
	int n = 0;

	(void)state;
	start(&s, "max_processes = " STR(FEW) "\n", NULL);
	enter(&s, 0);
	do {
		assert_true(n < FEW);
		rig_spawn(&s.rig, &run, &res[n]);
	} while (res[n++].a.result == PRIV_DONE);
	n--;
	/* Two each; one may come in before its reaper is counted. */
	assert_in_range(n, 2, FEW / 2 + 1);
	assert_int_equal(res[n].a.result, PRIV_BUSY);
	snprintf(rule, sizeof(rule),
	    "one process more is not granted by the policy: [user.%s] "
	    "max_processes (policy:6)",
	    s.who[0].name);
	assert_string_equal(res[n].a.why, rule);
	while (n-- > 0)
		finish(&s, &res[n]);
	/* There is room again. */
	assert_int_equal(held(&s, "login", &res[0])->net, PRIV_NET_FULL);
	finish(&s, &res[0]);
	rigops_stop(&s);
}

static void
abuse_I23_memory_of_an_account(void **state)
{
	static const char *const names[] = { "login", "script" };
	const struct priv_hold *h;
	struct rig_result res;
	struct rigops s;
	unsigned i;

	(void)state;
	start(&s, "max_memory_mb = " STR(SOME_MB) "\n", NULL);
	if ((s.rig.hello.features & PRIV_F_MEMORY) != 0) {
		/* It would be ended, and not refused. */
		rigops_stop(&s);
		skip();
	}
	enter(&s, 0);
	for (i = 0; i < 2; i++) {
		h = held(&s, names[i], &res);
		assert_int_equal(h->limits[PRIV_LIMIT_ACCOUNT_MEMORY_BYTES].by,
		    PRIV_BY_NOTHING);
		assert_int_equal(h->limits[PRIV_LIMIT_DATA_BYTES].by,
		    PRIV_BY_RLIMIT);
		assert_int_equal(h->limits[PRIV_LIMIT_DATA_BYTES].max,
		    SOME_MB << 20);
		finish(&s, &res);
		assert_in_range(has(&s, names[i], "memory", "200"), SOME_MB / 2,
		    SOME_MB);
	}
	enter(&s, 1);
	h = held(&s, "login", &res);
	assert_int_equal(h->limits[PRIV_LIMIT_DATA_BYTES].by, PRIV_BY_NOTHING);
	finish(&s, &res);
	assert_int_equal(has(&s, "login", "memory", "200"), 200);
	rigops_stop(&s);
}

/* Whatever it does about that, and about who would end it. */
static void
abuse_I23_time_of_a_run(void **state)
{
	static const char *const does[] = { "exec sleep 1000",
		"trap '' TERM; while :; do sleep 1000; done",
		"kill -STOP $PPID; exec sleep 1000" };
	const struct rig_spawn brief = { .argv = ARGV("true") };
	const struct priv_hold *h;
	struct rig_result res, other;
	struct priv_exit end;
	struct rigops s;
	char said[64];

	(void)state;
	/* Of which one is over soon, in this build. */
	start(&s, "max_run_minutes = 1\n", "minute");
	enter(&s, 1);
	h = held(&s, "login", &other);
	assert_int_equal(h->limits[PRIV_LIMIT_RUN_SECONDS].by, PRIV_BY_NOTHING);
	enter(&s, 0);
	for (unsigned i = 0; i < 3; i++) {
		const struct rig_spawn run = { .argv =
						   ARGV("sh", "-c", does[i]) };

		rig_spawn(&s.rig, &run, &res);
		assert_int_equal(res.a.result, PRIV_DONE);
		h = &res.a.hold;
		assert_int_equal(h->limits[PRIV_LIMIT_RUN_SECONDS].by,
		    PRIV_BY_HELPER);
		assert_int_equal(h->limits[PRIV_LIMIT_RUN_SECONDS].max, 60);
		rig_exit(&s.rig, res.a.handle, &end);
		assert_int_equal(end.cut, 1);
		rig_close(&res);
		assert_int_equal(rig_ack(&s.rig, res.a.handle), PRIV_DONE);
	}
	/* What ends by itself was not cut off, and another account goes on. */
	rig_run(&s.rig, &brief, said, sizeof(said), &end);
	assert_int_equal(end.cut, 0);
	assert_int_equal(end.status, 0);
	assert_int_equal(rig_signal(&s.rig, other.a.handle, SIGKILL, true),
	    PRIV_DONE);
	rig_exit(&s.rig, other.a.handle, &end);
	assert_int_equal(end.cut, 0);
	rig_close(&other);
	rigops_stop(&s);
}

/* A new policy is that of the next run. */
static void
renewed(void **state)
{
	struct rigops s;
	char *p;

	(void)state;
	start(&s, "max_processes = " STR(FEW) "\n", NULL);
	enter(&s, 0);
	assert_true(has(&s, "login", "processes", "40") < FEW);
	p = strstr(s.policy, "max_processes");
	snprintf(p, sizeof(s.policy) - (size_t)(p - s.policy),
	    "max_processes = 100\n");
	rigops_reload(&s, 3);
	assert_int_equal(has(&s, "login", "processes", "40"), 40);
	rigops_stop(&s);
}

/* One more than an account may begin, and one of another: how many wait. */
static unsigned
one_too_many(struct rigops *o, const struct priv_login_answer *own,
    const struct priv_login_answer *other)
{
	const struct rig_spawn s = { .argv = ARGV("true") };
	const unsigned share = PRIV_OUTSTANDING / 2;
	struct rig_result res;
	unsigned i, busy = 0, late = 0;

	o->rig.login = *own;
	for (i = 0; i <= share; i++)
		rig_spawn_send(&o->rig, &s);
	o->rig.login = *other;
	rig_spawn_send(&o->rig, &s);
	for (i = 0; i <= share + 1; i++) {
		rig_spawn_answer(&o->rig, &res);
		busy += res.a.result == PRIV_BUSY;
		late += strcmp(res.a.stage, "P7 deadline") == 0;
	}
	assert_int_equal(busy + late, share + 2);
	return busy;
}

/* Programs that hang as they begin are not in anybody else's way. */
static void
starts_of_one_account(void **state)
{
	struct priv_login_answer own, other;
	int64_t end = rig_deadline();
	struct rigops o;
	unsigned busy;

	(void)state;
	rigops_need();
	rigops_start(&o, "hang");
	rigops_enter(&o, 1);
	other = o.rig.login;
	rigops_enter(&o, 0);
	own = o.rig.login;
	/* On a slow machine the first is late before the last is there. */
	while ((busy = one_too_many(&o, &own, &other)) == 0)
		assert_false(rig_late(end));
	assert_int_equal(busy, 1);
	rigops_stop(&o);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(abuse_H04_processes_of_an_account),
		cmocka_unit_test(abuse_I23_one_process_too_many),
		cmocka_unit_test(abuse_I23_memory_of_an_account),
		cmocka_unit_test(abuse_I23_time_of_a_run),
		cmocka_unit_test(renewed),
		cmocka_unit_test(starts_of_one_account),
	};

	return cmocka_run_group_tests_name("limits", tests, begin,
	    rigops_no_accounts);
}
