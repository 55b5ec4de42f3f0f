/* SPDX-License-Identifier: MIT */
/*
 * Opening beneath a root, each case by both methods: openat2 and the descent
 * (abuse F03 asks for the same guarantee and the same test). The tree holds
 * links to a canary outside of it.
 */
#include "tests/unit/check.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/path.h"
#include "tests/unit/lib/tmpdir.h"

static char top[64];
static int topfd, root;
static bool descent;

static void
put_file(int dir, const char *name, const char *text)
{
	int fd = openat(dir, name, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
}

static int
setup(void **state)
{
	(void)state;
	topfd = tmpdir_new(top);
	assert_int_equal(mkdirat(topfd, "root", 0700), 0);
	assert_int_equal(mkdirat(topfd, "root/dir", 0700), 0);
	assert_int_equal(mkdirat(topfd, "out", 0700), 0);
	put_file(topfd, "out/canary", "canary");
	put_file(topfd, "root/file", "file");
	put_file(topfd, "root/dir/deep", "deep");
	assert_int_equal(symlinkat("../out", topfd, "root/todir"), 0);
	assert_int_equal(symlinkat("../out/canary", topfd, "root/tofile"), 0);
	assert_int_equal(symlinkat("dir", topfd, "root/inside"), 0);
	assert_int_equal(symlinkat("nowhere", topfd, "root/dangling"), 0);
	root = openat(topfd, "root", O_PATH | O_DIRECTORY | O_CLOEXEC);
	return root >= 0 ? 0 : -1;
}

static int
teardown(void **state)
{
	(void)state;
	path_force_descent(false);
	close(root);
	close(topfd);
	tmpdir_remove(top);
	return 0;
}

/* First bytes of what was opened, or "" and -errno. */
static int
peek(const char *rel, char text[8])
{
	int fd = path_open_beneath(root, rel, O_RDONLY, 0);
	ssize_t n;

	text[0] = '\0';
	if (fd < 0)
		return fd;
	assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
	n = read(fd, text, 7);
	text[n > 0 ? n : 0] = '\0';
	close(fd);
	return 0;
}

static void
assert_opens(const char *rel, const char *want)
{
	char text[8];

	assert_int_equal(peek(rel, text), 0);
	assert_string_equal(text, want);
}

static void
assert_refused(const char *rel, int err)
{
	char text[8];

	assert_int_equal(peek(rel, text), err);
}

static void
assert_canary_untouched(void)
{
	char text[16] = "";
	int fd = openat(topfd, "out/canary", O_RDONLY);

	assert_true(fd >= 0);
	assert_int_equal(read(fd, text, sizeof(text) - 1), 6);
	assert_string_equal(text, "canary");
	close(fd);
}

static void
opens_what_is_inside(void **state)
{
	int fd;

	path_force_descent(*state != NULL);
	assert_opens("file", "file");
	assert_opens("dir/deep", "deep");
	assert_opens("./dir/.//deep", "deep");
	assert_opens("dir", "");
	assert_opens("dir/", "");
	assert_opens(".", "");
	assert_refused("none", -ENOENT);
	assert_refused("none/x", -ENOENT);
	assert_refused("file/x", -ENOTDIR);
	assert_refused("file/", -ENOTDIR);
	fd = path_open_beneath(root, "dir/new", O_WRONLY | O_CREAT | O_EXCL,
	    0600);
	assert_true(fd >= 0);
	close(fd);
	assert_int_equal(path_open_beneath(root, "dir/new",
			     O_WRONLY | O_CREAT | O_EXCL, 0600),
	    -EEXIST);
	fd = path_open_beneath(root, "dir/deep", O_WRONLY | O_TRUNC, 0);
	assert_true(fd >= 0);
	close(fd);
	assert_opens("dir/deep", "");
}

static void
abuse_F01_no_symlink_at_the_end(void **state)
{
	static const int flags[] = { O_RDONLY, O_WRONLY, O_WRONLY | O_TRUNC,
		O_WRONLY | O_CREAT, O_WRONLY | O_CREAT | O_TRUNC, O_PATH };
	size_t i;

	path_force_descent(*state != NULL);
	for (i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
		assert_int_equal(path_open_beneath(root, "tofile", flags[i],
				     0600),
		    -ELOOP);
		assert_int_equal(path_open_beneath(root, "dangling", flags[i],
				     0600),
		    -ELOOP);
	}
	assert_int_equal(faccessat(root, "nowhere", F_OK, 0), -1);
	/* Even one that stays inside, and one behind a slash. */
	assert_refused("inside", -ELOOP);
	assert_refused("inside/", -ELOOP);
	assert_refused("inside/.", -ELOOP);
	assert_canary_untouched();
}

static void
abuse_F02_no_symlink_in_the_middle(void **state)
{
	path_force_descent(*state != NULL);
	assert_refused("todir/canary", -ELOOP);
	assert_refused("inside/deep", -ELOOP);
	assert_int_equal(path_open_beneath(root, "todir/new",
			     O_WRONLY | O_CREAT, 0600),
	    -ELOOP);
	assert_int_equal(faccessat(topfd, "out/new", F_OK, 0), -1);
	assert_opens("dir/deep", "deep");
}

static void
abuse_F04_dots_and_lengths(void **state)
{
	char far[5000];
	size_t i;

	path_force_descent(*state != NULL);
	assert_refused("", -ENOENT);
	assert_refused("/", -EXDEV);
	assert_refused("/etc/passwd", -EXDEV);
	assert_refused("..", -EXDEV);
	assert_refused("../out/canary", -EXDEV);
	assert_refused("dir/../file", -EXDEV);
	assert_refused("todir/../file", -EXDEV);
	assert_refused("dir/..", -EXDEV);
	for (i = 0; i < sizeof(far) - 1; i++)
		far[i] = i % 2 == 0 ? '.' : '/';
	far[sizeof(far) - 1] = '\0';
	assert_refused(far, -ENAMETOOLONG);
	memset(far, 'n', 256);
	far[256] = '\0';
	assert_refused(far, -ENAMETOOLONG);
}

static void
abuse_F06_odd_names_are_names(void **state)
{
	static const char *const odd[] = { "..config", "...", "-rf", " ", "\n",
		"\t", "\xff\xc0", ".hidden" };
	size_t i;

	path_force_descent(*state != NULL);
	for (i = 0; i < sizeof(odd) / sizeof(odd[0]); i++) {
		put_file(root, odd[i], "odd");
		assert_opens(odd[i], "odd");
	}
}

static void
abuse_F07_no_magic_link(void **state)
{
	char link[64];
	int proc = open("/proc/self", O_PATH | O_DIRECTORY | O_CLOEXEC), fd;

	path_force_descent(*state != NULL);
	assert_true(proc >= 0);
	snprintf(link, sizeof(link), "fd/%d", root);
	assert_int_equal(path_open_beneath(proc, link, O_PATH, 0), -ELOOP);
	assert_int_equal(path_open_beneath(proc, "exe", O_RDONLY, 0), -ELOOP);
	assert_int_equal(path_open_beneath(proc, "root/etc", O_RDONLY, 0),
	    -ELOOP);
	fd = path_open_beneath(proc, "stat", O_RDONLY, 0);
	assert_true(fd >= 0);
	close(fd);
	close(proc);
}

static void
crosses_no_mount(void **state)
{
	int slash = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC), fd;

	path_force_descent(*state != NULL);
	assert_true(slash >= 0);
	assert_int_equal(path_open_beneath(slash, "proc", O_PATH, 0), -EXDEV);
	assert_int_equal(path_open_beneath(slash, "proc/self", O_RDONLY, 0),
	    -EXDEV);
	fd = path_open_beneath(slash, "etc/passwd", O_RDONLY, 0);
	assert_true(fd >= 0);
	close(fd);
	close(slash);
}

static atomic_bool racing;

/* Swaps the directory with the link to the outside as fast as it can. */
static void *
racer(void *arg)
{
	(void)arg;
	while (atomic_load(&racing))
		(void)renameat2(root, "dir", root, "todir", RENAME_EXCHANGE);
	return NULL;
}

static void
abuse_F02_F03_racer(void **state)
{
	int64_t deadline = clock_mono_ms() + 20000;
	int i, fd, opened = 0, refused = 0;
	pthread_t thread;
	char text[8];

	path_force_descent(*state != NULL);
	put_file(topfd, "root/dir/canary", "inside");
	atomic_store(&racing, true);
	assert_int_equal(pthread_create(&thread, NULL, racer, NULL), 0);
	/* Longer when the other thread has not yet got its turn. */
	for (i = 0; i < 20000 || opened == 0 || refused == 0; i++) {
		fd = path_open_beneath(root, "dir/canary", O_RDONLY, 0);
		/* EAGAIN: the kernel saw the race and gave up. */
		assert_true(fd >= 0 || fd == -ELOOP || fd == -EAGAIN);
		refused += fd < 0;
		assert_true(clock_mono_ms() < deadline);
		if (fd < 0)
			continue;
		opened++;
		assert_int_equal(read(fd, text, 6), 6);
		assert_memory_equal(text, "inside", 6);
		close(fd);
	}
	atomic_store(&racing, false);
	pthread_join(thread, NULL);
	assert_canary_untouched();
}

/* From here on the kernel answers the call with that error. */
static bool
take_away(int err)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
		    offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_openat2, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (unsigned)err),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	const struct sock_fprog prog = { 4, code };

	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
	       prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &prog) == 0 &&
	       syscall(SYS_openat2, root, "file", NULL, 0) == -1 &&
	       errno == err;
}

/* What is opened at that path, in a process without the call. */
static int
open_without(int err, int at, const char *rel)
{
	int status, fd;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		if (!take_away(err))
			_exit(255);
		fd = path_open_beneath(at, rel, O_RDONLY, 0);
		_exit(fd < 0 ? -fd : 0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return -WEXITSTATUS(status);
}

/* A kernel that has it not, and a container that forbids it. */
static void
abuse_F03_without_the_call(void **state)
{
	static const int errs[] = { ENOSYS, EPERM };
	int proc = open("/proc/self", O_PATH | O_DIRECTORY | O_CLOEXEC);
	size_t i;

	(void)state;
	for (i = 0; i < 2; i++) {
		assert_int_equal(open_without(errs[i], root, "dir/deep"), 0);
		assert_int_equal(open_without(errs[i], root, "tofile"), -ELOOP);
		assert_int_equal(open_without(errs[i], root, "todir/canary"),
		    -ELOOP);
		assert_int_equal(open_without(errs[i], root, "inside/deep"),
		    -ELOOP);
		assert_int_equal(open_without(errs[i], root, "dir/../file"),
		    -EXDEV);
		assert_int_equal(open_without(errs[i], proc, "root/etc"),
		    -ELOOP);
	}
	close(proc);
}

#define BOTH(f)                                                \
	{ #f, f, setup, teardown, NULL },                      \
	{                                                      \
#f "_by_descent", f, setup, teardown, &descent \
	}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		BOTH(opens_what_is_inside),
		BOTH(abuse_F01_no_symlink_at_the_end),
		BOTH(abuse_F02_no_symlink_in_the_middle),
		BOTH(abuse_F04_dots_and_lengths),
		BOTH(abuse_F06_odd_names_are_names),
		BOTH(abuse_F07_no_magic_link),
		BOTH(crosses_no_mount),
		BOTH(abuse_F02_F03_racer),
		{ "abuse_F03_without_the_call", abuse_F03_without_the_call,
		    setup, teardown, NULL },
	};

	return CHECK_RUN("pathopen", tests);
}
