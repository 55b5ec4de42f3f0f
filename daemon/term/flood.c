/* SPDX-License-Identifier: MIT */
/*
 * Who serves several floods from one thread decides when to come back to each:
 * too early is expensive, as the terminal has a few bytes then and the writer
 * is woken for a few more, and a key is to find nobody at work. How long a
 * round rests, who has its turns and how a key holds them up is in
 * docs/stream.md.
 *
 * Invariant: while somebody has joined a round is due, in FLOODS_HOLD_US at
 * most, and who was served stands behind all others; and a key holds floods up
 * only after FLOODS_HOLD_BYTES, so that nobody who types, into whatever
 * terminal of whatever account, takes more from them than that share.
 */
#include "daemon/term/flood.h"

#include <sched.h>

#include "daemon/loop.h"
#include "lib/clock.h"

static void
next_round(struct floods *fs, bool rest)
{
	if (rest)
		loop_alarm_set(fs->rest, FLOODS_REST_US);
	else
		loop_soon_set(fs->round);
}

/*
 * Until `when`, awake and giving way, as a clock that is due so soon takes
 * longer to set than the wait is. Where others want the processor, which shows
 * in how late one comes back, that would be worse than a clock.
 */
static void
settle(struct floods *fs, int64_t now, int64_t when)
{
	fs->not_before = when;
	if (now < fs->crowded_until) {
		loop_soon_clear(fs->round);
		loop_alarm_set(fs->rest, when - now);
		return;
	}
	fs->settling = true;
	loop_alarm_clear(fs->rest);
	loop_soon_set(fs->round);
}

static bool
settles(struct floods *fs, int64_t now)
{
	if (!fs->settling)
		return false;
	if (now < fs->not_before) {
		(void)sched_yield();
		loop_soon_set(fs->round);
		return true;
	}
	fs->settling = false;
	if (now - fs->not_before > FLOODS_LOST_US)
		fs->crowded_until = now + FLOODS_CROWDED_US;
	return false;
}

/*
 * Whether somebody has typed whose echo the floods stand in the way of. What a
 * key began that floods by itself is its own echo.
 */
static bool
is_typed(const struct floods *fs, int64_t now)
{
	return now < fs->calm_from &&
	       (fs->n != 1 || TAILQ_FIRST(&fs->all) != fs->typed_by);
}

static void
floods_round_cb(void *arg)
{
	struct floods *fs = arg;
	unsigned n = fs->n < FLOODS_TURNS ? fs->n : FLOODS_TURNS;
	int64_t now = clock_mono_us();
	size_t moved, most = 0;

	if (settles(fs, now))
		return;
	fs->typed = is_typed(fs, now);
	fs->calm = n == 1 && !fs->typed;
	if (fs->calm)
		n = FLOODS_TURNS;
	for (fs->left = n; fs->left > 0 && !TAILQ_EMPTY(&fs->all);) {
		struct flood *f = TAILQ_FIRST(&fs->all);

		TAILQ_REMOVE(&fs->all, f, link);
		TAILQ_INSERT_TAIL(&fs->all, f, link);
		fs->left--;
		moved = f->turn(f->arg);
		if (fs->moved < fs->between)
			fs->moved += moved;
		if (moved > most)
			most = moved;
		if (fs->calm && moved < FLOODS_LITTLE)
			break;
	}
	if (fs->n > 0 && !fs->settling)
		next_round(fs, most < FLOODS_LITTLE);
}

static void
floods_rested_cb(void *arg)
{
	struct floods *fs = arg;
	int64_t left = fs->not_before - clock_mono_us();

	if (left > 0) {
		loop_alarm_set(fs->rest, left);
		return;
	}
	if (fs->held_by != NULL && fs->between < FLOODS_HOLD_BYTES_MAX)
		fs->between *= 2;
	fs->held_by = NULL;
	floods_round_cb(fs);
}

void
floods_init(struct floods *fs, struct loop *l)
{
	*fs = (struct floods){ .moved = FLOODS_HOLD_BYTES,
		.between = FLOODS_HOLD_BYTES };
	TAILQ_INIT(&fs->all);
	fs->round = loop_soon_new(l, floods_round_cb, fs);
	fs->rest = loop_alarm_new(l, floods_rested_cb, fs);
}

void
floods_done(struct floods *fs)
{
	loop_soon_free(fs->round);
	loop_alarm_free(fs->rest);
}

void
flood_join(struct floods *fs, struct flood *f)
{
	if (f->joined)
		return;
	f->joined = true;
	TAILQ_INSERT_TAIL(&fs->all, f, link);
	if (fs->n++ == 0)
		next_round(fs, false);
}

void
flood_leave(struct floods *fs, struct flood *f)
{
	if (!f->joined)
		return;
	f->joined = false;
	TAILQ_REMOVE(&fs->all, f, link);
	if (--fs->n > 0)
		return;
	loop_soon_clear(fs->round);
	loop_alarm_clear(fs->rest);
	fs->not_before = 0;
	fs->settling = false;
	fs->held_by = NULL;
}

void
floods_hold(struct floods *fs, const struct flood *by)
{
	int64_t now = clock_mono_us();

	/* Of two who type neither is the only one. */
	fs->typed_by = now >= fs->calm_from || fs->typed_by == by ? by : NULL;
	fs->calm_from = now + FLOODS_TYPING_US;
	if (fs->n == 0 || fs->moved < fs->between)
		return;
	fs->moved = 0;
	fs->settling = false;
	fs->held_by = by;
	fs->not_before = now + FLOODS_HOLD_US;
	/* One that rests sees it when it is rested. */
	if (loop_alarm_pending(fs->rest))
		return;
	loop_soon_clear(fs->round);
	loop_alarm_set(fs->rest, FLOODS_HOLD_US);
}

void
floods_release(struct floods *fs, const struct flood *by)
{
	int64_t now = clock_mono_us(), soon = now + FLOODS_SETTLE_US;

	if (fs->held_by != by)
		return;
	fs->held_by = NULL;
	/* Held no longer, or not for so long. */
	if (soon >= fs->not_before)
		return;
	if (fs->between > FLOODS_HOLD_BYTES)
		fs->between /= 2;
	settle(fs, now, soon);
}

bool
floods_another(struct floods *fs, size_t moved)
{
	if (!fs->calm || fs->left == 0)
		return false;
	if (moved < FLOODS_LITTLE) {
		fs->left = 0;
		return false;
	}
	fs->left--;
	return true;
}

void
floods_shown(struct floods *fs)
{
	int64_t now = clock_mono_us();

	/* A clock would cost more than it gains. */
	if (fs->typed && now >= fs->crowded_until)
		settle(fs, now, now + FLOODS_SHOWN_US);
}
