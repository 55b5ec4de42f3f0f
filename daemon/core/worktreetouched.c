/* SPDX-License-Identifier: MIT */
/*
 * Whether somebody has been at work in a worktree, by its files and by what git
 * writes down of each commit and checkout there. Times of directories say
 * nothing: git makes a file beside its index for every look. So does the
 * index's own, which each look may write anew.
 *
 * Invariant: nothing is opened, and what cannot be looked at is an error.
 */
#include "daemon/core/worktreespace.h"

#include <inttypes.h>
#include <string.h>

#include "daemon/core/worktreeop.h"
#include "lib/arena.h"
#include "lib/err.h"
#include "lib/path.h"

struct touching {
	worktree_touched_fn *cb;
	void *arg;
	struct worktree_quiet q;
};

static void
touched_fail(struct wt_op *op, int err, const char *why)
{
	const struct touching *t = op->own;

	t->cb(err, false, why, t->arg);
	wt_end(op);
}

static void
answer(struct wt_op *op, bool touched)
{
	const struct touching *t = op->own;

	t->cb(0, touched, NULL, t->arg);
	wt_end(op);
}

/* As worktreelook.c has it of each worktree: find(1) itself is in "/". */
static void
inside_cb(struct wt_op *op, const struct git_result *r)
{
	const struct touching *t = op->own;
	const char *end = r->out + r->outlen;
	bool saw = false, inside = false;

	for (const char *p = r->out; p < end; p += strlen(p) + 1) {
		saw = saw || strcmp(p, "/") == 0;
		inside = inside || (*p != '\0' && path_is_under(t->q.dir, p));
	}
	if (saw)
		answer(op, inside);
	else
		wt_fail(op, RDV_E_INVALID, "processes cannot be looked at");
}

static void
found_cb(struct wt_op *op, const struct git_result *r)
{
	static const char *const argv[] = { "/usr/bin/find", "/proc",
		"-mindepth", "2", "-maxdepth", "2", "-name", "cwd", "-printf",
		"%l\\0", NULL };
	const struct touching *t = op->own;

	if (r->status != 0)
		wt_fail(op, RDV_E_INVALID, "not all of it can be looked at");
	else if (r->outlen > 0 || t->q.dir == NULL)
		answer(op, r->outlen > 0);
	else
		wt_host(op, argv, inside_cb);
}

static void
touched_gitdir_cb(struct wt_op *op, const struct git_result *r)
{
	const struct touching *t = op->own;
	size_t len = strcspn(r->out, "\n");
	const char *dir = arena_strndup(op->arena, r->out, len);
	const char *since =
	    arena_printf(op->arena, "@%" PRId64, t->q.since / 1000);
	const char *in = t->q.dir != NULL ? t->q.dir : op->at;
	const char *const argv[] = { "/usr/bin/find", "-H", in, dir, "!",
		"-type", "d", "!", "-name", "index", "-newermt", since,
		"-printf", "x", "-quit", NULL };

	/* One with a newline in it is another one up to there. */
	if (r->status != 0 || *dir != '/' || len + 1 != r->outlen)
		wt_fail(op, RDV_E_INVALID, "its git directory is not known");
	else
		wt_host(op, argv, found_cb);
}

static void
touched_opened(struct wt_op *op)
{
	static const char *const argv[] = { "rev-parse", "--absolute-git-dir",
		NULL };

	wt_git(op, op->at, argv, NULL, touched_gitdir_cb);
}

static void
touched_start(struct wt_op *op)
{
	const struct touching *t = op->own;

	wt_open(op, t->q.path, touched_opened);
}

void
worktree_touched(struct worktrees *w, const struct worktree_who *who,
    const struct worktree_quiet *q, worktree_touched_fn *cb, void *arg)
{
	struct wt_op *op = wt_new(w, who, false, touched_fail);
	struct touching *t = arena_alloc(op->arena, sizeof(*t));

	*t = (struct touching){ .cb = cb, .arg = arg, .q = *q };
	t->q.path = arena_strdup(op->arena, q->path);
	if (q->dir != NULL)
		t->q.dir = arena_strdup(op->arena, q->dir);
	op->own = t;
	wt_later(op, touched_start);
}
