/* SPDX-License-Identifier: MIT */
/*
 * The directory that a clone is made in: it becomes the wished one or stays,
 * and nothing of anybody else's is touched; and what may be cloned from.
 */
#include "tests/unit/check.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "git-worker/clone.h"
#include "git-worker/erase.h"
#include "git-worker/place.h"
#include "lib/arena.h"
#include "lib/err.h"
#include "tests/unit/lib/tmpdir.h"

static char dir[64], top[PATH_MAX], temp[PATH_MAX + 16], target[PATH_MAX + 16];
static struct arena *arena;
static int topfd;

static int
setup(void **state)
{
	(void)state;
	topfd = tmpdir_new(dir);
	if (realpath(dir, top) == NULL)
		return 1;
	(void)snprintf(temp, sizeof(temp), "%s/.temp", top);
	(void)snprintf(target, sizeof(target), "%s/target", top);
	arena = arena_new();
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	arena_free(arena);
	close(topfd);
	tmpdir_remove(dir);
	return 0;
}

static void
make_dir(const char *name)
{
	assert_int_equal(mkdirat(topfd, name, 0700), 0);
}

static void
make_file(const char *name)
{
	int fd = openat(topfd, name, O_CREAT | O_EXCL | O_WRONLY, 0600);

	assert_true(fd >= 0);
	close(fd);
}

static bool
there(const char *name)
{
	struct stat st;

	return fstatat(topfd, name, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

static struct erase_id
made(void)
{
	const char *why = NULL;
	struct erase_id id;

	assert_int_equal(clone_make(temp, &id, &why), 0);
	return id;
}

static int
land(const struct erase_id *id)
{
	const char *why = NULL;

	return clone_land(temp, target, id, &why);
}

static void
it_becomes_the_target_once(void **state)
{
	struct erase_id id = made(), is;

	(void)state;
	make_file(".temp/x");
	assert_int_equal(land(&id), 0);
	assert_false(there(".temp"));
	assert_true(there("target/x"));
	assert_int_equal(erase_identify(target, &is), 0);
	assert_true(erase_same(&is, &id));
	/* rdvd died before it had heard so. */
	assert_int_equal(land(&id), 0);
	assert_true(there("target/x"));
}

static void
abuse_F16_nothing_is_replaced(void **state)
{
	struct erase_id id = made();
	const char *why = NULL;

	(void)state;
	make_file(".temp/mine");
	make_dir("target");
	assert_int_equal(land(&id), -EEXIST);
	assert_true(there(".temp/mine"));
	assert_false(there("target/mine"));
	assert_int_equal(rmdir(target), 0);
	assert_int_equal(symlink("nowhere", target), 0);
	assert_int_equal(land(&id), -EEXIST);
	assert_int_equal(unlink(target), 0);
	/* Control: with nothing in its way it goes. */
	assert_int_equal(land(&id), 0);
	/* A name that is taken is none to make one in, either. */
	make_dir(".temp");
	assert_int_equal(clone_make(temp, &id, &why), -EEXIST);
	assert_true(there(".temp"));
}

static void
abuse_F11_another_directory_stays(void **state)
{
	struct erase_id id = made();

	(void)state;
	assert_int_equal(renameat(topfd, ".temp", topfd, "aside"), 0);
	make_dir(".temp");
	make_file(".temp/theirs");
	assert_int_equal(land(&id), -ESTALE);
	assert_true(there(".temp/theirs"));
	assert_false(there("target"));
	/* A link to the right one is another thing, too. */
	assert_int_equal(unlinkat(topfd, ".temp/theirs", 0), 0);
	assert_int_equal(rmdir(temp), 0);
	assert_int_equal(symlinkat("aside", topfd, ".temp"), 0);
	assert_int_not_equal(land(&id), 0);
	assert_true(there(".temp"));
	assert_false(there("target"));
	assert_int_equal(unlink(temp), 0);
	assert_int_equal(renameat(topfd, "aside", topfd, ".temp"), 0);
	assert_int_equal(land(&id), 0);
}

static void
only_what_is_empty_is_dropped(void **state)
{
	const char *why = NULL;

	(void)state;
	(void)made();
	make_file(".temp/x");
	assert_int_equal(clone_drop(temp, &why), -ENOTEMPTY);
	assert_true(there(".temp/x"));
	assert_int_equal(unlinkat(topfd, ".temp/x", 0), 0);
	assert_int_equal(clone_drop(temp, &why), 0);
	assert_false(there(".temp"));
	assert_int_equal(clone_drop(temp, &why), 0);
}

static void
land_stays_in_its_directory(void **state)
{
	struct erase_id id = made();
	const char *why = NULL;
	char other[PATH_MAX + 32];

	(void)state;
	make_dir("sub");
	(void)snprintf(other, sizeof(other), "%s/sub/target", top);
	assert_int_equal(clone_land(temp, other, &id, &why), -EINVAL);
	assert_true(there(".temp"));
}

static void
what_everybody_may_write_in_is_no_place(void **state)
{
	const char *why = NULL;
	struct erase_id id;

	(void)state;
	assert_int_equal(chmod(top, 0777), 0);
	assert_int_equal(clone_make(temp, &id, &why), -EPERM);
	assert_false(there(".temp"));
	/* As /tmp is, where nobody may rename another's. */
	assert_int_equal(chmod(top, 01777), 0);
	assert_int_equal(clone_make(temp, &id, &why), 0);
	assert_int_equal(chmod(top, 0700), 0);
}

static int
source(const char *name, const char **out)
{
	char *roots[] = { top, NULL };
	const struct place_rules rules = { top, roots };
	const char *why = NULL;
	char path[2 * PATH_MAX];

	(void)snprintf(path, sizeof(path), "%s/%s", top, name);
	return clone_source(arena, &rules, path, out, &why);
}

static void
make_repo(const char *name)
{
	char part[64];

	make_dir(name);
	(void)snprintf(part, sizeof(part), "%s/objects", name);
	make_dir(part);
	(void)snprintf(part, sizeof(part), "%s/refs", name);
	make_dir(part);
	(void)snprintf(part, sizeof(part), "%s/HEAD", name);
	make_file(part);
}

static void
abuse_G15_sources(void **state)
{
	const char *out = NULL;

	(void)state;
	make_dir("tree");
	make_repo("tree/.git");
	make_repo("bare");
	assert_int_equal(source("tree", &out), 0);
	assert_int_equal(source("bare", &out), 0);
	assert_int_equal(symlinkat("bare", topfd, "link"), 0);
	assert_int_equal(source("link", &out), 0);
	assert_true(strcmp(strrchr(out, '/'), "/bare") == 0);
	assert_int_equal(source("nowhere", &out), RDV_E_NOT_FOUND);
	assert_int_equal(source("tree/.git/objects", &out), RDV_E_INVALID);
	make_dir("linked");
	make_file("linked/.git");
	assert_int_equal(source("linked", &out), RDV_E_INVALID);
	/* Its objects are somewhere else, one way or another. */
	assert_int_equal(renameat(topfd, "bare/objects", topfd, "objects"), 0);
	assert_int_equal(symlinkat("../objects", topfd, "bare/objects"), 0);
	assert_int_equal(source("bare", &out), RDV_E_INVALID);
	make_dir("tree/.git/objects/info");
	make_file("tree/.git/objects/info/alternates");
	assert_int_equal(source("tree", &out), RDV_E_INVALID);
}

static void
abuse_F05_sources_lie_beneath_a_root(void **state)
{
	char root[PATH_MAX + 8], *roots[] = { root, NULL };
	const struct place_rules rules = { root, roots };
	const char *out = NULL, *why = NULL;
	char path[PATH_MAX + 16];

	(void)state;
	make_dir("in");
	make_repo("in/repo");
	make_repo("inside");
	(void)snprintf(root, sizeof(root), "%s/in", top);
	(void)snprintf(path, sizeof(path), "%s/inside", top);
	assert_int_equal(clone_source(arena, &rules, path, &out, &why),
	    RDV_E_INVALID);
	(void)snprintf(path, sizeof(path), "%s/in/repo", top);
	assert_int_equal(clone_source(arena, &rules, path, &out, &why), 0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(it_becomes_the_target_once),
		TEST(abuse_F16_nothing_is_replaced),
		TEST(abuse_F11_another_directory_stays),
		TEST(only_what_is_empty_is_dropped),
		TEST(land_stays_in_its_directory),
		TEST(what_everybody_may_write_in_is_no_place),
		TEST(abuse_G15_sources),
		TEST(abuse_F05_sources_lie_beneath_a_root),
	};

	return CHECK_RUN("clone", tests);
}
