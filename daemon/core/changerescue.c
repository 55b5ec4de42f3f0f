/* SPDX-License-Identifier: MIT */
/*
 * A name for what is about to be taken back. Whoever was cut off behind it asks
 * again, and finds a tree that git has half brought back already. Invariant:
 * what had the name before is reachable from it afterwards.
 */
#include "daemon/core/changeop.h"
#include "lib/arena.h"

static void
name(struct wt_op *op, const char *commit)
{
	const struct change *c = op->own;
	/* An empty old value: only where there is none. */
	const char *const argv[] = { "update-ref", "--", c->rescue, commit,
		c->rescued != NULL ? c->rescued : "", NULL };

	wt_git(op, op->top, argv, NULL, c->named);
}

static void
joined_cb(struct wt_op *op, const struct git_result *r)
{
	if (r->status != 0)
		change_of(op)->named(op, r);
	else
		name(op, change_line(op, r));
}

static void
join(struct wt_op *op)
{
	const struct change *c = op->own;
	const char *const argv[] = { "-c", "user.name=rdv", "-c",
		"user.email=rdv@localhost", "commit-tree", "-p", c->rescue_made,
		"-p", c->rescued, "-m", "left once more",
		arena_printf(op->arena, "%s^{tree}", c->rescue_made), NULL };

	wt_git(op, op->top, argv, NULL, joined_cb);
}

static void
earlier_cb(struct wt_op *op, const struct git_result *r)
{
	struct change *c = op->own;

	if (r->status > 1 || r->status < 0) {
		c->named(op, r);
		return;
	}
	c->rescued = r->status == 0 ? change_line(op, r) : NULL;
	if (c->rescued != NULL && !change_same(c->rescued, c->rescue_made))
		join(op);
	else
		name(op, c->rescue_made);
}

void
change_rescue(struct wt_op *op, const char *as, const char *commit,
    wt_git_fn *next)
{
	struct change *c = op->own;
	const char *const ref =
	    arena_printf(op->arena, "refs/rdv/rescue/%s-%s", c->row.id, as);
	const char *const argv[] = { "rev-parse", "--quiet", "--verify", ref,
		NULL };

	c->rescue = ref;
	c->rescue_made = commit;
	c->named = next;
	wt_git(op, op->top, argv, NULL, earlier_cb);
}
