/* SPDX-License-Identifier: MIT */
/*
 * The repositories of a reset are moved, one by one, and then the turns are
 * dropped. Each says in its row that it is on its way before git is told.
 * Invariant: what to do next is judged by where git says that HEAD is, never by
 * what was meant to be done; so it does not matter where it was cut off.
 */
#include "daemon/core/resetstate.h"

#include <string.h>

#include "daemon/app.h"
#include "daemon/core/worktreereset.h"
#include "daemon/store/db.h"
#include "lib/arena.h"
#include "lib/err.h"

static void move_next(struct reset *r);
static void clear(struct reset *r);

static void
dropped(struct reset *r)
{
	reset_answer(r, 0, NULL);
}

static void
drop(struct reset *r)
{
	struct tx *tx;

	r->why = NULL;
	for (r->i = 0; r->i < r->n; r->i++)
		if (reset_part(r)->why != NULL)
			reset_add_why(r, reset_part(r)->why);
	tx = reset_tx(r, "done", r->why, true);
	reset_store_parts(r, tx);
	(void)store_turns_drop(tx, &r->row);
	reset_store(r, tx, dropped);
}

static void
later(struct reset *r)
{
	reset_later(r, r->err, r->why);
}

/* What git has refused to begin is not what it was cut off in. */
static void
put_off(struct reset *r, int err, const char *why)
{
	r->err = err;
	r->why = reset_keep(r, why);
	if (err == RDV_E_BUSY)
		reset_note_moved(r, reset_part(r)->row.moved, later);
	else
		later(r);
}

/* The others go back; what was discarded is told, and kept. */
static void
fail(struct reset *r, int err, const char *why)
{
	struct tx *tx;

	if (reset_is_later(r, err)) {
		put_off(r, err, why);
		return;
	}
	r->err = err;
	reset_add_why(r, why);
	for (size_t i = 0; i < r->n; i++)
		if (r->parts[i].row.discard_id != NULL)
			r->why = arena_printf(r->arena,
			    "%s; what was discarded in %s can be restored (%s)",
			    r->why, r->parts[i].row.name,
			    r->parts[i].row.discard_id);
	tx = reset_tx(r, "returning", r->why, false);
	reset_store_parts(r, tx);
	reset_store(r, tx, reset_back);
}

static void
next_part(struct reset *r)
{
	r->i++;
	move_next(r);
}

/*
 * It was clean when it was looked at, so what is in the way git may have half
 * written; whose it is nobody can tell, so all of it is kept.
 */
static bool
is_torn(const struct reset *r)
{
	const struct reset_part *p = &r->parts[r->i];

	return p->torn && p->files > 0 && !r->cleared;
}

/* What git could not delete is told, and is there under its pin as well. */
static void
note_left(struct reset *r, const struct worktree_changed *how)
{
	if (reset_files(how) > 0)
		reset_part(r)->why = arena_printf(r->arena,
		    "git has left %lld files that it could not delete or write",
		    (long long)reset_files(how));
}

static void
reset_gone_cb(int err, const struct worktree_changed *how, const char *why,
    void *arg)
{
	struct reset *r = arg;

	reset_note_torn(r, err, how);
	if (err == RDV_E_DIRTY && is_torn(r)) {
		clear(r);
	} else if (err != 0) {
		fail(r, err, why);
	} else if (!reset_same(how->head, reset_part(r)->row.to_head)) {
		fail(r, RDV_E_STATE, "HEAD has moved meanwhile");
	} else {
		note_left(r, how);
		reset_note_whole(r);
		next_part(r);
	}
}

static void
go_noted(struct reset *r)
{
	const struct store_reset_repo *row = &reset_part(r)->row;
	const struct worktree_reset wish =
	    reset_wish_of(r, row->from_head, row->to_head);

	worktree_reset_go(r->s->app->worktrees, &r->who, &wish, reset_gone_cb,
	    r);
}

static void
go(struct reset *r)
{
	const struct store_reset_repo *row = &reset_part(r)->row;

	if (reset_same(r->head, row->to_head)) {
		/* The branch moves last. */
		reset_note_whole(r);
		next_part(r);
	} else if (!reset_same(r->head, row->from_head)) {
		r->code = "HEAD_MOVED";
		fail(r, RDV_E_STATE, "HEAD has moved meanwhile");
	} else {
		reset_note_begun(r, go_noted);
	}
}

static void
reset_discarded_cb(int err, const struct worktree_changed *how, const char *why,
    void *arg)
{
	struct reset *r = arg;

	/* Only its time differed, or it is gone by now. */
	if (err == RDV_E_STATE && reset_same(how->code, "NOTHING_TO_DISCARD")) {
		go(r);
		return;
	}
	if (err != 0) {
		fail(r, err, why);
		return;
	}
	note_left(r, how);
	reset_part(r)->row.discard_id = reset_keep(r, how->id);
	reset_note_moved(r, reset_part(r)->row.moved, go);
}

/* What is not committed is kept where discards are restored from. */
static void
clear(struct reset *r)
{
	const struct worktree_change change = {
		.tree = reset_part(r)->row.path, .head = r->head, .all = true
	};

	r->cleared = true;
	if (reset_part(r)->files > 0)
		worktree_discard(r->s->app->worktrees, &r->who, &change,
		    reset_discarded_cb, r);
	else
		go(r);
}

static void
reset_again_cb(int err, const struct worktree_changed *how, const char *why,
    void *arg)
{
	struct reset *r = arg;

	if (err != 0) {
		fail(r, err, why);
		return;
	}
	r->head = reset_keep(r, how->head);
	reset_part(r)->files = reset_files(how);
	/* What has come since is somebody's; by force it was to go. */
	if (r->row.force && reset_same(r->head, reset_part(r)->row.from_head) &&
	    !reset_part(r)->row.moved)
		clear(r);
	else
		go(r);
}

/* What was seen before the first was moved is seen again by each step. */
static void
move_next(struct reset *r)
{
	struct worktree_reset wish;

	if (r->i == r->n) {
		drop(r);
		return;
	}
	r->cleared = false;
	if (!r->resumed) {
		r->head = reset_part(r)->row.from_head;
		clear(r);
		return;
	}
	wish = reset_wish_of(r, NULL, reset_part(r)->row.to_head);
	wish.force = true;
	worktree_reset_look(r->s->app->worktrees, &r->who, &wish,
	    reset_again_cb, r);
}

void
reset_move(struct reset *r)
{
	r->i = 0;
	move_next(r);
}
