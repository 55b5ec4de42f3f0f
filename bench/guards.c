/* SPDX-License-Identifier: MIT */
/*
 * What each guard of a confined run costs: a fork and exec of bench/stamp with
 * that guard alone, less one with none. All take turns; medians of the best
 * turn of each. What is prepared before the fork counts as well. The code is
 * the product's own.
 *
 *   guards DIR     a directory with "stamp" in it
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/bench.h"
#include "priv-helper/cgroup.h"
#include "priv-helper/leader.h"
#include "priv-helper/scratch.h"
#include "priv-helper/tty.h"
#include "security/caps.h"
#include "security/filter.h"
#include "security/landlock.h"
#include "security/profile.h"

#define TURNS	9
#define STARTS	60
#define NOBODY	65534
#define PRIVATE (CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWIPC)

/* Of the start at hand; a guard uses what it needs. */
struct start {
	char scratch[SCRATCH_PATH];
	struct tty tty;
	int ruleset, cgroup, pidfd;
};

/* Any function may be missing. 0 or -errno, which ends the program. */
struct guard {
	const char *name;
	bool (*absent)(void); /* true: not to be had here */
	int (*before)(struct start *s);
	pid_t (*fork)(struct start *s);
	int (*child)(const struct start *s);
	void (*after)(struct start *s);
	int64_t best; /* median of the best turn; -1: absent */
};

static char program[300], cgroups[CGROUP_PATH];
static const struct profile *script;
static struct filter filter;
static unsigned long flags;

static bool
not_root(void)
{
	return !caps_privileged();
}

static bool
no_cgroup(void)
{
	return cgroups[0] == '\0';
}

static int
ruleset_before(struct start *s)
{
	const struct profile_path *p;
	int fd, err = 0;

	s->ruleset = landlock_new(true);
	for (p = script->paths; p->path != NULL && err == 0; p++) {
		fd = open(p->path, O_PATH | O_CLOEXEC);
		if (fd < 0)
			continue;
		err = landlock_allow_fd(s->ruleset, fd, p->access);
		(void)close(fd);
	}
	return err;
}

static int
landlock_before(struct start *s)
{
	const int err = ruleset_before(s);

	/* So that there is something to run. */
	return err != 0 ? err
			: landlock_allow(s->ruleset, "/", LANDLOCK_READ_EXEC);
}

static void
ruleset_after(struct start *s)
{
	(void)close(s->ruleset);
}

static int
no_new_privs(const struct start *s)
{
	(void)s;
	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ? -errno : 0;
}

static int
landlock_child(const struct start *s)
{
	const int err = no_new_privs(s);

	return err != 0 ? err : landlock_restrict(s->ruleset);
}

static int
filter_child(const struct start *s)
{
	const int err = no_new_privs(s);

	return err != 0 ? err : filter_apply(&filter);
}

static int
session_child(const struct start *s)
{
	(void)s;
	return setsid() < 0 ? -errno : 0;
}

static int
descriptors_child(const struct start *s)
{
	(void)s;
	return syscall(SYS_close_range, 3, ~0u, 0) != 0 ? -errno : 0;
}

static int
limits_child(const struct start *s)
{
	const struct profile_limit *l;
	struct rlimit r;

	(void)s;
	for (l = script->limits; l->resource >= 0; l++)
		if (getrlimit((__rlimit_resource_t)l->resource, &r) != 0 ||
		    setrlimit((__rlimit_resource_t)l->resource, &r) != 0)
			return -errno;
	return 0;
}

static int
bounding_child(const struct start *s)
{
	(void)s;
	return caps_drop_bounding();
}

/* And the proof that there is no way back. */
static int
ids_child(const struct start *s)
{
	const gid_t group = NOBODY;

	(void)s;
	if (setgroups(1, &group) != 0 ||
	    setresgid(NOBODY, NOBODY, NOBODY) != 0 ||
	    setresuid(NOBODY, NOBODY, NOBODY) != 0 || caps_drop_all() != 0 ||
	    caps_verify_none() != 0)
		return -errno;
	return setresuid(0, 0, 0) == 0 || setgroups(0, NULL) == 0 ? -EPERM : 0;
}

static int
parent_child(const struct start *s)
{
	(void)s;
	return prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 ? -errno : 0;
}

static int
scratch_before(struct start *s)
{
	scratch_name(s->scratch);
	return scratch_make(s->scratch);
}

static void
scratch_after(struct start *s)
{
	(void)rmdir(s->scratch);
}

static int
pty_before(struct start *s)
{
	return tty_open(&s->tty, 80, 24, getuid());
}

static int
pipes_before(struct start *s)
{
	return tty_pipes(&s->tty, false);
}

static void
tty_after(struct start *s)
{
	tty_done(&s->tty);
}

static pid_t
pidfd_fork(struct start *s)
{
	return leader_fork(-1, 0, &s->pidfd);
}

static void
pidfd_after(struct start *s)
{
	(void)close(s->pidfd);
}

static int
cgroup_before(struct start *s)
{
	return cgroup_make(cgroups, 1, &s->cgroup);
}

static pid_t
cgroup_fork(struct start *s)
{
	return leader_fork(s->cgroup, 0, &s->pidfd);
}

static void
cgroup_after(struct start *s)
{
	(void)close(s->cgroup);
	(void)close(s->pidfd);
	/* With the one run's in it. */
	cgroup_done(cgroups);
}

/* As the reaper stands between [ops] and the program. */
static int
reaper_child(const struct start *s)
{
	pid_t pid = fork();

	(void)s;
	if (pid > 0) {
		(void)waitpid(pid, NULL, 0);
		_exit(0);
	}
	return pid < 0 ? -errno : 0;
}

static pid_t
namespace_fork(struct start *s)
{
	(void)s;
	return (pid_t)syscall(SYS_clone, flags | SIGCHLD, NULL, NULL, NULL,
	    NULL);
}

static pid_t
user_fork(struct start *s)
{
	flags = CLONE_NEWUSER;
	return namespace_fork(s);
}

static pid_t
private_fork(struct start *s)
{
	flags = PRIVATE;
	return namespace_fork(s);
}

static pid_t
network_fork(struct start *s)
{
	flags = CLONE_NEWUSER | CLONE_NEWNET;
	return namespace_fork(s);
}

static bool
no_namespace(void)
{
	pid_t pid = user_fork(NULL);

	if (pid == 0)
		_exit(0);
	return pid < 0 || waitpid(pid, NULL, 0) != pid;
}

/* The first has none and is what the others are compared with. */
static struct guard guards[] = {
	{ "plain", NULL, NULL, NULL, NULL, NULL, 0 },
	{ "reaper between", NULL, NULL, NULL, reaper_child, NULL, 0 },
	{ "pidfd", NULL, NULL, pidfd_fork, NULL, pidfd_after, 0 },
	{ "three pipes", NULL, pipes_before, NULL, NULL, tty_after, 0 },
	{ "terminal", NULL, pty_before, NULL, NULL, tty_after, 0 },
	{ "session of its own", NULL, NULL, NULL, session_child, NULL, 0 },
	{ "descriptors closed", NULL, NULL, NULL, descriptors_child, NULL, 0 },
	{ "rlimits", NULL, NULL, NULL, limits_child, NULL, 0 },
	{ "bounding set", not_root, NULL, NULL, bounding_child, NULL, 0 },
	{ "ids, verified", not_root, NULL, NULL, ids_child, NULL, 0 },
	{ "death with the reaper", NULL, NULL, NULL, parent_child, NULL, 0 },
	{ "no_new_privs", NULL, NULL, NULL, no_new_privs, NULL, 0 },
	{ "scratch directory", NULL, scratch_before, NULL, NULL, scratch_after,
	    0 },
	{ "Landlock rules", NULL, ruleset_before, NULL, NULL, ruleset_after,
	    0 },
	{ "Landlock", NULL, landlock_before, NULL, landlock_child,
	    ruleset_after, 0 },
	{ "seccomp", NULL, NULL, NULL, filter_child, NULL, 0 },
	{ "cgroup", no_cgroup, cgroup_before, cgroup_fork, NULL, cgroup_after,
	    0 },
	{ "namespace user", no_namespace, NULL, user_fork, NULL, NULL, 0 },
	{ "user, pid, mount, ipc", no_namespace, NULL, private_fork, NULL, NULL,
	    0 },
	{ "user, network", no_namespace, NULL, network_fork, NULL, NULL, 0 },
};
#define GUARDS (sizeof(guards) / sizeof(guards[0]))

static _Noreturn void
become(const struct guard *g, const struct start *s, int out)
{
	char *argv[] = { program, NULL }, *env[] = { NULL };

	(void)dup2(out, 1);
	errno = g->child != NULL ? -g->child(s) : 0;
	if (errno == 0)
		(void)execve(program, argv, env);
	perror(g->name);
	_exit(127);
}

static int64_t
start(const struct guard *g)
{
	const int64_t begun = bench_ns();
	struct start s = { .ruleset = -1 };
	int64_t at = 0;
	pid_t pid;
	int p[2];

	errno = g->before != NULL ? -g->before(&s) : 0;
	if (errno != 0 || pipe2(p, O_CLOEXEC) != 0)
		bench_die(g->name);
	pid = g->fork != NULL ? g->fork(&s) : fork();
	if (pid < 0)
		bench_die(g->name);
	if (pid == 0)
		become(g, &s, p[1]);
	(void)close(p[1]);
	if (read(p[0], &at, sizeof(at)) != sizeof(at))
		bench_die(g->name);
	(void)close(p[0]);
	(void)waitpid(pid, NULL, 0);
	if (g->after != NULL)
		g->after(&s);
	return at - begun;
}

static void
turn(struct guard *g)
{
	static int64_t took[STARTS];
	int64_t median;
	int i;

	if (g->best < 0)
		return;
	for (i = 0; i < STARTS; i++)
		took[i] = start(g);
	median = bench_quantile(took, STARTS, 0.5);
	if (g->best == 0 || median < g->best)
		g->best = median;
}

static void
prepare(const char *dir)
{
	unsigned limits;
	size_t i;

	snprintf(program, sizeof(program), "%s/stamp", dir);
	script = &profiles[profile_find("script")];
	errno = -filter_build(&filter, script->filter);
	if (errno != 0)
		bench_die("filter");
	(void)cgroup_init(dir, cgroups, &limits);
	for (i = 0; i < GUARDS; i++)
		if (guards[i].absent != NULL && guards[i].absent())
			guards[i].best = -1;
}

int
main(int argc, char **argv)
{
	size_t i;
	int n;

	if (argc != 2) {
		fprintf(stderr, "usage: guards DIR\n");
		return 2;
	}
	prepare(argv[1]);
	for (n = 0; n < TURNS; n++)
		for (i = 0; i < GUARDS; i++)
			turn(&guards[i]);
	cgroup_done(cgroups);
	filter_done(&filter);
	printf("{\"plain\":%.1f", (double)guards[0].best / 1e3);
	for (i = 1; i < GUARDS; i++)
		if (guards[i].best > 0)
			printf(",\"%s\":%.1f", guards[i].name,
			    (double)(guards[i].best - guards[0].best) / 1e3);
		else
			printf(",\"%s\":null", guards[i].name);
	printf("}\n");
	return 0;
}
