/* SPDX-License-Identifier: MIT */
/*
 * A picture of each of two people's runs under each profile, with what it gets
 * of the other one's and of root's. Both have to be the same picture, that of
 * tests/priv/golden/people-PROFILE-root.txt.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "security/landlock.h"
#include "tests/priv/rigops.h"
#include "tests/priv/rigpic.h"
#include "tests/unit/check.h"

static char probe[300];

static int
begin(void **state)
{
	char tools[256];

	rig_tools(tools, sizeof(tools));
	snprintf(probe, sizeof(probe), "%s/probe", tools);
	return rigops_accounts(state);
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
		snprintf(text, sizeof(text), "%.29s", strchr(tmp, '=') + 1);
		picture_replace(text, "TMP");
		assert_int_equal(access(text, F_OK), -1);
	}
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
	rigops_work(s, me, work);
	rigops_terminal(s, !me, &res, pts, pid);
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

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(golden_login),
		cmocka_unit_test(golden_script),
		cmocka_unit_test(golden_git),
	};

	return cmocka_run_group_tests_name("portrait", tests, begin,
	    rigops_no_accounts);
}
