/* SPDX-License-Identifier: MIT */
/*
 * Looking programs up, judging roots, and removing the temporary directory of
 * a program that did its worst with it.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/err.h"
#include "priv-helper/lookup.h"
#include "priv-helper/roots.h"
#include "priv-helper/scratch.h"
#include "tests/unit/check.h"
#include "tests/unit/priv/rights.h"

static char dir[64];

static int
set_up(void **state)
{
	(void)state;
	snprintf(dir, sizeof(dir), "/tmp/rdv-files-XXXXXX");
	return mkdtemp(dir) == NULL;
}

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
make(const char *name, mode_t mode)
{
	int fd = open(in(name), O_WRONLY | O_CREAT | O_CLOEXEC, mode);

	assert_true(fd >= 0);
	(void)close(fd);
}

/* scratch_remove() is what it is tested for; this is its plainest use. */
static int
tear_down(void **state)
{
	(void)state;
	scratch_remove(dir, geteuid());
	return access(dir, F_OK) == 0;
}

static void
programs(void **state)
{
	char out[512], search[512];

	(void)state;
	assert_int_equal(mkdir(in("a"), 0700), 0);
	assert_int_equal(mkdir(in("b"), 0700), 0);
	make("a/plain", 0600);
	make("b/plain", 0700);
	make("b/only", 0700);
	make("a/closed", 0600);
	snprintf(search, sizeof(search), "%s/a::relative:.:%s/b", dir, dir);
	assert_int_equal(lookup_program(out, sizeof(out), "plain", search), 0);
	assert_string_equal(out, in("b/plain"));
	assert_int_equal(lookup_program(out, sizeof(out), "only", search), 0);
	assert_int_equal(lookup_program(out, sizeof(out), "closed", search),
	    -EACCES);
	assert_int_equal(lookup_program(out, sizeof(out), "none", search),
	    -ENOENT);
	assert_int_equal(lookup_program(out, sizeof(out), "", search), -ENOENT);
	assert_int_equal(lookup_program(out, sizeof(out), "plain", ""),
	    -ENOENT);
	/* With a slash it is what it says. */
	assert_int_equal(lookup_program(out, sizeof(out), "./x", search), 0);
	assert_string_equal(out, "./x");
	assert_int_equal(lookup_program(out, 4, "/bin/sh", search),
	    -ENAMETOOLONG);
}

static int
judge(const struct roots *rs, const char *path)
{
	char why[256] = "";
	int fd = -1, err = roots_open(rs, path, &fd, why, sizeof(why));

	if (err == 0)
		(void)close(fd);
	else
		assert_int_equal(fd, -1);
	assert_int_equal(err == RDV_E_DENIED, why[0] != '\0');
	return err;
}

static void
abuse_E01_roots(void **state)
{
	struct policy_rights rights;
	struct roots rs;

	(void)state;
	rights_make(&rights, NULL, in("home"));
	assert_int_equal(mkdir(in("home"), 0700), 0);
	assert_int_equal(mkdir(in("home/project"), 0700), 0);
	assert_int_equal(mkdir(in("home/.rdv"), 0700), 0);
	assert_int_equal(mkdir(in("home/.rdv/server"), 0700), 0);
	assert_int_equal(mkdir(in("home/.rdv/server/trash"), 0700), 0);
	assert_int_equal(mkdir(in("home/.rdv/worktrees"), 0700), 0);
	assert_int_equal(mkdir(in("home/.rdv/worktrees/w"), 0700), 0);
	assert_int_equal(mkdir(in("homework"), 0700), 0);
	assert_int_equal(symlink(in("home"), in("link")), 0);
	make("home/.rdv/cli-token", 0600);
	assert_true(roots_init(&rs, in("home"), in("home/.rdv"), NULL,
	    &rights));
	assert_int_equal(judge(&rs, in("home/project")), 0);
	assert_int_equal(judge(&rs, in("home/.rdv/worktrees/w")), 0);
	assert_int_equal(judge(&rs, in("home/.rdv/server/trash")), 0);
	/* F05: a name that only begins like it is another directory. */
	assert_int_equal(judge(&rs, in("homework")), 0);
	/* A link in the middle counts as what it leads to. */
	assert_int_equal(judge(&rs, in("link/project")), 0);
	assert_int_equal(judge(&rs, in("link/.rdv")), RDV_E_DENIED);
	assert_int_equal(judge(&rs, in("link")), RDV_E_DENIED);
	assert_int_equal(judge(&rs, "/"), RDV_E_DENIED);
	assert_int_equal(judge(&rs, "/tmp"), RDV_E_DENIED);
	assert_int_equal(judge(&rs, dir), RDV_E_DENIED);
	assert_int_equal(judge(&rs, in("home")), RDV_E_DENIED);
	assert_int_equal(judge(&rs, in("home/.rdv")), RDV_E_DENIED);
	assert_int_equal(judge(&rs, in("home/.rdv/server")), RDV_E_DENIED);
	assert_int_equal(judge(&rs, in("home/.rdv/cli-token")), RDV_E_DENIED);
	assert_int_equal(judge(&rs, "relative"), RDV_E_DENIED);
	assert_int_equal(judge(&rs, in("home/../home/project")), RDV_E_DENIED);
	assert_int_equal(judge(&rs, in("none")), -ENOENT);
	/* F07: through what the kernel makes up for a process, nowhere. */
	assert_int_equal(judge(&rs, "/proc/self/cwd"), -ELOOP);
	assert_int_equal(judge(&rs, "/proc/self/cwd/tmp"), -ELOOP);
	policy_rights_done(&rights);
}

/* What the policy says is judged by what was opened, whatever it is called. */
static void
abuse_E01_roots_of_the_policy(void **state)
{
	struct policy_rights rights;
	char text[512], why[256];
	struct roots rs;
	int fd;

	(void)state;
	assert_int_equal(mkdir(in("own"), 0700), 0);
	assert_int_equal(mkdir(in("own/in"), 0700), 0);
	assert_int_equal(mkdir(in("own/secret"), 0700), 0);
	assert_int_equal(mkdir(in("ownother"), 0700), 0);
	assert_int_equal(symlink(in("ownother"), in("own/link")), 0);
	assert_int_equal(symlink(in("own"), in("alias")), 0);
	assert_int_equal(mkdir(in("ownother/x"), 0700), 0);
	snprintf(text, sizeof(text),
	    "[access]\nusers = [\"ann\"]\n[default]\n"
	    "roots = [\"%s/own\"]\ndeny_roots = [\"%s/own/secret\"]\n",
	    dir, dir);
	rights_make(&rights, text, "/home/x");
	assert_true(roots_init(&rs, "/home/x", "/home/x/.rdv", NULL, &rights));
	assert_int_equal(judge(&rs, in("own/in")), 0);
	assert_int_equal(judge(&rs, in("alias/in")), 0);
	assert_int_equal(judge(&rs, in("ownother")), RDV_E_DENIED);
	assert_int_equal(judge(&rs, in("own/link/x")), RDV_E_DENIED);
	assert_int_equal(judge(&rs, in("own/secret")), RDV_E_DENIED);
	/* It would bring along what is denied. */
	assert_int_equal(judge(&rs, in("own")), RDV_E_DENIED);
	assert_int_equal(roots_open(&rs, in("ownother"), &fd, why, sizeof(why)),
	    RDV_E_DENIED);
	assert_non_null(strstr(why,
	    " is not granted by the policy: [default] roots (F:4)"));
	policy_rights_done(&rights);
}

/* Whoever may write there makes the proofs of new tokens. */
static void
abuse_E01_proofs(void **state)
{
	struct policy_rights rights;
	struct roots rs;
	int fd;

	(void)state;
	rights_make(&rights, NULL, in("ann"));
	(void)mkdir(in("run"), 0755);
	(void)mkdir(in("run/ann"), 0700);
	(void)mkdir(in("runner"), 0700);
	assert_true(roots_init(&rs, in("ann"), in("ann/.rdv"), in("run"),
	    &rights));
	assert_int_equal(judge(&rs, in("run")), RDV_E_DENIED);
	assert_int_equal(judge(&rs, in("run/ann")), RDV_E_DENIED);
	assert_int_equal(judge(&rs, dir), RDV_E_DENIED);
	assert_int_equal(judge(&rs, in("runner")), 0);
	/* Each account's trash is its own, and not in rdvd's state. */
	(void)mkdir(in("ann"), 0700);
	(void)mkdir(in("ann/.rdv"), 0700);
	(void)mkdir(in("ann/.rdv/trash"), 0700);
	(void)mkdir(in("ann/.rdv/other"), 0700);
	assert_int_equal(judge(&rs, in("ann/.rdv/trash")), 0);
	assert_int_equal(judge(&rs, in("ann/.rdv/other")), RDV_E_DENIED);
	fd = open(dir, O_PATH | O_CLOEXEC);
	assert_true(roots_inside(&rs, fd));
	(void)close(fd);
	/* In user mode there is no such place. */
	assert_true(roots_init(&rs, in("ann"), in("ann/.rdv"), NULL, &rights));
	assert_int_equal(judge(&rs, in("run/ann")), 0);
	policy_rights_done(&rights);
}

/* It goes into a log between quotes, and comes from a rdvd taken over. */
static void
reasons_are_printable(void **state)
{
	const char *path = "/a\" op=LOGIN why=\"\n\x1b[2J/..";
	struct policy_rights rights;
	struct roots rs;
	char why[256];
	int fd;

	(void)state;
	rights_make(&rights, NULL, "/home/x");
	assert_true(roots_init(&rs, "/home/x", "/home/x/.rdv", NULL, &rights));
	assert_int_equal(roots_open(&rs, path, &fd, why, sizeof(why)),
	    RDV_E_DENIED);
	assert_string_equal(why, "paths: /a\\\" op=LOGIN why=\\\"\\n\\e[2J/.. "
				 "is not a plain absolute path");
	policy_rights_done(&rights);
}

static void
deep_tree(int top, int levels)
{
	int fd = dup(top), next, i;

	for (i = 0; i < levels; i++) {
		assert_int_equal(mkdirat(fd, "d", 0700), 0);
		next = openat(fd, "d", O_DIRECTORY | O_CLOEXEC);
		assert_true(next >= 0);
		(void)close(fd);
		fd = next;
	}
	(void)close(fd);
}

static void
scratch_worst(void **state)
{
	char path[SCRATCH_PATH], name[64];
	struct stat st;
	int fd, i;

	(void)state;
	make("canary", 0600);
	assert_int_equal(mkdir(in("canary-dir"), 0700), 0);
	make("canary-dir/inside", 0600);
	scratch_name(path);
	assert_int_equal(scratch_make(path), 0);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0700);
	fd = open(path, O_DIRECTORY | O_CLOEXEC);
	deep_tree(fd, 300);
	assert_int_equal(symlinkat(in("canary-dir"), fd, "link"), 0);
	assert_int_equal(symlinkat(in("canary"), fd, "file-link"), 0);
	for (i = 0; i < 200; i++) {
		snprintf(name, sizeof(name), "n%d", i);
		assert_int_equal(mkdirat(fd, name, 0700), 0);
	}
	/* Directories that keep their own owner out. */
	assert_int_equal(mkdirat(fd, "n0/x", 0700), 0);
	assert_int_equal(fchmodat(fd, "n0", 0500, 0), 0);
	assert_int_equal(mkdirat(fd, "n1/x", 0700), 0);
	assert_int_equal(fchmodat(fd, "n1", 0, 0), 0);
	(void)close(fd);
	scratch_remove(path, geteuid());
	assert_int_equal(access(path, F_OK), -1);
	/* Nothing that was only pointed at has been touched. */
	assert_int_equal(access(in("canary"), F_OK), 0);
	assert_int_equal(access(in("canary-dir/inside"), F_OK), 0);
	scratch_remove("", geteuid());
	scratch_remove("/nonexistent", geteuid());
}

/*
 * What a run leaves in its directory that is no directory: a second name of a
 * file outside, and what never ends, or never begins, to be read. The name
 * goes; the file keeps its mode and what it holds.
 */
static void
abuse_F08_F09_left_in_a_scratch(void **state)
{
	char path[SCRATCH_PATH];
	struct stat was, now;
	int fd, sparse;

	(void)state;
	make("a file", 0600);
	assert_int_equal(chmod(in("a file"), 0400), 0);
	assert_int_equal(stat(in("a file"), &was), 0);
	scratch_name(path);
	assert_int_equal(scratch_make(path), 0);
	fd = open(path, O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(mkdirat(fd, "closed", 0700), 0);
	assert_int_equal(linkat(AT_FDCWD, in("a file"), fd, "closed/hard", 0),
	    0);
	assert_int_equal(linkat(AT_FDCWD, in("a file"), fd, "hard", 0), 0);
	assert_int_equal(mkfifoat(fd, "fifo", 0600), 0);
	assert_int_equal(mknodat(fd, "socket", S_IFSOCK | 0600, 0), 0);
	sparse = openat(fd, "sparse", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	assert_int_equal(ftruncate(sparse, 1ll << 43), 0);
	(void)close(sparse);
	assert_int_equal(fchmodat(fd, "closed", 0, 0), 0);
	(void)close(fd);
	scratch_remove(path, geteuid());
	assert_int_equal(access(path, F_OK), -1);
	assert_int_equal(stat(in("a file"), &now), 0);
	assert_int_equal(now.st_nlink, 1);
	assert_int_equal(now.st_mode, was.st_mode);
	assert_int_equal(now.st_size, was.st_size);
}

static bool
say(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	bool ok = fd >= 0 && write(fd, text, strlen(text)) > 0;

	return fd >= 0 && close(fd) == 0 && ok;
}

static bool
map(const char *file, unsigned id)
{
	char text[32];

	snprintf(text, sizeof(text), "0 %u 1", id);
	return say(file, text);
}

/* Root of mounts that nobody else sees. */
static bool
own_mounts(void)
{
	const uid_t uid = geteuid();
	const gid_t gid = getegid();

	if (uid == 0)
		return unshare(CLONE_NEWNS) == 0 &&
		       mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0;
	return unshare(CLONE_NEWUSER | CLONE_NEWNS) == 0 &&
	       map("/proc/self/uid_map", uid) &&
	       say("/proc/self/setgroups", "deny") &&
	       map("/proc/self/gid_map", gid);
}

/* A file system whose server never answers. */
static bool
mount_stuck(const char *at)
{
	char options[128];
	int fd = open("/dev/fuse", O_RDWR | O_CLOEXEC);

	snprintf(options, sizeof(options),
	    "fd=%d,rootmode=40000,user_id=0,group_id=0", fd);
	return fd >= 0 &&
	       mount("stuck", at, "fuse", MS_NOSUID | MS_NODEV, options) == 0;
}

/*
 * In a process of its own: what it comes to. A bind mount of the same file
 * system, another file system, and one that hangs, each in a directory of a
 * run; then the same without them.
 */
static int
remove_mounted(const char *path)
{
	/* Some hosts keep FUSE to root; tests/priv/ has it then. */
	const int n = access("/dev/fuse", R_OK | W_OK) == 0 ? 3 : 2;
	char at[3][128], inside[160];
	int i;

	(void)alarm(20);
	if (!own_mounts())
		return 2;
	for (i = 0; i < n; i++) {
		snprintf(at[i], sizeof(at[i]), "%s/m%d", path, i);
		if (mkdir(at[i], 0700) < 0)
			return 3;
	}
	if (mount(in("mounted"), at[0], NULL, MS_BIND, NULL) < 0 ||
	    mount("tmp", at[1], "tmpfs", 0, NULL) < 0 ||
	    (n > 2 && !mount_stuck(at[2])))
		return 4;
	snprintf(inside, sizeof(inside), "%s/inside", at[1]);
	if (mkdir(inside, 0700) < 0)
		return 5;
	scratch_remove(path, geteuid());
	if (access(in("mounted/inside"), F_OK) < 0 || access(inside, F_OK) < 0)
		return 6;
	for (i = 0; i < n; i++)
		if (umount2(at[i], MNT_DETACH) < 0)
			return 7;
	scratch_remove(path, geteuid());
	return access(path, F_OK) < 0 ? 0 : 8;
}

static void
abuse_F12_mounts(void **state)
{
	char path[SCRATCH_PATH];
	int status;
	pid_t pid;

	(void)state;
	assert_int_equal(mkdir(in("mounted"), 0700), 0);
	make("mounted/inside", 0600);
	scratch_name(path);
	assert_int_equal(scratch_make(path), 0);
	pid = fork();
	if (pid == 0)
		_exit(remove_mounted(path));
	assert_int_equal(waitpid(pid, &status, 0), pid);
	scratch_remove(path, geteuid());
	/* No user namespaces here, or no FUSE. */
	if (WIFEXITED(status) && WEXITSTATUS(status) == 2)
		skip();
	assert_int_equal(status, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(abuse_F12_mounts),
		cmocka_unit_test(programs),
		cmocka_unit_test(abuse_E01_roots),
		cmocka_unit_test(abuse_E01_proofs),
		cmocka_unit_test(abuse_E01_roots_of_the_policy),
		cmocka_unit_test(reasons_are_printable),
		cmocka_unit_test(scratch_worst),
		cmocka_unit_test(abuse_F08_F09_left_in_a_scratch),
	};

	return cmocka_run_group_tests_name("files", tests, set_up, tear_down);
}
