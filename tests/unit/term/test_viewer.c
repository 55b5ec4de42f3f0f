/* SPDX-License-Identifier: MIT */
/* Viewers: offsets into a log, live or not, fast or slow. */
#include <fcntl.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/err.h"
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
	return 0;
}

static void
check_bytes(const struct sink *s)
{
	for (size_t i = 0; i < s->got.len; i++)
		if (s->got.data[i] != termrig_byte(s->start + i))
			fail_msg("byte %zu differs", i);
}

/* Replay and live are one stream: whoever comes later misses nothing. */
static void
test_replay_then_live(void **state)
{
	struct termrig *g = *state;
	struct termrig_pty p;
	struct sink early, late, middle;
	int pid;

	termrig_pty(g, &p);
	sink_open(&early, p.term, 0, true);
	pid = termrig_flood(p.slave, FLOOD);
	sink_await(g, &early, FLOOD / 3);
	sink_open(&late, p.term, 0, true);
	sink_open(&middle, p.term, FLOOD / 4, true);
	sink_await(g, &early, FLOOD);
	sink_await(g, &late, FLOOD);
	sink_await(g, &middle, FLOOD - FLOOD / 4);
	check_bytes(&early);
	check_bytes(&late);
	check_bytes(&middle);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	sink_close(&early);
	sink_close(&late);
	sink_close(&middle);
	termrig_pty_done(g, &p);
}

static bool
log_is_full(void *arg)
{
	return term_bytes(((struct termrig_pty *)arg)->term) == FLOOD;
}

/* Abuse D05: one that never takes anything holds up nobody and nothing. */
static void
test_D05_slow_viewer_stops_nobody(void **state)
{
	struct termrig *g = *state;
	struct termrig_pty p;
	struct sink slow, fast;
	int pid;

	termrig_pty(g, &p);
	sink_open(&slow, p.term, 0, true);
	sink_open(&fast, p.term, 0, true);
	slow.queued = VIEWER_LOW;
	pid = termrig_flood(p.slave, FLOOD);
	sink_await(g, &fast, FLOOD);
	assert_int_equal(slow.got.len, 0);
	/* It comes to its senses and gets all of it. */
	slow.queued = 0;
	viewer_more(slow.viewer);
	sink_await(g, &slow, FLOOD);
	check_bytes(&slow);
	assert_int_equal(slow.slow, 0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	sink_close(&slow);
	sink_close(&fast);
	termrig_pty_done(g, &p);
}

static bool
is_slow(void *arg)
{
	return ((const struct sink *)arg)->slow > 0;
}

static void
test_D05_too_slow_is_told_so(void **state)
{
	struct termrig *g = *state;
	struct terms_stats stats;
	struct termrig_pty p;
	struct sink slow, near;
	int pid;

	termrig_pty(g, &p);
	sink_open(&slow, p.term, 0, true);
	slow.queued = VIEWER_LOW;
	pid = termrig_flood(p.slave, FLOOD);
	termrig_until(g, log_is_full, &p);
	/* As stalled, but near the end: it is only a quiet client. */
	sink_open(&near, p.term, FLOOD - 1000, true);
	near.queued = VIEWER_LOW;
	slow.stalled = near.stalled = 10000;
	termrig_until(g, is_slow, &slow);
	assert_int_equal(near.slow, 0);
	terms_stats(g->terms, &stats);
	assert_int_equal(stats.slow, 1);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	sink_close(&slow);
	sink_close(&near);
	termrig_pty_done(g, &p);
}

static bool
is_drained(void *arg)
{
	return ((const struct termrig_pty *)arg)->drained;
}

static void
test_end_comes_after_the_last_byte(void **state)
{
	const struct term_end end = { "failed", 7, -1, "because" };
	struct termrig *g = *state;
	struct termrig_pty p;
	struct sink slow, fast;
	int pid;

	termrig_pty(g, &p);
	sink_open(&slow, p.term, 0, true);
	sink_open(&fast, p.term, 0, true);
	slow.queued = VIEWER_LOW;
	pid = termrig_flood(p.slave, FLOOD);
	close(p.slave);
	p.slave = -1;
	term_finish(p.term, PUMP_EXITED);
	termrig_until(g, is_drained, &p);
	/* Drained is not yet durable: nobody has been told. */
	sink_await(g, &fast, FLOOD);
	assert_int_equal(fast.ended, 0);
	term_ended(p.term, &end);
	sink_await_end(g, &fast);
	assert_int_equal(fast.exit_code, 7);
	assert_int_equal(slow.ended, 0);
	slow.queued = 0;
	slow.take = 1000;
	viewer_more(slow.viewer);
	sink_await_end(g, &slow);
	assert_int_equal(slow.got.len, FLOOD);
	assert_int_equal(slow.ended, 1);
	check_bytes(&slow);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	sink_close(&slow);
	sink_close(&fast);
	termrig_pty_done(g, &p);
}

static void
test_log_of_an_ended_run(void **state)
{
	const struct term_end end = { "killed", -1, 9, NULL };
	struct termrig *g = *state;
	struct termrig_pty p;
	struct sink s;
	struct term *t;
	unsigned cols, rows;

	termrig_pty(g, &p);
	sink_open(&s, p.term, 0, true);
	termrig_write(p.slave, "what was", 8);
	sink_await(g, &s, 8);
	sink_close(&s);
	termrig_pty_done(g, &p);
	termrig_turns(g, 2);
	assert_int_equal(term_open(g->terms, p.run, &end,
			     (struct term_dims){ 132, 43 }, &t),
	    0);
	term_size(t, &cols, &rows);
	assert_int_equal(cols, 132);
	assert_int_equal(rows, 43);
	sink_open(&s, t, 5, false);
	sink_await_end(g, &s);
	assert_memory_equal(s.got.data, "was", 3);
	assert_int_equal(s.exit_code, -1);
	/* There is nobody to talk to. */
	assert_int_equal(viewer_input(s.viewer, "x", 1), RDV_E_STATE);
	assert_int_equal(viewer_resize(s.viewer, 80, 24), RDV_E_STATE);
	sink_close(&s);
	term_unref(t);
}

static bool
is_gone(void *arg)
{
	return ((const struct sink *)arg)->viewer == NULL;
}

static void
test_free_inside_a_callback(void **state)
{
	struct termrig *g = *state;
	struct termrig_pty p;
	struct sink first, second;

	termrig_pty(g, &p);
	sink_open(&first, p.term, 0, true);
	sink_open(&second, p.term, 0, true);
	first.free_at_output = true;
	termrig_write(p.slave, "bytes", 5);
	termrig_until(g, is_gone, &first);
	sink_await(g, &second, 5);
	assert_int_equal(term_viewers(p.term), 1);
	sink_close(&second);
	termrig_pty_done(g, &p);
}

/* The term of a run that is gone stays for its viewers. */
static void
test_viewer_outlives_the_run(void **state)
{
	const struct term_end end = { "completed", 0, -1, NULL };
	struct termrig *g = *state;
	struct termrig_pty p;
	struct sink s;

	termrig_pty(g, &p);
	sink_open(&s, p.term, 0, true);
	termrig_write(p.slave, "bytes", 5);
	sink_await(g, &s, 5);
	s.queued = VIEWER_LOW;
	term_ended(p.term, &end);
	termrig_pty_done(g, &p);
	s.queued = 0;
	viewer_more(s.viewer);
	sink_await_end(g, &s);
	sink_close(&s);
}

static void
test_seek(void **state)
{
	struct termrig *g = *state;
	struct termrig_pty p;
	struct sink s;

	termrig_pty(g, &p);
	sink_open(&s, p.term, 0, true);
	termrig_write(p.slave, "0123456789", 10);
	sink_await(g, &s, 10);
	assert_false(viewer_seek(s.viewer, 11));
	assert_true(viewer_seek(s.viewer, 4));
	s.next = 4;
	sink_await(g, &s, 16);
	assert_memory_equal(s.got.data + 10, "456789", 6);
	assert_int_equal(viewer_offset(s.viewer), 10);
	sink_close(&s);
	termrig_pty_done(g, &p);
}

/* A sink that cuts between characters waits for the rest, and gets it. */
static size_t
cutting_cb(uint64_t off, const uint8_t *p, size_t len, bool last, void *arg)
{
	struct sink *s = arg;

	(void)off;
	if (!last)
		len &= ~(size_t)3;
	buf_put(&s->got, p, len);
	return len;
}

static void
test_rest_is_given_at_the_end(void **state)
{
	const struct term_end end = { "completed", 0, -1, NULL };
	struct viewer_conf conf = { .offset = 0 };
	struct viewer_ops ops = sink_ops;
	struct termrig *g = *state;
	struct termrig_pty p;
	struct sink s = { .viewer = NULL };

	ops.output = cutting_cb;
	termrig_pty(g, &p);
	buf_init(&s.got, 4096);
	s.viewer = viewer_new(p.term, &conf, &ops, &s);
	termrig_write(p.slave, "abcdef", 6);
	sink_await(g, &s, 4);
	termrig_write(p.slave, "ghi", 3);
	sink_await(g, &s, 8);
	assert_int_equal(s.got.len, 8);
	term_ended(p.term, &end);
	sink_await_end(g, &s);
	assert_memory_equal(s.got.data, "abcdefghi", 9);
	sink_close(&s);
	termrig_pty_done(g, &p);
}

static void
test_detach_all(void **state)
{
	struct termrig *g = *state;
	struct termrig_pty p;
	struct sink a, b;

	termrig_pty(g, &p);
	sink_open(&a, p.term, 0, true);
	sink_open(&b, p.term, 0, false);
	term_detach_all(p.term, "suspended");
	assert_int_equal(a.detached, 1);
	assert_int_equal(b.detached, 1);
	sink_close(&a);
	sink_close(&b);
	termrig_pty_done(g, &p);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_replay_then_live),
		T(test_D05_slow_viewer_stops_nobody),
		T(test_D05_too_slow_is_told_so),
		T(test_end_comes_after_the_last_byte),
		T(test_log_of_an_ended_run),
		T(test_free_inside_a_callback),
		T(test_viewer_outlives_the_run),
		T(test_seek),
		T(test_rest_is_given_at_the_end),
		T(test_detach_all),
	};

	return CHECK_RUN("viewer", tests);
}
