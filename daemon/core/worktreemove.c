/* SPDX-License-Identifier: MIT */
/*
 * Moving a worktree. git does that itself unless it has submodules: those it
 * refuses to move, as their files lead to its own directory and back by
 * relative paths. Here only the trash is such a move, which ends where it
 * began, so they rest in between and lead there again when it is back.
 *
 * Invariant: git is told of the new place only by a tree that it has registered
 * at the old one. A tree's own file may have been turned to another worktree
 * (abuse G09), and that one would lose its place.
 */
#include "daemon/core/worktreemove.h"

#include <string.h>

#include "daemon/core/repo.h"
#include "daemon/core/worktreeask.h"
#include "lib/arena.h"
#include "lib/path.h"

struct wt_moving {
	const char *from, *to;
	const char *more[4]; /* what git may touch */
	wt_git_fn *next;
};

static void
move_refuse(struct wt_op *op, const char *why)
{
	const struct git_result r = {
		.status = 128,
		.out = "",
		.err = arena_printf(op->arena, "fatal: '%s' %s",
		    op->moving->from, why),
	};

	op->moving->next(op, &r);
}

static void
move_listed(struct wt_op *op)
{
	const struct git_result done = { .out = "", .err = "" };

	/*
	 * The list is git's own word; exit statuses are about other trees too.
	 */
	if (wt_at(&op->list, op->moving->to) != NULL)
		op->moving->next(op, &done);
	else
		move_refuse(op, "was moved, and git cannot be told");
}

/* It also complains of those it may not look at: the list tells. */
static void
told_cb(struct wt_op *op, const struct git_result *r)
{
	(void)r;
	wt_relist(op, move_listed);
}

static void
renamed_cb(struct wt_op *op, const struct git_result *r)
{
	struct wt_moving *m = op->moving;
	const char *const argv[] = { "worktree", "repair", "--", m->to, NULL };
	const char *why;

	if (wt_fact_of(op, r, &why) == NULL) {
		move_refuse(op, arena_printf(op->arena, "stays: %s", why));
		return;
	}
	/* git is given op->at to work in, and that has just moved. */
	if (op->at != op->top)
		op->at = m->to;
	m->more[2] = m->to;
	wt_git(op, op->top, argv, m->more, told_cb);
}

/*
 * mv(1) would copy and delete where a rename cannot be, and what dies in
 * between would leave two halves. Outside of the sandbox a link that somebody
 * puts in the way would lead anywhere.
 */
static void
leads_back_cb(struct wt_op *op, const struct git_result *r)
{
	const struct wt_moving *m = op->moving;
	const char *const argv[] = { "move", m->from, m->to, NULL };
	const char *const dirs[] = { m->more[0], m->more[1], NULL };

	if (r->status != 0 ||
	    strcmp(r->out, arena_printf(op->arena, "%s/.git\n", m->from)) != 0)
		move_refuse(op, "is not what is registered there");
	else
		wt_worker_in(op, dirs, argv, renamed_cb);
}

static void
move_gitdir_cb(struct wt_op *op, const struct git_result *r)
{
	const struct wt_moving *m = op->moving;
	const char *dir =
	    arena_strndup(op->arena, r->out, strcspn(r->out, "\n"));
	const char *top = repo_of_gitdir(op->arena, m->from, dir);
	const char *const argv[] = { "/usr/bin/head", "-c", "8192", "--",
		arena_printf(op->arena, "%s/gitdir", dir), NULL };

	if (r->status != 0)
		op->moving->next(op, r);
	else if (top == NULL || strcmp(top, op->top) != 0)
		move_refuse(op, "leads to another repository");
	else
		wt_host(op, argv, leads_back_cb);
}

static void
moved_cb(struct wt_op *op, const struct git_result *r)
{
	static const char *const argv[] = { "rev-parse", "--absolute-git-dir",
		NULL };
	const struct wt_moving *m = op->moving;

	if (r->status == 0 || strstr(r->err, "containing submodules") == NULL)
		op->moving->next(op, r);
	else
		wt_git(op, m->from, argv, m->more, move_gitdir_cb);
}

void
wt_move(struct wt_op *op, const char *from, const char *to, wt_git_fn *next)
{
	const char *const argv[] = { "worktree", "move", "--force", "--force",
		"--", from, to, NULL };
	struct wt_moving *m = arena_alloc(op->arena, sizeof(*m));

	*m = (struct wt_moving){ .from = from, .to = to, .next = next };
	m->more[0] = path_parent(op->arena, from);
	m->more[1] = path_parent(op->arena, to);
	m->more[2] = from;
	op->moving = m;
	wt_git(op, op->top, argv, m->more, moved_cb);
}
