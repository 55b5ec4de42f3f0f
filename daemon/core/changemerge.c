/* SPDX-License-Identifier: MIT */
/*
 * Merging the branch of a worktree into another one. The merge is made among
 * objects, where it either is clean or was never there; then the branches move,
 * each only from where it was seen. A tree that has the target checked out is
 * brought along by git's own fast-forward, which refuses to write over anything
 * (abuse G19), and moves the branch last: a branch that has moved is done.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/core/branch.h"
#include "daemon/core/changeop.h"
#include "daemon/core/complaint.h"
#include "lib/arena.h"
#include "lib/buf.h"
#include "lib/err.h"
#include "lib/list.h"

#define NAMES_MAX 100 /* of files in conflict that are told */

static void
merge_done(struct wt_op *op)
{
	change_end(op, "done", NULL);
}

static void
followed_cb(struct wt_op *op, const struct git_result *r)
{
	if (r->status != 0)
		wt_fail_git(op, r);
	else
		merge_done(op);
}

static void
brought_cb(struct wt_op *op, const struct git_result *r)
{
	struct change *c = op->own;
	char text[512];

	git_complaint(r, text, sizeof(text));
	/* It takes the locks of HEAD and the branch when all is written. */
	c->refused = strstr(r->err, "overwritten") != NULL ||
		     strstr(r->err, "/index.lock'") != NULL;
	if (r->status != 0)
		change_refuse(op, RDV_E_DIRTY, NULL,
		    "%s cannot be brought along: git: %s", c->row.target_path,
		    text);
	else
		/* Somebody may have switched that tree: the branch tells. */
		change_settle(op);
}

static void
bring_along(struct wt_op *op)
{
	struct change *c = op->own;
	/* What is ignored there is somebody's as well. */
	const char *const argv[] = { WT_WORKERS, "-c",
		"merge.verifySignatures=false", "merge", "--ff-only",
		"--no-stat", "--no-autostash", "--no-overwrite-ignore",
		/* branch.<name>.mergeOptions may wish for these. */
		"--no-squash", "--no-verify-signatures", c->row.target_after,
		NULL };
	const char *const more[] = { c->row.target_path, NULL };

	wt_git(op, c->row.target_path, argv, more, brought_cb);
}

static void
pinned_cb(struct wt_op *op, const struct git_result *r)
{
	if (r->status != 0)
		wt_fail_git(op, r);
	else
		bring_along(op);
}

/* All of the lines or none. */
static void
update(struct wt_op *op, bool target, wt_git_fn *next)
{
	static const char *const argv[] = { "update-ref", "-m", "rdv: merged",
		"--stdin", NULL };
	struct change *c = op->own;
	const char *in = "";

	if (c->merge.squash)
		in = arena_printf(op->arena, "create refs/rdv/rescue/%s %s\n",
		    c->row.id, c->row.branch_before);
	if (target)
		in = arena_printf(op->arena, "%supdate %s %s %s\n", in,
		    change_ref(op, c->row.target), c->row.target_after,
		    c->row.target_before);
	if (target && c->merge.squash)
		in = arena_printf(op->arena, "%supdate %s %s %s\n", in,
		    change_ref(op, c->row.branch), c->row.branch_after,
		    c->row.branch_before);
	wt_git_in(op, op->top, argv, in, next);
}

static void
planned(struct wt_op *op)
{
	struct change *c = op->own;

	if (c->out == NULL)
		update(op, true, followed_cb);
	else if (c->merge.squash)
		update(op, false, pinned_cb);
	else
		bring_along(op);
}

/* From here on a crash is settled by where the branches are. */
static void
plan(struct wt_op *op, const char *commit)
{
	struct change *c = op->own;

	c->row.target_after = commit;
	c->row.branch_after = c->merge.squash ? commit : c->branch_now;
	change_save(op, EV_CHANGE_UPDATED, planned);
}

static void
committed_cb(struct wt_op *op, const struct git_result *r)
{
	if (r->status != 0)
		wt_fail_git(op, r);
	else
		plan(op, change_line(op, r));
}

static void
commit(struct wt_op *op, const char *tree)
{
	struct change *c = op->own;
	const char *argv[12] = { "-c", "i18n.commitEncoding=UTF-8",
		"commit-tree", tree, "-F", "-", "-p", c->target_now };
	const char *message = c->merge.message;

	if (!c->merge.squash) {
		argv[8] = "-p";
		argv[9] = c->branch_now;
	}
	if (message == NULL)
		message = arena_printf(op->arena,
		    c->merge.squash ? "Squash branch '%s' into %s"
				    : "Merge branch '%s' into %s",
		    c->row.branch, c->row.target);
	wt_git_in(op, op->top, argv, arena_printf(op->arena, "%s\n", message),
	    committed_cb);
}

/* "<tree>", and a name for each file in conflict, all NUL-terminated. */
static void
refuse_conflicts(struct wt_op *op, const struct git_result *r)
{
	const char **names =
	    arena_alloc(op->arena, (NAMES_MAX + 1) * sizeof(*names));
	const char *end = r->out + r->outlen;
	struct change *c = op->own;
	size_t n = 0, all = 0;

	for (const char *p = r->out + strlen(r->out) + 1; p < end;
	     p += strlen(p) + 1)
		if (*p != '\0' && all++ < NAMES_MAX)
			names[n++] = arena_strdup(op->arena, p);
	c->conflicts = names;
	change_refuse(op, RDV_E_STATE, CHANGE_CONFLICT,
	    "%s and %s conflict in %zu %s (%s); rebase first", c->row.branch,
	    c->row.target, all, all == 1 ? "file" : "files",
	    n > 0 ? names[0] : "?");
}

static void
tried_cb(struct wt_op *op, const struct git_result *r)
{
	const char *undriven = r->status > 1 ? change_undriven(op, r) : NULL;

	if (r->status == 1)
		refuse_conflicts(op, r);
	else if (undriven != NULL)
		change_refuse(op, RDV_E_STATE, CHANGE_DRIVER, "%s", undriven);
	else if (r->status != 0)
		wt_fail_git(op, r);
	else
		commit(op, arena_strdup(op->arena, r->out));
}

static void
merge_noted(struct wt_op *op)
{
	struct change *c = op->own;
	const char *const argv[] = { "merge-tree", "--write-tree", "-z",
		"--name-only", "--no-messages", c->target_now, c->branch_now,
		NULL };

	if (c->merge.squash)
		commit(op, arena_printf(op->arena, "%s^{tree}", c->branch_now));
	else if (c->behind == 0)
		plan(op, c->branch_now);
	else
		wt_git(op, op->top, argv, NULL, tried_cb);
}

static void
merge_known(struct wt_op *op)
{
	change_note(op, merge_noted);
}

static void
target_free(struct wt_op *op)
{
	struct change *c = op->own;

	if (c->merge.squash || c->behind > 0)
		change_identity(op, merge_known);
	else
		merge_known(op);
}

static void
branch_free(struct wt_op *op)
{
	struct change *c = op->own;
	const struct wt_entry *e = c->out;

	if (e == NULL)
		change_unclaimed(op, target_free);
	else if (e->lock != NULL)
		change_refuse(op, RDV_E_LOCKED, NULL, "%s is locked%s%s",
		    e->path, *e->lock != '\0' ? ": " : "", e->lock);
	else if (e->prunable)
		wt_fail(op, RDV_E_STATE,
		    "%s is checked out in %s, which is missing", c->row.target,
		    e->path);
	else
		change_judge(op, e->path, true, target_free);
}

/* "behind\tahead" */
static void
counted_cb(struct wt_op *op, const struct git_result *r)
{
	struct change *c = op->own;
	char *tab;

	if (r->status != 0) {
		wt_fail_git(op, r);
		return;
	}
	c->behind = strtoll(r->out, &tab, 10);
	c->ahead = strtoll(tab, NULL, 10);
	if (c->ahead == 0)
		change_answer(op, 0, NULL);
	else if (c->merge.squash && c->behind > 0)
		change_refuse(op, RDV_E_STATE, CHANGE_DIVERGED,
		    "%s has %" PRId64 " %s that %s has not; rebase first",
		    c->row.target, c->behind,
		    c->behind == 1 ? "commit" : "commits", c->row.branch);
	else
		change_judge(op, op->at, false, branch_free);
}

static bool
moved(const char *wished, const char *now)
{
	return wished != NULL && strcmp(wished, now) != 0;
}

static void
merge_found(struct wt_op *op)
{
	struct change *c = op->own;
	const char *const argv[] = { "rev-list", "--left-right", "--count",
		arena_printf(op->arena, "%s...%s", c->target_now,
		    c->branch_now),
		"--", NULL };

	if (c->branch_now == NULL)
		wt_fail(op, RDV_E_INVALID, "%s has no commit yet",
		    c->row.branch);
	else if (c->target_now == NULL)
		wt_fail(op, RDV_E_INVALID, "into: there is no branch %s",
		    c->row.target);
	else if (moved(c->merge.branch_at, c->branch_now))
		change_refuse(op, RDV_E_STATE, CHANGE_MOVED, "%s is at %s now",
		    c->row.branch, c->branch_now);
	else if (moved(c->merge.target_at, c->target_now))
		change_refuse(op, RDV_E_STATE, CHANGE_MOVED, "%s is at %s now",
		    c->row.target, c->target_now);
	else
		wt_git(op, op->top, argv, NULL, counted_cb);
}

static void
merge_opened(struct wt_op *op)
{
	struct change *c = op->own;

	c->row.kind = c->merge.squash ? "squash" : "merge";
	c->row.branch = op->here->branch;
	c->row.target = c->merge.into;
	if (c->row.branch == NULL) {
		wt_fail(op, RDV_E_INVALID,
		    "%s is on no branch that could be merged", op->at);
	} else if (strcmp(c->row.branch, c->row.target) == 0) {
		wt_fail(op, RDV_E_INVALID, "into: %s is that branch itself",
		    op->at);
	} else {
		c->out = wt_on(&op->list, c->row.target);
		c->row.target_path = c->out != NULL ? c->out->path : NULL;
		change_heads(op, merge_found);
	}
}

static void
merge_start(struct wt_op *op)
{
	const struct change *c = op->own;

	/* G13: a name, and no option or expression. */
	if (!branch_ok(c->merge.into))
		wt_fail(op, RDV_E_INVALID, "into: is no name of a branch");
	else
		wt_open(op, c->path, merge_opened);
}

void
change_merge(struct worktrees *w, const struct worktree_who *who,
    const struct change_merge *wish, change_fn *cb, void *arg)
{
	struct wt_op *op = change_new(w, who, cb, arg);
	struct change *c = op->own;

	c->path = arena_strdup(op->arena, wish->path);
	c->merge = (struct change_merge){
		.into = arena_strdup(op->arena, wish->into),
		.message = arena_text(op->arena, wish->message),
		.squash = wish->squash,
		.branch_at = arena_text(op->arena, wish->branch_at),
		.target_at = arena_text(op->arena, wish->target_at),
	};
	wt_later(op, merge_start);
}
