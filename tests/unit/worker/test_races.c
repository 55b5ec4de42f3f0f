/* SPDX-License-Identifier: MIT */
/*
 * Time of check against time of use in what the worker reads and makes by name:
 * copies of files, the directory of a clone, the file that says which worktree
 * one is. A directory is swapped with a link to outside meanwhile, by somebody
 * who may write there; what is outside is neither read, written nor moved.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "git-worker/clone.h"
#include "git-worker/copy.h"
#include "git-worker/erase.h"
#include "git-worker/move.h"
#include "git-worker/newfile.h"
#include "git-worker/relink.h"
#include "git-worker/replace.h"
#include "lib/err.h"
#include "tests/unit/check.h"
#include "tests/unit/lib/race.h"

/*
 * Called once, before the next rename and after the next look at a name: both
 * stand in for those of libc, so that a swap comes in the moment that counts.
 */
static void (*before_rename)(void), (*after_look)(void);

int
fstatat(int dir, const char *name, struct stat *st, int flags)
{
	const int r = (int)syscall(SYS_newfstatat, dir, name, st, flags);
	void (*f)(void) = after_look;

	after_look = NULL;
	if (f != NULL)
		f();
	return r;
}

int
renameat2(int from, const char *old, int to, const char *new, unsigned flags)
{
	void (*f)(void) = before_rename;

	before_rename = NULL;
	if (f != NULL)
		f();
	return (int)syscall(SYS_renameat2, from, old, to, new, flags);
}

static void
swap_once(void)
{
	(void)renameat2(race_topfd, "tree0", race_topfd, "other0",
	    RENAME_EXCHANGE);
}

/* What is in a file that may be read; those outside are empty. */
#define MINE "mine"

static void
put_mine(const char *name)
{
	int fd = openat(race_topfd, name, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, MINE, 4), 4);
	(void)close(fd);
}

static void
make_dir(const char *name)
{
	assert_int_equal(mkdirat(race_topfd, name, 0700), 0);
}

static int
copy(const char *pattern)
{
	char *const patterns[] = { (char *)pattern, NULL };
	struct copy c = { .max_files = 100, .max_bytes = 1 << 20 };

	return copy_files(race_in("from"), race_in("to"), patterns, &c);
}

/* Takes a copy away again; true when there was one, and it was of `from`. */
static bool
copied(int dir, const char *name)
{
	struct stat st;

	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) != 0)
		return false;
	assert_true(S_ISREG(st.st_mode));
	assert_int_equal(st.st_size, 4);
	assert_int_equal(unlinkat(dir, name, 0), 0);
	return true;
}

static int
opened(const char *name)
{
	int fd = openat(race_topfd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	assert_true(fd >= 0);
	return fd;
}

/* The directory that is read turns into a link to one with the same names. */
static void
read_while(const char *name, const char *pattern)
{
	struct race s = race_begin(name, "copied, refused", 1);
	int to;

	make_dir("from");
	make_dir("from/dir0");
	put_mine("from/dir0/0");
	assert_int_equal(symlinkat("../out", race_topfd, "from/link0"), 0);
	make_dir("to");
	make_dir("to/dir0");
	to = opened("to/dir0");
	race_swap("from/dir", "from/link", 1);
	while (race_more(&s)) {
		(void)copy(pattern);
		s.kind[!copied(to, "0")]++;
	}
	race_end();
	(void)close(to);
	race_outside_is_whole();
	race_say(&s);
}

static void
abuse_F02_copy_reads(void **state)
{
	(void)state;
	read_while("F02 copy, its source by name", "dir0/0");
}

static void
abuse_F02_copy_reads_a_pattern(void **state)
{
	(void)state;
	read_while("F02 copy, its source by pattern", "d*/*");
}

/* The file itself: it is that one, or a link that leads out. */
static void
abuse_F02_copy_reads_a_file(void **state)
{
	struct race s = race_begin("F02 copy, a file", "copied, refused", 1);
	int to;

	(void)state;
	make_dir("from");
	put_mine("from/f0");
	assert_int_equal(symlinkat("../out/0", race_topfd, "from/l0"), 0);
	make_dir("to");
	to = opened("to");
	race_swap("from/f", "from/l", 1);
	while (race_more(&s)) {
		(void)copy("f0");
		s.kind[!copied(to, "f0")]++;
	}
	race_end();
	(void)close(to);
	race_outside_is_whole();
	race_say(&s);
}

static void
swap_file(void)
{
	(void)renameat2(race_topfd, "from/f0", race_topfd, "from/l0",
	    RENAME_EXCHANGE);
}

/* The same without luck: between the look at it and its opening. */
static void
abuse_F02_copy_swapped_between(void **state)
{
	(void)state;
	make_dir("from");
	put_mine("from/f0");
	assert_int_equal(symlinkat("../out/0", race_topfd, "from/l0"), 0);
	make_dir("to");
	after_look = swap_file;
	assert_int_equal(copy("f0"), RDV_E_INVALID);
	assert_null(after_look);
	assert_false(race_there("to/f0"));
	/* And as it was before. */
	swap_file();
	assert_int_equal(copy("f0"), 0);
	assert_true(race_there("to/f0"));
}

/* Where it is written to turns into a link: "new" is not made outside. */
static void
write_while(const char *name)
{
	struct race s = race_begin(name, "copied, refused", 1);
	int to;

	make_dir("from");
	make_dir("from/dir0");
	put_mine("from/dir0/new");
	make_dir("to");
	make_dir("to/dir0");
	assert_int_equal(symlinkat("../out", race_topfd, "to/link0"), 0);
	to = opened("to/dir0");
	race_swap("to/dir", "to/link", 1);
	while (race_more(&s)) {
		(void)copy("dir0/new");
		s.kind[!copied(to, "new")]++;
	}
	race_end();
	(void)close(to);
	race_outside_is_whole();
	race_say(&s);
}

static void
abuse_F02_F16_copy_writes(void **state)
{
	(void)state;
	write_while("F16 copy, its target");
}

/* And with a name of its own meanwhile, which somebody may plant. */
static void
abuse_F02_F16_copy_writes_named(void **state)
{
	(void)state;
	newfile_force_named(true);
	write_while("F16 copy, its target with a name");
	newfile_force_named(false);
}

/*
 * A clone's directory, made in one that turns into a link, while what was made
 * is swapped with somebody else's at the same time.
 */
static void
abuse_F02_F16_clone(void **state)
{
	struct race s =
	    race_begin("F16 clone, made and renamed", "made, refused", 1);
	struct erase_id id;
	const char *why = NULL;
	int root;

	(void)state;
	make_dir("root0");
	assert_int_equal(symlinkat("out", race_topfd, "link0"), 0);
	root = opened("root0");
	race_swap("root", "link", 1);
	while (race_more(&s)) {
		int err = clone_make(race_in("root0/new"), &id, &why);

		s.kind[err != 0]++;
		/* Before anything takes it away again. */
		assert_false(race_there("out/new"));
		if (err == 0)
			(void)clone_land(race_in("root0/new"),
			    race_in("root0/sub"), &id, &why);
		(void)clone_drop(race_in("root0/new"), &why);
		(void)unlinkat(root, "new", AT_REMOVEDIR);
		(void)unlinkat(root, "sub", AT_REMOVEDIR);
	}
	race_end();
	(void)close(root);
	race_outside_is_whole();
	race_say(&s);
}

/* Only what was made is renamed: another one in its place stays. */
static void
abuse_F11_clone_lands(void **state)
{
	struct race s = race_begin("F11 clone, another in its place",
	    "renamed, refused", 1);
	struct erase_id id, is;
	unsigned others = 0;
	const char *why = NULL;

	(void)state;
	make_dir("tree0");
	make_dir("other0");
	race_put_file(race_topfd, "other0/theirs");
	assert_int_equal(erase_identify_at(race_topfd, "tree0", &id), 0);
	race_swap("tree", "other", 1);
	while (race_more(&s)) {
		int err =
		    clone_land(race_in("tree0"), race_in("whole"), &id, &why);

		assert_true(err == 0 || err == -ESTALE || err == -ENOENT);
		s.kind[err != 0]++;
		if (err != 0)
			continue;
		/* Nobody swaps it where it has come to. */
		assert_int_equal(erase_identify_at(race_topfd, "whole", &is),
		    0);
		others += !erase_same(&is, &id);
		assert_int_equal(renameat2(race_topfd, "whole", race_topfd,
				     "tree0", RENAME_NOREPLACE),
		    0);
	}
	assert_int_equal(others, 0);
	race_end();
	race_say(&s);
}

/* Nor with the swap in the only moment in which names are believed. */
static void
abuse_F11_clone_swapped_between(void **state)
{
	struct erase_id id, is;
	const char *why = NULL;

	(void)state;
	make_dir("tree0");
	make_dir("other0");
	assert_int_equal(erase_identify_at(race_topfd, "tree0", &id), 0);
	before_rename = swap_once;
	assert_int_equal(clone_land(race_in("tree0"), race_in("whole"), &id,
			     &why),
	    -ESTALE);
	assert_null(before_rename);
	assert_false(race_there("whole"));
	assert_true(race_there("tree0"));
	assert_int_equal(erase_identify_at(race_topfd, "other0", &is), 0);
	assert_true(erase_same(&is, &id));
}

/* The file that says which worktree it is: in that tree or in none. */
static void
abuse_F02_relink(void **state)
{
	struct race s =
	    race_begin("F02 relink, the tree", "written, refused", 1);
	const char *const dirs[] = { "top", "top/.git", "top/.git/worktrees",
		"top/.git/worktrees/w", "tree0" };
	char text[128];
	int fd, tree;

	(void)state;
	for (size_t i = 0; i < sizeof(dirs) / sizeof(dirs[0]); i++)
		make_dir(dirs[i]);
	fd = openat(race_topfd, "top/.git/worktrees/w/gitdir",
	    O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	(void)snprintf(text, sizeof(text), "%s\n", race_in("tree0/.git"));
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	(void)close(fd);
	assert_int_equal(symlinkat("out", race_topfd, "link0"), 0);
	tree = opened("tree0");
	race_swap("tree", "link", 1);
	while (race_more(&s)) {
		int err = relink_tree(race_in("top"), race_in("tree0"));

		assert_true(err == 0 || err == -ELOOP || err == -ENOTDIR);
		s.kind[err != 0]++;
		assert_int_equal(unlinkat(tree, ".git", 0), err == 0 ? 0 : -1);
	}
	race_end();
	(void)close(tree);
	race_outside_is_whole();
	race_say(&s);
}

/* Into `tree0`, which may be another meanwhile, and is put anew each time. */
static void
replace_begin(int *tree)
{
	make_dir("tree0");
	make_dir("tree0/dir0");
	put_mine("tree0/dir0/0");
	assert_int_equal(symlinkat("../out", race_topfd, "tree0/link0"), 0);
	*tree = opened("tree0");
}

static void
put_temp(int tree, const char *name)
{
	int fd = openat(tree, name, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, MINE, 4), 4);
	(void)close(fd);
}

/* Bytes that come back: into the tree's own file, or nowhere. */
static void
abuse_F02_F16_replace(void **state)
{
	struct race s =
	    race_begin("F02 replace, its directory", "replaced, refused", 1);
	struct stat st;
	int tree, err;

	(void)state;
	replace_begin(&tree);
	race_swap("tree0/dir", "tree0/link", 1);
	while (race_more(&s)) {
		put_temp(tree, "temp");
		err = replace_file(race_in("tree0"), "temp", "dir0/0");
		assert_true(err == 0 || err == -ELOOP || err == -ENOTDIR);
		s.kind[err != 0]++;
		assert_false(race_there("tree0/temp"));
		assert_int_equal(fstatat(race_topfd, "out/0", &st, 0), 0);
		assert_int_equal(st.st_size, 0);
	}
	race_end();
	(void)close(tree);
	race_outside_is_whole();
	race_say(&s);
}

/* Nor has anything outside a new mode, by a link in the place of `temp`. */
static void
abuse_F02_F16_replace_mode(void **state)
{
	struct race s =
	    race_begin("F16 replace, what it is put from", "taken, refused", 1);
	struct stat st;
	int tree, err;

	(void)state;
	replace_begin(&tree);
	assert_int_equal(fchmodat(tree, "dir0/0", 0640, 0), 0);
	race_swap("tree0/temp", "tree0/other", 1);
	while (race_more(&s)) {
		assert_int_equal(symlinkat("../out/0", tree, "other0"), 0);
		put_temp(tree, "temp0");
		err = replace_file(race_in("tree0"), "temp0", "dir0/0");
		s.kind[err != 0]++;
		(void)unlinkat(tree, "temp0", 0);
		(void)unlinkat(tree, "other0", 0);
		(void)unlinkat(tree, "dir0/0", 0);
		put_mine("tree0/dir0/0");
		assert_int_equal(fchmodat(tree, "dir0/0", 0640, 0), 0);
		assert_int_equal(fstatat(race_topfd, "out/0", &st, 0), 0);
		assert_int_equal(st.st_mode & 0777, 0600);
	}
	race_end();
	(void)close(tree);
	race_outside_is_whole();
	race_say(&s);
}

/* A second name of what lies outside is put nowhere, and keeps its mode. */
static void
abuse_F08_replace_linked(void **state)
{
	struct stat st;
	int tree;

	(void)state;
	replace_begin(&tree);
	assert_int_equal(fchmodat(tree, "dir0/0", 0640, 0), 0);
	assert_int_equal(linkat(race_topfd, "out/0", tree, "temp", 0), 0);
	assert_int_equal(replace_file(race_in("tree0"), "temp", "dir0/0"),
	    -EMLINK);
	assert_int_equal(fstatat(race_topfd, "out/0", &st, 0), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_false(race_there("tree0/temp"));
	put_temp(tree, "temp");
	assert_int_equal(replace_file(race_in("tree0"), "temp", "dir0/0"), 0);
	assert_int_equal(fstatat(tree, "dir0/0", &st, 0), 0);
	assert_int_equal(st.st_mode & 0777, 0640);
	(void)close(tree);
	race_outside_is_whole();
}

/*
 * One of the two that a tree is moved between turns into a link: it goes to the
 * other, or it stays; and nothing comes from outside.
 */
static void
move_while(const char *name, bool back)
{
	struct race s = race_begin(name, "moved, refused", 1);
	const char *tree = back ? "own" : "sub";
	char from[32], to[32];
	int root, trash, err;

	make_dir("root0");
	make_dir("trash");
	assert_int_equal(symlinkat("out", race_topfd, "link0"), 0);
	root = opened("root0");
	trash = opened("trash");
	assert_int_equal(mkdirat(back ? trash : root, tree, 0700), 0);
	(void)snprintf(from, sizeof(from), "%s/%s", back ? "trash" : "root0",
	    tree);
	(void)snprintf(to, sizeof(to), "%s/%s", back ? "root0" : "trash", tree);
	race_swap("root", "link", 1);
	while (race_more(&s)) {
		err = move_tree(race_in(from), race_in(to));
		assert_true(err == 0 || err == -ELOOP || err == -ENOTDIR);
		s.kind[err != 0]++;
		race_outside_is_whole();
		if (err == 0)
			assert_int_equal(renameat(back ? root : trash, tree,
					     back ? trash : root, tree),
			    0);
	}
	race_end();
	(void)close(trash);
	(void)close(root);
	race_say(&s);
}

static void
abuse_F02_move_away(void **state)
{
	(void)state;
	move_while("F02 move, from what is swapped", false);
}

static void
abuse_F02_move_back(void **state)
{
	(void)state;
	move_while("F02 move, to what is swapped", true);
}

int
main(void)
{
#define RACE(f) cmocka_unit_test_setup_teardown(f, race_set_up, race_tear_down)
	const struct CMUnitTest tests[] = {
		RACE(abuse_F02_copy_reads),
		RACE(abuse_F02_copy_reads_a_pattern),
		RACE(abuse_F02_copy_reads_a_file),
		RACE(abuse_F02_copy_swapped_between),
		RACE(abuse_F02_F16_copy_writes),
		RACE(abuse_F02_F16_copy_writes_named),
		RACE(abuse_F02_F16_clone),
		RACE(abuse_F11_clone_lands),
		RACE(abuse_F11_clone_swapped_between),
		RACE(abuse_F02_relink),
		RACE(abuse_F02_move_away),
		RACE(abuse_F02_move_back),
		RACE(abuse_F02_F16_replace),
		RACE(abuse_F02_F16_replace_mode),
		RACE(abuse_F08_replace_linked),
	};

	return CHECK_RUN("worker races", tests);
}
