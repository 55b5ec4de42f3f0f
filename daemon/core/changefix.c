/* SPDX-License-Identifier: MIT */
/*
 * What became of a change that nobody saw the end of: rdvd was killed, or git
 * failed or took too long (abuse G20). The row says where the branches stood
 * and were to stand; git says where they are. A branch that has moved is done,
 * and what then is missing follows; one that has not is not, and its tree is as
 * it was, or torn and told so.
 */
#include <string.h>

#include "daemon/app.h"
#include "daemon/core/changeop.h"
#include "daemon/core/complaint.h"
#include "daemon/core/owner.h"
#include "lib/arena.h"
#include "lib/err.h"
#include "lib/gitproto.h"
#include "lib/log.h"
#include "lib/str.h"

/* What went wrong is told as it was; a wait that ended well is no error. */
static void
fix_end(struct wt_op *op, const char *state, const char *cause)
{
	struct change *c = op->own;

	if (strcmp(state, "done") == 0 || strcmp(state, "aborted") == 0)
		c->err = 0;
	else if (c->err == 0)
		c->err = RDV_E_STATE;
	if (c->why == NULL)
		c->why = cause;
	change_end(op, state, cause);
}

static void
unpinned_cb(struct wt_op *op, const struct git_result *r)
{
	const struct change *c = op->own;

	(void)r;
	fix_end(op, "failed",
	    c->why != NULL ? c->why
			   : "interrupted by a restart; nothing was changed");
}

/* The branch was left at nothing that would need a name. */
static void
undone(struct wt_op *op)
{
	struct change *c = op->own;
	const char *const argv[] = { "update-ref", "-d", "--",
		arena_printf(op->arena, "refs/rdv/rescue/%s", c->row.id),
		c->row.branch_before, NULL };

	c->row.branch_after = c->row.target_after = NULL;
	if (strcmp(c->row.kind, "merge") != 0)
		wt_git(op, op->top, argv, NULL, unpinned_cb);
	else
		unpinned_cb(op, NULL);
}

/* Of a squash the branch comes after its target; it may have moved since. */
static void
rest_cb(struct wt_op *op, const struct git_result *r)
{
	fix_end(op, "done",
	    r->status == 0 ? NULL
			   : "the branch has moved since, and stays there");
}

static void
do_rest(struct wt_op *op)
{
	struct change *c = op->own;
	const char *const argv[] = { "update-ref", "-m", "rdv: squashed", "--",
		change_ref(op, c->row.branch), c->row.branch_after,
		c->row.branch_before, NULL };

	if (change_same(c->branch_now, c->row.branch_before) &&
	    !change_same(c->row.branch_before, c->row.branch_after))
		wt_git(op, op->top, argv, NULL, rest_cb);
	else
		fix_end(op, "done", NULL);
}

const char change_torn[] =
    "interrupted while files were written; abort brings them back";

/* Clean it was before; so what differs was left there in the middle. */
static void
torn_cb(struct wt_op *op, const struct git_result *r)
{
	if (r->status == 0 && r->outlen == 0)
		undone(op);
	else
		fix_end(op, "conflict", change_torn);
}

static void
look_at_tree(struct wt_op *op)
{
	static const char *const argv[] = { "status", "--porcelain=v2", "-z",
		"--untracked-files=no", "--no-renames", NULL };
	struct change *c = op->own;
	const char *const more[] = { c->row.target_path, NULL };

	if (c->row.target_path == NULL || c->refused)
		undone(op);
	else
		wt_git(op, c->row.target_path, argv, more, torn_cb);
}

/* Somebody has committed on top of it meanwhile, or on something else. */
static void
within_cb(struct wt_op *op, const struct git_result *r)
{
	if (r->status == 0)
		do_rest(op);
	else
		undone(op);
}

static void
heads_seen(struct wt_op *op)
{
	struct change *c = op->own;
	const char *const argv[] = { "merge-base", "--is-ancestor",
		c->row.target_after, c->target_now, NULL };

	if (change_same(c->target_now, c->row.target_after))
		do_rest(op);
	else if (c->target_now == NULL ||
		 strcmp(c->target_now, c->row.target_before) == 0)
		look_at_tree(op);
	else
		wt_git(op, op->top, argv, NULL, within_cb);
}

bool
change_is_replay(const struct change *c)
{
	return strcmp(c->row.kind, "rebase") == 0 ||
	       strcmp(c->row.kind, "pick") == 0;
}

/*
 * The branch is where it was: nothing was done, or not in whole. Only where git
 * did not come to its end can what differs be of its making.
 */
static void
replay_still_cb(struct wt_op *op, const struct git_result *r)
{
	const struct change *c = op->own;
	const bool cut = c->cb == NULL || c->err == RDV_E_TIMEOUT || c->written;

	if (c->aborts)
		fix_end(op, "aborted", NULL);
	else if (cut && (r->status != 0 || r->outlen > 0))
		fix_end(op, "conflict", change_torn);
	else if (c->why == NULL && c->cb != NULL)
		fix_end(op, "done", NULL);
	else
		undone(op);
}

static void
replay_heads(struct wt_op *op)
{
	static const char *const argv[] = { "status", "--porcelain=v2", "-z",
		"--untracked-files=no", "--no-renames", NULL };
	struct change *c = op->own;
	const char *const more[] = { c->row.path, NULL };

	c->row.branch_after = c->branch_now;
	if (change_same(c->branch_now, c->row.branch_before))
		wt_git(op, c->row.path, argv, more, replay_still_cb);
	else
		fix_end(op, "done", NULL);
}

/* It waits for whoever asked for it, and that is no failure. */
static void
replay_open(struct wt_op *op)
{
	struct change *c = op->own;
	const char *cause =
	    c->why != NULL ? c->why : "interrupted; continue or abort it";

	c->err = 0;
	change_end(op, "conflict", cause);
}

static void
replay_seen(struct wt_op *op)
{
	struct change *c = op->own;

	if (c->midway->found != GIT_FOUND)
		wt_fail(op, RDV_E_STATE,
		    "whether an operation is open in %s cannot be told",
		    c->row.path);
	else if (c->midway->text[0] != '\0')
		change_unmerged(op, c->row.path, replay_open);
	else
		change_heads(op, replay_heads);
}

/* git's own words name neither the driver nor the file. */
const char *
change_undriven(struct wt_op *op, const struct git_result *r)
{
	const char *const *key = op->configs;

	if (strstr(r->err, "ailed to execute internal merge") == NULL)
		return NULL;
	while (key != NULL && *key != NULL &&
	       !(str_starts(*key, "merge.") && str_ends(*key, ".driver=")))
		key++;
	if (key == NULL || *key == NULL)
		return NULL;
	return arena_printf(op->arena,
	    "%.*s is a program of this repository's, which rdv does not run, "
	    "and without it git merges none of the files it is for; merge "
	    "these by hand, or take that setting away",
	    (int)strlen(*key) - 1, *key);
}

void
change_settle_said(struct wt_op *op, const struct git_result *r)
{
	struct change *c = op->own;
	char text[512];

	git_complaint(r, text, sizeof(text));
	if (r->status != 0) {
		c->err = RDV_E_STATE;
		c->why = change_undriven(op, r);
		c->code = c->why != NULL ? CHANGE_DRIVER : NULL;
		if (c->why == NULL)
			c->why = arena_printf(op->arena, "git: %s", text);
		/* HEAD is locked when the files are there, the index before. */
		c->written = strstr(r->err, "/HEAD.lock'") != NULL;
	}
	change_settle(op);
}

void
change_settle(struct wt_op *op)
{
	struct change *c = op->own;

	c->settling = true;
	if (change_is_replay(c))
		change_midway(op, c->row.path, replay_seen);
	else if (c->row.target_after == NULL)
		undone(op);
	else
		change_heads(op, heads_seen);
}

/* It may have ended while this waited for its turn. */
static void
fix_opened(struct wt_op *op)
{
	struct change *c = op->own;
	struct store_change now;

	if (store_change_at(op->w->app->db, op->arena, c->row.user_id,
		c->row.path, &now) != 0 ||
	    strcmp(now.id, c->row.id) != 0 || strcmp(now.state, "running") != 0)
		wt_end(op);
	else
		change_settle(op);
}

static void
fix_start(struct wt_op *op)
{
	wt_open(op, change_of(op)->row.repo_path, fix_opened);
}

static bool
fix_one_cb(const struct store_change *row, void *arg)
{
	struct worktrees *w = arg;
	struct worktree_who who;
	struct change *c;
	struct wt_op *op;

	if (!owner_may_begin(w->app, row->user_id, &who))
		return true;
	op = change_new(w, &who, NULL, NULL);
	c = op->own;
	c->row = store_change_copy(op->arena, row);
	c->noted = c->settling = true;
	wt_later(op, fix_start);
	return true;
}

void
changes_settle(struct worktrees *w)
{
	int err = store_changes_in(w->app->db, "running", fix_one_cb, w);

	if (err != 0)
		log_warnx("change", "rows cannot be read: %s", strerror(-err));
}
