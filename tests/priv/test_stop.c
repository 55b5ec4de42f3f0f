/* SPDX-License-Identifier: MIT */
/*
 * Stopping a run: everything it started is gone with it, a signal reaches
 * nobody else, and a stop that comes too late is no error (abuse H01-H03).
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
#include "tests/priv/rigactor.h"
#include "tests/unit/check.h"

static char out[1 << 16];

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
	t->pid = rig_read_pid(t->res.fds.fd[1]);
	/* "stay": the program waits to be stopped; else it ends by itself. */
	if (strcmp(t->how, "stay") != 0)
		return;
	t->pid = rig_outside((pid_t)t->res.a.pid, t->pid);
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
	stray = rig_read_pid(res.fds.fd[1]);
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
		if (kill(wanted, 0) == 0 || errno == EPERM ||
		    rig_late(deadline))
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
	int pair[2], left;
	char byte = 'x';
	bool lives;

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0,
			     pair),
	    0);
	rig_start(&r, mutant);
	/* A spare run may have the number first, and keeps it. */
	for (left = 5, victim = 0; victim == 0; left--) {
		assert_true(left > 0);
		rig_spawn(&r, &s, &res);
		rig_exit(&r, res.a.handle, &end);
		victim = bystander((pid_t)res.a.pid, pair);
		if (victim > 0)
			break;
		assert_int_equal(rig_ack(&r, res.a.handle), PRIV_DONE);
		rig_close(&res);
	}
	(void)close(pair[1]);
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
	(void)rig_read_pid(res.fds.fd[1]);
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

/* Reads on until `text` has `n` lines. */
static void
read_lines(int fd, char *text, size_t size, unsigned n)
{
	size_t len = 0;
	ssize_t got;

	while (n > 0) {
		assert_true(rig_readable(fd));
		got = read(fd, text + len, size - 1 - len);
		assert_true(got > 0);
		for (; got > 0; got--)
			n -= text[len++] == '\n';
	}
	text[len] = '\0';
}

/* The program, a child in its group, and one with a session of its own. */
static void
group_signal(const char *mutant)
{
	const struct rig_spawn s = {
		.argv = SH("say() { trap \"echo $1\" USR1; echo up; "
			   "sleep 60 & wait; wait; }; "
			   "(say child) & "
			   "setsid sh -c 'trap \"echo other\" USR1; echo up; "
			   "sleep 60 & wait; wait' & say program"),
	};
	struct rig_result res;
	struct priv_exit end;
	struct rig r;

	rig_start(&r, mutant);
	rig_spawn(&r, &s, &res);
	assert_int_equal(res.a.result, PRIV_DONE);
	read_lines(res.fds.fd[1], out, sizeof(out), 3);
	assert_int_equal(rig_signal(&r, res.a.handle, SIGUSR1, false),
	    PRIV_DONE);
	read_lines(res.fds.fd[1], out, sizeof(out), 2);
	assert_non_null(strstr(out, "program\n"));
	assert_non_null(strstr(out, "child\n"));
	assert_int_equal(rig_signal(&r, res.a.handle, SIGKILL, true),
	    PRIV_DONE);
	(void)rig_read_all(res.fds.fd[1], out, sizeof(out));
	assert_string_equal(out, "");
	rig_exit(&r, res.a.handle, &end);
	rig_close(&res);
	rig_stop(&r);
}

/* By pidfd, and on a kernel whose pidfd cannot name a group. */
static void
test_group_signal(void **state)
{
	(void)state;
	group_signal(NULL);
	group_signal("pidfd group");
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
	(void)rig_read_pid(res.fds.fd[1]);
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
		cmocka_unit_test(test_group_signal),
		cmocka_unit_test(test_soft_signal_once),
	};

	return cmocka_run_group_tests_name("stop", tests, find_tools, NULL);
}
