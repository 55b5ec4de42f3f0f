/* SPDX-License-Identifier: MIT */
/*
 * A worktree goes back to an earlier commit. The commit it leaves gets a name
 * first, and git itself writes the files and moves the branch last, in the one
 * way that spares what is not committed. Invariant: nothing is written over
 * that no name keeps, neither what git does not look at nor what it holds for
 * expendable (abuse G19).
 */
#include "daemon/core/worktreereset.h"

#include <string.h>

#include "daemon/core/complaint.h"
#include "daemon/core/worktreechangeop.h"
#include "daemon/core/worktreediscard.h"
#include "daemon/core/worktreelook.h"
#include "daemon/core/worktreespare.h"
#include "lib/arena.h"
#include "lib/err.h"

/* Against it; the first by force, too: it could not be kept. */
#define HOLDS (WT_NESTED | WT_UNKNOWN | WT_BUSY)

struct reset_op {
	struct worktree_reset wish;
	struct wt_look look;
	bool goes;
};

static struct reset_op *
of(const struct wt_op *op)
{
	const struct wt_change *ch = op->own;

	return ch->more;
}

/* It takes the locks of HEAD and the branch when all is written. */
static void
failed(struct wt_op *op, const struct git_result *r)
{
	struct wt_change *ch = op->own;
	const bool refused = wt_discard_refused(r);
	char text[512];

	if (!refused && strstr(r->err, "/index.lock'") == NULL)
		ch->how.code = WORKTREE_RESET_TORN;
	if (git_complains_of_lock(r, text, sizeof(text))) {
		wt_fail_git(op, r);
		return;
	}
	git_complaint(r, text, sizeof(text));
	wt_fail(op, refused ? RDV_E_DIRTY : RDV_E_STATE, "git: %s", text);
}

static void
reset_cb(struct wt_op *op, const struct git_result *r)
{
	if (r->status == 0)
		wt_change_done(op);
	else
		failed(op, r);
}

static void
move(struct wt_op *op)
{
	const char *const argv[] = { WT_WORKERS, "reset", "--quiet", "--keep",
		of(op)->wish.to, NULL };

	wt_git(op, op->at, argv, NULL, reset_cb);
}

static void
pinned_cb(struct wt_op *op, const struct git_result *r)
{
	if (r->status != 0)
		wt_fail_git(op, r);
	else
		move(op);
}

/* Done twice, after a crash, it is done once. */
static void
pin(struct wt_op *op)
{
	static const char *const argv[] = { "update-ref", "--stdin", NULL };
	const struct worktree_reset *wish = &of(op)->wish;

	op->looks = false;
	if (wish->pin == NULL)
		move(op);
	else
		wt_git_in(op, op->at, argv,
		    arena_printf(op->arena, "update refs/rdv/rescue/%s %s\n",
			wish->pin, wish->from),
		    pinned_cb);
}

static void
tell(struct wt_op *op)
{
	const struct wt_look *look = &of(op)->look;
	struct wt_change *ch = op->own;

	ch->how.staged = look->status.staged;
	ch->how.modified = look->status.modified;
	ch->how.untracked = look->status.untracked;
	ch->cb(0, &ch->how, NULL, ch->arg);
	wt_end(op);
}

static void
spared(struct wt_op *op, const char *name)
{
	if (name != NULL)
		wt_fail(op, RDV_E_DIRTY,
		    "%s is ignored, and would be written over; move it away "
		    "first",
		    name);
	else if (of(op)->goes)
		pin(op);
	else
		tell(op);
}

static void
added_cb(struct wt_op *op, const struct git_result *r)
{
	if (r->status != 0)
		wt_fail_git(op, r);
	else
		wt_spare_ignored(op, r->out, r->outlen, spared);
}

static void
known_cb(struct wt_op *op, const struct git_result *r)
{
	const struct wt_change *ch = op->own;
	const char *to = of(op)->wish.to;
	const char *const argv[] = { "diff-tree", "-r", "-z", "--name-only",
		"--no-renames", "--diff-filter=A", ch->status.commit, to, "--",
		NULL };

	if (r->status != 0)
		wt_change_refuse(op, "COMMIT_GONE",
		    arena_printf(op->arena,
			"commit %s, which it stood at, is gone from its "
			"repository",
			to));
	else
		wt_git(op, op->at, argv, NULL, added_cb);
}

static void
ask_target(struct wt_op *op)
{
	const char *const argv[] = { "cat-file", "-e",
		arena_printf(op->arena, "%s^{commit}", of(op)->wish.to), NULL };

	wt_git(op, op->at, argv, NULL, known_cb);
}

static bool
is_dirty(const struct wt_look *look)
{
	return (look->reasons & (WT_DIRTY | WT_UNTRACKED)) != 0;
}

static void
looked(struct wt_op *op)
{
	const struct wt_look *look = &of(op)->look;
	struct wt_change *ch = op->own;
	struct wt_look held = *look;

	held.reasons &= of(op)->wish.force ? WT_NESTED : HOLDS;
	held.notes = 0;
	if (held.reasons == WT_BUSY)
		ch->how.code = WORKTREE_RESET_RUNS;
	if (held.reasons != 0)
		wt_fail(op, held.reasons == WT_BUSY ? RDV_E_BUSY : RDV_E_STATE,
		    "%s", worktree_reasons(op->arena, &held));
	else if (look->hidden)
		wt_fail(op, RDV_E_STATE,
		    "git is told not to look at some of its files; end that "
		    "first (git update-index --really-refresh)");
	else if (look->modules && is_dirty(look))
		wt_fail(op, RDV_E_STATE,
		    "it has submodules and changes that are not committed, "
		    "which cannot be kept; commit them first");
	else
		ask_target(op);
}

static bool
same(const char *a, const char *b)
{
	return a != NULL && b != NULL && strcmp(a, b) == 0;
}

static void
begin(struct wt_op *op)
{
	const struct wt_change *ch = op->own;
	struct reset_op *r = of(op);

	/* Nor that a commit is gone has been said by one that was killed. */
	op->looks = true;
	if (ch->under_way != NULL || ch->conflicts > 0)
		wt_change_midway(op);
	else if (!same(ch->status.branch, r->wish.branch))
		wt_change_refuse(op, "OTHER_BRANCH",
		    arena_printf(op->arena, "%s is on %s, not on branch %s",
			op->at,
			ch->status.branch != NULL ? ch->status.branch
						  : "no branch",
			r->wish.branch));
	else if (ch->status.commit == NULL)
		wt_fail(op, RDV_E_STATE, "there is no commit yet");
	else if (r->goes)
		ask_target(op);
	else
		worktree_look(op, &r->look, true, looked);
}

static void
start(struct worktrees *w, const struct worktree_who *who,
    const struct worktree_reset *wish, bool goes, worktree_changed_fn *cb,
    void *arg)
{
	const struct worktree_change change = { .tree = wish->tree,
		.head = wish->from };
	struct wt_op *op = wt_change_new(w, who, &change, cb, arg);
	struct reset_op *r = arena_alloc(op->arena, sizeof(*r));
	struct wt_change *ch = op->own;
	struct arena *a = op->arena;

	r->wish = (struct worktree_reset){
		.branch = arena_strdup(a, wish->branch),
		.from = ch->wish.head,
		.to = arena_strdup(a, wish->to),
		.force = wish->force,
		.pin = wish->pin != NULL ? arena_strdup(a, wish->pin) : NULL,
	};
	r->goes = goes;
	ch->more = r;
	ch->act = "reset";
	ch->begin = begin;
}

void
worktree_reset_look(struct worktrees *w, const struct worktree_who *who,
    const struct worktree_reset *wish, worktree_changed_fn *cb, void *arg)
{
	start(w, who, wish, false, cb, arg);
}

void
worktree_reset_go(struct worktrees *w, const struct worktree_who *who,
    const struct worktree_reset *wish, worktree_changed_fn *cb, void *arg)
{
	start(w, who, wish, true, cb, arg);
}
