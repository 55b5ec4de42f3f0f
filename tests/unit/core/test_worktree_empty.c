/* SPDX-License-Identifier: MIT */
/*
 * The trash is emptied: on demand, and when its time is over. Only what was put
 * there is deleted, as much as may be, and what was begun is not given back.
 */
#include "tests/unit/check.h"

#include <string.h>

#include "daemon/core/worktreefix.h"
#include "daemon/core/worktreeop.h"
#include "daemon/store/db.h"
#include "lib/arena.h"
#include "lib/clock.h"
#include "lib/err.h"
#include "tests/unit/core/kit.h"
#include "tests/unit/core/live.h"

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
	clock_shift(0, 31LL * 86400000);
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
	clock_shift(0, 31LL * 86400000);
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

/* Cut short by a crash: begun, and it is neither old nor in the list. */
static void
abuse_G20_what_was_begun_is_ended(void **state)
{
	struct outcome w = in_the_trash("begun");
	struct arena *a = arena_new();
	struct store_worktree row = row_of(a, w.id);
	struct tx *tx;

	(void)state;
	tidy();
	assert_true(live_exists(place(&w)));
	row.ending = true;
	tx = tx_begin(live.app.db);
	assert_int_equal(store_worktree_change(tx, &row), 0);
	tx_commit(tx, NULL, NULL);
	db_settle(live.app.db);
	arena_free(a);
	tidy();
	kit_state_is(w.id, "removed");
	assert_false(live_exists(place(&w)));
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
	clock_shift(0, 31LL * 86400000);
	tidy();
	clock_shift(0, 0);
	assert_true(live_exists(place(&w)));
	o = kit_empty(w.id);
	kit_ok(&o);
	assert_false(live_exists(place(&w)));
}

static int
all(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, live_setup, live_teardown)
	const struct CMUnitTest tests[] = {
		T(what_is_there_is_known),
		T(emptied_it_is_gone),
		T(abuse_F11_only_what_was_put_there),
		T(abuse_G23_a_round_deletes_so_much),
		T(abuse_G20_what_was_begun_is_ended),
		T(without_git_only_who_asks_gets_it_emptied),
	};

	return CHECK_RUN("core/worktree_empty", tests);
}

int
main(int argc, char **argv)
{
	return live_main(argc, argv, all);
}
