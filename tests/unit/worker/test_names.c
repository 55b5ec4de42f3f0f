/* SPDX-License-Identifier: MIT */
/*
 * A look at some names says of the tree what a look at all of it says: random
 * changes, each with git's own numbers beside those of the worker, whose state
 * is carried on from look to look.
 */
#include "tests/unit/check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/arena.h"
#include "lib/js.h"
#include "tests/unit/worker/served.h"

#define MS    60000
#define STEPS 250

static uint32_t seed;

static uint32_t
pick(uint32_t n)
{
	seed = seed * 1664525u + 1013904223u;
	return (seed >> 8) % n;
}

/* Known ones, unknown ones, ignored ones, and those that are now and then. */
static const char *const files[] = { "a", "b", "x", "l", "d/c", "d/e/f",
	"d/new", "d/e/new", "n/one", "n/m/two", "n/m/y.o", "new", "y.o",
	"d/z.o", "ign/z", "-rf", "d/a b", "d-e", "d.o/x", "d/crlf.txt" };
#define NFILES (sizeof(files) / sizeof(files[0]))

/* $1 and $2 are files. */
static const char *const quiet[] = {
	"echo $$ >>\"./$1\"",
	"printf 'one\\n' >\"./$1\"",
	"printf 'two\\r\\n' >\"./$1\"",
	": >\"./$1\"",
	"rm -f \"./$1\"",
	"test -d \"./$1\" || chmod +x \"./$1\"",
	"test -d \"./$1\" || chmod -x \"./$1\"",
	"touch -h \"./$1\"",
	"touch -h -d '2001-02-03' \"./$1\"",
	"mv -f \"./$1\" \"./$2\"",
	"rm -f \"./$1\"; ln -s b \"./$1\"",
	"cp -fP \"./$1\" \"./$2\"",
	"git cat-file -p \"HEAD:$1\" >\"./$1\"",
};
static const char *const loud[] = {
	"git add -A",
	"git add -f \"./$1\"",
	"git reset -q",
	"git commit -q -m x",
	"git checkout -q -- \"./$1\"",
	"git rm -q --cached \"./$1\"",
	"git rm -q -f \"./$1\"",
	"git add -N \"./$1\"",
	"git stash -q",
	"git update-index --assume-unchanged \"./$1\"",
	"git update-index --no-assume-unchanged \"./$1\"",
	"echo '*.o' >.gitignore",
	"printf 'ign/\\n*.o\\n' >.gitignore",
	"echo '*.txt text' >.gitattributes",
	"rm -rf n",
	"rm -rf d/e",
	"mkdir -p n/m d/e",
	"mv d d-e",
	"rm -f \"./$1\"; mkdir \"./$1\"",
	"rm -rf \"./$1\"; ln -s d \"./$1\"",
};
#define NQUIET (sizeof(quiet) / sizeof(quiet[0]))
#define NLOUD  (sizeof(loud) / sizeof(loud[0]))

/* What cannot be done just now is nothing that happens. */
static void
change(char *said, size_t size)
{
	const bool is_loud = pick(12) == 0;
	const char *what = is_loud ? loud[pick(NLOUD)] : quiet[pick(NQUIET)];

	(void)snprintf(said, size,
	    "set -- '%s' '%s'\n( %s ) 2>/dev/null || :", files[pick(NFILES)],
	    files[pick(NFILES)], what);
	served_sh(said);
}

static void
same(const struct js *v, const char *key, int64_t is, const char *what, int i)
{
	if (js_int(v, key, -1) != is)
		fail_msg("step %d, %s: %s is %lld, not %lld%s", i, what, key,
		    (long long)js_int(v, key, -1), (long long)is,
		    js_bool(v, "narrow", false) ? " (some names)" : "");
}

/* Whether only some names were looked at. */
static bool
as_git_says(const char *what, int i)
{
	struct arena *a = arena_new();
	struct js *v = served_ask(MS);
	struct wt_status s;
	bool narrow;

	served_cli(a, &s);
	same(v, "untracked", s.untracked, what, i);
	same(v, "modified", s.modified, what, i);
	same(v, "staged", s.staged, what, i);
	narrow = js_bool(v, "narrow", false);
	js_free(v);
	arena_free(a);
	return narrow;
}

static void
random_changes(void **state)
{
	const char *given = getenv("RDV_SEED");
	char what[512] = "", more[256];
	int narrow = 0;

	(void)state;
	seed = given != NULL ? (uint32_t)strtoul(given, NULL, 10) : 20261127u;
	served_sh("mkdir -p n/m d.o && printf 'two\\r\\n' >d/crlf.txt && "
		  "echo '*.txt text=auto' >.gitattributes && "
		  "git -c core.autocrlf=false add . 2>/dev/null && "
		  "git commit -q -m more");
	served_start();
	for (int i = 0; i < STEPS; i++) {
		served_settle();
		for (unsigned n = pick(3) + 1; n-- > 0;) {
			change(more, sizeof(more));
			(void)snprintf(what, sizeof(what), "%s", more);
		}
		narrow += as_git_says(what, i);
	}
	assert_true(narrow > STEPS / 4);
	assert_int_equal(served_stop(), 0);
}

/* Whether the next look is one at some names. */
static bool
is_narrow(const char *command)
{
	served_settle();
	served_sh(command);
	return as_git_says(command, 0);
}

static void
what_needs_all(void **state)
{
	(void)state;
	served_start();
	assert_true(is_narrow("echo more >>a"));
	assert_true(is_narrow("echo >d/new && rm d/c && chmod -x x"));
	assert_true(is_narrow("git show :a >a"));
	assert_false(is_narrow("echo a >.gitignore"));
	assert_false(is_narrow("mkdir more && echo >more/x"));
	assert_true(is_narrow("echo >more/y && rm more/x"));
	assert_false(is_narrow("git add a"));
	assert_false(is_narrow("rm a && ln -s b a"));
	assert_false(is_narrow("seq 100 | xargs touch"));
	assert_false(is_narrow("git update-index --index-version 4"));
	assert_false(is_narrow("echo more >>b"));
	assert_false(is_narrow("git update-index --index-version 2"));
	assert_true(is_narrow("echo more >>b"));
	assert_int_equal(served_stop(), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(random_changes, served_setup,
		    served_teardown),
		cmocka_unit_test_setup_teardown(what_needs_all, served_setup,
		    served_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
