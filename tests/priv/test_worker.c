/* SPDX-License-Identifier: MIT */
/*
 * What rdv-git may do, asked of a program in its place: look everywhere, read
 * nothing of the user's, make directories where rdv has its own, run nothing.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/priv/rig.h"
#include "tests/priv/rigactor.h"
#include "tests/unit/check.h"

static char out[1 << 16];

/* What a run of that profile and program says to `VERB ARG 0`. */
static void
act(struct rig *r, const char *profile, const char *program, const char *verb,
    const char *arg, const char *want)
{
	const struct rig_spawn s = { .profile = profile,
		.argv = ARGV(program, verb, arg, "0") };
	struct priv_exit end;

	rig_run(r, &s, out, sizeof(out), &end);
	/* Some say with their status as well what came of it. */
	assert_true(WIFEXITED(end.status));
	assert_string_equal(out, want);
}

static void
worker(struct rig *r, const char *verb, const char *arg, const char *want)
{
	act(r, "git", "rdv-git", verb, arg, want);
}

static void
abuse_E01_looks_and_makes_directories(void **state)
{
	char path[160], file[160];
	struct stat st;
	struct rig r;

	(void)state;
	rig_start(&r, NULL);
	snprintf(file, sizeof(file), "%s/file", r.dir);
	(void)close(open(file, O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
	worker(&r, "stat", file, "ok\n");
	worker(&r, "open", file, "EACCES\n");
	worker(&r, "open", r.dir, "EACCES\n");
	snprintf(path, sizeof(path), "%s/made", r.dir);
	worker(&r, "mkdir", path, "EACCES\n");
	snprintf(path, sizeof(path), "%s/trees", r.base);
	worker(&r, "mkdir", path, "ok\n");
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
	snprintf(path, sizeof(path), "%s/server/lock", r.base);
	worker(&r, "open", path, "EACCES\n");
	worker(&r, "truncate", path, "EACCES\n");
	worker(&r, "exec", "/usr/bin/env", "EACCES\n");
	worker(&r, "exec", "/usr/bin/git", "EACCES\n");
	rig_stop(&r);
}

/* Of the profile's own program nobody can make a directory there. */
static void
abuse_E01_only_the_worker_makes_them(void **state)
{
	char path[160], name[600];
	struct rig r;

	(void)state;
	rig_start(&r, "git-exe");
	snprintf(path, sizeof(path), "%s/trees", r.base);
	snprintf(name, sizeof(name), "%s/actor", tools);
	act(&r, "git", name, "mkdir", path, "EACCES\n");
	worker(&r, "mkdir", path, "ok\n");
	rig_stop(&r);
}

static void
refused(struct rig *r, const char *profile, const char *program)
{
	const struct rig_spawn s = { .profile = profile,
		.argv = ARGV(program, "stat", "/") };
	struct rig_result res;

	rig_spawn_send(r, &s);
	rig_spawn_answer(r, &res);
	assert_int_not_equal(res.a.result, PRIV_DONE);
	rig_close(&res);
}

/* By its name alone, and of that profile: which file that is [ops] knows. */
static void
abuse_E01_no_other_way_to_name_it(void **state)
{
	char name[600];
	struct rig r;

	(void)state;
	rig_start(&r, NULL);
	snprintf(name, sizeof(name), "%s/real/rdv-git", tools);
	refused(&r, "git", name);
	refused(&r, "git", "./rdv-git");
	refused(&r, "git", "rdv-helper");
	refused(&r, "script", "rdv-git");
	refused(&r, "login", "rdv-git");
	worker(&r, "stat", "/", "ok\n");
	rig_stop(&r);
}

/* One program and no other, and that in no other profile. */
static void
abuse_E01_a_push_is_carried_by_rdv_push_alone(void **state)
{
	const struct rig_spawn s = { .profile = "push",
		.argv = ARGV("rdv-push", "--version") };
	struct priv_exit end;
	struct rig r;

	(void)state;
	rig_start(&r, NULL);
	refused(&r, "push", "/bin/sh");
	refused(&r, "push", "rdv-git");
	refused(&r, "push", "./rdv-push");
	refused(&r, "script", "rdv-push");
	rig_run(&r, &s, out, sizeof(out), &end);
	assert_int_equal(end.status, 0);
	assert_int_equal(strncmp(out, "rdv-push ", 9), 0);
	rig_stop(&r);
}

static void
replaced_is_refused(struct rig *r)
{
	const struct rig_spawn s = { .profile = "git",
		.argv = ARGV("rdv-git", "stat", "/", "0") };
	struct rig_result res;

	rig_spawn_send(r, &s);
	rig_spawn_answer(r, &res);
	assert_int_equal(res.a.result, PRIV_DENIED);
	assert_non_null(strstr(res.a.why, "restart rdv"));
	rig_close(&res);
}

/* Where rdv was built a run may write. The same program, in another file. */
static void
abuse_E01_worker_put_in_its_place(void **state)
{
	char name[600], kept[600], other[600];
	struct rig r;

	(void)state;
	if (geteuid() != 0)
		skip();
	snprintf(name, sizeof(name), "%s/real/rdv-git", tools);
	snprintf(kept, sizeof(kept), "%s/real/kept", tools);
	snprintf(other, sizeof(other), "%s/mutant/rdv-git", tools);
	rig_start(&r, NULL);
	worker(&r, "stat", "/", "ok\n");
	assert_int_equal(rename(name, kept), 0);
	assert_int_equal(link(other, name), 0);
	replaced_is_refused(&r);
	assert_int_equal(rename(kept, name), 0);
	worker(&r, "stat", "/", "ok\n");
	rig_stop(&r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(abuse_E01_looks_and_makes_directories),
		cmocka_unit_test(abuse_E01_only_the_worker_makes_them),
		cmocka_unit_test(abuse_E01_no_other_way_to_name_it),
		cmocka_unit_test(abuse_E01_a_push_is_carried_by_rdv_push_alone),
		cmocka_unit_test(abuse_E01_worker_put_in_its_place),
	};

	return cmocka_run_group_tests_name("worker", tests, find_tools, NULL);
}
