/* SPDX-License-Identifier: MIT */
/* From a terminal or two pipes into the log: all of it, once, to the end. */
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/loop.h"
#include "daemon/term/runlog.h"
#include "daemon/term/state.h"
#include "lib/clock.h"
#include "tests/unit/check.h"
#include "tests/unit/term/termrig.h"

#define FLOOD (3u << 20)

static int
setup(void **state)
{
	static struct termrig g;

	termrig_start(&g, 1 << 20, 10000);
	*state = &g;
	return 0;
}

static int
teardown(void **state)
{
	termrig_stop(*state);
	clock_shift(0, 0);
	return 0;
}

static bool
is_drained(void *arg)
{
	return ((const struct termrig_pty *)arg)->drained;
}

static void
reap(int pid)
{
	int status;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static void
end(struct termrig *g, struct termrig_pty *p, enum pump_ending why)
{
	struct term_end e = { "completed", 0, -1, NULL };

	term_finish(p->term, why);
	assert_false(p->drained);
	termrig_until(g, is_drained, p);
	term_ended(p->term, &e);
}

static void
test_flood_is_logged_exactly(void **state)
{
	struct termrig *g = *state;
	struct termrig_pty p;
	struct sink s;
	int pid;

	termrig_pty(g, &p);
	sink_open(&s, p.term, 0, true);
	pid = termrig_flood(p.slave, FLOOD);
	sink_await(g, &s, FLOOD);
	reap(pid);
	close(p.slave);
	p.slave = -1;
	end(g, &p, PUMP_EXITED);
	sink_await_end(g, &s);
	termrig_check_log(g, p.run, FLOOD);
	assert_int_equal(s.got.len, FLOOD);
	sink_close(&s);
	termrig_pty_done(g, &p);
}

static bool
may_hold(void *arg)
{
	const struct floods *fs = arg;

	return fs->n > 0 && fs->moved >= FLOODS_HOLD_BYTES;
}

static void
test_key_goes_before_a_flood(void **state)
{
	struct termrig *g = *state;
	struct floods *fs = &g->terms->load.floods;
	struct termrig_pty loud, quiet;
	struct sink s;
	uint64_t before;
	int pid;

	termrig_pty(g, &loud);
	termrig_pty(g, &quiet);
	sink_open(&s, quiet.term, 0, false);
	pid = termrig_flood(loud.slave, FLOOD);
	termrig_until(g, may_hold, fs);
	assert_int_equal(viewer_input(s.viewer, "k", 1), 0);
	assert_true(loop_alarm_pending(fs->rest));
	/* For ever: the flood has no turn but by that alarm. */
	fs->not_before = INT64_MAX;
	loop_alarm_set(fs->rest, INT32_MAX);
	before = g->terms->load.bytes;
	termrig_write(quiet.slave, "k", 1);
	sink_await(g, &s, 1);
	assert_int_equal(g->terms->load.bytes - before, 1);
	/* Until there was the echo. */
	assert_true(fs->not_before <= clock_mono_us() + FLOODS_SETTLE_US);
	close(loud.slave);
	loud.slave = -1;
	end(g, &loud, PUMP_EXITED);
	reap(pid);
	termrig_check_log(g, loud.run, FLOOD);
	sink_close(&s);
	termrig_pty_done(g, &quiet);
	termrig_pty_done(g, &loud);
}

/* What the program wrote last and left in the kernel comes before its end. */
static void
test_bytes_before_the_end(void **state)
{
	struct termrig *g = *state;
	struct termrig_pty p;
	struct sink s;

	termrig_pty(g, &p);
	sink_open(&s, p.term, 0, true);
	termrig_write(p.slave, "last words", 10);
	close(p.slave);
	p.slave = -1;
	end(g, &p, PUMP_EXITED);
	sink_await_end(g, &s);
	assert_int_equal(s.got.len, 10);
	assert_memory_equal(s.got.data, "last words", 10);
	sink_close(&s);
	termrig_pty_done(g, &p);
}

/* A program may close its terminal and open it again; it has not ended. */
static void
test_reopened_terminal_goes_on(void **state)
{
	struct termrig *g = *state;
	struct termrig_pty p;
	struct sink s;
	char name[64];

	termrig_pty(g, &p);
	sink_open(&s, p.term, 0, true);
	assert_int_equal(ttyname_r(p.slave, name, sizeof(name)), 0);
	termrig_write(p.slave, "one", 3);
	close(p.slave);
	sink_await(g, &s, 3);
	p.slave = open(name, O_RDWR | O_NOCTTY);
	assert_true(p.slave >= 0);
	termrig_write(p.slave, "two", 3);
	sink_await(g, &s, 6);
	assert_false(p.drained);
	sink_close(&s);
	termrig_pty_done(g, &p);
}

/* Nobody will report an exit: the terminal's end is the end. */
static void
test_orphan_ends_at_its_end(void **state)
{
	struct termrig *g = *state;
	struct termrig_pty p;
	struct sink s;

	termrig_pty(g, &p);
	sink_open(&s, p.term, 0, true);
	term_finish(p.term, PUMP_ORPHAN);
	termrig_write(p.slave, "alive", 5);
	sink_await(g, &s, 5);
	assert_false(p.drained);
	close(p.slave);
	p.slave = -1;
	termrig_until(g, is_drained, &p);
	sink_close(&s);
	termrig_pty_done(g, &p);
}

/* Abuse H08: a stranger holds the terminal open after the run's end. */
static void
test_H08_stranger_does_not_hold_up_the_end(void **state)
{
	struct termrig *g = *state;
	struct termrig_pty p;
	struct sink s;

	termrig_pty(g, &p);
	sink_open(&s, p.term, 0, true);
	term_finish(p.term, PUMP_EXITED);
	termrig_write(p.slave, "late", 4);
	sink_await(g, &s, 4);
	assert_false(p.drained);
	clock_shift(3000, 0);
	term_finish(p.term, PUMP_EXITED);
	termrig_until(g, is_drained, &p);
	sink_close(&s);
	termrig_pty_done(g, &p);
}

static bool
is_looked_for(void *arg)
{
	return ((const struct termrig_pty *)arg)->term->pump.quiet_by != 0;
}

/* Held or no longer held up: a run that has ended ends all the same. */
static void
test_H08_hold_does_not_hold_up_the_end(void **state)
{
	struct termrig *g = *state;
	struct termrig_pty p;

	for (int last = 0; last < 2; last++) {
		termrig_pty(g, &p);
		pump_hold(&p.term->pump, true);
		assert_int_equal(p.term->pump.state, PUMP_HELD);
		term_finish(p.term, PUMP_EXITED);
		pump_hold(&p.term->pump, last == 0);
		termrig_until(g, is_looked_for, &p);
		pump_hold(&p.term->pump, last == 0);
		clock_shift(3000 * (last + 1), 0);
		term_finish(p.term, PUMP_EXITED);
		pump_hold(&p.term->pump, last == 0);
		termrig_until(g, is_drained, &p);
		termrig_pty_done(g, &p);
	}
}

static bool
is_blocked(void *arg)
{
	struct terms_stats s;

	terms_stats(((struct termrig *)arg)->terms, &s);
	return s.blocked == 1;
}

/* Abuse D09: no room for output. Nothing is lost, and it goes on by itself. */
static void
test_D09_no_room_blocks_and_recovers(void **state)
{
	struct termrig *g = *state;
	struct rlimit old, tight;
	struct termrig_pty p;
	struct sink s;
	int pid;

	termrig_pty(g, &p);
	sink_open(&s, p.term, 0, true);
	pid = termrig_flood(p.slave, FLOOD);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
	signal(SIGXFSZ, SIG_IGN);
	tight = old;
	tight.rlim_cur = 100000;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &tight), 0);
	termrig_until(g, is_blocked, g);
	assert_int_equal(term_bytes(p.term), 100000);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
	sink_await(g, &s, FLOOD);
	reap(pid);
	termrig_check_log(g, p.run, FLOOD);
	sink_close(&s);
	termrig_pty_done(g, &p);
}

static void
pipes_open(struct termrig *g, struct termrig_pty *p, int far[2])
{
	struct term_start start = { .io = PRIV_IO_PIPES, .arg = p };
	int in[2], out[2], err[2];

	memset(p, 0, sizeof(*p));
	p->slave = -1;
	uuid_v7(p->run);
	assert_int_equal(pipe2(in, O_NONBLOCK), 0);
	assert_int_equal(pipe2(out, O_NONBLOCK), 0);
	assert_int_equal(pipe2(err, O_NONBLOCK), 0);
	assert_int_equal(term_new(g->terms, p->run, false, &p->term), 0);
	start.fd[0] = in[1];
	start.fd[1] = out[0];
	start.fd[2] = err[0];
	start.drained = termrig_drained_cb;
	term_start(p->term, &start);
	/* Only the daemon's ends do not block. */
	assert_int_equal(fcntl(in[0], F_SETFL, 0), 0);
	assert_int_equal(fcntl(out[1], F_SETFL, 0), 0);
	assert_int_equal(fcntl(err[1], F_SETFL, 0), 0);
	p->master = in[0];
	far[0] = out[1];
	far[1] = err[1];
}

static void
test_pipes_keep_streams_apart(void **state)
{
	struct termrig *g = *state;
	struct runlog_span span;
	struct termrig_pty p;
	struct sink s;
	int far[2];

	pipes_open(g, &p, far);
	sink_open(&s, p.term, 0, true);
	termrig_write(far[0], "out", 3);
	sink_await(g, &s, 3);
	termrig_write(far[1], "err", 3);
	sink_await(g, &s, 6);
	termrig_write(far[0], "more", 4);
	sink_await(g, &s, 10);
	assert_memory_equal(s.got.data, "outerrmore", 10);
	assert_true(term_span(p.term, 4, &span));
	assert_int_equal(span.stream, RUNLOG_ERR);
	assert_int_equal(span.from, 3);
	assert_int_equal(span.to, 6);
	assert_true(term_span(p.term, 9, &span));
	assert_int_equal(span.stream, RUNLOG_OUT);
	close(far[0]);
	termrig_write(far[1], "!", 1);
	sink_await(g, &s, 11);
	close(far[1]);
	end(g, &p, PUMP_EXITED);
	close(p.master);
	sink_close(&s);
	termrig_pty_done(g, &p);
}

static void
test_pipes_flood_and_input_end(void **state)
{
	struct termrig *g = *state;
	struct termrig_pty p;
	struct sink s;
	int far[2], pid;
	char got[8];

	pipes_open(g, &p, far);
	sink_open(&s, p.term, 0, true);
	assert_int_equal(term_input(p.term, "in", 2), 0);
	assert_int_equal(term_input_end(p.term), 0);
	assert_int_equal(read(p.master, got, sizeof(got)), 2);
	assert_int_equal(read(p.master, got, sizeof(got)), 0);
	assert_int_not_equal(term_input(p.term, "x", 1), 0);
	pid = termrig_flood(far[0], FLOOD);
	close(far[0]);
	close(far[1]);
	end(g, &p, PUMP_EXITED);
	sink_await_end(g, &s);
	reap(pid);
	termrig_check_log(g, p.run, FLOOD);
	close(p.master);
	sink_close(&s);
	termrig_pty_done(g, &p);
}

/* No room for longer than anybody waits for strangers: all of it is kept. */
static void
test_D09_no_room_after_the_end(void **state)
{
	static uint8_t text[1 << 20];
	struct termrig *g = *state;
	struct rlimit old, tight;
	struct termrig_pty p;
	struct sink s;
	int far[2];

	for (size_t i = 0; i < sizeof(text); i++)
		text[i] = termrig_byte(i);
	pipes_open(g, &p, far);
	sink_open(&s, p.term, 0, true);
	assert_true(fcntl(far[0], F_SETPIPE_SZ, sizeof(text)) > 0);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
	signal(SIGXFSZ, SIG_IGN);
	tight = old;
	tight.rlim_cur = 100000;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &tight), 0);
	termrig_write(far[0], text, sizeof(text));
	close(far[0]);
	close(far[1]);
	term_finish(p.term, PUMP_EXITED);
	termrig_until(g, is_blocked, g);
	clock_shift(60000, 0);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
	termrig_until(g, is_drained, &p);
	termrig_check_log(g, p.run, sizeof(text));
	close(p.master);
	sink_close(&s);
	termrig_pty_done(g, &p);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_flood_is_logged_exactly),
		T(test_key_goes_before_a_flood),
		T(test_bytes_before_the_end),
		T(test_reopened_terminal_goes_on),
		T(test_orphan_ends_at_its_end),
		T(test_H08_stranger_does_not_hold_up_the_end),
		T(test_H08_hold_does_not_hold_up_the_end),
		T(test_D09_no_room_blocks_and_recovers),
		T(test_pipes_keep_streams_apart),
		T(test_pipes_flood_and_input_end),
		T(test_D09_no_room_after_the_end),
	};

	return CHECK_RUN("pump", tests);
}
