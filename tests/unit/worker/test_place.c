/* SPDX-License-Identifier: MIT */
/*
 * Looks at paths: where a repository is and whose, what a new worktree's path
 * may be, which directories are made, and what is mounted where.
 */
#include "tests/unit/check.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "git-worker/mounts.h"
#include "git-worker/place.h"
#include "lib/arena.h"
#include "lib/err.h"
#include "lib/gitproto.h"
#include "tests/unit/lib/tmpdir.h"

static struct arena *a;
static char dir[64], top[PATH_MAX];
static int dirfd_;

static int
setup(void **state)
{
	(void)state;
	a = arena_new();
	dirfd_ = tmpdir_new(dir);
	return realpath(dir, top) == NULL;
}

static int
teardown(void **state)
{
	(void)state;
	(void)close(dirfd_);
	tmpdir_remove(dir);
	arena_free(a);
	return 0;
}

static const char *
in(const char *name)
{
	return arena_printf(a, "%s/%s", top, name);
}

static void
make(const char *name)
{
	assert_int_equal(mkdirat(dirfd_, name, 0700), 0);
}

static void
write_file(const char *name)
{
	int fd = openat(dirfd_, name, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	(void)close(fd);
}

/* The roots are `home` alone, worktrees are made in `trees`. */
static struct place_rules
rules(void)
{
	static char *roots[2];

	roots[0] = (char *)in("home");
	return (struct place_rules){ in("trees"), roots };
}

static int
find(const char *path, uid_t uid, struct place *p, const char **why)
{
	const struct place_rules r = rules();
	const struct place_ask ask = { a, &r, uid };

	*why = "";
	return place_find(&ask, path, p, why);
}

static void
lay_out(void)
{
	static const char *const made[] = { "home", "home/r", "home/r/.git",
		"home/r/sub", "home/plain", "home-sibling", "home-sibling/.git",
		"trees", "trees/t" };

	for (size_t i = 0; i < sizeof(made) / sizeof(made[0]); i++)
		make(made[i]);
	write_file("trees/t/.git");
	assert_int_equal(symlinkat("../home-sibling", dirfd_, "home/out"), 0);
	assert_int_equal(symlinkat("r", dirfd_, "home/in"), 0);
}

static void
a_repository_is_found_from_within(void **state)
{
	struct place p;
	const char *why;

	(void)state;
	lay_out();
	assert_int_equal(find(in("home/r"), geteuid(), &p, &why), 0);
	assert_string_equal(p.at, in("home/r"));
	assert_false(p.linked);
	assert_int_equal(find(in("home/in/sub"), geteuid(), &p, &why), 0);
	assert_string_equal(p.at, in("home/r"));
	assert_int_equal(find(in("trees/t"), geteuid(), &p, &why), 0);
	assert_true(p.linked);
	assert_int_equal(find(in("home/no"), geteuid(), &p, &why),
	    RDV_E_NOT_FOUND);
	assert_non_null(strstr(why, "No such file"));
	assert_int_equal(find("home/r", geteuid(), &p, &why), RDV_E_INVALID);
	assert_int_equal(find(in("home/plain"), geteuid(), &p, &why),
	    RDV_E_INVALID);
	assert_non_null(strstr(why, "is in no git repository"));
}

static void
abuse_F05_nothing_outside_the_roots(void **state)
{
	const struct place_rules r = rules();
	const char *why, *full;
	struct place p;

	(void)state;
	lay_out();
	assert_int_equal(find(in("home-sibling"), geteuid(), &p, &why),
	    RDV_E_INVALID);
	assert_non_null(strstr(why, "is outside worktrees.repo_roots"));
	assert_int_equal(find(in("home/out"), geteuid(), &p, &why),
	    RDV_E_INVALID);
	assert_false(place_is_main(a, &r, in("home-sibling")));
	assert_false(place_is_main(a, &r, in("home/in")));
	assert_true(place_is_main(a, &r, in("home/r")));
	assert_int_equal(place_new(a, &r, in("home/out/x"), &full, &why),
	    RDV_E_INVALID);
	assert_int_equal(place_new(a, &r, in("home/in/x"), &full, &why), 0);
	assert_string_equal(full, in("home/r/x"));
	assert_int_equal(place_new(a, &r, in("home/out"), &full, &why),
	    RDV_E_EXISTS);
}

/* Where rdv makes them a link leads to no other root, not even to "/". */
static void
abuse_F02_ours_are_not_led_out(void **state)
{
	char *const all[] = { (char *)"/", NULL };
	const struct place_rules named = { in("trees"), all };
	const struct place_rules linked = { in("alias"), all };
	const char *why, *full;

	(void)state;
	lay_out();
	make("trees/space");
	assert_int_equal(symlinkat("trees", dirfd_, "alias"), 0);
	assert_int_equal(symlinkat("../home/r", dirfd_, "trees/led"), 0);
	assert_int_equal(symlinkat("space", dirfd_, "trees/within"), 0);
	assert_int_equal(place_new(a, &named, in("trees/led/x"), &full, &why),
	    RDV_E_INVALID);
	assert_non_null(strstr(why, "is led out of worktrees.dir by a link"));
	assert_non_null(strstr(why, in("home/r/x")));
	assert_int_equal(place_new(a, &linked, in("alias/led/x"), &full, &why),
	    RDV_E_INVALID);
	assert_int_equal(place_new(a, &linked, in("trees/led/x"), &full, &why),
	    RDV_E_INVALID);
	/* Control: what stays there, and what is named by itself. */
	assert_int_equal(place_new(a, &named, in("trees/within/x"), &full,
			     &why),
	    0);
	assert_string_equal(full, in("trees/space/x"));
	assert_int_equal(place_new(a, &linked, in("alias/space/x"), &full,
			     &why),
	    0);
	assert_int_equal(place_new(a, &named, in("home/r/x"), &full, &why), 0);
}

static void
abuse_F07_no_magic_link_is_followed(void **state)
{
	const char *self, *why;
	struct place p;
	int fd;

	(void)state;
	lay_out();
	fd = openat(dirfd_, "home/r", O_PATH | O_CLOEXEC);
	self = arena_printf(a, "/proc/self/fd/%d", fd);
	assert_int_not_equal(find(self, geteuid(), &p, &why), 0);
	self = arena_printf(a, "/proc/%d/root%s", (int)getpid(), in("home/r"));
	assert_int_not_equal(find(self, geteuid(), &p, &why), 0);
	assert_int_equal(find(in("home/r"), geteuid(), &p, &why), 0);
	(void)close(fd);
}

static void
abuse_G08_a_repository_of_somebody_else_is_not_used(void **state)
{
	struct place p;
	const char *why;

	(void)state;
	lay_out();
	assert_int_equal(find(in("home/r"), geteuid(), &p, &why), 0);
	assert_int_equal(find(in("home/r"), geteuid() + 1, &p, &why),
	    RDV_E_INVALID);
	assert_non_null(strstr(why, "belongs to another account"));
}

static void
directories_are_made_for_their_owner_alone(void **state)
{
	const char *why = NULL, *full = NULL;
	struct stat st;

	(void)state;
	make("home");
	assert_int_equal(place_make(a, in("home/.rdv/trash"), &full, &why), 0);
	assert_string_equal(full, in("home/.rdv/trash"));
	for (int i = 0; i < 2; i++) {
		assert_int_equal(
		    stat(in(i == 0 ? "home/.rdv" : "home/.rdv/trash"), &st), 0);
		assert_int_equal(st.st_mode & 07777, 0700);
		assert_int_equal(st.st_uid, geteuid());
	}
	/* What is there already is taken as it is, if it is one. */
	assert_int_equal(place_make(a, in("home/.rdv/trash"), &full, &why), 0);
	write_file("home/file");
	assert_int_equal(place_make(a, in("home/file"), &full, &why),
	    RDV_E_INVALID);
	assert_non_null(strstr(why, "is no directory of this account"));
	assert_int_equal(place_make(a, in("home/file/x"), &full, &why),
	    RDV_E_INVALID);
	/* No more than the last two steps. */
	assert_int_equal(place_make(a, in("home/a/b/c"), &full, &why),
	    RDV_E_INVALID);
	assert_non_null(strstr(why, "cannot be made: No such file"));
}

/* Each mark has a name that rdvd takes; the last one made is found first. */
static void
abuse_E01_every_mark_has_its_word(void **state)
{
	static const char *const marks[] = { "h/BISECT_LOG", "h/sequencer",
		"h/REVERT_HEAD", "h/CHERRY_PICK_HEAD", "h/MERGE_HEAD",
		"h/rebase-apply", "h/rebase-merge" };
	const char *last = "";

	(void)state;
	make("h");
	for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++) {
		write_file(marks[i]);
		assert_true(gitproto_is_midway(place_midway(in("h"))));
		assert_string_not_equal(place_midway(in("h")), last);
		last = place_midway(in("h"));
	}
}

static void
what_an_operation_leaves(void **state)
{
	(void)state;
	make("g");
	assert_null(place_midway(in("g")));
	write_file("g/MERGE_HEAD");
	assert_string_equal(place_midway(in("g")), "merge");
	make("g/rebase-merge");
	assert_string_equal(place_midway(in("g")), "rebase");
	assert_string_equal(place_midway(in("no")), "");
	assert_string_equal(place_midway(in("g/MERGE_HEAD/x")), "");
}

/*
 * Who may mount nothing may do so in a user namespace. Where that is not to be
 * had either, /proc has to do, which is another file system everywhere.
 */
static int
mounted(const char *path)
{
	if (chdir(path) < 0)
		return 4;
	if (unshare(CLONE_NEWNS | (geteuid() == 0 ? 0 : CLONE_NEWUSER)) < 0 ||
	    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount("one", "two", NULL, MS_BIND, NULL) < 0 ||
	    mount("tmpfs", "tmp", "tmpfs", 0, NULL) < 0)
		return place_same_mount("one", "/proc") ? 1 : 0;
	if (place_same_mount("one", "two") || place_same_mount("one", "tmp"))
		return 2;
	return place_same_mount(".", "one/in") ? 0 : 3;
}

static void
a_rename_stays_on_one_mount(void **state)
{
	static const char *const made[] = { "one", "one/in", "two", "tmp" };
	int status;
	pid_t pid;

	(void)state;
	for (size_t i = 0; i < sizeof(made) / sizeof(made[0]); i++)
		make(made[i]);
	assert_false(place_same_mount(dir, "/nonexistent"));
	pid = fork();
	if (pid == 0)
		_exit(mounted(dir));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static void
what_is_mounted_below(void **state)
{
	static const char text[] =
	    "1 0 8:1 / / rw - ext4 /dev/sda1 rw\n"
	    "2 1 8:1 /d /t/a\\040b/in rw shared:1 - ext4 /dev/sda1 rw\n"
	    "3 1 0:9 / /t/fuse rw - fuse.sshfs host:/ rw\n"
	    "4 1 0:9 / /t/x\\134y rw - tmpfs t rw\n";
	static const struct {
		const char *dir;
		bool below;
	} rows[] = {
		{ "/t/a b", true },
		{ "/t/a b/in", true },
		{ "/t/a b/in/deeper", false },
		{ "/t/a b/i", false },
		{ "/t/a", false },
		{ "/t/fuse", true },
		{ "/t/fus", false },
		{ "/t/fuse2", false },
		{ "/t/x\\y", true },
		{ "/t", true },
		{ "/home", false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (mounts_below(text, sizeof(text) - 1, rows[i].dir) !=
		    rows[i].below)
			fail_msg("%s", rows[i].dir);
	/* What is not all of it says nothing. */
	assert_true(mounts_below("", 0, "/home"));
	assert_true(mounts_below(text + 36, sizeof(text) - 37, "/home"));
	assert_true(mounts_below(text, 9, "/home"));
}

int
main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(a_repository_is_found_from_within),
		T(abuse_F05_nothing_outside_the_roots),
		T(abuse_F02_ours_are_not_led_out),
		T(abuse_F07_no_magic_link_is_followed),
		T(abuse_G08_a_repository_of_somebody_else_is_not_used),
		T(directories_are_made_for_their_owner_alone),
		T(what_an_operation_leaves),
		T(abuse_E01_every_mark_has_its_word),
		T(a_rename_stays_on_one_mount),
		T(what_is_mounted_below),
	};

	return CHECK_RUN("worker/place", tests);
}
