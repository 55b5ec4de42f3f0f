/* SPDX-License-Identifier: MIT */
/* One terminal, one size (abuse H10). */
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "lib/err.h"
#include "tests/unit/check.h"
#include "tests/unit/term/termrig.h"

static int
setup(void **state)
{
	static struct termrig g;

	termrig_start(&g, 65536, 10000);
	*state = &g;
	return 0;
}

static int
teardown(void **state)
{
	termrig_stop(*state);
	return 0;
}

struct want {
	const struct termrig_pty *p;
	unsigned cols, rows;
};

static bool
has_size(void *arg)
{
	const struct want *w = arg;
	struct winsize ws;

	assert_int_equal(ioctl(w->p->slave, TIOCGWINSZ, &ws), 0);
	return ws.ws_col == w->cols && ws.ws_row == w->rows;
}

static void
await_size(struct termrig *g, const struct termrig_pty *p, unsigned cols,
    unsigned rows)
{
	struct want w = { p, cols, rows };

	termrig_until(g, has_size, &w);
}

static void
test_H10_limits(void **state)
{
	static const unsigned bad[][2] = { { 0, 0 }, { 9, 24 }, { 80, 2 },
		{ 1001, 24 }, { 80, 501 }, { 65535, 65535 } };
	struct termrig *g = *state;
	struct termrig_pty p;
	struct sink s;

	termrig_pty(g, &p);
	sink_open(&s, p.term, 0, false);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(viewer_resize(s.viewer, bad[i][0], bad[i][1]),
		    RDV_E_INVALID);
	assert_int_equal(s.sizes, 0);
	assert_int_equal(viewer_resize(s.viewer, 10, 3), 0);
	await_size(g, &p, 10, 3);
	assert_int_equal(viewer_resize(s.viewer, 1000, 500), 0);
	await_size(g, &p, 1000, 500);
	sink_close(&s);
	termrig_pty_done(g, &p);
}

static void
test_H10_storm_is_gathered(void **state)
{
	struct termrig *g = *state;
	struct termrig_pty p;
	struct sink s;

	termrig_pty(g, &p);
	sink_open(&s, p.term, 0, false);
	for (unsigned i = 0; i < 900; i++)
		assert_int_equal(viewer_resize(s.viewer, 100 + i, 50), 0);
	/* The first at once, then the last. */
	assert_int_equal(s.sizes, 1);
	await_size(g, &p, 999, 50);
	assert_int_equal(s.sizes, 2);
	assert_int_equal(s.cols, 999);
	sink_close(&s);
	termrig_pty_done(g, &p);
}

static void
test_H10_newest_owns_the_size(void **state)
{
	struct termrig *g = *state;
	struct termrig_pty p;
	struct sink a, b, looker;

	termrig_pty(g, &p);
	sink_open(&a, p.term, 0, false);
	sink_open(&b, p.term, 0, false);
	sink_open(&looker, p.term, 0, true);
	assert_int_equal(viewer_resize(a.viewer, 100, 40), 0);
	await_size(g, &p, 100, 40);
	assert_true(a.owner && viewer_owns_size(a.viewer));
	assert_int_equal(viewer_resize(b.viewer, 120, 30), 0);
	await_size(g, &p, 120, 30);
	assert_true(b.owner);
	assert_false(a.owner);
	assert_int_equal(a.cols, 120);
	assert_int_equal(looker.cols, 120);
	assert_int_equal(viewer_resize(looker.viewer, 50, 10), RDV_E_DENIED);
	/* The first one takes it back, with the size it asked for. */
	assert_int_equal(viewer_take_size(a.viewer), 0);
	await_size(g, &p, 100, 40);
	assert_true(a.owner);
	assert_int_equal(viewer_take_size(looker.viewer), RDV_E_STATE);
	sink_close(&a);
	sink_close(&b);
	sink_close(&looker);
	termrig_pty_done(g, &p);
}

/* Who answers the program's questions is one, also while a size waits. */
static void
test_J02_who_had_it_knows_at_once(void **state)
{
	struct termrig *g = *state;
	struct termrig_pty p;
	struct sink a, b;

	termrig_pty(g, &p);
	sink_open(&a, p.term, 0, false);
	sink_open(&b, p.term, 0, false);
	assert_int_equal(viewer_resize(a.viewer, 100, 40), 0);
	assert_true(a.owner);
	assert_int_equal(viewer_resize(b.viewer, 120, 30), 0);
	assert_false(a.owner);
	assert_int_equal(a.cols, 100);
	await_size(g, &p, 120, 30);
	assert_true(b.owner);
	assert_int_equal(a.cols, 120);
	sink_close(&a);
	sink_close(&b);
	termrig_pty_done(g, &p);
}

static bool
owns(void *arg)
{
	return ((const struct sink *)arg)->owner;
}

/* The same size from another window changes the owner only. */
static void
test_owner_without_change(void **state)
{
	struct termrig *g = *state;
	struct termrig_pty p;
	struct sink a, b;

	termrig_pty(g, &p);
	sink_open(&a, p.term, 0, false);
	sink_open(&b, p.term, 0, false);
	assert_int_equal(viewer_resize(a.viewer, 90, 30), 0);
	assert_int_equal(viewer_resize(b.viewer, 90, 30), 0);
	termrig_until(g, owns, &b);
	assert_false(a.owner);
	/* And back, when the owner goes. */
	sink_close(&b);
	termrig_until(g, owns, &a);
	assert_int_equal(a.cols, 90);
	sink_close(&a);
	termrig_pty_done(g, &p);
}

/* Who lost it while a size waits, and has it again before that is told. */
static void
test_J02_who_has_it_again_knows(void **state)
{
	struct termrig *g = *state;

	for (int i = 0; i < 2; i++) {
		struct termrig_pty p;
		struct sink a, b;

		termrig_pty(g, &p);
		sink_open(&a, p.term, 0, false);
		sink_open(&b, p.term, 0, false);
		assert_int_equal(viewer_resize(a.viewer, 100, 40), 0);
		assert_int_equal(viewer_resize(b.viewer, 100, 40), 0);
		assert_false(a.owner);
		if (i == 0)
			sink_close(&b);
		else
			assert_int_equal(viewer_take_size(a.viewer), 0);
		assert_true(viewer_owns_size(a.viewer));
		termrig_until(g, owns, &a);
		if (i == 1)
			sink_close(&b);
		sink_close(&a);
		termrig_pty_done(g, &p);
	}
}

/* What the terminal and everybody who looks at it agree on. */
static void
await_owner(struct termrig *g, const struct termrig_pty *p, struct sink *s,
    unsigned cols, unsigned rows)
{
	await_size(g, p, cols, rows);
	termrig_until(g, owns, s);
	assert_true(viewer_owns_size(s->viewer));
	assert_int_equal(s->cols, cols);
	assert_int_equal(s->rows, rows);
}

static void
test_the_size_is_inherited(void **state)
{
	struct termrig *g = *state;
	struct termrig_pty p;
	struct sink a, b, c, silent, looker;

	termrig_pty(g, &p);
	sink_open(&a, p.term, 0, false);
	sink_open(&b, p.term, 0, false);
	sink_open(&c, p.term, 0, false);
	sink_open(&silent, p.term, 0, false);
	sink_open(&looker, p.term, 0, true);
	assert_int_equal(viewer_resize(b.viewer, 90, 30), 0);
	assert_int_equal(viewer_resize(a.viewer, 100, 40), 0);
	assert_int_equal(viewer_resize(c.viewer, 120, 50), 0);
	await_owner(g, &p, &c, 120, 50);
	/* Its statement is newer, but the owner is there. */
	assert_int_equal(viewer_state_size(b.viewer, 91, 31), 0);
	assert_int_equal(viewer_state_size(looker.viewer, 50, 10),
	    RDV_E_DENIED);
	termrig_turns(g, 2);
	assert_true(viewer_owns_size(c.viewer));
	sink_close(&c);
	await_owner(g, &p, &b, 91, 31);
	assert_int_equal(looker.cols, 91);
	assert_int_equal(a.cols, 91);
	assert_false(a.owner);
	/* One that is no owner leaves nothing. */
	sink_close(&looker);
	assert_true(viewer_owns_size(b.viewer));
	sink_close(&b);
	await_owner(g, &p, &a, 100, 40);
	/* Nobody left who stated one: it stays as it is. */
	sink_close(&a);
	termrig_turns(g, 2);
	await_size(g, &p, 100, 40);
	assert_false(viewer_owns_size(silent.viewer));
	assert_int_equal(viewer_state_size(silent.viewer, 70, 20), 0);
	await_owner(g, &p, &silent, 70, 20);
	sink_close(&silent);
	termrig_pty_done(g, &p);
}

/* Who is sent away takes the size along; so does everybody when rdvd ends. */
static void
test_nobody_inherits_from_all(void **state)
{
	struct termrig *g = *state;

	for (int i = 0; i < 2; i++) {
		struct termrig_pty p;
		struct sink a, b;

		termrig_pty(g, &p);
		sink_open(&a, p.term, 0, false);
		sink_open(&b, p.term, 0, false);
		assert_int_equal(viewer_resize(a.viewer, 90, 30), 0);
		assert_int_equal(viewer_resize(b.viewer, 120, 50), 0);
		await_size(g, &p, 120, 50);
		if (i == 0)
			term_detach_all(p.term, "test");
		else
			terms_leave(g->terms);
		sink_close(&b);
		termrig_turns(g, 2);
		assert_false(viewer_owns_size(a.viewer));
		await_size(g, &p, 120, 50);
		sink_close(&a);
		termrig_pty_done(g, &p);
	}
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_H10_limits),
		T(test_H10_storm_is_gathered),
		T(test_H10_newest_owns_the_size),
		T(test_J02_who_had_it_knows_at_once),
		T(test_owner_without_change),
		T(test_J02_who_has_it_again_knows),
		T(test_the_size_is_inherited),
		T(test_nobody_inherits_from_all),
	};

	return CHECK_RUN("size", tests);
}
