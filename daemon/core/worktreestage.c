/* SPDX-License-Identifier: MIT */
/*
 * Staging and unstaging. It is how a conflict is resolved, too, so an operation
 * that is open does not stand against it; but the sides of a conflict are not
 * thrown away for a wish that does not name it.
 */
#include "daemon/core/worktreechangeop.h"
#include "lib/err.h"

static void
changed_cb(struct wt_op *op, const struct git_result *r)
{
	if (r->status != 0)
		wt_fail_git(op, r);
	else
		wt_change_done(op);
}

static bool
has_wish(struct wt_op *op)
{
	const struct wt_change *ch = op->own;

	if ((ch->wish.names != NULL) != ch->wish.all)
		return true;
	wt_fail(op, RDV_E_INVALID, "paths: either names or `all`");
	return false;
}

static void
stage(struct wt_op *op)
{
	if (has_wish(op))
		wt_change_stage(op, changed_cb);
}

/* With a path, as a reset without one ends a merge that is open. */
static void
unstage(struct wt_op *op)
{
	static const char *const all[] = { "reset", "--quiet", "--", ".",
		NULL };
	static const char *const named[] = { "reset", "--quiet", NULL };
	const struct wt_change *ch = op->own;

	if (!has_wish(op))
		return;
	if (!ch->wish.all)
		wt_change_names(op, named, changed_cb);
	else if (ch->conflicts > 0)
		wt_change_midway(op);
	else
		wt_git(op, op->at, all, NULL, changed_cb);
}

void
worktree_stage(struct worktrees *w, const struct worktree_who *who,
    const struct worktree_change *change, worktree_changed_fn *cb, void *arg)
{
	struct wt_change *ch = wt_change_new(w, who, change, cb, arg)->own;

	ch->act = "stage";
	ch->begin = stage;
}

void
worktree_unstage(struct worktrees *w, const struct worktree_who *who,
    const struct worktree_change *change, worktree_changed_fn *cb, void *arg)
{
	struct wt_change *ch = wt_change_new(w, who, change, cb, arg)->own;

	ch->act = "unstage";
	ch->begin = unstage;
}
