/* SPDX-License-Identifier: MIT */
/*
 * A neighbour who may write the directory that a run's path leads through, with
 * links and repositories that are his (abuse F02, F18, G09). What another
 * account owns takes root to make, so all of this is root's.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/err.h"
#include "priv-helper/repo.h"
#include "priv-helper/roots.h"
#include "tests/unit/check.h"
#include "tests/unit/lib/race.h"
#include "tests/unit/priv/grantrace.h"
#include "tests/unit/priv/rights.h"

#define NEIGHBOUR 54321

static void
make_shared(mode_t mode, uid_t owner)
{
	if (geteuid() != 0) {
		print_message("a link of another account needs root\n");
		skip();
	}
	grantrace_root();
	assert_int_equal(mkdirat(race_topfd, "own", 0700), 0);
	assert_int_equal(mkdirat(race_topfd, "own/sub", 0700), 0);
	assert_int_equal(fchmodat(race_topfd, "root", mode, 0), 0);
	assert_int_equal(unlinkat(race_topfd, "root/link0", 0), 0);
	assert_int_equal(symlinkat(race_in("own"), race_topfd, "root/link0"),
	    0);
	assert_int_equal(fchownat(race_topfd, "root/link0", NEIGHBOUR,
			     NEIGHBOUR, AT_SYMLINK_NOFOLLOW),
	    0);
	assert_int_equal(fchownat(race_topfd, "root/dir0", owner, owner, 0), 0);
}

static ino_t
inode_of(const char *name)
{
	struct stat st;

	assert_int_equal(fstatat(race_topfd, name, &st, 0), 0);
	return st.st_ino;
}

/* The link as it lies there: followed when it is ours, and only then. */
static void
lead_once(const struct roots *rs, uid_t owner, int wanted)
{
	char why[256] = "";
	int fd = -1;

	assert_int_equal(fchownat(race_topfd, "root/link0", owner, owner,
			     AT_SYMLINK_NOFOLLOW),
	    0);
	assert_int_equal(roots_open(rs, race_in("root/link0/sub"), &fd, why,
			     sizeof(why)),
	    wanted);
	if (wanted == 0)
		(void)close(fd);
	else
		assert_non_null(strstr(why, "a link of another account"));
}

static void
neighbour(const char *name, mode_t mode, uid_t owner)
{
	struct race s = race_begin(name, "opened, refused", 1);
	struct policy_rights rights;
	struct roots rs;

	make_shared(mode, owner);
	rights_make(&rights, NULL, race_in("home"));
	assert_true(roots_init(&rs, race_in("home"), race_in("out"), NULL,
	    &rights));
	lead_once(&rs, geteuid(), 0);
	lead_once(&rs, NEIGHBOUR, RDV_E_DENIED);
	race_swap("root/dir", "root/link", 1);
	while (race_more(&s))
		s.kind[grantrace_once(&rs, inode_of("own/sub")) != 0]++;
	race_end();
	policy_rights_done(&rights);
	race_say(&s);
}

static void
abuse_F02_F18_neighbour(void **state)
{
	(void)state;
	neighbour("F18 a neighbour's link", 0777, 0);
}

static void
abuse_F02_F18_neighbour_sticky(void **state)
{
	(void)state;
	neighbour("F18 a neighbour's link, sticky", 01777, NEIGHBOUR);
}

/* A repository in the shared directory, and the neighbour's, alike. */
static void
make_repo(const char *name, uid_t owner)
{
	static const char *const dirs[] = { "", "/.git", "/.git/worktrees",
		"/.git/worktrees/w" };
	char path[64];
	FILE *f;

	for (size_t i = 0; i < sizeof(dirs) / sizeof(dirs[0]); i++) {
		snprintf(path, sizeof(path), "root/%s%s", name, dirs[i]);
		assert_int_equal(mkdirat(race_topfd, path, 0755), 0);
		assert_int_equal(fchownat(race_topfd, path, owner, owner, 0),
		    0);
	}
	snprintf(path, sizeof(path), "root/%s/.git/worktrees/w/gitdir", name);
	f = fopen(race_in(path), "we");
	assert_non_null(f);
	assert_true(fprintf(f, "%s\n", race_in("own/.git")) > 0);
	assert_int_equal(fclose(f), 0);
}

/* Which of the two is meant at the moment: 0, or refused. */
static int
find_repo(const struct roots *rs, int root, ino_t theirs)
{
	struct repo r;
	struct stat st;
	char why[128];
	int err = repo_open(rs, root, &r, why, sizeof(why));

	if (err != 0)
		return err;
	assert_int_equal(fstat(r.admin, &st), 0);
	assert_int_not_equal(st.st_ino, theirs);
	(void)close(r.admin);
	(void)close(r.common);
	return 0;
}

static void
abuse_F02_G09_neighbours_repository(void **state)
{
	struct race s =
	    race_begin("F02 a neighbour's repository", "opened, refused", 1);
	struct policy_rights rights;
	struct roots rs;
	ino_t theirs;
	FILE *f;
	int root;

	(void)state;
	make_shared(0777, 0);
	make_repo("main0", 0);
	make_repo("evil0", NEIGHBOUR);
	theirs = inode_of("root/evil0/.git/worktrees/w");
	f = fopen(race_in("own/.git"), "we");
	assert_non_null(f);
	assert_true(fprintf(f, "gitdir: %s\n",
			race_in("root/main0/.git/worktrees/w")) > 0);
	assert_int_equal(fclose(f), 0);
	rights_make(&rights, NULL, race_in("home"));
	assert_true(roots_init(&rs, race_in("home"), race_in("out"), NULL,
	    &rights));
	root = openat(race_topfd, "own", O_PATH | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(find_repo(&rs, root, theirs), 0);
	race_swap("root/main", "root/evil", 1);
	while (race_more(&s))
		s.kind[find_repo(&rs, root, theirs) != 0]++;
	race_end();
	(void)close(root);
	policy_rights_done(&rights);
	race_say(&s);
}

int
main(void)
{
#define RACE(f) cmocka_unit_test_setup_teardown(f, race_set_up, race_tear_down)
	const struct CMUnitTest tests[] = {
		RACE(abuse_F02_F18_neighbour),
		RACE(abuse_F02_F18_neighbour_sticky),
		RACE(abuse_F02_G09_neighbours_repository),
	};

	return CHECK_RUN("rootraces", tests);
}
