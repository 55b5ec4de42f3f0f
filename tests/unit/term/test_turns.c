/* SPDX-License-Identifier: MIT */
/* Turns of those who read through logs: fair, bounded, and left at any time. */
#include <string.h>

#include "daemon/loop.h"
#include "daemon/term/turns.h"
#include "lib/clock.h"
#include "tests/unit/check.h"

struct who {
	struct turns *turns;
	struct turn turn;
	unsigned steps, most;
	int64_t us; /* a step takes so long */
	struct who *sends_away;
};

static struct loop *loop;
static char order[64];

static bool
step(void *arg)
{
	struct who *w = arg;
	int64_t end = clock_mono_us() + w->us;

	while (clock_mono_us() < end)
		continue;
	w->steps++;
	(void)strncat(order, (const char[]){ (char)('0' + w->most % 10), 0 },
	    sizeof(order) - strlen(order) - 1);
	if (w->sends_away != NULL)
		turn_leave(w->turns, &w->sends_away->turn);
	return w->steps < w->most;
}

static void
stop(void *arg)
{
	(void)arg;
	loop_stop(loop);
}

static void
turn(unsigned n)
{
	struct loop_timer *t = loop_timer_new(loop, stop, NULL);

	while (n-- > 0) {
		loop_timer_set_us(t, 0);
		loop_run(loop);
	}
	loop_timer_free(t);
}

static void
join(struct turns *ts, struct who *w)
{
	w->turns = ts;
	w->turn.step = step;
	w->turn.arg = w;
	turn_join(ts, &w->turn);
	turn_join(ts, &w->turn);
}

static void
test_each_before_anybody_twice(void **state)
{
	struct who a = { .most = 3 }, b = { .most = 1 }, c = { .most = 2 };
	struct turns ts;

	(void)state;
	loop = loop_new();
	turns_init(&ts, loop);
	order[0] = '\0';
	join(&ts, &a);
	join(&ts, &b);
	join(&ts, &c);
	assert_string_equal(order, "");
	turn(20);
	assert_string_equal(order, "312323");
	/* One that had enough comes back when there is more. */
	b.most = 4;
	turn_join(&ts, &b.turn);
	turn(20);
	assert_int_equal(b.steps, 4);
	turns_done(&ts);
	loop_free(loop);
}

/* With a step that takes all of it, a turn of the loop is that step. */
static void
test_a_turn_is_bounded(void **state)
{
	struct who a = { .most = 50, .us = TURNS_US },
		   b = { .most = 50, .us = TURNS_US };
	unsigned before;
	struct turns ts;

	(void)state;
	loop = loop_new();
	turns_init(&ts, loop);
	join(&ts, &a);
	join(&ts, &b);
	for (unsigned i = 0; i < 10; i++) {
		before = a.steps + b.steps;
		turn(1);
		assert_true(a.steps + b.steps <= before + 2);
	}
	assert_in_range(a.steps, b.steps, b.steps + 1);
	turn_leave(&ts, &a.turn);
	turn_leave(&ts, &a.turn);
	before = a.steps;
	turn(3);
	assert_int_equal(a.steps, before);
	turn_leave(&ts, &b.turn);
	turns_done(&ts);
	loop_free(loop);
}

static void
test_one_sends_another_away(void **state)
{
	struct who a = { .most = 2 }, b = { .most = 9 };
	struct turns ts;

	(void)state;
	loop = loop_new();
	turns_init(&ts, loop);
	a.sends_away = &b;
	join(&ts, &a);
	join(&ts, &b);
	turn(10);
	assert_int_equal(a.steps, 2);
	assert_int_equal(b.steps, 0);
	turns_done(&ts);
	loop_free(loop);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_before_anybody_twice),
		cmocka_unit_test(test_a_turn_is_bounded),
		cmocka_unit_test(test_one_sends_another_away),
	};

	return CHECK_RUN("turns", tests);
}
