/* SPDX-License-Identifier: MIT */
/*
 * The policy of system mode: nobody is served without one, it says who is, and
 * a file that is wrong changes nothing (abuse F17).
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/priv/rigsys.h"
#include "tests/unit/check.h"

#define NEEDS_ROOT                \
	if (!rigsys_possible()) { \
		skip();           \
		return;           \
	}
#define GROUP "[access]\ngroups = [\"%s\"]\n"

static char log_text[1 << 16];

static void
begin(struct rigsys *s)
{
	struct rigsys_word w;

	rigsys_launch(s, NULL);
	rigsys_daemon(s);
	rigsys_word(s, &w);
	assert_int_equal(w.what, CTL_SERVICE);
	(void)close(w.fd);
	rigsys_expect_listen(s, s->web_uid, true);
}

static void
policy_path(const struct rigsys *s, char path[256])
{
	(void)snprintf(path, 256, "%s/etc/rdv/helper.toml", s->rig.dir);
}

/* Without a socket, a rdvd or an [ops]. */
static void
expect_no_start(struct rigsys *s, const char *why)
{
	char path[256];
	struct stat st;
	int status;

	rigsys_launch(s, NULL);
	status = rig_wait(&s->rig);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 78);
	rig_log(&s->rig, log_text, sizeof(log_text));
	assert_non_null(strstr(log_text, why));
	assert_non_null(strstr(log_text, "not without a policy"));
	assert_null(strstr(log_text, "started [ops]"));
	rigsys_path(s, path, s->people[0], NULL);
	assert_int_equal(lstat(path, &st), -1);
	(void)snprintf(path, sizeof(path), "%s/log", s->rig.dir);
	assert_int_equal(unlink(path), 0);
}

static void
abuse_F17_no_start_without_a_policy(void **state)
{
	char path[256], dir[256];
	struct rigsys s;

	(void)state;
	NEEDS_ROOT;
	rigsys_prepare(&s);
	policy_path(&s, path);
	(void)snprintf(dir, sizeof(dir), "%s/etc/rdv", s.rig.dir);
	assert_int_equal(chmod(path, 0664), 0);
	expect_no_start(&s, "can be written by its group or others");
	assert_int_equal(chmod(path, 0644), 0);
	assert_int_equal(chown(path, s.uids[0], 0), 0);
	expect_no_start(&s, "belongs to somebody else than root");
	assert_int_equal(chown(path, 0, 0), 0);
	assert_int_equal(chmod(dir, 0777), 0);
	expect_no_start(&s, "can be written by its group or others");
	assert_int_equal(chmod(dir, 0755), 0);
	rigsys_policy(&s, GROUP "friends = true\n", s.group);
	expect_no_start(&s, "helper.toml:3: access.friends");
	assert_int_equal(unlink(path), 0);
	expect_no_start(&s, "No such file");
	/* Control: with one that is right it starts. */
	rigsys_policy(&s, GROUP, s.group);
	begin(&s);
	rigsys_expect_listen(&s, s.uids[0], false);
	rigsys_expect_listen(&s, s.uids[1], false);
	rig_ops(&s.rig);
	rigsys_stop(&s);
}

static void
expect_unlisten(struct rigsys *s, uid_t uid)
{
	struct rigsys_word w;

	rigsys_word(s, &w);
	assert_int_equal(w.what, CTL_UNLISTEN);
	assert_int_equal(w.unlisten.uid, uid);
}

static void
test_the_policy_says_who(void **state)
{
	struct rigsys s;

	(void)state;
	NEEDS_ROOT;
	rigsys_prepare(&s);
	rigsys_policy(&s, GROUP "deny_users = [\"%s\"]\n", s.group,
	    s.people[0]);
	begin(&s);
	rigsys_expect_listen(&s, s.uids[1], false);
	rig_ops(&s.rig);
	rigsys_policy(&s, "[access]\nusers = [\"%s\"]\n", s.people[0]);
	rigsys_reload(&s);
	expect_unlisten(&s, s.uids[1]);
	rigsys_expect_listen(&s, s.uids[0], false);
	/* Nobody below min_uid, and one that nobody is above. */
	rigsys_policy(&s, "[access]\nusers = [\"%s\"]\nmin_uid = 4000000\n",
	    s.people[0]);
	rigsys_reload(&s);
	expect_unlisten(&s, s.uids[0]);
	rigsys_stop(&s);
}

/* Of who stays served rdvd hears what changed, and a new rdvd all of it. */
static void
test_a_reload_tells_of_limits(void **state)
{
	struct rigsys s;

	(void)state;
	NEEDS_ROOT;
	rigsys_prepare(&s);
	begin(&s);
	rigsys_expect_listen(&s, s.uids[0], false);
	rigsys_expect_listen(&s, s.uids[1], false);
	rig_ops(&s.rig);
	rigsys_policy(&s, GROUP "[user.%s]\nmax_disk_mb = 16\n", s.group,
	    s.people[1]);
	rigsys_reload(&s);
	rigsys_expect_output(&s, s.uids[1], 16 << 20);
	rigsys_policy(&s, GROUP "[default]\nmax_disk_mb = 17\n", s.group);
	rigsys_reload(&s);
	rigsys_expect_output(&s, s.uids[0], 17 << 20);
	rigsys_expect_output(&s, s.uids[1], 17 << 20);
	rigsys_policy(&s, GROUP, s.group);
	rigsys_reload(&s);
	rigsys_expect_output(&s, s.uids[0], 0);
	rigsys_expect_output(&s, s.uids[1], 0);
	rigsys_stop(&s);
}

/* Before the sockets, so nobody is served who would not be held to it. */
static void
test_what_rdvd_holds_an_account_to(void **state)
{
	struct rigsys s;

	(void)state;
	NEEDS_ROOT;
	rigsys_prepare(&s);
	rigsys_policy(&s,
	    GROUP "[default]\nmax_worktrees_mb = 5\n"
		  "[user.%s]\nmax_worktrees_mb = 0\nmax_transfer_mb = 9\n",
	    s.group, s.people[1]);
	begin(&s);
	rigsys_expect_limit(&s, s.uids[0], CTL_WORKTREES, 5,
	    "[default] max_worktrees_mb (");
	rigsys_expect_listen(&s, s.uids[0], false);
	rigsys_expect_limit(&s, s.uids[1], CTL_TRANSFER, 9,
	    "] max_transfer_mb (");
	rigsys_expect_listen(&s, s.uids[1], false);
	rig_ops(&s.rig);
	rigsys_policy(&s, GROUP "[default]\nmax_worktrees_mb = 6\n", s.group);
	rigsys_reload(&s);
	rigsys_expect_limit(&s, s.uids[0], CTL_WORKTREES, 6, "helper.toml:");
	rigsys_expect_limit(&s, s.uids[1], CTL_WORKTREES, 6, "helper.toml:");
	rigsys_expect_limit(&s, s.uids[1], CTL_TRANSFER, 0, "");
	rigsys_stop(&s);
}

static void
abuse_F17_a_bad_reload_changes_nothing(void **state)
{
	char path[256];
	struct rigsys s;

	(void)state;
	NEEDS_ROOT;
	rigsys_prepare(&s);
	begin(&s);
	rigsys_expect_listen(&s, s.uids[0], false);
	rigsys_expect_listen(&s, s.uids[1], false);
	rig_ops(&s.rig);
	rigsys_policy(&s, "[access]\nusers = %s\n", s.people[0]);
	rigsys_reload(&s);
	rig_expect_log(&s.rig, "both stay as they were");
	rigsys_path(&s, path, s.people[0], "api.sock");
	assert_int_equal(rigsys_dial(path, s.uids[0]), 0);
	/* The next thing rdvd hears is of the good file. */
	rigsys_policy(&s, "[access]\nusers = [\"%s\"]\n", s.people[1]);
	rigsys_reload(&s);
	expect_unlisten(&s, s.uids[0]);
	assert_int_equal(rigsys_dial(path, s.uids[0]), -ENOENT);
	rigsys_stop(&s);
}

/* The next [ops] knows how long a run that it adopts has gone on. */
static void
abuse_I23_a_killed_ops_gives_no_time(void **state)
{
	const struct rig_spawn cat = { .argv = ARGV("cat") };
	struct rig_result res;
	struct priv_exit end;
	struct rigsys s;

	(void)state;
	NEEDS_ROOT;
	rigsys_prepare(&s);
	rigsys_policy(&s, GROUP "[default]\nweb = true\nmax_run_minutes = 1\n",
	    s.group);
	/* Of which one is over soon, in this build. */
	rigsys_start(&s, "minute");
	rigsys_login(&s, 0);
	rig_spawn(&s.rig, &cat, &res);
	assert_int_equal(res.a.result, PRIV_DONE);
	assert_int_equal(kill((pid_t)s.rig.hello.pid, SIGKILL), 0);
	rig_ops(&s.rig);
	assert_int_equal(s.rig.nnotices, 0);
	rigsys_login(&s, 0);
	rig_exit(&s.rig, res.a.handle, &end);
	assert_int_equal(end.cut, 1);
	assert_int_equal(rig_ack(&s.rig, res.a.handle), PRIV_DONE);
	rig_close(&res);
	rigsys_stop(&s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(abuse_F17_no_start_without_a_policy),
		cmocka_unit_test(test_the_policy_says_who),
		cmocka_unit_test(test_a_reload_tells_of_limits),
		cmocka_unit_test(test_what_rdvd_holds_an_account_to),
		cmocka_unit_test(abuse_F17_a_bad_reload_changes_nothing),
		cmocka_unit_test(abuse_I23_a_killed_ops_gives_no_time),
	};

	return CHECK_RUN("syspolicy", tests);
}
