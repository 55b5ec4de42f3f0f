/* SPDX-License-Identifier: MIT */
/*
 * Time of check against time of use in [ops]: what it opens, grants or removes
 * by name while that name is swapped with a link to outside. None of all the
 * rounds may reach outside.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/err.h"
#include "lib/path.h"
#include "priv-helper/roots.h"
#include "priv-helper/scratch.h"
#include "tests/unit/check.h"
#include "tests/unit/lib/race.h"
#include "tests/unit/priv/between.h"
#include "tests/unit/priv/grantrace.h"
#include "tests/unit/priv/rights.h"

/* How many directories with links beside them a run has made. */
static unsigned pairs;

static int
set_up(void **state)
{
	pairs = RACE_PAIRS;
	return race_set_up(state);
}

static int
tear_down(void **state)
{
	path_force_descent(false);
	return race_tear_down(state);
}

/* Writing: what is made must be made beneath, whichever way it is opened. */
static void
create_beneath(const char *name)
{
	struct race s = race_begin(name, "opened, refused", 1);
	int root, fd;

	grantrace_root();
	root = openat(race_topfd, "root", O_PATH | O_DIRECTORY | O_CLOEXEC);
	assert_true(root >= 0);
	race_swap("root/dir", "root/link", 1);
	while (race_more(&s)) {
		fd = path_open_beneath(root, "dir0/new",
		    O_WRONLY | O_CREAT | O_TRUNC, 0600);
		assert_true(fd >= 0 || fd == -ELOOP || fd == -EAGAIN);
		s.kind[fd < 0]++;
		if (fd >= 0)
			(void)close(fd);
	}
	race_end();
	race_outside_is_whole();
	(void)close(root);
	race_say(&s);
}

static void
abuse_F02_create(void **state)
{
	(void)state;
	create_beneath("F02 create beneath, openat2");
}

static void
abuse_F02_F03_create_by_descent(void **state)
{
	(void)state;
	path_force_descent(true);
	create_beneath("F02 create beneath, descent");
}

/* Which calls the swap stands before, and how many there were. */
static struct steps {
	unsigned n, first, second;
	const char *a, *b;
} steps;

static void
swap_here(void)
{
	steps.n++;
	if (steps.n == steps.first || steps.n == steps.second)
		(void)renameat2(race_topfd, steps.a, race_topfd, steps.b,
		    RENAME_EXCHANGE);
}

static ino_t
make_grantable(struct roots *rs, struct policy_rights *rights)
{
	struct stat secret;

	rights_make(rights, NULL, race_in("home"));
	grantrace_root();
	assert_true(roots_init(rs, race_in("home"), race_in("out"), NULL,
	    rights));
	assert_int_equal(fstatat(race_topfd, "out/sub", &secret, 0), 0);
	return secret.st_ino;
}

static void
abuse_F18_grant(void **state)
{
	struct race s = race_begin("F18 grant of a path", "opened, refused", 1);
	struct policy_rights rights;
	struct roots rs;
	ino_t secret;

	(void)state;
	secret = make_grantable(&rs, &rights);
	race_swap("root/dir", "root/link", 1);
	while (race_more(&s))
		s.kind[grantrace_once(&rs, secret) != 0]++;
	race_end();
	policy_rights_done(&rights);
	race_say(&s);
}

/* The same without luck: before each call of the judgement once. */
static void
abuse_F18_every_step(void **state)
{
	struct policy_rights rights;
	unsigned first, granted = 0;
	struct roots rs;
	ino_t secret;

	(void)state;
	secret = make_grantable(&rs, &rights);
	steps.a = "root/dir0";
	steps.b = "root/link0";
	steps.second = 0;
	steps.n = 1;
	for (first = 1; first <= steps.n; first++) {
		steps.n = 0;
		steps.first = first;
		between_calls = swap_here;
		granted += grantrace_once(&rs, secret) == 0;
		between_calls = NULL;
	}
	/* Begun with the directory in its place, and with the link. */
	assert_true(first > 2 && granted > 0 && granted < first - 1);
	policy_rights_done(&rights);
}

/*
 * Another account may write where a path goes through: with a sticky bit it
 * swaps a directory of its own, in which one of ours lies, and else our own;
 * for a link to another directory of ours, which nobody has asked for.
 */

static void
fill_dir(const char *deep, unsigned i)
{
	char name[64];

	snprintf(name, sizeof(name), "%s/dir%u", deep, i);
	assert_int_equal(mkdirat(race_topfd, name, 0700), 0);
	snprintf(name, sizeof(name), "%s/dir%u/sub", deep, i);
	assert_int_equal(mkdirat(race_topfd, name, 0700), 0);
	snprintf(name, sizeof(name), "%s/dir%u/sub/0", deep, i);
	race_put_file(race_topfd, name);
}

/*
 * A run's directory, with links and full directories side by side in `deep`.
 * The links come first, because what is newest is mostly removed first, and
 * with its link a directory has nothing to be swapped with.
 */
static void
fill_scratch(const char *run, const char *deep)
{
	char name[64];
	unsigned i;

	race_hold();
	assert_int_equal(mkdirat(race_topfd, run, 0700), 0);
	if (strcmp(deep, run) != 0)
		assert_int_equal(mkdirat(race_topfd, deep, 0700), 0);
	for (i = 0; i < pairs; i++) {
		snprintf(name, sizeof(name), "%s/link%u", deep, i);
		assert_int_equal(symlinkat(race_in("out"), race_topfd, name),
		    0);
	}
	for (i = 0; i < pairs; i++)
		fill_dir(deep, i);
}

/*
 * A run's directory is removed while what is left of the run turns directories
 * in it into links to outside. All of it goes, and nothing else.
 */
static void
remove_while(const char *name, const char *deep)
{
	struct race s = race_begin(name, "swapped, calm", 16);
	char a[32], b[32];
	unsigned long before;

	snprintf(a, sizeof(a), "%s/dir", deep);
	snprintf(b, sizeof(b), "%s/link", deep);
	race_swap(a, b, RACE_PAIRS);
	while (race_more(&s)) {
		fill_scratch("run", deep);
		before = race_release();
		scratch_remove(race_in("run"), geteuid());
		s.kind[race_swaps() == before]++;
		assert_int_equal(faccessat(race_topfd, "run", F_OK, 0), -1);
		assert_int_equal(faccessat(race_topfd, "out/sub/0", F_OK, 0),
		    0);
	}
	race_end();
	race_outside_is_whole();
	race_say(&s);
}

static void
abuse_F10_inside(void **state)
{
	(void)state;
	remove_while("F10 remove, directories in it", "run");
}

static void
abuse_F10_deeper(void **state)
{
	(void)state;
	remove_while("F10 remove, further down", "run/deep");
}

/* The directory itself: under a name that is a link nothing is removed. */
static void
abuse_F10_itself(void **state)
{
	struct race s =
	    race_begin("F10 remove, the directory itself", "swapped, calm", 16);
	unsigned long before;

	(void)state;
	race_swap("run", "other", 1);
	while (race_more(&s)) {
		fill_scratch("run0", "run0");
		assert_int_equal(symlinkat(race_in("out"), race_topfd,
				     "other0"),
		    0);
		before = race_release();
		while (race_there("run0") || race_there("other0")) {
			scratch_remove(race_in("run0"), geteuid());
			scratch_remove(race_in("other0"), geteuid());
			(void)unlinkat(race_topfd, "run0", 0);
			(void)unlinkat(race_topfd, "other0", 0);
		}
		s.kind[race_swaps() == before]++;
		assert_int_equal(faccessat(race_topfd, "out/sub/0", F_OK, 0),
		    0);
	}
	race_end();
	race_outside_is_whole();
	race_say(&s);
}

/* One removal. False when it made fewer calls than it was to be met at. */
static bool
remove_with_swaps(const char *deep, unsigned first, unsigned second)
{
	fill_scratch("run", deep);
	steps.n = 0;
	steps.first = first;
	steps.second = second;
	between_calls = swap_here;
	scratch_remove(race_in("run"), geteuid());
	between_calls = NULL;
	assert_int_equal(faccessat(race_topfd, "run", F_OK, 0), -1);
	race_outside_is_whole();
	return steps.n >= first;
}

/*
 * No luck needed: the swap is made before each single system call that opens
 * or removes, and undone before each later one or never.
 */
static void
every_step(const char *deep)
{
	unsigned first = 1, second, n = 0;
	char a[32], b[32];

	snprintf(a, sizeof(a), "%s/dir0", deep);
	snprintf(b, sizeof(b), "%s/link0", deep);
	steps.a = a;
	steps.b = b;
	while (remove_with_swaps(deep, first, 0)) {
		for (second = first + 1; second <= steps.n; second++, n++)
			(void)remove_with_swaps(deep, first, second);
		first++;
	}
	assert_true(n > 20);
}

static void
abuse_F10_every_step(void **state)
{
	(void)state;
	pairs = 1;
	every_step("run");
	every_step("run/deep");
}

int
main(void)
{
#define RACE(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		RACE(abuse_F02_create),
		RACE(abuse_F02_F03_create_by_descent),
		RACE(abuse_F10_every_step),
		RACE(abuse_F10_inside),
		RACE(abuse_F10_deeper),
		RACE(abuse_F10_itself),
		RACE(abuse_F18_grant),
		RACE(abuse_F18_every_step),
	};

	return CHECK_RUN("races", tests);
}
