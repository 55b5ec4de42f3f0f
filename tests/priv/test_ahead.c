/* SPDX-License-Identifier: MIT */
/*
 * Spare runs: after a start there is one for the next, which takes it. It is
 * its account's alone, holds nothing that a run would not, and is gone when it
 * is not wanted; one that was killed, or that no longer fits, costs nothing.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/clock.h"
#include "priv-helper/order.h"
#include "tests/priv/rigahead.h"
#include "tests/priv/rigaudit.h"
#include "tests/priv/rigops.h"
#include "tests/unit/check.h"

/* Of a token: enough for one start on a loaded machine. */
#define SHORT_MS 4000

static char out[1 << 12];

static void
start_with(const struct rig_spawn *s)
{
	pid_t spare;
	struct rig r;

	rig_start(&r, NULL);
	assert_int_equal(rigahead_spares(&r).n, 0);
	(void)rigahead_start(&r, s);
	spare = rigahead_wait(&r, 1);
	assert_int_equal(rigahead_start(&r, s), spare);
	assert_int_not_equal(rigahead_wait(&r, 1), spare);
	rig_stop(&r);
}

static void
the_next_start_takes_it(void **state)
{
	const struct rig_spawn login = { .argv = ARGV("cat") },
			       pty = { .argv = ARGV("cat"), .pty = true },
			       script = { .argv = ARGV("cat"),
				       .profile = "script" },
			       agent = { .argv = ARGV("cat"),
				       .profile = "agent",
				       .pty = true };

	(void)state;
	start_with(&login);
	start_with(&pty);
	start_with(&script);
	start_with(&agent);
}

/* Another profile, network or kind of input is another kind of run. */
static void
another_kind_does_not(void **state)
{
	struct rig_spawn s = { .argv = ARGV("cat"), .profile = "script" };
	pid_t spare;
	struct rig r;

	(void)state;
	rig_start(&r, NULL);
	(void)rigahead_start(&r, &s);
	spare = rigahead_wait(&r, 1);
	s.net = PRIV_NET_NONE;
	assert_int_not_equal(rigahead_start(&r, &s), spare);
	s.pty = true;
	assert_int_not_equal(rigahead_start(&r, &s), spare);
	s.profile = "agent";
	assert_int_not_equal(rigahead_start(&r, &s), spare);
	(void)rigahead_wait(&r, 4);
	/* There are so many and no more, the youngest kinds. */
	s.profile = "login";
	s.net = PRIV_NET_PROFILE;
	(void)rigahead_start(&r, &s);
	rig_gone(spare);
	(void)rigahead_wait(&r, 4);
	rig_stop(&r);
}

/* It has an rdv-egress of its own, which is made with it. */
static void
a_list_takes_none(void **state)
{
	const struct rig_spawn full = { .argv = ARGV("cat"),
		.profile = "script" };
	struct rig_spawn list = { .argv = ARGV("cat"),
		.profile = "script",
		.hosts = ARGV("192.0.2.1:1"),
		.net = PRIV_NET_LIST };
	pid_t spare;
	struct rig r;

	(void)state;
	rig_start(&r, NULL);
	/* Nothing is held to a list there. */
	if ((r.hello.features & PRIV_F_USERNS) == 0)
		list = full;
	(void)rigahead_start(&r, &list);
	/* What is remembered first is made first. */
	(void)rigahead_start(&r, &full);
	spare = rigahead_wait(&r, 1);
	if (list.net == PRIV_NET_LIST)
		assert_int_not_equal(rigahead_start(&r, &list), spare);
	assert_int_equal(rigahead_start(&r, &full), spare);
	rig_stop(&r);
}

/* It is somebody's before it is a run, and no more than the run will be. */
static void
abuse_E01_a_spare_holds_nothing(void **state)
{
	const struct rig_spawn s = { .argv = ARGV("cat"), .profile = "script" };
	struct rigops o;
	char text[128];
	pid_t spare;

	(void)state;
	rigops_need();
	rigops_start(&o, NULL);
	rigops_enter(&o, 0);
	(void)rigahead_start(&o.rig, &s);
	spare = rigahead_wait(&o.rig, 1);
	rigops_status(spare, "Uid", text);
	assert_int_equal(strtoul(text, NULL, 10), o.who[0].uid);
	rigops_status(spare, "CapPrm", text);
	assert_int_equal(strtoul(text, NULL, 16), 0);
	rigops_status(spare, "CapBnd", text);
	assert_int_equal(strtoul(text, NULL, 16), 0);
	rigops_status(spare, "NoNewPrivs", text);
	assert_int_equal(strtoul(text, NULL, 10), 1);
	/* With the filter that it will run under. */
	rigops_status(spare, "Seccomp", text);
	assert_int_equal(strtoul(text, NULL, 10), 2);
	/* Its three, where it reports a failure, and the rule set. */
	assert_int_equal(rigahead_fds(spare), 5);
	rigops_status(rig_parent(spare), "Uid", text);
	assert_int_equal(strtoul(text, NULL, 10), o.who[0].uid);
	rigops_stop(&o);
}

static void
abuse_E01_a_spare_is_one_accounts(void **state)
{
	struct rig_spawn s = { .argv = SH("id -u; echo $PPID") };
	char uid[16], text[RIGOPS_TEXT];
	uint8_t sum[PRIV_HASH_LEN];
	struct rigops o;
	pid_t spare;

	(void)state;
	rigops_need();
	rigops_start(&o, NULL);
	rigops_enter(&o, 0);
	rig_done(&o.rig, &s, out, sizeof(out));
	spare = rigahead_wait(&o.rig, 1);
	rigops_enrol(&o, 1, 0, text, sum);
	rigops_enter(&o, 1);
	rig_done(&o.rig, &s, out, sizeof(out));
	snprintf(uid, sizeof(uid), "%u\n", o.who[1].uid);
	assert_memory_equal(out, uid, strlen(uid));
	assert_int_not_equal(strtol(strchr(out, '\n'), NULL, 10),
	    rig_parent(spare));
	/* The other's is still there, and one of this account's. */
	(void)rigahead_wait(&o.rig, 2);
	assert_true(rig_alive(spare));
	rigops_stop(&o);
}

/*
 * How many such pieces of memory a process has, and of which run the last is.
 */
static unsigned
orders(pid_t pid, unsigned long *inode)
{
	static char text[1 << 17];
	unsigned long from, to, number;
	char *line, *save, mode[8];
	unsigned n = 0;

	rigahead_read(pid, "maps", text, sizeof(text));
	assert_true(text[0] != '\0');
	for (line = strtok_r(text, "\n", &save); line != NULL;
	     line = strtok_r(NULL, "\n", &save)) {
		if (sscanf(line, "%lx-%lx %7s %*s %*s %lu", &from, &to, mode,
			&number) == 4 &&
		    to - from == ORDER_BYTES && strcmp(mode, "rw-s") == 0) {
			*inode = number;
			n++;
		}
	}
	return n;
}

/* What one is to run is written where no other account's process can look. */
static void
abuse_E01_an_order_is_one_runs(void **state)
{
	const struct rig_spawn s = { .argv = ARGV("cat") };
	unsigned long own[2], reapers;
	struct rig_result res;
	struct rigops o;
	struct rigahead_pids now;
	unsigned i;

	(void)state;
	rigops_need();
	rigops_start(&o, NULL);
	for (i = 0; i < 2; i++) {
		rigops_enter(&o, i);
		rig_spawn(&o.rig, &s, &res);
		assert_int_equal(res.a.result, PRIV_DONE);
		/* Made while the first one's spare run waited. */
		assert_int_equal(orders(rig_parent((pid_t)res.a.pid), &reapers),
		    1);
		assert_int_equal(orders((pid_t)res.a.pid, &reapers), 0);
		rig_close(&res);
		(void)rigahead_wait(&o.rig, i + 1);
	}
	now = rigahead_spares(&o.rig);
	for (i = 0; i < 2; i++) {
		assert_int_equal(orders(now.pid[i], &own[i]), 1);
		assert_int_equal(orders(rig_parent(now.pid[i]), &reapers), 1);
		assert_int_equal(reapers, own[i]);
	}
	assert_int_not_equal(own[0], own[1]);
	rigops_stop(&o);
}

/* Accounts and rights are new: what was made by the old ones is not used. */
static void
abuse_E01_a_spare_ends_with_its_rights(void **state)
{
	const struct rig_spawn s = { .argv = ARGV("cat") };
	struct rigops o;
	pid_t spare;

	(void)state;
	rigops_need();
	rigops_start(&o, NULL);
	rigops_enter(&o, 0);
	(void)rigahead_start(&o.rig, &s);
	spare = rigahead_wait(&o.rig, 1);
	rigops_reload(&o, 3);
	rig_gone(spare);
	assert_int_equal(rigahead_spares(&o.rig).n, 0);
	(void)rigahead_start(&o.rig, &s);
	(void)rigahead_wait(&o.rig, 1);
	rigops_stop(&o);
}

/* With a grant that is left it is taken, and ends with the last one. */
static void
abuse_E01_a_spare_ends_with_its_token(void **state)
{
	const struct rig_spawn s = { .argv = ARGV("cat") };
	char text[2][RIGOPS_TEXT];
	uint8_t sum[2][PRIV_HASH_LEN];
	struct rigops o;
	pid_t spare;
	unsigned i;

	(void)state;
	rigops_need();
	rigops_start(&o, NULL);
	for (i = 0; i < 2; i++) {
		rigops_enrol(&o, 0, 0, text[i], sum[i]);
		assert_int_equal(rigops_login(&o, PRIV_LOGIN_TOKEN, 0, text[i]),
		    PRIV_DONE);
	}
	(void)rigahead_start(&o.rig, &s);
	spare = rigahead_wait(&o.rig, 1);
	assert_int_equal(rig_revoke(&o.rig, sum[0]), PRIV_DONE);
	assert_int_equal(rigahead_start(&o.rig, &s), spare);
	spare = rigahead_wait(&o.rig, 1);
	assert_int_equal(rig_revoke(&o.rig, sum[1]), PRIV_DONE);
	rig_gone(spare);
	rigops_stop(&o);
}

/* A grant ends with its token as well, or with the connection. */
static void
abuse_E01_a_spare_ends_with_its_grant(void **state)
{
	const struct rig_spawn s = { .argv = ARGV("cat") };
	char text[RIGOPS_TEXT];
	uint8_t sum[PRIV_HASH_LEN];
	struct rigops o;
	pid_t spare;

	(void)state;
	rigops_need();
	rigops_start(&o, NULL);
	rigops_enrol(&o, 0, clock_wall_ms() + SHORT_MS, text, sum);
	assert_int_equal(rigops_login(&o, PRIV_LOGIN_TOKEN, 0, text),
	    PRIV_DONE);
	(void)rigahead_start(&o.rig, &s);
	rig_gone(rigahead_wait(&o.rig, 1));
	rigops_enter(&o, 0);
	(void)rigahead_start(&o.rig, &s);
	spare = rigahead_wait(&o.rig, 1);
	rigops_reconnect(&o);
	rig_gone(spare);
	rigops_stop(&o);
}

static enum priv_result
logout(struct rig *r)
{
	struct priv_logout m;
	struct priv_header h;
	struct seqpkt_fds fds;
	struct priv_plain_answer a;
	struct buf b;

	memcpy(m.grant, r->login.grant, sizeof(m.grant));
	buf_init(&b, SEQPKT_MAX);
	priv_put_logout(&b, rig_id(r), &m);
	rig_send(r, b.data, b.len);
	buf_done(&b);
	rig_answer(r, &b, &h, &fds);
	assert_true(priv_get_plain_answer(&b, &a));
	buf_done(&b);
	return a.result;
}

static void
it_ends(void **state)
{
	const struct rig_spawn s = { .argv = ARGV("cat"), .profile = "script" };
	struct rig r;
	pid_t spare;

	(void)state;
	/* When nobody has asked for a while. */
	rig_start(&r, "ahead");
	(void)rigahead_start(&r, &s);
	rig_gone(rigahead_wait(&r, 1));
	assert_int_equal(rigahead_spares(&r).n, 0);
	rig_stop(&r);
	/* With a grant of its account. */
	rig_start(&r, NULL);
	(void)rigahead_start(&r, &s);
	spare = rigahead_wait(&r, 1);
	assert_int_equal(logout(&r), PRIV_DONE);
	rig_gone(spare);
	rig_stop(&r);
	/* With [ops], which leaves others to bring their runs to an end. */
	rig_start(&r, NULL);
	(void)rigahead_start(&r, &s);
	spare = rigahead_wait(&r, 1);
	assert_int_equal(kill((pid_t)r.hello.pid, SIGKILL), 0);
	rig_gone(spare);
	rig_stop(&r);
}

/* By its account, whose its reaper is: no place of everybody's is held. */
static void
abuse_H01_one_that_is_stopped(void **state)
{
	const struct rig_spawn s = { .argv = ARGV("cat") };
	pid_t reaper;
	struct rig r;

	(void)state;
	rig_start(&r, "done");
	(void)rigahead_start(&r, &s);
	reaper = rig_parent(rigahead_wait(&r, 1));
	assert_int_equal(kill(reaper, SIGSTOP), 0);
	assert_int_equal(logout(&r), PRIV_DONE);
	rig_gone(reaper);
	assert_int_equal(rigahead_spares(&r).n, 0);
	rig_stop(&r);
}

static void
one_that_is_killed_costs_nothing(void **state)
{
	const struct rig_spawn s = { .argv = ARGV("cat"), .profile = "script" };
	const int64_t deadline = rig_deadline();
	struct rig r;
	pid_t spare;

	(void)state;
	rig_start(&r, NULL);
	(void)rigahead_start(&r, &s);
	spare = rigahead_wait(&r, 1);
	assert_int_equal(kill(spare, SIGKILL), 0);
	rig_gone(spare);
	(void)rigahead_start(&r, &s);
	/* With its reaper, whose work [ops] does then. */
	spare = rigahead_wait(&r, 1);
	assert_int_equal(kill(rig_parent(spare), SIGKILL), 0);
	rig_gone(spare);
	while (rigahead_children((pid_t)r.hello.pid).n > 0)
		assert_false(rig_late(deadline));
	(void)rigahead_start(&r, &s);
	assert_int_not_equal(rigahead_wait(&r, 1), spare);
	rig_stop(&r);
}

/* What stands at a path now is what is seen, not what stood there before. */
static void
abuse_I24_one_that_does_not_fit(void **state)
{
	struct rig_spawn s = { .argv = ARGV("cat", "word") };
	static const char *const profiles[] = { "script", "agent" };
	char work[128], moved[160];
	struct rig r;
	size_t i;

	(void)state;
	rig_prepare_in(&r, "/var/tmp");
	rig_launch(&r, NULL);
	rig_daemon(&r);
	rig_ops(&r);
	rig_login(&r);
	for (i = 0; i < 2; i++) {
		snprintf(work, sizeof(work), "%s/work%zu", r.dir, i);
		snprintf(moved, sizeof(moved), "%s/moved%zu", r.dir, i);
		s.profile = profiles[i];
		s.cwd = work;
		s.paths = ARGV(work);
		rigahead_word(work, "one");
		rig_done(&r, &s, out, sizeof(out));
		(void)rigahead_wait(&r, (unsigned)i + 1);
		rig_done(&r, &s, out, sizeof(out));
		assert_string_equal(out, "one");
		(void)rigahead_wait(&r, (unsigned)i + 1);
		assert_int_equal(rename(work, moved), 0);
		rigahead_word(work, "two");
		rig_done(&r, &s, out, sizeof(out));
		assert_string_equal(out, "two");
		(void)rigahead_wait(&r, (unsigned)i + 1);
	}
	rig_stop(&r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_next_start_takes_it),
		cmocka_unit_test(another_kind_does_not),
		cmocka_unit_test(a_list_takes_none),
		cmocka_unit_test(abuse_E01_a_spare_holds_nothing),
		cmocka_unit_test(abuse_E01_a_spare_is_one_accounts),
		cmocka_unit_test(abuse_E01_an_order_is_one_runs),
		cmocka_unit_test(abuse_E01_a_spare_ends_with_its_rights),
		cmocka_unit_test(abuse_E01_a_spare_ends_with_its_token),
		cmocka_unit_test(abuse_E01_a_spare_ends_with_its_grant),
		cmocka_unit_test(it_ends),
		cmocka_unit_test(abuse_H01_one_that_is_stopped),
		cmocka_unit_test(one_that_is_killed_costs_nothing),
		cmocka_unit_test(abuse_I24_one_that_does_not_fit),
	};

	return cmocka_run_group_tests_name("ahead", tests, rigops_accounts,
	    rigops_no_accounts);
}
