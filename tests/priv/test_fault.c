/* SPDX-License-Identifier: MIT */
/*
 * A forced failure at every stage C1..C18, for a terminal and for a confined
 * run: the caller is told the stage, no program has run, no process and no
 * descriptor remains, and the next start works.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "security/drop.h"
#include "tests/priv/rig.h"
#include "tests/unit/check.h"

/* The stages but for four, "C8b", "C8c", "C11b" and "C11c". */
#define NUMBERED (DROP_STAGES - 4)

/* Children of a process, as the kernel lists them; "" when there are none. */
static bool
childless(pid_t pid)
{
	char path[64], text[64];
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/children", pid, pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	n = read(fd, text, sizeof(text));
	(void)close(fd);
	return n == 0;
}

static void
expect_nothing(struct rig *r)
{
	struct priv_inventory_answer a;
	struct seqpkt_fds fds;
	int64_t deadline = rig_deadline();
	char path[128];

	assert_int_equal(rig_inventory(r, 0, &a, &fds), PRIV_NO_SUCH);
	snprintf(path, sizeof(path), "%s/canary", r->dir);
	assert_int_equal(access(path, F_OK), -1);
	while (!childless((pid_t)r->hello.pid))
		assert_false(rig_late(deadline));
}

static void
expect_stage(struct rig *r, const struct rig_spawn *s, const char *stage)
{
	struct rig_result res;

	rig_spawn(r, s, &res);
	assert_int_equal(res.a.result, PRIV_FAILED);
	assert_string_equal(res.a.stage, stage);
	assert_int_equal(res.a.err, EIO);
	assert_true(strncmp(res.a.why, stage, strlen(stage)) == 0);
	assert_int_equal(res.fds.n, 0);
	expect_nothing(r);
}

static void
fault(uint32_t stage)
{
	const char *name = drop_stage_name(stage);
	struct rig_spawn s = { .argv = ARGV("touch", "canary") };
	struct rig r;
	unsigned before;

	before = rig_count_fds();
	rig_start(&r, name);
	s.cwd = r.dir;
	expect_stage(&r, &s, name);
	s.pty = true;
	expect_stage(&r, &s, name);
	s.profile = "script";
	s.cwd = NULL;
	expect_stage(&r, &s, name);
	rig_stop(&r);
	assert_int_equal(rig_count_fds(), before);
}

static void
fault_at_every_stage(void **state)
{
	uint32_t stage;

	(void)state;
	for (stage = 1; stage <= DROP_STAGES; stage++)
		fault(stage);
}

/*
 * What was made before the fork is given back: with so few descriptors a leak
 * of one each time makes a later start fail for that, at another stage.
 */
static void
fault_before_the_fork(const char *name)
{
	struct rig_spawn s = { .argv = ARGV("touch", "canary"),
		.profile = "script" };
	struct rig r;
	int i;

	rig_prepare(&r);
	r.nofile = 64;
	rig_launch(&r, name);
	rig_daemon(&r);
	rig_ops(&r);
	rig_login(&r);
	s.cwd = r.dir;
	for (i = 0; i < 100; i++) {
		s.pty = i % 2;
		expect_stage(&r, &s, name);
	}
	rig_stop(&r);
}

/*
 * Its processes are there by then: they end without having done anything, and
 * what they hold is given back.
 */
static void
refused_after_the_fork(void **state)
{
	struct rig_spawn s = { .argv = ARGV("touch", "canary"),
		.profile = "script",
		.paths = ARGV("/") };
	struct rig_result res;
	struct priv_exit end;
	struct rig r;
	int64_t deadline;
	int i;

	(void)state;
	rig_prepare(&r);
	r.nofile = 64;
	rig_launch(&r, NULL);
	rig_daemon(&r);
	rig_ops(&r);
	rig_login(&r);
	s.cwd = r.dir;
	for (i = 0; i < 100; i++) {
		s.pty = i % 2;
		rig_spawn(&r, &s, &res);
		assert_int_equal(res.a.result, PRIV_DENIED);
		expect_nothing(&r);
	}
	/*
	 * Without that path it begins, in what was left of descriptors; of
	 * which a spare run may have some while it is made.
	 */
	s.pty = false;
	s.paths = NULL;
	s.argv = ARGV("true");
	deadline = rig_deadline();
	do {
		rig_spawn(&r, &s, &res);
		if (res.a.result != PRIV_DONE && rig_late(deadline))
			fail_msg("%s: %s", priv_result_name(res.a.result),
			    res.a.why);
	} while (res.a.result != PRIV_DONE);
	rig_exit(&r, res.a.handle, &end);
	assert_int_equal(end.status, 0);
	assert_int_equal(rig_ack(&r, res.a.handle), PRIV_DONE);
	rig_close(&res);
	rig_stop(&r);
}

static void
fault_at_every_stage_of_the_parent(void **state)
{
	(void)state;
	fault_before_the_fork("P3 guards");
	fault_before_the_fork("P3 rights");
	fault_before_the_fork("P3 environment");
	fault_before_the_fork("P3 program");
	fault_before_the_fork("P4 stdio");
	fault_before_the_fork("P5 cgroup");
	fault_before_the_fork("P5 ruleset");
	fault_before_the_fork("P6 channels");
	fault_before_the_fork("P7 fork");
	fault_before_the_fork("P7 pidfd");
	fault_before_the_fork("P7 reaper ids");
}

static void
test_stage_names(void **state)
{
	bool seen[DROP_STAGES + 1] = { false };
	uint32_t stage, number;
	char *rest;

	(void)state;
	/* A number is a name, and is the stage's wherever it is moved to. */
	for (stage = 1; stage <= DROP_STAGES; stage++) {
		assert_int_equal(drop_stage_name(stage)[0], 'C');
		number =
		    (uint32_t)strtoul(drop_stage_name(stage) + 1, &rest, 10);
		assert_in_range(number, 1, NUMBERED);
		assert_true(strlen(drop_stage_name(stage)) <= 32);
		/* Some came later: "C8b". */
		if (*rest == 'b' || *rest == 'c')
			continue;
		assert_false(seen[number]);
		seen[number] = true;
	}
	for (number = 1; number <= NUMBERED; number++)
		assert_true(seen[number]);
	assert_string_equal(drop_stage_name(0), "?");
	assert_string_equal(drop_stage_name(DROP_STAGES + 1), "?");
}

/* The same request without a fault leaves the canary. */
static void
positive_control(void **state)
{
	struct rig_spawn s = { .argv = ARGV("touch", "canary") };
	char path[128], out[16];
	struct priv_exit end;
	struct rig r;

	(void)state;
	rig_start(&r, NULL);
	s.cwd = r.dir;
	rig_run(&r, &s, out, sizeof(out), &end);
	assert_int_equal(end.status, 0);
	snprintf(path, sizeof(path), "%s/canary", r.dir);
	assert_int_equal(access(path, F_OK), 0);
	rig_stop(&r);
}

/* A kernel without a guard makes the product refuse, not go without. */
static void
test_kernel_without_landlock(void **state)
{
	struct rig_spawn s = { .argv = ARGV("true"), .profile = "script" };
	struct rig_result res;
	struct priv_exit end;
	char out[16];
	struct rig r;

	(void)state;
	rig_start(&r, "landlock 0");
	assert_int_equal(r.hello.landlock_abi, 0);
	assert_int_equal(r.hello.features & PRIV_F_LANDLOCK, 0);
	rig_spawn(&r, &s, &res);
	assert_int_equal(res.a.result, PRIV_FAILED);
	assert_string_equal(res.a.stage, "C15 landlock");
	assert_int_equal(res.a.err, EOPNOTSUPP);
	s.profile = "login";
	rig_run(&r, &s, out, sizeof(out), &end);
	rig_stop(&r);
}

/* What an old Landlock cannot hold, seccomp does: truncate(2). */
static void
test_old_landlock(void **state)
{
	char tools[256], actor[300], path[128], out[64];
	struct rig_spawn s = { .profile = "script" };
	struct priv_exit end;
	struct rig r;
	int fd;

	(void)state;
	rig_tools(tools, sizeof(tools));
	snprintf(actor, sizeof(actor), "%s/actor", tools);
	rig_start(&r, "landlock 2");
	assert_int_equal(r.hello.landlock_abi, 2);
	rig_expect_log(&r, "no hold on truncate");
	snprintf(path, sizeof(path), "%s/victim", r.dir);
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	assert_int_equal(write(fd, "work", 4), 4);
	s.argv = ARGV(actor, "truncate", path);
	s.paths = ARGV(tools);
	rig_run(&r, &s, out, sizeof(out), &end);
	assert_string_equal(out, "EPERM\n");
	assert_int_equal(lseek(fd, 0, SEEK_END), 4);
	(void)close(fd);
	rig_stop(&r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_stage_names),
		cmocka_unit_test(positive_control),
		cmocka_unit_test(fault_at_every_stage),
		cmocka_unit_test(fault_at_every_stage_of_the_parent),
		cmocka_unit_test(refused_after_the_fork),
		cmocka_unit_test(test_kernel_without_landlock),
		cmocka_unit_test(test_old_landlock),
	};

	return CHECK_RUN("fault", tests);
}
