/* SPDX-License-Identifier: MIT */
/* Each question that rdv-git knows, answered about a directory of our own. */
#include "tests/unit/check.h"

#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "git-worker/ask.h"
#include "lib/arena.h"
#include "tests/unit/lib/tmpdir.h"

static struct arena *a;
static char dir[64], top[PATH_MAX];
static int at;
static struct git_fact f;

static int
setup(void **state)
{
	(void)state;
	a = arena_new();
	at = tmpdir_new(dir);
	return realpath(dir, top) == NULL || mkdirat(at, "r", 0700) != 0 ||
	       mkdirat(at, "r/.git", 0700) != 0;
}

static int
teardown(void **state)
{
	(void)state;
	(void)close(at);
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
ask(const char *question, const char *arg)
{
	static char *roots[2];
	struct asking q = { .arena = a, .trash = in("own/trash") };

	roots[0] = top;
	q.rules.dir = in("own/trees");
	q.rules.roots = roots;
	memset(&f, 0, sizeof(f));
	assert_true(ask_answer(&q, question, arg, &f));
}

static void
a_place(void **state)
{
	(void)state;
	ask("place", in("r"));
	assert_int_equal(f.found, GIT_FOUND);
	assert_string_equal(f.text, in("r"));
	/* Without a trash nothing can be renamed into it. */
	assert_int_equal(f.flags, GIT_F_MAIN);
	ask("trash", "make");
	ask("place", in("r"));
	assert_int_equal(f.flags, GIT_F_MAIN | GIT_F_SAME_MOUNT);
	assert_int_equal(mkdirat(at, "r/.git/objects", 0700), 0);
	assert_int_equal(mkdirat(at, "r/.git/objects/info", 0700), 0);
	assert_int_equal(mkdirat(at, "r/.git/objects/info/alternates", 0700),
	    0);
	ask("main", in("r"));
	assert_int_equal(f.flags, GIT_F_MAIN | GIT_F_BORROWS);
	ask("main", top);
	assert_int_equal(f.flags, 0);
	ask("place", in("no"));
	assert_int_equal(f.found, GIT_NO_SUCH);
	ask("place", top);
	assert_int_equal(f.found, GIT_REFUSED);
	assert_non_null(strstr(f.text, "is in no git repository"));
}

/* Made as the account's alone, with the directory it is in; "~" is its home. */
static void
a_home_of_an_agent(void **state)
{
	struct stat st;

	(void)state;
	ask("name", in("agents/CODEX"));
	assert_int_equal(f.found, GIT_FOUND);
	assert_string_equal(f.text, in("agents/CODEX"));
	assert_int_equal(stat(in("agents"), &st), -1);
	ask("name", "agents/CODEX");
	assert_int_equal(f.found, GIT_REFUSED);
	ask("agent", "agents/CODEX");
	assert_int_equal(f.found, GIT_REFUSED);
	ask("agent", in("agents/CODEX"));
	assert_int_equal(f.found, GIT_FOUND);
	assert_string_equal(f.text, in("agents/CODEX"));
	assert_int_equal(stat(in("agents"), &st), 0);
	assert_int_equal(st.st_mode & 0777, 0700);
	assert_int_equal(stat(in("agents/CODEX"), &st), 0);
	assert_int_equal(st.st_mode & 0777, 0700);
	ask("agent", in("agents/CODEX"));
	assert_int_equal(f.found, GIT_FOUND);
}

static void
a_new_path(void **state)
{
	(void)state;
	ask("new", in("w"));
	assert_int_equal(f.found, GIT_FOUND);
	assert_string_equal(f.text, in("w"));
	ask("new", in("r"));
	assert_int_equal(f.found, GIT_TAKEN);
	ask("new", in("no/w"));
	assert_int_equal(f.found, GIT_REFUSED);
	/* But for where rdv makes them: that is made. */
	ask("new", in("own/trees/w"));
	assert_int_equal(f.found, GIT_FOUND);
	assert_int_equal(faccessat(at, "own/trees", X_OK, 0), 0);
	/* And a workspace's directory right in there, and no further one. */
	ask("new", in("own/trees/space/w"));
	assert_int_equal(f.found, GIT_FOUND);
	assert_int_equal(faccessat(at, "own/trees/space", X_OK, 0), 0);
	assert_int_equal(faccessat(at, "own/trees/space/w", X_OK, 0), -1);
	ask("new", in("own/trees/two/deep/w"));
	assert_int_equal(f.found, GIT_REFUSED);
	assert_int_equal(faccessat(at, "own/trees/two", X_OK, 0), -1);
}

static void
room_for_a_worktree(void **state)
{
	(void)state;
	ask("new", in("own/trees/w"));
	for (int i = 0; i < 2; i++) {
		ask("room", in("own/trees/space/w"));
		assert_int_equal(f.found, GIT_FOUND);
		assert_string_equal(f.text, in("own/trees/space/w"));
	}
	assert_int_equal(faccessat(at, "own/trees/space/w", X_OK, 0), 0);
	/* Nowhere else, and never as a link. */
	ask("room", in("elsewhere"));
	assert_int_equal(f.found, GIT_REFUSED);
	ask("room", in("own/trees"));
	assert_int_equal(f.found, GIT_REFUSED);
	assert_int_equal(faccessat(at, "elsewhere", X_OK, 0), -1);
	ask("room", "own/trees/x");
	assert_int_equal(f.found, GIT_REFUSED);
}

static void
a_fresh_name(void **state)
{
	(void)state;
	ask("fresh", "r-b");
	assert_string_equal(f.text, in("own/trees/r-b"));
	assert_int_equal(mkdirat(at, "own/trees/r-b", 0700), 0);
	ask("fresh", "r-b");
	assert_string_equal(f.text, in("own/trees/r-b-2"));
	for (int i = 2; i <= 20; i++)
		assert_int_equal(mkdir(arena_printf(a, "%s-%d",
					   in("own/trees/r-b"), i),
				     0700),
		    0);
	ask("fresh", "r-b");
	assert_int_equal(f.found, GIT_TAKEN);
	assert_non_null(strstr(f.text, "r-b-20 is there already"));
}

static void
the_trash(void **state)
{
	(void)state;
	ask("trash", "look");
	assert_int_equal(f.found, GIT_FOUND);
	assert_string_equal(f.text, in("own/trash"));
	assert_int_not_equal(faccessat(at, "own", F_OK, 0), 0);
	ask("trash", "make");
	assert_string_equal(f.text, in("own/trash"));
	assert_int_equal(faccessat(at, "own/trash", X_OK, 0), 0);
}

static void
smaller_ones(void **state)
{
	(void)state;
	ask("there", in("r"));
	assert_int_equal(f.flags, GIT_F_THERE);
	ask("there", in("no"));
	assert_int_equal(f.flags, GIT_F_ABSENT);
	/* Not to be told: a directory that is none. */
	(void)close(openat(at, "file", O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
	ask("there", in("file/x"));
	assert_int_equal(f.flags, 0);
	ask("midway", in("r/.git"));
	assert_int_equal(f.found, GIT_FOUND);
	assert_string_equal(f.text, "");
	(void)close(openat(at, "r/.git/MERGE_HEAD", O_CREAT | O_WRONLY, 0600));
	ask("midway", in("r/.git"));
	assert_string_equal(f.text, "merge");
	ask("midway", in("no"));
	assert_int_equal(f.found, GIT_REFUSED);
	ask("mounted", in("r"));
	assert_int_equal(f.flags, 0);
	ask("mounted", "/proc");
	assert_int_equal(f.flags, GIT_F_MOUNTED);
}

static void
no_other_question(void **state)
{
	struct asking q = { .arena = a };

	(void)state;
	assert_false(ask_answer(&q, "", "/", &f));
	assert_false(ask_answer(&q, "remove", "/", &f));
}

int
main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(a_place),
		T(a_home_of_an_agent),
		T(a_new_path),
		T(room_for_a_worktree),
		T(a_fresh_name),
		T(the_trash),
		T(smaller_ones),
		T(no_other_question),
	};

	return CHECK_RUN("worker/ask", tests);
}
