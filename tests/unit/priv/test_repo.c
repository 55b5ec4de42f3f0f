/* SPDX-License-Identifier: MIT */
/*
 * Which repository a worktree is believed to be of. The files are made by hand,
 * as a program confined to the worktree could make them.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/err.h"
#include "priv-helper/repo.h"
#include "priv-helper/scratch.h"
#include "tests/unit/check.h"
#include "tests/unit/priv/rights.h"

static char dir[64];
static struct policy_rights rights;
static struct roots roots;

static const char *
in(const char *name)
{
	static char path[4][512];
	static unsigned turn;
	char *p = path[turn++ % 4];

	snprintf(p, sizeof(path[0]), "%s/%s", dir, name);
	return p;
}

static void
put(const char *name, const char *prefix, const char *what)
{
	FILE *f = fopen(in(name), "we");

	assert_non_null(f);
	assert_true(fprintf(f, "%s%s\n", prefix, what) > 0);
	assert_int_equal(fclose(f), 0);
}

static void
make_dir(const char *name)
{
	assert_int_equal(mkdir(in(name), 0700), 0);
}

/* A repository with two worktrees, and one that is nobody's. */
static int
set_up(void **state)
{
	static const char *const dirs[] = { "home", "home/.rdv", "main",
		"main/.git", "main/.git/worktrees", "main/.git/worktrees/a",
		"main/.git/worktrees/b", "a", "b", "other", "some",
		"some/where", "some/where/else" };

	(void)state;
	/* By its real name: that is what git writes. */
	snprintf(dir, sizeof(dir), "/tmp/rdv-repo-XXXXXX");
	assert_non_null(mkdtemp(dir));
	for (size_t i = 0; i < sizeof(dirs) / sizeof(dirs[0]); i++)
		make_dir(dirs[i]);
	put("a/.git", "gitdir: ", in("main/.git/worktrees/a"));
	put("b/.git", "gitdir: ", in("main/.git/worktrees/b"));
	put("main/.git/worktrees/a/gitdir", "", in("a/.git"));
	put("main/.git/worktrees/b/gitdir", "", in("b/.git"));
	rights_make(&rights, NULL, in("home"));
	assert_true(roots_init(&roots, in("home"), in("home/.rdv"), NULL,
	    &rights));
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	policy_rights_done(&rights);
	scratch_remove(dir, geteuid());
	return access(dir, F_OK) == 0;
}

static void
is_open(int fd, const char *name)
{
	char real[ROOTS_PATH_MAX];

	assert_int_equal(roots_name(fd, real), 0);
	assert_string_equal(real, in(name));
	(void)close(fd);
}

static int
judge(const char *worktree)
{
	int root = open(in(worktree), O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct repo r;
	char why[128] = "";
	int err;

	assert_true(root >= 0);
	err = repo_open(&roots, root, &r, why, sizeof(why));
	(void)close(root);
	if (err == 0) {
		is_open(r.common, "main/.git");
		is_open(r.admin, "main/.git/worktrees/a");
	}
	assert_int_equal(err == RDV_E_DENIED, why[0] != '\0');
	return err;
}

static void
believed(void **state)
{
	(void)state;
	assert_int_equal(judge("a"), 0);
	/* As git writes it with worktree.useRelativePaths. */
	put("a/.git", "gitdir: ", "../main/.git/worktrees/a");
	put("main/.git/worktrees/a/gitdir", "", "../../../../a/.git");
	assert_int_equal(judge("a"), 0);
}

static void
none(void **state)
{
	(void)state;
	assert_int_equal(judge("other"), RDV_E_NOT_FOUND);
	assert_int_equal(judge("main"), RDV_E_NOT_FOUND);
	/* A link is not looked through, nor is a FIFO waited for. */
	assert_int_equal(symlink(in("a/.git"), in("other/.git")), 0);
	assert_int_equal(judge("other"), RDV_E_NOT_FOUND);
	assert_int_equal(unlink(in("other/.git")), 0);
	assert_int_equal(mkfifo(in("other/.git"), 0600), 0);
	assert_int_equal(judge("other"), RDV_E_NOT_FOUND);
}

static void
moves_to(const char *name)
{
	char git[64];

	(void)snprintf(git, sizeof(git), "%s/.git", name);
	put(git, "gitdir: ", in("main/.git/worktrees/a"));
	put("main/.git/worktrees/a/gitdir", "", in(git));
}

/*
 * One run of an agent may say of its own worktree that it is where all of them
 * are at home; the next one is of another workspace.
 */
static void
abuse_G09_an_agents_home(void **state)
{
	(void)state;
	make_dir("home/.rdv/worktrees");
	make_dir("home/.rdv/worktrees/a");
	make_dir("home/.rdv/agents");
	make_dir("home/.rdv/agents/X");
	make_dir("home/.rdv/agents/X/deep");
	moves_to("home/.rdv/worktrees/a");
	assert_int_equal(judge("home/.rdv/worktrees/a"), 0);
	moves_to("home/.rdv/agents/X");
	assert_int_equal(judge("home/.rdv/agents/X"), RDV_E_DENIED);
	moves_to("home/.rdv/agents/X/deep");
	assert_int_equal(judge("home/.rdv/agents/X/deep"), RDV_E_DENIED);
	/* Nor is a repository from there anybody's. */
	assert_int_equal(rename(in("main"), in("home/.rdv/agents/X/main")), 0);
	put("a/.git",
	    "gitdir: ", in("home/.rdv/agents/X/main/.git/worktrees/a"));
	put("home/.rdv/agents/X/main/.git/worktrees/a/gitdir", "",
	    in("a/.git"));
	assert_int_equal(judge("a"), RDV_E_DENIED);
}

/* G09: what lies in the worktree may say anything. */
static void
abuse_G09_claims(void **state)
{
	static const char *const texts[] = { "",
		"gitdir:", "gitdir: ", "nothing of the kind",
		"gitdir: /nonexistent", "gitdir: /" };

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		put("a/.git", texts[i], "");
		assert_int_equal(judge("a"), RDV_E_DENIED);
	}
	put("a/.git", "gitdir: ", in("main/.git"));
	assert_int_equal(judge("a"), RDV_E_DENIED);
	/* Somebody else's, whole and in itself well. */
	put("a/.git", "gitdir: ", in("main/.git/worktrees/b"));
	assert_int_equal(judge("a"), RDV_E_DENIED);
	put("other/.git", "gitdir: ", in("main/.git/worktrees/a"));
	assert_int_equal(judge("other"), RDV_E_DENIED);
	/* The same file under another name. */
	assert_int_equal(unlink(in("other/.git")), 0);
	assert_int_equal(link(in("b/.git"), in("other/.git")), 0);
	assert_int_equal(judge("other"), RDV_E_DENIED);
	/* More than one line. */
	put("a/.git", "gitdir: ", in("main/.git/worktrees/a\nmore"));
	assert_int_equal(judge("a"), RDV_E_DENIED);
	put("a/.git", "gitdir: ", in("main/.git/worktrees/a"));
	assert_int_equal(judge("a"), 0);
}

static void
abuse_G09_form(void **state)
{
	(void)state;
	/* It leads back, and is no worktree's directory of a repository. */
	put("some/where/else/gitdir", "", in("a/.git"));
	put("a/.git", "gitdir: ", in("some/where/else"));
	assert_int_equal(judge("a"), RDV_E_DENIED);
	/* By a link among the worktrees. */
	assert_int_equal(symlink(in("some/where/else"),
			     in("main/.git/worktrees/linked")),
	    0);
	put("a/.git", "gitdir: ", in("main/.git/worktrees/linked"));
	assert_int_equal(judge("a"), RDV_E_DENIED);
	put("a/.git", "gitdir: ", in("main/.git/worktrees/a"));
	assert_int_equal(judge("a"), 0);
}

/* With the very line in it, for whoever would read it. */
static void
fifo(const char *name, const char *line)
{
	int fd;

	assert_int_equal(mkfifo(in(name), 0600), 0);
	fd = open(in(name), O_RDWR | O_NONBLOCK | O_CLOEXEC);
	assert_int_equal(write(fd, line, strlen(line)), strlen(line));
	assert_int_not_equal(judge("a"), 0);
	(void)close(fd);
	/* And with nobody there who would ever write to it. */
	assert_int_not_equal(judge("a"), 0);
	assert_int_equal(unlink(in(name)), 0);
}

/*
 * Where a short line is expected stands what never ends, or what nobody will
 * ever write to: [ops] reads neither, nor does it wait.
 */
static void
special(const char *name, const char *line)
{
	fifo(name, line);
	assert_int_equal(mkdir(in(name), 0700), 0);
	assert_int_not_equal(judge("a"), 0);
	assert_int_equal(rmdir(in(name)), 0);
	assert_int_equal(mknod(in(name), S_IFSOCK | 0600, 0), 0);
	assert_int_not_equal(judge("a"), 0);
	assert_int_equal(unlink(in(name)), 0);
	assert_int_equal(symlink("/dev/zero", in(name)), 0);
	assert_int_not_equal(judge("a"), 0);
	assert_int_equal(unlink(in(name)), 0);
	put(name, "", "");
	assert_int_equal(truncate(in(name), 1LL << 43), 0);
	assert_int_not_equal(judge("a"), 0);
	put(name, "", line);
	assert_int_equal(judge("a"), 0);
}

static void
abuse_F09_where_a_line_is_expected(void **state)
{
	static const char *const names[] = { "a/.git",
		"main/.git/worktrees/a/gitdir" };
	char line[2][512];
	size_t i;

	(void)state;
	snprintf(line[0], sizeof(line[0]), "gitdir: %s",
	    in("main/.git/worktrees/a"));
	snprintf(line[1], sizeof(line[1]), "%s", in("a/.git"));
	(void)alarm(60);
	for (i = 0; i < 2; i++) {
		assert_int_equal(unlink(in(names[i])), 0);
		special(names[i], line[i]);
	}
	(void)alarm(0);
}

/* E01: a repository around the home directory is nobody's to have. */
static void
abuse_E01_repository(void **state)
{
	(void)state;
	make_dir("worktrees");
	make_dir("worktrees/w");
	put("a/.git", "gitdir: ", in("worktrees/w"));
	put("worktrees/w/gitdir", "", in("a/.git"));
	assert_int_equal(judge("a"), RDV_E_DENIED);
}

/* E01: nor is one that the policy does not grant, whatever worktree asks. */
static void
abuse_E01_repository_of_the_policy(void **state)
{
	char text[512];

	(void)state;
	assert_int_equal(judge("a"), 0);
	policy_rights_done(&rights);
	snprintf(text, sizeof(text),
	    "[access]\nusers = [\"ann\"]\n[default]\nroots = [\"%s/a\"]\n",
	    dir);
	rights_make(&rights, text, in("home"));
	assert_int_equal(judge("a"), RDV_E_DENIED);
}

#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(believed),
		T(none),
		T(abuse_G09_claims),
		T(abuse_G09_form),
		T(abuse_G09_an_agents_home),
		T(abuse_F09_where_a_line_is_expected),
		T(abuse_E01_repository),
		T(abuse_E01_repository_of_the_policy),
	};

	return CHECK_RUN("repo", tests);
}
