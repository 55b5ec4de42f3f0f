/* SPDX-License-Identifier: MIT */
/*
 * Copies of files for a new worktree: what a pattern means, that what is there
 * stays, and that neither a name nor a link leads out of either tree.
 */
#include "tests/unit/check.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "git-worker/copy.h"
#include "lib/err.h"
#include "tests/unit/lib/tmpdir.h"

#define NO_END UINT64_MAX

static char dir[64], top[PATH_MAX], from[PATH_MAX + 8], to[PATH_MAX + 8];
static int dirfd_;
static struct copy c;

static int
run(const char *command)
{
	char line[2 * PATH_MAX];
	pid_t pid;
	int status;

	(void)snprintf(line, sizeof line, "cd %s && { %s\n}", top, command);
	pid = fork();
	if (pid == 0) {
		execl("/bin/sh", "sh", "-c", line, (char *)NULL);
		_exit(127);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

static void
sh(const char *command)
{
	if (run(command) != 0)
		fail_msg("%s", command);
}

static int
setup(void **state)
{
	(void)state;
	dirfd_ = tmpdir_new(dir);
	if (realpath(dir, top) == NULL)
		return 1;
	(void)snprintf(from, sizeof from, "%s/from", top);
	(void)snprintf(to, sizeof to, "%s/to", top);
	sh("mkdir -p from/.git from/conf/deep from/web to out && "
	   "echo secret >out/canary && echo S=1 >from/.env && "
	   "chmod 640 from/.env && echo a >from/conf/a.local && "
	   "echo b >from/conf/deep/b.local && echo c >from/web/c.local && "
	   "echo t >from/conf/t.txt && echo config >from/.git/config");
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	(void)close(dirfd_);
	tmpdir_remove(dir);
	return 0;
}

static int
copy(const char *one, const char *two)
{
	char *const patterns[] = { (char *)one, (char *)two, NULL };

	c = (struct copy){ .max_files = c.max_files != 0 ? c.max_files : 100,
		.max_bytes = c.max_bytes != 0 ? c.max_bytes : 1 << 20 };
	return copy_files(from, to, patterns, &c);
}

/* What lies in `to`, sorted, a blank behind each. */
static void
has(const char *files)
{
	char line[512];

	(void)snprintf(line, sizeof line,
	    "test \"$(cd to; find . ! -type d | sort | tr '\\n' ' ')\" = "
	    "'%s' || { cd to; find . ! -type d >&2; false; }",
	    files);
	sh(line);
}

static void
a_file_as_it_is(void **state)
{
	(void)state;
	assert_int_equal(copy(".env", NULL), 0);
	has("./.env ");
	sh("cmp from/.env to/.env && test $(stat -c %a to/.env) = 640");
	assert_int_equal(c.files, 1);
	/* What is not there is not missed: not every clone has it. */
	assert_int_equal(copy("none", "no/where"), 0);
	has("./.env ");
}

static void
what_is_there_stays(void **state)
{
	(void)state;
	sh("echo mine >to/.env && ln -s /nowhere to/conf.link");
	assert_int_equal(copy(".env", NULL), 0);
	sh("test \"$(cat to/.env)\" = mine");
	assert_int_equal(c.files, 0);
	/* And nothing of somebody's is in the way, whatever it is called. */
	sh("rm to/.env && echo ha >to/.rdv-copy && echo ha >from/.rdv-copy");
	assert_int_equal(copy(".env", ".rdv-copy"), 0);
	sh("cmp from/.env to/.env && test \"$(cat to/.rdv-copy)\" = ha");
}

static void
patterns(void **state)
{
	(void)state;
	assert_int_equal(copy("conf", NULL), 0);
	has("./conf/a.local ./conf/deep/b.local ./conf/t.txt ");
	sh("rm -r to/conf");
	/* A wildcard means files. */
	assert_int_equal(copy("conf/*", NULL), 0);
	has("./conf/a.local ./conf/t.txt ");
	sh("rm -r to/conf");
	assert_int_equal(copy("**/*.local", NULL), 0);
	has("./conf/a.local ./conf/deep/b.local ./web/c.local ");
	sh("rm -r to/conf to/web");
	assert_int_equal(copy("*/c.loca[l]", "**/t.txt"), 0);
	has("./conf/t.txt ./web/c.local ");
	sh("rm -r to/conf to/web");
	/* Everything, but what is git's own. */
	assert_int_equal(copy("**", NULL), 0);
	has("./.env ./conf/a.local ./conf/deep/b.local ./conf/t.txt "
	    "./web/c.local ");
}

static void
odd_names(void **state)
{
	(void)state;
	sh("mkdir from/odd && cd from/odd && : >..config && : >... && "
	   ": >-rf && : >' ' && : >'a\nb' && : >'*'");
	assert_int_equal(copy("odd", NULL), 0);
	sh("test \"$(ls -a from/odd)\" = \"$(ls -a to/odd)\"");
	assert_int_equal(c.files, 6);
}

static void
refused(const char *pattern, const char *why)
{
	assert_int_equal(copy(pattern, NULL), RDV_E_INVALID);
	if (strstr(c.why, why) == NULL)
		fail_msg("%s: %s", pattern, c.why);
}

static void
abuse_F04_no_way_out_by_name(void **state)
{
	(void)state;
	refused("../out/canary", "a pattern is not relative");
	refused("conf/../../out/canary", "a pattern is not relative");
	refused("/etc/passwd", "a pattern is not relative");
	refused("", "a pattern is not relative");
	refused("conf//a.local", "a pattern is not relative");
	refused(".git", ".git: it is git's own");
	refused(".GIT/config", ".GIT: ");
	has("");
}

static void
abuse_F01_no_way_out_by_a_link(void **state)
{
	(void)state;
	sh("ln -s ../out from/link && ln -s ../../out/canary from/conf/up && "
	   "ln -s /etc/passwd from/etc && ln -s a.local from/conf/in");
	refused("link/canary", "link: a symbolic link is in its way");
	refused("link", "link: it is a symbolic link that leads out");
	refused("etc", "etc: it is a symbolic link that leads out");
	refused("conf", "conf/up: it is a symbolic link that leads out");
	/* By a wildcard none is followed, and nothing is found behind it. */
	assert_int_equal(copy("*/canary", NULL), 0);
	sh("! test -e to/link");
	sh("rm from/conf/up && rm -rf to/conf");
	assert_int_equal(copy("conf", NULL), 0);
	sh("test \"$(readlink to/conf/in)\" = a.local");
}

static void
abuse_F01_no_way_out_of_the_target(void **state)
{
	(void)state;
	sh("ln -s ../out to/conf && ln -s ../out/new to/.env");
	refused("conf/a.local", "conf/a.local: a symbolic link is in its way");
	/* It is there, wherever it leads. */
	assert_int_equal(copy(".env", NULL), 0);
	sh("test \"$(ls out)\" = canary");
}

static void
abuse_F09_no_special_file(void **state)
{
	(void)state;
	sh("mkfifo from/pipe from/conf/pipe");
	refused("pipe", "pipe: it is no regular file");
	/* Among others they are left out. */
	assert_int_equal(copy("conf", NULL), 0);
	has("./conf/a.local ./conf/deep/b.local ./conf/t.txt ");
}

static void
bounds(void **state)
{
	(void)state;
	c.max_files = 2;
	refused("conf", "there are too many files to copy");
	sh("rm -r to/conf");
	c.max_files = 3;
	assert_int_equal(copy("conf", NULL), 0);
	/* Of no use where blocks are shared: then nothing is copied. */
	sh("head -c 5000 /dev/zero >from/big");
	c.max_bytes = 4000;
	if (copy("big", NULL) != 0) {
		assert_non_null(strstr(c.why, "big: there is too much"));
		has("./conf/a.local ./conf/deep/b.local ./conf/t.txt ");
	}
	c.max_bytes = 6000;
	assert_int_equal(copy("big", NULL), 0);
	sh("cmp from/big to/big");
}

int
main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(a_file_as_it_is),
		T(what_is_there_stays),
		T(patterns),
		T(odd_names),
		T(abuse_F04_no_way_out_by_name),
		T(abuse_F01_no_way_out_by_a_link),
		T(abuse_F01_no_way_out_of_the_target),
		T(abuse_F09_no_special_file),
		T(bounds),
	};

	return CHECK_RUN("copy", tests);
}
