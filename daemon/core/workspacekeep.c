/* SPDX-License-Identifier: MIT */
/*
 * Bringing a workspace back: each worktree that is missing, from what there
 * still is of it. A directory that was deleted comes back from git's index; one
 * that lies in the trash from there, when the workspace was archived; and one
 * that is nowhere is made anew on the branch, which has stayed. What is there
 * is left alone, so that to ensure twice is to ensure once. One that cannot be
 * brought back keeps none of the others away.
 */
#include "daemon/core/workspaceop.h"

#include <string.h>

#include "daemon/app.h"
#include "daemon/core/worktreespace.h"
#include "daemon/core/worktreeremove.h"
#include "lib/arena.h"
#include "lib/err.h"

static void ensure_next(struct ws_op *op);

/* Told at the end, with the others; without the helper that is now. */
static void
fail(struct ws_op *op, int err, const char *why)
{
	const char *of = ws_of_part(op, why);

	op->why =
	    op->err != 0 ? arena_printf(op->arena, "%s; %s", op->why, of) : of;
	op->err = op->err != 0 ? op->err : err;
	if (err == RDV_E_UNAVAILABLE) {
		ws_answer(op, err, op->why);
		return;
	}
	op->i++;
	ensure_next(op);
}

static void
ensured(struct ws_op *op)
{
	ws_answer(op, 0, NULL);
}

static void
part_done(struct ws_op *op)
{
	(void)ws_tree(op, &op->ws.parts[op->i]);
	op->i++;
	ensure_next(op);
}

static void
copied_cb(int err, const char *why, void *arg)
{
	struct ws_op *op = arg;

	if (err != 0)
		fail(op, err, why);
	else
		part_done(op);
}

static void
made_cb(int err, const struct worktree_made *made, const char *why, void *arg)
{
	struct ws_op *op = arg;

	(void)made;
	if (err != 0) {
		fail(op, err, why);
		return;
	}
	op->ws.parts[op->i].done = "made";
	ws_copy(op, copied_cb);
}

static void
make(struct ws_op *op)
{
	const struct workspace_part *p = &op->ws.parts[op->i];
	struct worktree_spec spec = {
		.who = op->who,
		.repo = p->repo.repo_path,
		.branch = op->ws.row.branch,
		.base = p->repo.base,
		.path = p->path,
		.either = true,
		.id = p->repo.worktree_id,
	};

	worktree_create(op->s->app->worktrees, &spec, made_cb, op);
}

/*
 * Its id first, as when the workspace was made, and that the branch began here,
 * which the worktree before has said until now.
 */
static void
make_new(struct ws_op *op)
{
	char id[UUID_TEXT];

	uuid_v7(id);
	op->ws.parts[op->i].repo.worktree_id = arena_strdup(op->arena, id);
	ws_store(op, WS_PART, EV_WORKSPACE_UPDATED, make);
}

static void
restored_cb(int err, const struct worktree_moved *moved, const char *why,
    void *arg)
{
	struct ws_op *op = arg;

	(void)moved;
	if (err != 0) {
		fail(op, err, why);
		return;
	}
	op->ws.parts[op->i].done = "restored";
	op->who.token_id[0] = '\0'; /* it has begun */
	part_done(op);
}

static bool
in_trash(const struct workspace_part *p)
{
	return p->tree.state != NULL && strcmp(p->tree.state, "trashed") == 0 &&
	       !p->tree.ending;
}

static void
gone_cb(bool gone, void *arg)
{
	struct ws_op *op = arg;
	struct workspace_part *p = &op->ws.parts[op->i];

	fail(op, RDV_E_STATE, gone ? ws_of_gone(op) : p->text);
}

static void
not_mended(struct ws_op *op, int err, const char *why)
{
	struct workspace_part *p = &op->ws.parts[op->i];

	if (err != RDV_E_NOT_FOUND && err != RDV_E_INVALID) {
		fail(op, err, why);
		return;
	}
	p->text = arena_strdup(op->arena, why);
	worktree_gone(op->s->app->worktrees, &op->who, p->repo.repo_path,
	    gone_cb, op);
}

static void
mended_cb(int err, enum worktree_mended what, const char *why, void *arg)
{
	struct ws_op *op = arg;
	struct workspace_part *p = &op->ws.parts[op->i];

	(void)ws_tree(op, p);
	if (err != 0) {
		not_mended(op, err, why);
	} else if (what == WORKTREE_WHOLE) {
		p->done = "kept";
		part_done(op);
	} else if (what == WORKTREE_MENDED) {
		p->done = "mended";
		op->who.token_id[0] = '\0'; /* it has begun */
		ws_copy(op, copied_cb);
	} else if (op->restores && in_trash(p)) {
		worktree_restore(op->s->app->worktrees, &op->who,
		    p->repo.worktree_id, restored_cb, op);
	} else {
		make_new(op);
	}
}

static void
ensure_next(struct ws_op *op)
{
	if (op->i < op->ws.n) {
		worktree_mend(op->s->app->worktrees, &op->who,
		    op->ws.parts[op->i].repo.worktree_id, mended_cb, op);
		return;
	}
	if (op->err != 0) {
		ws_answer(op, op->err, op->why);
		return;
	}
	op->ws.row.cause = NULL;
	op->ws.row.archived_at = -1;
	ws_store(op, WS_ROW, EV_WORKSPACE_UPDATED, ensured);
}

void
ws_ensure_start(struct ws_op *op)
{
	const struct store_workspace *w = &op->ws.row;

	if (strcmp(w->state, "ready") != 0)
		ws_answer(op, RDV_E_STATE,
		    w->cause != NULL ? w->cause : "it is being made or moved");
	else if (w->archived_at >= 0 && !op->restores)
		ws_answer(op, RDV_E_STATE, "it is archived; restore it");
	else if (w->archived_at < 0 && op->restores)
		ws_answer(op, RDV_E_STATE, "it is not archived");
	else
		ensure_next(op);
}

void
workspace_ensure(struct workspaces *s, const struct worktree_who *who,
    const char *id, workspace_fn *cb, void *arg)
{
	ws_open(ws_new(s, who, id, cb, arg), ws_ensure_start);
}

void
workspace_restore(struct workspaces *s, const struct worktree_who *who,
    const char *id, workspace_fn *cb, void *arg)
{
	struct ws_op *op = ws_new(s, who, id, cb, arg);

	op->restores = true;
	ws_open(op, ws_ensure_start);
}
