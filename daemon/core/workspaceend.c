/* SPDX-License-Identifier: MIT */
/*
 * Putting a workspace away, and deleting it. First each worktree is judged, and
 * one reason against one of them keeps all; then it is written down, and they
 * are removed one by one, each by its own operation, which judges once more.
 * What holds anything that git could not give back lies in the trash
 * afterwards.
 *
 * Invariant: nothing here deletes a file. A directory goes when it is empty,
 * and a branch when git says that no commit goes with it.
 */
#include "daemon/core/workspaceop.h"

#include <string.h>

#include "daemon/app.h"
#include "daemon/core/worktreespace.h"
#include "daemon/core/worktreeremove.h"
#include "daemon/store/chains.h"
#include "daemon/store/resets.h"
#include "lib/arena.h"
#include "lib/clock.h"
#include "lib/err.h"

static void judge_next(struct ws_op *op);
static void remove_next(struct ws_op *op);
static void branch_next(struct ws_op *op);

static struct workspace_part *
part(struct ws_op *op)
{
	return &op->ws.parts[op->i];
}

static bool
deletes(const struct ws_op *op)
{
	return strcmp(op->goal, "deleting") == 0;
}

static void
failed(struct ws_op *op)
{
	ws_answer(op, op->err, op->why);
}

/*
 * Back to what it was, but for what has been removed already, which ensuring
 * brings back. When nobody can say what happened it stays on its way.
 */
static void
give_up(struct ws_op *op, int err, const char *why)
{
	op->err = err;
	op->why = arena_strdup(op->arena, why);
	if (op->goal == NULL || strcmp(op->ws.row.state, op->goal) != 0) {
		failed(op);
	} else if (err == RDV_E_UNAVAILABLE) {
		ws_retry(op);
		failed(op);
	} else {
		op->ws.row.state = "ready";
		op->ws.row.wish = 0;
		op->ws.row.cause = op->why;
		ws_store(op, WS_ROW, EV_WORKSPACE_FAILED, failed);
	}
}

static void
ended(struct ws_op *op)
{
	ws_answer(op, 0, NULL);
}

static void
note_left(struct ws_op *op, const char *why)
{
	const char *old = op->ws.row.cause;

	/* Before a crash it was noted, too. */
	if (old != NULL && strstr(old, why) != NULL)
		return;
	op->ws.row.cause = old != NULL
			       ? arena_printf(op->arena, "%s; %s", old, why)
			       : arena_strdup(op->arena, why);
}

static void
put_away(struct ws_op *op)
{
	op->ws.row.wish = 0;
	op->ws.row.state = "ready";
	op->ws.row.archived_at = clock_wall_ms();
	ws_store(op, WS_ROW, EV_WORKSPACE_UPDATED, ended);
}

static void
vacated_cb(int err, const char *why, void *arg)
{
	struct ws_op *op = arg;

	if (err == RDV_E_UNAVAILABLE) {
		give_up(op, err, why);
		return;
	}
	/* What else lies there is somebody's. */
	if (err != 0)
		note_left(op, why);
	op->ws.row.wish = 0;
	if (deletes(op)) {
		op->ws.row.state = "deleted";
		ws_store(op, WS_ROW, EV_WORKSPACE_DELETED, ended);
	} else {
		put_away(op);
	}
}

static void
branch_cb(int err, const char *why, void *arg)
{
	struct ws_op *op = arg;

	if (err == RDV_E_UNAVAILABLE) {
		give_up(op, err, why);
		return;
	}
	part(op)->branch_deleted = err == 0;
	if (err != 0)
		note_left(op, ws_of_part(op, why));
	op->i++;
	branch_next(op);
}

/* Only those that began here: others were there before. */
static void
branch_next(struct ws_op *op)
{
	struct worktree_branch b = { .name = op->ws.row.branch };

	while (op->i < op->ws.n &&
	       ((op->wish & WORKSPACE_BRANCHES) == 0 || part(op)->left ||
		   !part(op)->repo.made_branch))
		op->i++;
	if (op->i == op->ws.n) {
		worktree_vacate(op->s->app->worktrees, &op->who,
		    op->ws.row.directory, vacated_cb, op);
		return;
	}
	b.repo = part(op)->repo.repo_path;
	worktree_unbranch(op->s->app->worktrees, &op->who, &b, branch_cb, op);
}

static void
remove_more(struct ws_op *op)
{
	op->i++;
	remove_next(op);
}

/* One that was made there by hand has got a row of its own only now. */
static bool
is_another(const struct workspace_part *p)
{
	return p->trash_id != NULL &&
	       strcmp(p->trash_id, p->repo.worktree_id) != 0;
}

static void
removed_cb(int err, const struct worktree_moved *moved, const char *why,
    void *arg)
{
	struct ws_op *op = arg;
	struct workspace_part *p = part(op);

	p->reasons = moved->reasons;
	p->notes = moved->notes;
	if (err != 0) {
		p->text = arena_strdup(op->arena, why);
		give_up(op, err, ws_of_part(op, why));
		return;
	}
	if (moved->trash_id != NULL)
		p->trash_id = arena_strdup(op->arena, moved->trash_id);
	if (is_another(p)) {
		p->repo.worktree_id = p->trash_id;
		(void)ws_tree(op, p);
		ws_store(op, WS_PART, EV_WORKSPACE_UPDATED, remove_more);
	} else {
		(void)ws_tree(op, p);
		remove_more(op);
	}
}

static void
remove_next(struct ws_op *op)
{
	while (op->i < op->ws.n && !part(op)->there)
		op->i++;
	if (op->i < op->ws.n) {
		worktree_remove(op->s->app->worktrees, &op->who, part(op)->path,
		    (op->wish & WORKSPACE_FORCE) != 0, removed_cb, op);
		return;
	}
	op->i = 0;
	branch_next(op);
}

static void
remove_all(struct ws_op *op)
{
	op->i = 0;
	remove_next(op);
}

/* After a crash they would miss what has gone by then. */
static void
scripts_ran(struct ws_op *op)
{
	if (op->err != 0) {
		give_up(op, op->err, op->why);
		return;
	}
	op->wish |= WORKSPACE_SCRIPTED;
	op->ws.row.wish = op->wish;
	ws_store(op, WS_ROW, EV_WORKSPACE_MOVING, remove_all);
}

static void
noted(struct ws_op *op)
{
	if (deletes(op) || (op->wish & WORKSPACE_SCRIPTED) != 0)
		remove_all(op);
	else
		ws_scripts_run(op, scripts_ran);
}

/* What stays there is listed, with the reason. */
static void
note_parts(struct ws_op *op)
{
	const struct workspace_part *p;

	/* One that goes on after a crash has it in its row. */
	if ((op->wish & (WORKSPACE_EXPIRES | WORKSPACE_SCRIPTED)) == 0 ||
	    op->expired != NULL)
		op->ws.row.cause = op->expired;
	for (op->i = 0; op->i < op->ws.n; op->i++) {
		p = part(op);
		if (p->left)
			note_left(op, ws_of_part(op, arena_printf(op->arena,
							 "%s stays: %s",
							 p->path, p->text)));
	}
}

bool
ws_may_expire(const struct workspace_part *p)
{
	return p->there && !p->left && p->reasons == 0 &&
	       (p->notes & (WT_PRECIOUS | WT_DETACHED)) == 0;
}

/*
 * Nobody has asked for it, so it has to be all there and of no use; after a
 * crash, what of it is still there.
 */
static bool
stays(const struct ws_op *op, const struct workspace_part *p)
{
	return (op->wish & WORKSPACE_EXPIRES) != 0 && !ws_may_expire(p) &&
	       (p->there || op->expired != NULL);
}

/* Between two links nothing of it runs, and the next one would find nothing. */
static bool
is_at_work(struct ws_op *op)
{
	struct store_chain open;
	struct store_reset reset;
	int err =
	    store_chain_open(op->s->app->db, op->arena, op->ws.row.id, &open);

	if (err == RDV_E_NOT_FOUND) {
		err = store_reset_open(op->s->app->db, op->arena, op->ws.row.id,
		    &reset);
		if (err == RDV_E_NOT_FOUND)
			return false;
		give_up(op, err == 0 ? RDV_E_BUSY : RDV_E_UNAVAILABLE,
		    "a conversation in it is being reset");
		return true;
	}
	if (err == 0)
		give_up(op, RDV_E_BUSY,
		    "an agent is at work in it; stop its turn first");
	else
		give_up(op, RDV_E_UNAVAILABLE, "the database cannot be read");
	return true;
}

/* All have been looked at. */
static void
judged(struct ws_op *op)
{
	const struct workspace_part *p;

	if (op->goal == NULL) {
		ended(op);
		return;
	}
	if (is_at_work(op))
		return;
	for (op->i = 0; op->i < op->ws.n; op->i++) {
		p = part(op);
		/* By force it would lose its place among git's worktrees. */
		if ((p->reasons & WT_NESTED) != 0 ||
		    (p->reasons != 0 && (op->wish & WORKSPACE_FORCE) == 0)) {
			give_up(op, RDV_E_DIRTY, ws_of_part(op, p->text));
			return;
		}
		if (stays(op, p)) {
			give_up(op, RDV_E_DIRTY, ws_of_part(op, "it stays"));
			return;
		}
	}
	op->ws.row.state = op->goal;
	op->ws.row.wish = op->wish;
	note_parts(op);
	ws_store(op, op->resumed ? WS_ROW : WS_GOAL, EV_WORKSPACE_MOVING,
	    noted);
}

static void
judge_more(struct ws_op *op)
{
	op->again = false;
	op->i++;
	judge_next(op);
}

/* A reason like others: by force it stays where it is. */
static void
leave(struct ws_op *op, const char *why)
{
	struct workspace_part *p = part(op);

	p->left = true;
	p->reasons = WT_UNKNOWN;
	p->text = arena_strdup(op->arena, why);
	judge_more(op);
}

static void
mended_cb(int err, enum worktree_mended what, const char *why, void *arg)
{
	struct ws_op *op = arg;

	/* Something of somebody's is in its place. */
	if (err == RDV_E_EXISTS) {
		leave(op, why);
		return;
	}
	if (err != 0) {
		give_up(op, err, ws_of_part(op, why));
		return;
	}
	(void)ws_tree(op, part(op));
	if (what == WORKTREE_GONE)
		judge_more(op);
	else
		judge_next(op);
}

static bool
is_ready(const struct workspace_part *p)
{
	return p->tree.state != NULL && strcmp(p->tree.state, "ready") == 0;
}

static void
mend(struct ws_op *op)
{
	op->again = true;
	worktree_mend(op->s->app->worktrees, &op->who,
	    part(op)->repo.worktree_id, mended_cb, op);
}

/*
 * A directory that is missing hides what git still has of it, staged or
 * detached: it has to come back before anything can be said.
 */
static void
judge_missing(struct ws_op *op)
{
	struct workspace_part *p = part(op);

	if (op->goal == NULL) {
		p->done = "missing";
		judge_more(op);
	} else if (op->again) {
		judge_more(op);
	} else {
		mend(op);
	}
}

/* Its repository is there, or nobody can say. */
static void
not_judged(struct ws_op *op)
{
	if (op->err == RDV_E_NOT_FOUND)
		judge_missing(op);
	/* Half of it, without its .git: a removal that was cut off. */
	else if (op->err == RDV_E_INVALID && op->goal != NULL && !op->again)
		mend(op);
	else if (op->goal == NULL)
		leave(op, op->why);
	else
		give_up(op, op->err, ws_of_part(op, op->why));
}

static void
gone_cb(bool gone, void *arg)
{
	struct ws_op *op = arg;

	if (gone)
		leave(op, ws_of_gone(op));
	else if (!ws_is_moving(part(op)))
		not_judged(op);
	else
		/* A removal that goes on does so when that is settled. */
		give_up(op, op->resumed ? RDV_E_UNAVAILABLE : RDV_E_STATE,
		    ws_of_part(op, "it is being made or moved"));
}

static void
ask_gone(struct ws_op *op)
{
	worktree_gone(op->s->app->worktrees, &op->who, part(op)->repo.repo_path,
	    gone_cb, op);
}

/* What is in its place counts, whoever has made it a worktree there. */
static void
judged_cb(int err, const struct worktree_states *st, const char *why, void *arg)
{
	struct ws_op *op = arg;
	struct workspace_part *p = part(op);

	if (err == RDV_E_UNAVAILABLE || err == RDV_E_REVOKED) {
		give_up(op, err, ws_of_part(op, why));
		return;
	}
	/* Nothing, or nothing of git's: that is left where it is. */
	if (!is_ready(p) && (err == RDV_E_NOT_FOUND || err == RDV_E_INVALID)) {
		p->done = "missing";
		judge_more(op);
		return;
	}
	if (err != 0) {
		op->err = err;
		op->why = arena_strdup(op->arena, why);
		ask_gone(op);
		return;
	}
	p->there = true;
	p->reasons = st->reasons;
	p->notes = st->notes;
	if (st->text != NULL)
		p->text = arena_strdup(op->arena, st->text);
	judge_more(op);
}

static void
judge_next(struct ws_op *op)
{
	if (op->i == op->ws.n) {
		judged(op);
	} else if (op->goal != NULL && ws_is_moving(part(op))) {
		ask_gone(op);
	} else if ((op->wish & WORKSPACE_OURS) != 0 &&
		   !ws_is_ours(op, part(op))) {
		part(op)->done = "missing";
		judge_more(op);
	} else if (part(op)->tree.mending && op->goal != NULL && !op->again) {
		mend(op);
	} else {
		worktree_states(op->s->app->worktrees, &op->who, part(op)->path,
		    judged_cb, op);
	}
}

static void
archived(struct ws_op *op)
{
	if (op->err != 0)
		give_up(op, op->err, op->why);
	else
		put_away(op);
}

/* What it did make was taken back: what is there now may be anybody's. */
static void
judge_ours(struct ws_op *op)
{
	op->wish |= WORKSPACE_OURS;
	judge_next(op);
}

static bool
may_end(const struct ws_op *op)
{
	const struct store_workspace *w = &op->ws.row;

	if (op->resumed)
		return true;
	if (strcmp(w->state, "ready") == 0)
		return deletes(op) || w->archived_at < 0 ||
		       (op->wish & WORKSPACE_REMOVE) != 0;
	return deletes(op) && strcmp(w->state, "failed") == 0;
}

/* Nothing of the workspace's own runs there any more. */
static void
end_quiet(struct ws_op *op)
{
	if (!deletes(op) && (op->wish & WORKSPACE_REMOVE) == 0)
		ws_scripts_run(op, archived);
	else if (strcmp(op->ws.row.state, "failed") == 0)
		judge_ours(op);
	else
		judge_next(op);
}

static void
end_noted(struct ws_op *op)
{
	ws_scripts_quiet(op, end_quiet);
}

/* Nothing begins there while its scripts run. */
static void
shut(struct ws_op *op)
{
	op->ws.row.state = op->goal;
	op->ws.row.wish = op->wish;
	ws_store(op, op->resumed ? WS_ROW : WS_GOAL, EV_WORKSPACE_MOVING,
	    end_noted);
}

void
ws_end_start(struct ws_op *op)
{
	if (!may_end(op))
		ws_answer(op, RDV_E_STATE,
		    op->ws.row.archived_at >= 0
			? "it is archived already"
			: "it is being made, moved or taken back");
	else if (deletes(op) || (op->wish & WORKSPACE_REMOVE) != 0)
		end_noted(op);
	else if (!is_at_work(op))
		shut(op);
}

static void
begin(struct ws_op *op, unsigned wish, const char *goal)
{
	op->wish = wish;
	op->goal = goal;
	ws_open(op, ws_end_start);
}

void
workspace_archive(struct workspaces *s, const struct worktree_who *who,
    const char *id, unsigned wish, workspace_fn *cb, void *arg)
{
	begin(ws_new(s, who, id, cb, arg), wish, "archiving");
}

void
workspace_delete(struct workspaces *s, const struct worktree_who *who,
    const char *id, unsigned wish, workspace_fn *cb, void *arg)
{
	begin(ws_new(s, who, id, cb, arg), wish, "deleting");
}

/* The same look, and nothing behind it. */
void
workspace_states(struct workspaces *s, const struct worktree_who *who,
    const char *id, workspace_fn *cb, void *arg)
{
	ws_open(ws_new(s, who, id, cb, arg), judge_next);
}
