/* SPDX-License-Identifier: MIT */
/*
 * Settings that a project has for an agent (abuse L01, L02): which there are,
 * and that all they say has part in their digest.
 */
#include "git-worker/brought.h"

#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "git-worker/ask.h"
#include "lib/arena.h"
#include "lib/err.h"
#include "lib/str.h"
#include "tests/unit/check.h"
#include "tests/unit/lib/tmpdir.h"

#define NAMES ".a/s.json\n.m.json"

static struct arena *a;
static char dir[64], top[PATH_MAX];
static int at;
static const char *text, *why;

static int
setup(void **state)
{
	(void)state;
	a = arena_new();
	at = tmpdir_new(dir);
	return realpath(dir, top) == NULL || mkdirat(at, "w", 0755) != 0 ||
	       mkdirat(at, "w/r", 0755) != 0 || mkdirat(at, "w/s", 0755) != 0;
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

static void
put(const char *name, const char *says)
{
	int fd = openat(at, name, O_CREAT | O_WRONLY | O_TRUNC, 0600);
	size_t len = strlen(says);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, says, len), (ssize_t)len);
	(void)close(fd);
}

static int
find_in(const char *name)
{
	text = why = NULL;
	return brought_find(a,
	    arena_printf(a, "%s/w/%s\n%s/w\n" NAMES, top, name, top), &text,
	    &why);
}

/* What it says, and the names behind that, which are `names`. */
static const char *
digest(const char *names)
{
	assert_int_equal(find_in("r"), 0);
	assert_string_equal(text + 64, arena_printf(a, " %s", names));
	return arena_strndup(a, text, 64);
}

static void
test_L01_all_above(void **state)
{
	(void)state;
	put(".m.json", "above the top");
	assert_int_equal(find_in("r"), RDV_E_NOT_FOUND);
	put("w/.m.json", "x");
	(void)digest("../.m.json");
	assert_int_equal(mkdirat(at, "w/r/.a", 0755), 0);
	put("w/r/.a/s.json", "x");
	(void)digest(".a/s.json, ../.m.json");
	put("w/r/.m.json", "");
	(void)digest(".a/s.json, .m.json, ../.m.json");
}

static void
test_L02_all_it_says(void **state)
{
	const char *was[5];
	size_t n = 0;

	(void)state;
	put("w/r/.m.json", "one");
	was[n++] = digest(".m.json");
	/* The same again, and in another worktree. */
	assert_string_equal(was[0], digest(".m.json"));
	put("w/s/.m.json", "one");
	assert_int_equal(find_in("s"), 0);
	assert_true(str_starts(text, was[0]));
	put("w/r/.m.json", "onf");
	was[n++] = digest(".m.json");
	put("w/r/.m.json", "one\n");
	was[n++] = digest(".m.json");
	assert_int_equal(renameat(at, "w/r/.m.json", at, "w/.m.json"), 0);
	was[n++] = digest("../.m.json");
	/* Nor is what one says taken for the next. */
	put("w/r/.m.json", "");
	was[n++] = digest(".m.json, ../.m.json");
	for (size_t i = 0; i < n; i++)
		for (size_t j = 0; j < i; j++)
			assert_string_not_equal(was[i], was[j]);
}

/* What cannot be told is refused, and says which. */
static void
test_L01_not_passed_over(void **state)
{
	(void)state;
	put("w/real", "x");
	assert_int_equal(symlinkat("../real", at, "w/r/.m.json"), 0);
	assert_int_equal(find_in("r"), RDV_E_INVALID);
	assert_string_equal(why, ".m.json: it is a link");
	assert_int_equal(unlinkat(at, "w/r/.m.json", 0), 0);
	assert_int_equal(symlinkat("../s", at, "w/r/.a"), 0);
	assert_int_equal(find_in("r"), RDV_E_INVALID);
	assert_int_equal(unlinkat(at, "w/r/.a", 0), 0);
	assert_int_equal(mkfifoat(at, "w/r/.m.json", 0600), 0);
	assert_int_equal(find_in("r"), RDV_E_INVALID);
	assert_string_equal(why, ".m.json: it is no plain file");
	put("w/big", "");
	assert_int_equal(truncate(arena_printf(a, "%s/w/big", top),
			     BROUGHT_MAX + 1),
	    0);
	assert_int_equal(renameat(at, "w/big", at, "w/r/.m.json"), 0);
	assert_int_equal(find_in("r"), RDV_E_INVALID);
	assert_int_equal(truncate(arena_printf(a, "%s/w/r/.m.json", top),
			     BROUGHT_MAX),
	    0);
	assert_int_equal(find_in("r"), 0);
	if (geteuid() == 0)
		return;
	assert_int_equal(fchmodat(at, "w/r/.m.json", 0, 0), 0);
	assert_int_equal(find_in("r"), RDV_E_INVALID);
}

static void
test_question(void **state)
{
	static const char *const wrong[] = { "", "/a", "/a\n/a", "a\na\nx",
		"/b\n/a\nx", "/a/..\n/a\nx", "/a\n/\nx" };
	struct asking q = { .arena = a };
	struct git_fact f = { .found = GIT_TAKEN };

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		assert_true(ask_answer(&q, "brought", wrong[i], &f));
		assert_int_equal(f.found, GIT_REFUSED);
	}
	assert_true(ask_answer(&q, "brought",
	    arena_printf(a, "%s/w\n%s/w\n" NAMES, top, top), &f));
	assert_int_equal(f.found, GIT_NO_SUCH);
	put("w/.m.json", "x");
	assert_true(ask_answer(&q, "brought",
	    arena_printf(a, "%s/w\n%s/w\n" NAMES, top, top), &f));
	assert_int_equal(f.found, GIT_FOUND);
	assert_non_null(strstr(f.text, " .m.json"));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_L01_all_above),
		TEST(test_L02_all_it_says),
		TEST(test_L01_not_passed_over),
		TEST(test_question),
	};

	return CHECK_RUN("brought", tests);
}
