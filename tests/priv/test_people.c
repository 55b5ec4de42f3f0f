/* SPDX-License-Identifier: MIT */
/*
 * Two people on one host. Each one's runs are that person's and nobody else's:
 * ids, groups, terminal, files and signals end at the account, and what is
 * asked for with a grant of one is done with the rights of that one.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/str.h"
#include "security/drop.h"
#include "tests/priv/rigops.h"
#include "tests/priv/rigpic.h"
#include "tests/unit/check.h"

static char out[1 << 16];
static char tools[256], actor[300];

static int
begin(void **state)
{
	rig_tools(tools, sizeof(tools));
	snprintf(actor, sizeof(actor), "%s/actor", tools);
	return rigops_accounts(state);
}

/* What `argv` says in a login of whoever the rig's grant is for. */
static void
say(struct rigops *s, const char *const *argv)
{
	const struct rig_spawn run = { .argv = argv };
	struct priv_exit end;

	rig_run(&s->rig, &run, out, sizeof(out), &end);
}

static void
expect_fail(struct rigops *s, const struct rig_spawn *run, const char *stage,
    int err)
{
	struct rig_result res;

	rig_spawn(&s->rig, run, &res);
	assert_int_equal(res.a.result, PRIV_FAILED);
	assert_string_equal(res.a.stage, stage);
	assert_int_equal(res.a.err, err);
	assert_int_equal(res.fds.n, 0);
}

/* A grant of one brings nobody into the other's directories. */
static void
abuse_E01_others_directories(void **state)
{
	char theirs[256], program[300];
	struct rig_spawn run = { .argv = ARGV("true") };
	struct rigops s;

	(void)state;
	rigops_start(&s, NULL);
	rigops_work(&s, 1, theirs);
	snprintf(program, sizeof(program), "%s/actor", theirs);
	picture_program(actor, program);
	assert_int_equal(chown(program, s.who[1].uid, s.who[1].gid), 0);
	rigops_enter(&s, 0);
	run.cwd = theirs;
	expect_fail(&s, &run, "C12 chdir", EACCES);
	run.cwd = NULL;
	run.argv = ARGV(program, "args");
	expect_fail(&s, &run, "C18 execve", EACCES);
	run.argv = ARGV("true");
	run.profile = "script";
	run.paths = ARGV(theirs);
	expect_fail(&s, &run, "P5 paths", EACCES);
	/* To whose they are all of it is open. */
	rigops_enter(&s, 1);
	run.cwd = theirs;
	say(&s, ARGV(program, "args"));
	rig_run(&s.rig, &run, out, sizeof(out), &(struct priv_exit){ 0 });
	rigops_stop(&s);
}

/* 0700 and root's: what [ops] could open by itself. */
static void
roots_own(struct rigops *s, char path[256])
{
	snprintf(path, 256, "%s/roots", s->rig.dir);
	(void)mkdir(path, 0700);
	snprintf(path, 256, "%s/roots/inside", s->rig.dir);
	(void)mkdir(path, 0700);
}

/* Looked up with the rights of the account, with its groups, and as its own. */
static void
abuse_E01_not_as_root(void **state)
{
	char path[256], shared[200], uid[16];
	struct rig_spawn run = { .argv = ARGV("true"), .profile = "script" };
	struct rig_result res;
	struct priv_exit end;
	struct rigops s;

	(void)state;
	rigops_start(&s, NULL);
	rigops_enter(&s, 0);
	roots_own(&s, path);
	run.paths = ARGV(path);
	expect_fail(&s, &run, "P5 paths", EACCES);
	/* Open to the account by its second group alone. */
	snprintf(shared, sizeof(shared), "%s/shared", s.rig.dir);
	(void)mkdir(shared, 0700);
	assert_int_equal(chmod(shared, 0770), 0);
	assert_true(s.who[0].ngroups >= 2);
	assert_int_equal(chown(shared, 0, s.who[0].groups[1]), 0);
	snprintf(path, sizeof(path), "%s/inside", shared);
	(void)mkdir(path, 0777);
	run.paths = ARGV(path);
	run.argv = SH("stat -c %u \"$TMPDIR\"; echo out >/dev/stdout");
	rig_run(&s.rig, &run, out, sizeof(out), &end);
	snprintf(uid, sizeof(uid), "%u\n", s.who[0].uid);
	assert_memory_equal(out, uid, strlen(uid));
	rigops_stop(&s);
	/*
	 * With the guard off it is root who looks, and nothing is the user's.
	 * In its namespaces the program looks again, as the user.
	 */
	rigops_start(&s, "asuser+no userns");
	assert_int_equal(rigops_login(&s, PRIV_LOGIN_SERVICE, s.who[0].uid,
			     s.service),
	    PRIV_DONE);
	roots_own(&s, path);
	run.paths = ARGV(path);
	run.argv = ARGV("true");
	rig_spawn(&s.rig, &run, &res);
	assert_int_equal(res.a.result, PRIV_DONE);
	rig_close(&res);
	run = (struct rig_spawn){ .argv = ARGV("true"), .pty = true };
	expect_fail(&s, &run, "P4 terminal", EPERM);
	rigops_stop(&s);
}

/* Pipes are the account's too: /dev/stdout can be opened again. */
static void
pipes_are_its_own(void **state)
{
	struct rigops s;

	(void)state;
	rigops_start(&s, NULL);
	rigops_enter(&s, 1);
	say(&s, SH("echo again >/dev/stdout"));
	assert_string_equal(out, "again\n");
	rigops_stop(&s);
}

/* The list of who may be signalled ends at the account (H03 over uids). */
static void
abuse_E01_signals(void **state)
{
	struct rig_result res, own;
	char pts[64], pid[16];
	struct rigops s;

	(void)state;
	rigops_start(&s, NULL);
	rigops_terminal(&s, 1, &res, pts, pid);
	rigops_enter(&s, 0);
	say(&s, ARGV(actor, "kill", pid));
	assert_string_equal(out, "EPERM\n");
	say(&s, ARGV(actor, "prlimit", pid));
	assert_string_equal(out, "EPERM\n");
	assert_true(rig_alive((pid_t)res.a.pid));
	rigops_terminal(&s, 0, &own, pts, pid);
	say(&s, ARGV(actor, "kill", pid));
	assert_string_equal(out, "ok\n");
	rig_close(&res);
	rig_close(&own);
	rigops_stop(&s);
}

static void
expect_status(pid_t pid, const char *key, const char *want)
{
	char text[128];

	rigops_status(pid, key, text);
	assert_string_equal(text, want);
}

/* Of [ops], that has an account's for the few calls in its name. */
static void
no_groups(pid_t pid)
{
	const int64_t end = rig_deadline();
	char text[128];

	do
		rigops_status(pid, "Groups", text);
	while (*text != '\0' && !rig_late(end));
	assert_string_equal(text, "");
}

/* Between [ops] and the program there is no second root. */
static void
reaper_is_the_user(void **state)
{
	char pts[64], pid[16], ids[128];
	struct rig_result res;
	struct rigops s;
	pid_t reaper;

	(void)state;
	rigops_start(&s, NULL);
	rigops_terminal(&s, 0, &res, pts, pid);
	reaper = rig_parent((pid_t)res.a.pid);
	snprintf(ids, sizeof(ids), "%u\t%u\t%u\t%u", s.who[0].uid, s.who[0].uid,
	    s.who[0].uid, s.who[0].uid);
	expect_status(reaper, "Uid", ids);
	snprintf(ids, sizeof(ids), "%u\t%u\t%u\t%u", s.who[0].gid, s.who[0].gid,
	    s.who[0].gid, s.who[0].gid);
	expect_status(reaper, "Gid", ids);
	snprintf(ids, sizeof(ids), "%016lx", 1ul << CAP_KILL);
	expect_status(reaper, "CapPrm", ids);
	expect_status(reaper, "CapInh", "0000000000000000");
	expect_status(reaper, "CapAmb", "0000000000000000");
	/* And [ops] has the four, none of which opens a file. */
	snprintf(ids, sizeof(ids), "%016lx",
	    1ul << CAP_KILL | 1ul << CAP_SETUID | 1ul << CAP_SETGID |
		1ul << CAP_SETPCAP);
	expect_status((pid_t)s.rig.hello.pid, "CapPrm", ids);
	expect_status((pid_t)s.rig.hello.pid, "CapEff", ids);
	no_groups((pid_t)s.rig.hello.pid);
	/* Its user may end it, as its own, and look at nothing of it. */
	snprintf(ids, sizeof(ids), "/proc/%d/environ", reaper);
	say(&s, ARGV(actor, "open", ids, "0"));
	assert_string_equal(out, "EACCES\n");
	rig_close(&res);
	rigops_stop(&s);
	rigops_start(&s, "reaper ids");
	rigops_terminal(&s, 0, &res, pts, pid);
	expect_status(rig_parent((pid_t)res.a.pid), "Uid", "0\t0\t0\t0");
	rig_close(&res);
	rigops_stop(&s);
}

/* rdvd asks for all runs at once, and is told whose each is. */
static void
inventory_tells_whose(void **state)
{
	struct priv_inventory_answer a;
	struct rig_result res[2];
	char pts[64], pid[16];
	struct seqpkt_fds fds;
	struct rigops s;
	uint64_t after = 0;
	unsigned i;

	(void)state;
	rigops_start(&s, NULL);
	for (i = 0; i < 2; i++)
		rigops_terminal(&s, i, &res[i], pts, pid);
	for (i = 0; i < 2; i++) {
		assert_int_equal(rig_inventory(&s.rig, after, &a, &fds),
		    PRIV_DONE);
		seqpkt_fds_close(&fds);
		assert_int_equal(a.uid, s.who[i].uid);
		assert_int_equal(a.handle, res[i].a.handle);
		after = a.handle;
		rig_close(&res[i]);
	}
	assert_int_equal(rig_inventory(&s.rig, after, &a, &fds), PRIV_NO_SUCH);
	rigops_stop(&s);
}

/* A limit is of one's own runs; another's count for that one. */
static void
abuse_E01_limits(void **state)
{
	struct rig_result res[2];
	char pts[64], pid[16];
	struct rigops s;
	unsigned i;

	(void)state;
	rigops_start(&s, "few runs");
	for (i = 0; i < 2; i++) {
		rigops_terminal(&s, i, &res[i], pts, pid);
		assert_int_equal(rigops_spawn(&s), PRIV_BUSY);
	}
	for (i = 0; i < 2; i++)
		rig_close(&res[i]);
	rigops_stop(&s);
}

static enum priv_result
starts(struct rigops *s, const char *profile, char why[PRIV_WHY_MAX + 1])
{
	const struct rig_spawn run = { .profile = profile, .argv = SH("true") };
	struct rig_result res;
	struct priv_exit end;

	rig_spawn(&s->rig, &run, &res);
	rig_close(&res);
	(void)str_copy(why, res.a.why, PRIV_WHY_MAX + 1);
	if (res.a.result != PRIV_DONE)
		return (enum priv_result)res.a.result;
	rig_exit(&s->rig, res.a.handle, &end);
	assert_int_equal(rig_ack(&s->rig, res.a.handle), PRIV_DONE);
	return PRIV_DONE;
}

static void
only_scripts(struct rigops *s, unsigned person)
{
	const size_t used = strlen(s->policy);

	(void)snprintf(s->policy + used, sizeof(s->policy) - used,
	    "[user.%s]\nprofiles = [\"script\"]\n", s->who[person].name);
}

/* Each has the rights of the file, the others theirs. */
static void
abuse_E01_policy(void **state)
{
	char why[PRIV_WHY_MAX + 1], rule[96];
	struct rigops s;

	(void)state;
	rigops_prepare(&s);
	only_scripts(&s, 1);
	rigops_launch(&s, NULL);
	rigops_enter(&s, 1);
	assert_int_equal(starts(&s, NULL, why), PRIV_DENIED);
	snprintf(rule, sizeof(rule), "[user.%s] profiles", s.who[1].name);
	assert_non_null(strstr(why, rule));
	assert_int_equal(starts(&s, "script", why), PRIV_DONE);
	rigops_enter(&s, 0);
	assert_int_equal(starts(&s, NULL, why), PRIV_DONE);
	rigops_stop(&s);
}

/* A new file counts for grants that are there; one that is wrong does not. */
static void
abuse_E01_policy_reloaded(void **state)
{
	char why[PRIV_WHY_MAX + 1], good[sizeof(((struct rigops *)0)->policy)];
	struct rigops s;

	(void)state;
	rigops_start(&s, NULL);
	rigops_enter(&s, 1);
	assert_int_equal(starts(&s, NULL, why), PRIV_DONE);
	(void)str_copy(good, s.policy, sizeof(good));
	only_scripts(&s, 1);
	rigops_reload(&s, 3);
	assert_int_equal(starts(&s, NULL, why), PRIV_DENIED);
	assert_int_equal(starts(&s, "script", why), PRIV_DONE);
	(void)snprintf(s.policy, sizeof(s.policy), "[access]\nfriends = 1\n");
	rigops_tell(&s, 3);
	rig_expect_log(&s.rig, "policy:2: access.friends");
	/* One that admits nobody who is on the list is none either. */
	(void)snprintf(s.policy, sizeof(s.policy), "[access]\n");
	rigops_tell(&s, 3);
	rig_expect_log(&s.rig, "neither [access] users");
	assert_int_equal(starts(&s, NULL, why), PRIV_DENIED);
	assert_int_equal(starts(&s, "script", why), PRIV_DONE);
	(void)str_copy(s.policy, good, sizeof(s.policy));
	rigops_reload(&s, 2);
	assert_int_equal(starts(&s, NULL, why), PRIV_DONE);
	rigops_stop(&s);
}

/* Where the policy takes the web away, what the web was given goes as well. */
static void
abuse_E01_web_withdrawn(void **state)
{
	struct priv_login_answer own;
	struct rigops s;

	(void)state;
	rigops_start(&s, NULL);
	rigops_enter(&s, 0);
	own = s.rig.login;
	assert_int_equal(rigops_login(&s, PRIV_LOGIN_SERVICE, s.who[0].uid,
			     s.service),
	    PRIV_DONE);
	assert_int_equal(rigops_spawn(&s), PRIV_DONE);
	s.who[0].web = false;
	rigops_reload(&s, 3);
	assert_int_equal(rigops_spawn(&s), PRIV_DENIED);
	assert_int_equal(rigops_login(&s, PRIV_LOGIN_SERVICE, s.who[0].uid,
			     s.service),
	    PRIV_DENIED);
	s.rig.login = own;
	assert_int_equal(rigops_spawn(&s), PRIV_DONE);
	rigops_stop(&s);
}

/* What a killed reaper leaves, [ops] removes with the account's rights. */
static void
lost_run_is_tidied(void **state)
{
	const struct rig_spawn run = { .profile = "script",
		.argv = SH("mkdir -m 0 $TMPDIR/closed; echo $TMPDIR; cat") };
	char tmp[64];
	struct rig_result res;
	struct priv_exit end;
	struct rigops s;
	struct stat st;
	ssize_t n;

	(void)state;
	rigops_start(&s, NULL);
	rigops_enter(&s, 1);
	rig_spawn(&s.rig, &run, &res);
	assert_int_equal(res.a.result, PRIV_DONE);
	assert_true(rig_readable(res.fds.fd[1]));
	n = read(res.fds.fd[1], out, sizeof(out) - 1);
	assert_true(n > 0);
	out[strcspn(out, "\n")] = '\0';
	rig_tmpdir((pid_t)res.a.pid, out, tmp);
	assert_int_equal(stat(tmp, &st), 0);
	assert_int_equal(st.st_uid, s.who[1].uid);
	assert_int_equal(kill(rig_parent((pid_t)res.a.pid), SIGKILL), 0);
	rig_exit(&s.rig, res.a.handle, &end);
	assert_int_equal(end.status, SIGKILL);
	assert_int_equal(stat(tmp, &st), -1);
	rig_close(&res);
	rigops_stop(&s);
}

/* How a program that has become root ends when its run gets SIGTERM. */
static int
end_of_setuid(const char *mutant)
{
	char program[256], text[128];
	const struct rig_spawn run = { .argv = ARGV(program, "root-wait") };
	struct rig_result res;
	struct priv_exit end;
	struct rigops s;

	rigops_start(&s, mutant);
	snprintf(program, sizeof(program), "%s/setuid", s.rig.dir);
	picture_program(actor, program);
	assert_int_equal(chmod(program, 04755), 0);
	rigops_enter(&s, 0);
	rig_spawn(&s.rig, &run, &res);
	assert_int_equal(res.a.result, PRIV_DONE);
	/* It says its pid when it is there. */
	assert_true(rig_readable(res.fds.fd[1]));
	picture_bounding(text, sizeof(text));
	expect_status((pid_t)res.a.pid, "CapPrm", text);
	expect_status((pid_t)res.a.pid, "Uid", "0\t0\t0\t0");
	assert_int_equal(rig_signal(&s.rig, res.a.handle, SIGTERM, false),
	    PRIV_DONE);
	/*
	 * Beside it the first could still be waiting to be taken, for one that
	 * somebody has stopped, and this be what it dies of.
	 */
	if (mutant != NULL)
		assert_int_equal(rig_signal(&s.rig, res.a.handle, SIGKILL,
				     true),
		    PRIV_DONE);
	rig_exit(&s.rig, res.a.handle, &end);
	rig_gone((pid_t)res.a.pid);
	rig_close(&res);
	rigops_stop(&s);
	return end.status;
}

/*
 * What has become root by sudo is ended like everything of the run, and its end
 * is seen. Without that right [ops] has to clean up, and knows no status.
 */
static void
abuse_H01_setuid(void **state)
{
	(void)state;
	rigops_need();
	assert_int_equal(end_of_setuid(NULL), SIGTERM);
	assert_int_not_equal(end_of_setuid("reaper kill"), SIGTERM);
}

/* One stage of root's way to the user fails: nothing has run, nothing stays. */
static void
fault(const char *mutant, const char *stage, int err)
{
	char work[256], path[300];
	struct rig_spawn run = { .argv = ARGV("touch", "canary"), .cwd = work };
	struct rigops s;
	unsigned n;

	rigops_start(&s, mutant);
	rigops_work(&s, 1, work);
	rigops_enter(&s, 1);
	for (n = 0; n < 3; n++) {
		run.pty = n == 1;
		run.profile = n == 2 ? "script" : "login";
		run.cwd = n == 2 ? NULL : work;
		expect_fail(&s, &run, stage, err);
	}
	snprintf(path, sizeof(path), "%s/canary", work);
	assert_int_equal(access(path, F_OK), -1);
	rigops_stop(&s);
}

static void
fault_at_every_stage(void **state)
{
	static const char *const parent[] = { "P3 rights", "P3 environment",
		"P4 stdio", "P6 channels", "P7 fork", "P7 pidfd",
		"P7 reaper ids" };
	uint32_t stage;
	size_t i;

	(void)state;
	rigops_need();
	for (i = 0; i < sizeof(parent) / sizeof(parent[0]); i++)
		fault(parent[i], parent[i], EIO);
	for (stage = 1; stage <= DROP_STAGES; stage++)
		fault(drop_stage_name(stage), drop_stage_name(stage), EIO);
}

/* A step of the drop that is left out: C10 says so, and nothing runs. */
static void
verified(void **state)
{
	(void)state;
	rigops_need();
	fault("drop ids", "C10 verify", EPERM);
}

static void
positive_control(void **state)
{
	char work[256], path[300];
	struct rig_spawn run = { .argv = ARGV("touch", "canary"), .cwd = work };
	struct priv_exit end;
	struct rigops s;
	struct stat st;

	(void)state;
	rigops_start(&s, NULL);
	rigops_work(&s, 1, work);
	rigops_enter(&s, 1);
	rig_run(&s.rig, &run, out, sizeof(out), &end);
	assert_int_equal(end.status, 0);
	snprintf(path, sizeof(path), "%s/canary", work);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_uid, s.who[1].uid);
	assert_int_equal(st.st_gid, s.who[1].gid);
	rigops_stop(&s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(positive_control),
		cmocka_unit_test(abuse_E01_others_directories),
		cmocka_unit_test(abuse_E01_not_as_root),
		cmocka_unit_test(pipes_are_its_own),
		cmocka_unit_test(abuse_E01_signals),
		cmocka_unit_test(reaper_is_the_user),
		cmocka_unit_test(inventory_tells_whose),
		cmocka_unit_test(abuse_E01_limits),
		cmocka_unit_test(abuse_E01_policy),
		cmocka_unit_test(abuse_E01_policy_reloaded),
		cmocka_unit_test(abuse_E01_web_withdrawn),
		cmocka_unit_test(lost_run_is_tidied),
		cmocka_unit_test(abuse_H01_setuid),
		cmocka_unit_test(verified),
		cmocka_unit_test(fault_at_every_stage),
	};

	return cmocka_run_group_tests_name("people", tests, begin,
	    rigops_no_accounts);
}
