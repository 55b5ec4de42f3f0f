/* SPDX-License-Identifier: MIT */
/*
 * The program of an agent is found where nobody else can put one (abuse L10):
 * each case has beside it the same place as it should be.
 */
#include "git-worker/program.h"

#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "git-worker/ask.h"
#include "lib/arena.h"
#include "lib/err.h"
#include "tests/unit/check.h"
#include "tests/unit/lib/tmpdir.h"

static struct arena *a;
static char dir[64], top[PATH_MAX];
static int at;
static const char *found, *why;

static int
setup(void **state)
{
	(void)state;
	a = arena_new();
	at = tmpdir_new(dir);
	return realpath(dir, top) == NULL || mkdirat(at, "bin", 0755) != 0 ||
	       mkdirat(at, "other", 0755) != 0 ||
	       mkdirat(at, "trees", 0755) != 0;
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
make(const char *name, mode_t mode)
{
	int fd = openat(at, name, O_CREAT | O_WRONLY | O_TRUNC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(fchmod(fd, mode), 0);
	(void)close(fd);
}

static int
find_as(uid_t uid, const char *name)
{
	const char *dirs[] = { in("bin"), in("other"), NULL };
	const struct program_ask ask = { a, uid, dirs, in("trees") };

	found = why = NULL;
	return program_find(&ask, name, &found, &why);
}

static int
find(void)
{
	return find_as(geteuid(), "codex");
}

static void
test_L10_first_wins(void **state)
{
	(void)state;
	assert_int_equal(find(), RDV_E_NOT_FOUND);
	make("other/codex", 0755);
	assert_int_equal(find(), 0);
	assert_string_equal(found, in("other/codex"));
	make("bin/codex", 0700);
	assert_int_equal(find(), 0);
	assert_string_equal(found, in("bin/codex"));
	assert_int_equal(find_as(geteuid(), "../bin/codex"), RDV_E_NOT_FOUND);
	assert_int_equal(find_as(geteuid(), ""), RDV_E_NOT_FOUND);
}

/* One that others can replace is passed over, and why is said. */
static void
test_L10_writable(void **state)
{
	static const struct {
		const char *what;
		mode_t bad, good;
	} rows[] = {
		{ "bin/codex", 0775, 0755 },
		{ "bin/codex", 0757, 0755 },
		{ "bin", 0775, 0755 },
		{ "bin", 0777, 0755 },
		{ "", 0770, 0700 },
	};

	(void)state;
	make("bin/codex", 0755);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(chmod(in(rows[i].what), rows[i].bad), 0);
		assert_int_equal(find(), RDV_E_INVALID);
		assert_null(found);
		assert_non_null(strstr(why, "others can write it"));
		assert_int_equal(chmod(in(rows[i].what), rows[i].good), 0);
		assert_int_equal(find(), 0);
	}
	assert_int_equal(chmod(in("bin"), 0777), 0);
	make("other/codex", 0755);
	assert_int_equal(find(), 0);
	assert_string_equal(found, in("other/codex"));
}

static void
test_L10_of_others(void **state)
{
	(void)state;
	make("bin/codex", 0755);
	/* To anybody else what is ours is somebody else's. */
	if (geteuid() != 0) {
		assert_int_equal(find_as(geteuid() + 1, "codex"),
		    RDV_E_INVALID);
		assert_non_null(strstr(why, "somebody else's"));
	}
	assert_int_equal(find(), 0);
}

/* Each link on the way is looked at, and where it stands. */
static void
test_L10_links(void **state)
{
	(void)state;
	assert_int_equal(mkdirat(at, "lib", 0755), 0);
	assert_int_equal(mkdirat(at, "mid", 0755), 0);
	make("lib/codex.js", 0755);
	assert_int_equal(symlinkat("../mid/codex", at, "bin/codex"), 0);
	assert_int_equal(symlinkat(in("lib/codex.js"), at, "mid/codex"), 0);
	assert_int_equal(find(), 0);
	assert_string_equal(found, in("bin/codex"));
	for (int i = 0; i < 2; i++) {
		const char *one = in(i == 0 ? "mid" : "lib");

		assert_int_equal(chmod(one, 0777), 0);
		assert_int_equal(find(), RDV_E_INVALID);
		assert_int_equal(chmod(one, 0755), 0);
		assert_int_equal(find(), 0);
	}
	assert_int_equal(unlinkat(at, "mid/codex", 0), 0);
	assert_int_equal(symlinkat("../bin/codex", at, "mid/codex"), 0);
	assert_int_equal(find(), RDV_E_INVALID);
	assert_non_null(strstr(why, "cannot be followed"));
}

static void
test_L10_brought(void **state)
{
	(void)state;
	assert_int_equal(mkdirat(at, "r", 0755), 0);
	assert_int_equal(mkdirat(at, "r/node_modules", 0755), 0);
	assert_int_equal(mkdirat(at, "r/node_modules/.bin", 0755), 0);
	make("r/node_modules/.bin/codex", 0755);
	make("trees/codex", 0755);
	assert_int_equal(symlinkat("../r/node_modules/.bin/codex", at,
			     "bin/codex"),
	    0);
	assert_int_equal(find(), RDV_E_INVALID);
	assert_non_null(strstr(why, "came with a repository"));
	assert_int_equal(unlinkat(at, "bin/codex", 0), 0);
	assert_int_equal(symlinkat("../trees/codex", at, "bin/codex"), 0);
	assert_int_equal(find(), RDV_E_INVALID);
	assert_non_null(strstr(why, "worktree"));
	/* What is installed for all its users is no repository's. */
	assert_int_equal(mkdirat(at, "r/node_modules/c", 0755), 0);
	make("r/node_modules/c/codex.js", 0755);
	assert_int_equal(unlinkat(at, "bin/codex", 0), 0);
	assert_int_equal(symlinkat("../r/node_modules/c/codex.js", at,
			     "bin/codex"),
	    0);
	assert_int_equal(find(), 0);
}

static void
test_is_a_program(void **state)
{
	(void)state;
	assert_int_equal(mkdirat(at, "bin/codex", 0755), 0);
	assert_int_equal(find(), RDV_E_INVALID);
	assert_int_equal(unlinkat(at, "bin/codex", AT_REMOVEDIR), 0);
	make("bin/codex", 0644);
	assert_int_equal(find(), RDV_E_INVALID);
	assert_non_null(strstr(why, "cannot be executed"));
	make("bin/codex", 0755);
	assert_int_equal(find(), 0);
	assert_int_equal(unlinkat(at, "bin/codex", 0), 0);
	assert_int_equal(symlinkat("gone", at, "bin/codex"), 0);
	assert_int_equal(find(), RDV_E_NOT_FOUND);
}

/* One that is named by its path is that file or none, judged as any other. */
static void
test_L10_absolute(void **state)
{
	const char *name = in("lib/agent");

	(void)state;
	make("bin/codex", 0755);
	assert_int_equal(find_as(geteuid(), name), RDV_E_NOT_FOUND);
	assert_null(found);
	assert_int_equal(mkdirat(at, "lib", 0755), 0);
	make("lib/agent", 0755);
	assert_int_equal(find_as(geteuid(), name), 0);
	assert_string_equal(found, name);
	assert_int_equal(chmod(in("lib"), 0775), 0);
	assert_int_equal(find_as(geteuid(), name), RDV_E_INVALID);
	assert_null(found);
	assert_non_null(strstr(why, in("lib: others can write it")));
	make("trees/codex", 0755);
	assert_int_equal(find_as(geteuid(), in("trees/codex")), RDV_E_INVALID);
	assert_non_null(strstr(why, "worktree"));
}

/* The questions that have it. */
static void
test_questions(void **state)
{
	static struct git_fact f;
	struct asking q = { .arena = a, .home = top };

	(void)state;
	q.rules.dir = in("trees");
	assert_int_equal(mkdirat(at, ".local", 0755), 0);
	assert_int_equal(mkdirat(at, ".local/bin", 0755), 0);
	make(".local/bin/rdv-no-such-agent", 0755);
	assert_true(ask_answer(&q, "program", "rdv-no-such-agent", &f));
	assert_int_equal(f.found, GIT_FOUND);
	assert_string_equal(f.text, in(".local/bin/rdv-no-such-agent"));
	assert_true(ask_answer(&q, "program", "rdv-no-such-other", &f));
	assert_int_equal(f.found, GIT_NO_SUCH);
	assert_true(ask_answer(&q, "when", "~/.local", &f));
	assert_int_equal(f.found, GIT_FOUND);
	assert_true(strtoll(f.text, NULL, 10) > 1000000000);
	assert_true(ask_answer(&q, "when", "~/no", &f));
	assert_int_equal(f.found, GIT_NO_SUCH);
	assert_true(ask_answer(&q, "when", "x/../y", &f));
	assert_int_equal(f.found, GIT_REFUSED);
	/* What is named first is looked at first, and in all of it. */
	make("bin/rdv-no-such-agent", 0755);
	assert_true(ask_answer(&q, "search",
	    arena_printf(a, "%s\n~/bin", in("other")), &f));
	assert_int_equal(f.found, GIT_FOUND);
	assert_true(ask_answer(&q, "program", "rdv-no-such-agent", &f));
	assert_string_equal(f.text, in("bin/rdv-no-such-agent"));
	assert_true(ask_answer(&q, "search", in("other"), &f));
	assert_true(ask_answer(&q, "program", "rdv-no-such-agent", &f));
	assert_string_equal(f.text, in(".local/bin/rdv-no-such-agent"));
	assert_true(ask_answer(&q, "search", "/a\nb", &f));
	assert_int_equal(f.found, GIT_REFUSED);
	q.home = NULL;
	assert_true(ask_answer(&q, "when", "~/.local", &f));
	assert_int_equal(f.found, GIT_REFUSED);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_L10_first_wins),
		TEST(test_L10_writable),
		TEST(test_L10_of_others),
		TEST(test_L10_links),
		TEST(test_L10_brought),
		TEST(test_L10_absolute),
		TEST(test_is_a_program),
		TEST(test_questions),
	};

	return CHECK_RUN("program", tests);
}
