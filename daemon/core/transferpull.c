/* SPDX-License-Identifier: MIT */
/*
 * The second half of a pull: the tree goes forward to what has come. A network
 * takes its time, and whoever works in the tree has gone on meanwhile, so all
 * of it is looked at now. Invariant: the branch that moves is the one of the
 * row, and git writes to no tree in which something of somebody's could go,
 * ignored files among it (abuse G19).
 */
#include <string.h>

#include "daemon/core/transferstate.h"
#include "daemon/core/worktreeask.h"
#include "lib/arena.h"
#include "lib/err.h"

static void
refuse(struct transfer *t, const char *code, const char *why)
{
	transfer_end(t, "failed", code,
	    arena_printf(t->op->arena, "%s; what came is fetched", why));
}

static void
merged_cb(struct wt_op *op, const struct git_result *r)
{
	if (r->status != 0)
		wt_fail_git(op, r);
	else
		transfer_end(op->own, "done", NULL, NULL);
}

static void
forward(struct wt_op *op)
{
	const char *const argv[] = { WT_WORKERS, "-c",
		"merge.verifySignatures=false", "merge", "--ff-only", "--quiet",
		"--no-autostash", "--no-overwrite-ignore", "--end-of-options",
		transfer_upstream(op->own), NULL };

	wt_git(op, op->at, argv, NULL, merged_cb);
}

/* In lower case: git does not look at it, and writes over it. */
static void
hidden_cb(struct wt_op *op, const struct git_result *r)
{
	const char *end = r->out + r->outlen;

	if (r->status != 0) {
		wt_fail_git(op, r);
		return;
	}
	for (const char *p = r->out; p < end; p += strlen(p) + 1)
		if (*p >= 'a' && *p <= 'z') {
			refuse(op->own, "HAS_UNCOMMITTED_CHANGES",
			    arena_printf(op->arena,
				"git is told to assume that %s is unchanged",
				p + 2));
			return;
		}
	forward(op);
}

static void
clean_cb(struct wt_op *op, const struct git_result *r)
{
	static const char *const argv[] = { "ls-files", "-v", "-z", NULL };

	if (r->status != 0)
		wt_fail_git(op, r);
	else if (r->outlen > 0 || r->err[0] != '\0')
		refuse(op->own, "HAS_UNCOMMITTED_CHANGES",
		    "there are uncommitted changes; commit or stash them");
	else
		wt_git(op, op->at, argv, NULL, hidden_cb);
}

static void
midway_seen(struct wt_op *op)
{
	/* Untracked files git itself leaves alone, or refuses. */
	static const char *const argv[] = { "status", "--porcelain", "-z",
		"--untracked-files=no", "--ignore-submodules=none", NULL };
	struct transfer *t = op->own;

	if (t->midway->found != GIT_FOUND)
		wt_fail(op, RDV_E_STATE,
		    "whether an operation is open in %s cannot be told",
		    op->at);
	else if (t->midway->text[0] != '\0')
		refuse(t, "OPERATION_IN_PROGRESS",
		    arena_printf(op->arena, "a %s is open; end that first",
			t->midway->text));
	else
		wt_git(op, op->at, argv, NULL, clean_cb);
}

/* "DIRECTORY\nBRANCH\n", both of this very tree. */
static void
where_cb(struct wt_op *op, const struct git_result *r)
{
	const size_t len = strcspn(r->out, "\n");
	struct transfer *t = op->own;
	const char *on =
	    arena_printf(op->arena, "\nrefs/heads/%s\n", t->row.branch);

	if (r->status != 0) {
		wt_fail_git(op, r);
	} else if (strcmp(r->out + len, on) != 0) {
		refuse(t, "HEAD_MOVED",
		    arena_printf(op->arena, "%s is on %s no more", op->at,
			t->row.branch));
	} else {
		t->midway = wt_question(op, "midway",
		    arena_strndup(op->arena, r->out, len));
		wt_ask(op, midway_seen);
	}
}

static void
ask_where(struct wt_op *op)
{
	static const char *const argv[] = { "rev-parse", "--absolute-git-dir",
		"--symbolic-full-name", "HEAD", NULL };

	wt_git(op, op->at, argv, NULL, where_cb);
}

/* "OURS\tTHEIRS\n". */
static void
counted_cb(struct wt_op *op, const struct git_result *r)
{
	struct transfer *t = op->own;
	const char *theirs = strchr(r->out, '\t');

	if (r->status != 0 || theirs == NULL)
		transfer_end(t, "failed", "REMOTE_NOT_FOUND",
		    arena_printf(op->arena, "%s has no branch %s",
			t->row.remote, t->row.target));
	else if (r->out[0] != '0' && theirs[1] != '0')
		transfer_end(t, "failed", "DIVERGED",
		    arena_printf(op->arena,
			"%s has %.*s commits that %s/%s has not, and lacks "
			"%.*s of its; what came is fetched: rebase onto it, "
			"or merge it",
			t->row.branch, (int)(theirs - r->out), r->out,
			t->row.remote, t->row.target,
			(int)strcspn(theirs + 1, "\n"), theirs + 1));
	else if (theirs[1] == '0')
		transfer_end(t, "done", NULL, NULL);
	else
		ask_where(op);
}

void
transfer_pull(struct wt_op *op)
{
	struct transfer *t = op->own;
	const char *const argv[] = { "rev-list", "--left-right", "--count",
		arena_printf(op->arena, "refs/heads/%s...%s", t->row.branch,
		    transfer_upstream(t)),
		"--", NULL };

	wt_git(op, op->at, argv, NULL, counted_cb);
}
