/* SPDX-License-Identifier: MIT */
/*
 * How runs end, and what outlives what: abuse H08, E10, E11, deaths of reapers
 * and of [ops]. Every case looks for processes that remain.
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

#include "priv-helper/cgroup.h"
#include "tests/priv/rig.h"
#include "tests/priv/rigactor.h"
#include "tests/unit/check.h"

static char out[1 << 16];

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
	stray = rig_read_pid(res.fds.fd[0]);
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

/*
 * Whoever is spoken to hears the next daemon as well: its input does not end
 * with the one that spoke, and ends when that is said, whoever has it still.
 */
static void
abuse_E11_a_program_is_spoken_to(void **state)
{
	const struct rig_spawn s = { .argv = ARGV("/bin/cat"), .talk = true };
	struct priv_inventory_answer a;
	struct seqpkt_fds fds;
	struct rig_result res;
	struct rig r;

	(void)state;
	rig_start(&r, NULL);
	rig_spawn(&r, &s, &res);
	assert_int_equal(res.fds.n, 3);
	/* One way alone: there is nothing to be read, now or later. */
	assert_int_equal(read(res.fds.fd[0], out, 1), 0);
	assert_int_equal(write(res.fds.fd[0], "one\n", 4), 4);
	rig_close(&res);
	rig_kill_daemon(&r);
	rig_daemon(&r);
	rig_ops(&r);
	rig_login(&r);
	assert_int_equal(rig_inventory(&r, 0, &a, &fds), PRIV_DONE);
	assert_int_equal(a.io, PRIV_IO_TALK);
	assert_int_equal(a.state, PRIV_RUNNING);
	assert_int_equal(fds.n, 3);
	assert_int_equal(write(fds.fd[0], "two\n", 4), 4);
	assert_int_equal(shutdown(fds.fd[0], SHUT_WR), 0);
	(void)rig_read_all(fds.fd[1], out, sizeof(out));
	assert_string_equal(out, "one\ntwo\n");
	seqpkt_fds_close(&fds);
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
	pid = rig_read_pid(res.fds.fd[1]);
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

/*
 * The daemon dies while its start is under way: the next one finds the run in
 * its INVENTORY, although it asks before the program has begun.
 */
static enum priv_result
start_under_way(struct rig *r, const char *mutant,
    struct priv_inventory_answer *a, struct seqpkt_fds *fds)
{
	const struct rig_spawn s = { .argv = ARGV("cat"), .label = "slow" };

	rig_start(r, mutant);
	rig_spawn_send(r, &s);
	rig_kill_daemon(r);
	rig_daemon(r);
	rig_ops(r);
	rig_login(r);
	return rig_inventory(r, 0, a, fds);
}

static void
abuse_E11_start_under_way(void **state)
{
	struct priv_inventory_answer a;
	struct seqpkt_fds fds;
	struct priv_exit end;
	struct rig r;

	(void)state;
	assert_int_equal(start_under_way(&r, "slow", &a, &fds), PRIV_DONE);
	assert_string_equal(a.label, "slow");
	assert_int_equal(fds.n, 2);
	seqpkt_fds_close(&fds);
	/* Standard input had nobody to go to, so the program sees its end. */
	rig_exit(&r, a.handle, &end);
	assert_int_equal(end.status, 0);
	rig_stop(&r);
	/* It bites: asked at once, [ops] knows of no run. */
	assert_int_equal(start_under_way(&r, "slow+E11", &a, &fds),
	    PRIV_NO_SUCH);
	rig_cleanup(&r);
}

/* Without [main] there is nobody to be found by: everything ends. */
static void
abuse_E11_main_killed(void **state)
{
	const struct rig_spawn s = { .argv = ARGV(actor, "wait") };
	char cgroups[CGROUP_PATH];
	struct rig_result res;
	struct rig r;
	pid_t pid;

	(void)state;
	rig_start(&r, NULL);
	rig_spawn(&r, &s, &res);
	pid = rig_read_pid(res.fds.fd[1]);
	assert_int_equal(kill(r.helper, SIGKILL), 0);
	(void)rig_wait(&r);
	rig_gone(pid);
	rig_gone((pid_t)r.hello.pid);
	rig_close(&res);
	rig_kill_daemon(&r);
	/* In [main]'s place: [ops] does not wait long for the end of a run. */
	if (cgroup_place(NULL, r.base, cgroups) == 0)
		cgroup_done(cgroups);
	rig_cleanup(&r);
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
	pid = rig_read_pid(res.fds.fd[1]);
	assert_int_equal(kill((pid_t)r.hello.pid, SIGKILL), 0);
	rig_ops(&r);
	rig_login(&r);
	assert_true(rig_alive(pid));
	rig_close(&res);
	rig_stop(&r);
	assert_false(rig_alive(pid));
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
	stray = rig_outside((pid_t)res.a.pid, rig_read_pid(res.fds.fd[1]));
	assert_int_equal(kill(rig_parent((pid_t)res.a.pid), SIGKILL), 0);
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

/* Descriptors on their way, which count for the account until received. */
static void
hoard(int pair[2], unsigned n)
{
	const struct seqpkt_fds fds = { .fd = { 0, 0, 0, 0 }, .n = 4 };
	unsigned i;

	assert_int_equal(seqpkt_pair(pair), 0);
	for (i = 0; i < n; i += fds.n)
		assert_int_equal(seqpkt_send(pair[0], "x", 1, &fds), 0);
}

/*
 * A program of the account has sent itself more descriptors than [ops] may
 * have on their way. Starts fail and say why, and when it ends all goes on, on
 * the same connection: nobody would bring another.
 */
static void
test_descriptors_hoarded(void **state)
{
	const struct rig_spawn s = { .argv = ARGV("cat"), .pty = true };
	struct priv_inventory_answer a;
	struct rig_result kept, res;
	struct seqpkt_fds fds;
	struct rig r;
	int pair[2];

	(void)state;
	rig_prepare(&r);
	r.nofile = 64;
	rig_launch(&r, NULL);
	rig_daemon(&r);
	rig_ops(&r);
	rig_login(&r);
	rig_spawn(&r, &s, &kept);
	assert_int_equal(kept.a.result, PRIV_DONE);
	hoard(pair, 128);
	rig_spawn(&r, &s, &res);
	assert_int_equal(res.a.result, PRIV_FAILED);
	assert_string_equal(res.a.stage, "P7 hand over");
	assert_int_equal(res.a.err, ETOOMANYREFS);
	assert_int_equal(res.fds.n, 0);
	assert_int_equal(rig_inventory(&r, 0, &a, &fds), PRIV_BUSY);
	assert_int_equal(fds.n, 0);
	(void)close(pair[0]);
	(void)close(pair[1]);
	/* What could not be handed over does not run. */
	assert_int_equal(rig_inventory(&r, 0, &a, &fds), PRIV_DONE);
	assert_int_equal(a.handle, kept.a.handle);
	seqpkt_fds_close(&fds);
	assert_int_equal(rig_inventory(&r, a.handle, &a, &fds), PRIV_NO_SUCH);
	rig_spawn(&r, &s, &res);
	assert_int_equal(res.a.result, PRIV_DONE);
	rig_close(&res);
	rig_close(&kept);
	rig_stop(&r);
}

#define LITTER                                                             \
	"i=0; while [ $i -lt 2000 ]; do : >$TMPDIR/$i; i=$((i+1)); done; " \
	"echo $TMPDIR; read end || :"

/* Its end is told when the last thing of it is gone, which is its TMPDIR. */
static void
test_ended_means_nothing_is_left(void **state)
{
	const struct rig_spawn s = { .profile = "script", .argv = SH(LITTER) };
	struct rig_result res;
	struct priv_exit end;
	char dir[64];
	ssize_t n;
	struct rig r;

	(void)state;
	rig_start(&r, NULL);
	rig_spawn(&r, &s, &res);
	assert_int_equal(res.a.result, PRIV_DONE);
	assert_true(rig_readable(res.fds.fd[1]));
	n = read(res.fds.fd[1], out, sizeof(out) - 1);
	assert_true(n > 0);
	out[n - 1] = '\0';
	rig_tmpdir((pid_t)res.a.pid, out, dir);
	assert_int_equal(access(dir, F_OK), 0);
	(void)close(res.fds.fd[0]);
	res.fds.fd[0] = -1;
	rig_exit(&r, res.a.handle, &end);
	assert_int_equal(end.status, 0);
	assert_int_equal(access(dir, F_OK), -1);
	assert_int_equal(rig_ack(&r, res.a.handle), PRIV_DONE);
	rig_close(&res);
	rig_stop(&r);
}

struct tidying {
	pid_t reaper; /* stopped */
	uint64_t handle;
};

/* A run whose reaper is stopped while it tidies; false when [ops] is busy. */
static bool
stop_a_tidying_reaper(struct rig *r, struct tidying *t)
{
	const struct rig_spawn s = { .profile = "script", .argv = SH(LITTER) };
	struct rig_result res;

	rig_spawn(r, &s, &res);
	if (res.a.result == PRIV_BUSY)
		return false;
	assert_int_equal(res.a.result, PRIV_DONE);
	t->handle = res.a.handle;
	assert_true(rig_readable(res.fds.fd[1]));
	t->reaper = rig_parent((pid_t)res.a.pid);
	assert_int_equal(kill(t->reaper, SIGSTOP), 0);
	(void)close(res.fds.fd[0]);
	res.fds.fd[0] = -1;
	(void)rig_read_all(res.fds.fd[1], out, sizeof(out));
	rig_close(&res);
	return true;
}

/*
 * Runs that have ended hold a descriptor and a place of poll(2) while their
 * reapers tidy. However many there are, [ops] says that it is busy and lives.
 */
static void
test_slow_tidying(void **state)
{
	const struct rig_spawn s = { .argv = ARGV("true") };
	struct rig_result res;
	struct tidying stopped[128];
	struct priv_exit end;
	unsigned n = 0, i;
	int64_t deadline;
	struct rig r;

	(void)state;
	rig_prepare(&r);
	r.nofile = 64;
	rig_launch(&r, NULL);
	rig_daemon(&r);
	rig_ops(&r);
	rig_login(&r);
	while (n < 128 && stop_a_tidying_reaper(&r, &stopped[n]))
		n++;
	assert_true(n > 0 && n < 128);
	for (i = 0; i < n; i++)
		(void)kill(stopped[i].reaper, SIGCONT);
	for (i = 0; i < n; i++) {
		rig_exit(&r, stopped[i].handle, &end);
		assert_int_equal(rig_ack(&r, stopped[i].handle), PRIV_DONE);
	}
	deadline = rig_deadline();
	do {
		assert_false(rig_late(deadline));
		rig_spawn(&r, &s, &res);
		rig_close(&res);
	} while (res.a.result == PRIV_BUSY);
	assert_int_equal(res.a.result, PRIV_DONE);
	rig_stop(&r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(abuse_H08_terminal_reused),
		cmocka_unit_test(abuse_E11_daemon_killed),
		cmocka_unit_test(abuse_E11_a_program_is_spoken_to),
		cmocka_unit_test(abuse_E11_runs_are_kept),
		cmocka_unit_test(abuse_E11_start_under_way),
		cmocka_unit_test(abuse_E11_main_killed),
		cmocka_unit_test(test_grant_ends_with_connection),
		cmocka_unit_test(abuse_E10_ops_killed),
		cmocka_unit_test(test_run_outlives_ops),
		cmocka_unit_test(test_reaper_killed),
		cmocka_unit_test(test_descriptors_hoarded),
		cmocka_unit_test(test_ended_means_nothing_is_left),
		cmocka_unit_test(test_slow_tidying),
	};

	return cmocka_run_group_tests_name("life", tests, find_tools, NULL);
}
