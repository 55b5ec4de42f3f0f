/* SPDX-License-Identifier: MIT */
/*
 * What git says, read: lists and statuses with anything in their paths, and no
 * half answers; and what it is told about programs.
 */
#include "tests/unit/check.h"

#include <stdio.h>
#include <string.h>

#include "daemon/core/complaint.h"
#include "daemon/core/git.h"
#include "daemon/core/gitpins.h"
#include "daemon/core/repo.h"
#include "lib/arena.h"
#include "lib/porcelain.h"

#define OID	"1111111111111111111111111111111111111111"
#define ZERO	"0000000000000000000000000000000000000000"
#define TEXT(s) s, sizeof(s) - 1

static struct arena *a;

static int
setup(void **state)
{
	(void)state;
	a = arena_new();
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	arena_free(a);
	return 0;
}

static void
a_list_of_worktrees(void **state)
{
	static const char text[] =
	    "worktree /r\0HEAD " OID "\0branch refs/heads/main\0\0"
	    "worktree /a b\nc\0HEAD " OID "\0detached\0"
	    "locked\0\0"
	    "worktree /d\0HEAD " ZERO "\0branch refs/heads/x/y\0"
	    "locked some reason\0prunable gone\0\0";
	struct wt_list l;

	(void)state;
	assert_true(porcelain_list(a, TEXT(text), &l));
	assert_int_equal(l.n, 3);
	assert_string_equal(l.entries[0].path, "/r");
	assert_string_equal(l.entries[0].branch, "main");
	assert_string_equal(l.entries[0].commit, OID);
	assert_null(l.entries[0].lock);
	assert_string_equal(l.entries[1].path, "/a b\nc");
	assert_null(l.entries[1].branch);
	assert_string_equal(l.entries[1].lock, "");
	assert_null(l.entries[2].commit);
	assert_string_equal(l.entries[2].branch, "x/y");
	assert_string_equal(l.entries[2].lock, "some reason");
	assert_true(l.entries[2].prunable);
	assert_ptr_equal(wt_at(&l, "/d"), &l.entries[2]);
	assert_ptr_equal(wt_on(&l, "x/y"), &l.entries[2]);
	assert_null(wt_at(&l, "/none"));
	assert_null(wt_on(&l, "none"));
}

static void
a_bare_one(void **state)
{
	static const char text[] = "worktree /r.git\0bare\0\0";
	struct wt_list l;

	(void)state;
	assert_true(porcelain_list(a, TEXT(text), &l));
	assert_true(l.entries[0].bare);
	assert_null(l.entries[0].commit);
}

static void
no_half_list(void **state)
{
	static const char whole[] =
	    "worktree /r\0HEAD " OID "\0branch refs/heads/main\0\0";
	struct wt_list l;

	(void)state;
	assert_true(porcelain_list(a, TEXT(whole), &l));
	for (size_t len = 0; len < sizeof(whole) - 1; len++)
		assert_false(porcelain_list(a, whole, len, &l));
	assert_false(porcelain_list(a, TEXT("HEAD x\0\0"), &l));
	assert_false(porcelain_list(a, TEXT("worktree /r\0strange\0\0"), &l));
}

static void
a_status_is_counted(void **state)
{
	static const char text[] =
	    "# branch.oid " OID "\0# branch.head main\0"
	    "# branch.upstream origin/main\0# branch.ab +3 -12\0# stash 2\0"
	    "1 .M N... 100644 100644 100644 a a changed\0"
	    "1 .D N... 100644 100644 000000 a a deleted\0"
	    "1 A. N... 000000 100644 100644 a a added\0"
	    "1 MM N... 100644 100644 100644 a a both\0"
	    "2 R. N... 100644 100644 100644 a a R100 new\0? old name\0"
	    "u UU N... 1 1 1 1 a a a conflict\0"
	    "? new file\0? 1 .M\n\0! ignored/\0";
	struct wt_status s;

	(void)state;
	assert_true(porcelain_status(a, TEXT(text), &s));
	assert_string_equal(s.branch, "main");
	assert_string_equal(s.commit, OID);
	assert_int_equal(s.ahead, 3);
	assert_int_equal(s.behind, 12);
	assert_int_equal(s.modified, 2);
	assert_int_equal(s.staged, 4);
	/* The old name of a rename is not a record of its own. */
	assert_int_equal(s.untracked, 2);
	assert_int_equal(s.ignored, 1);
}

static void
a_status_without_commit_or_branch(void **state)
{
	struct wt_status s;

	(void)state;
	assert_true(porcelain_status(a,
	    TEXT("# branch.oid (initial)\0# branch.head main\0"), &s));
	assert_null(s.commit);
	assert_true(porcelain_status(a,
	    TEXT("# branch.oid " OID "\0# branch.head (detached)\0"), &s));
	assert_null(s.branch);
	assert_true(porcelain_status(a, "", 0, &s));
}

static void
no_half_status(void **state)
{
	struct wt_status s;

	(void)state;
	assert_false(porcelain_status(a, TEXT("? a\0? b"), &s));
	assert_false(porcelain_status(a, TEXT("X strange\0"), &s));
	assert_false(porcelain_status(a, TEXT("1 .\0"), &s));
	assert_false(porcelain_status(a, TEXT("2 R. N... x new\0"), &s));
}

static bool
has(const char *const *list, const char *want)
{
	for (; *list != NULL; list++)
		if (strcmp(*list, want) == 0)
			return true;
	return false;
}

static void
programs_are_taken_away(void **state)
{
	static const char names[] =
	    "core.bare\0filter.lfs.smudge\0filter.lfs.required\0"
	    "filter.never.seen.before.clean\0filter.p.process\0"
	    "diff.x.textconv\0diff.x.command\0merge.m.driver\0"
	    "remote.origin.url\0remote.origin.vcs\0gpg.ssh.program\0"
	    "credential.https://h.helper\0filter.lfs.smudge\0user.name\0"
	    "filter..clean\0filter.clean\0filter.a=b.clean\0";
	const char *const *list = git_overrides(a, TEXT(names));
	size_t n = 0;

	(void)state;
	while (list[n] != NULL)
		n++;
	assert_true(has(list, "filter.lfs.smudge="));
	assert_true(has(list, "filter.lfs.required=false"));
	assert_true(has(list, "filter.never.seen.before.clean="));
	assert_true(has(list, "filter.p.process="));
	assert_true(has(list, "diff.x.textconv="));
	assert_true(has(list, "diff.x.command="));
	assert_true(has(list, "merge.m.driver="));
	assert_true(has(list, "remote.origin.vcs="));
	assert_true(has(list, "gpg.ssh.program=false"));
	assert_true(has(list, "credential.https://h.helper="));
	assert_int_equal(n, 10);
}

/* A repository that defines thousands of them cannot make a call fail. */
static void
overrides_are_bounded(void **state)
{
	static char names[300000];
	const char *const *list;
	size_t len = 0, n = 0, bytes = 0;

	(void)state;
	for (int i = 0; i < 5000; i++)
		len += (size_t)snprintf(names + len, sizeof(names) - len,
			   "filter.name-that-is-long-%d.smudge", i) +
		       1;
	list = git_overrides(a, names, len);
	for (; list[n] != NULL; n++)
		bytes += strlen(list[n]) + 3;
	assert_true(n > 20 && n <= GIT_OVERRIDES_MAX);
	assert_true(bytes < 6000);
}

static void
what_git_complains_of(void **state)
{
	static const struct {
		const char *err, *want;
	} rows[] = {
		{ "fatal: not a git repository\n", "not a git repository" },
		{ "hint: x\nfatal: really\nmore\n", "really" },
		{ "warning: w\nerror: e\n", "e" },
		{ "odd\nthing\n", "odd" },
		{ "", "git ended with status 7" },
		{ "fatal: \x1b[31mred\n", "\\e[31mred" },
	};
	char out[64];

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct git_result r = { .status = 7, .err = rows[i].err };

		git_complaint(&r, out, sizeof out);
		assert_string_equal(out, rows[i].want);
	}
}

static void
pointers_of_worktrees(void **state)
{
	(void)state;
	assert_string_equal(repo_of_gitdir(a, "/w", "/r/x/.git/worktrees/n"),
	    "/r/x");
	assert_string_equal(repo_of_gitdir(a, "/a/b", "../r/.git/worktrees/n"),
	    "/a/r");
	assert_null(repo_of_gitdir(a, "/w", "/r/.git"));
	assert_null(repo_of_gitdir(a, "/w", "/r/.git/modules/n"));
	assert_null(repo_of_gitdir(a, "/w", "/r/.git/worktrees/n/m"));
	assert_null(repo_of_gitdir(a, "/w", "/r/.git/worktrees/"));
	assert_null(repo_of_gitdir(a, "/w", "/.git/worktrees/n"));
	assert_string_equal(repo_of_gitdir(a, "/w", "/x/../r/.git/worktrees/n"),
	    "/r");
}

int
main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(a_list_of_worktrees),
		T(a_bare_one),
		T(no_half_list),
		T(a_status_is_counted),
		T(a_status_without_commit_or_branch),
		T(no_half_status),
		T(programs_are_taken_away),
		T(overrides_are_bounded),
		T(what_git_complains_of),
		T(pointers_of_worktrees),
	};

	return CHECK_RUN("core/git_text", tests);
}
