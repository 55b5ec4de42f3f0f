/* SPDX-License-Identifier: MIT */
/*
 * The way back: repositories of a reset that could not be done in whole go to
 * where they were, and where even that cannot be done the cause says what
 * stands where. Invariant: only what was moved, or may have been, is touched.
 */
#include "daemon/core/resetstate.h"

#include <string.h>

#include "daemon/app.h"
#include "daemon/core/worktreereset.h"
#include "daemon/store/db.h"
#include "lib/arena.h"
#include "lib/err.h"

static void back_next(struct reset *r);
static void mend(struct reset *r);

static void
answered(struct reset *r)
{
	reset_answer(r, r->err, r->why);
}

static void
returned(struct reset *r)
{
	const char *state =
	    r->row.cause == NULL && r->err == 0 ? "undone" : "failed";
	struct tx *tx = reset_tx(r, state, r->why, true);

	if (strcmp(state, "undone") == 0)
		(void)store_turns_undrop(tx, r->row.id);
	reset_store(r, tx, answered);
}

static void
back_stays(struct reset *r, const char *why)
{
	r->err = r->err != 0 ? r->err : RDV_E_STATE;
	reset_add_why(r, arena_printf(r->arena, "it stays at %s: %s",
			     reset_part(r)->row.to_head, why));
	r->i++;
	back_next(r);
}

static void
back_stored(struct reset *r)
{
	r->i++;
	back_next(r);
}

/*
 * Nobody can be asked, or git's lock is there. Somebody's git is soon done: the
 * others go on meanwhile, and this one later.
 */
static bool
waits(struct reset *r, int err, const char *why)
{
	if (err == RDV_E_UNAVAILABLE) {
		reset_later(r, err, why);
	} else if (err == RDV_E_BUSY) {
		r->late = reset_keep(r, why);
		reset_note_moved(r, true, back_stored);
	}
	return err == RDV_E_UNAVAILABLE || err == RDV_E_BUSY;
}

/* Its files are not to be those of another commit than it stays at. */
static void
mend_and_stay(struct reset *r, const char *why)
{
	r->stays = reset_keep(r, why);
	mend(r);
}

static void
reset_back_cb(int err, const struct worktree_changed *how, const char *why,
    void *arg)
{
	struct reset *r = arg;

	reset_note_torn(r, err, how);
	if (waits(r, err, why))
		return;
	if (reset_same(how->code, WORKTREE_RESET_TORN))
		mend_and_stay(r, why);
	else if (err == RDV_E_DIRTY && reset_part(r)->torn && !r->cleared)
		mend(r);
	else if (err != 0 ||
		 !reset_same(how->head, reset_part(r)->row.from_head))
		back_stays(r, why != NULL ? why : "HEAD has moved meanwhile");
	else
		reset_note_moved(r, false, back_stored);
}

/* Wherever it goes, somebody is told of it. */
static void
note_mended(struct reset *r, const char *id)
{
	struct store_reset_repo *row = &reset_part(r)->row;

	reset_add_why(r, arena_printf(r->arena,
			     "what was in the way can be restored (%s)", id));
	/* What was discarded before the move is named by the cause. */
	if (row->discard_id == NULL)
		row->discard_id = reset_keep(r, id);
}

static void
bring_back_noted(struct reset *r)
{
	const struct store_reset_repo *row = &reset_part(r)->row;
	struct worktree_reset wish =
	    reset_wish_of(r, row->to_head, row->from_head);

	wish.pin = NULL;
	worktree_reset_go(r->s->app->worktrees, &r->who, &wish, reset_back_cb,
	    r);
}

static void
bring_back(struct reset *r)
{
	reset_note_begun(r, bring_back_noted);
}

static void
stay(struct reset *r)
{
	back_stays(r, r->stays);
}

static void
reset_mended_cb(int err, const struct worktree_changed *how, const char *why,
    void *arg)
{
	struct reset *r = arg;
	const bool is_back = reset_same(r->head, reset_part(r)->row.from_head);

	if (waits(r, err, why))
		return;
	if (err != 0 && !reset_same(how->code, "NOTHING_TO_DISCARD")) {
		back_stays(r, why);
		return;
	}
	if (err == 0)
		note_mended(r, how->id);
	reset_part(r)->torn = false;
	if (r->stays != NULL) {
		reset_note_whole(r);
		reset_note_moved(r, true, stay);
	} else if (is_back) {
		reset_note_moved(r, false, back_stored);
	} else {
		bring_back(r);
	}
}

/*
 * It was cut off while git wrote files, before or after it moved the branch, or
 * git has failed there; whose they are nobody can tell.
 */
static void
mend(struct reset *r)
{
	const struct worktree_change change = {
		.tree = reset_part(r)->row.path, .head = r->head, .all = true
	};

	r->cleared = true;
	worktree_discard(r->s->app->worktrees, &r->who, &change,
	    reset_mended_cb, r);
}

/*
 * It was clean when this daemon looked, and git has refused, which it does
 * before it writes: so this has come since, and is somebody's.
 */
static void
spare(struct reset *r)
{
	if (r->err != 0)
		reset_add_why(r,
		    "what is not committed in it was left as it is");
	reset_note_moved(r, false, back_stored);
}

static void
go_back(struct reset *r, const struct worktree_changed *how)
{
	const struct store_reset_repo *row = &reset_part(r)->row;

	r->head = reset_keep(r, how->head);
	r->cleared = false;
	r->stays = NULL;
	if (reset_same(r->head, row->to_head))
		bring_back(r);
	else if (!reset_same(r->head, row->from_head))
		back_stays(r, "HEAD has moved meanwhile");
	else if (reset_files(how) > 0 && !reset_part(r)->torn)
		spare(r);
	else if (reset_files(how) > 0)
		mend(r);
	else
		reset_note_moved(r, false, back_stored);
}

static void
reset_back_look_cb(int err, const struct worktree_changed *how, const char *why,
    void *arg)
{
	struct reset *r = arg;

	if (waits(r, err, why))
		return;
	if (err != 0)
		back_stays(r, why);
	else
		go_back(r, how);
}

static void
back_next(struct reset *r)
{
	struct worktree_reset wish;

	while (r->i < r->n && !reset_part(r)->row.moved)
		r->i++;
	if (r->i == r->n) {
		if (r->late != NULL)
			reset_later(r, RDV_E_BUSY, r->late);
		else
			returned(r);
		return;
	}
	wish = reset_wish_of(r, NULL, reset_part(r)->row.from_head);
	wish.force = true;
	worktree_reset_look(r->s->app->worktrees, &r->who, &wish,
	    reset_back_look_cb, r);
}

static void
back(struct reset *r)
{
	r->i = 0;
	back_next(r);
}

static void check_next(struct reset *r);

/* It stays as it is: nothing was touched. */
static void
keep_done(struct reset *r, int err, const char *why)
{
	struct tx *tx = reset_tx(r, "done", NULL, true);

	r->err = err;
	reset_add_why(r, why);
	reset_store_parts(r, tx);
	reset_store(r, tx, answered);
}

/* Git was told, and it is not as it was before that. */
static bool
is_under_way(struct reset *r, const struct worktree_changed *how)
{
	return reset_part(r)->torn &&
	       (reset_files(how) > 0 ||
		   reset_same(how->head, reset_part(r)->row.from_head));
}

static void
reset_check_cb(int err, const struct worktree_changed *how, const char *why,
    void *arg)
{
	struct reset *r = arg;

	if (reset_is_later(r, err)) {
		reset_later(r, err, why);
	} else if (err != 0) {
		r->code = reset_keep(r, how->code);
		keep_done(r, err, why);
	} else if (is_under_way(r, how)) {
		back(r);
	} else if (!reset_same(how->head, reset_part(r)->row.to_head)) {
		r->code = "HEAD_MOVED";
		/* Of git nothing lies there, or it would be under way. */
		reset_note_whole(r);
		keep_done(r, RDV_E_STATE, "HEAD has moved since");
	} else if (reset_files(how) > 0) {
		keep_done(r, RDV_E_DIRTY, "something is not committed");
	} else {
		reset_note_whole(r);
		r->i++;
		check_next(r);
	}
}

static void
check_look(struct reset *r, worktree_changed_fn *cb)
{
	struct worktree_reset wish =
	    reset_wish_of(r, NULL, reset_part(r)->row.from_head);

	/* Nobody has said that a process in it does not matter. */
	wish.force = r->resumed;
	worktree_reset_look(r->s->app->worktrees, &r->who, &wish, cb, r);
}

/* All of them, before the first is touched. */
static void
check_next(struct reset *r)
{
	while (r->i < r->n && !reset_part(r)->row.moved)
		r->i++;
	if (r->i == r->n) {
		back(r);
		return;
	}
	check_look(r, reset_check_cb);
}

static void torn_next(struct reset *r);

/* What stands against one of them is for the look at all of them to say. */
static void
reset_torn_cb(int err, const struct worktree_changed *how, const char *why,
    void *arg)
{
	struct reset *r = arg;

	if (reset_is_later(r, err)) {
		reset_later(r, err, why);
	} else if (err == 0 && is_under_way(r, how)) {
		back(r);
	} else {
		if (err == 0)
			reset_note_whole(r);
		r->i++;
		torn_next(r);
	}
}

/*
 * Those that git was told of come first: a way back that one of them is on is
 * not refused for what another has become meanwhile.
 */
static void
torn_next(struct reset *r)
{
	while (r->i < r->n &&
	       !(reset_part(r)->row.moved && reset_part(r)->torn))
		r->i++;
	if (r->i < r->n) {
		check_look(r, reset_torn_cb);
	} else {
		r->i = 0;
		check_next(r);
	}
}

/* By the rows: git has been told, and has ended. */
static bool
any_is_back(const struct reset *r)
{
	for (size_t i = 0; i < r->n; i++)
		if (r->parts[i].row.begun && !r->parts[i].row.moved)
			return true;
	return false;
}

void
reset_back(struct reset *r)
{
	r->i = 0;
	if (r->row.cause == NULL && !any_is_back(r))
		torn_next(r);
	else
		back_next(r);
}
