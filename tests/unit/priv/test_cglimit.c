/* SPDX-License-Identifier: MIT */
/*
 * Which limits a cgroup can keep and what is written for them, on directories
 * with files of the same names: not every kernel has the controllers to give.
 */
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "priv-helper/cglimit.h"
#include "tests/unit/check.h"
#include "tests/unit/lib/tmpdir.h"

#define BOTH (CGLIMIT_PIDS | CGLIMIT_MEMORY)
#define ALL  (BOTH | CGLIMIT_CPU)

static char dir[64];

static int
enter(void **state)
{
	(void)state;
	return close(tmpdir_new(dir)) == 0 ? chdir(dir) : -1;
}

static int
leave(void **state)
{
	(void)state;
	tmpdir_remove(dir);
	return chdir("/");
}

static void
put(const char *name, const char *text)
{
	FILE *f = fopen(name, "we");

	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	(void)fclose(f);
}

static void
expect(const char *name, const char *wanted)
{
	char text[32] = "";
	FILE *f = fopen(name, "re");

	assert_non_null(f);
	assert_non_null(fgets(text, sizeof(text), f));
	(void)fclose(f);
	assert_string_equal(text, wanted);
}

static void
test_switch_on(void **state)
{
	(void)state;
	assert_int_equal(cglimit_switch_on("nowhere"), 0);
	assert_int_equal(cglimit_switch_on("."), 0);
	put("cgroup.subtree_control", "");
	assert_int_equal(cglimit_switch_on("."), ALL);
	/* The last of the writes, each of which is one. */
	expect("cgroup.subtree_control", "+cpuory");
}

static void
test_wanted(void **state)
{
	const struct profile_quota none = { 0, 0, 0 }, some = { 10, 0, 0 },
				   all = { 10, 20, 0 }, cpu = { 0, 0, 150 };

	(void)state;
	assert_int_equal(cglimit_wanted(&none, BOTH), 0);
	assert_int_equal(cglimit_wanted(&some, BOTH), CGLIMIT_PIDS);
	assert_int_equal(cglimit_wanted(&some, CGLIMIT_MEMORY), 0);
	assert_int_equal(cglimit_wanted(&all, BOTH), BOTH);
	assert_int_equal(cglimit_wanted(&all, CGLIMIT_MEMORY), CGLIMIT_MEMORY);
	assert_int_equal(cglimit_wanted(&all, ALL), BOTH);
	assert_int_equal(cglimit_wanted(&cpu, ALL), CGLIMIT_CPU);
	assert_int_equal(cglimit_wanted(&all, 0), 0);
}

/* Memory in bytes; what is not asked for, or not there, is not touched. */
static void
test_set(void **state)
{
	const struct profile_quota q = { 8192, 5000, 0 };
	int run = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);

	(void)state;
	assert_true(run >= 0);
	put("pids.max", "");
	assert_int_equal(cglimit_set(run, &q, CGLIMIT_PIDS), 0);
	expect("pids.max", "8192");
	assert_int_equal(cglimit_set(-1, &q, 0), 0);
	/* A limit that is promised and cannot be kept is an error. */
	assert_true(cglimit_set(run, &q, BOTH) < 0);
	put("memory.max", "");
	assert_int_equal(cglimit_set(run, &q, BOTH), 0);
	expect("memory.max", "5242880000");
	(void)close(run);
}

/* Of a cgroup that was in use, what is limited no more has no limit left. */
static void
test_renew(void **state)
{
	const struct profile_quota q = { 20, UINT64_C(1) << 40, 250 },
				   none = { 0 };
	int dir_fd = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);

	(void)state;
	assert_true(dir_fd >= 0);
	put("pids.max", "");
	put("memory.max", "");
	assert_int_equal(cglimit_renew(dir_fd, &q, BOTH), 0);
	expect("pids.max", "20");
	expect("memory.max", "1152921504606846976");
	put("pids.max", "");
	put("memory.max", "");
	assert_int_equal(cglimit_renew(dir_fd, &none, BOTH), 0);
	expect("pids.max", "max");
	expect("memory.max", "max");
	put("cpu.max", "");
	assert_int_equal(cglimit_renew(dir_fd, &q, CGLIMIT_CPU), 0);
	expect("cpu.max", "250000 100000");
	put("cpu.max", "");
	assert_int_equal(cglimit_renew(dir_fd, &none, CGLIMIT_CPU), 0);
	expect("cpu.max", "max");
	assert_int_equal(unlink("memory.max"), 0);
	assert_true(cglimit_renew(dir_fd, &none, BOTH) < 0);
	assert_int_equal(cglimit_renew(dir_fd, &none, CGLIMIT_PIDS), 0);
	(void)close(dir_fd);
}

/* Below what nobody has given a weight; without the controller nothing. */
static void
abuse_H04_lower(void **state)
{
	(void)state;
	cglimit_lower("nowhere");
	cglimit_lower(".");
	assert_int_equal(access("cpu.weight", F_OK), -1);
	put("cpu.weight", "");
	cglimit_lower(".");
	expect("cpu.weight", "50");
}

static void
test_text(void **state)
{
	(void)state;
	assert_string_equal(cglimit_text(0), "none");
	assert_string_equal(cglimit_text(CGLIMIT_PIDS), "processes");
	assert_string_equal(cglimit_text(CGLIMIT_MEMORY), "memory");
	assert_string_equal(cglimit_text(BOTH), "processes memory");
	assert_string_equal(cglimit_text(ALL), "processes memory processors");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_switch_on, enter, leave),
		cmocka_unit_test(test_wanted),
		cmocka_unit_test_setup_teardown(test_set, enter, leave),
		cmocka_unit_test_setup_teardown(test_renew, enter, leave),
		cmocka_unit_test_setup_teardown(abuse_H04_lower, enter, leave),
		cmocka_unit_test(test_text),
	};

	return CHECK_RUN("cglimit", tests);
}
