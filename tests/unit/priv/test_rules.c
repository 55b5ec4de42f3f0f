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

static int
take(struct rules *r, uid_t uid, const struct roots *rs,
    const struct profile *p)
{
	const struct rules_for who = { .uid = uid, .roots = rs };

	return rules_take(r, &who, p);
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

/* As [ops] has them after a first run. */
static struct rules
get_ready(void)
{
	struct rules r;

	rules_init(&r);
	assert_int_equal(rules_make(&r, &profile), 0);
	assert_int_equal(r.ruleset, -1);
	(void)close(take(&r, UID, &roots, &profile));
	assert_int_equal(rules_make(&r, &profile), 0);
	assert_true(r.ruleset >= 0);
	return r;
}

static void
need_landlock(void)
{
	if (landlock_abi() == 0)
		skip();
}

static void
the_one_that_is_ready(void **state)
{
	struct rules r;
	int ready, again;

	(void)state;
	need_landlock();
	r = get_ready();
	ready = r.ruleset;
	assert_int_equal(rules_make(&r, &profile), 0);
	assert_int_equal(r.ruleset, ready);
	assert_int_equal(take(&r, UID, &roots, &profile), ready);
	assert_int_equal(r.ruleset, -1);
	/* Each is used once: what is added for a run is that run's. */
	again = take(&r, UID, &roots, &profile);
	assert_true(again >= 0 && again != ready);
	assert_true(reads(ready, "shown") && reads(again, "shown"));
	(void)close(ready);
	(void)close(again);
}

static void
another_directory_of_that_name(void **state)
{
	struct rules r;
	int old, ruleset;

	(void)state;
	need_landlock();
	r = get_ready();
	old = dup(r.ruleset);
	assert_int_equal(rename(in("shown"), in("moved")), 0);
	put("shown");
	/* This is what the comparison is for. */
	assert_true(reads(old, "moved") && !reads(old, "shown"));
	ruleset = take(&r, UID, &roots, &profile);
	assert_true(ruleset >= 0);
	assert_true(reads(ruleset, "shown") && !reads(ruleset, "moved"));
	(void)close(ruleset);
	(void)close(old);
}

static void
one_that_comes_later(void **state)
{
	struct rules r;
	int ruleset;

	(void)state;
	need_landlock();
	r = get_ready();
	put("later");
	ruleset = take(&r, UID, &roots, &profile);
	assert_true(ruleset >= 0 && reads(ruleset, "later"));
	(void)close(ruleset);
}

/* What is ready for one account is no other's, nor that of one that moved. */
static void
another_account(void **state)
{
	static struct roots moved, based;
	struct rules r;
	int old, ruleset;

	(void)state;
	need_landlock();
	assert_true(roots_init(&moved, in("shown/home"), in("above/home/.rdv"),
	    NULL, &rights));
	assert_true(roots_init(&based, in("above/home"), in("shown/.rdv"), NULL,
	    &rights));
	r = get_ready();
	old = dup(r.ruleset);
	ruleset = take(&r, UID + 1, &roots, &profile);
	assert_true(ruleset >= 0);
	assert_int_equal(r.uid, UID + 1);
	(void)close(ruleset);
	assert_int_equal(rules_make(&r, &profile), 0);
	ruleset = take(&r, UID + 1, &moved, &profile);
	assert_true(reads(old, "shown") && !reads(ruleset, "shown"));
	(void)close(ruleset);
	assert_int_equal(rules_make(&r, &profile), 0);
	ruleset = take(&r, UID + 1, &roots, &profile);
	assert_true(reads(ruleset, "shown"));
	(void)close(ruleset);
	assert_int_equal(rules_make(&r, &profile), 0);
	ruleset = take(&r, UID + 1, &based, &profile);
	assert_false(reads(ruleset, "shown"));
	(void)close(ruleset);
	(void)close(old);
}

/* Without network no TCP port is open, and not by a rule set made with one. */
static void
another_network(void **state)
{
	const struct rules_for online = {
		.uid = UID, .network = true, .roots = &roots
	};
	struct rules r;
	int ready, ruleset;

	(void)state;
	need_landlock();
	r = get_ready();
	ready = dup(r.ruleset);
	ruleset = rules_take(&r, &online, &profile);
	assert_true(ruleset >= 0 && r.network);
	assert_true(binds(ruleset));
	assert_int_equal(binds(ready), landlock_abi() < 4);
	(void)close(ruleset);
	(void)close(ready);
}

/* What a view is made of is told of the rules that are handed out. */
static void
what_was_seen(void **state)
{
	struct stat st;
	struct rules r;

	(void)state;
	need_landlock();
	r = get_ready();
	(void)close(take(&r, UID, &roots, &profile));
	assert_int_equal(stat(shown, &st), 0);
	assert_true(r.seen[0].granted && r.seen[0].ino == st.st_ino);
	assert_int_equal(r.seen[0].mode, st.st_mode);
	assert_true(!r.seen[1].granted && r.seen[1].ino == 0);
	assert_true(!r.seen[2].granted && r.seen[2].ino != 0);
}

static void
the_home_directory_stays_closed(void **state)
{
	struct rules r;
	int ruleset;

	(void)state;
	need_landlock();
	r = get_ready();
	ruleset = take(&r, UID, &roots, &profile);
	assert_true(ruleset >= 0 && reads(ruleset, "shown"));
	assert_false(reads(ruleset, "above"));
	assert_false(reads(ruleset, "above/home"));
	(void)close(ruleset);
}

static void
every_profile_has_room(void **state)
{
	int i, ruleset;

	(void)state;
	need_landlock();
	for (i = 0; i < PROFILES; i++) {
		struct rules r;

		if (!profiles[i].confined)
			continue;
		rules_init(&r);
		ruleset = take(&r, UID, &roots, &profiles[i]);
		assert_true(ruleset >= 0);
		(void)close(ruleset);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(the_one_that_is_ready, set_up,
		    tear_down),
		cmocka_unit_test_setup_teardown(another_directory_of_that_name,
		    set_up, tear_down),
		cmocka_unit_test_setup_teardown(one_that_comes_later, set_up,
		    tear_down),
		cmocka_unit_test_setup_teardown(another_account, set_up,
		    tear_down),
		cmocka_unit_test_setup_teardown(another_network, set_up,
		    tear_down),
		cmocka_unit_test_setup_teardown(what_was_seen, set_up,
		    tear_down),
		cmocka_unit_test_setup_teardown(the_home_directory_stays_closed,
		    set_up, tear_down),
		cmocka_unit_test_setup_teardown(every_profile_has_room, set_up,
		    tear_down),
	};

	return CHECK_RUN("rules", tests);
}
