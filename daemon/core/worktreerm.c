/* SPDX-License-Identifier: MIT */
/*
 * Taking a worktree away, and bringing it back. What holds anything that git
 * could not give back goes into the trash as it is, by git's own move; nothing
 * here deletes a directory, except git itself one that it finds clean.
 *
 * In the trash its HEAD is detached, so that the branch is free for another
 * worktree; coming back it takes the branch again if that has not moved.
 */
#include <string.h>

#include "daemon/app.h"
#include "daemon/core/run.h"
#include "daemon/core/worktreeask.h"
#include "daemon/core/worktreeend.h"
#include "daemon/core/worktreelook.h"
#include "daemon/core/worktreemove.h"
#include "daemon/core/worktreeop.h"
#include "daemon/core/worktreepin.h"
#include "daemon/core/worktreeremove.h"
#include "lib/arena.h"
#include "lib/clock.h"
#include "lib/err.h"
#include "lib/path.h"

struct moving {
	worktree_moved_fn *cb;
	void *arg;
	const char *path; /* as it was given */
	const char *id;	  /* of the row to restore */
	bool force;
	const struct git_fact *there; /* what it was moved from */
	const struct git_fact *back;  /* where it is to be restored */
	struct wt_look look;
	bool known;	    /* there is a row of it already */
	bool keep;	    /* into the trash, not out of the world */
	bool noted;	    /* a row tells that it is moving */
	wt_step_fn *finish; /* git has moved it, the row does not say so yet */
	bool leaving;	    /* for the trash or for good, not coming back */
	int err;
	const char *why;
};

static void
move_answer(struct wt_op *op, int err, const char *why)
{
	struct moving *m = op->own;
	struct worktree_moved moved = {
		.path = op->row.path,
		.branch = op->row.branch,
		.trash_id = m->keep ? op->row.id : NULL,
		.reasons = m->look.reasons,
		.notes = m->look.notes,
	};

	m->cb(err, &moved, why, m->arg);
	wt_end(op);
}

static void
move_failed(struct wt_op *op)
{
	struct moving *m = op->own;

	move_answer(op, m->err, m->why);
}

static void
move_unpinned(struct wt_op *op)
{
	const struct moving *m = op->own;

	op->row.state = m->leaving ? "ready" : "trashed";
	op->row.cause = m->why;
	wt_store(op, false, EV_WORKTREE_FAILED, move_failed);
}

/* Where it was before, if it is still there whole; else that is found out. */
static void
move_seen(struct wt_op *op)
{
	const struct moving *m = op->own;

	if ((m->there->flags & GIT_F_THERE) == 0) {
		worktrees_reconcile(op->w);
		move_failed(op);
	} else if (m->leaving) {
		wt_unpin(op, move_unpinned);
	} else {
		move_unpinned(op);
	}
}

static void
move_undo(struct wt_op *op)
{
	struct moving *m = op->own;
	const char *from = m->leaving ? op->row.path : op->row.trash_path;

	if (wt_at(&op->list, from) == NULL) {
		worktrees_reconcile(op->w);
		move_failed(op);
		return;
	}
	m->there = wt_question(op, "there", from);
	wt_ask(op, move_seen);
}

/*
 * Moved: what failed is a nicety, and the outcome stands. Not moved, as git
 * says: the row says again what it said. Otherwise, and without the helper,
 * nothing is known, and the row stays in flight until it is.
 */
static void
move_fail(struct wt_op *op, int err, const char *why)
{
	struct moving *m = op->own;

	if (m->finish != NULL && err != RDV_E_UNAVAILABLE) {
		m->finish(op);
		return;
	}
	if (m->err == 0) {
		m->err = err;
		m->why = arena_strdup(op->arena, why);
		if (m->noted && err != RDV_E_UNAVAILABLE) {
			op->at = op->top;
			wt_relist(op, move_undo);
			return;
		}
	}
	if (m->noted)
		worktrees_reconcile(op->w);
	move_answer(op, m->err, m->why);
}

static void
removed(struct wt_op *op)
{
	move_answer(op, 0, NULL);
}

static void
store_removed(struct wt_op *op)
{
	struct moving *m = op->own;

	m->noted = false;
	/* From here on a failure is the store's and is told as one. */
	m->finish = NULL;
	op->row.state = m->keep ? "trashed" : "removed";
	op->row.cause = NULL;
	wt_store(op, false, EV_WORKTREE_REMOVED, removed);
}

static void
detach_cb(struct wt_op *op, const struct git_result *r)
{
	/* Then the branch stays taken; nothing is lost by that. */
	(void)r;
	store_removed(op);
}

static void
removed_cb(struct wt_op *op, const struct git_result *r)
{
	struct moving *m = op->own;
	/* Not `checkout --detach`, which would look at all the files. */
	const char *const argv[] = { "update-ref", "--no-deref", "HEAD",
		op->here->commit, NULL };

	if (r->status != 0) {
		wt_fail_git(op, r);
		return;
	}
	m->finish = store_removed;
	op->at = m->keep ? op->row.trash_path : op->top;
	if (m->keep && op->here->branch != NULL && op->here->commit != NULL)
		wt_git(op, op->at, argv, NULL, detach_cb);
	else
		store_removed(op);
}

static void
remove_pinned(struct wt_op *op)
{
	wt_move(op, op->at, op->row.trash_path, removed_cb);
}

static void
remove_noted(struct wt_op *op)
{
	struct moving *m = op->own;
	/* Without force: git looks once more, as worktree_look() does. */
	const char *const drop[] = { "-c", "core.ignoreCase=false", "worktree",
		"remove", "--", op->at, NULL };
	const char *const more[] = { path_parent(op->arena, op->at), NULL };

	m->noted = true;
	if (!m->keep)
		wt_git(op, op->top, drop, more, removed_cb);
	/* As long as git can still say what the tree stands on. */
	else if (m->look.gitdir != NULL)
		wt_pin(op, m->look.gitdir, remove_pinned);
	else
		remove_pinned(op);
}

/* A rename does not leave its mount; beside it there is always room. */
static const char *
trash_path(const struct wt_op *op, const char *id)
{
	if (op->near_trash)
		return arena_printf(op->arena, "%s/%s", op->trash, id);
	return arena_printf(op->arena, "%s/.rdv-trash-%s",
	    path_parent(op->arena, op->at), id);
}

static int
find_row(struct wt_op *op)
{
	struct moving *m = op->own;
	char id[UUID_TEXT];
	int err = store_worktree_at(op->w->app->db, op->arena, op->who.user_id,
	    op->at, &op->row);

	m->known = err == 0;
	if (err == RDV_E_NOT_FOUND) {
		uuid_v7(id);
		op->row = (struct store_worktree){
			.id = arena_strdup(op->arena, id),
			.user_id = op->who.user_id,
			.repo_path = op->top,
			.path = op->at,
			.state = "ready",
			.created_at = clock_wall_ms(),
		};
		err = 0;
	}
	return err;
}

static void
remove_weighed(struct wt_op *op)
{
	const struct moving *m = op->own;

	wt_store(op, !m->known, EV_WORKTREE_MOVING, remove_noted);
}

static void
remove_looked(struct wt_op *op)
{
	struct moving *m = op->own;
	int err;

	/* git took its time to look. */
	if (runs_busy_under(op->w->app->runs, op->at))
		m->look.reasons |= WT_BUSY;
	/* One that lies in it would move along, and git no longer find it. */
	if (m->look.reasons != 0 &&
	    (!m->force || (m->look.reasons & WT_NESTED) != 0)) {
		op->row.path = op->at;
		wt_fail(op, RDV_E_DIRTY, "%s",
		    worktree_reasons(op->arena, &m->look));
		return;
	}
	err = find_row(op);
	if (err != 0 || strcmp(op->row.state, "ready") != 0 ||
	    wt_in_flight(op->w, op, op->who.uid, op->at, NULL)) {
		wt_fail(op, err != 0 ? err : RDV_E_STATE,
		    "%s is being made or moved", op->at);
		return;
	}
	m->leaving = true;
	/* Deleted is only what git can give back to the last byte. */
	m->keep = m->force || m->look.reasons != 0 ||
		  m->look.status.ignored > 0 || m->look.hidden ||
		  m->look.modules || (m->look.notes & WT_DETACHED) != 0;
	op->row.branch = op->here->branch;
	op->row.mending = false;
	op->row.state = "removing";
	/* No session begins there from now on (worktree_leaves). */
	op->leaves = true;
	if (m->keep) {
		op->row.trash_path = trash_path(op, op->row.id);
		op->row.holds = m->look.reasons | m->look.notes;
		wt_weigh(op, op->at, remove_weighed);
	} else {
		remove_weighed(op);
	}
}

/* By the row: op->at is the repository when git has to stand elsewhere. */
bool
worktree_leaves(const struct worktrees *w, uid_t uid, const char *path)
{
	const struct wt_op *op;

	TAILQ_FOREACH (op, &w->ops, link)
		if (op->leaves && op->who.uid == uid &&
		    path_is_under(op->row.path, path))
			return true;
	return false;
}

static void
remove_opened(struct wt_op *op)
{
	struct moving *m = op->own;

	if (op->at == op->top)
		wt_fail(op, RDV_E_INVALID,
		    "%s is the main work tree; it is never removed", op->at);
	else if (worktree_in_trash(op, op->at))
		wt_fail(op, RDV_E_INVALID, "%s is in the trash", op->at);
	else
		worktree_look(op, &m->look, true, remove_looked);
}

static void
remove_start(struct wt_op *op)
{
	struct moving *m = op->own;

	op->keeps = true;
	wt_open(op, m->path, remove_opened);
}

static struct wt_op *
move_new(struct worktrees *w, const struct worktree_who *who,
    worktree_moved_fn *cb, void *arg)
{
	struct wt_op *op = wt_new(w, who, true, move_fail);
	struct moving *m = arena_alloc(op->arena, sizeof(*m));

	m->cb = cb;
	m->arg = arg;
	op->own = m;
	return op;
}

void
worktree_remove(struct worktrees *w, const struct worktree_who *who,
    const char *path, bool force, worktree_moved_fn *cb, void *arg)
{
	struct wt_op *op = move_new(w, who, cb, arg);
	struct moving *m = op->own;

	m->path = arena_strdup(op->arena, path);
	m->force = force;
	wt_later(op, remove_start);
}

static void
restored(struct wt_op *op)
{
	struct moving *m = op->own;

	m->keep = false;
	move_answer(op, 0, NULL);
}

static void
store_restored(struct wt_op *op)
{
	struct moving *m = op->own;

	m->noted = false;
	m->finish = NULL;
	op->row.state = "ready";
	op->row.cause = NULL;
	op->row.mending = false;
	wt_store(op, false, EV_WORKTREE_RESTORED, restored);
}

static void
restore_attached(struct wt_op *op)
{
	wt_unpin(op, store_restored);
}

static void
restored_cb(struct wt_op *op, const struct git_result *r)
{
	struct moving *m = op->own;

	if (r->status != 0) {
		wt_fail_git(op, r);
		return;
	}
	m->finish = store_restored;
	wt_attach(op, op->here, restore_attached);
}

static void
restore_noted(struct wt_op *op)
{
	struct moving *m = op->own;

	m->noted = true;
	wt_move(op, op->row.trash_path, op->row.path, restored_cb);
}

static void
restore_opened(struct wt_op *op)
{
	const struct moving *m = op->own;

	/* Something else may have taken the place meanwhile. */
	if (m->back->found != GIT_FOUND) {
		wt_fail_fact(op, m->back);
		return;
	}
	op->here = wt_at(&op->list, op->row.trash_path);
	if (op->here == NULL) {
		wt_fail(op, RDV_E_NOT_FOUND,
		    "git no longer knows the worktree in %s",
		    op->row.trash_path);
		return;
	}
	/* As on the way in: whoever settles it asks git where it is. */
	op->row.state = "removing";
	wt_store(op, false, EV_WORKTREE_MOVING, restore_noted);
}

static void
restore_start(struct wt_op *op)
{
	struct moving *m = op->own;
	int err = store_worktree_get(op->w->app->db, op->arena, op->who.user_id,
	    m->id, &op->row);

	if (err == 0 &&
	    (strcmp(op->row.state, "trashed") != 0 || op->row.ending ||
		wt_in_flight(op->w, op, op->who.uid, NULL, m->id)))
		err = RDV_E_NOT_FOUND;
	if (err != 0) {
		wt_fail(op, err, "there is no such worktree in the trash");
		return;
	}
	m->back = wt_question(op, "new", op->row.path);
	wt_open(op, op->row.repo_path, restore_opened);
}

void
worktree_restore(struct worktrees *w, const struct worktree_who *who,
    const char *id, worktree_moved_fn *cb, void *arg)
{
	struct wt_op *op = move_new(w, who, cb, arg);
	struct moving *m = op->own;

	m->id = arena_strdup(op->arena, id);
	wt_later(op, restore_start);
}
