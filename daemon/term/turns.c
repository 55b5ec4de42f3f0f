/* SPDX-License-Identifier: MIT */
/*
 * Turns of those who read through logs. Invariant: the loop is held for
 * TURNS_US and one step, however many there are, and each has a step before
 * anybody has two.
 */
#include "daemon/term/turns.h"

#include <stddef.h>

#include "daemon/loop.h"
#include "lib/clock.h"

static void
turns_slice_cb(void *arg)
{
	struct turns *ts = arg;
	int64_t end = clock_mono_us() + TURNS_US;
	struct turn *t;

	while ((t = TAILQ_FIRST(&ts->all)) != NULL) {
		/* Not in the list while it steps: that may be its end. */
		TAILQ_REMOVE(&ts->all, t, link);
		t->joined = false;
		if (t->step(t->arg))
			turn_join(ts, t);
		if (clock_mono_us() >= end)
			break;
	}
	if (!TAILQ_EMPTY(&ts->all))
		loop_timer_set_us(ts->timer, 0);
}

void
turns_init(struct turns *ts, struct loop *l)
{
	TAILQ_INIT(&ts->all);
	ts->timer = loop_timer_new(l, turns_slice_cb, ts);
}

void
turns_done(struct turns *ts)
{
	loop_timer_free(ts->timer);
}

void
turn_join(struct turns *ts, struct turn *t)
{
	if (t->joined)
		return;
	t->joined = true;
	if (TAILQ_EMPTY(&ts->all))
		loop_timer_set_us(ts->timer, 0);
	TAILQ_INSERT_TAIL(&ts->all, t, link);
}

void
turn_leave(struct turns *ts, struct turn *t)
{
	if (!t->joined)
		return;
	t->joined = false;
	TAILQ_REMOVE(&ts->all, t, link);
}
