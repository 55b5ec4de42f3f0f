/* SPDX-License-Identifier: MIT */
/* How a flood gets into its log and to who looks at it: in which pieces. */
#include <errno.h>
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/loop.h"
#include "daemon/term/runlog.h"
#include "daemon/term/state.h"
#include "lib/clock.h"
#include "lib/splice.h"
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
reap(int pid)
{
	int status;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

/* All of a flood. The most that was logged in one turn of the loop. */
static uint64_t
log_flood(struct termrig *g, struct termrig_pty *p)
{
	const struct pump_load *load = &g->terms->load;
	uint64_t begin = load->bytes, before, most = 0;
	int64_t by = clock_mono_ms() + 60000;
	int pid = termrig_flood(p->slave, FLOOD);

	while (load->bytes - begin < FLOOD && clock_mono_ms() < by) {
		before = load->bytes;
		termrig_turns(g, 1);
		if (load->bytes - before > most)
			most = load->bytes - before;
	}
	assert_int_equal(load->bytes - begin, FLOOD);
	assert_int_equal(load->blocked, 0);
	reap(pid);
	return most;
}

/*
 * Where nobody looks a flood waits for nobody, only for the disk. A key
 * elsewhere waits for a page of it in each turn while somebody types, and for
 * as many as a round has while nobody does, watched or not.
 */
static void
test_flood_that_nobody_watches(void **state)
{
	struct termrig *g = *state;
	struct termrig_pty p;
	struct sink s;

	termrig_pty(g, &p);
	assert_in_range(log_flood(g, &p), 4097, FLOODS_TURNS * 4096);
	g->terms->load.floods.calm_from = INT64_MAX;
	assert_int_equal(g->terms->load.blocks, 0);
	termrig_check_log(g, p.run, FLOOD);
	sink_open(&s, p.term, FLOOD, false);
	assert_in_range(log_flood(g, &p), 1, 4096);
	sink_await(g, &s, FLOOD);
	sink_close(&s);
	termrig_pty_done(g, &p);
}

/* What was logged and not shown, at most, while somebody types. */
static void
test_flood_is_shown_in_pieces(void **state)
{
	struct termrig *g = *state;
	struct termrig_pty p;
	uint64_t most = 0;
	struct sink s;
	int pid;

	termrig_pty(g, &p);
	sink_open(&s, p.term, 0, true);
	g->terms->load.floods.calm_from = INT64_MAX;
	pid = termrig_flood(p.slave, FLOOD);
	while (s.got.len < FLOOD) {
		termrig_turns(g, 1);
		if (p.term->log.size - s.got.len > most)
			most = p.term->log.size - s.got.len;
	}
	/* The fourth page is shown with those before it. */
	assert_in_range(most, 4096, 4 * 4095 - 1);
	reap(pid);
	sink_close(&s);
	termrig_pty_done(g, &p);
}

static bool
is_unshown(void *arg)
{
	return ((const struct pump *)arg)->unshown;
}

/* Held, and let go again: nothing more comes that would show it. */
static void
test_unshown_is_shown_behind_a_hold(void **state)
{
	struct termrig *g = *state;
	struct termrig_pty p;
	uint8_t page[2 * 4095] = { 0 };
	struct sink s;

	termrig_pty(g, &p);
	sink_open(&s, p.term, 0, true);
	g->terms->load.floods.calm_from = INT64_MAX;
	termrig_write(p.slave, page, sizeof(page));
	termrig_until(g, is_unshown, &p.term->pump);
	assert_int_equal(p.term->log.size, sizeof(page));
	assert_true(s.got.len < sizeof(page));
	pump_hold(&p.term->pump, true);
	pump_hold(&p.term->pump, false);
	sink_await(g, &s, sizeof(page));
	sink_close(&s);
	termrig_pty_done(g, &p);
}

/* A flood that is looked at between any two pages. */
struct looked {
	struct pump *pump;
	bool full;	       /* a page came that has others behind it */
	unsigned left;	       /* turns behind it */
	uint64_t size;	       /* of the log, when it came */
	unsigned pages, turns; /* while it floods */
	size_t (*turn)(void *arg);
	unsigned pieces,
	    parts; /* the log grew to a multiple of PIECE, or not */
};
#define PIECE 16384

static struct looked looked;

static void
look_before_page(struct looked *k)
{
	uint64_t size = k->pump->log->size;

	k->pages += k->pump->state == PUMP_FLOOD;
	if (!k->full || k->left == 0) {
		assert_int_equal(k->pump->spooled, 0);
		return;
	}
	/* What is behind the last piece is all that waits. */
	assert_true(k->pump->spooled < PIECE);
	if (size == k->size)
		return;
	k->pieces += size % PIECE == 0;
	k->parts += size % PIECE != 0;
}

/* In the place of lib/splice.c. */
long
splice_now(int from, int to, loff_t *at, size_t max)
{
	struct looked *k = &looked;
	bool page = k->pump != NULL && to == k->pump->spool_w;
	const struct floods *fs;
	ssize_t n;

	if (page)
		look_before_page(k);
	n = splice(from, NULL, to, at, max, SPLICE_F_NONBLOCK);
	if (!page)
		return n < 0 ? -errno : n;
	fs = &k->pump->load->floods;
	k->full = k->pump->state == PUMP_FLOOD && fs->calm && n >= 4095;
	k->left = fs->left;
	k->size = k->pump->log->size;
	return n < 0 ? -errno : n;
}

static size_t
looked_turn_cb(void *arg)
{
	looked.turns++;
	return looked.turn(arg);
}

/*
 * Whatever the log began with, and nothing is left behind a round, which is one
 * turn.
 */
static void
test_flood_is_logged_in_pieces(void **state)
{
	struct termrig *g = *state;
	struct termrig_pty p;
	struct sink s;

	termrig_pty(g, &p);
	sink_open(&s, p.term, 0, true);
	termrig_write(p.slave, "R", 1);
	sink_await(g, &s, 1);
	sink_close(&s);
	looked = (struct looked){ .pump = &p.term->pump,
		.turn = p.term->pump.flood.turn };
	p.term->pump.flood.turn = looked_turn_cb;
	(void)log_flood(g, &p);
	looked.pump = NULL;
	assert_true(looked.turns < looked.pages);
	assert_true(looked.pieces > 0);
	assert_int_equal(looked.parts, 0);
	assert_int_equal(p.term->log.size, FLOOD + 1);
	termrig_pty_done(g, &p);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_flood_that_nobody_watches),
		T(test_flood_is_logged_in_pieces),
		T(test_flood_is_shown_in_pieces),
		T(test_unshown_is_shown_behind_a_hold),
	};

	return CHECK_RUN("pieces", tests);
}
