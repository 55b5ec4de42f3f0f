/* SPDX-License-Identifier: MIT */
/*
 * A tree that git was killed in while it wrote files is put back. What git was
 * to write there is known; whatever else lies in it somebody has made since.
 * Tracked files, as they are, get a name first. Invariant: no file that git
 * does not track is written over or removed, but one that is just what git
 * wrote.
 */
#include <string.h>

#include "daemon/core/changeop.h"
#include "lib/arena.h"
#include "lib/err.h"

/* The tree that git was writing to. */
static const char *
torn_dir(const struct change *c)
{
	return change_is_replay(c) ? c->row.path : c->row.target_path;
}

static const char *
whole_before(const struct change *c)
{
	return change_is_replay(c) ? c->row.branch_before
				   : c->row.target_before;
}

static void
run(struct wt_op *op, const char *const *argv, wt_git_fn *next)
{
	const char *const more[] = { torn_dir(change_of(op)), NULL };

	wt_git(op, more[0], argv, more, next);
}

static void
untorn_cb(struct wt_op *op, const struct git_result *r)
{
	if (r->status != 0)
		wt_fail(op, RDV_E_STATE,
		    "%s cannot be put back; move away what is in the way, and "
		    "abort again: %.300s",
		    torn_dir(change_of(op)), r->err);
	else
		change_end(op, "aborted", NULL);
}

/* Without --reset, with which git asks for nobody's files. */
static void
back(struct wt_op *op)
{
	const struct change *c = op->own;
	const char *const argv[] = { "read-tree", "-m", "-u", c->torn_now,
		whole_before(c), NULL };

	run(op, argv, untorn_cb);
}

static void
headed_cb(struct wt_op *op, const struct git_result *r)
{
	if (r->status != 0)
		wt_fail_git(op, r);
	else
		back(op);
}

/* A rebase is beside its branch; back on that, unless another tree has it. */
static void
go_back(struct wt_op *op)
{
	const struct change *c = op->own;
	const char *const argv[] = { "symbolic-ref", "-m", "rdv: aborted",
		"HEAD", change_ref(op, c->row.branch), NULL };
	const struct wt_entry *on = wt_on(&op->list, c->row.branch);

	if (on != NULL && strcmp(on->path, c->row.path) != 0)
		wt_fail(op, RDV_E_STATE, "%s is checked out in %s by now",
		    c->row.branch, on->path);
	else
		run(op, argv, headed_cb);
}

static void
now_cb(struct wt_op *op, const struct git_result *r)
{
	struct change *c = op->own;

	if (r->status != 0) {
		wt_fail_git(op, r);
		return;
	}
	c->torn_now = change_line(op, r);
	if (change_is_replay(c))
		go_back(op);
	else
		back(op);
}

static void
write_now(struct wt_op *op)
{
	static const char *const argv[] = { "write-tree", NULL };

	run(op, argv, now_cb);
}

/* All that is tracked is as it lies there, so these are among the new ones. */
static void
others_cb(struct wt_op *op, const struct git_result *r)
{
	if (r->status != 0)
		wt_fail_git(op, r);
	else if (r->outlen > 0)
		wt_fail(op, RDV_E_STATE,
		    "%s in %s is not, or not in whole, what git was writing "
		    "there; move it away, and abort again",
		    r->out, torn_dir(change_of(op)));
	else
		write_now(op);
}

static void
new_refreshed_cb(struct wt_op *op, const struct git_result *r)
{
	static const char *const argv[] = { "diff-files", "-z", "--name-only",
		"--diff-filter=MT", "--no-renames", "--ignore-submodules=all",
		NULL };

	/* Its status only says that some files differ. */
	(void)r;
	run(op, argv, others_cb);
}

static void
new_known_cb(struct wt_op *op, const struct git_result *r)
{
	static const char *const argv[] = { "update-index", "-q", "--refresh",
		NULL };

	if (r->status != 0)
		wt_fail_git(op, r);
	else
		run(op, argv, new_refreshed_cb);
}

/*
 * Files that only the other side has: git may have written them, and not yet
 * that it has. As they were to be they are in the index now.
 */
static void
new_cb(struct wt_op *op, const struct git_result *r)
{
	const struct change *c = op->own;
	const char *const argv[] = { "--literal-pathspecs", "reset", "--quiet",
		"--pathspec-from-file=-", "--pathspec-file-nul",
		c->row.target_after, NULL };

	if (r->status != 0)
		wt_fail_git(op, r);
	else if (r->outlen == 0)
		write_now(op);
	else
		wt_git_bytes(op, torn_dir(c), argv, r->out, r->outlen,
		    new_known_cb);
}

static void
tracked_cb(struct wt_op *op, const struct git_result *r)
{
	const struct change *c = op->own;
	const char *const argv[] = { "diff-tree", "-r", "-z", "--no-renames",
		"--name-only", "--diff-filter=A", whole_before(c),
		c->row.target_after, "--", NULL };

	if (r->status != 0)
		wt_fail_git(op, r);
	else if (change_is_replay(c))
		write_now(op);
	else
		run(op, argv, new_cb);
}

static void
kept_cb(struct wt_op *op, const struct git_result *r)
{
	static const char *const argv[] = { "-c", "core.safecrlf=false", "add",
		"--update", ":/", NULL };

	if (r->status != 0)
		wt_fail_git(op, r);
	else
		run(op, argv, tracked_cb);
}

/* Nothing: it was whole after all. */
static void
snapped_cb(struct wt_op *op, const struct git_result *r)
{
	if (r->status != 0 || r->outlen == 0)
		kept_cb(op, r);
	else
		change_rescue(op, "torn", change_line(op, r), kept_cb);
}

/* Somebody may have worked in it since: what it holds now gets a name. */
void
change_untear(struct wt_op *op)
{
	static const char *const argv[] = { "-c", "user.name=rdv", "-c",
		"user.email=rdv@localhost", "stash", "create", NULL };

	if (wt_begins(op))
		run(op, argv, snapped_cb);
}
