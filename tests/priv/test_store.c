/* SPDX-License-Identifier: MIT */
/*
 * Nor does the death of [main] end a run, where a service manager keeps what it
 * is reached by (abuse P05). This test is in the manager's place: it has all
 * descriptors, and gives them to the next [main].
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/priv/rigactor.h"
#include "tests/priv/rigkeep.h"
#include "tests/priv/rigstore.h"
#include "tests/priv/rigsys.h"
#include "tests/unit/check.h"

#define NEEDS_ROOT                \
	if (!rigsys_possible()) { \
		skip();           \
		return;           \
	}

static char out[1 << 16];
static int
begin(void **state)
{
	(void)find_tools(state);
	return prctl(PR_SET_CHILD_SUBREAPER, 1);
}

/* Killed again and again: the run is the same, and so is its end. */
static void
abuse_P05_main_killed(void **state)
{
	struct priv_inventory_answer a;
	struct rig_result res;
	struct rigkeep k = { 0 };
	struct rigsys s;
	pid_t pid, reaper;
	int i;

	(void)state;
	NEEDS_ROOT;
	rigstore_begin(&s, &k, NULL);
	rigstore_spawn(&s, SH("echo $$; read x; exit 7"), &res);
	pid = rig_read_pid(res.fds.fd[1]);
	reaper = rig_parent(pid);
	rigkeep_expect(&k, RIGSTORE_PIPES);
	for (i = 0; i < 3; i++) {
		rigstore_kill_main(&s, &k);
		assert_int_equal(k.n, RIGSTORE_PIPES);
		assert_int_equal(rig_parent(reaper), getpid());
		rigstore_another(&s, NULL);
		assert_int_equal(rigstore_inventory(&s.rig, &a), 1);
		assert_int_equal(a.handle, res.a.handle);
		assert_int_equal(a.state, PRIV_RUNNING);
		assert_int_equal(a.pid, pid);
		assert_int_equal(a.uid, s.uids[0]);
		assert_int_equal(a.guards, res.a.guards);
		assert_string_equal(a.label, "kept");
		assert_memory_equal(&a.hold, &res.a.hold, sizeof(a.hold));
		assert_true(rig_alive(pid));
	}
	(void)close(res.fds.fd[0]);
	res.fds.fd[0] = -1;
	rigstore_expect_end(&s, res.a.handle, 7 << 8);
	assert_int_equal(rigstore_inventory(&s.rig, &a), 0);
	rigkeep_expect(&k, 0);
	rigstore_ended(reaper);
	rig_close(&res);
	rigstore_end(&s, &k);
}

/* Stopped under one [main] and set going under none: the reaper knows. */
static void
abuse_H17_main_killed_while_stopped(void **state)
{
	struct rig_result res;
	struct rigkeep k = { 0 };
	struct rigsys s;
	pid_t pid;

	(void)state;
	NEEDS_ROOT;
	rigstore_begin(&s, &k, NULL);
	rigstore_spawn(&s, SH("echo $$; read x; exit 7"), &res);
	pid = rig_read_pid(res.fds.fd[1]);
	assert_int_equal(kill(pid, SIGSTOP), 0);
	rig_halt(&s.rig, res.a.handle, PRIV_HALTED);
	rigkeep_expect(&k, RIGSTORE_PIPES);
	rigstore_kill_main(&s, &k);
	rigstore_another(&s, NULL);
	assert_int_equal(rigstore_halt(&s.rig), PRIV_HALTED);
	rigstore_kill_main(&s, &k);
	assert_int_equal(kill(pid, SIGCONT), 0);
	rigstore_another(&s, NULL);
	assert_int_equal(rigstore_halt(&s.rig), PRIV_GOES_ON);
	rig_close(&res);
	rigstore_expect_end(&s, res.a.handle, 7 << 8);
	rigkeep_expect(&k, 0);
	rigstore_end(&s, &k);
}

/* What it writes while there is no [main] is there, and how it ended then. */
static void
abuse_P05_main_killed_output(void **state)
{
	char text[600];
	const struct rig_spawn sp = { .argv = SH(text), .pty = true };
	struct priv_inventory_answer a;
	struct rig_result res;
	struct rigkeep k = { 0 };
	struct seqpkt_fds fds;
	struct rigsys s;

	(void)state;
	NEEDS_ROOT;
	(void)snprintf(text, sizeof(text), "read x; exec %s count 300", actor);
	rigstore_begin(&s, &k, NULL);
	rig_spawn(&s.rig, &sp, &res);
	assert_int_equal(res.a.result, PRIV_DONE);
	rigkeep_expect(&k, RIGSTORE_PTY);
	rigstore_kill_main(&s, &k);
	assert_int_equal(write(res.fds.fd[0], "\n", 1), 1);
	rig_close(&res);
	rigstore_another(&s, NULL);
	assert_int_equal(rig_inventory(&s.rig, 0, &a, &fds), PRIV_DONE);
	assert_int_equal(a.handle, res.a.handle);
	assert_int_equal(fds.n, 3);
	(void)rig_read_all(fds.fd[0], out, sizeof(out));
	assert_non_null(strstr(out, "\r\n0\r\n1\r\n"));
	assert_non_null(strstr(out, "\r\n299\r\n"));
	seqpkt_fds_close(&fds);
	if (a.state == PRIV_EXITED) {
		assert_int_equal(a.status, 0);
		assert_int_equal(rig_ack(&s.rig, a.handle), PRIV_DONE);
	} else {
		rigstore_expect_end(&s, a.handle, 0);
	}
	rigstore_end(&s, &k);
}

/* One that has ended, and nobody has confirmed that: once on record. */
static void
abuse_P05_main_killed_end_not_durable(void **state)
{
	struct priv_inventory_answer a;
	struct rig_result res;
	struct rigkeep k = { 0 };
	struct rigsys s;
	struct priv_exit e;

	(void)state;
	NEEDS_ROOT;
	rigstore_begin(&s, &k, NULL);
	/* Ended any earlier it would have no pidfd to be kept. */
	rigstore_spawn(&s, SH("read word; exit 5"), &res);
	rigkeep_expect(&k, RIGSTORE_PIPES);
	assert_int_equal(write(res.fds.fd[0], "\n", 1), 1);
	rig_exit(&s.rig, res.a.handle, &e);
	assert_int_equal(e.status, 5 << 8);
	/* With its end it has one more. */
	rigkeep_expect(&k, RIGSTORE_PIPES + 1);
	rigstore_kill_main(&s, &k);
	rigstore_another(&s, NULL);
	do
		assert_int_equal(rigstore_inventory(&s.rig, &a), 1);
	while (a.state != PRIV_EXITED);
	assert_int_equal(a.status, 5 << 8);
	assert_int_equal(rig_ack(&s.rig, a.handle), PRIV_DONE);
	rigkeep_expect(&k, 0);
	rig_close(&res);
	rigstore_end(&s, &k);
}

/* As `systemctl restart` says it, and then as a stop. */
static void
abuse_P05_a_restart_is_no_stop(void **state)
{
	struct priv_inventory_answer a;
	struct rig_result res;
	struct rigkeep k = { 0 };
	struct rigsys s;
	pid_t pid, ops;

	(void)state;
	NEEDS_ROOT;
	rigstore_begin(&s, &k, NULL);
	rigstore_spawn(&s, SH("echo $$; exec sleep 600"), &res);
	pid = rig_read_pid(res.fds.fd[1]);
	ops = (pid_t)s.rig.hello.pid;
	assert_int_equal(kill(s.rig.helper, SIGURG), 0);
	assert_int_equal(kill(s.rig.helper, SIGTERM), 0);
	assert_int_equal(rig_wait(&s.rig), 0);
	assert_int_equal(kill(ops, 0), -1);
	/* That rdvd has ended as well, and in order. */
	(void)close(s.rig.relay);
	(void)close(s.rig.control);
	(void)close(s.rig.ops);
	s.rig.ops = -1;
	rigkeep_expect(&k, RIGSTORE_PIPES);
	assert_true(rig_alive(pid));
	rigstore_another(&s, NULL);
	assert_int_equal(rigstore_inventory(&s.rig, &a), 1);
	assert_int_equal(a.pid, pid);
	rig_close(&res);
	rigstore_end(&s, &k);
	assert_false(rig_alive(pid));
}

/* With the last that has its socket a run ends: nobody comes any more. */
static void
abuse_P05_store_dropped(void **state)
{
	struct priv_inventory_answer a;
	struct rig_result res;
	struct rigkeep k = { 0 };
	struct rigsys s;
	pid_t pid, reaper;

	(void)state;
	NEEDS_ROOT;
	rigstore_begin(&s, &k, NULL);
	rigstore_spawn(&s, SH("echo $$; exec sleep 600"), &res);
	pid = rig_read_pid(res.fds.fd[1]);
	reaper = rig_parent(pid);
	rigkeep_expect(&k, RIGSTORE_PIPES);
	rigstore_kill_main(&s, &k);
	assert_true(rig_alive(pid));
	rigkeep_clear(&k);
	rigstore_ended(reaper);
	assert_false(rig_alive(pid));
	rigstore_another(&s, NULL);
	assert_int_equal(rigstore_inventory(&s.rig, &a), 0);
	rig_close(&res);
	rigstore_end(&s, &k);
}

/* Its end is told even so, and what it leaves ends where there are cgroups. */
static void
abuse_P05_main_and_reaper_killed(void **state)
{
	struct rig_result res;
	struct rigkeep k = { 0 };
	struct rigsys s;
	pid_t pid, reaper;

	(void)state;
	NEEDS_ROOT;
	rigstore_begin(&s, &k, NULL);
	rigstore_spawn(&s, SH("echo $$; exec sleep 600"), &res);
	pid = rig_read_pid(res.fds.fd[1]);
	reaper = rig_parent(pid);
	rigkeep_expect(&k, RIGSTORE_PIPES);
	rigstore_kill_main(&s, &k);
	rigstore_another(&s, NULL);
	assert_int_equal(kill(reaper, SIGKILL), 0);
	rigstore_expect_end(&s, res.a.handle, SIGKILL);
	rigkeep_expect(&k, 0);
	rig_log(&s.rig, out, sizeof(out));
	if (strstr(out, "no cgroup is delegated") != NULL)
		(void)kill(pid, SIGKILL);
	rigstore_ended(pid);
	rigstore_ended(reaper);
	rig_close(&res);
	rigstore_end(&s, &k);
}

/* What is with the manager of the first of two runs, and what is not. */
enum damage { NONE, UNSEALED, CUT, VERSION, SOCKET, ANOTHER, PIDFD };

static int
copy_of(int fd, off_t less, unsigned at, unsigned seals)
{
	char bytes[16384];
	const ssize_t n = pread(fd, bytes, sizeof(bytes), 0);
	int copy = memfd_create("copy", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	assert_true(n > 0 && n < (ssize_t)sizeof(bytes) && copy >= 0);
	if (at != 0)
		bytes[at] ^= 64;
	assert_int_equal(write(copy, bytes, (size_t)(n - less)), n - less);
	assert_int_equal(fcntl(copy, F_ADD_SEALS, seals), 0);
	return copy;
}

static void
replace(struct rigkept *one, int fd)
{
	(void)close(one->fd);
	one->fd = fd;
}

static void
damage(struct rigkeep *k, enum damage how)
{
	const unsigned all = F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK;
	struct rigkept *record = rigkeep_nth(k, 0);

	if (how == UNSEALED)
		replace(record, copy_of(record->fd, 0, 0, F_SEAL_GROW));
	if (how == CUT)
		replace(record, copy_of(record->fd, 1, 0, all));
	if (how == VERSION)
		replace(record, copy_of(record->fd, 0, 8, all));
	if (how == SOCKET)
		rigkeep_drop(k, rigkeep_nth(k, 1));
	if (how == PIDFD)
		replace(rigkeep_nth(k, RIGSTORE_PIPES - 1),
		    open("/dev/null", O_RDONLY | O_CLOEXEC));
	/* The record of the other run in the place of this one's. */
	if (how == ANOTHER)
		replace(record, dup(rigkeep_nth(k, RIGSTORE_PIPES)->fd));
}

/* True when the first one is there for the next [main]. */
static bool
survives(enum damage how, const char *mutant)
{
	struct priv_inventory_answer a;
	struct rig_result res[2];
	struct rigkeep k = { 0 };
	unsigned i, n;
	struct rigsys s;
	pid_t pid[2];

	rigstore_begin(&s, &k, mutant);
	for (i = 0; i < 2; i++) {
		rigstore_spawn(&s, SH("echo $$; exec sleep 600"), &res[i]);
		pid[i] = rig_read_pid(res[i].fds.fd[1]);
		rigkeep_expect(&k, (i + 1) * RIGSTORE_PIPES);
	}
	rigstore_kill_main(&s, &k);
	damage(&k, how);
	rigstore_another(&s, mutant);
	n = rigstore_inventory(&s.rig, &a);
	if (n == 1) {
		rig_expect_log(&s.rig, "it cannot be gone on with");
		rig_gone(pid[how == ANOTHER && rig_alive(pid[1])
				 ? 0
				 : a.pid == (uint32_t)pid[0]]);
		/* All of it is taken back. */
		rigkeep_expect(&k, RIGSTORE_PIPES);
	}
	assert_true(rig_alive((pid_t)a.pid));
	for (i = 0; i < 2; i++)
		rig_close(&res[i]);
	rigstore_end(&s, &k);
	assert_false(rig_alive(pid[0]) || rig_alive(pid[1]));
	return n == 2;
}

static void
abuse_P05_damaged_record(void **state)
{
	(void)state;
	NEEDS_ROOT;
	assert_true(survives(NONE, NULL));
	assert_false(survives(UNSEALED, NULL));
	assert_false(survives(CUT, NULL));
	assert_false(survives(VERSION, NULL));
	assert_false(survives(SOCKET, NULL));
	assert_false(survives(ANOTHER, NULL));
	assert_false(survives(PIDFD, NULL));
	/* It bites: a record that anybody may still write to is believed. */
	assert_true(survives(UNSEALED, "P05-seals"));
}

/* What is not kept is told, and ends with [main]; what is kept does not. */
static void
abuse_P05_store_full(void **state)
{
	struct priv_inventory_answer a;
	struct rigkeep k = { .max = 2 * RIGSTORE_PIPES };
	struct rig_result res[2];
	struct rigsys s;
	unsigned i;
	pid_t pid[2];

	(void)state;
	NEEDS_ROOT;
	rigstore_begin(&s, &k, NULL);
	for (i = 0; i < 2; i++) {
		rigstore_spawn(&s, SH("echo $$; exec sleep 600"), &res[i]);
		pid[i] = rig_read_pid(res[i].fds.fd[1]);
		rigkeep_expect(&k, RIGSTORE_PIPES);
	}
	rig_expect_log(&s.rig, "no room for run");
	rigstore_kill_main(&s, &k);
	rig_gone(pid[1]);
	rigstore_another(&s, NULL);
	assert_int_equal(rigstore_inventory(&s.rig, &a), 1);
	assert_int_equal(a.pid, pid[0]);
	for (i = 0; i < 2; i++)
		rig_close(&res[i]);
	rigstore_end(&s, &k);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(abuse_P05_main_killed),
		cmocka_unit_test(abuse_H17_main_killed_while_stopped),
		cmocka_unit_test(abuse_P05_main_killed_output),
		cmocka_unit_test(abuse_P05_main_killed_end_not_durable),
		cmocka_unit_test(abuse_P05_a_restart_is_no_stop),
		cmocka_unit_test(abuse_P05_store_dropped),
		cmocka_unit_test(abuse_P05_main_and_reaper_killed),
		cmocka_unit_test(abuse_P05_damaged_record),
		cmocka_unit_test(abuse_P05_store_full),
	};

	return cmocka_run_group_tests_name("store", tests, begin, NULL);
}
