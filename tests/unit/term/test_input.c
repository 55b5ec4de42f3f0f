/* SPDX-License-Identifier: MIT */
/* Input to programs: bounded, in order, unchanged. */
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "daemon/term/state.h"
#include "lib/err.h"
#include "tests/unit/check.h"
#include "tests/unit/term/termrig.h"

#define INPUT_MAX 65536

static int
setup(void **state)
{
	static struct termrig g;

	termrig_start(&g, INPUT_MAX, 10000);
	*state = &g;
	return 0;
}

static int
teardown(void **state)
{
	termrig_stop(*state);
	return 0;
}

/* Reads `len` bytes of the program's input, turning the loop meanwhile. */
static void
take(struct termrig *g, struct termrig_pty *p, uint8_t *out, size_t len)
{
	size_t got = 0;

	assert_int_equal(fcntl(p->slave, F_SETFL, O_NONBLOCK), 0);
	for (int idle = 0; got < len && idle < 100000; idle++) {
		ssize_t n = read(p->slave, out + got, len - got);

		if (n > 0) {
			got += (size_t)n;
			idle = 0;
		}
		termrig_turns(g, 1);
	}
	assert_int_equal(got, len);
}

/*
 * Abuse H09: a program that never reads. The write does not block, the queue
 * has a bound, the client is told.
 */
static void
test_H09_program_that_never_reads(void **state)
{
	static uint8_t block[4096];
	struct termrig *g = *state;
	struct terms_stats stats;
	struct termrig_pty p;
	size_t taken = 0;
	int err;

	termrig_pty(g, &p);
	memset(block, 'x', sizeof(block));
	while ((err = term_input(p.term, block, sizeof(block))) == 0) {
		taken += sizeof(block);
		assert_true(taken < 4 << 20);
	}
	assert_int_equal(err, RDV_E_FULL);
	/* The bound and what the kernel's own buffers hold. */
	assert_in_range(taken, INPUT_MAX - sizeof(block),
	    INPUT_MAX + (128 << 10));
	terms_stats(g->terms, &stats);
	assert_int_equal(stats.input_refused, 1);
	/* A small one fits: the bound is on bytes. */
	termrig_turns(g, 10);
	termrig_pty_done(g, &p);
}

static void
test_H09_viewer_is_paused_and_opened(void **state)
{
	static uint8_t block[4096], back[INPUT_MAX * 4];
	struct termrig *g = *state;
	struct termrig_pty p;
	struct sink s;
	size_t sent = 0;

	termrig_pty(g, &p);
	sink_open(&s, p.term, 0, false);
	while (!s.paused) {
		for (size_t i = 0; i < sizeof(block); i++)
			block[i] = termrig_byte(sent + i);
		assert_int_equal(viewer_input(s.viewer, block, sizeof(block)),
		    0);
		sent += sizeof(block);
		assert_true(sent < sizeof(back));
	}
	assert_int_equal(s.flows, 1);
	take(g, &p, back, sent);
	for (size_t i = 0; i < sent; i++)
		assert_int_equal(back[i], termrig_byte(i));
	assert_false(s.paused);
	assert_int_equal(s.flows, 2);
	sink_close(&s);
	termrig_pty_done(g, &p);
}

/* Who goes on sending although paused meets the end of the courtesy. */
static void
test_H09_paused_viewer_cannot_go_on(void **state)
{
	static uint8_t block[4096];
	struct termrig *g = *state;
	struct termrig_pty p;
	struct sink s;
	size_t sent = 0;
	int err;

	termrig_pty(g, &p);
	sink_open(&s, p.term, 0, false);
	while ((err = viewer_input(s.viewer, block, sizeof(block))) == 0) {
		sent += sizeof(block);
		assert_true(sent < 4 << 20);
	}
	assert_int_equal(err, RDV_E_FULL);
	assert_in_range(sent, INPUT_MAX, 2 * INPUT_MAX + (128 << 10));
	assert_true(s.paused);
	sink_close(&s);
	termrig_pty_done(g, &p);
}

/* Abuse H11 and H12: what is typed arrives as it is. */
static void
test_H12_typed_literally(void **state)
{
	static const char text[] =
	    "/exit !! # C-c Enter \x1b[201~ \r\n\x03\x04\x1b \0 \xff\xc3 "
	    "{last} %1 @1 =x: $(id)`id`";
	struct termrig *g = *state;
	uint8_t back[sizeof(text)];
	struct termrig_pty p;
	struct sink s;

	termrig_pty(g, &p);
	sink_open(&s, p.term, 0, false);
	assert_int_equal(viewer_input(s.viewer, text, sizeof(text)), 0);
	take(g, &p, back, sizeof(text));
	assert_memory_equal(back, text, sizeof(text));
	sink_close(&s);
	termrig_pty_done(g, &p);
}

static void
test_H11_large_paste_arrives_whole(void **state)
{
	static uint8_t paste[INPUT_MAX], back[8 * INPUT_MAX];
	struct termrig *g = *state;
	struct termrig_pty p;
	size_t got = 0, sent = 0;

	termrig_pty(g, &p);
	assert_int_equal(fcntl(p.slave, F_SETFL, O_NONBLOCK), 0);
	for (int idle = 0; got < sizeof(back) && idle < 100000; idle++) {
		size_t want = sizeof(back) - sent;
		ssize_t n;

		want = want < 5000 ? want : 5000;
		for (size_t i = 0; i < want; i++)
			paste[i] = termrig_byte(sent + i);
		if (want > 0 && term_input(p.term, paste, want) == 0)
			sent += want;
		n = read(p.slave, back + got, sizeof(back) - got);
		if (n > 0) {
			got += (size_t)n;
			idle = 0;
		}
		termrig_turns(g, 1);
	}
	assert_int_equal(got, sizeof(back));
	for (size_t i = 0; i < got; i++)
		assert_int_equal(back[i], termrig_byte(i));
	termrig_pty_done(g, &p);
}

static bool
echo_is_logged(void *arg)
{
	const struct term *t = arg;

	return t->log.size > 0;
}

/* The loop stays awake from a key to what that terminal says next. */
static void
test_key_is_waited_for_until_its_echo(void **state)
{
	struct termrig *g = *state;
	const struct busypoll *b;
	struct termrig_pty p;

	termrig_pty(g, &p);
	b = &p.term->ts->load.busypoll;
	assert_false(b->waiting);
	assert_int_equal(term_input(p.term, "k", 1), 0);
	assert_true(b->waiting);
	termrig_write(p.slave, "k", 1);
	termrig_until(g, echo_is_logged, p.term);
	assert_false(b->waiting);
	/* One that comes late, on a busy machine, was waited for in vain. */
	assert_true(b->vain <= 1);
	termrig_pty_done(g, &p);
}

static void
test_read_only_viewer_types_nothing(void **state)
{
	struct termrig *g = *state;
	struct termrig_pty p;
	struct sink s, rw;
	uint8_t back[3];

	termrig_pty(g, &p);
	sink_open(&s, p.term, 0, true);
	sink_open(&rw, p.term, 0, false);
	assert_int_equal(viewer_input(s.viewer, "bad", 3), RDV_E_DENIED);
	assert_int_equal(viewer_input(rw.viewer, "yes", 3), 0);
	take(g, &p, back, 3);
	assert_memory_equal(back, "yes", 3);
	sink_close(&s);
	sink_close(&rw);
	termrig_pty_done(g, &p);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_H09_program_that_never_reads),
		T(test_H09_viewer_is_paused_and_opened),
		T(test_H09_paused_viewer_cannot_go_on),
		T(test_H12_typed_literally),
		T(test_H11_large_paste_arrives_whole),
		T(test_key_is_waited_for_until_its_echo),
		T(test_read_only_viewer_types_nothing),
	};

	return CHECK_RUN("input", tests);
}
