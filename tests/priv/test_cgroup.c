/* SPDX-License-Identifier: MIT */
/*
 * A cgroup for each run, where that is delegated: the program is in it from its
 * first instruction, it ends with the run, and it ends nobody it should not
 * (abuse H01). Where it is not delegated rdv says so and does without; which of
 * the two this machine is, is looked at here in another way than rdv does.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "priv-helper/owncgroup.h"
#include "security/profile.h"
#include "tests/priv/rig.h"
#include "tests/unit/check.h"

#define PATH_LEN (CGROUP_PATH + 128)
/* A wait that is left out shows in nearly every one. */
#define SLOW_RUNS 20

static char own[CGROUP_PATH];
static bool delegated;

/*
 * To us, without what root may do anyway: [ops] has given that up. The top of
 * all cgroups has no mode to write even for its owner.
 */
static bool
is_ours(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && st.st_uid == geteuid() &&
	       (st.st_mode & S_IWUSR) != 0 && access(path, W_OK) == 0;
}

static int
find_own(void **state)
{
	FILE *mounts = fopen("/proc/self/mountinfo", "re");
	FILE *self = fopen("/proc/self/cgroup", "re");
	char procs[PATH_LEN];

	(void)state;
	if (mounts == NULL || self == NULL)
		return -1;
	delegated = owncgroup_find(mounts, self, own);
	(void)fclose(mounts);
	(void)fclose(self);
	snprintf(procs, sizeof(procs), "%s/cgroup.procs", own);
	delegated = delegated && is_ours(own) && is_ours(procs);
	return 0;
}

/* Skips, having looked that rdv knows it, when there is nothing to test. */
static void
start(struct rig *r)
{
	rig_start(r, NULL);
	assert_int_equal((r->hello.features & PRIV_F_CGROUP) != 0, delegated);
	if (delegated)
		return;
	rig_expect_log(r, "no cgroup is delegated to this rdv");
	rig_stop(r);
	skip();
}

/* The last part of where a process is: "run-..." of its handle. */
static void
cgroup_of(pid_t pid, char *out, size_t size)
{
	char path[64], line[PATH_LEN];
	const char *found = NULL;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/cgroup", pid);
	f = fopen(path, "re");
	assert_non_null(f);
	while (found == NULL && fgets(line, sizeof(line), f) != NULL)
		found = strncmp(line, "0::", 3) == 0 ? strrchr(line, '/') + 1
						     : NULL;
	(void)fclose(f);
	assert_non_null(found);
	snprintf(out, size, "%.*s", (int)strcspn(found, "\n"), found);
}

/* A name in the directory of a run's cgroup. */
static void
path_of(const struct rig *r, uint64_t handle, const char *name,
    char out[PATH_LEN])
{
	struct stat st;

	assert_int_equal(stat(r->base, &st), 0);
	snprintf(out, PATH_LEN, "%s/rdv-%jx-%jx/run-%016llx/%s", own,
	    (uintmax_t)st.st_dev, (uintmax_t)st.st_ino,
	    (unsigned long long)handle, name);
}

/* The directory that all of them lie in. */
static void
place_of(const struct rig *r, char out[PATH_LEN])
{
	path_of(r, 0, "", out);
	*strstr(out, "/run-") = '\0';
}

static bool
exists(const struct rig *r, uint64_t handle)
{
	char path[PATH_LEN];

	path_of(r, handle, "", path);
	return access(path, F_OK) == 0;
}

static void
stop_and_look(struct rig *r)
{
	char path[PATH_LEN];

	place_of(r, path);
	assert_int_equal(access(path, F_OK), 0);
	rig_stop(r);
	assert_int_equal(access(path, F_OK), -1);
}

static void
run_in_its_own(struct rig *r, const char *profile, bool pty)
{
	const struct rig_spawn s = { .argv = ARGV("/bin/cat",
					 "/proc/self/cgroup", "-"),
		.profile = profile,
		.pty = pty };
	char name[64], wanted[64], path[PATH_LEN];
	struct rig_result res;
	struct priv_exit end;

	rig_spawn(r, &s, &res);
	assert_int_equal(res.a.result, PRIV_DONE);
	cgroup_of((pid_t)res.a.pid, name, sizeof(name));
	snprintf(wanted, sizeof(wanted), "run-%016llx",
	    (unsigned long long)res.a.handle);
	assert_string_equal(name, wanted);
	/* Whatever the program has divided it into goes with it. */
	path_of(r, res.a.handle, "part", path);
	assert_int_equal(mkdir(path, 0755), 0);
	path_of(r, res.a.handle, "part/of-it", path);
	assert_int_equal(mkdir(path, 0755), 0);
	assert_int_equal(rig_signal(r, res.a.handle, SIGKILL, false),
	    PRIV_DONE);
	rig_exit(r, res.a.handle, &end);
	assert_false(exists(r, res.a.handle));
	rig_close(&res);
	assert_int_equal(rig_ack(r, res.a.handle), PRIV_DONE);
}

static void
test_each_its_own(void **state)
{
	struct rig r;

	(void)state;
	start(&r);
	run_in_its_own(&r, "login", true);
	run_in_its_own(&r, "login", false);
	run_in_its_own(&r, "script", true);
	stop_and_look(&r);
}

/* Without one everything goes on, with the helper's own cgroup. */
static void
test_not_delegated(void **state)
{
	const struct rig_spawn s = { .argv = ARGV("cat"), .pty = true };
	char name[64], ours[64], path[PATH_LEN];
	struct rig_result res;
	struct priv_exit end;
	struct rig r;

	(void)state;
	rig_start(&r, "cgroup");
	assert_int_equal(r.hello.features & PRIV_F_CGROUP, 0);
	rig_expect_log(&r, "no cgroup is delegated to this rdv");
	rig_spawn(&r, &s, &res);
	assert_int_equal(res.a.result, PRIV_DONE);
	if (delegated) {
		cgroup_of((pid_t)res.a.pid, name, sizeof(name));
		cgroup_of(getpid(), ours, sizeof(ours));
		assert_string_equal(name, ours);
		place_of(&r, path);
		assert_int_equal(access(path, F_OK), -1);
	}
	assert_int_equal(rig_signal(&r, res.a.handle, SIGKILL, true),
	    PRIV_DONE);
	rig_exit(&r, res.a.handle, &end);
	rig_close(&res);
	rig_stop(&r);
}

/*
 * Somebody in the cgroup of the run who did not come from it, as a program of
 * another uid is to its reaper: only cgroup.kill can meet this one.
 */
static pid_t
stranger_in(const struct rig *r, uint64_t handle)
{
	char path[PATH_LEN], text[16];
	pid_t pid = fork();
	int fd;

	assert_true(pid >= 0);
	if (pid == 0) {
		(void)pause();
		_exit(0);
	}
	path_of(r, handle, "cgroup.procs", path);
	snprintf(text, sizeof(text), "%d", pid);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	(void)close(fd);
	return pid;
}

/* A run that is being killed, with a stranger in its cgroup. */
static uint64_t
kill_with_stranger(struct rig *r, const char *profile, bool slow, pid_t *who)
{
	const struct rig_spawn s = { .argv = ARGV("cat"), .profile = profile };
	struct rig_result res;

	rig_spawn(r, &s, &res);
	assert_int_equal(res.a.result, PRIV_DONE);
	*who = stranger_in(r, res.a.handle);
	/* Its death stops half-way, still in the cgroup, until we let it go. */
	if (slow)
		assert_int_equal(ptrace(PTRACE_SEIZE, *who, NULL,
				     PTRACE_O_TRACEEXIT),
		    0);
	assert_int_equal(rig_signal(r, res.a.handle, SIGKILL, true), PRIV_DONE);
	rig_close(&res);
	return res.a.handle;
}

static void
wait_end(struct rig *r, uint64_t handle)
{
	struct priv_exit end;

	rig_exit(r, handle, &end);
	assert_int_equal(WTERMSIG(end.status), SIGKILL);
	assert_int_equal(rig_ack(r, handle), PRIV_DONE);
}

static int
wait_stranger(pid_t pid)
{
	const int64_t deadline = rig_deadline();
	int status = 0;
	pid_t ended;

	while ((ended = waitpid(pid, &status, WNOHANG)) == 0 &&
	       !rig_late(deadline))
		continue;
	if (ended == 0)
		(void)kill(pid, SIGKILL);
	assert_int_equal(ended, pid);
	return status;
}

static void
let_die(pid_t pid)
{
	assert_int_equal(ptrace(PTRACE_CONT, pid, NULL, NULL), 0);
	assert_int_equal(WTERMSIG(wait_stranger(pid)), SIGKILL);
}

static void
abuse_H01_cgroup_kill(void **state)
{
	struct rig r;
	pid_t pid;

	(void)state;
	start(&r);
	wait_end(&r, kill_with_stranger(&r, "script", false, &pid));
	assert_int_equal(WTERMSIG(wait_stranger(pid)), SIGKILL);
	stop_and_look(&r);
}

/* Killed is not gone: the end is told when the cgroup is removed as well. */
static void
test_slow_deaths(void **state)
{
	uint64_t handle;
	struct rig r;
	pid_t pid;
	int i;

	(void)state;
	start(&r);
	for (i = 0; i < SLOW_RUNS; i++) {
		handle = kill_with_stranger(&r, "script", true, &pid);
		assert_true(WIFSTOPPED(wait_stranger(pid)));
		let_die(pid);
		wait_end(&r, handle);
		assert_false(exists(&r, handle));
	}
	stop_and_look(&r);
}

/* But not for ever: what hangs in the kernel hangs alone. */
static void
test_stuck(void **state)
{
	uint64_t handle, next;
	struct rig r;
	pid_t pid, other;

	(void)state;
	start(&r);
	handle = kill_with_stranger(&r, "script", true, &pid);
	/* Meanwhile [ops] serves. */
	next = kill_with_stranger(&r, "script", false, &other);
	wait_end(&r, next);
	(void)wait_stranger(other);
	assert_true(exists(&r, handle));
	assert_true(WIFSTOPPED(wait_stranger(pid)));
	wait_end(&r, handle);
	assert_true(exists(&r, handle));
	let_die(pid);
	stop_and_look(&r);
}

/* What a killed [ops] has left is the next one's, and in the end [main]'s. */
static void
test_ops_killed(void **state)
{
	const struct rig_spawn s = { .argv = ARGV("cat"), .profile = "script" };
	struct rig_result res;
	struct rig r;

	(void)state;
	start(&r);
	rig_spawn(&r, &s, &res);
	assert_int_equal(res.a.result, PRIV_DONE);
	assert_int_equal(kill((pid_t)r.hello.pid, SIGKILL), 0);
	rig_ops(&r);
	rig_login(&r);
	assert_true(exists(&r, res.a.handle));
	/* [main] finds both at once: none comes who could remove anything. */
	assert_int_equal(kill(r.helper, SIGSTOP), 0);
	assert_int_equal(kill((pid_t)r.hello.pid, SIGKILL), 0);
	assert_int_equal(kill(r.helper, SIGTERM), 0);
	assert_int_equal(kill(r.helper, SIGCONT), 0);
	stop_and_look(&r);
	rig_close(&res);
}

/* Which of the three the cgroup `own` has, as bits of HELLO. */
static unsigned
controllers(void)
{
	char path[PATH_LEN], line[256] = "";
	FILE *f;

	snprintf(path, sizeof(path), "%s/cgroup.controllers", own);
	f = fopen(path, "re");
	assert_non_null(f);
	(void)fgets(line, sizeof(line), f);
	(void)fclose(f);
	return (strstr(line, "pids") != NULL ? PRIV_F_PIDS : 0) |
	       (strstr(line, "cpu ") != NULL || strstr(line, "cpu\n") != NULL
		       ? PRIV_F_CPU
		       : 0) |
	       (strstr(line, "memory") != NULL ? PRIV_F_MEMORY : 0);
}

/* The profile's number of processes, where there is the controller for it. */
static void
look_limits(const struct rig *r, const struct rig_result *res)
{
	const bool limited = (r->hello.features & PRIV_F_PIDS) != 0;
	char path[PATH_LEN];
	unsigned max = 0;
	FILE *f;

	assert_int_equal(res->a.guards & (PRIV_G_CGROUP | PRIV_G_PIDS),
	    PRIV_G_CGROUP | (limited ? PRIV_G_PIDS : 0));
	path_of(r, res->a.handle, "pids.max", path);
	f = fopen(path, "re");
	assert_int_equal(f != NULL, limited);
	if (f == NULL)
		return;
	assert_int_equal(fscanf(f, "%u", &max), 1);
	(void)fclose(f);
	assert_int_equal(max, profiles[profile_find("script")].quota.processes);
}

/*
 * In a part of what is delegated: runs lie beside it, where no process is, and
 * have those controllers that are delegated.
 */
static void
test_beside(void **state)
{
	const struct rig_spawn s = { .argv = ARGV("cat"), .profile = "script" };
	char *part = strrchr(own, '/');
	struct rig_result res;
	struct rig r;

	(void)state;
	if (!delegated)
		skip();
	*part = '\0';
	assert_int_equal(setxattr(own, "user.delegate", "1", 1, 0), 0);
	start(&r);
	assert_int_equal(r.hello.features &
			     (PRIV_F_PIDS | PRIV_F_MEMORY | PRIV_F_CPU),
	    controllers());
	rig_spawn(&r, &s, &res);
	assert_int_equal(res.a.result, PRIV_DONE);
	assert_true(exists(&r, res.a.handle));
	look_limits(&r, &res);
	rig_close(&res);
	stop_and_look(&r);
	assert_int_equal(removexattr(own, "user.delegate"), 0);
	*part = '/';
}

/* What the user may not signal lives on; its cgroup goes when it has ended. */
static void
test_login_spares(void **state)
{
	uint64_t handle;
	struct rig r;
	pid_t pid;

	(void)state;
	start(&r);
	handle = kill_with_stranger(&r, "login", false, &pid);
	wait_end(&r, handle);
	assert_int_equal(waitpid(pid, NULL, WNOHANG), 0);
	assert_true(exists(&r, handle));
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	/* The next [ops] finds it. */
	assert_int_equal(kill((pid_t)r.hello.pid, SIGKILL), 0);
	rig_ops(&r);
	rig_login(&r);
	assert_false(exists(&r, handle));
	stop_and_look(&r);
}

/* Starts a program that tries to go back to the helper's cgroup. */
static void
leave(struct rig *r, const char *profile, struct rig_result *res)
{
	char script[PATH_LEN + 128];
	const struct rig_spawn s = { .argv = ARGV("/bin/sh", "-c", script),
		.profile = profile };
	char said[8] = "";

	snprintf(script, sizeof(script),
	    "echo 0 >%s/cgroup.procs && echo left || echo held; exec cat", own);
	rig_spawn(r, &s, res);
	assert_int_equal(res->a.result, PRIV_DONE);
	assert_true(rig_readable(res->fds.fd[1]));
	assert_int_equal(read(res->fds.fd[1], said, sizeof(said) - 1), 5);
	assert_string_equal(said,
	    strcmp(profile, "login") == 0 ? "left\n" : "held\n");
}

/* A confined program cannot leave; a login may, and ends all the same. */
static void
abuse_H01_leaves_its_cgroup(void **state)
{
	static const char *const profiles[] = { "script", "login" };
	char before[64], after[64];
	struct rig_result res;
	struct priv_exit end;
	struct rig r;
	int i;

	(void)state;
	start(&r);
	cgroup_of(getpid(), before, sizeof(before));
	for (i = 0; i < 2; i++) {
		leave(&r, profiles[i], &res);
		cgroup_of((pid_t)res.a.pid, after, sizeof(after));
		assert_int_equal(strcmp(before, after) == 0, i == 1);
		assert_int_equal(rig_signal(&r, res.a.handle, SIGKILL, true),
		    PRIV_DONE);
		rig_exit(&r, res.a.handle, &end);
		assert_int_equal(WTERMSIG(end.status), SIGKILL);
		rig_close(&res);
	}
	stop_and_look(&r);
}

static unsigned
count_runs(const struct rig *r)
{
	const struct dirent *e;
	char path[PATH_LEN];
	unsigned n = 0;
	DIR *d;

	place_of(r, path);
	d = opendir(path);
	assert_non_null(d);
	while ((e = readdir(d)) != NULL)
		n += strncmp(e->d_name, "run-", 4) == 0;
	(void)closedir(d);
	return n;
}

/* Whatever a start fails at, its cgroup does not stay. */
static void
fail_at(const char *stage)
{
	const struct rig_spawn s = { .argv = ARGV("true") };
	const int64_t deadline = rig_deadline();
	struct rig_result res;
	struct rig r;

	rig_start(&r, stage);
	rig_spawn(&r, &s, &res);
	assert_int_equal(res.a.result, PRIV_FAILED);
	assert_string_equal(res.a.stage, stage);
	while (count_runs(&r) > 0)
		assert_false(rig_late(deadline));
	rig_stop(&r);
}

static void
test_failed_starts(void **state)
{
	struct rig r;

	(void)state;
	start(&r);
	rig_stop(&r);
	fail_at("P5 cgroup");
	fail_at("P6 channels");
	fail_at("P7 pidfd");
	fail_at("C12 chdir");
}

/* [ops] tidies for a reaper that was killed. */
static void
test_reaper_killed(void **state)
{
	const struct rig_spawn s = { .argv = ARGV("cat"), .profile = "login" };
	struct rig_result res;
	struct priv_exit end;
	struct rig r;

	(void)state;
	start(&r);
	rig_spawn(&r, &s, &res);
	assert_int_equal(res.a.result, PRIV_DONE);
	assert_true(exists(&r, res.a.handle));
	assert_int_equal(kill(rig_parent((pid_t)res.a.pid), SIGKILL), 0);
	rig_exit(&r, res.a.handle, &end);
	assert_false(exists(&r, res.a.handle));
	rig_close(&res);
	stop_and_look(&r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_its_own),
		cmocka_unit_test(test_not_delegated),
		cmocka_unit_test(abuse_H01_cgroup_kill),
		cmocka_unit_test(abuse_H01_leaves_its_cgroup),
		cmocka_unit_test(test_slow_deaths),
		cmocka_unit_test(test_stuck),
		cmocka_unit_test(test_ops_killed),
		cmocka_unit_test(test_beside),
		cmocka_unit_test(test_login_spares),
		cmocka_unit_test(test_reaper_killed),
		cmocka_unit_test(test_failed_starts),
	};

	return cmocka_run_group_tests_name("cgroup", tests, find_own, NULL);
}
