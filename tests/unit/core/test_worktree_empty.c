/* SPDX-License-Identifier: MIT */
/*
 * The trash is emptied: on demand, and when its time is over. Only what was put
 * there is deleted, as much as may be, and what was begun is not given back.
 */
#include "tests/unit/check.h"

#include <string.h>

#include "daemon/core/gc.h"
#include "daemon/core/worktreefix.h"
#include "daemon/core/worktreeop.h"
#include "daemon/core/worktreeremove.h"
#include "daemon/store/db.h"
#include "lib/arena.h"
#include "lib/clock.h"
#include "lib/err.h"
#include "tests/unit/core/kit.h"
#include "tests/unit/core/live.h"

#define DAY   86400000LL
#define MONTH (31 * DAY)

static struct outcome
in_the_trash(const char *branch)
{
	struct outcome w = kit_make(branch), o;

	assert_int_equal(live_sh(w.path, "mkdir -p d/e && touch d/1 d/e/2 3 && "
					 "ln -s .. out && chmod 0 d/e"),
	    0);
	o = kit_drop(w.path, true);
	kit_ok(&o);
	assert_string_equal(o.id, w.id);
	return w;
}

static const char *
place(const struct outcome *w)
{
	return live_path("base/server/trash/%s", w->id);
}

static struct store_worktree
row_of(struct arena *a, const char *id)
{
	struct store_worktree row;

	assert_int_equal(store_worktree_get(live.app.db, a, live.who.user_id,
			     id, &row),
	    0);
	return row;
}

static bool
listed_cb(const struct store_worktree *row, void *arg)
{
	const char **id = arg;

	if (strcmp(row->id, *id) == 0)
		*id = NULL;
	return true;
}

static bool
listed(const char *id)
{
	assert_int_equal(store_worktrees_trash(live.app.db, live.who.user_id,
			     listed_cb, &id),
	    0);
	return id == NULL;
}

static bool
idle(const void *arg)
{
	(void)arg;
	return TAILQ_EMPTY(&live.app.worktrees->ops);
}

static void
tidy(void)
{
	worktreefix_tidy(live.app.worktrees);
	live_wait(idle, NULL);
}

static void
what_is_there_is_known(void **state)
{
	struct outcome w = in_the_trash("known"), o;
	struct arena *a = arena_new();
	struct store_worktree row = row_of(a, w.id);

	(void)state;
	assert_non_null(row.identity);
	assert_int_equal(row.holds & ~WT_UNKNOWN, WT_UNTRACKED);
	/* Into d/e nobody may look. */
	assert_int_equal(row.files, -1);
	assert_true(listed(w.id));
	arena_free(a);
	o = kit_empty(w.id);
	kit_ok(&o);
	w = kit_make("open");
	assert_int_equal(live_sh(w.path, "echo 1 >new"), 0);
	o = kit_drop(w.path, true);
	kit_ok(&o);
	a = arena_new();
	row = row_of(a, w.id);
	/* With .git and the one that came with it. */
	assert_int_equal(row.files, 3);
	assert_true(row.bytes > 0);
	arena_free(a);
	o = kit_empty(w.id);
	kit_ok(&o);
}

static void
emptied_it_is_gone(void **state)
{
	struct outcome w = in_the_trash("gone"), o;

	(void)state;
	o = kit_empty("01900000-0000-7000-8000-000000000000");
	kit_refused(&o, RDV_E_NOT_FOUND, "no such worktree in the trash");
	assert_true(live_exists(place(&w)));
	o = kit_empty(w.id);
	kit_ok(&o);
	kit_state_is(w.id, "removed");
	assert_false(live_exists(place(&w)));
	assert_true(live_exists(live.repo));
	assert_false(listed(w.id));
	assert_string_equal(live_out(live.repo, "git worktree list | wc -l"),
	    "1");
	assert_string_equal(live_out(live.repo, "git branch --list gone"),
	    "  gone");
	assert_string_equal(live_out(live.repo, "git for-each-ref refs/rdv"),
	    "");
	o = kit_restore(w.id);
	kit_refused(&o, RDV_E_NOT_FOUND, "no such worktree in the trash");
	o = kit_empty(w.id);
	kit_refused(&o, RDV_E_NOT_FOUND, "no such worktree in the trash");
}

static void
abuse_F11_only_what_was_put_there(void **state)
{
	struct outcome w = in_the_trash("other"), o;
	const char *at = place(&w);

	(void)state;
	assert_int_equal(live_sh(live.scratch,
			     "mv %s %s.away && mkdir -p %s/d "
			     "&& touch %s/d/1",
			     at, at, at, at),
	    0);
	o = kit_empty(w.id);
	kit_refused(&o, RDV_E_STATE, "it is not what was put there");
	assert_int_equal(live_sh(at, "test -e d/1"), 0);
	/* Nothing of it is gone: it can still come back. */
	assert_true(listed(w.id));
	clock_shift(MONTH, MONTH);
	tidy();
	clock_shift(0, 0);
	assert_int_equal(live_sh(at, "test -e d/1"), 0);
	/* The control. */
	assert_int_equal(live_sh(live.scratch, "rm -r %s && mv %s.away %s", at,
			     at, at),
	    0);
	o = kit_empty(w.id);
	kit_ok(&o);
	assert_false(live_exists(at));
}

static void
abuse_G23_a_round_deletes_so_much(void **state)
{
	struct worktrees *all = live.app.worktrees;
	struct outcome w = in_the_trash("much"), o;
	const struct wt_budget usual = all->sweep;
	int rounds = 0;

	(void)state;
	clock_shift(MONTH, MONTH);
	all->sweep = (struct wt_budget){ 3, UINT64_MAX };
	all->chunk.files = 2;
	for (; rounds < 20 && live_exists(place(&w)); rounds++) {
		tidy();
		/* Half of it is no worktree, and nobody gets that back. */
		o = kit_restore(w.id);
		kit_refused(&o, RDV_E_NOT_FOUND, "no such worktree");
		assert_false(listed(w.id));
	}
	clock_shift(0, 0);
	all->sweep = usual;
	/* Eight, and the directory itself. */
	assert_in_range(rounds, 3, 4);
	kit_state_is(w.id, "removed");
	all->sweep = usual;
}

/* Its row says what a crash or a failure would have left. */
static void
change(const char *id, const char *to, bool ending)
{
	struct arena *a = arena_new();
	struct store_worktree row = row_of(a, id);
	struct tx *tx = tx_begin(live.app.db);

	row.state = to;
	row.ending = ending;
	row.updated_at = clock_wall_ms();
	assert_int_equal(store_worktree_change(tx, &row), 0);
	tx_commit(tx, NULL, NULL);
	db_settle(live.app.db);
	arena_free(a);
}

/* Cut short by a crash: begun, and it is neither old nor in the list. */
static void
abuse_G20_what_was_begun_is_ended(void **state)
{
	struct outcome w = in_the_trash("begun");

	(void)state;
	tidy();
	assert_true(live_exists(place(&w)));
	change(w.id, "trashed", true);
	tidy();
	kit_state_is(w.id, "removed");
	assert_false(live_exists(place(&w)));
}

static void
another_in_its_place(const struct outcome *w)
{
	const char *at = place(w);

	assert_int_equal(live_sh("/", "mv %s %s.away && mkdir %s", at, at, at),
	    0);
}

/* As many as are ended in a round, and none of them can be. */
static void
abuse_G23_what_fails_keeps_nobody(void **state)
{
	struct outcome bad[5], begun, old;
	char name[16];

	(void)state;
	old = in_the_trash("old");
	for (int i = 0; i < 5; i++) {
		(void)snprintf(name, sizeof(name), "bad%d", i);
		bad[i] = in_the_trash(name);
		another_in_its_place(&bad[i]);
		change(bad[i].id, "trashed", true);
	}
	begun = in_the_trash("begun");
	change(begun.id, "trashed", true);
	tidy();
	kit_state_is(begun.id, "trashed");
	clock_shift(MONTH, MONTH);
	tidy();
	clock_shift(0, 0);
	kit_state_is(begun.id, "removed");
	kit_state_is(old.id, "removed");
	kit_state_is(bad[0].id, "trashed");
}

/* Two of them at once, and each has a part of what may go. */
static void
abuse_G23_one_takes_not_all(void **state)
{
	struct worktrees *all = live.app.worktrees;
	const struct wt_budget usual = all->sweep, chunk = all->chunk;
	struct outcome one = in_the_trash("one"), two = in_the_trash("two");

	(void)state;
	all->sweep = (struct wt_budget){ 1000, 2 << 20 };
	all->chunk = (struct wt_budget){ 1000, 1 << 20 };
	all->chunk.files = 400;
	clock_shift(MONTH, MONTH);
	tidy();
	clock_shift(0, 0);
	all->sweep = usual;
	all->chunk = chunk;
	kit_state_is(one.id, "removed");
	kit_state_is(two.id, "removed");
}

static void
ended_cb(int err, const char *why, void *arg)
{
	struct outcome *o = arg;

	o->done = true;
	o->err = err;
	(void)snprintf(o->why, sizeof(o->why), "%s", why != NULL ? why : "");
}

/* Nobody waits for that, and it does not go on for ever. */
static void
what_takes_long_is_told(void **state)
{
	struct worktrees *all = live.app.worktrees;
	const struct wt_budget chunk = all->chunk;
	const int64_t usual = all->destroy_ms;
	struct outcome w = in_the_trash("long"), o = { .done = false }, list;

	(void)state;
	assert_int_equal(live_sh(place(&w), "seq 2000 | xargs touch"), 0);
	all->chunk.files = 1;
	all->destroy_ms = 2000;
	worktree_empty(all, &live.who, w.id, ended_cb, &o);
	list = kit_list(live.repo);
	kit_ok(&list);
	assert_false(o.done);
	live_until(&o.done);
	kit_refused(&o, RDV_E_STATE, "somebody keeps writing");
	kit_state_is(w.id, "trashed");
	all->chunk = chunk;
	all->destroy_ms = usual;
	/* What other tests have left there comes before it. */
	for (int i = 0; i < 3; i++)
		tidy();
	kit_state_is(w.id, "removed");
}

/* Where it was there is nothing, git has lost it, and it is in the trash. */
static void
abuse_G20_what_lies_in_the_trash_is_there(void **state)
{
	struct outcome w = in_the_trash("lost"), gone = in_the_trash("gone");

	(void)state;
	assert_int_equal(live_sh(live.repo,
			     "mv %s %s.away && chmod -R u+rwX %s && "
			     "rm -r %s && git worktree prune && "
			     "mv %s.away %s",
			     place(&w), place(&w), place(&gone), place(&gone),
			     place(&w), place(&w)),
	    0);
	change(w.id, "removing", false);
	change(gone.id, "removing", false);
	worktreefix_settle(live.app.worktrees);
	live_wait(idle, NULL);
	kit_state_is(w.id, "trashed");
	/* The control. */
	kit_state_is(gone.id, "removed");
}

static void
abuse_G23_a_clock_that_jumped_empties_nothing(void **state)
{
	struct outcome w = in_the_trash("young");

	(void)state;
	/* By the wall's clock alone it is a month later. */
	clock_shift(0, MONTH);
	tidy();
	kit_state_is(w.id, "trashed");
	clock_shift(DAY / 24, MONTH + DAY / 24);
	tidy();
	kit_state_is(w.id, "trashed");
	/* The control: it has gone on like that for long enough. */
	clock_shift(2 * DAY, MONTH + 2 * DAY);
	tidy();
	clock_shift(0, 0);
	kit_state_is(w.id, "removed");
}

struct collecting {
	const char *id;
	bool due, done;
};

static void
collected_cb(int err, const struct gc_list *list, const char *why, void *arg)
{
	struct collecting *g = arg;

	(void)why;
	assert_int_equal(err, 0);
	for (size_t i = 0; i < list->n; i++)
		if (list->items[i].id != NULL)
			g->due |= strcmp(list->items[i].id, g->id) == 0;
	g->done = true;
}

/* Whether it is listed, and the same by whoever has it begun. */
static bool
collect(const char *id)
{
	struct collecting look = { .id = id }, begin = look;

	gc_look(live.app.worktrees, &live.who, collected_cb, &look);
	live_until(&look.done);
	gc_begin(live.app.worktrees, &live.who, collected_cb, &begin);
	live_until(&begin.done);
	live_wait(idle, NULL);
	assert_int_equal(begin.due, look.due);
	return begin.due;
}

static void
abuse_G23_nor_does_who_asks_for_it(void **state)
{
	struct outcome w = in_the_trash("asked");

	(void)state;
	assert_false(collect(w.id));
	clock_shift(0, MONTH);
	assert_false(collect(w.id));
	kit_state_is(w.id, "trashed");
	clock_shift(DAY / 24, MONTH + DAY / 24);
	assert_false(collect(w.id));
	kit_state_is(w.id, "trashed");
	/* The control: it has gone on like that for long enough. */
	clock_shift(2 * DAY, MONTH + 2 * DAY);
	assert_true(collect(w.id));
	clock_shift(0, 0);
	kit_state_is(w.id, "removed");
}

static void
without_git_only_who_asks_gets_it_emptied(void **state)
{
	struct outcome w = in_the_trash("pruned"), o;

	(void)state;
	assert_int_equal(live_sh(live.repo,
			     "mv %s %s.away && git worktree prune && "
			     "mv %s.away %s",
			     place(&w), place(&w), place(&w), place(&w)),
	    0);
	clock_shift(MONTH, MONTH);
	tidy();
	clock_shift(0, 0);
	assert_true(live_exists(place(&w)));
	o = kit_empty(w.id);
	kit_ok(&o);
	assert_false(live_exists(place(&w)));
}

static int
setup(void **state)
{
	const int err = live_setup(state);

	/* The first round of an rdvd believes no clock. */
	tidy();
	return err;
}

static int
all(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, live_teardown)
	const struct CMUnitTest tests[] = {
		T(what_is_there_is_known),
		T(emptied_it_is_gone),
		T(abuse_F11_only_what_was_put_there),
		T(abuse_G23_a_round_deletes_so_much),
		T(abuse_G20_what_was_begun_is_ended),
		T(abuse_G23_what_fails_keeps_nobody),
		T(abuse_G23_one_takes_not_all),
		T(what_takes_long_is_told),
		T(abuse_G20_what_lies_in_the_trash_is_there),
		T(abuse_G23_a_clock_that_jumped_empties_nothing),
		T(abuse_G23_nor_does_who_asks_for_it),
		T(without_git_only_who_asks_gets_it_emptied),
	};

	return CHECK_RUN("core/worktree_empty", tests);
}

int
main(int argc, char **argv)
{
	return live_main(argc, argv, all);
}
