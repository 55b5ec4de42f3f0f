/* SPDX-License-Identifier: MIT */
/*
 * The three forks of [main]. The children get exactly the descriptors named
 * here: a copy of a listening socket or of the lock in the wrong process would
 * keep it alive after its time. Each is a process group of its own, so that
 * Ctrl-C in the starting terminal reaches [main] alone, which knows the order
 * of ending.
 */
#include "priv-helper/launch.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "lib/buildid.h"
#include "lib/log.h"
#include "lib/xalloc.h"
#include "priv-helper/audit.h"
#include "priv-helper/become.h"
#include "priv-helper/cgroup.h"
#include "priv-helper/env.h"
#include "priv-helper/parked.h"
#include "priv-helper/serve.h"
#include "priv-helper/store.h"
#include "priv-helper/system.h"
#include "priv-helper/user.h"
#include "security/signals.h"

/* Clear of every number that is assigned. */
#define PARK_FD 16
#define ENV_N	8

/* Parent and child both do it, so that it holds whoever runs first. */
static pid_t
fork_group(void)
{
	pid_t pid = fork();

	if (pid >= 0)
		(void)setpgid(pid, 0);
	return pid < 0 ? -errno : pid;
}

/*
 * Puts `fd[i]` to number first + i, inherited; -1 leaves that one closed. All
 * others are still to be closed.
 */
static bool
place(int *fd, int n, int first)
{
	int i;

	for (i = 0; i < n; i++) {
		if (fd[i] < 0)
			continue;
		fd[i] = fcntl(fd[i], F_DUPFD_CLOEXEC, PARK_FD);
		if (fd[i] < 0)
			return false;
	}
	for (i = 0; i < n; i++) {
		if (fd[i] < 0)
			(void)close(first + i);
		else if (dup2(fd[i], first + i) < 0)
			return false;
	}
	return true;
}

/*
 * In the child of ours that goes on with this program. It keeps `more` as well,
 * unless that is -1, and what is parked; the number `more` has then.
 */
static int
settle(const char *proc, int control, int more, struct parked *parked)
{
	int fd[2] = { control, more };
	const int n = more < 0 ? 1 : 2;

	log_init(proc, STDERR_FILENO, LOG_INFO);
	if (!parked_clear(parked, PARK_FD) || !place(fd, n, LAUNCH_CONTROL))
		fatal("launch", "descriptors of %s", proc);
	parked_close_others(parked, LAUNCH_CONTROL + n);
	for (int i = 0; i < n; i++)
		(void)fcntl(LAUNCH_CONTROL + i, F_SETFD, FD_CLOEXEC);
	return more < 0 ? -1 : LAUNCH_CONTROL + 1;
}

pid_t
launch_audit(const struct launch *l, int control)
{
	const struct audit_args args = { .main = LAUNCH_CONTROL,
		.dir = l->audit };
	struct parked *none;
	pid_t pid = fork_group();

	if (pid != 0)
		return pid;
	/* It may end long after us, and must not keep a terminal. */
	parked_free(l->parked);
	none = parked_new();
	(void)settle("rdv-audit", control, -1, none);
	parked_free(none);
	audit_serve(&args);
}

/*
 * For [ops] with all that it is to start: goes where [main] can be started
 * again without them. False: what runs ends with [main].
 */
static bool
is_outlived(const struct launch *l)
{
	int err = l->runs != NULL ? cgroup_join(l->runs, true) : 0;

	if (err != 0)
		log_warnx("launch",
		    "[ops] is not in the cgroup of %s: %s; what it starts "
		    "ends with [main]",
		    l->runs, strerror(-err));
	return err == 0 && store_keeps(l->store);
}

pid_t
launch_ops(const struct launch *l, int control)
{
	struct serve_args args = { .main = LAUNCH_CONTROL,
		.base = l->base,
		.bin = l->bin,
		.worker = programs_worker(&l->programs),
		.user = l->user,
		.nofile = l->nofile };
	pid_t pid = fork_group();

	if (pid != 0)
		return pid;
	args.outlived = is_outlived(l);
	if (l->system != NULL) {
		args.accounts = &l->system->accounts;
		args.helper_state = l->system->places.keep;
		args.run_dir = l->system->places.run;
	}
	args.parked = l->parked;
	args.egress = settle("rdv-ops", control, l->programs.egress, l->parked);
	serve(&args);
}

/* rdvd: only what it needs, from the account database and from here. */
static void
daemon_env(const struct launch *l, char **env)
{
	const struct user *u = l->system != NULL ? l->system->service : l->user;

	/* Its account has no home of its own; "~" of a setting is its state. */
	env[0] = xasprintf("HOME=%s", l->system != NULL ? l->base : u->home);
	env[1] = xasprintf("USER=%s", u->name);
	env[2] = xasprintf("LOGNAME=%s", u->name);
	env[3] = xasprintf("SHELL=%s", u->shell);
	env[4] = xstrdup("PATH=" ENV_PATH);
	env[5] = xstrdup("LANG=C.UTF-8");
	/*
	 * SQLite takes and returns some fifty blocks for one change; malloc(3)
	 * keeps only seven of a size without its locks and lists.
	 */
	env[6] = xstrdup("GLIBC_TUNABLES=glibc.malloc.tcache_count=64");
	env[7] = NULL;
}

/*
 * To rdvd a ready descriptor means a first start, whose errors are final. Once
 * whoever waited has heard enough and closed the other end, it is none.
 */
static int
still_waited_for(int ready)
{
	struct pollfd p = { .fd = ready };

	if (ready < 0 || (poll(&p, 1, 0) == 1 && (p.revents & POLLERR)))
		return -1;
	return ready;
}

static char **
daemon_argv(const struct launch *l, int ready)
{
	const bool sys = l->system != NULL;
	/* In system mode the listening sockets come over the first of them. */
	const char *const fixed[] = { "rdvd", "--base", l->base, "--control-fd",
		"3", sys ? "--system" : "--api-fd",
		sys ? l->system->places.settings : "4",
		sys ? NULL : "--terminal-fd", "5", NULL };
	size_t n, web = 0;
	char **argv;

	while (l->web[web] != NULL)
		web++;
	argv = xcalloc(sizeof(fixed) / sizeof(fixed[0]) + 3 + 2 * web,
	    sizeof(*argv));
	for (n = 0; fixed[n] != NULL; n++)
		argv[n] = xstrdup(fixed[n]);
	if (l->try)
		argv[n++] = xasprintf("--try=%s", build_id);
	if (ready >= 0) {
		argv[n++] = xstrdup("--ready-fd");
		argv[n++] = xstrdup("6");
	}
	for (web = 0; l->web[web] != NULL; web++) {
		argv[n++] = xstrdup("--web");
		argv[n++] = xstrdup(l->web[web]);
	}
	return argv;
}

/* A reload that comes before rdvd can serve it must not end it. */
static void
to_service(const struct launch *l)
{
	const struct sigaction ign = { .sa_handler = SIG_IGN };
	const struct user *u = l->system->service;

	if (sigaction(SIGHUP, &ign, NULL) < 0 ||
	    become_service(u->uid, u->gid) != 0)
		fatalx("launch", "rdvd cannot be made its account's");
}

bool
launch_bound(pid_t parent)
{
	return prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 && getppid() == parent;
}

/*
 * The lock goes along without a name on the command line: should [main] be
 * killed, no other instance may begin before this rdvd has let go.
 */
pid_t
launch_daemon(const struct launch *l, int control)
{
	const int ready = still_waited_for(l->ready);
	int fd[] = { control, l->api, l->terminal, ready, l->lock,
		l->programs.daemon };
	char *env[ENV_N];
	const pid_t parent = getpid();
	sigset_t none;
	char **argv;
	pid_t pid = fork_group();

	if (pid != 0)
		return pid;
	daemon_env(l, env);
	argv = daemon_argv(l, ready);
	if (!place(fd, LAUNCH_END - LAUNCH_CONTROL, LAUNCH_CONTROL) ||
	    syscall(SYS_close_range, LAUNCH_END, ~0u, 0) < 0 ||
	    fcntl(LAUNCH_PROGRAM, F_SETFD, FD_CLOEXEC) < 0)
		fatal("launch", "descriptors of rdvd");
	sigemptyset(&none);
	if (signals_default() < 0 || sigprocmask(SIG_SETMASK, &none, NULL) < 0)
		fatal("launch", "signals of rdvd");
	if (l->system != NULL)
		to_service(l);
	/*
	 * It has the lock and the sockets: it must not outlive who asks. Not
	 * before it has its ids, which would take that back (prctl(2)).
	 */
	if (l->try && !launch_bound(parent))
		_exit(LAUNCH_REFUSED);
	(void)syscall(SYS_execveat, LAUNCH_PROGRAM, "", argv, env,
	    AT_EMPTY_PATH);
	log_error("launch", "cannot run rdvd");
	_exit(LAUNCH_REFUSED);
}

pid_t
launch_try(const struct launch *l, int control)
{
	struct launch once = *l;

	once.try = true;
	once.ready = -1;
	return launch_daemon(&once, control);
}
