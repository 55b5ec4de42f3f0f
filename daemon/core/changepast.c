/* SPDX-License-Identifier: MIT */
/*
 * A row that waits for nobody: somebody has ended the rebase or the pick in a
 * terminal, and whoever wants the next one is not sent to end it once more.
 * Invariant: nothing is taken for ended that git has open, that could not be
 * looked at, or whose tree was left in the middle of being written.
 */
#include <string.h>

#include "daemon/app.h"
#include "daemon/core/changeop.h"
#include "lib/err.h"
#include "lib/gitproto.h"

/* The branch tells, as it does for who asks for its end (changefix.c). */
static void
past_branch_cb(struct wt_op *op, const struct git_result *r)
{
	struct change *c = op->own;
	const char *now = r->status == 0 ? change_line(op, r) : NULL;

	/* 1: there is none of that name any more. */
	if (r->status > 1) {
		wt_fail_git(op, r);
		return;
	}
	c->past.state =
	    change_same(now, c->past.branch_before) ? "aborted" : "done";
	c->past.cause = NULL;
	c->past.branch_after = now;
	c->known(op);
}

static void
past_seen(struct wt_op *op)
{
	const struct change *c = op->own;
	const char *const argv[] = { "rev-parse", "--verify", "--quiet",
		"--end-of-options", change_ref(op, c->past.branch), NULL };

	/* The tree was judged before; it may have begun in between. */
	if (c->midway->found != GIT_FOUND || c->midway->text[0] != '\0')
		change_open(op);
	else
		wt_git(op, op->top, argv, NULL, past_branch_cb);
}

void
change_past(struct wt_op *op, wt_step_fn *next)
{
	struct change *c = op->own;
	int err = store_change_at(op->w->app->db, op->arena, op->who.user_id,
	    op->at, &c->past);

	c->known = next;
	if (err != 0 || strcmp(c->past.state, "conflict") != 0 ||
	    change_same(c->past.cause, change_torn))
		change_open(op);
	else
		change_midway(op, op->at, past_seen);
}
