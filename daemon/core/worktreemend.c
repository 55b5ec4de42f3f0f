/* SPDX-License-Identifier: MIT */
/*
 * A worktree whose directory was deleted behind git's back. git still has its
 * HEAD and its index, with all that was staged, so it is not made anew: it is
 * told which one it is, and git fills it from the index. That it is on the way
 * is written down before a file comes, because a tree that is half filled looks
 * like one in which somebody has deleted files; and no sooner than it is known
 * that it can come, or files that somebody does delete would come back.
 *
 * Invariant: a file that is there is never written over.
 */
#include "daemon/core/worktreespace.h"

#include <string.h>

#include "daemon/app.h"
#include "daemon/core/worktreeask.h"
#include "daemon/core/worktreeop.h"
#include "lib/arena.h"
#include "lib/err.h"
#include "lib/path.h"

struct mending {
	worktree_mend_fn *cb;
	void *arg;
	const char *id, *why;
	const struct git_fact *there, *place, *room;
	enum worktree_mended what;
};

static void
mend_fail(struct wt_op *op, int err, const char *why)
{
	struct mending *m = op->own;

	m->cb(err, WORKTREE_GONE, why, m->arg);
	wt_end(op);
}

static void
mend_answer(struct wt_op *op)
{
	struct mending *m = op->own;

	m->cb(0, m->what, NULL, m->arg);
	wt_end(op);
}

static void
filled_cb(struct wt_op *op, const struct git_result *r)
{
	struct mending *m = op->own;

	/* Without a word: there were files already that are not the index's. */
	if (r->status != 0 && r->err[0] != '\0') {
		wt_fail_git(op, r);
		return;
	}
	m->what = WORKTREE_MENDED;
	op->row.mending = false;
	wt_store(op, false, EV_WORKTREE_RESTORED, mend_answer);
}

/* Without -f: what is there already is somebody's. */
static void
fill(struct wt_op *op)
{
	static const char *const argv[] = { WT_WORKERS, "checkout-index",
		"--all", "--index", "--quiet", NULL };
	const char *const more[] = { op->row.path, NULL };

	wt_git(op, op->row.path, argv, more, filled_cb);
}

static void
unlinked(struct wt_op *op)
{
	const struct mending *m = op->own;

	wt_fail(op, RDV_E_INVALID, "%s", m->why);
}

static void
linked_cb(struct wt_op *op, const struct git_result *r)
{
	struct mending *m = op->own;

	if (wt_fact_of(op, r, &m->why) != NULL) {
		fill(op);
		return;
	}
	/* What is put there later is not to be filled. */
	op->row.mending = false;
	wt_store(op, false, EV_WORKTREE_FAILED, unlinked);
}

static void
mend_noted(struct wt_op *op)
{
	const char *const argv[] = { "relink", op->top, op->row.path, NULL };
	const char *const dirs[] = { op->top, op->row.path, NULL };

	wt_worker_in(op, dirs, argv, linked_cb);
}

static void
room_made(struct wt_op *op)
{
	const struct mending *m = op->own;

	if (m->room->found != GIT_FOUND) {
		wt_fail_fact(op, m->room);
		return;
	}
	op->row.mending = true;
	wt_store(op, false, EV_WORKTREE_MOVING, mend_noted);
}

/* git knows nothing of it: nor does its row from now on. */
static void
forget(struct wt_op *op)
{
	const struct mending *m = op->own;

	if (!wt_absent(m->there)) {
		wt_fail(op, RDV_E_EXISTS, "%s is there, and no worktree of %s",
		    op->row.path, op->top);
		return;
	}
	op->row.state = "removed";
	op->row.cause = "its directory had gone and git had forgotten it";
	wt_store(op, false, EV_WORKTREE_REMOVED, mend_answer);
}

/* Its own .git file is there, whatever else is. */
static bool
is_linked(const struct wt_op *op)
{
	const struct mending *m = op->own;

	return m->place->found == GIT_FOUND &&
	       (m->place->flags & GIT_F_LINKED) != 0 &&
	       strcmp(m->place->text, op->row.path) == 0;
}

static void
mend_listed(struct wt_op *op, const struct wt_entry *e)
{
	struct mending *m = op->own;

	if (is_linked(op) && !op->row.mending) {
		m->what = WORKTREE_WHOLE;
		mend_answer(op);
	} else if (is_linked(op)) {
		if (wt_begins(op))
			fill(op);
	} else if (e->lock != NULL) {
		wt_fail(op, RDV_E_STATE, "%s is missing and locked: %s",
		    op->row.path, e->lock);
	} else {
		m->room = wt_question(op, "room", op->row.path);
		wt_ask(op, room_made);
	}
}

/* What the row says now: the turn in the repository may have been long. */
static void
mend_opened(struct wt_op *op)
{
	const struct mending *m = op->own;
	const struct wt_entry *e;
	int err = store_worktree_get(op->w->app->db, op->arena, op->who.user_id,
	    m->id, &op->row);

	if (err != 0) {
		wt_fail(op, err, "there is no such worktree");
		return;
	}
	e = wt_at(&op->list, op->row.path);
	if (strcmp(op->row.state, "creating") == 0 ||
	    strcmp(op->row.state, "removing") == 0)
		wt_fail(op, RDV_E_BUSY, "%s is being made or moved",
		    op->row.path);
	else if (strcmp(op->row.state, "ready") != 0)
		mend_answer(op);
	else if (e == NULL)
		forget(op);
	else
		mend_listed(op, e);
}

static void
mend_start(struct wt_op *op)
{
	struct mending *m = op->own;
	int err = store_worktree_get(op->w->app->db, op->arena, op->who.user_id,
	    m->id, &op->row);

	/* Never made, and then nothing has to be asked. */
	if (err == RDV_E_NOT_FOUND) {
		mend_answer(op);
		return;
	}
	if (err != 0) {
		wt_fail(op, err, "the database cannot be read");
		return;
	}
	m->there = wt_question(op, "there", op->row.path);
	m->place = wt_question(op, "place", op->row.path);
	wt_open(op, op->row.repo_path, mend_opened);
}

void
worktree_mend(struct worktrees *w, const struct worktree_who *who,
    const char *id, worktree_mend_fn *cb, void *arg)
{
	struct wt_op *op = wt_new(w, who, true, mend_fail);
	struct mending *m = arena_alloc(op->arena, sizeof(*m));

	*m = (struct mending){ .cb = cb,
		.arg = arg,
		.id = arena_strdup(op->arena, id),
		.what = WORKTREE_GONE };
	op->own = m;
	wt_later(op, mend_start);
}
