/* SPDX-License-Identifier: MIT */
/* Whose turn it is: fair rounds, and a key before all of them. */
#include <unistd.h>

#include "daemon/loop.h"
#include "daemon/term/flood.h"
#include "lib/clock.h"
#include "tests/unit/check.h"

#define MEMBERS	    3
#define CROWD	    50
#define DEADLINE_MS 60000

struct rig;

struct member {
	struct flood flood;
	struct rig *rig;
	unsigned turns;
	bool leaves;	  /* in its next turn */
	bool goes_on;	  /* as long as it may */
	unsigned further; /* how often it did */
};

struct rig {
	struct loop *loop;
	struct loop_timer *deadline;
	struct floods floods;
	struct member m[MEMBERS];
	size_t gives;	/* each turn */
	unsigned left;	/* what a turn was told; all of them, summed up */
	unsigned turns; /* of all */
	unsigned until;
	bool late;
};

static size_t
rig_turn_cb(void *arg)
{
	struct member *m = arg;
	struct rig *g = m->rig;

	m->turns++;
	g->left += g->floods.left;
	while (m->goes_on && floods_another(&g->floods, g->gives))
		m->further++;
	if (m->leaves)
		flood_leave(&g->floods, &m->flood);
	if (++g->turns == g->until)
		loop_stop(g->loop);
	return g->gives;
}

static void
rig_late_cb(void *arg)
{
	struct rig *g = arg;

	g->late = true;
	loop_stop(g->loop);
}

static int
setup(void **state)
{
	static struct rig g;

	g = (struct rig){ .gives = 4095 };
	g.loop = loop_new();
	g.deadline = loop_timer_new(g.loop, rig_late_cb, &g);
	floods_init(&g.floods, g.loop);
	for (unsigned i = 0; i < MEMBERS; i++) {
		g.m[i] = (struct member){ .rig = &g,
			.flood = { .turn = rig_turn_cb, .arg = &g.m[i] } };
	}
	*state = &g;
	return 0;
}

static int
teardown(void **state)
{
	struct rig *g = *state;

	floods_done(&g->floods);
	loop_timer_free(g->deadline);
	loop_free(g->loop);
	return 0;
}

static void
join_all(struct rig *g)
{
	for (unsigned i = 0; i < MEMBERS; i++)
		flood_join(&g->floods, &g->m[i].flood);
}

/* Runs `n` more turns. */
static void
turns(struct rig *g, unsigned n)
{
	g->until = g->turns + n;
	loop_timer_set(g->deadline, DEADLINE_MS);
	loop_run(g->loop);
	loop_timer_clear(g->deadline);
	assert_false(g->late);
}

static void
test_each_has_its_turn(void **state)
{
	struct rig *g = *state;

	join_all(g);
	join_all(g);
	assert_int_equal(g->floods.n, MEMBERS);
	turns(g, 10 * MEMBERS);
	for (unsigned i = 0; i < MEMBERS; i++)
		assert_int_equal(g->m[i].turns, 10);
}

static void
test_one_leaves_in_its_turn(void **state)
{
	struct rig *g = *state;

	join_all(g);
	g->m[1].leaves = true;
	turns(g, MEMBERS + 4);
	assert_int_equal(g->m[0].turns, 3);
	assert_int_equal(g->m[1].turns, 1);
	assert_int_equal(g->m[2].turns, 3);
	assert_int_equal(g->floods.n, 2);
}

/* Bytes enough to be held again. */
static void
flow(struct rig *g)
{
	turns(g, FLOODS_HOLD_BYTES / 4095 / MEMBERS * MEMBERS + MEMBERS);
}

static bool
is_held(const struct rig *g)
{
	return g->floods.not_before > clock_mono_us();
}

static void
test_held_for_a_while(void **state)
{
	struct rig *g = *state;
	int64_t begin;

	join_all(g);
	flow(g);
	begin = clock_mono_us();
	floods_hold(&g->floods, NULL);
	turns(g, 1);
	/* Two clocks were rounded to microseconds. */
	assert_true(clock_mono_us() - begin >= FLOODS_HOLD_US - 2);
}

/* What would have ended its rest early does not end the hold. */
static void
test_held_while_it_rests(void **state)
{
	struct rig *g = *state;
	int64_t begin;

	flood_join(&g->floods, &g->m[0].flood);
	flow(g);
	g->gives = FLOODS_LITTLE - 1;
	/* The second is the first of a round, which it ends. */
	turns(g, 2);
	assert_true(loop_alarm_pending(g->floods.rest));
	begin = clock_mono_us();
	floods_hold(&g->floods, NULL);
	turns(g, 1);
	assert_true(clock_mono_us() - begin >= FLOODS_HOLD_US - 2);
}

/* Its own echo ends a hold, and not what another terminal says. */
static void
test_held_until_the_echo(void **state)
{
	struct rig *g = *state;
	struct flood *by = &g->m[0].flood;

	flood_join(&g->floods, &g->m[1].flood);
	floods_hold(&g->floods, by);
	g->floods.not_before = INT64_MAX;
	loop_alarm_set(g->floods.rest, INT32_MAX);
	floods_release(&g->floods, &g->m[2].flood);
	assert_true(g->floods.not_before == INT64_MAX);
	floods_release(&g->floods, by);
	assert_in_range(g->floods.not_before, 1,
	    clock_mono_us() + FLOODS_SETTLE_US);
	turns(g, 1);
	/* A hold that is over is not begun again. */
	g->floods.not_before = 1;
	floods_release(&g->floods, by);
	assert_int_equal(g->floods.not_before, 1);
}

/* Keys without end, whoever presses them: a hold for each so many bytes. */
static void
test_keys_take_a_share(void **state)
{
	struct rig *g = *state;
	int64_t before = 0;
	unsigned holds = 0;

	join_all(g);
	for (unsigned i = 0; i < 1000; i++) {
		floods_hold(&g->floods, &g->m[i % MEMBERS].flood);
		holds += g->floods.not_before != before;
		before = g->floods.not_before;
		turns(g, 1);
	}
	assert_in_range(holds, 2, 1 + g->turns * 4095 / FLOODS_HOLD_BYTES);
	/* What docs/stream.md states. */
	assert_int_equal(FLOODS_HOLD_BYTES, 128 << 10);
	assert_int_equal(FLOODS_HOLD_BYTES_MAX, 8 << 20);
	assert_int_equal(FLOODS_HOLD_US, 4000);
	assert_int_equal(FLOODS_SETTLE_US, 50);
}

/* Keys that nothing answers hold less often, and those after an echo more. */
static void
test_holds_in_vain_are_rarer(void **state)
{
	struct rig *g = *state;
	struct floods *fs = &g->floods;
	struct flood *by = &g->m[0].flood;

	join_all(g);
	flow(g);
	floods_hold(fs, by);
	turns(g, 1);
	assert_int_equal(fs->between, 2 * FLOODS_HOLD_BYTES);
	flow(g);
	floods_hold(fs, by);
	assert_false(is_held(g));
	flow(g);
	floods_hold(fs, by);
	assert_true(fs->held_by == by);
	floods_release(fs, by);
	assert_int_equal(fs->between, FLOODS_HOLD_BYTES);
	flow(g);
	fs->between = FLOODS_HOLD_BYTES_MAX;
	fs->moved = FLOODS_HOLD_BYTES_MAX;
	floods_hold(fs, by);
	turns(g, 1);
	assert_int_equal(fs->between, FLOODS_HOLD_BYTES_MAX);
}

/* Behind what a flood shows, and awake; while nobody types there is no need. */
static void
test_who_has_it_goes_ahead(void **state)
{
	struct rig *g = *state;
	struct floods *fs = &g->floods;
	int64_t begin;

	flood_join(fs, &g->m[0].flood);
	turns(g, FLOODS_TURNS);
	floods_shown(fs);
	assert_false(fs->settling);
	fs->calm_from = INT64_MAX;
	turns(g, 1);
	begin = clock_mono_us();
	fs->crowded_until = 0;
	floods_shown(fs);
	assert_true(fs->settling);
	assert_false(loop_alarm_pending(fs->rest));
	turns(g, 1);
	assert_true(clock_mono_us() - begin >= FLOODS_SHOWN_US - 2);
	assert_false(fs->settling);
	flood_leave(fs, &g->m[0].flood);
}

/* Who lost the processor while awake waits asleep, or not at all. */
static void
test_nobody_waits_awake_on_a_busy_machine(void **state)
{
	struct rig *g = *state;
	struct floods *fs = &g->floods;
	struct flood *by = &g->m[1].flood;

	flood_join(fs, &g->m[0].flood);
	fs->calm_from = INT64_MAX;
	turns(g, 1);
	fs->settling = true;
	fs->not_before = clock_mono_us() - FLOODS_LOST_US - 1;
	turns(g, 1);
	assert_true(fs->crowded_until > fs->not_before + FLOODS_CROWDED_US);
	fs->crowded_until = INT64_MAX;
	floods_shown(fs);
	assert_false(fs->settling);
	assert_false(loop_alarm_pending(fs->rest));
	floods_hold(fs, by);
	floods_release(fs, by);
	assert_false(fs->settling);
	assert_true(loop_alarm_pending(fs->rest));
	turns(g, 1);
	/* And again when it is not. */
	fs->crowded_until = 0;
	floods_shown(fs);
	assert_true(fs->settling);
	flood_leave(fs, &g->m[0].flood);
	assert_false(fs->settling);
}

static void
test_not_held_for_ever(void **state)
{
	struct rig *g = *state;

	floods_hold(&g->floods, NULL);
	assert_false(is_held(g)); /* nobody floods */
	join_all(g);
	floods_hold(&g->floods, NULL);
	assert_int_not_equal(g->floods.not_before, 0);
	turns(g, MEMBERS);
	g->floods.not_before = 0;
	floods_hold(&g->floods, NULL);
	assert_int_equal(g->floods.not_before, 0); /* they hardly moved */
	flow(g);
	floods_hold(&g->floods, NULL);
	assert_int_not_equal(g->floods.not_before, 0);
	turns(g, 1);
}

static void
test_last_one_takes_the_hold_along(void **state)
{
	struct rig *g = *state;

	flood_join(&g->floods, &g->m[0].flood);
	floods_hold(&g->floods, NULL);
	assert_int_not_equal(g->floods.not_before, 0);
	flood_leave(&g->floods, &g->m[0].flood);
	assert_int_equal(g->floods.not_before, 0);
	assert_false(loop_alarm_pending(g->floods.rest));
	flood_leave(&g->floods, &g->m[0].flood);
	assert_int_equal(g->floods.n, 0);
}

/* One that is alone has a whole round, unless it gave little or a key came. */
static void
test_alone_while_nobody_types(void **state)
{
	struct rig *g = *state;

	flood_join(&g->floods, &g->m[0].flood);
	turns(g, 3 * FLOODS_TURNS);
	assert_true(g->floods.calm);
	assert_int_equal(g->left, 3 * FLOODS_TURNS * (FLOODS_TURNS - 1) / 2);
	g->left = 0;
	g->gives = FLOODS_LITTLE - 1;
	turns(g, 3);
	assert_int_equal(g->left, 3 * (FLOODS_TURNS - 1));
	g->left = 0;
	g->gives = 4095;
	floods_hold(&g->floods, NULL);
	g->floods.calm_from = INT64_MAX;
	turns(g, 3 * FLOODS_TURNS);
	assert_false(g->floods.calm);
	assert_int_equal(g->left, 0);
	flood_leave(&g->floods, &g->m[0].flood);
}

/* The turns that it has alone may be one; others have theirs in between. */
static void
test_one_turn_may_be_all_of_a_round(void **state)
{
	struct rig *g = *state;

	g->m[0].goes_on = g->m[1].goes_on = true;
	flood_join(&g->floods, &g->m[0].flood);
	turns(g, 3);
	assert_int_equal(g->m[0].further, 3 * (FLOODS_TURNS - 1));
	assert_int_equal(g->floods.left, 0);
	/* It gave little: the round is over, and with it the next turn. */
	g->gives = FLOODS_LITTLE - 1;
	turns(g, 3);
	assert_int_equal(g->m[0].further, 3 * (FLOODS_TURNS - 1));
	assert_true(loop_alarm_pending(g->floods.rest));
	g->gives = 4095;
	g->floods.calm_from = INT64_MAX;
	turns(g, 3);
	assert_int_equal(g->m[0].further, 3 * (FLOODS_TURNS - 1));
	g->floods.calm_from = 0;
	flood_join(&g->floods, &g->m[1].flood);
	turns(g, 4);
	assert_int_equal(g->m[0].further, 3 * (FLOODS_TURNS - 1));
	assert_int_equal(g->m[1].further, 0);
	for (unsigned i = 0; i < 2; i++)
		flood_leave(&g->floods, &g->m[i].flood);
}

/* Whether the next round is that of one who stands in nobody's way. */
static bool
next_is_calm(struct rig *g)
{
	turns(g, FLOODS_TURNS);
	return g->floods.calm;
}

/* The key that began a flood has its echo: the flood. Others do not. */
static void
test_its_own_key_does_not_count(void **state)
{
	struct rig *g = *state;
	struct floods *fs = &g->floods;
	const struct flood *own = &g->m[0].flood, *other = &g->m[1].flood;

	floods_hold(fs, own);
	fs->calm_from = INT64_MAX;
	flood_join(fs, &g->m[0].flood);
	assert_true(next_is_calm(g));
	floods_shown(fs);
	assert_false(fs->settling);
	/* Two floods: one of them has not been typed into. */
	flood_join(fs, &g->m[1].flood);
	turns(g, 2);
	assert_true(fs->typed);
	flood_leave(fs, &g->m[1].flood);
	fs->moved = 0;
	floods_hold(fs, other);
	fs->calm_from = INT64_MAX;
	assert_false(next_is_calm(g));
	/* Somebody else's may still be on its way. */
	floods_hold(fs, own);
	fs->calm_from = INT64_MAX;
	assert_false(next_is_calm(g));
	fs->calm_from = 0;
	floods_hold(fs, own);
	fs->calm_from = INT64_MAX;
	assert_true(next_is_calm(g));
	flood_leave(fs, &g->m[0].flood);
}

static void
test_a_key_is_remembered(void **state)
{
	struct rig *g = *state;
	int64_t before = clock_mono_us();

	floods_hold(&g->floods, NULL);
	assert_in_range(g->floods.calm_from, before + FLOODS_TYPING_US,
	    clock_mono_us() + FLOODS_TYPING_US);
}

/* How long a hundred turns of one that is alone take. */
static int64_t
hundred_us(struct rig *g)
{
	int64_t begin = clock_mono_us();

	turns(g, 100);
	return clock_mono_us() - begin;
}

/* Nobody rests because somebody types. */
static void
test_goes_on_while_somebody_types(void **state)
{
	const int64_t rests = 99 * (FLOODS_REST_US - 2);
	struct rig *g = *state;
	unsigned tries = 0;

	flood_join(&g->floods, &g->m[0].flood);
	g->floods.calm_from = INT64_MAX;
	/* A busy machine may take as long for nothing, but not each time. */
	while (hundred_us(g) >= rests)
		assert_in_range(++tries, 1, 100);
	g->gives = FLOODS_LITTLE - 1;
	turns(g, 1);
	assert_true(hundred_us(g) >= rests);
	flood_leave(&g->floods, &g->m[0].flood);
}

/* Somebody presses a key while many flood, at each place of a round. */
struct press {
	struct rig *rig;
	int fd[2];
	unsigned at;   /* the turn in which it is pressed */
	unsigned seen; /* turns there had been when the loop came to it */
};

static struct press press;

static size_t
press_turn_cb(void *arg)
{
	if (press.rig->turns + 1 == press.at)
		assert_int_equal(write(press.fd[1], "k", 1), 1);
	return rig_turn_cb(arg);
}

static void
press_seen_cb(int fd, short what, void *arg)
{
	char key;

	(void)what;
	(void)arg;
	assert_int_equal(read(fd, &key, 1), 1);
	press.seen = press.rig->turns;
	loop_stop(press.rig->loop);
}

static void
test_a_key_waits_for_one_round(void **state)
{
	static struct member crowd[CROWD];
	struct rig *g = *state;
	struct loop_watch *w;
	unsigned most = 0;

	press = (struct press){ .rig = g };
	assert_int_equal(pipe(press.fd), 0);
	w = loop_watch_new(g->loop, press.fd[0], LOOP_READ, press_seen_cb,
	    NULL);
	for (unsigned i = 0; i < CROWD; i++) {
		crowd[i] = (struct member){ .rig = g,
			.flood = { .turn = press_turn_cb, .arg = &crowd[i] } };
		flood_join(&g->floods, &crowd[i].flood);
	}
	for (unsigned i = 0; i < 2 * FLOODS_TURNS; i++) {
		press.at = g->turns + FLOODS_TURNS + i;
		turns(g, 100 * CROWD);
		assert_true(press.seen >= press.at);
		if (press.seen - press.at > most)
			most = press.seen - press.at;
	}
	/* The rest of the round; that it is one was seen as well. */
	assert_in_range(most, 1, FLOODS_TURNS - 1);
	/* What docs/stream.md states, in pages. */
	assert_int_equal(FLOODS_TURNS * 4096, 32768);
	for (unsigned i = 0; i < CROWD; i++)
		flood_leave(&g->floods, &crowd[i].flood);
	loop_watch_free(w);
	(void)close(press.fd[0]);
	(void)close(press.fd[1]);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(test_each_has_its_turn),
		T(test_one_leaves_in_its_turn),
		T(test_alone_while_nobody_types),
		T(test_one_turn_may_be_all_of_a_round),
		T(test_its_own_key_does_not_count),
		T(test_a_key_is_remembered),
		T(test_goes_on_while_somebody_types),
		T(test_held_until_the_echo),
		T(test_keys_take_a_share),
		T(test_holds_in_vain_are_rarer),
		T(test_who_has_it_goes_ahead),
		T(test_nobody_waits_awake_on_a_busy_machine),
		T(test_a_key_waits_for_one_round),
		T(test_held_for_a_while),
		T(test_held_while_it_rests),
		T(test_not_held_for_ever),
		T(test_last_one_takes_the_hold_along),
	};

	return CHECK_RUN("flood", tests);
}
