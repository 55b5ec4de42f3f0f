/* SPDX-License-Identifier: MIT */
/*
 * What every operation on workspaces is made of: its life, its turn, its rows.
 *
 * Invariant: of one workspace one operation is at work at a time, in the order
 * in which they came, so that only who makes something takes it away again.
 */
#include "daemon/core/workspaceop.h"

#include <stdlib.h>
#include <string.h>

#include "daemon/app.h"
#include "daemon/auth/auth.h"
#include "daemon/core/worktreequota.h"
#include "daemon/loop.h"
#include "daemon/store/db.h"
#include "daemon/store/repos.h"
#include "lib/arena.h"
#include "lib/clock.h"
#include "lib/err.h"
#include "lib/js.h"
#include "lib/list.h"
#include "lib/str.h"
#include "lib/xalloc.h"

struct ws_op *
ws_new(struct workspaces *s, const struct worktree_who *who, const char *id,
    workspace_fn *cb, void *arg)
{
	struct ws_op *op = xcalloc(1, sizeof(*op));
	char fresh[UUID_TEXT];

	op->s = s;
	op->arena = arena_new();
	op->who = *who;
	uuid_v7(fresh);
	op->id = arena_strdup(op->arena, id != NULL ? id : fresh);
	op->cb = cb;
	op->arg = arg;
	TAILQ_INSERT_TAIL(&s->ops, op, link);
	return op;
}

static void
ws_step_cb(void *arg)
{
	struct ws_op *op = arg;

	op->deferred = false;
	op->next(op);
}

static void
later(struct ws_op *op)
{
	op->deferred = true;
	loop_defer(op->s->app->loop, ws_step_cb, op);
}

void
ws_enter(struct ws_op *op, ws_step_fn *step)
{
	const struct ws_op *o;

	op->next = step;
	TAILQ_FOREACH (o, &op->s->ops, link) {
		if (o == op)
			break;
		if (strcmp(o->id, op->id) == 0) {
			op->waiting = true;
			return;
		}
	}
	later(op);
}

/* As of wt_still_may() and wt_begins(). */
static bool
still_may(struct ws_op *op)
{
	const struct worktree_who *who = &op->who;

	if (auth_holds(op->s->app->auth, who->user_id, who->token_id))
		return true;
	ws_answer(op, RDV_E_REVOKED, "the credential has ended meanwhile");
	return false;
}

bool
ws_begins(struct ws_op *op)
{
	if (!still_may(op))
		return false;
	op->who.token_id[0] = '\0';
	return true;
}

static void
load(struct ws_op *op)
{
	int err = workspace_load(op->s->app->db, op->arena, op->who.user_id,
	    op->id, &op->ws);

	op->known = err == 0;
	if (err == 0 && still_may(op))
		op->opened(op);
	else if (err != 0)
		ws_answer(op, err,
		    err == RDV_E_NOT_FOUND ? "there is no such workspace"
					   : "the database cannot be read");
}

void
ws_open(struct ws_op *op, ws_step_fn *step)
{
	op->opened = step;
	ws_enter(op, load);
}

static void
ws_sweep_cb(void *arg)
{
	struct workspaces *s = arg;
	struct ws_op *op;

	while ((op = TAILQ_FIRST(&s->ended)) != NULL) {
		TAILQ_REMOVE(&s->ended, op, link);
		loop_timer_free(op->limit);
		arena_free(op->arena);
		free(op);
	}
}

/* It may be on the stack, and is freed later. */
static void
end(struct ws_op *op)
{
	struct workspaces *s = op->s;
	struct ws_op *o;

	TAILQ_REMOVE(&s->ops, op, link);
	if (op->roomed)
		worktree_quota_leave(s->app->worktrees, op);
	TAILQ_FOREACH (o, &s->ops, link) {
		if (strcmp(o->id, op->id) != 0)
			continue;
		o->waiting = false;
		later(o);
		break;
	}
	if (TAILQ_EMPTY(&s->ended))
		loop_defer(s->app->loop, ws_sweep_cb, s);
	TAILQ_INSERT_TAIL(&s->ended, op, link);
}

void
ws_answer(struct ws_op *op, int err, const char *why)
{
	if (op->cb != NULL)
		op->cb(err, op->known ? &op->ws : NULL, why, op->arg);
	end(op);
}

bool
ws_in_flight(const struct workspaces *s, const char *id)
{
	const struct ws_op *o;

	TAILQ_FOREACH (o, &s->ops, link)
		if (strcmp(o->id, id) == 0)
			return true;
	return false;
}

static void
ws_stored_cb(int err, void *arg)
{
	struct ws_op *op = arg;

	if (err != 0)
		ws_answer(op, err, "the database cannot be written");
	else
		op->next(op);
}

/* Errors stay in the transaction and are told by its end. */
static void
put(struct ws_op *op, struct tx *tx, enum ws_store what)
{
	const struct workspace *ws = &op->ws;

	if (what != WS_INSERT) {
		(void)store_workspace_change(tx, &ws->row);
		if (what == WS_GOAL)
			(void)store_workspace_archive_anew(tx, op->id);
		if (what == WS_PART)
			(void)store_workspace_repo_change(tx,
			    &ws->parts[op->i].repo);
		return;
	}
	(void)store_workspace_insert(tx, &ws->row);
	for (size_t i = 0; i < ws->n; i++)
		(void)store_workspace_repo_insert(tx, &ws->parts[i].repo);
}

void
ws_store(struct ws_op *op, enum ws_store what, enum event_kind kind,
    ws_step_fn *next)
{
	struct tx *tx;

	/* A row tells of what is about to be done, or has been. */
	if (!ws_begins(op))
		return;
	tx = tx_begin(op->s->app->db);
	op->next = next;
	op->ws.row.updated_at = clock_wall_ms();
	put(op, tx, what);
	event_emit(tx, kind, op->who.user_id, op->id,
	    workspace_json(&op->ws.row));
	tx_commit(tx, ws_stored_cb, op);
}

int
ws_tree(struct ws_op *op, struct workspace_part *p)
{
	return workspace_tree(op->s->app->db, op->arena, op->who.user_id, p);
}

const char *
ws_of_part(struct ws_op *op, const char *why)
{
	return arena_printf(op->arena, "%s: %s", op->ws.parts[op->i].repo.name,
	    why);
}

const char *
ws_of_gone(struct ws_op *op)
{
	return arena_printf(op->arena, "its repository is gone from %s",
	    op->ws.parts[op->i].repo.repo_path);
}

static bool
is(const struct workspace_part *p, const char *state)
{
	return p->tree.state != NULL && strcmp(p->tree.state, state) == 0;
}

bool
ws_is_moving(const struct workspace_part *p)
{
	return is(p, "creating") || is(p, "removing");
}

bool
ws_is_ours(struct ws_op *op, const struct workspace_part *p)
{
	struct store_worktree row;

	return is(p, "ready") &&
	       store_worktree_at(op->s->app->db, op->arena, op->who.user_id,
		   p->path, &row) == 0 &&
	       strcmp(row.id, p->repo.worktree_id) == 0;
}

/* As they were stored; what is no list of texts is no pattern. */
static const char *const *
patterns(struct ws_op *op, const char *json)
{
	char why[64];
	struct js *list = js_parse(json, strlen(json), why, sizeof(why));
	size_t n = js_len(list), kept = 0;
	const char **all = arena_alloc(op->arena, (n + 1) * sizeof(*all));

	for (size_t i = 0; i < n; i++)
		if (js_text(js_at(list, i)) != NULL)
			all[kept++] =
			    arena_strdup(op->arena, js_text(js_at(list, i)));
	js_free(list);
	return all;
}

void
ws_copy(struct ws_op *op, worktree_done_fn *cb)
{
	const struct workspace_part *p = &op->ws.parts[op->i];
	struct store_repo repo = { .id = NULL };
	struct worktree_copy copy;
	int err = store_repo_get(op->s->app->db, op->arena, op->who.user_id,
	    p->repo.repo_id, &repo);

	/* Of one that was forgotten nobody says what to copy. */
	if (err != 0 || repo.copy_files_json == NULL) {
		cb(err == RDV_E_NOT_FOUND ? 0 : err,
		    "the database cannot be read", op);
		return;
	}
	copy = (struct worktree_copy){ repo.path, p->path,
		patterns(op, repo.copy_files_json) };
	worktree_copy(op->s->app->worktrees, &op->who, &copy, cb, op);
}

void
workspaces_let_go(struct workspaces *s)
{
	struct ws_op *op, *next;

	if (s == NULL)
		return;
	/* Those that wait for a worktree have heard from it. */
	TAILQ_FOREACH_SAFE (op, &s->ops, link, next) {
		if (!op->deferred && !op->waiting)
			continue;
		loop_undefer(s->app->loop, ws_step_cb, op);
		op->deferred = op->waiting = false;
		ws_answer(op, RDV_E_UNAVAILABLE, "rdv is ending");
	}
}

void
workspaces_free(struct workspaces *s)
{
	struct ws_op *op;

	if (s == NULL)
		return;
	while ((op = TAILQ_FIRST(&s->ops)) != NULL) {
		loop_undefer(s->app->loop, ws_step_cb, op);
		/* The worktrees have gone before. */
		op->roomed = false;
		ws_answer(op, RDV_E_UNAVAILABLE, "rdv is ending");
	}
	loop_undefer(s->app->loop, ws_sweep_cb, s);
	ws_sweep_cb(s);
	loop_timer_free(s->settle);
	loop_timer_free(s->retry);
	free(s);
}
