/* SPDX-License-Identifier: MIT */
/* The order of a turn, and everything that may start one. */
#include "tests/unit/check.h"

#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "daemon/loop.h"
#include "lib/clock.h"

struct trace {
	struct loop *l;
	char text[64];
	size_t n;
	unsigned hooks, stop_after;
	int pipe[2];
	struct loop_timer *timer;
	struct loop_watch *watch;
};

static void
mark(struct trace *t, char c)
{
	assert_true(t->n < sizeof t->text - 1);
	t->text[t->n++] = c;
}

static void
hook(void *arg)
{
	struct trace *t = arg;

	mark(t, '.');
	if (++t->hooks == t->stop_after)
		loop_stop(t->l);
}

static void
second(void *arg)
{
	mark(arg, '2');
}

static void
first(void *arg)
{
	struct trace *t = arg;

	mark(t, '1');
	loop_defer(t->l, second, t);
}

static void
timer(void *arg)
{
	struct trace *t = arg;

	mark(t, 't');
	loop_defer(t->l, first, t);
	mark(t, 'T');
}

static void
start(struct trace *t, unsigned turns)
{
	memset(t, 0, sizeof *t);
	t->l = loop_new();
	t->stop_after = turns;
	loop_at_turn_end(t->l, hook, t);
}

/* Events, what they defer, what that defers, then the hooks. */
static void
order_of_a_turn(void **state)
{
	struct trace t;

	(void)state;
	start(&t, 1);
	t.timer = loop_timer_new(t.l, timer, &t);
	assert_false(loop_timer_pending(t.timer));
	loop_timer_set_us(t.timer, 1);
	assert_true(loop_timer_pending(t.timer));
	loop_run(t.l);
	assert_string_equal(t.text, "tT12.");
	assert_false(loop_timer_pending(t.timer));
	loop_timer_free(t.timer);
	loop_free(t.l);
}

/* Nothing else would ever wake these loops. */
static void
deferred_calls_wake_the_loop(void **state)
{
	struct trace t;

	(void)state;
	start(&t, 1);
	loop_defer(t.l, first, &t);
	loop_run(t.l);
	assert_string_equal(t.text, "12.");
	loop_free(t.l);
}

static void
hook_that_defers(void *arg)
{
	struct trace *t = arg;

	if (t->hooks < 3)
		loop_defer(t->l, second, t);
}

static void
hooks_may_defer(void **state)
{
	struct trace t;

	(void)state;
	start(&t, 3);
	loop_at_turn_end(t.l, hook_that_defers, &t);
	loop_defer(t.l, second, &t);
	loop_run(t.l);
	assert_string_equal(t.text, "2.2.2.");
	loop_free(t.l);
}

static void
again(void *arg)
{
	struct trace *t = arg;

	if (t->hooks < 2)
		loop_defer(t->l, again, t);
}

/* One that always defers itself does not keep turns from ending. */
static void
endless_deferring_lets_others_in(void **state)
{
	struct trace t;

	(void)state;
	start(&t, 3);
	loop_defer(t.l, again, &t);
	loop_run(t.l);
	assert_string_equal(t.text, "...");
	loop_free(t.l);
}

static void
taken_back(void *arg)
{
	struct trace *t = arg;

	mark(t, 'u');
	loop_undefer(t->l, second, t);
}

static void
undefer(void **state)
{
	struct trace t, other;

	(void)state;
	start(&t, 1);
	start(&other, 1);
	loop_defer(t.l, second, &t);
	loop_defer(t.l, second, &other);
	loop_undefer(t.l, second, &t);
	/* Also while the calls are being run. */
	loop_defer(t.l, taken_back, &t);
	loop_defer(t.l, second, &t);
	loop_run(t.l);
	assert_string_equal(t.text, "u.");
	assert_string_equal(other.text, "2");
	loop_free(t.l);
	loop_free(other.l);
}

static void
timers(void **state)
{
	int64_t before = clock_mono_us();
	struct loop_timer *never;
	struct trace t;

	(void)state;
	start(&t, 1);
	t.timer = loop_timer_new(t.l, second, &t);
	never = loop_timer_new(t.l, first, &t);
	loop_timer_set(never, 1);
	loop_timer_clear(never);
	loop_timer_set(t.timer, 1);
	loop_timer_set(t.timer, 20); /* the later call counts */
	loop_run(t.l);
	assert_string_equal(t.text, "2.");
	assert_true(clock_mono_us() - before >= 20000);
	loop_timer_set(t.timer, -5); /* in the past: at once */
	t.stop_after = 2;
	loop_run(t.l);
	assert_string_equal(t.text, "2.2.");
	loop_timer_free(never);
	loop_timer_free(t.timer);
	loop_timer_free(NULL);
	loop_free(t.l);
}

struct wish {
	struct trace *t;
	struct loop_soon *soon, *other;
	unsigned left;
};

static void
wished(void *arg)
{
	struct wish *w = arg;

	mark(w->t, 's');
	if (w->left-- > 0)
		loop_soon_set(w->soon);
}

static void
wished_alone(void *arg)
{
	struct wish *w = arg;

	mark(w->t, 'a');
	loop_soon_clear(w->other);
}

static void
wishes(void *arg)
{
	struct wish *w = arg;

	mark(w->t, 't');
	loop_defer(w->t->l, second, w->t);
	loop_soon_set(w->soon);
	loop_soon_set(w->soon);
}

/* Behind the next turn's events, before what is deferred, once in a turn. */
static void
soon(void **state)
{
	struct trace t;
	struct wish w = { .t = &t, .left = 2 };

	(void)state;
	start(&t, 4);
	w.soon = loop_soon_new(t.l, wished, &w);
	t.timer = loop_timer_new(t.l, wishes, &w);
	loop_timer_set_us(t.timer, 0);
	loop_run(t.l);
	assert_string_equal(t.text, "t2.s.s.s.");
	w.left = 0;
	loop_soon_set(w.soon);
	loop_timer_set_us(t.timer, 0);
	t.stop_after = 5;
	loop_run(t.l);
	assert_string_equal(t.text, "t2.s.s.s.ts2.");
	loop_timer_free(t.timer);
	loop_soon_free(w.soon);
	loop_soon_free(NULL);
	loop_free(t.l);
}

/* Taken back from outside, and by one that is called before it. */
static void
soon_taken_back(void **state)
{
	struct trace t;
	struct wish w = { .t = &t };

	(void)state;
	start(&t, 1);
	w.soon = loop_soon_new(t.l, wished_alone, &w);
	w.other = loop_soon_new(t.l, wished, &w);
	loop_soon_set(w.other);
	loop_soon_clear(w.other);
	loop_soon_clear(w.other);
	loop_soon_set(w.soon);
	loop_soon_set(w.other);
	loop_run(t.l);
	assert_string_equal(t.text, "a.");
	loop_soon_set(w.soon);
	loop_soon_free(w.soon);
	loop_soon_free(w.other);
	loop_free(t.l);
}

static void
alarms(void **state)
{
	int64_t before = clock_mono_us();
	struct loop_alarm *a, *never;
	struct trace t;

	(void)state;
	start(&t, 1);
	a = loop_alarm_new(t.l, second, &t);
	never = loop_alarm_new(t.l, first, &t);
	assert_false(loop_alarm_pending(a));
	loop_alarm_clear(a);
	loop_alarm_set(never, 1);
	loop_alarm_clear(never);
	assert_false(loop_alarm_pending(never));
	loop_alarm_set(a, 1);
	loop_alarm_set(a, 3000); /* the later call counts */
	assert_true(loop_alarm_pending(a));
	loop_run(t.l);
	assert_string_equal(t.text, "2.");
	assert_true(clock_mono_us() - before >= 3000);
	assert_false(loop_alarm_pending(a));
	loop_alarm_set(a, -5); /* in the past: at once */
	t.stop_after = 2;
	loop_run(t.l);
	assert_string_equal(t.text, "2.2.");
	loop_alarm_free(never);
	loop_alarm_free(a);
	loop_alarm_free(NULL);
	loop_free(t.l);
}

static void
readable(int fd, short what, void *arg)
{
	struct trace *t = arg;
	char c;

	assert_int_equal(what, LOOP_READ);
	assert_int_equal(read(fd, &c, 1), 1);
	mark(t, c);
	if (c == 'b')
		loop_watch_disable(t->watch);
}

static void
watches(void **state)
{
	struct trace t;

	(void)state;
	start(&t, 2);
	assert_int_equal(pipe(t.pipe), 0);
	t.watch = loop_watch_new(t.l, t.pipe[0], LOOP_READ, readable, &t);
	assert_int_equal(write(t.pipe[1], "abc", 3), 3);
	loop_run(t.l);
	assert_string_equal(t.text, "a.b.");
	/* Disabled: one turn by hand, and the byte is still there. */
	t.stop_after = 3;
	loop_defer(t.l, second, &t);
	loop_run(t.l);
	assert_string_equal(t.text, "a.b.2.");
	t.stop_after = 4;
	loop_watch_enable(t.watch);
	loop_run(t.l);
	assert_string_equal(t.text, "a.b.2.c.");
	loop_watch_free(t.watch);
	loop_watch_free(NULL);
	(void)close(t.pipe[0]);
	(void)close(t.pipe[1]);
	loop_free(t.l);
}

static void *
thread(void *arg)
{
	loop_wake(arg);
	return NULL;
}

static void
woken_from_a_thread(void **state)
{
	struct loop_wake *w;
	struct trace t;
	pthread_t id;

	(void)state;
	start(&t, 1);
	w = loop_wake_new(t.l, second, &t);
	/* Twice before the loop looks is once. */
	loop_wake(w);
	assert_int_equal(pthread_create(&id, NULL, thread, w), 0);
	assert_int_equal(pthread_join(id, NULL), 0);
	loop_run(t.l);
	assert_string_equal(t.text, "2.");
	t.stop_after = 2;
	assert_int_equal(pthread_create(&id, NULL, thread, w), 0);
	loop_run(t.l);
	assert_int_equal(pthread_join(id, NULL), 0);
	assert_string_equal(t.text, "2.2.");
	loop_wake_free(w);
	loop_wake_free(NULL);
	loop_free(t.l);
}

static void
busy_turns_do_not_sleep(void **state)
{
	struct trace t;

	(void)state;
	start(&t, 3);
	t.timer = loop_timer_new(t.l, second, &t);
	/* A loop that sleeps all the same is woken by this, and tells. */
	loop_timer_set(t.timer, 30000);
	loop_busy_poll(t.l, INT64_C(60000000));
	loop_run(t.l);
	assert_string_equal(t.text, "...");
	/* Over: the next turn is the timer's, not one that found nothing. */
	loop_busy_poll(t.l, 0);
	loop_timer_set(t.timer, 20);
	t.stop_after = 4;
	loop_run(t.l);
	assert_string_equal(t.text, "...2.");
	loop_timer_free(t.timer);
	loop_free(t.l);
}

static void
signals(void **state)
{
	struct trace t;

	(void)state;
	start(&t, 1);
	loop_signal(t.l, SIGUSR1, second, &t);
	assert_int_equal(raise(SIGUSR1), 0);
	loop_run(t.l);
	assert_string_equal(t.text, "2.");
	/* A peer that is gone is an error of write(2), not the end of us. */
	assert_int_equal(pipe(t.pipe), 0);
	(void)close(t.pipe[0]);
	assert_int_equal(write(t.pipe[1], "x", 1), -1);
	(void)close(t.pipe[1]);
	loop_free(t.l);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(order_of_a_turn),
		cmocka_unit_test(deferred_calls_wake_the_loop),
		cmocka_unit_test(hooks_may_defer),
		cmocka_unit_test(endless_deferring_lets_others_in),
		cmocka_unit_test(undefer),
		cmocka_unit_test(timers),
		cmocka_unit_test(soon),
		cmocka_unit_test(soon_taken_back),
		cmocka_unit_test(alarms),
		cmocka_unit_test(watches),
		cmocka_unit_test(woken_from_a_thread),
		cmocka_unit_test(busy_turns_do_not_sleep),
		cmocka_unit_test(signals),
	};

	return CHECK_RUN("loop", tests);
}
