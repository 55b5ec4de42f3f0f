/* SPDX-License-Identifier: MIT */
/*
 * [main]: what it makes of its start (abuse E12), and the order in which it
 * restarts and ends its two children.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "build.h"
#include "lib/clock.h"
#include "tests/priv/rig.h"
#include "tests/unit/check.h"

static char out[1 << 16];

static void
test_starts_and_stops(void **state)
{
	struct rig r;

	(void)state;
	rig_start(&r, NULL);
	assert_non_null(strstr(r.told, "\nrdvd\n--base\n"));
	assert_non_null(strstr(r.told,
	    "\n--control-fd\n3\n--api-fd\n4\n--terminal-fd\n5\n"
	    "--web\n127.0.0.1:8080\n"));
	/* Exactly these, and the lock at 7. */
	assert_non_null(strstr(r.told, "\nfds 0 1 2 3 4 5 7\n"));
	assert_string_equal(r.hello.build, RDV_BUILD);
	assert_int_equal(r.hello.uid, getuid());
	/* Groups of their own, so that Ctrl-C reaches [main] alone. */
	assert_int_equal(getpgid(r.daemon), r.daemon);
	assert_int_equal(getpgid((pid_t)r.hello.pid), r.hello.pid);
	rig_stop(&r);
}

/* Whoever waits for "ready" hears it from rdvd itself. */
static void
test_ready(void **state)
{
	struct rig r;
	int p[2];

	(void)state;
	assert_int_equal(pipe2(p, O_CLOEXEC), 0);
	rig_prepare(&r);
	r.ready = p[1];
	rig_launch(&r, NULL);
	(void)close(p[1]);
	rig_daemon(&r);
	assert_non_null(strstr(r.told, "\n--ready-fd\n6\n"));
	assert_non_null(strstr(r.told, "\nfds 0 1 2 3 4 5 6 7\n"));
	assert_true(rig_readable(p[0]));
	assert_int_equal(read(p[0], out, sizeof(out)), 5);
	/* One that ends before its time is followed by one that says it. */
	rig_kill_daemon(&r);
	rig_daemon(&r);
	assert_non_null(strstr(r.told, "\n--ready-fd\n6\n"));
	assert_true(rig_readable(p[0]));
	assert_int_equal(read(p[0], out, sizeof(out)), 5);
	rig_ops(&r);
	rig_login(&r);
	rig_stop(&r);
	/* Nobody has kept the other end. */
	assert_int_equal(read(p[0], out, sizeof(out)), 0);
	(void)close(p[0]);
}

/*
 * Where nobody waits any more, rdvd is not told of a first start: its errors
 * would be final and end all runs, and its service token would change.
 */
static void
test_ready_was_heard(void **state)
{
	struct rig r;
	int p[2];

	(void)state;
	assert_int_equal(pipe2(p, O_CLOEXEC), 0);
	rig_prepare(&r);
	r.ready = p[1];
	rig_launch(&r, NULL);
	(void)close(p[1]);
	rig_daemon(&r);
	assert_true(rig_readable(p[0]));
	(void)close(p[0]);
	rig_kill_daemon(&r);
	rig_daemon(&r);
	assert_null(strstr(r.told, "--ready-fd"));
	assert_non_null(strstr(r.told, "\nfds 0 1 2 3 4 5 7\n"));
	rig_ops(&r);
	rig_login(&r);
	rig_stop(&r);
}

static void
copy_program(const char *name, const char *to)
{
	char tools[256], from[300], path[300];
	ssize_t n;
	int in, o;

	rig_tools(tools, sizeof(tools));
	snprintf(from, sizeof(from), "%s/real/%s", tools, name);
	snprintf(path, sizeof(path), "%s/%s", to, name);
	in = open(from, O_RDONLY | O_CLOEXEC);
	o = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0700);
	assert_true(in >= 0 && o >= 0);
	while ((n = sendfile(o, in, NULL, 1 << 20)) > 0)
		continue;
	assert_int_equal(n, 0);
	(void)close(in);
	(void)close(o);
}

/*
 * An update under a running rdv: the rdvd that follows a crash is still the
 * one of the same build, which [ops] lets adopt its terminals.
 */
static void
test_update_while_running(void **state)
{
	char path[128], aside[128];
	struct rig r;

	(void)state;
	rig_prepare(&r);
	r.programs = r.dir;
	copy_program("rdv-helper", r.dir);
	copy_program("rdvd", r.dir);
	rig_launch(&r, NULL);
	rig_daemon(&r);
	snprintf(path, sizeof(path), "%s/rdvd", r.dir);
	snprintf(aside, sizeof(aside), "%s/other", r.dir);
	assert_int_equal(symlink("/bin/false", aside), 0);
	assert_int_equal(rename(aside, path), 0);
	rig_kill_daemon(&r);
	rig_daemon(&r);
	rig_ops(&r);
	rig_login(&r);
	rig_stop(&r);
}

/* A rdvd that does not end is waited for, unless one is asked twice. */
static void
test_stop_twice(void **state)
{
	struct rig r;

	(void)state;
	rig_start(&r, NULL);
	assert_int_equal(kill(r.daemon, SIGSTOP), 0);
	assert_int_equal(kill(r.helper, SIGTERM), 0);
	rig_expect_log(&r, "stopping");
	assert_int_equal(kill(r.helper, SIGTERM), 0);
	assert_int_equal(rig_wait(&r), 0);
	assert_false(rig_alive(r.daemon));
	rig_cleanup(&r);
}

/*
 * Runs the helper under hostile conditions; its wait status. One that starts
 * all the same is killed.
 */
static int
hostile(void (*prepare)(void), char *const argv[])
{
	int64_t deadline = rig_deadline();
	char tools[256], program[300];
	int status;
	pid_t pid;

	rig_tools(tools, sizeof(tools));
	snprintf(program, sizeof(program), "%s/real/rdv-helper", tools);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		if (prepare != NULL)
			prepare();
		(void)execv(program, argv);
		_exit(126);
	}
	while (waitpid(pid, &status, WNOHANG) == 0)
		if (rig_late(deadline))
			(void)kill(pid, SIGKILL);
	return status;
}

static void
small_files(void)
{
	const struct rlimit none = { 0, 0 };

	(void)setrlimit(RLIMIT_FSIZE, &none);
}

static void
few_files(void)
{
	const struct rlimit few = { 16, 16 };

	(void)setrlimit(RLIMIT_NOFILE, &few);
}

static void
no_stdio(void)
{
	(void)close(0);
	(void)close(1);
	(void)close(2);
}

static void
abuse_E12_refused_starts(void **state)
{
	char *none[] = { NULL };
	char *relative[] = { "rdv-helper", "--base", "x", NULL };
	char *dots[] = { "rdv-helper", "--base", "/tmp/../etc", NULL };
	char *bad_fd[] = { "rdv-helper", "--base", "/tmp", "--ready-fd", "999",
		NULL };
	char *foreign[] = { "rdv-helper", "--base", "/tmp", NULL };
	char *file[] = { "rdv-helper", "--base", "/etc/passwd", NULL };
	struct rig r;
	/* Nothing is wrong with this one. */
	char *good[] = { "rdv-helper", "--base", r.base, NULL };

	(void)state;
	rig_prepare(&r);
	assert_int_equal(WEXITSTATUS(hostile(NULL, none)), 2);
	assert_int_equal(WEXITSTATUS(hostile(NULL, relative)), 2);
	assert_int_equal(WEXITSTATUS(hostile(NULL, dots)), 2);
	assert_int_equal(WEXITSTATUS(hostile(NULL, bad_fd)), 2);
	assert_int_equal(WEXITSTATUS(hostile(no_stdio, relative)), 2);
	assert_int_equal(WEXITSTATUS(hostile(small_files, good)), 77);
	assert_int_equal(WEXITSTATUS(hostile(few_files, good)), 77);
	assert_int_equal(WEXITSTATUS(hostile(NULL, foreign)), 77);
	assert_int_equal(WEXITSTATUS(hostile(NULL, file)), 77);
	rig_cleanup(&r);
}

static void
become_nobody(void)
{
	if (setresgid(65534, 65534, 65534) < 0 ||
	    setresuid(65534, 65534, 65534) < 0)
		_exit(125);
}

/* Installed set-uid by mistake: refused before the first privileged act. */
static void
abuse_E12_set_uid(void **state)
{
	char tools[256], real[300], copy[128], log[128];
	struct rig r;
	char *argv[] = { "rdv-helper", "--base", r.base, NULL };
	int status, in, to;
	ssize_t n;
	pid_t pid;

	(void)state;
	if (geteuid() != 0) {
		print_message("needs root to make a set-uid file\n");
		skip();
	}
	rig_prepare(&r);
	assert_int_equal(chmod(r.dir, 0755), 0);
	rig_tools(tools, sizeof(tools));
	snprintf(real, sizeof(real), "%s/real/rdv-helper", tools);
	snprintf(copy, sizeof(copy), "%s/helper", r.dir);
	snprintf(log, sizeof(log), "%s/log", r.dir);
	in = open(real, O_RDONLY | O_CLOEXEC);
	to = open(copy, O_WRONLY | O_CREAT | O_CLOEXEC, 0755);
	while ((n = read(in, out, sizeof(out))) > 0)
		assert_int_equal(write(to, out, (size_t)n), n);
	assert_int_equal(fchmod(to, 04755), 0);
	(void)close(in);
	(void)close(to);
	pid = fork();
	if (pid == 0) {
		(void)dup2(open(log, O_WRONLY | O_CREAT, 0600), 2);
		become_nobody();
		(void)execv(copy, argv);
		_exit(126);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(WEXITSTATUS(status), 77);
	rig_expect_log(&r, "must not be installed set-uid");
	rig_cleanup(&r);
}

/* All that can be normalised, at once; then a run shows that it was. */
static void
poison(void)
{
	const struct rlimit files = { 64, 4096 };
	const struct rlimit size = { 0, RLIM_INFINITY };
	const unsigned long ignore[8] = { (unsigned long)SIG_IGN };
	sigset_t all;
	int sig;

	/* Not signal(3): libc would keep 32 and 33 out of it. */
	for (sig = 1; sig <= 64; sig++)
		(void)syscall(SYS_rt_sigaction, sig, ignore, NULL, 8);
	sigfillset(&all);
	(void)sigprocmask(SIG_SETMASK, &all, NULL);
	(void)umask(0777);
	(void)setrlimit(RLIMIT_NOFILE, &files);
	(void)setrlimit(RLIMIT_FSIZE, &size);
	(void)setenv("LD_PRELOAD_X", "x", 1);
	(void)setenv("BASH_ENV", "/tmp/x", 1);
	(void)setenv("HOME", "/elsewhere", 1);
	(void)setenv("PATH", "/elsewhere", 1);
	(void)alarm(1000);
	(void)chdir("/tmp/rdv-priv-gone");
	(void)rmdir("/tmp/rdv-priv-gone");
}

static void
abuse_E12_normalised_starts(void **state)
{
	const struct rig_spawn s = {
		.argv = ARGV("/bin/sh", "-c",
		    "umask; ulimit -Sn; ulimit -f; echo $HOME; "
		    "echo ${BASH_ENV:-none}; "
		    "grep -E '^Sig(Blk|Ign)' /proc/self/status"),
		.cwd = "/tmp",
	};
	struct priv_exit end;
	struct rig r;
	pid_t pid;
	int status;

	(void)state;
	rig_prepare(&r);
	/* The whole test again in a process that is beyond repair. */
	pid = fork();
	if (pid == 0) {
		/* Not to be left behind by a test that fails. */
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		(void)mkdir("/tmp/rdv-priv-gone", 0700);
		poison();
		rig_launch(&r, NULL);
		/* Reports the pid, and lives on as the helper's parent. */
		(void)signal(SIGCHLD, SIG_DFL);
		while (waitpid(r.helper, &status, 0) < 0 && errno == EINTR)
			continue;
		_exit(WIFEXITED(status) ? WEXITSTATUS(status) : 99);
	}
	rig_daemon(&r);
	rig_ops(&r);
	rig_login(&r);
	assert_null(strstr(r.told, "BASH_ENV"));
	assert_null(strstr(r.told, "LD_PRELOAD"));
	assert_null(strstr(r.told, "/elsewhere"));
	rig_run(&r, &s, out, sizeof(out), &end);
	assert_memory_equal(out, "0022\n64\nunlimited\n", 18);
	assert_non_null(strstr(out, r.login.home));
	assert_non_null(strstr(out, "\nnone\n"));
	assert_non_null(strstr(out, "SigBlk:\t0000000000000000"));
	assert_non_null(strstr(out, "SigIgn:\t0000000000000000"));
	/* The test's own child ends with the helper's status. */
	r.helper = 0;
	assert_int_equal(kill(pid, SIGKILL), 0);
	(void)waitpid(pid, NULL, 0);
	/* --foreground-child: the helper follows it, and stops in order. */
	rig_gone(r.daemon);
	rig_cleanup(&r);
}

static void
abuse_E12_closed_stdio(void **state)
{
	const struct rig_spawn s = { .argv = ARGV("true") };
	struct priv_exit end;
	struct rig r;
	int keep[3], i;

	(void)state;
	rig_prepare(&r);
	for (i = 0; i < 3; i++)
		keep[i] = fcntl(i, F_DUPFD_CLOEXEC, 100);
	/* rig_launch() opens the log at 1 and 2; 0 stays closed. */
	(void)close(0);
	rig_launch(&r, NULL);
	for (i = 0; i < 3; i++) {
		(void)dup2(keep[i], i);
		(void)close(keep[i]);
	}
	rig_daemon(&r);
	rig_ops(&r);
	rig_login(&r);
	/* Nothing else has come to stand at 0. */
	assert_non_null(strstr(r.told, "\nfds 0 1 2 3 4 5 7\n"));
	rig_run(&r, &s, out, sizeof(out), &end);
	assert_int_equal(end.status, 0);
	rig_stop(&r);
}

static void
test_daemon_restarts(void **state)
{
	struct rig r;
	int64_t begun;
	pid_t first;
	int i;

	(void)state;
	rig_start(&r, NULL);
	begun = clock_mono_ms();
	for (i = 0; i < 4; i++) {
		first = r.daemon;
		rig_kill_daemon(&r);
		rig_daemon(&r);
		rig_ops(&r);
		rig_login(&r);
		assert_int_not_equal(first, r.daemon);
	}
	/*
	 * At once, then after 50, 100 and 200 ms; where each takes longer
	 * than 100 ms to come up, it has that time and no delay.
	 */
	assert_true(clock_mono_ms() - begun >= 300);
	rig_expect_log(&r, "rdvd pid=");
	rig_stop(&r);
}

static void
final_status(unsigned char status)
{
	struct rig r;
	int got;

	rig_start(&r, NULL);
	assert_int_equal(write(r.relay, &status, 1), 1);
	got = rig_wait(&r);
	assert_true(WIFEXITED(got));
	assert_int_equal(WEXITSTATUS(got), status);
	rig_cleanup(&r);
}

static void
test_final_refusals(void **state)
{
	unsigned char zero = 0;
	struct rig r;

	(void)state;
	final_status(77);
	final_status(78);
	/* 0 while nobody asked it to end is a crash like any other. */
	rig_start(&r, NULL);
	assert_int_equal(write(r.relay, &zero, 1), 1);
	(void)close(r.relay);
	(void)close(r.control);
	(void)close(r.api);
	(void)close(r.terminal);
	rig_daemon(&r);
	rig_ops(&r);
	rig_login(&r);
	rig_stop(&r);
}

/* The same connection is replaced when [ops] is new, and rdvd stays. */
static void
test_ops_restarts(void **state)
{
	struct rig r;
	pid_t daemon;
	int i;

	(void)state;
	rig_start(&r, NULL);
	daemon = r.daemon;
	for (i = 0; i < 3; i++) {
		assert_int_equal(kill((pid_t)r.hello.pid, SIGKILL), 0);
		rig_ops(&r);
		rig_login(&r);
	}
	assert_int_equal(r.daemon, daemon);
	assert_true(rig_alive(daemon));
	rig_stop(&r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_starts_and_stops),
		cmocka_unit_test(test_ready),
		cmocka_unit_test(test_ready_was_heard),
		cmocka_unit_test(test_update_while_running),
		cmocka_unit_test(test_stop_twice),
		cmocka_unit_test(abuse_E12_refused_starts),
		cmocka_unit_test(abuse_E12_set_uid),
		cmocka_unit_test(abuse_E12_normalised_starts),
		cmocka_unit_test(abuse_E12_closed_stdio),
		cmocka_unit_test(test_daemon_restarts),
		cmocka_unit_test(test_final_refusals),
		cmocka_unit_test(test_ops_restarts),
	};

	return CHECK_RUN("main", tests);
}
