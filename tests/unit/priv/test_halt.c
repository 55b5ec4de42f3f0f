/* SPDX-License-Identifier: MIT */
/*
 * What a reaper says of a stopped program, and when: at once, then not before a
 * second has passed, and never while it would be a second word that waits.
 */
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/seqpkt.h"
#include "priv-helper/halt.h"
#include "priv-helper/reaper.h"
#include "tests/unit/check.h"

static int ends[2];
static pid_t child;

static int
begin(void **state)
{
	(void)state;
	if (seqpkt_pair(ends) != 0)
		return -1;
	child = fork();
	if (child == 0) {
		(void)pause();
		_exit(0);
	}
	return child > 0 ? 0 : -1;
}

static int
done(void **state)
{
	(void)state;
	(void)close(ends[0]);
	(void)close(ends[1]);
	(void)kill(child, SIGKILL);
	return waitpid(child, NULL, 0) == child ? 0 : -1;
}

/* Until the kernel says so to whoever asks without taking it. */
static void
send_signal(int sig, int wanted)
{
	siginfo_t si;

	assert_int_equal(kill(child, sig), 0);
	assert_int_equal(waitid(P_PID, (id_t)child, &si, wanted | WNOWAIT), 0);
}

/* The next word, or -1. */
static int
heard(void)
{
	struct reaper_report report;
	const long n = seqpkt_recv(ends[1], &report, sizeof(report), NULL);

	return n == (long)sizeof(report) ? (int)report.news : -1;
}

static void
abuse_H17_first_at_once(void **state)
{
	struct halt h = { 0 };

	(void)state;
	halt_look(&h, child);
	assert_int_equal(halt_tell(&h, ends[0]), -1);
	assert_int_equal(heard(), -1);
	send_signal(SIGSTOP, WSTOPPED);
	halt_look(&h, child);
	assert_int_equal(halt_tell(&h, ends[0]), -1);
	assert_int_equal(heard(), REAPER_HALTED);
	/* The next in a while, and then the last that was. */
	send_signal(SIGCONT, WCONTINUED);
	halt_look(&h, child);
	assert_in_range(halt_tell(&h, ends[0]), 1, 1000);
	assert_int_equal(heard(), -1);
	h.next = 0;
	assert_int_equal(halt_tell(&h, ends[0]), -1);
	assert_int_equal(heard(), REAPER_GOES_ON);
}

/* There and back within the while is nothing to tell of. */
static void
abuse_H17_nothing_new(void **state)
{
	struct halt h = { 0 };

	(void)state;
	send_signal(SIGSTOP, WSTOPPED);
	halt_look(&h, child);
	h.told = true;
	send_signal(SIGCONT, WCONTINUED);
	halt_look(&h, child);
	send_signal(SIGSTOP, WSTOPPED);
	halt_look(&h, child);
	assert_int_equal(halt_tell(&h, ends[0]), -1);
	assert_int_equal(heard(), -1);
	h.asked = true;
	assert_int_equal(halt_tell(&h, ends[0]), -1);
	assert_int_equal(heard(), REAPER_HALTED);
}

/* Nobody reads: the last word of a reaper must find room whatever happens. */
static void
abuse_H17_one_word_waits(void **state)
{
	struct halt h = { 0 };
	int i;

	(void)state;
	h.now = true;
	assert_int_equal(halt_tell(&h, ends[0]), -1);
	for (i = 0; i < 1000; i++) {
		h.now = !h.now;
		h.asked = true;
		h.next = 0;
		assert_true(halt_tell(&h, ends[0]) > 0);
	}
	assert_int_equal(heard(), REAPER_HALTED);
	assert_int_equal(heard(), -1);
	assert_int_equal(halt_tell(&h, ends[0]), -1);
	assert_int_equal(heard(), REAPER_HALTED);
	/* There is no [ops]: the next one asks. */
	h.asked = true;
	assert_int_equal(halt_tell(&h, -1), -1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(abuse_H17_first_at_once, begin,
		    done),
		cmocka_unit_test_setup_teardown(abuse_H17_nothing_new, begin,
		    done),
		cmocka_unit_test_setup_teardown(abuse_H17_one_word_waits, begin,
		    done),
	};

	return CHECK_RUN("halt", tests);
}
