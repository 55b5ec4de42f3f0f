/* SPDX-License-Identifier: MIT */
/*
 * rdv-egress beside a listener that always says it is ready, and then fails, as
 * one does while the host is out of memory or of files (abuse I13): it sleeps
 * in between, and still hears its end.
 */
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "egress/conn.h"
#include "egress/serve.h"
#include "lib/clock.h"
#include "lib/egress.h"
#include "tests/unit/check.h"

#define DEADLINE_MS 20000

static struct egress_page *list; /* shared with what is started */

static pid_t
start(int listener, const int leash[2])
{
	const pid_t pid = fork();
	struct conns *all;

	assert_true(pid >= 0);
	if (pid > 0)
		return pid;
	(void)close(leash[1]);
	all = conns_new(list, list);
	if (all == NULL)
		_exit(1);
	serve(all, listener, leash[0]);
	_exit(0);
}

/* How often it has gone to sleep by itself. */
static long
sleeps(pid_t pid)
{
	static const char key[] = "voluntary_ctxt_switches:";
	char path[64], line[256];
	long n = -1;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	f = fopen(path, "re");
	assert_non_null(f);
	while (fgets(line, sizeof(line), f) != NULL)
		if (strncmp(line, key, sizeof(key) - 1) == 0)
			n = strtol(line + sizeof(key) - 1, NULL, 10);
	(void)fclose(f);
	return n;
}

static void
abuse_I13_a_failing_listener(void **state)
{
	int fails[2], leash[2], status;
	const int64_t deadline = clock_mono_ms() + DEADLINE_MS;
	long before, slept;
	pid_t pid;

	(void)state;
	/* It can be read from, and nobody can be accepted from it. */
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0,
			     fails),
	    0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0,
			     leash),
	    0);
	assert_int_equal(write(fails[1], "x", 1), 1);
	pid = start(fails[0], leash);
	(void)close(leash[0]);
	before = sleeps(pid);
	/* What spins does not sleep at all. */
	while (sleeps(pid) < before + 5 && clock_mono_ms() < deadline)
		(void)poll(NULL, 0, 20);
	slept = sleeps(pid) - before;
	if (slept < 5)
		(void)kill(pid, SIGKILL);
	(void)close(leash[1]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(slept >= 5);
	assert_int_equal(status, 0);
	(void)close(fails[0]);
	(void)close(fails[1]);
}

/* Says that it is there, with nobody to say it to (abuse O11). */
static void
abuse_O11_it_says_that_it_waits(void **state)
{
	const int64_t deadline = clock_mono_ms() + DEADLINE_MS;
	int leash[2], idle[2], status;
	uint32_t first;
	pid_t pid;

	(void)state;
	assert_int_equal(socketpair(AF_UNIX,
			     SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0,
			     idle),
	    0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0,
			     leash),
	    0);
	list->beat = 0;
	pid = start(idle[0], leash);
	(void)close(leash[0]);
	while (__atomic_load_n(&list->beat, __ATOMIC_RELAXED) == 0 &&
	       clock_mono_ms() < deadline)
		(void)poll(NULL, 0, 20);
	first = __atomic_load_n(&list->beat, __ATOMIC_RELAXED);
	while (__atomic_load_n(&list->beat, __ATOMIC_RELAXED) == first &&
	       clock_mono_ms() < deadline)
		(void)poll(NULL, 0, 20);
	assert_true(first != 0);
	assert_true(__atomic_load_n(&list->beat, __ATOMIC_RELAXED) != first);
	(void)close(leash[1]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	(void)close(idle[0]);
	(void)close(idle[1]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(abuse_I13_a_failing_listener),
		cmocka_unit_test(abuse_O11_it_says_that_it_waits),
	};

	list = mmap(NULL, sizeof(*list), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (list == MAP_FAILED)
		return 1;
	return cmocka_run_group_tests_name("egress/serve", tests, NULL, NULL);
}
