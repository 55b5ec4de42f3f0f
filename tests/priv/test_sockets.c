/* SPDX-License-Identifier: MIT */
/*
 * The lock and the sockets of [main] (abuse C01 to C06), and the files it
 * leaves (C16, C17).
 */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/priv/rig.h"
#include "tests/unit/check.h"

static char out[1 << 16];

static void
in_base(const struct rig *r, const char *name, char path[256])
{
	snprintf(path, 256, "%s/%s", r->base, name);
}

static int
dial(const char *path)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), err;

	snprintf(sun.sun_path, sizeof(sun.sun_path), "%s", path);
	err =
	    connect(fd, (struct sockaddr *)&sun, sizeof(sun)) < 0 ? -errno : 0;
	(void)close(fd);
	return err;
}

/* Starts a second helper on the same directory; its wait status. */
static int
second(struct rig *r, const char *mutant)
{
	struct rig other = *r;

	rig_launch(&other, mutant);
	return rig_wait(&other);
}

static void
expect_refused(struct rig *r, const char *text)
{
	int status = second(r, NULL);

	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 77);
	rig_expect_log(r, text);
}

/* Another account that connects has no permission. */
static bool
kept_out(const char *path)
{
	int status;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		if (setresgid(65534, 65534, 65534) < 0 ||
		    setresuid(65534, 65534, 65534) < 0)
			_exit(1);
		_exit(dial(path) == -EACCES ? 0 : 2);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status == 0;
}

static void
abuse_C01_other_account(void **state)
{
	char path[256];
	struct rig r;

	(void)state;
	if (geteuid() != 0) {
		print_message("needs root to be another account\n");
		skip();
	}
	rig_start(&r, NULL);
	in_base(&r, "api.sock", path);
	/* The directory above is open, so it is the base that keeps it out. */
	assert_int_equal(chmod(r.dir, 0755), 0);
	assert_int_equal(dial(path), 0);
	assert_true(kept_out(path));
	/* And without the base it is the socket. */
	assert_int_equal(chmod(r.base, 0755), 0);
	assert_true(kept_out(path));
	assert_int_equal(chmod(path, 0666), 0);
	assert_false(kept_out(path));
	rig_stop(&r);
}

/* Socket inodes of a process, as /proc/net/tcp and its like list them. */
static bool
listens(const char *table)
{
	char line[512];
	FILE *f = fopen(table, "re");
	unsigned long inode;
	bool found = false;
	char link[64], want[64];
	ssize_t n;
	int fd;

	if (f == NULL)
		return false;
	while (fgets(line, sizeof(line), f) != NULL) {
		if (sscanf(line, " %*d: %*s %*s %*s %*s %*s %*s %*d %*d %lu",
			&inode) != 1)
			continue;
		snprintf(want, sizeof(want), "socket:[%lu]", inode);
		for (fd = 0; fd < 64; fd++) {
			snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
			n = readlink(link, out, sizeof(out) - 1);
			if (n > 0) {
				out[n] = '\0';
				found = found || strcmp(out, want) == 0;
			}
		}
	}
	(void)fclose(f);
	return found;
}

/*
 * Everything rdvd will ever listen on is in our hands: none of it is TCP or
 * UDP, and both are Unix sockets.
 */
static void
abuse_C02_no_port(void **state)
{
	static const char *const tables[] = { "/proc/net/tcp", "/proc/net/tcp6",
		"/proc/net/udp", "/proc/net/udp6" };
	struct sockaddr_in in = { .sin_family = AF_INET };
	struct sockaddr_un sun;
	socklen_t len = sizeof(sun);
	struct rig r;
	size_t i;
	int fd;

	(void)state;
	rig_start(&r, NULL);
	assert_int_equal(getsockname(r.api, (struct sockaddr *)&sun, &len), 0);
	assert_int_equal(sun.sun_family, AF_UNIX);
	len = sizeof(sun);
	assert_int_equal(getsockname(r.terminal, (struct sockaddr *)&sun, &len),
	    0);
	assert_int_equal(sun.sun_family, AF_UNIX);
	for (i = 0; i < 4; i++)
		assert_false(listens(tables[i]));
	/* The look-up itself finds one when there is one. */
	fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&in, sizeof(in)), 0);
	assert_int_equal(listen(fd, 1), 0);
	assert_true(listens(tables[0]));
	(void)close(fd);
	rig_stop(&r);
}

static void
make_file(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, "canary", 6), 6);
	(void)close(fd);
}

static int
make_socket(const char *path)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(sun.sun_path, sizeof(sun.sun_path), "%s", path);
	assert_int_equal(bind(fd, (struct sockaddr *)&sun, sizeof(sun)), 0);
	assert_int_equal(listen(fd, 1), 0);
	return fd;
}

/* What stands at the socket's name, by name; "" when nothing does. */
static const char *
kind_of(const char *path)
{
	struct stat st;

	if (lstat(path, &st) < 0)
		return "";
	return S_ISREG(st.st_mode)    ? "file"
	       : S_ISLNK(st.st_mode)  ? "link"
	       : S_ISDIR(st.st_mode)  ? "directory"
	       : S_ISFIFO(st.st_mode) ? "fifo"
				      : "socket";
}

static void
occupied(const char *name, const char *kind)
{
	char path[256], target[256];
	struct rig r;

	rig_prepare(&r);
	in_base(&r, name, path);
	in_base(&r, "target", target);
	make_file(target);
	if (strcmp(kind, "file") == 0)
		make_file(path);
	else if (strcmp(kind, "link") == 0)
		assert_int_equal(symlink(target, path), 0);
	else if (strcmp(kind, "directory") == 0)
		assert_int_equal(mkdir(path, 0700), 0);
	else
		assert_int_equal(mkfifo(path, 0600), 0);
	expect_refused(&r, "not a socket");
	assert_string_equal(kind_of(path), kind);
	assert_string_equal(kind_of(target), "file");
	/* The other socket, made before the refusal, is gone again. */
	in_base(&r,
	    strcmp(name, "api.sock") == 0 ? "terminal.sock" : "api.sock", path);
	assert_string_equal(kind_of(path), "");
	rig_cleanup(&r);
}

static void
abuse_C03_path_occupied(void **state)
{
	static const char *const kinds[] = { "file", "link", "directory",
		"fifo" };
	char path[256];
	struct rig r;
	int fd, status;
	size_t i;

	(void)state;
	for (i = 0; i < 4; i++) {
		occupied("api.sock", kinds[i]);
		occupied("terminal.sock", kinds[i]);
	}
	/* A socket with somebody behind it. */
	rig_prepare(&r);
	in_base(&r, "api.sock", path);
	fd = make_socket(path);
	expect_refused(&r, "still listens");
	assert_int_equal(dial(path), 0);
	/* Positive control: the same one, dead, is replaced. */
	(void)close(fd);
	rig_launch(&r, NULL);
	rig_daemon(&r);
	rig_ops(&r);
	rig_login(&r);
	assert_int_equal(dial(path), 0);
	rig_stop(&r);
	/* It bites: a mutant removes whatever is in its way. */
	rig_prepare(&r);
	in_base(&r, "api.sock", path);
	make_file(path);
	rig_launch(&r, "C03");
	rig_daemon(&r);
	assert_string_equal(kind_of(path), "socket");
	assert_int_equal(kill(r.helper, SIGTERM), 0);
	status = rig_wait(&r);
	assert_true(WIFEXITED(status));
	rig_cleanup(&r);
}

static void
abuse_C03_foreign_socket(void **state)
{
	char path[256];
	struct rig r;

	(void)state;
	if (geteuid() != 0) {
		print_message("needs root to make another account's socket\n");
		skip();
	}
	rig_prepare(&r);
	in_base(&r, "api.sock", path);
	(void)close(make_socket(path));
	assert_int_equal(lchown(path, 65534, 65534), 0);
	expect_refused(&r, "another account");
	assert_string_equal(kind_of(path), "socket");
	rig_cleanup(&r);
}

/* On exit only what was bound is removed, by device and inode. */
static void
abuse_C03_replaced_while_running(void **state)
{
	char path[256], aside[256];
	struct rig r;
	int status;

	(void)state;
	rig_start(&r, NULL);
	in_base(&r, "api.sock", path);
	in_base(&r, "aside", aside);
	assert_int_equal(rename(path, aside), 0);
	make_file(path);
	assert_int_equal(kill(r.helper, SIGTERM), 0);
	status = rig_wait(&r);
	assert_int_equal(status, 0);
	assert_string_equal(kind_of(path), "file");
	assert_string_equal(kind_of(aside), "socket");
	rig_cleanup(&r);
}

/* A watcher beside the start: never a moment with a wider mode. */
static mode_t
widest_mode(const char *mutant)
{
	struct timespec none = { 0, 0 };
	mode_t seen = 0;
	char path[256];
	struct rig r;
	struct stat st;
	pid_t watcher;
	int pipe_fd[2], i;

	rig_prepare(&r);
	in_base(&r, "api.sock", path);
	assert_int_equal(pipe(pipe_fd), 0);
	watcher = fork();
	if (watcher == 0) {
		(void)none;
		for (;;)
			if (lstat(path, &st) == 0) {
				mode_t m = st.st_mode & 0777;
				(void)!write(pipe_fd[1], &m, sizeof(m));
				_exit(0);
			}
	}
	(void)close(pipe_fd[1]);
	rig_launch(&r, mutant);
	rig_daemon(&r);
	rig_ops(&r);
	rig_login(&r);
	assert_int_equal(read(pipe_fd[0], &seen, sizeof(seen)), sizeof(seen));
	(void)close(pipe_fd[0]);
	(void)waitpid(watcher, NULL, 0);
	for (i = 0; i < 2; i++) {
		in_base(&r, i == 0 ? "api.sock" : "terminal.sock", path);
		assert_int_equal(lstat(path, &st), 0);
		seen |= st.st_mode & 0777;
	}
	rig_stop(&r);
	return seen;
}

static void
abuse_C04_mode_at_birth(void **state)
{
	int i;

	(void)state;
	for (i = 0; i < 10; i++)
		assert_int_equal(widest_mode(NULL), 0600);
	assert_int_not_equal(widest_mode("C04") & 077, 0);
}

static void
abuse_C05_one_instance(void **state)
{
	char path[256];
	int64_t deadline;
	struct rig a, b;
	int status, i, won;

	(void)state;
	rig_start(&a, NULL);
	expect_refused(&a, "another rdv runs");
	/* The loser touched nothing: the winner still serves. */
	in_base(&a, "api.sock", path);
	assert_int_equal(dial(path), 0);
	rig_stop(&a);
	/* Both at once, several times: exactly one stays. */
	for (i = 0; i < 5; i++) {
		rig_prepare(&a);
		b = a;
		rig_launch(&a, NULL);
		rig_launch(&b, NULL);
		rig_daemon(&a);
		deadline = rig_deadline();
		won = 0;
		while (won == 0) {
			assert_false(rig_late(deadline));
			if (waitpid(a.helper, &status, WNOHANG) > 0)
				won = 2;
			else if (waitpid(b.helper, &status, WNOHANG) > 0)
				won = 1;
		}
		assert_int_equal(WEXITSTATUS(status), 77);
		if (won == 2)
			a.helper = b.helper;
		rig_ops(&a);
		rig_login(&a);
		rig_stop(&a);
	}
}

/* [main] is killed, its rdvd lives on for a while: nobody else may begin. */
static void
abuse_C05_while_the_first_stops(void **state)
{
	struct rig r, next;
	int fd[2], i;

	(void)state;
	rig_start(&r, NULL);
	next = r;
	assert_int_equal(kill(r.helper, SIGKILL), 0);
	(void)rig_wait(&r);
	/* Its rdvd has stopped listening and still writes its state. */
	fd[0] = r.api;
	fd[1] = r.terminal;
	for (i = 0; i < 2; i++)
		(void)close(fd[i]);
	r.api = r.terminal = -1;
	expect_refused(&r, "another rdv runs");
	assert_int_equal(kill(r.daemon, SIGKILL), 0);
	rig_gone(r.daemon);
	/* What it held is free now, and the dead sockets are replaced. */
	(void)close(r.control);
	(void)close(r.relay);
	(void)close(r.ops);
	next.relay = next.control = next.api = next.terminal = next.ops = -1;
	rig_launch(&next, NULL);
	rig_daemon(&next);
	rig_ops(&next);
	rig_login(&next);
	rig_stop(&next);
}

static void
abuse_C06_lock_replaced(void **state)
{
	char path[256];
	struct rig r;
	int status;

	(void)state;
	rig_start(&r, NULL);
	in_base(&r, "server/lock", path);
	assert_int_equal(truncate(path, 0), 0);
	expect_refused(&r, "another rdv runs");
	assert_int_equal(unlink(path), 0);
	expect_refused(&r, "another rdv runs");
	(void)unlink(path);
	make_file(path);
	expect_refused(&r, "another rdv runs");
	(void)unlink(path);
	assert_int_equal(symlink("/dev/null", path), 0);
	expect_refused(&r, "server/lock");
	(void)unlink(path);
	/*
	 * It bites: without the lock on the directory only the sockets are left
	 * to notice, and they say something else.
	 */
	status = second(&r, "C06");
	assert_int_equal(WEXITSTATUS(status), 77);
	rig_expect_log(&r, "still listens");
	rig_stop(&r);
}

/* Nothing of ours with a bit for anybody else; the relay is the test's. */
static int
check_mode(const char *path, const struct stat *st, int what, struct FTW *at)
{
	(void)what;
	(void)at;
	if (strstr(path, "relay.sock") == NULL)
		assert_int_equal(st->st_mode & 077, 0);
	return 0;
}

static void
abuse_C16_modes(void **state)
{
	char path[256];
	struct stat st;
	struct rig r;
	mode_t old;

	(void)state;
	/* A starter whose umask would leave everything open. */
	old = umask(0);
	rig_start(&r, NULL);
	(void)umask(old);
	assert_int_equal(nftw(r.base, check_mode, 8, FTW_PHYS), 0);
	assert_int_equal(stat(r.base, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0700);
	in_base(&r, "server", path);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0700);
	rig_stop(&r);
	/* Too open already: refused, not repaired behind anybody's back. */
	rig_prepare(&r);
	assert_int_equal(chmod(r.base, 0755), 0);
	expect_refused(&r, "0700");
	rig_cleanup(&r);
}

static void
abuse_C17_planted_links(void **state)
{
	char path[256], target[256];
	struct rig r;

	(void)state;
	rig_prepare(&r);
	in_base(&r, "server", path);
	snprintf(target, sizeof(target), "%s/elsewhere", r.dir);
	assert_int_equal(mkdir(target, 0700), 0);
	assert_int_equal(symlink(target, path), 0);
	expect_refused(&r, "server directory");
	assert_int_equal(rmdir(target), 0);
	(void)unlink(path);
	assert_int_equal(mkdir(path, 0700), 0);
	in_base(&r, "server/lock", path);
	assert_int_equal(symlink(target, path), 0);
	expect_refused(&r, "server/lock");
	assert_string_equal(kind_of(target), "");
	rig_cleanup(&r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(abuse_C01_other_account),
		cmocka_unit_test(abuse_C02_no_port),
		cmocka_unit_test(abuse_C03_path_occupied),
		cmocka_unit_test(abuse_C03_foreign_socket),
		cmocka_unit_test(abuse_C03_replaced_while_running),
		cmocka_unit_test(abuse_C04_mode_at_birth),
		cmocka_unit_test(abuse_C05_one_instance),
		cmocka_unit_test(abuse_C05_while_the_first_stops),
		cmocka_unit_test(abuse_C06_lock_replaced),
		cmocka_unit_test(abuse_C16_modes),
		cmocka_unit_test(abuse_C17_planted_links),
	};

	return CHECK_RUN("sockets", tests);
}
