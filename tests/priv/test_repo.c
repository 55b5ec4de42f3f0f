/* SPDX-License-Identifier: MIT */
/*
 * A worktree brings as much of its repository as profile script grants, and
 * none that does not know it (abuse G09). The repository is made by hand; what
 * git does in one is the api layer's.
 */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "tests/priv/rig.h"
#include "tests/unit/check.h"

static void
put(const struct rig *r, const char *name, const char *prefix, const char *to)
{
	char path[256];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", r->dir, name);
	f = fopen(path, "we");
	assert_non_null(f);
	assert_true(fprintf(f, "%s%s/%s\n", prefix, r->dir, to) > 0);
	assert_int_equal(fclose(f), 0);
}

static void
make(const struct rig *r)
{
	static const char *const dirs[] = { "a", "main", "main/.git",
		"main/.git/hooks", "main/.git/info", "main/.git/objects",
		"main/.git/refs", "main/.git/logs", "main/.git/logs/refs",
		"main/.git/worktrees", "main/.git/worktrees/a",
		"main/.git/worktrees/b" };
	char path[256];

	for (size_t i = 0; i < sizeof(dirs) / sizeof(dirs[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", r->dir, dirs[i]);
		assert_int_equal(mkdir(path, 0700), 0);
	}
	put(r, "a/.git", "gitdir: ", "main/.git/worktrees/a");
	put(r, "main/.git/worktrees/a/gitdir", "", "a/.git");
	put(r, "main/.git/worktrees/b/gitdir", "", "b/.git");
}

/* True when a program confined to the worktree can make that file. */
static bool
writes(struct rig *r, const char *profile, const char *name)
{
	char root[128], path[256], script[512], out[64];
	const struct rig_spawn s = { .profile = profile,
		.cwd = root,
		.paths = strcmp(profile, "login") == 0 ? NULL : ARGV(root),
		.argv = ARGV("/bin/sh", "-c", script) };
	static unsigned serial;
	struct priv_exit end;
	struct stat st;

	snprintf(root, sizeof(root), "%s/a", r->dir);
	snprintf(path, sizeof(path), "%s/main/%s", r->dir, name);
	/* More each time: what counts is what has come of it out here. */
	snprintf(script, sizeof(script), "printf %%%ud x >'%s' 2>/dev/null",
	    ++serial, path);
	rig_run(r, &s, out, sizeof(out), &end);
	return stat(path, &st) == 0 && st.st_size == (off_t)serial;
}

static void
abuse_E01_G10_parts(void **state)
{
	static const char *const no[] = { ".git/config", ".git/config.worktree",
		".git/commondir", ".git/HEAD", ".git/index", ".git/packed-refs",
		".git/hooks/pre-commit", ".git/info/attributes",
		".git/info/grafts", ".git/logs/HEAD", ".git/worktrees/b/HEAD",
		".git/worktrees/b/index", ".git/worktrees/b/gitdir",
		".git/worktrees/b/config.worktree", ".git/worktrees/c",
		".git/anything", "file" };
	static const char *const yes[] = { ".git/objects/x", ".git/refs/x",
		".git/logs/refs/x", ".git/worktrees/a/HEAD",
		".git/worktrees/a/index" };
	static const char *const profiles[] = { "script", "agent" };
	struct rig r;
	size_t i, p;

	(void)state;
	rig_start(&r, NULL);
	make(&r);
	for (p = 0; p < 2; p++) {
		for (i = 0; i < sizeof(no) / sizeof(no[0]); i++) {
			assert_false(writes(&r, profiles[p], no[i]));
			assert_true(writes(&r, "login", no[i]));
		}
		for (i = 0; i < sizeof(yes) / sizeof(yes[0]); i++)
			assert_true(writes(&r, profiles[p], yes[i]));
	}
	for (i = 0; i < sizeof(yes) / sizeof(yes[0]); i++)
		assert_false(writes(&r, "lsp", yes[i]));
	rig_stop(&r);
}

static void
claim(const char *mutant, bool granted)
{
	struct rig r;

	rig_start(&r, mutant);
	make(&r);
	put(&r, "a/.git", "gitdir: ", "main/.git/worktrees/b");
	assert_int_equal(writes(&r, "script", ".git/worktrees/b/HEAD"),
	    granted);
	assert_int_equal(writes(&r, "script", ".git/refs/x"), granted);
	if (!granted)
		rig_expect_log(&r, "the repository does not know it");
	rig_stop(&r);
}

static void
abuse_G09_claim(void **state)
{
	(void)state;
	claim(NULL, false);
	claim("repo-back", true);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(abuse_E01_G10_parts),
		cmocka_unit_test(abuse_G09_claim),
	};

	return CHECK_RUN("repo", tests);
}
