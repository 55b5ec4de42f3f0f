/* SPDX-License-Identifier: MIT */
/*
 * Settings that a project has for an agent (abuse L01, L02): which there are,
 * and that all they say has part in their digest.
 */
#include "git-worker/brought.h"

#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "git-worker/ask.h"
#include "lib/arena.h"
#include "lib/buf.h"
#include "lib/err.h"
#include "lib/sha256.h"
#include "lib/str.h"
#include "tests/unit/check.h"
#include "tests/unit/lib/tmpdir.h"

#define NAMES ".a/s.json\n.m.json\n.p/"

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

/* All files below a directory have part in it, by name and by bytes. */
static void
test_L02_all_below(void **state)
{
	const char *was[6];
	size_t n = 0;

	(void)state;
	put("w/r/.p", "a file is no directory");
	assert_int_equal(find_in("r"), RDV_E_NOT_FOUND);
	assert_int_equal(unlinkat(at, "w/r/.p", 0), 0);
	assert_int_equal(mkdirat(at, "w/r/.p", 0755), 0);
	assert_int_equal(mkdirat(at, "w/r/.p/d", 0755), 0);
	assert_int_equal(find_in("r"), RDV_E_NOT_FOUND);
	put("w/r/.p/d/x.js", "one");
	was[n++] = digest(".p/");
	put("w/r/.p/d/x.js", "two");
	was[n++] = digest(".p/");
	assert_int_equal(renameat(at, "w/r/.p/d/x.js", at, "w/r/.p/d/y.js"), 0);
	was[n++] = digest(".p/");
	assert_int_equal(renameat(at, "w/r/.p/d/y.js", at, "w/r/.p/y.js"), 0);
	was[n++] = digest(".p/");
	put("w/r/.p/x.js", "");
	was[n++] = digest(".p/");
	assert_int_equal(renameat(at, "w/r/.p", at, "w/.p"), 0);
	was[n++] = digest("../.p/");
	for (size_t i = 0; i < n; i++)
		for (size_t j = 0; j < i; j++)
			assert_string_not_equal(was[i], was[j]);
}

/* In whatever order a file system tells them. */
static void
test_L02_sorted(void **state)
{
	uint8_t sum[SHA256_LEN];
	char hex[SHA256_TEXT];
	const char *name;
	struct buf all;

	(void)state;
	buf_init(&all, 4096);
	assert_int_equal(mkdirat(at, "w/r/.p", 0755), 0);
	for (int i = 10; i < 50; i++) {
		name = arena_printf(a, ".p/%d", i);
		buf_put(&all, name, strlen(name) + 1);
		buf_put_text(&all, "1:x");
		put(arena_printf(a, "w/r/%s", name), "x");
	}
	sha256(all.data, all.len, sum);
	str_hex(hex, sum, sizeof(sum));
	buf_done(&all);
	assert_string_equal(digest(".p/"), hex);
}

static void
refused(const char *says)
{
	assert_int_equal(find_in("r"), RDV_E_INVALID);
	assert_string_equal(why, says);
}

static void
test_L01_not_passed_over_below(void **state)
{
	(void)state;
	assert_int_equal(symlinkat("../s", at, "w/r/.p"), 0);
	refused(".p/: it is a link");
	assert_int_equal(unlinkat(at, "w/r/.p", 0), 0);
	assert_int_equal(mkdirat(at, "w/r/.p", 0755), 0);
	put("w/real.js", "x");
	assert_int_equal(symlinkat("../../real.js", at, "w/r/.p/x.js"), 0);
	refused(".p/x.js: it is a link");
	assert_int_equal(unlinkat(at, "w/r/.p/x.js", 0), 0);
	assert_int_equal(symlinkat("../../s", at, "w/r/.p/d"), 0);
	refused(".p/d: it is a link");
	assert_int_equal(unlinkat(at, "w/r/.p/d", 0), 0);
	assert_int_equal(mkfifoat(at, "w/r/.p/f", 0600), 0);
	refused(".p/f: it is no plain file");
	assert_int_equal(unlinkat(at, "w/r/.p/f", 0), 0);
	/* Nor does a name write into who reads why. */
	assert_int_equal(symlinkat("x", at, "w/r/.p/\033[2K"), 0);
	refused(".p/⟨ESC⟩[2K: it is a link");
	assert_int_equal(unlinkat(at, "w/r/.p/\033[2K", 0), 0);
	put("w/r/.p/x.js", "x");
	(void)digest(".p/");
}

/* More than is looked at is refused, and so much is not. */
static void
test_L01_bounds(void **state)
{
	const char *path = "w/r/.p";

	(void)state;
	assert_int_equal(mkdirat(at, path, 0755), 0);
	for (int i = 0; i < BROUGHT_FILES; i++)
		put(arena_printf(a, "w/r/.p/%d", i), "");
	(void)digest(".p/");
	put("w/r/.p/more", "");
	refused(".p/: more lies below it than is looked at (1000)");
	assert_int_equal(renameat(at, path, at, "gone"), 0);
	assert_int_equal(mkdirat(at, path, 0755), 0);
	for (int i = 0; i < 16; i++) {
		put(arena_printf(a, "w/r/.p/%02d", i), "");
		assert_int_equal(truncate(arena_printf(a, "%s/w/r/.p/%02d", top,
					      i),
				     BROUGHT_MAX - 64),
		    0);
	}
	(void)digest(".p/");
	put("w/r/.p/99", arena_printf(a, "%2000s", ""));
	refused(".p/99: with those before it, it is over 16 MiB");
	assert_int_equal(renameat(at, path, at, "big"), 0);
	assert_int_equal(mkdirat(at, path, 0755), 0);
	for (int i = 0; i < BROUGHT_DEEP; i++) {
		path = arena_printf(a, "%s/d", path);
		assert_int_equal(mkdirat(at, path, 0755), 0);
	}
	put(arena_printf(a, "%s/x", path), "");
	(void)digest(".p/");
	path = arena_printf(a, "%s/d", path);
	assert_int_equal(mkdirat(at, path, 0755), 0);
	refused(arena_printf(a, "%s: it lies too deep to be looked at",
	    path + strlen("w/r/")));
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
		TEST(test_L02_all_below),
		TEST(test_L02_sorted),
		TEST(test_L01_not_passed_over_below),
		TEST(test_L01_bounds),
		TEST(test_question),
	};

	return CHECK_RUN("brought", tests);
}
