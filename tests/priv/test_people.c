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

#include "security/drop.h"
#include "security/landlock.h"
#include "tests/priv/rigops.h"
#include "tests/priv/rigpic.h"
#include "tests/unit/check.h"

#define ARGV(...) ((const char *const[]){ __VA_ARGS__, NULL })
#define SH(text)  ARGV("/bin/sh", "-c", text)

static char out[1 << 16];
static char tools[256], actor[300], probe[300];

static int
begin(void **state)
{
	rig_tools(tools, sizeof(tools));
	snprintf(actor, sizeof(actor), "%s/actor", tools);
	snprintf(probe, sizeof(probe), "%s/probe", tools);
	return rigops_accounts(state);
}

/* A directory of that person's, in the home. */
static void
make_work(const struct rigops *s, unsigned i, char path[256])
{
	snprintf(path, 256, "%s/work", s->who[i].home);
	(void)mkdir(path, 0700);
	assert_int_equal(chown(path, s->who[i].uid, s->who[i].gid), 0);
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

static int
by_number(const void *a, const void *b)
{
	return (int)*(const gid_t *)a - (int)*(const gid_t *)b;
}

/*
 * The same for both: "own" is whoever the run is for, "other" is the other of
 * the two.
 */
static void
normalise(const struct rigops *s, unsigned me)
{
	const struct account *a = &s->who[me], *b = &s->who[!me];
	char text[512], *tmp;
	gid_t groups[USER_GROUPS_MAX];
	unsigned i;
	size_t n = 0;

	memcpy(groups, a->groups, sizeof(groups));
	qsort(groups, a->ngroups, sizeof(groups[0]), by_number);
	picture_replace("\r\n", "\n");
	picture_bounding(text, sizeof(text));
	picture_replace_line("CapBnd:\t", text, "inherited");
	picture_replace_line("CapBnd:\t", "0000000000000000", "empty");
	for (i = 0; i < a->ngroups; i++)
		n += (size_t)snprintf(text + n, sizeof(text) - n, " %u",
		    groups[i]);
	picture_replace_line("groups", text, " own");
	snprintf(text, sizeof(text), "%u %u %u", a->uid, a->uid, a->uid);
	picture_replace_line("uid ", text, "own");
	snprintf(text, sizeof(text), "%u %u %u", a->gid, a->gid, a->gid);
	picture_replace_line("gid ", text, "own");
	snprintf(text, sizeof(text), "tty owner %u ", a->uid);
	picture_replace(text, "tty owner own ");
	picture_replace(a->home, "HOME");
	picture_replace(b->home, "OTHER");
	picture_replace(a->name, "own");
	tmp = strstr(picture, "TMPDIR=/tmp/rdv-run-");
	if (tmp != NULL) {
		snprintf(text, sizeof(text), "%.19s", strchr(tmp, '=') + 1);
		picture_replace(text, "TMP");
		assert_int_equal(access(text, F_OK), -1);
	}
}

/* A terminal of that person's with a program in it: its number, and its pid. */
static void
other_run(struct rigops *s, unsigned person, struct rig_result *res,
    char pts[64], char pid[16])
{
	const struct rig_spawn run = { .argv = ARGV("cat"), .pty = true };

	rigops_enter(s, person);
	rig_spawn(&s->rig, &run, res);
	assert_int_equal(res->a.result, PRIV_DONE);
	assert_int_equal(ptsname_r(res->fds.fd[0], pts, 64), 0);
	snprintf(pid, 16, "%u", res->a.pid);
}

static void
ask(const struct rigops *s, unsigned me, struct picture_args *p,
    const char *pts, const char *pid)
{
	char path[300], reaper[16];

	picture_add(p, "list home", 'l', s->who[me].home);
	picture_add(p, "create in home", 'c', s->who[me].home);
	picture_add(p, "list the other's home", 'l', s->who[!me].home);
	picture_add(p, "create in the other's home", 'c', s->who[!me].home);
	snprintf(path, sizeof(path), "%s/%s", s->run, s->who[!me].name);
	picture_add(p, "list the other's sockets", 'l', path);
	picture_add(p, "list root's state", 'l', s->state);
	snprintf(path, sizeof(path), "%s/tokens", s->state);
	picture_add(p, "read the tokens", 'r', path);
	picture_add(p, "open the other's terminal", 'w', pts);
	picture_add(p, "signal the other's program", 'k', pid);
	snprintf(reaper, sizeof(reaper), "%d",
	    rig_parent((pid_t)strtol(pid, NULL, 10)));
	picture_add(p, "signal the other's reaper", 'k', reaper);
	snprintf(path, sizeof(path), "/proc/%s/environ", pid);
	picture_add(p, "read the other's environment", 'r', path);
	snprintf(path, sizeof(path), "/proc/%s/fd", pid);
	picture_add(p, "list the other's descriptors", 'l', path);
	snprintf(path, sizeof(path), "%u", s->rig.hello.pid);
	picture_add(p, "signal the helper", 'k', path);
	snprintf(path, sizeof(path), "/proc/%u/fd", s->rig.hello.pid);
	picture_add(p, "list the helper's descriptors", 'l', path);
}

static void
picture_of(struct rigops *s, unsigned me, const char *profile, bool pty)
{
	static struct picture_args p;
	const bool login = strcmp(profile, "login") == 0;
	char work[256], pts[64], pid[16];
	const char *paths[] = { work, NULL };
	struct rig_spawn run = { .profile = profile,
		.argv = p.argv,
		.pty = pty,
		.cwd = work,
		.paths = login ? NULL : paths };
	struct rig_result res;
	struct priv_exit end;

	memset(&p, 0, sizeof(p));
	make_work(s, me, work);
	other_run(s, !me, &res, pts, pid);
	snprintf(p.text[0], sizeof(p.text[0]), "%s/probe", work);
	picture_program(probe, p.text[0]);
	assert_int_equal(chown(p.text[0], s->who[me].uid, s->who[me].gid), 0);
	p.argv[0] = p.text[0];
	p.n = 1;
	ask(s, me, &p, pts, pid);
	rigops_enter(s, me);
	rig_run(&s->rig, &run, picture, PICTURE_MAX, &end);
	assert_int_equal(end.status, 0);
	rig_close(&res);
	normalise(s, me);
}

static void
check(const char *profile, const char *name, bool pty, const char *mutant)
{
	struct rigops s;
	unsigned i;

	rigops_need();
	if (strcmp(profile, "login") != 0 && landlock_abi() < 6) {
		print_message("golden files are for Landlock 6 and later\n");
		skip();
	}
	for (i = 0; i < RIGOPS_PEOPLE; i++) {
		rigops_start(&s, mutant);
		picture_of(&s, i, profile, pty);
		rigops_stop(&s);
		picture_compare(name);
	}
}

static void
golden_login(void **state)
{
	(void)state;
	check("login", "people-login", true, NULL);
}

static void
golden_script(void **state)
{
	(void)state;
	check("script", "people-script", true, NULL);
}

/* git is its only program: the mutant lets the probe be it. */
static void
golden_git(void **state)
{
	(void)state;
	check("git", "people-git", false, "git-exe");
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
	make_work(&s, 1, theirs);
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
	/* With the guard off it is root who looks, and nothing is the user's.
	 */
	rigops_start(&s, "asuser");
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
	other_run(&s, 1, &res, pts, pid);
	rigops_enter(&s, 0);
	say(&s, ARGV(actor, "kill", pid));
	assert_string_equal(out, "EPERM\n");
	say(&s, ARGV(actor, "prlimit", pid));
	assert_string_equal(out, "EPERM\n");
	assert_true(rig_alive((pid_t)res.a.pid));
	other_run(&s, 0, &own, pts, pid);
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
	other_run(&s, 0, &res, pts, pid);
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
	expect_status((pid_t)s.rig.hello.pid, "Groups", "");
	/* Its user may end it, as its own, and look at nothing of it. */
	snprintf(ids, sizeof(ids), "/proc/%d/environ", reaper);
	say(&s, ARGV(actor, "open", ids, "0"));
	assert_string_equal(out, "EACCES\n");
	rig_close(&res);
	rigops_stop(&s);
	rigops_start(&s, "reaper ids");
	other_run(&s, 0, &res, pts, pid);
	expect_status(rig_parent((pid_t)res.a.pid), "Uid", "0\t0\t0\t0");
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
	assert_int_equal(rig_signal(&s.rig, res.a.handle, SIGKILL, true),
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
	make_work(&s, 1, work);
	rigops_enter(&s, 1);
	for (n = 0; n < 3; n++) {
		run.pty = n == 1;
		run.profile = n == 2 ? "script" : "login";
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
	make_work(&s, 1, work);
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
		cmocka_unit_test(golden_login),
		cmocka_unit_test(golden_script),
		cmocka_unit_test(golden_git),
		cmocka_unit_test(abuse_E01_others_directories),
		cmocka_unit_test(abuse_E01_not_as_root),
		cmocka_unit_test(pipes_are_its_own),
		cmocka_unit_test(abuse_E01_signals),
		cmocka_unit_test(reaper_is_the_user),
		cmocka_unit_test(abuse_H01_setuid),
		cmocka_unit_test(verified),
		cmocka_unit_test(fault_at_every_stage),
	};

	return cmocka_run_group_tests_name("people", tests, begin,
	    rigops_no_accounts);
}
