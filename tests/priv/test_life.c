/* SPDX-License-Identifier: MIT */
/*
 * How runs end, and what outlives what: abuse H01-H03, H08, E10, E11, deaths of
 * reapers and of [ops]. Every case looks for processes that remain.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/priv/rig.h"
#include "tests/unit/check.h"

#define ARGV(...) ((const char *const[]){ __VA_ARGS__, NULL })
#define SH(text)  ARGV("/bin/sh", "-c", text)

static char out[1 << 16];
static char tools[512], actor[512];

static int
find_tools(void **state)
{
	(void)state;
	rig_tools(tools, sizeof(tools));
	snprintf(actor, sizeof(actor), "%.400s/actor", tools);
	return 0;
}

/* The first number that a run writes on its output. */
static pid_t
read_pid(int fd)
{
	char text[64] = "";
	const char *p;
	ssize_t n;

	assert_true(rig_readable(fd));
	n = read(fd, text, sizeof(text) - 1);
	assert_true(n > 0);
	p = strpbrk(text, "0123456789");
	assert_non_null(p);
	return (pid_t)atol(p);
}

struct stray {
	const char *profile, *how;
	struct rig_result res;
	pid_t pid;
};

static void
start_stray(struct rig *r, struct stray *t)
{
	const struct rig_spawn s = { .argv = ARGV(actor, "stray", t->how),
		.profile = t->profile,
		.paths =
		    strcmp(t->profile, "login") == 0 ? NULL : ARGV(tools) };

	rig_spawn(r, &s, &t->res);
	assert_int_equal(t->res.a.result, PRIV_DONE);
	t->pid = read_pid(t->res.fds.fd[1]);
	/* "stay": the program waits to be stopped; else it ends by itself. */
	if (strcmp(t->how, "stay") == 0)
		assert_int_equal(rig_signal(r, t->res.a.handle, SIGTERM, true),
		    PRIV_DONE);
}

static void
abuse_H01_strays(void **state)
{
	struct stray strays[] = { { .profile = "login", .how = "stay" },
		{ .profile = "login", .how = "leave" },
		{ .profile = "login", .how = "hold" },
		{ .profile = "script", .how = "stay" } };
	struct priv_exit end;
	struct rig r;
	size_t i;

	(void)state;
	rig_start(&r, NULL);
	for (i = 0; i < 4; i++)
		start_stray(&r, &strays[i]);
	for (i = 0; i < 4; i++) {
		rig_exit(&r, strays[i].res.a.handle, &end);
		/* All of it is gone by the time the end is told. */
		assert_false(rig_alive(strays[i].pid));
		assert_int_equal(end.swept, 1);
		assert_int_equal(rig_ack(&r, strays[i].res.a.handle),
		    PRIV_DONE);
		rig_close(&strays[i].res);
	}
	rig_stop(&r);
}

static void
abuse_H01_bites(void **state)
{
	const struct rig_spawn s = { .argv = ARGV(actor, "stray", "leave") };
	struct rig_result res;
	struct priv_exit end;
	struct rig r;
	pid_t stray;

	(void)state;
	rig_start(&r, "H01");
	rig_spawn(&r, &s, &res);
	stray = read_pid(res.fds.fd[1]);
	rig_exit(&r, res.a.handle, &end);
	assert_true(rig_alive(stray));
	rig_close(&res);
	rig_stop(&r);
	/* [main] is the last net, and ends it all the same. */
	rig_gone(stray);
}

static void
abuse_H02_stop_races_exit(void **state)
{
	const struct rig_spawn s = { .argv = ARGV("true") };
	struct priv_inventory_answer item;
	struct seqpkt_fds fds;
	struct rig_result res;
	struct priv_exit end;
	struct rig r;
	int i;

	(void)state;
	rig_start(&r, NULL);
	for (i = 0; i < 50; i++) {
		rig_spawn(&r, &s, &res);
		assert_int_equal(res.a.result, PRIV_DONE);
		assert_int_equal(rig_signal(&r, res.a.handle, SIGTERM, true),
		    PRIV_DONE);
		assert_int_equal(rig_signal(&r, res.a.handle, SIGTERM, true),
		    PRIV_DONE);
		rig_exit(&r, res.a.handle, &end);
		/* Once more, to what has ended: nobody's error. */
		assert_int_equal(rig_signal(&r, res.a.handle, SIGKILL, true),
		    PRIV_DONE);
		assert_int_equal(rig_ack(&r, res.a.handle), PRIV_DONE);
		rig_close(&res);
	}
	/* Exactly one notice each. */
	assert_int_equal(rig_inventory(&r, 0, &item, &fds), PRIV_NO_SUCH);
	assert_int_equal(r.nnotices, 0);
	rig_stop(&r);
}

static bool
set_next_pid(pid_t pid)
{
	char text[16];
	int fd = open("/proc/sys/kernel/ns_last_pid", O_WRONLY | O_CLOEXEC);
	bool ok;

	snprintf(text, sizeof(text), "%d", pid - 1);
	ok = fd >= 0 && write(fd, text, strlen(text)) > 0;
	if (fd >= 0)
		(void)close(fd);
	return ok;
}

/*
 * A bystander with exactly that pid, or 0 when others were faster. It echoes
 * what comes over its end, to show that it lives.
 */
static pid_t
bystander(pid_t wanted, const int pair[2])
{
	int64_t deadline = rig_deadline();
	char byte;
	pid_t pid;

	while (set_next_pid(wanted)) {
		pid = fork();
		if (pid == 0) {
			(void)close(pair[0]);
			while (read(pair[1], &byte, 1) == 1)
				(void)!write(pair[1], &byte, 1);
			_exit(0);
		}
		if (pid == wanted)
			return pid;
		(void)kill(pid, SIGKILL);
		(void)waitpid(pid, NULL, 0);
		if (rig_late(deadline))
			break;
	}
	return 0;
}

/* True when the bystander with the pid of an ended run lives on. */
static bool
pid_reuse(const char *mutant)
{
	const struct rig_spawn s = { .argv = ARGV("true") };
	struct rig_result res;
	struct priv_exit end;
	struct rig r;
	pid_t victim;
	int pair[2];
	char byte = 'x';
	bool lives;

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0,
			     pair),
	    0);
	rig_start(&r, mutant);
	rig_spawn(&r, &s, &res);
	rig_exit(&r, res.a.handle, &end);
	victim = bystander((pid_t)res.a.pid, pair);
	(void)close(pair[1]);
	assert_true(victim > 0);
	assert_int_equal(rig_signal(&r, res.a.handle, SIGKILL, true),
	    PRIV_DONE);
	assert_int_equal(rig_signal(&r, res.a.handle, SIGKILL, false),
	    PRIV_DONE);
	assert_int_equal(rig_ack(&r, res.a.handle), PRIV_DONE);
	lives = send(pair[0], &byte, 1, MSG_NOSIGNAL) == 1 &&
		rig_readable(pair[0]) && read(pair[0], &byte, 1) == 1;
	(void)close(pair[0]);
	(void)waitpid(victim, NULL, 0);
	rig_close(&res);
	rig_stop(&r);
	return lives;
}

static void
abuse_H03_pid_reuse(void **state)
{
	(void)state;
	if (geteuid() != 0) {
		print_message("needs root to choose the next pid\n");
		skip();
	}
	assert_true(pid_reuse(NULL));
	assert_false(pid_reuse("H03"));
}

static void
test_handles(void **state)
{
	const struct rig_spawn s = { .argv = ARGV("true") };
	struct rig_result res;
	struct priv_exit end;
	struct rig r;

	(void)state;
	rig_start(&r, NULL);
	rig_spawn(&r, &s, &res);
	assert_int_equal(res.a.handle >> 32, r.hello.generation >> 32);
	assert_int_equal(rig_signal(&r, res.a.handle + 1, SIGTERM, false),
	    PRIV_NO_SUCH);
	assert_int_equal(rig_signal(&r, 1, SIGTERM, false), PRIV_NO_SUCH);
	assert_int_equal(rig_signal(&r, 0, SIGTERM, false), PRIV_NO_SUCH);
	rig_exit(&r, res.a.handle, &end);
	assert_int_equal(rig_ack(&r, res.a.handle), PRIV_DONE);
	assert_int_equal(rig_signal(&r, res.a.handle, SIGTERM, false),
	    PRIV_NO_SUCH);
	rig_close(&res);
	rig_stop(&r);
}

static void
test_signals(void **state)
{
	const struct rig_spawn s = { .argv =
					 SH("trap 'echo usr1' USR1; echo $$; "
					    "while :; do read x; done") };
	struct rig_result res;
	struct priv_exit end;
	struct rig r;

	(void)state;
	rig_start(&r, NULL);
	rig_spawn(&r, &s, &res);
	(void)read_pid(res.fds.fd[1]);
	assert_int_equal(rig_ack(&r, res.a.handle), PRIV_DENIED);
	assert_int_equal(rig_signal(&r, res.a.handle, 0, false), PRIV_DENIED);
	assert_int_equal(rig_signal(&r, res.a.handle, 64, false), PRIV_DENIED);
	assert_int_equal(rig_signal(&r, res.a.handle, -1, true), PRIV_DENIED);
	assert_int_equal(rig_signal(&r, res.a.handle, SIGUSR1, false),
	    PRIV_DONE);
	assert_true(rig_readable(res.fds.fd[1]));
	assert_int_equal(read(res.fds.fd[1], out, sizeof(out)), 5);
	assert_memory_equal(out, "usr1\n", 5);
	assert_int_equal(rig_signal(&r, res.a.handle, SIGKILL, true),
	    PRIV_DONE);
	rig_exit(&r, res.a.handle, &end);
	assert_int_equal(WTERMSIG(end.status), SIGKILL);
	assert_int_equal(rig_ack(&r, res.a.handle), PRIV_DONE);
	rig_close(&res);
	rig_stop(&r);
}

/* The old session's stray holds its slave open; the new one sees no byte. */
static void
abuse_H08_terminal_reused(void **state)
{
	const struct rig_spawn old = { .argv = ARGV(actor, "stray", "hold"),
		.pty = true };
	const struct rig_spawn fresh = { .argv = SH("tty; echo fresh"),
		.pty = true };
	struct rig_result res;
	struct priv_exit end;
	struct rig r;
	pid_t stray;

	(void)state;
	rig_start(&r, NULL);
	rig_spawn(&r, &old, &res);
	assert_int_equal(res.a.result, PRIV_DONE);
	stray = read_pid(res.fds.fd[0]);
	rig_exit(&r, res.a.handle, &end);
	assert_false(rig_alive(stray));
	/* Nobody is left who could write to it. */
	(void)rig_read_all(res.fds.fd[0], out, sizeof(out));
	assert_int_equal(rig_ack(&r, res.a.handle), PRIV_DONE);
	rig_close(&res);
	rig_run(&r, &fresh, out, sizeof(out), &end);
	assert_non_null(strstr(out, "/dev/pts/"));
	assert_non_null(strstr(out, "\r\nfresh\r\n"));
	assert_null(strstr(out, "stray"));
	rig_stop(&r);
}

/*
 * What [ops] keeps for a daemon that dies: the output of a run that ended
 * meanwhile is whole, and no request is carried out twice (abuse E10).
 */
static void
abuse_E11_daemon_killed(void **state)
{
	const struct rig_spawn pty = { .argv = ARGV(actor, "count", "500"),
		.pty = true,
		.label = "the-terminal" };
	const struct rig_spawn pipes = { .argv = ARGV(actor, "count", "2000"),
		.label = "the-pipes" };
	struct priv_inventory_answer a;
	struct seqpkt_fds fds;
	struct rig_result one, two;
	struct rig r;

	(void)state;
	rig_start(&r, NULL);
	rig_spawn(&r, &pty, &one);
	rig_spawn(&r, &pipes, &two);
	rig_close(&one);
	rig_close(&two);
	rig_kill_daemon(&r);
	rig_daemon(&r);
	rig_ops(&r);
	rig_login(&r);
	assert_int_equal(rig_inventory(&r, 0, &a, &fds), PRIV_DONE);
	assert_int_equal(a.handle, one.a.handle);
	assert_string_equal(a.label, "the-terminal");
	assert_string_equal(a.profile, "login");
	assert_int_equal(fds.n, 3);
	(void)rig_read_all(fds.fd[0], out, sizeof(out));
	assert_memory_equal(out, "0\r\n1\r\n", 6);
	assert_non_null(strstr(out, "\r\n499\r\n"));
	seqpkt_fds_close(&fds);
	assert_int_equal(rig_inventory(&r, a.handle, &a, &fds), PRIV_DONE);
	assert_string_equal(a.label, "the-pipes");
	assert_int_equal(a.io, PRIV_IO_PIPES);
	/* Standard input was rdvd's alone. */
	assert_int_equal(fds.n, 2);
	(void)rig_read_all(fds.fd[0], out, sizeof(out));
	assert_memory_equal(out, "0\n1\n", 4);
	assert_non_null(strstr(out, "\n1999\n"));
	seqpkt_fds_close(&fds);
	assert_int_equal(rig_inventory(&r, a.handle, &a, &fds), PRIV_NO_SUCH);
	rig_stop(&r);
}

/* A run that waits on its full terminal goes on for the next daemon. */
static void
abuse_E11_runs_are_kept(void **state)
{
	const struct rig_spawn s = { .argv = ARGV(actor, "wait") };
	struct priv_inventory_answer a;
	struct seqpkt_fds fds;
	struct rig_result res;
	struct rig r;
	pid_t pid;

	(void)state;
	rig_start(&r, NULL);
	rig_spawn(&r, &s, &res);
	pid = read_pid(res.fds.fd[1]);
	assert_int_equal(pid, res.a.pid);
	rig_close(&res);
	rig_kill_daemon(&r);
	rig_daemon(&r);
	rig_ops(&r);
	/* Grants end with the daemon they were given to. */
	rig_login(&r);
	assert_int_equal(rig_inventory(&r, 0, &a, &fds), PRIV_DONE);
	assert_int_equal(a.state, PRIV_RUNNING);
	assert_int_equal(a.pid, pid);
	seqpkt_fds_close(&fds);
	assert_true(rig_alive(pid));
	/* End of file from [main] is the other policy: all runs end. */
	rig_stop(&r);
	assert_false(rig_alive(pid));
}

static void
test_grant_ends_with_connection(void **state)
{
	const struct rig_spawn s = { .argv = ARGV("true") };
	uint8_t old[PRIV_GRANT_LEN], fresh[PRIV_GRANT_LEN];
	struct rig_result res;
	struct priv_exit end;
	struct rig r;

	(void)state;
	rig_start(&r, NULL);
	memcpy(old, r.login.grant, sizeof(old));
	rig_kill_daemon(&r);
	rig_daemon(&r);
	rig_ops(&r);
	rig_login(&r);
	memcpy(fresh, r.login.grant, sizeof(fresh));
	memcpy(r.login.grant, old, sizeof(old));
	rig_spawn(&r, &s, &res);
	assert_int_equal(res.a.result, PRIV_DENIED);
	memcpy(r.login.grant, fresh, sizeof(fresh));
	rig_run(&r, &s, out, sizeof(out), &end);
	rig_stop(&r);
}

static unsigned
lines(const struct rig *r, const char *name)
{
	char path[128], text[4096];
	unsigned n = 0;
	ssize_t len, i;
	int fd;

	snprintf(path, sizeof(path), "%s/%s", r->dir, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	len = fd < 0 ? 0 : read(fd, text, sizeof(text));
	for (i = 0; i < len; i++)
		n += text[i] == '\n';
	if (fd >= 0)
		(void)close(fd);
	return n;
}

static void
abuse_E10_ops_killed(void **state)
{
	char cmd[256];
	const struct rig_spawn s = { .argv = SH(cmd) };
	uint64_t generation;
	struct rig_result res;
	struct priv_exit end;
	struct rig r;
	int i;

	(void)state;
	rig_start(&r, NULL);
	snprintf(cmd, sizeof(cmd), "echo once >> %s/effects", r.dir);
	for (i = 0; i < 5; i++) {
		generation = r.hello.generation;
		/* In the middle of a request, wherever that is. */
		rig_spawn_send(&r, &s);
		assert_int_equal(kill((pid_t)r.hello.pid, SIGKILL), 0);
		assert_true(rig_closed(r.ops) || r.ops >= 0);
		rig_ops(&r);
		r.nnotices = 0;
		rig_login(&r);
		assert_true(generation != r.hello.generation);
		/* Carried out once or not at all, never again. */
		assert_true(lines(&r, "effects") <= (unsigned)i + 1);
	}
	/* And it serves again. */
	rig_spawn(&r, &s, &res);
	assert_int_equal(res.a.result, PRIV_DONE);
	rig_exit(&r, res.a.handle, &end);
	rig_close(&res);
	rig_expect_log(&r, "ended signal=9");
	rig_stop(&r);
}

/* With [ops] gone the reaper brings its run to its end; [main] waits for it. */
static void
test_run_outlives_ops(void **state)
{
	const struct rig_spawn s = { .argv = ARGV(actor, "wait") };
	struct rig_result res;
	struct rig r;
	pid_t pid;

	(void)state;
	rig_start(&r, NULL);
	rig_spawn(&r, &s, &res);
	pid = read_pid(res.fds.fd[1]);
	assert_int_equal(kill((pid_t)r.hello.pid, SIGKILL), 0);
	rig_ops(&r);
	rig_login(&r);
	assert_true(rig_alive(pid));
	rig_close(&res);
	rig_stop(&r);
	assert_false(rig_alive(pid));
}

static pid_t
parent_of(pid_t pid)
{
	char path[64], text[512] = "";
	const char *p;
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	n = read(fd, text, sizeof(text) - 1);
	(void)close(fd);
	assert_true(n > 0);
	p = strrchr(text, ')');
	return (pid_t)atol(p + 4);
}

static void
kill_reaper(const char *profile)
{
	const struct rig_spawn s = { .argv = ARGV(actor, "stray", "stay"),
		.profile = profile,
		.paths = strcmp(profile, "login") == 0 ? NULL : ARGV(tools) };
	struct rig_result res;
	struct priv_exit end;
	struct rig r;
	pid_t stray;

	rig_start(&r, NULL);
	rig_spawn(&r, &s, &res);
	assert_int_equal(res.a.result, PRIV_DONE);
	stray = read_pid(res.fds.fd[1]);
	assert_int_equal(kill(parent_of((pid_t)res.a.pid), SIGKILL), 0);
	rig_exit(&r, res.a.handle, &end);
	assert_int_equal(WTERMSIG(end.status), SIGKILL);
	assert_false(rig_alive(stray));
	assert_false(rig_alive((pid_t)res.a.pid));
	assert_int_equal(rig_ack(&r, res.a.handle), PRIV_DONE);
	rig_close(&res);
	rig_stop(&r);
}

static void
test_reaper_killed(void **state)
{
	(void)state;
	kill_reaper("login");
	kill_reaper("script");
}

/* A soft signal comes once to each, however many others end meanwhile. */
static void
test_soft_signal_once(void **state)
{
	const struct rig_spawn s = {
		.argv = SH("trap 'echo term' TERM; "
			   "for i in 1 2 3 4 5; do sh -c 'read x' & done; "
			   "echo $$; while :; do wait; read x <&0 || :; done"),
	};
	struct rig_result res;
	struct priv_exit end;
	struct rig r;

	(void)state;
	rig_start(&r, NULL);
	rig_spawn(&r, &s, &res);
	(void)read_pid(res.fds.fd[1]);
	assert_int_equal(rig_signal(&r, res.a.handle, SIGTERM, true),
	    PRIV_DONE);
	(void)rig_read_all(res.fds.fd[1], out, sizeof(out));
	assert_string_equal(out, "term\n");
	rig_exit(&r, res.a.handle, &end);
	assert_int_equal(WTERMSIG(end.status), SIGKILL);
	rig_close(&res);
	rig_stop(&r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(abuse_H01_strays),
		cmocka_unit_test(abuse_H01_bites),
		cmocka_unit_test(abuse_H02_stop_races_exit),
		cmocka_unit_test(abuse_H03_pid_reuse),
		cmocka_unit_test(test_handles),
		cmocka_unit_test(test_signals),
		cmocka_unit_test(abuse_H08_terminal_reused),
		cmocka_unit_test(abuse_E11_daemon_killed),
		cmocka_unit_test(abuse_E11_runs_are_kept),
		cmocka_unit_test(test_grant_ends_with_connection),
		cmocka_unit_test(abuse_E10_ops_killed),
		cmocka_unit_test(test_run_outlives_ops),
		cmocka_unit_test(test_reaper_killed),
		cmocka_unit_test(test_soft_signal_once),
	};

	return cmocka_run_group_tests_name("life", tests, find_tools, NULL);
}
