/* SPDX-License-Identifier: MIT */
/*
 * Whether git may touch a tree, or move a branch. The bytes there are the
 * user's and git's own checks leave gaps: it takes a file that is assumed to be
 * unchanged for unchanged, and a rebase elsewhere hides the branch that it is
 * to end on (abuse G19). What cannot be told is a refusal.
 */
#include <string.h>

#include "daemon/core/changeop.h"
#include "daemon/core/worktreeask.h"
#include "lib/arena.h"
#include "lib/err.h"
#include "lib/gitproto.h"

#define NAMES_MAX 100 /* of files in conflict that are told */

static void
hidden_cb(struct wt_op *op, const struct git_result *r)
{
	const char *end = r->out + r->outlen;
	struct change *c = op->own;

	if (r->status != 0) {
		wt_fail_git(op, r);
		return;
	}
	/* In lower case: not looked at, only written over. */
	for (const char *p = r->out; p < end; p += strlen(p) + 1)
		if (*p >= 'a' && *p <= 'z') {
			change_refuse(op, RDV_E_DIRTY, NULL,
			    "in %s git is told to assume that %s is unchanged",
			    c->dir, p + 2);
			return;
		}
	c->judged(op);
}

/* "1 .M N... 100644 100644 100644 <oid> <oid> name", or of one in conflict. */
static const char *
name_in(const char *record)
{
	int blanks = record[0] == 'u' ? 10 : 8;

	while (blanks-- > 0 && strchr(record, ' ') != NULL)
		record = strchr(record, ' ') + 1;
	return record;
}

static void
clean_cb(struct wt_op *op, const struct git_result *r)
{
	static const char *const argv[] = { "ls-files", "-v", "-z", NULL };
	struct change *c = op->own;
	const char *const more[] = { c->dir, NULL };

	if (r->status != 0)
		wt_fail_git(op, r);
	else if (r->err[0] != '\0')
		wt_fail(op, RDV_E_STATE, "%s: git could not see all of it: %s",
		    c->dir, r->err);
	else if (r->outlen > 0)
		change_refuse(op, RDV_E_DIRTY, NULL,
		    "%s has uncommitted changes (%s); commit or stash them",
		    c->dir, name_in(r->out));
	else
		wt_git(op, c->dir, argv, more, hidden_cb);
}

static void
midway_seen(struct wt_op *op)
{
	/* Untracked files git itself leaves alone, or refuses. */
	static const char *const argv[] = { "status", "--porcelain=v2", "-z",
		"--untracked-files=no", "--ignore-submodules=none",
		"--no-renames", NULL };
	struct change *c = op->own;
	const char *const more[] = { c->dir, NULL };

	if (c->midway->found != GIT_FOUND)
		wt_fail(op, RDV_E_STATE,
		    "whether an operation is open in %s cannot be told",
		    c->dir);
	else if (c->midway->text[0] != '\0')
		change_refuse(op, RDV_E_MIDWAY, NULL,
		    "a %s is open in %s; end that first", c->midway->text,
		    c->dir);
	else if (!c->whole)
		c->judged(op);
	else
		wt_git(op, c->dir, argv, more, clean_cb);
}

static void
gitdir_cb(struct wt_op *op, const struct git_result *r)
{
	struct change *c = op->own;

	if (r->status != 0) {
		wt_fail_git(op, r);
		return;
	}
	c->midway = wt_question(op, "midway", change_line(op, r));
	wt_ask(op, c->then);
}

void
change_midway(struct wt_op *op, const char *dir, wt_step_fn *next)
{
	static const char *const argv[] = { "rev-parse", "--absolute-git-dir",
		NULL };
	const char *const more[] = { dir, NULL };

	change_of(op)->then = next;
	wt_git(op, dir, argv, more, gitdir_cb);
}

void
change_judge(struct wt_op *op, const char *dir, bool whole, wt_step_fn *next)
{
	struct change *c = op->own;

	c->dir = dir;
	c->whole = whole;
	c->judged = next;
	change_midway(op, dir, midway_seen);
}

static void
unmerged_cb(struct wt_op *op, const struct git_result *r)
{
	const char **names =
	    arena_alloc(op->arena, (NAMES_MAX + 1) * sizeof(*names));
	const char *end = r->out + r->outlen;
	struct change *c = op->own;
	size_t n = 0;

	for (const char *p = r->out; p < end && n < NAMES_MAX;
	     p += strlen(p) + 1)
		names[n++] = arena_strdup(op->arena, p);
	c->conflicts = n > 0 ? names : NULL;
	if (r->status != 0)
		wt_fail_git(op, r);
	else
		c->then(op);
}

void
change_unmerged(struct wt_op *op, const char *dir, wt_step_fn *next)
{
	static const char *const argv[] = { "diff", "--name-only",
		"--diff-filter=U", "-z", "--", NULL };
	const char *const more[] = { dir, NULL };

	change_of(op)->then = next;
	wt_git(op, dir, argv, more, unmerged_cb);
}

static void
claims_cb(struct wt_op *op, enum wt_claim claim)
{
	struct change *c = op->own;

	if (claim == WT_UNCLAIMED)
		c->judged(op);
	else if (claim == WT_CLAIMED)
		change_refuse(op, RDV_E_MIDWAY, NULL,
		    "a rebase or a bisection is open in another worktree that "
		    "is to end on %s",
		    c->row.target);
	else
		wt_fail(op, RDV_E_STATE,
		    "whether a rebase is to end on %s cannot be told",
		    c->row.target);
}

void
change_unclaimed(struct wt_op *op, wt_step_fn *next)
{
	struct change *c = op->own;

	c->judged = next;
	wt_claims(op, c->row.target, claims_cb);
}
