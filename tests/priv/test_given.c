/* SPDX-License-Identifier: MIT */
/*
 * What a [main] does with what it is given of one before it, and does not want,
 * cannot use, or has twice (abuse P05): nothing is left alive that nobody has.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/priv/rigkeep.h"
#include "tests/priv/rigstore.h"
#include "tests/priv/rigsys.h"
#include "tests/unit/check.h"

#define STAYS                   \
	((const char *const[]){ \
	    "/bin/sh", "-c", "echo $$; exec sleep 600", NULL })

#define NEEDS_ROOT                \
	if (!rigsys_possible()) { \
		skip();           \
		return;           \
	}

static int
setup(void **state)
{
	(void)state;
	return prctl(PR_SET_CHILD_SUBREAPER, 1);
}

/* One run that stays. */
static pid_t
one_run(struct rigsys *s, struct rigkeep *k)
{
	struct rig_result res;
	pid_t pid;

	rigstore_spawn(s, STAYS, &res);
	pid = rig_read_pid(res.fds.fd[1]);
	rig_close(&res);
	rigkeep_expect(k, RIGSTORE_PIPES);
	return pid;
}

/* Nobody could reach them, and nothing else would ever end them. */
static void
abuse_P05_given_and_not_wanted(void **state)
{
	struct priv_inventory_answer a;
	struct rigkeep k = { 0 };
	struct rigsys s;
	pid_t pid;

	(void)state;
	NEEDS_ROOT;
	rigstore_begin(&s, &k, NULL);
	pid = one_run(&s, &k);
	rigstore_kill_main(&s, &k);
	assert_true(rig_alive(pid));
	k.unused = true;
	rigstore_another(&s, NULL);
	rig_gone(pid);
	rigkeep_expect(&k, 0);
	assert_int_equal(rigstore_inventory(&s.rig, &a), 0);
	rig_expect_log(&s.rig, "nothing is kept over a restart");
	rigstore_end(&s, &k);
}

/* The one that is good is still there for the [main] after this one. */
static void
abuse_P05_given_twice(void **state)
{
	struct priv_inventory_answer a;
	struct rigkeep k = { 0 };
	struct rigsys s;
	unsigned i;
	pid_t pid;

	(void)state;
	NEEDS_ROOT;
	rigstore_begin(&s, &k, NULL);
	pid = one_run(&s, &k);
	for (i = 0; i < RIGSTORE_PIPES; i++) {
		rigstore_kill_main(&s, &k);
		rigkeep_add(&k, rigkeep_nth(&k, i)->name,
		    open("/dev/null", O_RDWR | O_CLOEXEC));
		rigstore_another(&s, NULL);
		rig_expect_log(&s.rig, "there are two descriptors");
		rigkeep_expect(&k, RIGSTORE_PIPES);
		assert_int_equal(rigstore_inventory(&s.rig, &a), 1);
		assert_int_equal(a.pid, pid);
	}
	rigstore_kill_main(&s, &k);
	rigstore_another(&s, NULL);
	assert_int_equal(rigstore_inventory(&s.rig, &a), 1);
	assert_true(rig_alive(pid));
	rigstore_end(&s, &k);
}

/* Names of others' are taken back, however long. */
static void
abuse_P05_given_by_others(void **state)
{
	struct rigkeep k = { 0 };
	struct rigsys s;
	char name[256];

	(void)state;
	NEEDS_ROOT;
	rigstore_begin(&s, &k, NULL);
	(void)one_run(&s, &k);
	rigstore_kill_main(&s, &k);
	memset(name, 'x', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	rigkeep_add(&k, name, open("/dev/null", O_RDWR | O_CLOEXEC));
	rigkeep_add(&k, "stored", open("/dev/null", O_RDWR | O_CLOEXEC));
	rigstore_another(&s, NULL);
	rig_expect_log(&s.rig, "none of ours");
	rigkeep_expect(&k, RIGSTORE_PIPES);
	rigstore_end(&s, &k);
}

/* What rdvd writes there would go to a run. */
static void
abuse_P05_ready_is_none_of_those_given(void **state)
{
	char text[256], program[300];
	struct rigkeep k = { .n = 0 };
	int out[2], status;
	ssize_t n;
	pid_t pid;

	(void)state;
	NEEDS_ROOT;
	rigkeep_add(&k, "AAB", open("/dev/null", O_RDWR | O_CLOEXEC));
	assert_int_equal(pipe2(out, O_CLOEXEC), 0);
	rig_tools(text, sizeof(text));
	(void)snprintf(program, sizeof(program), "%s/real/rdv-helper", text);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		(void)dup2(out[1], 2);
		rigkeep_give(&k);
		(void)execl(program, "rdv-helper", "--system", "--root",
		    "/nonexistent", "--ready-fd", "3", (char *)NULL);
		_exit(1);
	}
	(void)close(out[1]);
	n = read(out[0], text, sizeof(text) - 1);
	text[n > 0 ? n : 0] = '\0';
	(void)close(out[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 77);
	assert_non_null(strstr(text, "--ready-fd: that one is inherited"));
	rigkeep_clear(&k);
}

/* It was said that a restart begins, and none does: a stop is a stop. */
static void
abuse_P05_a_restart_that_never_came(void **state)
{
	struct rigkeep k = { 0 };
	struct rigsys s;
	pid_t pid;

	(void)state;
	NEEDS_ROOT;
	rigstore_begin(&s, &k, "restart");
	pid = one_run(&s, &k);
	assert_int_equal(kill(s.rig.helper, SIGURG), 0);
	/* Ends in order, with nothing for another: that is looked at there. */
	rigstore_end(&s, &k);
	assert_false(rig_alive(pid));
}

/* Where [ops] could not go to the others the manager ends it with [main]. */
static void
abuse_P05_ops_beside_main(void **state)
{
	struct rigkeep k = { .runs = "none.service" };
	struct rigsys s;
	pid_t pid;

	(void)state;
	NEEDS_ROOT;
	rigstore_begin(&s, &k, "join");
	rig_expect_log(&s.rig, "[ops] is not in the cgroup of none.service");
	pid = one_run(&s, &k);
	rigstore_kill_main(&s, &k);
	/* In order, and not with the last of its descriptors. */
	rig_gone(pid);
	assert_int_equal(k.n, RIGSTORE_PIPES);
	k.runs = NULL;
	rigstore_another(&s, NULL);
	rigstore_end(&s, &k);
}

/*
 * A program that could not tell the manager anything is none to go on with:
 * what that has of runs would be left there. Told so, it is asked again.
 */
static void
abuse_P05_no_upgrade_without_a_store(void **state)
{
	struct rigkeep k = { 0 };
	struct rigsys s;
	pid_t pid;

	(void)state;
	NEEDS_ROOT;
	rigstore_begin(&s, &k, NULL);
	pid = one_run(&s, &k);
	assert_int_equal(unlink(k.path), 0);
	assert_int_equal(kill(s.rig.helper, SIGUSR2), 0);
	rig_expect_log(&s.rig, "what runs would not outlive a restart");
	assert_true(rig_alive(pid));
	rigkeep_expect(&k, RIGSTORE_PIPES);
	rigstore_end(&s, &k);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(abuse_P05_given_and_not_wanted),
		cmocka_unit_test(abuse_P05_given_twice),
		cmocka_unit_test(abuse_P05_given_by_others),
		cmocka_unit_test(abuse_P05_ready_is_none_of_those_given),
		cmocka_unit_test(abuse_P05_a_restart_that_never_came),
		cmocka_unit_test(abuse_P05_ops_beside_main),
		cmocka_unit_test(abuse_P05_no_upgrade_without_a_store),
	};

	return cmocka_run_group_tests_name("given", tests, setup, NULL);
}
