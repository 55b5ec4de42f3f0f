/* SPDX-License-Identifier: MIT */
/*
 * Subscribers as cursors: exact continuation from any number (abuse O09), only
 * what is durable, only what one may see, woken once per turn, and cheap in the
 * thousands.
 */
#include "tests/unit/check.h"

#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/event/event.h"
#include "daemon/event/retain.h"
#include "daemon/loop.h"
#include "daemon/store/db.h"
#include "daemon/store/outbox.h"
#include "lib/clock.h"
#include "lib/err.h"
#include "lib/js.h"
#include "lib/xalloc.h"
#include "tests/unit/store/fx.h"

#define ANN "00000000-0000-7000-8000-00000000000a"
#define BOB "00000000-0000-7000-8000-00000000000b"

static struct event_bus *bus;

static int
setup(void **state)
{
	struct fx *fx;

	if (fx_setup(state) != 0)
		return -1;
	fx = *state;
	bus = event_bus_new(fx->loop, fx->db);
	return bus != NULL ? 0 : -1;
}

static int
teardown(void **state)
{
	event_bus_free(bus);
	bus = NULL;
	return fx_teardown(state);
}

struct sub {
	struct event_sub *s;
	unsigned wakes;
	bool woken;
};

static void
wake_cb(void *arg)
{
	struct sub *s = arg;

	s->wakes++;
	s->woken = true;
}

static void
subscribe(struct sub *s, const char *user, int64_t since)
{
	memset(s, 0, sizeof *s);
	s->s = event_subscribe(bus, user, since, wake_cb, s);
	assert_non_null(s->s);
}

static void
emit(struct fx *fx, const char *user, int n)
{
	struct tx *tx = tx_begin(fx->db);
	char subject[16];

	for (int i = 0; i < n; i++) {
		(void)snprintf(subject, sizeof subject, "s%d", i);
		event_emit(tx, EV_SESSION_UPDATED, user, subject, NULL);
	}
	tx_commit(tx, NULL, NULL);
}

static void
emit_durably(struct fx *fx, const char *user, int n)
{
	emit(fx, user, n);
	db_settle(fx->db);
}

/* Pulls all there is; the numbers must follow one another from `first`. */
static int
pull_all(struct sub *s, int64_t first)
{
	struct event ev;
	int n = 0;

	while (event_next(s->s, &ev) == 1) {
		assert_int_equal(ev.seq, first + n);
		n++;
	}
	return n;
}

static void
an_event_has_what_was_said(void **state)
{
	struct fx *fx = *state;
	struct js *body = js_object();
	struct event ev;
	struct sub s;
	struct tx *tx;

	subscribe(&s, ANN, -1);
	js_add_str(body, "name", "caf\xc3\xa9");
	tx = tx_begin(fx->db);
	event_emit(tx, EV_FOLDER_CREATED, ANN, "f1", body);
	tx_commit(tx, NULL, NULL);
	fx_until(fx, &s.woken);
	assert_int_equal(event_next(s.s, &ev), 1);
	assert_int_equal(ev.seq, 1);
	assert_int_equal(ev.kind, EV_FOLDER_CREATED);
	assert_string_equal(ev.user_id, ANN);
	assert_string_equal(ev.subject, "f1");
	assert_string_equal(ev.body, "{\"name\":\"caf\xc3\xa9\"}");
	assert_true(llabs(clock_wall_ms() - ev.time_ms) < 60000);
	assert_int_equal(event_next(s.s, &ev), 0);
	event_unsubscribe(s.s);
}

static void
every_kind_has_its_row(void **state)
{
	(void)state;
	for (int i = 0; i < EV_KIND_MAX; i++) {
		const struct event_kind_row *k = &event_kinds[i];

		assert_non_null(k->name);
		assert_true(strlen(k->help) > 5);
		assert_memory_equal(k->name, k->topic, strlen(k->topic));
		for (int j = 0; j < i; j++)
			assert_string_not_equal(k->name, event_kinds[j].name);
	}
}

static void
what_was_undone_never_was(void **state)
{
	struct fx *fx = *state;
	struct sub s;
	struct tx *tx;

	subscribe(&s, ANN, -1);
	emit(fx, ANN, 2);
	tx = tx_begin(fx->db);
	event_emit(tx, EV_SYSTEM, ANN, "never", NULL);
	tx_abort(tx);
	emit(fx, ANN, 1);
	db_settle(fx->db);
	/* And its number was given to the next: there is no gap. */
	assert_int_equal(pull_all(&s, 1), 3);
	event_unsubscribe(s.s);
}

static void
abuse_O09_visible_only_to_its_user(void **state)
{
	struct fx *fx = *state;
	struct sub ann, bob, nobody;
	struct event ev;

	subscribe(&ann, ANN, 0);
	subscribe(&bob, BOB, 0);
	subscribe(&nobody, NULL, 0);
	emit_durably(fx, ANN, 3);
	fx_turn(fx);
	assert_int_equal(ann.wakes, 1);
	assert_int_equal(bob.wakes, 0);
	assert_int_equal(event_next(bob.s, &ev), 0);
	assert_int_equal(pull_all(&ann, 1), 3);
	/* Also for one who resumes, and pages through the table. */
	event_unsubscribe(bob.s);
	emit_durably(fx, NULL, 1);
	fx_turn(fx);
	assert_int_equal(nobody.wakes, 1);
	subscribe(&bob, BOB, 0);
	assert_int_equal(event_next(bob.s, &ev), 1);
	assert_int_equal(ev.seq, 4);
	assert_null(ev.user_id);
	assert_int_equal(event_next(nobody.s, &ev), 1);
	assert_int_equal(ev.seq, 4);
	event_unsubscribe(ann.s);
	event_unsubscribe(bob.s);
	event_unsubscribe(nobody.s);
}

static void
one_wake_for_many_events(void **state)
{
	struct fx *fx = *state;
	struct sub s;

	subscribe(&s, ANN, -1);
	emit(fx, ANN, 100);
	emit(fx, ANN, 100);
	fx_until(fx, &s.woken);
	fx_turn(fx);
	assert_int_equal(s.wakes, 1);
	assert_int_equal(pull_all(&s, 1), 200);
	event_unsubscribe(s.s);
}

static void
nothing_before_it_is_durable(void **state)
{
	struct fx *fx = *state;
	struct sub s;

	subscribe(&s, ANN, 0);
	emit(fx, ANN, 1);
	/* Written, but nobody may know. */
	assert_int_equal(pull_all(&s, 1), 0);
	assert_int_equal(event_newest(bus), 0);
	assert_null(event_subscribe(bus, ANN, 1, wake_cb, &s));
	fx_until(fx, &s.woken);
	assert_int_equal(pull_all(&s, 1), 1);
	event_unsubscribe(s.s);
}

static void
abuse_O09_resumes_exactly(void **state)
{
	struct fx *fx = *state;
	struct sub s;

	/* More than the ring holds, so that part comes from the table. */
	for (int i = 0; i < 30; i++)
		emit_durably(fx, ANN, 100);
	for (int64_t since = 0; since <= 3000; since += 375) {
		subscribe(&s, ANN, since);
		assert_int_equal(pull_all(&s, since + 1),
		    event_newest(bus) - since);
		/* Caught up: it goes on with what comes live. */
		emit_durably(fx, ANN, 1);
		assert_int_equal(pull_all(&s, event_newest(bus)), 1);
		event_unsubscribe(s.s);
	}
	/* From the future: refused. */
	assert_null(event_subscribe(bus, ANN, event_newest(bus) + 1, wake_cb,
	    &s));
}

static void
a_reader_may_fall_behind_half_way(void **state)
{
	struct fx *fx = *state;
	struct event ev;
	struct sub s;

	subscribe(&s, ANN, 0);
	emit_durably(fx, ANN, 10);
	for (int i = 1; i <= 5; i++) {
		assert_int_equal(event_next(s.s, &ev), 1);
		assert_int_equal(ev.seq, i);
	}
	/* The ring moves on under it. */
	for (int i = 0; i < 30; i++)
		emit_durably(fx, ANN, 100);
	assert_int_equal(pull_all(&s, 6), 3005);
	event_unsubscribe(s.s);
}

/* Out of a page into the ring, and out of the ring again. */
static void
a_reader_may_fall_behind_twice(void **state)
{
	struct fx *fx = *state;
	struct event ev;
	struct sub s;

	/* The ring begins in the middle of the first page. */
	for (int i = 0; i < 208; i++)
		emit_durably(fx, ANN, 10);
	subscribe(&s, ANN, 0);
	for (int i = 1; i <= 50; i++) {
		assert_int_equal(event_next(s.s, &ev), 1);
		assert_int_equal(ev.seq, i);
	}
	for (int i = 0; i < 30; i++)
		emit_durably(fx, ANN, 100);
	assert_int_equal(pull_all(&s, 51), 2080 + 3000 - 50);
	event_unsubscribe(s.s);
}

static void
history_survives_a_restart(void **state)
{
	struct fx *fx = *state;
	struct sub s;

	emit_durably(fx, ANN, 70);
	event_bus_free(bus);
	fx_close(fx);
	assert_int_equal(fx_open(fx), 0);
	bus = event_bus_new(fx->loop, fx->db);
	assert_int_equal(event_newest(bus), 70);
	subscribe(&s, ANN, 5);
	emit_durably(fx, ANN, 1);
	assert_int_equal(pull_all(&s, 6), 66);
	event_unsubscribe(s.s);
}

/* Deletes the oldest rows as retention would. */
static void
expire(struct fx *fx, int64_t to)
{
	int64_t soon = clock_wall_ms() + 1000;
	const struct store_expiry e = { to, soon, soon, 100000 };
	struct tx *tx = tx_begin(fx->db);

	assert_true(store_events_expire(tx, &e) > 0);
	tx_commit(tx, NULL, NULL);
	db_settle(fx->db);
}

static void
abuse_O09_too_old_says_so(void **state)
{
	struct fx *fx = *state;
	struct event ev;
	struct sub s;

	emit_durably(fx, ANN, 20);
	event_bus_free(bus);
	expire(fx, 10);
	bus = event_bus_new(fx->loop, fx->db);
	assert_int_equal(event_oldest(bus), 11);
	subscribe(&s, ANN, 9);
	assert_int_equal(event_next(s.s, &ev), RDV_E_NOT_FOUND);
	assert_int_equal(ev.seq, 11);
	assert_int_equal(pull_all(&s, 11), 10);
	event_unsubscribe(s.s);
	/* The last one that was deleted is the last one that was seen: fine. */
	subscribe(&s, ANN, 10);
	assert_int_equal(pull_all(&s, 11), 10);
	event_unsubscribe(s.s);
}

static void
the_newest_row_is_never_deleted(void **state)
{
	struct fx *fx = *state;
	struct sub s;

	emit_durably(fx, ANN, 5);
	event_bus_free(bus);
	expire(fx, 1000);
	fx_close(fx);
	assert_int_equal(fx_open(fx), 0);
	bus = event_bus_new(fx->loop, fx->db);
	assert_int_equal(event_oldest(bus), 5);
	assert_int_equal(event_newest(bus), 5);
	subscribe(&s, ANN, -1);
	emit_durably(fx, ANN, 1);
	/* So no number is ever given twice. */
	assert_int_equal(pull_all(&s, 6), 1);
	event_unsubscribe(s.s);
}

static struct sub *victims;

static void
end_all_cb(void *arg)
{
	struct sub *s = arg;

	s->wakes++;
	for (int i = 0; i < 3; i++) {
		event_unsubscribe(victims[i].s);
		victims[i].s = NULL;
	}
	/* One that begins now does not see what is being told. */
	if (victims[3].s == NULL)
		subscribe(&victims[3], ANN, -1);
}

static void
a_wake_may_end_any_of_them(void **state)
{
	struct fx *fx = *state;
	struct sub subs[4] = { { NULL, 0, false } };

	victims = subs;
	for (int i = 0; i < 3; i++)
		subs[i].s = event_subscribe(bus, ANN, -1, end_all_cb, &subs[i]);
	assert_int_equal(event_subscribers(bus), 3);
	emit_durably(fx, ANN, 1);
	fx_turn(fx);
	assert_int_equal(subs[0].wakes + subs[1].wakes + subs[2].wakes, 1);
	assert_int_equal(subs[3].wakes, 0);
	assert_int_equal(event_subscribers(bus), 1);
	event_unsubscribe(subs[3].s);
}

static void
those_of_others_do_not_hold_up_the_loop(void **state)
{
	struct fx *fx = *state;
	struct event ev;
	struct sub s;

	for (int i = 0; i < 50; i++)
		emit_durably(fx, BOB, 100);
	emit_durably(fx, ANN, 1);
	fx_turn(fx);
	subscribe(&s, ANN, 0);
	/* Not in one go: it is told to come again. */
	assert_int_equal(event_next(s.s, &ev), 0);
	for (int i = 0; i < 10 && event_next(s.s, &ev) != 1; i++) {
		s.woken = false;
		fx_until(fx, &s.woken);
	}
	assert_int_equal(ev.seq, 5001);
	event_unsubscribe(s.s);
}

static void
a_thousand_are_cheap(void **state)
{
	struct fx *fx = *state;
	struct sub *subs = xcalloc(1000, sizeof *subs);
	struct mallinfo2 before, after;
	struct event ev;
	size_t each;
	int64_t t0;

	before = mallinfo2();
	for (int i = 0; i < 1000; i++)
		subscribe(&subs[i], ANN, -1);
	after = mallinfo2();
	each = (after.uordblks - before.uordblks) / 1000;
	/* Under a sanitizer these are zero. */
	assert_true(each <= 300);
	t0 = clock_mono_us();
	for (int i = 0; i < 100; i++) {
		emit_durably(fx, ANN, 1);
		for (int j = 0; j < 1000; j++)
			assert_int_equal(event_next(subs[j].s, &ev), 1);
	}
	/* 100,000 deliveries; a second is very generous. */
	assert_true(clock_mono_us() - t0 < 5000000);
	fx_turn(fx);
	for (int j = 0; j < 1000; j++) {
		assert_true(subs[j].wakes > 0);
		event_unsubscribe(subs[j].s);
	}
	free(subs);
}

static void
a_large_body_is_left_out(void **state)
{
	struct fx *fx = *state;
	char *text = xcalloc(1, 100001);
	struct js *body = js_object();
	struct event ev;
	struct sub s;
	struct tx *tx;

	memset(text, 'x', 100000);
	js_add_str(body, "text", text);
	subscribe(&s, ANN, -1);
	tx = tx_begin(fx->db);
	event_emit(tx, EV_SYSTEM, ANN, NULL, body);
	tx_commit(tx, NULL, NULL);
	db_settle(fx->db);
	assert_int_equal(event_next(s.s, &ev), 1);
	assert_string_equal(ev.body, "{\"omitted\":true}");
	assert_null(ev.subject);
	event_unsubscribe(s.s);
	free(text);
}

static int64_t oldest_left;

static void
moved_cb(int64_t oldest, void *arg)
{
	oldest_left = oldest;
	*(bool *)arg = oldest == 701;
}

static void
retention_leaves_the_newest_thousand(void **state)
{
	struct fx *fx = *state;
	bool gone = false;
	struct retain_spec spec = { 30LL * 86400000, 0, moved_cb, &gone };
	struct retain *r;

	for (int i = 0; i < 17; i++)
		emit_durably(fx, ANN, 100);
	/* The clock jumps: all of them are a month old now. */
	clock_shift(0, 31LL * 86400000);
	r = retain_new(fx->loop, fx->db, &spec);
	fx_until(fx, &gone);
	fx_turn(fx);
	clock_shift(0, 0);
	retain_free(r);
	assert_int_equal(oldest_left, 701);
	event_bus_free(bus);
	bus = event_bus_new(fx->loop, fx->db);
	assert_int_equal(event_oldest(bus), 701);
	assert_int_equal(event_newest(bus), 1700);
}

static void
retention_leaves_what_is_young(void **state)
{
	struct fx *fx = *state;
	bool gone = false;
	struct retain_spec spec = { 30LL * 86400000, 0, moved_cb, &gone };
	struct retain *r;

	oldest_left = 0;
	for (int i = 0; i < 17; i++)
		emit_durably(fx, ANN, 100);
	r = retain_new(fx->loop, fx->db, &spec);
	fx_turn(fx);
	retain_free(r);
	assert_int_equal(oldest_left, 0);
}

int
main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(an_event_has_what_was_said),
		T(every_kind_has_its_row),
		T(what_was_undone_never_was),
		T(abuse_O09_visible_only_to_its_user),
		T(one_wake_for_many_events),
		T(nothing_before_it_is_durable),
		T(abuse_O09_resumes_exactly),
		T(a_reader_may_fall_behind_half_way),
		T(a_reader_may_fall_behind_twice),
		T(history_survives_a_restart),
		T(abuse_O09_too_old_says_so),
		T(the_newest_row_is_never_deleted),
		T(a_wake_may_end_any_of_them),
		T(those_of_others_do_not_hold_up_the_loop),
		T(a_thousand_are_cheap),
		T(a_large_body_is_left_out),
		T(retention_leaves_the_newest_thousand),
		T(retention_leaves_what_is_young),
	};

	return CHECK_RUN("store/bus", tests);
}
