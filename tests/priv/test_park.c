/* SPDX-License-Identifier: MIT */
/*
 * Nothing but its program or its owner ends a run: not the death of [ops], not
 * that of rdvd too, in whatever order (abuse P05). The next ones find it, with
 * its descriptors and, in the end, its true status.
 */
#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/priv/rig.h"
#include "tests/priv/rigactor.h"
#include "tests/unit/check.h"

static char out[1 << 16];

/* Another [ops], which has said HELLO and given a grant. */
static void
kill_ops(struct rig *r)
{
	const uint64_t generation = r->hello.generation;

	assert_int_equal(kill((pid_t)r->hello.pid, SIGKILL), 0);
	rig_ops(r);
	r->nnotices = 0;
	rig_login(r);
	assert_true(generation != r->hello.generation);
}

/* Both were killed: the first socket may still be one to the dead [ops]. */
static void
another_daemon(struct rig *r)
{
	struct pollfd p;

	rig_gone((pid_t)r->hello.pid);
	rig_daemon(r);
	do {
		rig_ops(r);
		p = (struct pollfd){ .fd = r->ops };
	} while (poll(&p, 1, 0) == 1 && (p.revents & POLLHUP));
	r->nnotices = 0;
	rig_login(r);
}

/* The only run there is. */
static void
only(struct rig *r, struct priv_inventory_answer *a, struct seqpkt_fds *fds)
{
	struct priv_inventory_answer more;
	struct seqpkt_fds none;

	assert_int_equal(rig_inventory(r, 0, a, fds), PRIV_DONE);
	assert_int_equal(rig_inventory(r, a->handle, &more, &none),
	    PRIV_NO_SUCH);
}

static void
nothing(struct rig *r)
{
	struct priv_inventory_answer a;
	struct seqpkt_fds fds;

	assert_int_equal(rig_inventory(r, 0, &a, &fds), PRIV_NO_SUCH);
}

#define MANY 100

/* What a run has written is its own label. */
static void
hears_itself(const struct priv_inventory_answer *a,
    const struct seqpkt_fds *fds)
{
	size_t len = strlen(a->label), have = 0;
	ssize_t n;

	while (have < len) {
		assert_true(rig_readable(fds->fd[0]));
		n = read(fds->fd[0], out + have, len - have);
		assert_true(n > 0);
		have += (size_t)n;
	}
	assert_memory_equal(out, a->label, len);
}

/* All of one answer; true with the end of the list. */
static bool
take_answer(struct rig *r, uint64_t *after, unsigned *seen)
{
	struct priv_inventory_answer a;
	struct seqpkt_many many;
	struct seqpkt_fds fds;
	struct buf b;
	bool end = false;

	rig_inventories(r, *after, SEQPKT_MANY_MAX, &b, &many);
	while (rig_next(&b, &many, &a, &fds)) {
		assert_false(end);
		end = a.result != PRIV_DONE;
		if (end)
			continue;
		assert_true(a.handle > *after);
		*after = a.handle;
		(*seen)++;
		hears_itself(&a, &fds);
		seqpkt_fds_close(&fds);
	}
	assert_int_equal(many.n, 0);
	buf_done(&b);
	return end;
}

/* How many runs come with so many descriptors at most; their last handle. */
static unsigned
runs_of(struct rig *r, uint8_t most, uint64_t *after)
{
	struct priv_inventory_answer a;
	struct seqpkt_many many;
	struct seqpkt_fds fds;
	unsigned n = 0;
	struct buf b;

	rig_inventories(r, *after, most, &b, &many);
	assert_in_range(many.n, 0, most);
	while (rig_next(&b, &many, &a, &fds) && a.result == PRIV_DONE) {
		*after = a.handle;
		seqpkt_fds_close(&fds);
		n++;
	}
	assert_int_equal(a.result, n > 0 ? PRIV_DONE : PRIV_BUSY);
	buf_done(&b);
	return n;
}

/*
 * One answer has as many runs as fit, each with its own descriptors, and the
 * last one that there are no more.
 */
static void
abuse_P05_many_in_few_answers(void **state)
{
	const char *argv[] = { "/bin/sh", "-c", "printf $0; exec sleep 600",
		NULL, NULL };
	struct rig_spawn s = { .argv = argv };
	struct rig_result res;
	unsigned i, answers = 1, seen = 0;
	uint64_t after = 0;
	char label[16];
	struct rig r;

	(void)state;
	rig_start(&r, NULL);
	for (i = 0; i < MANY; i++) {
		snprintf(label, sizeof(label), "label-%u", i);
		s.label = argv[3] = label;
		rig_spawn(&r, &s, &res);
		assert_int_equal(res.a.result, PRIV_DONE);
		rig_close(&res);
	}
	kill_ops(&r);
	/* Nor more than there is room for, of which each takes two. */
	assert_int_equal(runs_of(&r, 5, &after), 2);
	assert_int_equal(runs_of(&r, 2, &after), 1);
	assert_int_equal(runs_of(&r, 1, &after), 0);
	after = 0;
	while (!take_answer(&r, &after, &seen))
		assert_true(++answers < MANY / 10);
	assert_int_equal(seen, MANY);
	rig_stop(&r);
}

/* Asks again, and what it gets is what the first [ops] knew. */
static void
abuse_P05_ops_killed(void **state)
{
	const struct rig_spawn s = { .argv = SH("echo $$; read x; exit 7"),
		.label = "the-pipes" };
	struct priv_inventory_answer a;
	struct rig_result res;
	struct seqpkt_fds fds;
	struct priv_exit end;
	struct rig r;
	pid_t pid;
	int i;

	(void)state;
	rig_start(&r, NULL);
	rig_spawn(&r, &s, &res);
	assert_int_equal(res.a.result, PRIV_DONE);
	pid = rig_read_pid(res.fds.fd[1]);
	for (i = 0; i < 3; i++) {
		kill_ops(&r);
		only(&r, &a, &fds);
		assert_int_equal(a.handle, res.a.handle);
		assert_int_equal(a.state, PRIV_RUNNING);
		assert_int_equal(a.pid, pid);
		assert_int_equal(a.guards, res.a.guards);
		assert_string_equal(a.label, "the-pipes");
		assert_string_equal(a.profile, "login");
		assert_memory_equal(&a.hold, &res.a.hold, sizeof(a.hold));
		assert_int_equal(fds.n, 2);
		seqpkt_fds_close(&fds);
		assert_true(rig_alive(pid));
	}
	/* Standard input is still ours alone. */
	(void)close(res.fds.fd[0]);
	res.fds.fd[0] = -1;
	rig_exit(&r, res.a.handle, &end);
	assert_int_equal(WEXITSTATUS(end.status), 7);
	assert_true(end.maxrss_kb > 0);
	assert_int_equal(rig_ack(&r, res.a.handle), PRIV_DONE);
	nothing(&r);
	kill_ops(&r);
	nothing(&r);
	rig_close(&res);
	rig_stop(&r);
}

/* Its bytes lie in the terminal, and are whole for the next of both. */
static void
both_killed(bool ops_first)
{
	const struct rig_spawn s = { .argv = ARGV(actor, "count", "300"),
		.pty = true };
	struct priv_inventory_answer a;
	struct rig_result res;
	struct seqpkt_fds fds;
	struct priv_exit end;
	struct rig r;

	rig_start(&r, NULL);
	rig_spawn(&r, &s, &res);
	assert_int_equal(res.a.result, PRIV_DONE);
	rig_close(&res);
	if (ops_first) {
		assert_int_equal(kill((pid_t)r.hello.pid, SIGKILL), 0);
		rig_kill_daemon(&r);
	} else {
		rig_kill_daemon(&r);
		assert_int_equal(kill((pid_t)r.hello.pid, SIGKILL), 0);
	}
	another_daemon(&r);
	only(&r, &a, &fds);
	assert_int_equal(a.handle, res.a.handle);
	assert_int_equal(fds.n, 3);
	(void)rig_read_all(fds.fd[0], out, sizeof(out));
	assert_memory_equal(out, "0\r\n1\r\n", 6);
	assert_non_null(strstr(out, "\r\n299\r\n"));
	seqpkt_fds_close(&fds);
	if (a.state != PRIV_EXITED) {
		rig_exit(&r, a.handle, &end);
		a.status = end.status;
	}
	assert_int_equal(a.status, 0);
	assert_int_equal(rig_ack(&r, a.handle), PRIV_DONE);
	rig_stop(&r);
}

static void
abuse_P05_both_killed(void **state)
{
	(void)state;
	both_killed(true);
	both_killed(false);
}

/* Told and not confirmed: it is told again, with the same status. */
static void
abuse_P05_end_not_durable(void **state)
{
	const struct rig_spawn s = { .argv = SH("exit 5") };
	struct priv_inventory_answer a;
	struct rig_result res;
	struct seqpkt_fds fds;
	struct priv_exit end;
	struct rig r;
	int i;

	(void)state;
	rig_start(&r, NULL);
	rig_spawn(&r, &s, &res);
	rig_exit(&r, res.a.handle, &end);
	assert_int_equal(WEXITSTATUS(end.status), 5);
	for (i = 0; i < 2; i++) {
		kill_ops(&r);
		do {
			only(&r, &a, &fds);
			assert_int_equal(fds.n, 2);
			seqpkt_fds_close(&fds);
		} while (a.state != PRIV_EXITED);
		assert_int_equal(WEXITSTATUS(a.status), 5);
	}
	assert_int_equal(rig_ack(&r, res.a.handle), PRIV_DONE);
	nothing(&r);
	rig_close(&res);
	rig_stop(&r);
}

static void
abuse_P05_signals(void **state)
{
	const struct rig_spawn s = { .argv = ARGV(actor, "stray", "stay") };
	struct rig_result res;
	struct priv_exit end;
	struct rig r;
	pid_t stray;

	(void)state;
	rig_start(&r, NULL);
	rig_spawn(&r, &s, &res);
	stray = rig_read_pid(res.fds.fd[1]);
	kill_ops(&r);
	assert_int_equal(rig_signal(&r, res.a.handle, SIGTERM, true),
	    PRIV_DONE);
	rig_exit(&r, res.a.handle, &end);
	assert_int_equal(end.swept, 1);
	assert_false(rig_alive(stray));
	rig_close(&res);
	rig_stop(&r);
}

/* Of a reaper that is killed then [main] has all that it leaves to end. */
static void
reaper_killed(const char *mutant, bool is_off)
{
	const struct rig_spawn s = { .argv = ARGV(actor, "stray", "stay") };
	struct rig_result res;
	struct priv_exit end;
	struct rig r;
	pid_t stray, reaper;

	rig_start(&r, mutant);
	rig_spawn(&r, &s, &res);
	assert_int_equal(res.a.result, PRIV_DONE);
	stray = rig_read_pid(res.fds.fd[1]);
	reaper = rig_parent((pid_t)res.a.pid);
	kill_ops(&r);
	assert_int_equal(rig_parent(reaper), r.helper);
	assert_int_equal(kill(reaper, SIGKILL), 0);
	rig_exit(&r, res.a.handle, &end);
	assert_int_equal(WTERMSIG(end.status), SIGKILL);
	assert_int_equal(rig_alive(stray), is_off);
	assert_int_equal(rig_ack(&r, res.a.handle), PRIV_DONE);
	nothing(&r);
	rig_close(&res);
	rig_stop(&r);
	rig_gone(stray);
}

static void
abuse_P05_reaper_killed(void **state)
{
	(void)state;
	reaper_killed(NULL, false);
	/* It bites: the end is told, and something of it is still there. */
	reaper_killed("H01", true);
}

static void
await_children(pid_t pid, unsigned wanted)
{
	const int64_t deadline = rig_deadline();
	char path[64], text[512];
	unsigned n;
	ssize_t len, i;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/children", pid, pid);
	do {
		assert_false(rig_late(deadline));
		fd = open(path, O_RDONLY | O_CLOEXEC);
		assert_true(fd >= 0);
		len = read(fd, text, sizeof(text));
		(void)close(fd);
		for (n = 0, i = 0; i < len; i++)
			n += text[i] == ' ';
	} while (n != wanted);
}

/*
 * Nobody was told of it, so nobody would ever ask for its end: it ends.
 */
static void
abuse_P05_start_under_way(void **state)
{
	const struct priv_login m = { .kind = PRIV_LOGIN_UID, .uid = getuid() };
	const struct rig_spawn s = { .argv = ARGV("sleep", "1000") };
	struct rig r;

	(void)state;
	rig_start(&r, "hang");
	rig_spawn_send(&r, &s);
	await_children((pid_t)r.hello.pid, 1);
	/* It has been told what to become when the next request is answered. */
	rig_ask_login(&r, &m, &r.login);
	assert_int_equal(r.login.result, PRIV_DONE);
	kill_ops(&r);
	nothing(&r);
	/* The three, and no reaper of what nobody knows of. */
	await_children(r.helper, 3);
	rig_stop(&r);
}

/* Without a place with [main] a run is not there any more for the next. */
static void
abuse_P05_bites(void **state)
{
	const struct rig_spawn s = { .argv = ARGV(actor, "wait") };
	struct rig_result res;
	struct rig r;
	pid_t pid;

	(void)state;
	rig_start(&r, "P05");
	rig_spawn(&r, &s, &res);
	pid = rig_read_pid(res.fds.fd[1]);
	kill_ops(&r);
	nothing(&r);
	assert_true(rig_alive(pid));
	rig_close(&res);
	rig_stop(&r);
	rig_gone(pid);
}

static unsigned
fds_of(pid_t pid)
{
	char path[64];
	struct dirent *e;
	unsigned n = 0;
	DIR *d;

	snprintf(path, sizeof(path), "/proc/%d/fd", pid);
	d = opendir(path);
	if (d == NULL)
		return 0; /* not dumpable, and we are not root */
	while ((e = readdir(d)) != NULL)
		n += e->d_name[0] != '.';
	(void)closedir(d);
	return n;
}

/* What [main] keeps it lets go of with the end of the run. */
static void
abuse_P05_nothing_stays(void **state)
{
	const struct rig_spawn s = { .argv = ARGV("cat"), .pty = true };
	struct rig_result res[8];
	struct priv_exit end;
	unsigned before, i, round;
	int64_t deadline;
	struct rig r;

	(void)state;
	rig_start(&r, NULL);
	kill_ops(&r);
	before = fds_of(r.helper);
	for (round = 0; round < 3; round++) {
		for (i = 0; i < 8; i++)
			rig_spawn(&r, &s, &res[i]);
		kill_ops(&r);
		for (i = 0; i < 8; i++) {
			assert_int_equal(rig_signal(&r, res[i].a.handle,
					     SIGKILL, true),
			    PRIV_DONE);
			rig_exit(&r, res[i].a.handle, &end);
			assert_int_equal(WTERMSIG(end.status), SIGKILL);
			assert_int_equal(rig_ack(&r, res[i].a.handle),
			    PRIV_DONE);
			rig_close(&res[i]);
		}
	}
	deadline = rig_deadline();
	while (fds_of(r.helper) > before)
		assert_false(rig_late(deadline));
	rig_stop(&r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(abuse_P05_ops_killed),
		cmocka_unit_test(abuse_P05_both_killed),
		cmocka_unit_test(abuse_P05_many_in_few_answers),
		cmocka_unit_test(abuse_P05_end_not_durable),
		cmocka_unit_test(abuse_P05_signals),
		cmocka_unit_test(abuse_P05_reaper_killed),
		cmocka_unit_test(abuse_P05_start_under_way),
		cmocka_unit_test(abuse_P05_bites),
		cmocka_unit_test(abuse_P05_nothing_stays),
	};

	return cmocka_run_group_tests_name("park", tests, find_tools, NULL);
}
