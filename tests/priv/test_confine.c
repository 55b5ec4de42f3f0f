/* SPDX-License-Identifier: MIT */
/*
 * rdvd's own cage, from inside: what sqlite, libevent, openssl, threads and
 * splice need works; what a taken-over rdvd would try does not. Each attempt
 * is made in a process of its own, with the guard on and once with it off.
 */
#include <errno.h>
#include <event2/event.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "security/caps.h"
#include "security/confine.h"
#include "security/mutant.h"
#include "tests/unit/check.h"

static char state_dir[64], outside[64];
static int pts = -1;

static int
set_up(void **state)
{
	(void)state;
	snprintf(state_dir, sizeof(state_dir), "/tmp/rdv-confine-XXXXXX");
	snprintf(outside, sizeof(outside), "/tmp/rdv-outside-XXXXXX");
	return mkdtemp(state_dir) == NULL || mkdtemp(outside) == NULL;
}

static int
tear_down(void **state)
{
	static const char *const names[] = { "db", "db-wal", "db-shm", "file",
		"renamed", "log" };
	char path[128];

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", state_dir, names[i]);
		(void)unlink(path);
		snprintf(path, sizeof(path), "%s/%s", outside, names[i]);
		(void)unlink(path);
	}
	(void)rmdir(outside);
	return rmdir(state_dir);
}

static int
cage(void)
{
	const char *const rw[] = { state_dir, NULL };
	const char *const ro[] = { "/proc/self", NULL };
	char why[256];

	return confine_daemon(rw, ro, why, sizeof(why));
}

/*
 * Exit status of `fn` in a confined child: 0 worked, an errno otherwise, 200 +
 * signal when killed by one.
 */
static int
in_cage(int (*fn)(void), const char *off)
{
	int status;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		(void)setenv("RDV_MUTANT", off != NULL ? off : "", 1);
		mutant_init();
		if (cage() != 0)
			_exit(199);
		_exit(fn());
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFSIGNALED(status) ? 200 + WTERMSIG(status)
				   : WEXITSTATUS(status);
}

static int
result(long r)
{
	return r < 0 ? errno : 0;
}

static int
do_sqlite(void)
{
	char path[128];
	sqlite3 *db;
	int rc;

	snprintf(path, sizeof(path), "%s/db", state_dir);
	if (sqlite3_open(path, &db) != SQLITE_OK)
		return 1;
	rc = sqlite3_exec(db,
	    "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
	    "CREATE TABLE IF NOT EXISTS t(a); BEGIN; INSERT INTO t VALUES(1);"
	    "COMMIT; PRAGMA wal_checkpoint(TRUNCATE); VACUUM;"
	    "DELETE FROM t",
	    NULL, NULL, NULL);
	(void)sqlite3_close(db);
	return rc;
}

static void
on_event(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	++*(int *)arg;
}

static int
do_event(void)
{
	struct event_base *base = event_base_new();
	struct timeval soon = { 0, 1000 };
	struct event *timer, *sig, *sock;
	evutil_socket_t pair[2];
	int fired = 0;

	if (base == NULL ||
	    evutil_socketpair(AF_UNIX, SOCK_STREAM, 0, pair) < 0)
		return 1;
	timer = evtimer_new(base, on_event, &fired);
	sig = evsignal_new(base, SIGUSR1, on_event, &fired);
	sock = event_new(base, pair[0], EV_READ, on_event, &fired);
	(void)evtimer_add(timer, &soon);
	(void)event_add(sig, NULL);
	(void)event_add(sock, NULL);
	(void)raise(SIGUSR1);
	(void)!write(pair[1], "x", 1);
	while (fired < 3)
		if (event_base_loop(base, EVLOOP_ONCE) < 0)
			return 2;
	event_free(timer);
	event_free(sig);
	event_free(sock);
	event_base_free(base);
	return 0;
}

static int
do_crypto(void)
{
	unsigned char md[EVP_MAX_MD_SIZE], random[32];
	unsigned len;

	return EVP_Digest("x", 1, md, &len, EVP_sha256(), NULL) == 1 &&
		       RAND_bytes(random, sizeof(random)) == 1
		   ? 0
		   : 1;
}

static void *
thread(void *arg)
{
	(void)prctl(PR_SET_NAME, "flusher");
	*(int *)arg = 7;
	return arg;
}

static int
do_threads(void)
{
	pthread_t t;
	int seen = 0, err = pthread_create(&t, NULL, thread, &seen);

	if (err != 0)
		return err;
	err = pthread_join(t, NULL);
	return err != 0 ? err : seen != 7;
}

/* The terminal path: master into a pipe into the log. */
static int
do_splice(void)
{
	struct winsize size = { .ws_row = 5, .ws_col = 9 };
	char path[128];
	loff_t at = 0;
	int p[2], n = 0, log;

	snprintf(path, sizeof(path), "%s/log", state_dir);
	log = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (log < 0 || pipe2(p, O_CLOEXEC) < 0 || write(p[1], "x", 1) != 1)
		return 1;
	if (splice(p[0], NULL, log, &at, 1, 0) != 1 || fdatasync(log) < 0 ||
	    fallocate(log, FALLOC_FL_KEEP_SIZE, 0, 4096) < 0 ||
	    ftruncate(log, 0) < 0)
		return 2;
	if (ioctl(pts, TIOCSWINSZ, &size) < 0 ||
	    ioctl(pts, TIOCGWINSZ, &size) < 0 || ioctl(pts, FIONREAD, &n) < 0)
		return 3;
	return 0;
}

static int
do_files(void)
{
	char a[128], b[128];
	int fd;

	snprintf(a, sizeof(a), "%s/file", state_dir);
	snprintf(b, sizeof(b), "%s/renamed", state_dir);
	fd = open(a, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0 || fsync(fd) < 0 || rename(a, b) < 0 || unlink(b) < 0)
		return errno;
	return result(open("/proc/self/status", O_RDONLY));
}

static int
do_abort(void)
{
	abort();
}

static int
try_fork(void)
{
	pid_t pid = fork();

	if (pid == 0)
		_exit(0);
	return result(pid);
}

static int
try_vfork(void)
{
	pid_t pid = vfork();

	if (pid == 0)
		_exit(0);
	return result(pid);
}

/* Only tried with the guard on: the child would run on this very stack. */
static int
try_clone_vm(void)
{
	return result(syscall(SYS_clone, CLONE_VM | CLONE_VFORK | SIGCHLD, 0, 0,
	    0, 0));
}

static int
try_exec(void)
{
	char *argv[] = { "true", NULL };

	return result(execve("/bin/true", argv, argv + 1));
}

static int
try_inet(void)
{
	return result(socket(AF_INET, SOCK_STREAM, 0));
}

static int
try_inet6(void)
{
	return result(socket(AF_INET6, SOCK_DGRAM, 0));
}

static int
try_netlink(void)
{
	return result(socket(AF_NETLINK, SOCK_RAW, 0));
}

static int
try_connect(void)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };

	return result(connect(socket(AF_UNIX, SOCK_STREAM, 0),
	    (struct sockaddr *)&sun, sizeof(sun)));
}

static int
try_socket(void)
{
	return result(socket(AF_UNIX, SOCK_STREAM, 0));
}

/* One half of a pair could be sent to any path. */
static int
try_datagram(void)
{
	int pair[2];

	return result(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, pair));
}

/* A limit on CPU time is a signal. */
static int
try_prlimit(void)
{
	struct rlimit r;

	return result(prlimit(getppid(), RLIMIT_CPU, NULL, &r));
}

static int
try_schedule(void)
{
	const struct sched_param p = { 0 };

	return result(sched_setscheduler(0, SCHED_OTHER, &p));
}

static int
try_watch(void)
{
	return result(inotify_init1(IN_CLOEXEC));
}

/* Landlock does not see it, wherever it points. */
static int
try_touch(void)
{
	return result(utimensat(AT_FDCWD, outside, NULL, 0));
}

/* Beneath its own state, so nothing but the filter is in the way. */
static int
try_mkdir(void)
{
	char path[128];
	int err;

	snprintf(path, sizeof(path), "%s/made", state_dir);
	err = result(mkdir(path, 0700));
	(void)rmdir(path);
	return err;
}

/* Raw: libc would go another way. */
static int
try_statx(void)
{
	struct statx x;

	return result(syscall(SYS_statx, AT_FDCWD, outside, 0, STATX_MNT_ID,
	    &x));
}

static int
try_ptrace(void)
{
	return result(ptrace(PTRACE_TRACEME, 0, 0, 0));
}

static int
try_setuid(void)
{
	return result(syscall(SYS_setresuid, getuid(), getuid(), getuid()));
}

static int
try_kill(void)
{
	return result(kill(getppid(), 0));
}

static int
try_tgkill(void)
{
	return result(syscall(SYS_tgkill, getppid(), getppid(), 0));
}

static int
try_mount(void)
{
	return result(syscall(SYS_mount, "x", "/", "tmpfs", 0, 0));
}

static int
try_unshare(void)
{
	return result(syscall(SYS_unshare, 0x10000000));
}

static int
try_sti(void)
{
	return result(ioctl(pts, 1ul << 32 | TIOCSTI, "x"));
}

static int
try_read_outside(void)
{
	return result(open("/etc/passwd", O_RDONLY));
}

static int
try_write_outside(void)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/file", outside);
	return result(open(path, O_WRONLY | O_CREAT, 0600));
}

static int
try_device(void)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/file", state_dir);
	return result(mkfifo(path, 0600));
}

/* By reading: the filter leaves no call to ask with. */
static int
hold_capabilities(void)
{
	static const char none[] = "CapPrm:\t0000000000000000\n"
				   "CapEff:\t0000000000000000\n";
	char status[4096] = "";
	int fd = open("/proc/self/status", O_RDONLY | O_CLOEXEC);

	if (fd < 0 || read(fd, status, sizeof(status) - 1) <= 0)
		return 198;
	return strstr(status, none) != NULL ? 0 : EPERM;
}

/* In a container rdvd is root's, and still holds nothing of root's power. */
static void
no_capabilities(void **state)
{
	(void)state;
	assert_int_equal(in_cage(hold_capabilities, NULL), 0);
	if (caps_privileged())
		assert_int_equal(in_cage(hold_capabilities, "capabilities"),
		    EPERM);
}

static void
what_works(void **state)
{
	(void)state;
	assert_int_equal(in_cage(do_sqlite, NULL), 0);
	assert_int_equal(in_cage(do_event, NULL), 0);
	assert_int_equal(in_cage(do_crypto, NULL), 0);
	assert_int_equal(in_cage(do_threads, NULL), 0);
	assert_int_equal(in_cage(do_splice, NULL), 0);
	assert_int_equal(in_cage(do_files, NULL), 0);
	/* An assertion must still look like one to [main]. */
	assert_int_equal(in_cage(do_abort, NULL), 200 + SIGABRT);
}

static const struct {
	const char *name;
	int (*fn)(void);
	int err;
	const char *guard; /* off, it works or fails otherwise */
} attempts[] = {
	{ "fork", try_fork, EPERM, "seccomp" },
	{ "vfork", try_vfork, EPERM, "seccomp" },
	{ "clone", try_clone_vm, EPERM, NULL },
	{ "exec", try_exec, EPERM, "seccomp" },
	{ "inet", try_inet, EPERM, "seccomp" },
	{ "inet6", try_inet6, EPERM, "seccomp" },
	{ "netlink", try_netlink, EPERM, "seccomp" },
	{ "connect", try_connect, EPERM, "seccomp" },
	{ "socket", try_socket, EPERM, "seccomp" },
	{ "datagram", try_datagram, EPERM, "seccomp" },
	{ "prlimit", try_prlimit, EPERM, "seccomp" },
	{ "schedule", try_schedule, ENOSYS, "seccomp" },
	{ "watch", try_watch, ENOSYS, "seccomp" },
	{ "touch", try_touch, ENOSYS, "seccomp" },
	{ "mkdir", try_mkdir, ENOSYS, "seccomp" },
	{ "statx", try_statx, ENOSYS, "seccomp" },
	{ "ptrace", try_ptrace, EPERM, "seccomp" },
	{ "setuid", try_setuid, EPERM, "seccomp" },
	{ "kill", try_kill, EPERM, NULL },
	{ "tgkill", try_tgkill, EPERM, NULL },
	{ "mount", try_mount, EPERM, NULL },
	{ "unshare", try_unshare, EPERM, NULL },
	{ "tiocsti", try_sti, EPERM, NULL },
	{ "read outside", try_read_outside, EACCES, "landlock" },
	{ "write outside", try_write_outside, EACCES, "landlock" },
	{ "device", try_device, ENOSYS, "seccomp" },
};

static void
what_does_not(void **state)
{
	size_t i;
	int r;

	(void)state;
	for (i = 0; i < sizeof(attempts) / sizeof(attempts[0]); i++) {
		r = in_cage(attempts[i].fn, NULL);
		if (r != attempts[i].err)
			fail_msg("%s: %d", attempts[i].name, r);
		if (attempts[i].guard == NULL)
			continue;
		r = in_cage(attempts[i].fn, attempts[i].guard);
		if (r == attempts[i].err)
			fail_msg("%s does not bite", attempts[i].name);
	}
}

static void *
idle(void *arg)
{
	(void)poll(NULL, 0, -1);
	return arg;
}

static int
cage_late(void)
{
	const char *const none[] = { NULL };
	char why[256] = "";
	pthread_t t;

	if (pthread_create(&t, NULL, idle, NULL) != 0)
		return 1;
	return -confine_daemon(none, none, why, sizeof(why));
}

/* A thread that runs already would stay outside, so it is an error. */
static void
test_threads_first(void **state)
{
	int status;
	pid_t pid = fork();

	(void)state;
	if (pid == 0)
		_exit(cage_late());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(WEXITSTATUS(status), EBUSY);
}

static int
cage_missing(void)
{
	const char *const rw[] = { "/nonexistent-state", NULL };
	const char *const none[] = { NULL };
	char why[256] = "";
	int err = confine_daemon(rw, none, why, sizeof(why));

	return err == -ENOENT && strstr(why, "/nonexistent-state") != NULL;
}

static void
test_missing_directory(void **state)
{
	int status;
	pid_t pid = fork();

	(void)state;
	if (pid == 0)
		_exit(cage_missing());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(WEXITSTATUS(status), 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_works),
		cmocka_unit_test(what_does_not),
		cmocka_unit_test(no_capabilities),
		cmocka_unit_test(test_threads_first),
		cmocka_unit_test(test_missing_directory),
	};

	pts = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
	return cmocka_run_group_tests_name("confine", tests, set_up, tear_down);
}
