/* SPDX-License-Identifier: MIT */
/*
 * Cgroups of the runs of two people (abuse H01): they are root's, so a reaper,
 * which is its user, has to have opened what it takes to kill one, and [ops]
 * removes them.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "priv-helper/owncgroup.h"
#include "tests/priv/rigops.h"
#include "tests/unit/check.h"

#define PATH_LEN (CGROUP_PATH + 128)

static char own[CGROUP_PATH];

static int
begin(void **state)
{
	FILE *mounts = fopen("/proc/self/mountinfo", "re");
	FILE *self = fopen("/proc/self/cgroup", "re");

	if (mounts != NULL && self != NULL)
		(void)owncgroup_find(mounts, self, own);
	if (mounts != NULL)
		(void)fclose(mounts);
	if (self != NULL)
		(void)fclose(self);
	return rigops_accounts(state);
}

/* Skips where there are no cgroups; the layer makes one where it can. */
static void
start(struct rigops *s)
{
	rigops_start(s, NULL);
	if ((s->rig.hello.features & PRIV_F_CGROUP) != 0)
		return;
	rigops_stop(s);
	skip();
}

static void
path_of(const struct rigops *s, uint64_t handle, const char *name,
    char out[PATH_LEN])
{
	struct stat st;

	assert_int_equal(stat(s->state, &st), 0);
	snprintf(out, PATH_LEN, "%s/rdv-%jx-%jx/user-%u/run-%016llx/%s", own,
	    (uintmax_t)st.st_dev, (uintmax_t)st.st_ino, s->who[1].uid,
	    (unsigned long long)handle, name);
}

static bool
exists(const struct rigops *s, uint64_t handle)
{
	char path[PATH_LEN];

	path_of(s, handle, "", path);
	return access(path, F_OK) == 0;
}

/* In the cgroup of a run, and no child of its reaper. */
static pid_t
stranger_in(const struct rigops *s, uint64_t handle)
{
	char path[PATH_LEN], text[16];
	pid_t pid = fork();
	int fd;

	assert_true(pid >= 0);
	if (pid == 0) {
		(void)pause();
		_exit(0);
	}
	path_of(s, handle, "cgroup.procs", path);
	snprintf(text, sizeof(text), "%d", pid);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	(void)close(fd);
	return pid;
}

/*
 * A run of person 1, in the cgroup of all of that person's, is killed; whether
 * its cgroup is there after its end.
 */
static bool
stays(struct rigops *s, const char *profile, pid_t *stranger)
{
	const struct rig_spawn run = { .argv = ARGV("cat"),
		.profile = profile };
	struct rig_result res;
	struct priv_exit end;

	rigops_enter(s, 1);
	rig_spawn(&s->rig, &run, &res);
	assert_int_equal(res.a.result, PRIV_DONE);
	assert_true(exists(s, res.a.handle));
	*stranger = stranger_in(s, res.a.handle);
	assert_int_equal(rig_signal(&s->rig, res.a.handle, SIGKILL, true),
	    PRIV_DONE);
	rig_exit(&s->rig, res.a.handle, &end);
	assert_int_equal(WTERMSIG(end.status), SIGKILL);
	rig_close(&res);
	assert_int_equal(rig_ack(&s->rig, res.a.handle), PRIV_DONE);
	return exists(s, res.a.handle);
}

static void
abuse_H01_cgroup_of_a_person(void **state)
{
	const int64_t deadline = rig_deadline();
	struct rigops s;
	pid_t pid, ended;
	int status = 0;
	bool left;

	(void)state;
	start(&s);
	left = stays(&s, "script", &pid);
	while ((ended = waitpid(pid, &status, WNOHANG)) == 0 &&
	       !rig_late(deadline))
		continue;
	if (ended == 0)
		(void)kill(pid, SIGKILL);
	assert_int_equal(ended, pid);
	assert_int_equal(WTERMSIG(status), SIGKILL);
	assert_false(left);
	rigops_stop(&s);
}

/* By its cgroup a login ends nobody, as in user mode. */
static void
login_spares(void **state)
{
	struct rigops s;
	pid_t pid;

	(void)state;
	start(&s);
	assert_true(stays(&s, "login", &pid));
	assert_int_equal(waitpid(pid, NULL, WNOHANG), 0);
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	rigops_stop(&s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(abuse_H01_cgroup_of_a_person),
		cmocka_unit_test(login_spares),
	};

	return cmocka_run_group_tests_name("cgpeople", tests, begin,
	    rigops_no_accounts);
}
