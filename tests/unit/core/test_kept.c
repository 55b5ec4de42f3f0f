/* SPDX-License-Identifier: MIT */
/*
 * The output that is kept for a user: a program of whom there is no room for
 * more waits and loses nothing (abuse H04, I23), each start tells the helper
 * how much there is, and removing some makes room.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "daemon/core/kept.h"
#include "daemon/core/run.h"
#include "daemon/core/runstate.h"
#include "daemon/store/db.h"
#include "daemon/term/talk.h"
#include "daemon/term/term.h"
#include "lib/arena.h"
#include "lib/err.h"
#include "lib/js.h"
#include "tests/unit/check.h"
#include "tests/unit/core/corerig.h"

/* More than pipes and terminals hold, and a multiple of what is written. */
#define PIECE 512
#define MOST  (300 * 1024)

struct writer {
	struct corerig *r;
	struct fake_run *f;
	char run[UUID_TEXT];
	uint64_t written;
};

static void
begin(struct corerig *r, const char *name, struct writer *w)
{
	corerig_create(r, name);
	assert_int_equal(r->err, 0);
	memset(w, 0, sizeof(*w));
	w->r = r;
	(void)snprintf(w->run, sizeof(w->run), "%s",
	    corerig_session(r, r->id)->run_id);
	w->f = corerig_run(r, w->run);
	assert_int_equal(fcntl(w->f->far, F_SETFL, O_NONBLOCK), 0);
}

static struct run *
live(const struct writer *w)
{
	return run_find(w->r->app.runs, w->run);
}

static uint64_t
logged(const struct writer *w)
{
	return term_bytes(run_term(live(w)));
}

/* As fast as it is taken, until the program would wait and so does its run. */
static bool
is_stopped(void *arg)
{
	struct writer *w = arg;
	char piece[PIECE];
	ssize_t n;

	memset(piece, 'x', sizeof(piece));
	while ((n = write(w->f->far, piece, sizeof(piece))) > 0)
		w->written += (uint64_t)n;
	assert_int_equal(errno, EAGAIN);
	assert_true(w->written < 4 * MOST);
	return run_waits_for_room(live(w));
}

/* One piece for each turn. */
static bool
has_half(void *arg)
{
	struct writer *w = arg;
	char piece[PIECE];

	memset(piece, 'y', sizeof(piece));
	if (write(w->f->far, piece, sizeof(piece)) == PIECE)
		w->written += PIECE;
	return w->written >= MOST / 2;
}

static bool
is_logged(void *arg)
{
	const struct writer *w = arg;

	return logged(w) == w->written;
}

static bool
is_gone(void *arg)
{
	return live(arg) == NULL;
}

static bool
has_double(void *arg)
{
	const struct writer *w = arg;

	assert_false(is_stopped(arg));
	return w->written >= 2 * MOST;
}

static void
finish(struct writer *w)
{
	corerig_exit(w->r, w->f, 0);
	corerig_until(w->r, is_gone, w);
	corerig_settle(w->r);
}

/* As the door does it. */
static int
forget(struct corerig *r, const char *run)
{
	struct arena *a = arena_new();
	struct store_run row;
	struct tx *tx;
	uint64_t bytes;
	int err;

	assert_int_equal(store_run_find(r->app.db, a, run, &row), 0);
	tx = tx_begin(r->app.db);
	err = kept_remove(r->app.runs, tx, &row, &bytes);
	if (err == 0) {
		tx_commit(tx, NULL, NULL);
		corerig_settle(r);
		kept_forget(r->app.runs, row.user_id, bytes);
	} else {
		tx_abort(tx);
	}
	arena_free(a);
	return err;
}

static int
setup(void **state)
{
	int err = corerig_setup(state);
	struct corerig *r = *state;

	r->output_max = MOST;
	return err;
}

static void
abuse_I23_output_of_an_account(void **state)
{
	struct corerig *r = *state;
	struct writer first, second;

	begin(r, "first", &first);
	assert_int_equal(first.f->output_bytes, 0);
	corerig_until(r, has_half, &first);
	corerig_until(r, is_logged, &first);
	assert_false(run_waits_for_room(live(&first)));
	finish(&first);
	begin(r, "second", &second);
	/* The helper judges by it. */
	assert_int_equal(second.f->output_bytes, first.written);
	corerig_until(r, is_stopped, &second);
	corerig_settle(r);
	assert_in_range(logged(&second) + first.written, MOST,
	    MOST + 128 * 1024);
	/* What it has written is not all logged, and is not lost. */
	assert_true(logged(&second) < second.written);
	/* Of one that goes on nothing is removed. */
	assert_int_equal(forget(r, second.run), RDV_E_STATE);
	assert_int_equal(forget(r, first.run), 0);
	corerig_until(r, is_logged, &second);
	assert_false(run_waits_for_room(live(&second)));
	/* It is removed once: another time makes no further room. */
	assert_int_equal(forget(r, first.run), 0);
	assert_int_equal(corerig_row(r, first.run)->log_bytes, 0);
	corerig_until(r, is_stopped, &second);
	assert_in_range(logged(&second), MOST, MOST + 128 * 1024);
	/* Its end is no reason to throw the rest away. */
	finish(&second);
	assert_int_equal(corerig_row(r, second.run)->log_bytes, second.written);
}

/* What a run that is recorded wrote stays, by another rdvd and policy too. */
static void
abuse_O13_a_recording_stays(void **state)
{
	struct corerig *r = *state;
	struct writer kept, free;

	r->output_max = 0;
	r->guards = PRIV_G_RECORDED;
	begin(r, "kept", &kept);
	corerig_until(r, has_half, &kept);
	finish(&kept);
	r->guards = 0;
	begin(r, "free", &free);
	corerig_until(r, has_half, &free);
	finish(&free);
	assert_int_equal(forget(r, kept.run), RDV_E_DENIED);
	corerig_daemon_down(r);
	corerig_daemon_up(r);
	assert_int_equal(forget(r, kept.run), RDV_E_DENIED);
	assert_int_equal(corerig_row(r, kept.run)->log_bytes, kept.written);
	assert_int_equal(forget(r, free.run), 0);
	assert_int_equal(corerig_row(r, free.run)->log_bytes, 0);
}

/* Another rdvd knows it from the rows and the record. */
static void
abuse_I23_output_is_counted_anew(void **state)
{
	struct corerig *r = *state;
	struct writer first, second;

	begin(r, "first", &first);
	corerig_until(r, is_stopped, &first);
	corerig_daemon_down(r);
	corerig_daemon_up(r);
	assert_true(run_waits_for_room(live(&first)));
	finish(&first);
	assert_int_equal(corerig_row(r, first.run)->log_bytes, first.written);
	corerig_daemon_down(r);
	corerig_daemon_up(r);
	begin(r, "second", &second);
	assert_int_equal(second.f->output_bytes, first.written);
	assert_true(run_waits_for_room(live(&second)));
	finish(&second);
}

/* A policy that is read again frees who waits, and binds nobody more. */
static void
abuse_I23_a_raised_limit_counts_at_once(void **state)
{
	struct corerig *r = *state;
	struct writer w;

	begin(r, "waits", &w);
	corerig_until(r, is_stopped, &w);
	kept_allow(r->app.runs, geteuid() + 1, 0);
	kept_allow(r->app.runs, live(&w)->uid, MOST / 2);
	assert_true(run_waits_for_room(live(&w)));
	kept_allow(r->app.runs, live(&w)->uid, 2 * MOST);
	assert_false(run_waits_for_room(live(&w)));
	corerig_until(r, is_logged, &w);
	corerig_until(r, is_stopped, &w);
	assert_in_range(logged(&w), 2 * MOST, 2 * MOST + 128 * 1024);
	kept_allow(r->app.runs, live(&w)->uid, 0);
	corerig_until(r, is_logged, &w);
	finish(&w);
}

/* Without a limit it is counted all the same, for a later one. */
static void
no_limit(void **state)
{
	struct corerig *r = *state;
	struct writer w;

	r->output_max = 0;
	begin(r, "free", &w);
	corerig_until(r, has_double, &w);
	corerig_until(r, is_logged, &w);
	finish(&w);
	begin(r, "next", &w);
	assert_true(w.f->output_bytes >= 2 * MOST);
	finish(&w);
}

static bool
is_written(void *arg)
{
	const struct writer *w = arg;

	return talk_size(w->r->app.runs->talks, w->run) > 1000;
}

static struct js *
an_entry(void)
{
	char text[1001];
	struct js *o = js_object();

	memset(text, 'x', 1000);
	text[1000] = '\0';
	js_add_str(o, "content", text);
	return o;
}

/* What is said of the output takes room as the output does. */
static void
abuse_I23_entries_count(void **state)
{
	struct corerig *r = *state;
	struct writer w, next;
	struct talks *talks = r->app.runs->talks;
	struct talk *t;
	int64_t size;

	begin(r, "first", &w);
	assert_int_equal(talk_begin(talks, w.run, &t), 0);
	talk_put(t, 0, an_entry());
	corerig_until(r, is_written, &w);
	size = talk_size(talks, w.run);
	assert_int_equal(kept_bytes(live(&w)), size + w.written);
	finish(&w);
	assert_int_equal(corerig_row(r, w.run)->talk_bytes, size);
	/* One that comes behind its end. */
	talk_put(t, 1, an_entry());
	assert_int_equal(forget(r, w.run), RDV_E_STATE);
	talk_end(t);
	corerig_settle(r);
	size = talk_size(talks, w.run);
	assert_true(size > 2000);
	assert_int_equal(corerig_row(r, w.run)->talk_bytes, size);
	begin(r, "second", &next);
	assert_int_equal(next.f->output_bytes, size + w.written);
	/* Looked at once more, nothing new is said: nothing more counts. */
	assert_int_equal(talk_begin(talks, w.run, &t), 0);
	talk_put(t, 0, an_entry());
	talk_end(t);
	assert_int_equal(kept_bytes(live(&next)), size + w.written);
	assert_int_equal(forget(r, w.run), 0);
	assert_int_equal(kept_bytes(live(&next)), 0);
	assert_int_equal(talk_size(talks, w.run), 0);
	assert_int_equal(corerig_row(r, w.run)->talk_bytes, 0);
	finish(&next);
}

/* Another rdvd: what one that was killed had written down. */
static void
abuse_I23_entries_are_counted_anew(void **state)
{
	struct corerig *r = *state;
	struct writer w, next;
	struct talk *t;
	int64_t size;

	begin(r, "first", &w);
	assert_int_equal(talk_begin(r->app.runs->talks, w.run, &t), 0);
	talk_put(t, 0, an_entry());
	talk_end(t);
	size = talk_size(r->app.runs->talks, w.run);
	corerig_daemon_down(r);
	corerig_daemon_up(r);
	assert_int_equal(talk_begin(r->app.runs->talks, w.run, &t), 0);
	assert_int_equal(kept_bytes(live(&w)), size);
	talk_end(t);
	finish(&w);
	corerig_daemon_down(r);
	corerig_daemon_up(r);
	begin(r, "second", &next);
	assert_int_equal(next.f->output_bytes, size);
	finish(&next);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(abuse_I23_output_of_an_account,
		    setup, corerig_teardown),
		cmocka_unit_test_setup_teardown(
		    abuse_I23_output_is_counted_anew, setup, corerig_teardown),
		cmocka_unit_test_setup_teardown(
		    abuse_I23_a_raised_limit_counts_at_once, setup,
		    corerig_teardown),
		cmocka_unit_test_setup_teardown(abuse_O13_a_recording_stays,
		    setup, corerig_teardown),
		cmocka_unit_test_setup_teardown(abuse_I23_entries_count, setup,
		    corerig_teardown),
		cmocka_unit_test_setup_teardown(
		    abuse_I23_entries_are_counted_anew, setup,
		    corerig_teardown),
		cmocka_unit_test_setup_teardown(no_limit, setup,
		    corerig_teardown),
	};

	return CHECK_RUN("kept", tests);
}
