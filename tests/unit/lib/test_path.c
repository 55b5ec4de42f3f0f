/* SPDX-License-Identifier: MIT */
/* Paths as text: what is a name, what is under what, and joining. */
#include "tests/unit/check.h"

#include <limits.h>
#include <string.h>

#include "lib/path.h"

static void
components(void **state)
{
	static const char *const good[] = { "a", "..config", "...", "-rf", " ",
		"a\nb", "\t", "\xff\xfe", "a.b" };
	static const char *const bad[] = { "", ".", "..", "/", "a/", "/a",
		"a/b" };
	char name[NAME_MAX + 2];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		assert_true(path_component_ok(good[i]));
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(path_component_ok(bad[i]));
	memset(name, 'n', sizeof(name));
	name[NAME_MAX + 1] = '\0';
	assert_false(path_component_ok(name));
	name[NAME_MAX] = '\0';
	assert_true(path_component_ok(name));
}

static void
absolute(void **state)
{
	static const char *const good[] = { "/", "/a", "/a/b.c/...", "/ /\n",
		"/..config", "/a/-rf" };
	static const char *const bad[] = { "", "a", "./a", "//", "/a/", "/a//b",
		"/.", "/..", "/a/.", "/a/..", "/a/./b", "/a/../b", "/../a",
		"//a" };
	char deep[PATH_MAX + 1];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		assert_true(path_absolute_ok(good[i]));
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(path_absolute_ok(bad[i]));
	for (i = 0; i < PATH_MAX; i++)
		deep[i] = i % 2 == 0 ? '/' : 'd';
	deep[PATH_MAX] = '\0';
	assert_false(path_absolute_ok(deep));
	deep[PATH_MAX - 2] = '\0';
	assert_true(path_absolute_ok(deep));
}

static void
abuse_F05_under_by_component(void **state)
{
	(void)state;
	assert_true(path_is_under("/r/test", "/r/test"));
	assert_true(path_is_under("/r/test", "/r/test/x"));
	assert_true(path_is_under("/", "/r"));
	assert_true(path_is_under("/", "/"));
	assert_false(path_is_under("/r/test", "/r/testtest/x"));
	assert_false(path_is_under("/r/test", "/r/tes"));
	assert_false(path_is_under("/r/test", "/r"));
	assert_false(path_is_under("/r/test", "/r/test/../../etc"));
	assert_false(path_is_under("/r/test", "r/test/x"));
	assert_false(path_is_under("/r/test/", "/r/test/x"));
	assert_false(path_is_under("", "/r"));
}

static const struct {
	const char *dir, *rel, *want;
} joins[] = {
	{ "/a", "b", "/a/b" },
	{ "/a/", "b/", "/a/b" },
	{ "/a", "", "/a" },
	{ "/", "", "/" },
	{ "/", "a", "/a" },
	{ "/a", "/b", "/b" },
	{ "", "/b", "/b" },
	{ "/a//b/.", "./c//d", "/a/b/c/d" },
	{ "/a/b", "..", "/a" },
	{ "/a/b", "../../..", "/" },
	{ "/a", "../../b", "/b" },
	{ "/a", "..b/...", "/a/..b/..." },
	{ "/a", "b/../c", "/a/c" },
	{ "/a", ".b/.", "/a/.b" },
};

static void
join(void **state)
{
	char out[PATH_MAX], edge[5];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(joins) / sizeof(joins[0]); i++) {
		assert_true(path_join(out, sizeof(out), joins[i].dir,
		    joins[i].rel));
		assert_string_equal(out, joins[i].want);
		assert_true(path_absolute_ok(out));
	}
	assert_false(path_join(out, sizeof(out), "a", "b"));
	assert_false(path_join(out, sizeof(out), "", ""));
	assert_true(path_join(edge, sizeof(edge), "/a", "b"));
	assert_string_equal(edge, "/a/b");
	assert_false(path_join(edge, sizeof(edge), "/a", "bc"));
	assert_false(path_join(edge, 1, "/", ""));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(components),
		cmocka_unit_test(absolute),
		cmocka_unit_test(abuse_F05_under_by_component),
		cmocka_unit_test(join),
	};

	return CHECK_RUN("path", tests);
}
