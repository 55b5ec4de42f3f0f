/* SPDX-License-Identifier: MIT */
/*
 * What [main] tells the service manager to keep, and when (abuse P05): with a
 * manager that is this test, and takes nothing when it is to take nothing.
 */
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/clock.h"
#include "lib/seqpkt.h"
#include "lib/str.h"
#include "lib/xalloc.h"
#include "priv-helper/notify.h"
#include "priv-helper/parked.h"
#include "priv-helper/store.h"
#include "priv-helper/storerun.h"
#include "tests/unit/check.h"

/* Record, socket, two of INVENTORY, pidfd. */
#define ROLES	5
#define LATE_MS 20000

static pid_t tester; /* has the name */
static int manager;
static char told[512];

/* A name without a file; `on`: it listens there. */
static int
open_manager(bool on)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	int low = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int fd = fcntl(low, F_DUPFD_CLOEXEC, 20);
	const int n = snprintf(sun.sun_path + 1, sizeof(sun.sun_path) - 1,
	    "rdv-store-%d", tester);
	const socklen_t len =
	    (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + n);

	/* Clear of those that are given. */
	assert_true(fd >= 0);
	(void)close(low);
	if (on)
		assert_int_equal(bind(fd, (struct sockaddr *)&sun, len), 0);
	else
		assert_int_equal(connect(fd, (struct sockaddr *)&sun, len), 0);
	return fd;
}

static int
setup(void **state)
{
	char name[64];

	(void)state;
	tester = getpid();
	manager = open_manager(true);
	(void)snprintf(name, sizeof(name), "@rdv-store-%d", tester);
	(void)unsetenv("FDSTORE");
	assert_int_equal(setenv("NOTIFY_SOCKET", name, 1), 0);
	notify_take();
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	(void)close(manager);
	return 0;
}

/* What it is told next, with its descriptor or -1; false: nothing. */
static bool
hear(int *fd)
{
	struct seqpkt_fds fds;
	long n = seqpkt_recv(manager, told, sizeof(told) - 1, &fds);

	if (n <= 0)
		return false;
	told[n] = '\0';
	*fd = fds.n == 1 ? fds.fd[0] : -1;
	return true;
}

/* A reaper that is nobody's child, and what [main] has of its run. */
static struct parked_run *
add(struct parked *p, uint64_t handle)
{
	struct parked_run *k = xcalloc(1, sizeof(*k));
	int pair[2];

	assert_int_equal(seqpkt_pair(pair), 0);
	k->record.version = PARK_VERSION;
	k->record.handle = handle;
	(void)str_copy(k->record.profile, "script", sizeof(k->record.profile));
	k->fds = (struct seqpkt_fds){ .fd = { pair[0], pair[1], dup(pair[1]) },
		.n = 3 };
	k->pidfd = (int)syscall(SYS_pidfd_open, getpid(), 0);
	assert_true(k->pidfd >= 0);
	TAILQ_INSERT_TAIL(&p->list, k, entry);
	p->n++;
	return k;
}

static unsigned
hear_all(int fd[STORE_ROLES])
{
	unsigned n = 0;

	while (n < STORE_ROLES && hear(&fd[n])) {
		assert_true(str_starts(told, "FDSTORE=1\nFDPOLL=0\n"));
		n++;
	}
	return n;
}

/*
 * It has ended and [main] has waited for its program: whoever comes then has to
 * know that, until its end is on record, and then that alone.
 */
static void
abuse_P05_how_it_ended_is_kept(void **state)
{
	struct parked *p = parked_new(), *q = parked_new();
	struct store *s = store_new(100);
	struct parked_run *k = add(p, 7);
	int fd[STORE_ROLES], end;
	const char *why;

	(void)state;
	memset(fd, 0xff, sizeof(fd));
	store_sync(s, p);
	assert_int_equal(hear_all(fd), ROLES);
	fd[STORERUN_PIDFD] = fd[ROLES - 1];
	fd[ROLES - 1] = -1;
	k->waited = true;
	k->status = 7 << 8;
	store_sync(s, p);
	assert_true(hear(&fd[STORERUN_END]));
	assert_false(hear(&end));
	k = storerun_read(fd, k->stored->place, q, &why);
	assert_non_null(k);
	assert_true(k->waited && !k->record.ended);
	assert_int_equal(k->status, 7 << 8);
	parked_drop(q);
	k = TAILQ_FIRST(&p->list);
	k->record.ended = true;
	k->record.status = 7 << 8;
	store_sync(s, p);
	assert_true(hear(&end));
	assert_true(str_starts(told, "FDSTOREREMOVE=1\n"));
	(void)close(fd[STORERUN_END]);
	assert_true(hear(&fd[STORERUN_END]));
	assert_false(hear(&end));
	k = storerun_read(fd, k->stored->place, q, &why);
	assert_non_null(k);
	assert_true(k->record.ended && !k->waited);
	assert_int_equal(k->record.status, 7 << 8);
	for (unsigned i = 0; i < STORE_ROLES; i++)
		if (fd[i] >= 0)
			(void)close(fd[i]);
	parked_free(p);
	parked_free(q);
	store_free(s);
}

static uint32_t
version_in(int fd)
{
	uint32_t v = 0;

	assert_int_equal(pread(fd, &v, sizeof(v), 8), sizeof(v));
	return v;
}

/* An older rdv-helper knows no doors, and ends such a run and no other. */
static void
abuse_P05_a_door_is_another_version(void **state)
{
	struct parked *p = parked_new();
	struct store *s = store_new(100);
	struct parked_run *k = add(p, 7);
	int fd[STORE_ROLES], plain, door;

	(void)state;
	memset(fd, 0xff, sizeof(fd));
	store_sync(s, p);
	assert_int_equal(hear_all(fd), ROLES);
	plain = storerun_fd(k, STORERUN_RECORD);
	k->record.guards = PRIV_G_DOOR;
	door = storerun_fd(k, STORERUN_RECORD);
	assert_int_equal(version_in(plain), 1);
	assert_int_equal(version_in(door), 2);
	storerun_close(STORERUN_RECORD, plain);
	storerun_close(STORERUN_RECORD, door);
	for (unsigned i = 0; i < ROLES; i++)
		(void)close(fd[i]);
	parked_free(p);
	store_free(s);
}

/* In a process whose descriptors from 3 on are those of the store. */
static _Noreturn void
load(char *const names[], const int fds[], unsigned n)
{
	struct store_given g = { .n = n, .names = xcalloc(n, sizeof(char *)) };
	struct parked *p = parked_new();
	struct store *s = store_new(100);
	int high[STORE_ROLES];

	for (unsigned i = 0; i < n; i++) {
		g.names[i] = xstrdup(names[i]);
		high[i] = fcntl(fds[i], F_DUPFD, 100);
	}
	/* In a place of its own, which what is closed below is not. */
	s->sock = fcntl(s->sock, F_DUPFD, 100);
	for (unsigned i = 0; i < n; i++)
		(void)dup2(high[i], 3 + (int)i);
	_exit(store_load(s, &g, p) == 1 && TAILQ_FIRST(&p->list)->fds.n == 6
		  ? 0
		  : 1);
}

/* One that has all there can be: its last has a name of four characters. */
static void
abuse_P05_six_descriptors_are_kept(void **state)
{
	struct parked *p = parked_new();
	struct store *s = store_new(100);
	struct parked_run *k = add(p, 7);
	char *names[STORE_ROLES] = { NULL }, record[8] = "";
	int fd[STORE_ROLES], status;
	unsigned n;
	pid_t pid;

	(void)state;
	while (k->fds.n < 6)
		k->fds.fd[k->fds.n++] = dup(k->fds.fd[2]);
	store_sync(s, p);
	for (n = 0; n < STORE_ROLES && hear(&fd[n]); n++) {
		names[n] = xstrdup(strstr(told, "FDNAME=") + 7);
		if (n == 0)
			(void)snprintf(record, sizeof(record), "%s+", names[0]);
	}
	assert_int_equal(n, 8);
	assert_string_equal(names[7], record);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0)
		load(names, fd, n);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	while (n > 0) {
		free(names[--n]);
		(void)close(fd[n]);
	}
	parked_free(p);
	store_free(s);
}

/* A manager that takes nothing now takes it later. */
static void
abuse_P05_a_name_of_others_is_not_forgotten(void **state)
{
	struct store_given g = { .n = 1, .names = xcalloc(1, sizeof(char *)) };
	struct parked *p = parked_new();
	const int full = open_manager(false);
	const int saved = fcntl(3, F_DUPFD_CLOEXEC, 20);
	struct store *s;
	int fd;

	(void)state;
	g.names[0] = xstrdup("stored");
	while (send(full, "x", 1, MSG_DONTWAIT) == 1)
		continue;
	/* Those that are given begin there. */
	assert_int_equal(dup2(full, 3), 3);
	s = store_new(100);
	assert_int_equal(store_load(s, &g, p), 0);
	store_sync(s, p);
	assert_true(s->behind);
	while (hear(&fd))
		assert_string_equal(told, "x");
	store_sync(s, p);
	assert_false(s->behind);
	assert_true(hear(&fd));
	assert_string_equal(told, "FDSTOREREMOVE=1\nFDNAME=stored");
	if (saved >= 0) {
		(void)dup2(saved, 3);
		(void)close(saved);
	}
	(void)close(full);
	parked_free(p);
	store_free(s);
}

static bool
is_asleep(pid_t pid)
{
	char path[64], text[256];
	const char *at;
	ssize_t n;
	int fd;

	(void)snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	n = read(fd, text, sizeof(text) - 1);
	(void)close(fd);
	text[n > 0 ? n : 0] = '\0';
	at = strrchr(text, ')');
	return at != NULL && at[1] == ' ' && at[2] == 'S';
}

/* It is started anew itself, and there again when we have begun to wait. */
static void
abuse_P05_a_manager_that_comes_back(void **state)
{
	struct parked *p = parked_new();
	struct store *s = store_new(100);
	const int64_t began = clock_mono_ms();
	pid_t pid;

	(void)state;
	(void)add(p, 7);
	(void)close(manager);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		while (!is_asleep(tester))
			continue;
		(void)open_manager(true);
		for (;;)
			(void)pause();
	}
	store_flush(s, p, LATE_MS);
	assert_false(s->behind);
	assert_true(clock_mono_ms() - began < LATE_MS / 2);
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	manager = open_manager(true);
	parked_free(p);
	store_free(s);
}

/* What it says itself goes before what we are told of it. */
static void
abuse_P05_the_manager_keeps_less(void **state)
{
	struct store *s = store_new(100);

	(void)state;
	assert_int_equal(s->max, 100);
	store_free(s);
	assert_int_equal(setenv("FDSTORE", "10", 1), 0);
	notify_take();
	s = store_new(100);
	assert_int_equal(s->max, 10);
	/* Without a word of ours nothing is kept, whatever it would. */
	store_free(s);
	s = store_new(0);
	assert_false(store_keeps(s) || store_abandons(s));
	assert_non_null(store_carried(s, 1, 3, 1));
	assert_true(store_abandons(s));
	store_free(s);
	/* So does the program that this one becomes. */
	assert_string_equal(notify_environment()[1], "FDSTORE=10");
}

/* A program that keeps nothing has all taken back that one before it kept. */
static void
abuse_P05_nothing_stays_of_one_before(void **state)
{
	struct parked *p = parked_new();
	struct store *s = store_new(0);
	struct parked_run *k = add(p, 7);
	int fd;

	(void)state;
	k->stored = store_carried(s, 5, 3, 3);
	store_sync(s, p);
	assert_true(hear(&fd) && hear(&fd));
	assert_true(str_starts(told, "FDSTOREREMOVE=1\n"));
	assert_false(hear(&fd));
	assert_null(k->stored);
	assert_false(store_abandons(s));
	parked_free(p);
	store_free(s);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(abuse_P05_how_it_ended_is_kept),
		TEST(abuse_P05_a_door_is_another_version),
		TEST(abuse_P05_six_descriptors_are_kept),
		TEST(abuse_P05_a_name_of_others_is_not_forgotten),
		TEST(abuse_P05_a_manager_that_comes_back),
		TEST(abuse_P05_nothing_stays_of_one_before),
		TEST(abuse_P05_the_manager_keeps_less),
	};

	return CHECK_RUN("store", tests);
}
