/* SPDX-License-Identifier: MIT */
/*
 * Names under refs/rdv end when they are old and their rows say so: not those
 * that are young, needed, or of nothing that rdv knows; a few in one round; and
 * what was begun is gone on with.
 */
#include "tests/unit/check.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "daemon/core/branches.h"
#include "daemon/core/pins.h"
#include "daemon/core/worktreechange.h"
#include "daemon/core/worktreefix.h"
#include "daemon/core/worktreeop.h"
#include "daemon/core/worktreestash.h"
#include "daemon/store/db.h"
#include "daemon/store/pins.h"
#include "lib/clock.h"
#include "lib/err.h"
#include "lib/str.h"
#include "tests/unit/core/kit.h"
#include "tests/unit/core/live.h"

#define MONTH	(31LL * 86400000)
#define UNKNOWN "01900000-0000-7000-8000-000000000000"

/* Good until eight more. */
static const char *__attribute__((format(printf, 1, 2)))
text(const char *fmt, ...)
{
	static char pool[8][4096];
	static unsigned n;
	char *to = pool[n++ % 8];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(to, sizeof pool[0], fmt, ap);
	va_end(ap);
	return to;
}

static bool
idle(const void *arg)
{
	(void)arg;
	return TAILQ_EMPTY(&live.app.worktrees->ops);
}

/* As both clocks go on together; by the wall's alone it is a jump. */
static void
tidy_at(int64_t boot, int64_t shift)
{
	clock_shift(boot, shift);
	worktreefix_tidy(live.app.worktrees);
	live_wait(idle, NULL);
	clock_shift(0, 0);
}

static void
tidy(int64_t shift)
{
	tidy_at(shift, shift);
}

static const char *
refs(void)
{
	return live_out(live.repo, "git for-each-ref --format='%%(refname)' "
				   "refs/rdv | sed s,refs/rdv/,,");
}

static void
branch_cb(int err, const struct branch_done *done, const char *why, void *arg)
{
	struct outcome *o = arg;

	o->done = true;
	o->err = err;
	(void)snprintf(o->why, sizeof o->why, "%s", why != NULL ? why : "");
	if (err == 0 && done->pin != NULL)
		(void)snprintf(o->id, sizeof o->id, "%s", done->pin);
}

/* A branch that was deleted; `id` of the outcome is its pin. */
static struct outcome
deleted(const char *name)
{
	const struct branch_wish wish = {
		.path = live.repo, .name = name, .force = true
	};
	struct outcome o = { .done = false };

	assert_int_equal(live_sh(live.repo, "git branch %s", name), 0);
	branch_delete(live.app.worktrees, &live.who, &wish, branch_cb, &o);
	live_until(&o.done);
	kit_ok(&o);
	return o;
}

static void
changed_cb(int err, const struct worktree_changed *how, const char *why,
    void *arg)
{
	struct outcome *o = arg;

	o->done = true;
	o->err = err;
	(void)snprintf(o->why, sizeof o->why, "%s", why != NULL ? why : "");
	if (err == 0 && how->id != NULL)
		(void)snprintf(o->id, sizeof o->id, "%s", how->id);
}

static struct outcome
discarded(void)
{
	const struct worktree_change wish = { .tree = live.repo, .all = true };
	struct outcome o = { .done = false };

	assert_int_equal(live_sh(live.repo, "echo 1 >>file"), 0);
	worktree_discard(live.app.worktrees, &live.who, &wish, changed_cb, &o);
	live_until(&o.done);
	kit_ok(&o);
	return o;
}

static struct outcome
brought_back(const char *id)
{
	struct outcome o = { .done = false };

	worktree_discard_restore(live.app.worktrees, &live.who, id, changed_cb,
	    &o);
	live_until(&o.done);
	return o;
}

static const char *
dropped(void)
{
	const char *oid = live_out(live.repo,
	    "echo 2 >>file && git stash -q && git rev-parse stash");
	const struct worktree_change wish = { .tree = live.repo, .stash = oid };
	struct outcome o = { .done = false };

	worktree_stash_drop(live.app.worktrees, &live.who, &wish, changed_cb,
	    &o);
	live_until(&o.done);
	kit_ok(&o);
	return text("refs/rdv/stash/%s",
	    live_out(live.repo,
		"git for-each-ref --format='%%(objectname)' refs/rdv/stash"));
}

/* Of a worktree that was emptied out of the trash, with a commit of its own. */
static struct outcome
rescued(void)
{
	struct outcome w = kit_make("alone"), o;

	assert_int_equal(live_sh(w.path, "git checkout -q --detach && "
					 "git commit -q --allow-empty -m x"),
	    0);
	o = kit_drop(w.path, true);
	kit_ok(&o);
	o = kit_empty(w.id);
	kit_ok(&o);
	return w;
}

struct seen {
	bool done, more;
	char list[4096]; /* "due|unknown NAME" each */
};

static void
look_cb(const struct pin_item *items, size_t n, bool more, void *arg)
{
	struct seen *s = arg;
	size_t at = 0;

	for (size_t i = 0; i < n; i++) {
		assert_string_equal(items[i].repo, live.repo);
		at += (size_t)snprintf(s->list + at, sizeof s->list - at,
		    "%s %s\n", items[i].id != NULL ? "due" : "unknown",
		    items[i].name + strlen("refs/rdv/"));
	}
	s->more = more;
	s->done = true;
}

static struct seen
look(int64_t shift)
{
	struct seen s = { .done = false };

	clock_shift(0, shift);
	pins_look(live.app.worktrees, &live.who, look_cb, &s);
	live_until(&s.done);
	clock_shift(0, 0);
	assert_false(s.more);
	return s;
}

static void
what_is_old_goes(void **state)
{
	struct outcome d = discarded(), b = deleted("gone"), w = rescued(), o;
	const char *all, *stash = dropped() + strlen("refs/rdv/");
	struct seen s;

	(void)state;
	all = text("branches/%s/gone\nrescue/%s\nrescue/%s-1\n%s\ntrash/%s/0\n"
		   "trash/%s/index\ntrash/%s/paths",
	    b.id, w.id, w.id, stash, d.id, d.id, d.id);
	assert_string_equal(refs(), all);
	tidy(0);
	assert_string_equal(refs(), all);
	assert_string_equal(look(0).list, "");
	s = look(MONTH);
	assert_string_equal(s.list,
	    text("due branches/%s/gone\ndue rescue/%s\ndue %s\n"
		 "due trash/%s\n",
		b.id, w.id, stash, d.id));
	/* Nothing was touched by that. */
	assert_string_equal(refs(), all);
	tidy(MONTH);
	assert_string_equal(refs(), "");
	assert_string_equal(look(MONTH).list, "");
	o = brought_back(d.id);
	kit_refused(&o, RDV_E_NOT_FOUND, "nothing that was discarded");
}

static void
what_is_needed_stays(void **state)
{
	struct outcome d, w = kit_make("kept"), o;

	(void)state;
	assert_int_equal(live_sh(w.path, "git commit -q --allow-empty -m x && "
					 "echo 1 >new"),
	    0);
	o = kit_drop(w.path, true);
	kit_ok(&o);
	/* git no longer calls it a worktree, so that its time ends nothing. */
	assert_int_equal(live_sh(live.repo,
			     "mv %s %s.away && git worktree prune && "
			     "mv %s.away %s",
			     live_path("base/server/trash/%s", w.id),
			     live_path("base/server/trash/%s", w.id),
			     live_path("base/server/trash/%s", w.id),
			     live_path("base/server/trash/%s", w.id)),
	    0);
	tidy(MONTH);
	assert_true(strstr(refs(), w.id) != NULL);
	/* The control: one that is over goes in the same round. */
	d = discarded();
	tidy(MONTH);
	assert_true(strstr(refs(), w.id) != NULL);
	assert_true(strstr(refs(), d.id) == NULL);
	o = kit_empty(w.id);
	kit_ok(&o);
}

static void
abuse_F11_what_no_row_knows_stays(void **state)
{
	struct outcome d = discarded(), b = deleted("here");
	const char *names = text("branches/" UNKNOWN "/x\nodd\nrescue/" UNKNOWN
				 "-torn\nstash/%s\ntrash/" UNKNOWN
				 "/0\ntrash/%s/0\ntrash/%s/1\n",
	    live_out(live.repo, "git rev-parse HEAD"), d.id, d.id);
	struct seen s;

	(void)state;
	assert_int_equal(live_sh(live.repo,
			     "printf '%%s' '%s' | while read n; do "
			     "git update-ref refs/rdv/$n HEAD || exit 1; done "
			     "&& git symbolic-ref refs/rdv/trash/%s/1 "
			     "refs/heads/main",
			     names, d.id),
	    0);
	s = look(MONTH);
	assert_non_null(strstr(s.list, "unknown branches/" UNKNOWN "/x\n"));
	assert_non_null(strstr(s.list,
	    "unknown odd\nunknown rescue/" UNKNOWN "\nunknown stash/"));
	assert_non_null(strstr(s.list, "unknown trash/" UNKNOWN "\n"));
	/* One of them would take main along. */
	assert_non_null(strstr(s.list, text("unknown trash/%s\n", d.id)));
	tidy(MONTH);
	assert_string_equal(refs(),
	    text("%strash/%s/index\ntrash/%s/paths", names, d.id, d.id));
	/* The control. */
	assert_null(strstr(refs(), b.id));
	assert_int_equal(live_sh(live.repo, "git rev-parse -q --verify main "
					    ">/dev/null"),
	    0);
}

/* Of repositories that are gone there are rows, and they come first. */
static void
abuse_G23_what_is_gone_keeps_nobody(void **state)
{
	struct outcome b = deleted("late");
	struct tx *tx = tx_begin(live.app.db);

	(void)state;
	for (int i = 0; i < 20; i++) {
		const struct store_pin row = { live.who.user_id,
			text("/nowhere/%d", i), "refs/rdv/stash/x", "kept", 1 };

		assert_int_equal(store_pin_put(tx, &row), 0);
	}
	tx_commit(tx, NULL, NULL);
	db_settle(live.app.db);
	tidy(MONTH);
	assert_non_null(strstr(refs(), b.id));
	tidy(MONTH);
	assert_null(strstr(refs(), b.id));
}

/* Its row is another repository's: references were copied. */
static void
what_is_copied_stays(void **state)
{
	struct outcome d = discarded(), w;
	const char *copy = live_path("copy");
	struct worktree_spec spec = kit_spec("there");

	(void)state;
	assert_int_equal(live_sh(live.scratch,
			     "git clone -q %s copy && cd copy && "
			     "git fetch -q origin 'refs/rdv/*:refs/rdv/*'",
			     live.repo),
	    0);
	spec.repo = copy;
	w = kit_create(&spec);
	kit_ok(&w);
	tidy(MONTH);
	assert_string_equal(refs(), "");
	assert_non_null(strstr(live_out(copy, "git for-each-ref refs/rdv"),
	    d.id));
	assert_int_equal(live_sh(live.scratch, "rm -rf copy"), 0);
}

static void
abuse_G23_a_round_ends_so_many(void **state)
{
	char name[16];

	(void)state;
	for (int i = 0; i < 22; i++) {
		(void)snprintf(name, sizeof name, "b%d", i);
		(void)deleted(name);
	}
	tidy(MONTH);
	assert_string_equal(live_out(live.repo,
				"git for-each-ref --format='%%(refname:lstrip="
				"4)' refs/rdv"),
	    "b20\nb21");
	tidy(MONTH);
	assert_string_equal(refs(), "");
}

/* A crash came after the row was stored, and before git had done all of it. */
static void
abuse_G20_what_was_begun_is_ended(void **state)
{
	struct outcome d = discarded(), young = discarded(), o;
	const struct store_pin row = { live.who.user_id, live.repo,
		text("refs/rdv/trash/%s", d.id), "ending", clock_wall_ms() };
	struct tx *tx = tx_begin(live.app.db);

	(void)state;
	assert_int_equal(store_pin_put(tx, &row), 0);
	tx_commit(tx, NULL, NULL);
	db_settle(live.app.db);
	assert_int_equal(live_sh(live.repo,
			     "git update-ref refs/rdv/trash/%s/1-parts HEAD",
			     d.id),
	    0);
	/* Nobody gets half of it. */
	o = brought_back(d.id);
	kit_refused(&o, RDV_E_NOT_FOUND, "nothing that was discarded");
	tidy(0);
	assert_null(strstr(refs(), d.id));
	/* The control: the other one comes back. */
	o = brought_back(young.id);
	kit_ok(&o);
	assert_int_equal(live_sh(live.repo, "git checkout -q file"), 0);
}

/* Of two names the second is in use by another git: neither goes. */
static void
abuse_G20_what_fails_is_tried_again(void **state)
{
	struct outcome b = deleted("locked"), c = deleted("other");
	const char *lock =
	    text("%s/.git/refs/rdv/branches/%s/locked.lock", live.repo, b.id);

	(void)state;
	live_write(lock, "");
	tidy(MONTH);
	assert_non_null(strstr(refs(), b.id));
	assert_int_equal(live_sh(live.scratch, "rm %s", lock), 0);
	tidy(0);
	assert_null(strstr(refs(), b.id));
	tidy(MONTH);
	assert_null(strstr(refs(), c.id));
}

static void
abuse_G23_a_clock_that_jumped_ends_none(void **state)
{
	struct outcome b = deleted("young");

	(void)state;
	tidy_at(0, MONTH);
	assert_non_null(strstr(refs(), b.id));
	tidy_at(3600000, MONTH + 3600000);
	assert_non_null(strstr(refs(), b.id));
	/* The control: it has gone on like that for long enough. */
	tidy_at(2 * 86400000LL, MONTH + 2 * 86400000LL);
	assert_null(strstr(refs(), b.id));
}

static int
setup(void **state)
{
	const int err = live_setup(state);

	/* The first round of an rdvd believes no clock. */
	tidy(0);
	return err;
}

static int
all(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, live_teardown)
	const struct CMUnitTest tests[] = {
		T(what_is_old_goes),
		T(what_is_needed_stays),
		T(abuse_F11_what_no_row_knows_stays),
		T(abuse_G23_a_round_ends_so_many),
		T(abuse_G20_what_was_begun_is_ended),
		T(abuse_G20_what_fails_is_tried_again),
		T(what_is_copied_stays),
		T(abuse_G23_what_is_gone_keeps_nobody),
		T(abuse_G23_a_clock_that_jumped_ends_none),
	};

	return CHECK_RUN("core/worktree_pins", tests);
}

int
main(int argc, char **argv)
{
	return live_main(argc, argv, all);
}
