/* SPDX-License-Identifier: MIT */
/*
 * Rule sets that are made before they are asked for: one that is used holds
 * what stands at the profile's paths now and not what stood there once.
 */
#include <fcntl.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "priv-helper/roots.h"
#include "priv-helper/rules.h"
#include "security/landlock.h"
#include "security/profile.h"
#include "tests/unit/check.h"
#include "tests/unit/lib/tmpdir.h"
#include "tests/unit/priv/rights.h"

/* Whose the rules are; only compared. */
#define UID 1000

static char dir[64];
static struct policy_rights rights;
static struct roots roots;
static char shown[128], later[128], above[128];
static struct profile_path paths[] = {
	{ shown, LANDLOCK_READ },
	{ later, LANDLOCK_READ },
	{ above, LANDLOCK_READ },
	{ NULL, LANDLOCK_READ },
};
static const struct profile profile = { .name = "test", .paths = paths };

static const char *
in(const char *name)
{
	static char path[4][512];
	static unsigned turn;
	char *p = path[turn++ % 4];

	snprintf(p, sizeof(path[0]), "%s/%s", dir, name);
	return p;
}

/* A directory with a file in it. */
static void
put(const char *name)
{
	char file[512];
	int fd;

	assert_int_equal(mkdir(in(name), 0700), 0);
	snprintf(file, sizeof(file), "%s/file", in(name));
	fd = open(file, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	(void)close(fd);
}

static int
set_up(void **state)
{
	(void)state;
	(void)close(tmpdir_new(dir));
	snprintf(shown, sizeof(shown), "%s/shown", dir);
	snprintf(later, sizeof(later), "%s/later", dir);
	snprintf(above, sizeof(above), "%s/above", dir);
	put("shown");
	put("above");
	put("above/home");
	rights_make(&rights, NULL, in("above/home"));
	assert_true(roots_init(&roots, in("above/home"), in("above/home/.rdv"),
	    NULL, &rights));
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	policy_rights_done(&rights);
	tmpdir_remove(dir);
	return 0;
}

/* Under the rules alone; the file in a directory of ours. */
static bool
reads(int ruleset, const char *name)
{
	char file[512];
	int status;
	pid_t pid;

	snprintf(file, sizeof(file), "%s/file", in(name));
	assert_int_equal(access(file, R_OK), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
		    landlock_restrict(ruleset) != 0)
			_exit(2);
		_exit(open(file, O_RDONLY | O_CLOEXEC) < 0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) != 2);
	return WEXITSTATUS(status) == 0;
}

/* A TCP port, under the rules alone. */
static bool
binds(int ruleset)
{
	const struct sockaddr_in any = { .sin_family = AF_INET };
	int status, s;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		s = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
		if (s < 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
		    landlock_restrict(ruleset) != 0)
			_exit(2);
		_exit(bind(s, (const struct sockaddr *)&any, sizeof(any)) != 0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) != 2);
	return WEXITSTATUS(status) == 0;
}

static struct rules_for
whose(uid_t uid, const struct roots *rs)
{
	return (struct rules_for){ .uid = uid, .roots = rs };
}

/* As for a run that has not been asked for yet. */
static void
make(struct rules *r)
{
	const struct rules_for who = whose(UID, &roots);

	assert_int_equal(rules_new(r, who.network), 0);
	assert_int_equal(rules_make(r, &who, &profile), 0);
	assert_true(r->ruleset >= 0);
	assert_true(rules_hold(r, &who, &profile));
}

static bool
holds(const struct rules *r, uid_t uid, const struct roots *rs)
{
	const struct rules_for who = whose(uid, rs);

	return rules_hold(r, &who, &profile);
}

static void
need_landlock(void)
{
	if (landlock_abi() == 0)
		skip();
}

static void
each_is_for_one_run(void **state)
{
	static struct rules one, two;

	(void)state;
	need_landlock();
	make(&one);
	make(&two);
	/* What is added for a run is that run's. */
	assert_int_not_equal(one.ruleset, two.ruleset);
	assert_true(reads(one.ruleset, "shown") && reads(two.ruleset, "shown"));
	(void)close(two.ruleset);
	(void)close(one.ruleset);
}

static void
another_directory_of_that_name(void **state)
{
	static struct rules r;

	(void)state;
	need_landlock();
	make(&r);
	assert_int_equal(rename(in("shown"), in("moved")), 0);
	put("shown");
	/* This is what the comparison is for. */
	assert_true(reads(r.ruleset, "moved") && !reads(r.ruleset, "shown"));
	assert_false(holds(&r, UID, &roots));
	(void)close(r.ruleset);
	make(&r);
	assert_true(reads(r.ruleset, "shown") && !reads(r.ruleset, "moved"));
	(void)close(r.ruleset);
}

static void
one_that_comes_later(void **state)
{
	static struct rules r;

	(void)state;
	need_landlock();
	make(&r);
	put("later");
	assert_false(holds(&r, UID, &roots));
	(void)close(r.ruleset);
}

static void
one_that_goes(void **state)
{
	static struct rules r;

	(void)state;
	need_landlock();
	make(&r);
	assert_int_equal(rename(in("shown"), in("moved")), 0);
	assert_false(holds(&r, UID, &roots));
	(void)close(r.ruleset);
}

/* What is ready for one account is no other's, nor that of one that moved. */
static void
another_account(void **state)
{
	static struct roots moved, based, run;
	static struct rules r;

	(void)state;
	need_landlock();
	assert_true(roots_init(&moved, in("shown/home"), in("above/home/.rdv"),
	    NULL, &rights));
	assert_true(roots_init(&based, in("above/home"), in("shown/.rdv"), NULL,
	    &rights));
	assert_true(roots_init(&run, in("above/home"), in("above/home/.rdv"),
	    in("shown"), &rights));
	make(&r);
	assert_false(holds(&r, UID + 1, &roots));
	assert_false(holds(&r, UID, &moved));
	assert_false(holds(&r, UID, &based));
	assert_false(holds(&r, UID, &run));
	assert_true(holds(&r, UID, &roots));
	(void)close(r.ruleset);
}

static bool
shown_to(const struct roots *rs)
{
	const struct rules_for who = whose(UID, rs);
	static struct rules r;
	bool yes;

	assert_int_equal(rules_new(&r, who.network), 0);
	assert_int_equal(rules_make(&r, &who, &profile), 0);
	yes = reads(r.ruleset, "shown");
	(void)close(r.ruleset);
	return yes;
}

static void
what_stays_closed(void **state)
{
	static struct roots moved, based;
	static struct rules r;

	(void)state;
	need_landlock();
	assert_true(roots_init(&moved, in("shown/home"), in("above/home/.rdv"),
	    NULL, &rights));
	assert_true(roots_init(&based, in("above/home"), in("shown/.rdv"), NULL,
	    &rights));
	assert_true(shown_to(&roots));
	assert_false(shown_to(&moved));
	assert_false(shown_to(&based));
	make(&r);
	assert_false(reads(r.ruleset, "above"));
	assert_false(reads(r.ruleset, "above/home"));
	(void)close(r.ruleset);
}

/* Without network no TCP port is open, and not by a rule set made with one. */
static void
another_network(void **state)
{
	const struct rules_for online = {
		.uid = UID, .network = true, .roots = &roots
	};
	static struct rules r, open;

	(void)state;
	need_landlock();
	make(&r);
	assert_int_equal(binds(r.ruleset), landlock_abi() < 4);
	assert_false(rules_hold(&r, &online, &profile));
	assert_int_equal(rules_new(&open, online.network), 0);
	assert_int_equal(rules_make(&open, &online, &profile), 0);
	assert_true(binds(open.ruleset));
	assert_false(holds(&open, UID, &roots));
	(void)close(open.ruleset);
	(void)close(r.ruleset);
}

/* What a view is made of is told of the rules that are handed out. */
static void
what_was_seen(void **state)
{
	static struct rules r;
	struct stat st;

	(void)state;
	need_landlock();
	make(&r);
	assert_int_equal(stat(shown, &st), 0);
	assert_true(r.seen[0].granted && r.seen[0].ino == st.st_ino);
	assert_int_equal(r.seen[0].mode, st.st_mode);
	assert_true(!r.seen[1].granted && r.seen[1].ino == 0);
	assert_true(!r.seen[2].granted && r.seen[2].ino != 0);
	(void)close(r.ruleset);
}

static void
every_profile_has_room(void **state)
{
	const struct rules_for who = whose(UID, &roots);
	static struct rules r;
	int i;

	(void)state;
	need_landlock();
	for (i = 0; i < PROFILES; i++) {
		if (!profiles[i].confined)
			continue;
		assert_int_equal(rules_new(&r, who.network), 0);
		assert_int_equal(rules_make(&r, &who, &profiles[i]), 0);
		(void)close(r.ruleset);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(each_is_for_one_run, set_up,
		    tear_down),
		cmocka_unit_test_setup_teardown(another_directory_of_that_name,
		    set_up, tear_down),
		cmocka_unit_test_setup_teardown(one_that_comes_later, set_up,
		    tear_down),
		cmocka_unit_test_setup_teardown(one_that_goes, set_up,
		    tear_down),
		cmocka_unit_test_setup_teardown(another_account, set_up,
		    tear_down),
		cmocka_unit_test_setup_teardown(what_stays_closed, set_up,
		    tear_down),
		cmocka_unit_test_setup_teardown(another_network, set_up,
		    tear_down),
		cmocka_unit_test_setup_teardown(what_was_seen, set_up,
		    tear_down),
		cmocka_unit_test_setup_teardown(every_profile_has_room, set_up,
		    tear_down),
	};

	return CHECK_RUN("rules", tests);
}
