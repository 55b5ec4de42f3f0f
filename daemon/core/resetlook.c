/* SPDX-License-Identifier: MIT */
/*
 * What stands against a reset. All repositories are looked at before the first
 * is moved, and where each is to go is written down then. Invariant: what is
 * refused here has changed nothing but that what was at work is stopped.
 */
#include "daemon/core/resetstate.h"

#include <string.h>

#include "daemon/app.h"
#include "daemon/core/worktreereset.h"
#include "daemon/store/db.h"
#include "daemon/store/runrepos.h"
#include "lib/arena.h"
#include "lib/err.h"

static void judge_next(struct reset *r);

static void
answered(struct reset *r)
{
	reset_answer(r, r->err, r->why);
}

/* Nothing has changed but that what was at work is stopped. */
static void
refuse(struct reset *r, int err)
{
	r->err = err;
	reset_store(r, reset_tx(r, "refused", r->why, true), answered);
}

static void
plan(struct reset *r)
{
	struct tx *tx = reset_tx(r, "moving", NULL, false);

	for (size_t i = 0; i < r->n; i++)
		(void)store_reset_repo_insert(tx, &r->parts[i].row);
	reset_store(r, tx, reset_move);
}

static void
judged(struct reset *r)
{
	if (r->err != 0)
		refuse(r, r->err);
	else
		plan(r);
}

static void
stand_against(struct reset *r, int err, const char *code, const char *why)
{
	if (r->err == 0) {
		r->err = err;
		r->code = code;
	}
	reset_part(r)->why = reset_keep(r, why);
	reset_add_why(r, reset_part(r)->why);
}

static void
judge_files(struct reset *r)
{
	const int64_t n = reset_part(r)->files;

	if (n > 0 && !r->row.force) {
		reset_part(r)->yields = true;
		stand_against(r, RDV_E_DIRTY, NULL,
		    arena_printf(r->arena, "%lld %s not committed",
			(long long)n, n == 1 ? "file is" : "files are"));
	}
}

static void
reset_judged_cb(int err, const struct worktree_changed *how, const char *why,
    void *arg)
{
	struct reset *r = arg;

	if (err == RDV_E_UNAVAILABLE) {
		reset_later(r, err, why);
		return;
	}
	if (err != 0) {
		reset_part(r)->yields =
		    reset_same(how->code, WORKTREE_RESET_RUNS);
		stand_against(r, err, reset_keep(r, how->code), why);
	} else {
		reset_part(r)->row.from_head = reset_keep(r, how->head);
		reset_part(r)->files = reset_files(how);
		judge_files(r);
	}
	r->i++;
	judge_next(r);
}

static void
judge_next(struct reset *r)
{
	struct worktree_reset wish;

	if (r->i == r->n) {
		judged(r);
		return;
	}
	if (reset_part(r)->row.to_head == NULL) {
		stand_against(r, RDV_E_STATE, NULL,
		    "where it stood before that turn is not known");
		r->i++;
		judge_next(r);
		return;
	}
	wish = reset_wish_of(r, NULL, reset_part(r)->row.to_head);
	worktree_reset_look(r->s->app->worktrees, &r->who, &wish,
	    reset_judged_cb, r);
}

static bool
reset_head_cb(const struct store_run_repo *row, void *arg)
{
	struct reset *r = arg;

	for (size_t i = 0; i < r->n; i++)
		if (strcmp(r->parts[i].row.repo_id, row->repo_id) == 0)
			r->parts[i].row.to_head =
			    reset_keep(r, row->before_head);
	return true;
}

/* Without a run nothing was done for any of them: the trees stay. */
static int
find_targets(struct reset *r)
{
	const struct workspace *ws = &r->op->ws;
	struct db *db = r->s->app->db;
	const char *run;
	int err = store_run_since(db, r->arena, r->row.session_id,
	    r->row.turn_id, &run);

	if (err != 0)
		return err == RDV_E_NOT_FOUND ? 0 : err;
	r->parts = arena_alloc(r->arena, (ws->n + 1) * sizeof(*r->parts));
	r->n = ws->n;
	for (size_t i = 0; i < ws->n; i++)
		r->parts[i].row = (struct store_reset_repo){
			.reset_id = r->row.id,
			.place = (int64_t)i,
			.repo_id = reset_keep(r, ws->parts[i].repo.repo_id),
			.name = reset_keep(r, ws->parts[i].repo.name),
			.path = reset_keep(r, ws->parts[i].path),
		};
	return store_run_repos(db, run, reset_head_cb, r);
}

static int
read_parts(struct reset *r)
{
	struct store_reset_repo *rows = NULL;
	int err =
	    store_reset_repos(r->s->app->db, r->arena, r->row.id, &rows, &r->n);

	if (err != 0)
		return err;
	r->parts = arena_alloc(r->arena, (r->n + 1) * sizeof(*r->parts));
	for (size_t i = 0; i < r->n; i++)
		r->parts[i] = (struct reset_part){ .row = rows[i],
			.torn = rows[i].begun };
	return 0;
}

static void
look_at_all(struct reset *r)
{
	const struct workspace *ws = &r->op->ws;

	if (strcmp(ws->row.state, "ready") != 0 || ws->row.archived_at >= 0) {
		r->why = "its workspace is archived, or not ready";
		refuse(r, RDV_E_STATE);
	} else if (find_targets(r) != 0) {
		reset_answer(r, RDV_E_UNAVAILABLE,
		    "the database cannot be read");
	} else {
		r->why = NULL;
		r->i = 0;
		judge_next(r);
	}
}

void
reset_held(struct reset *r)
{
	const bool judges = strcmp(r->row.state, "stopping") == 0;

	if (judges) {
		look_at_all(r);
	} else if (read_parts(r) != 0) {
		reset_later(r, RDV_E_UNAVAILABLE,
		    "the database cannot be read");
	} else if (strcmp(r->row.state, "returning") == 0) {
		r->why = r->row.cause;
		r->err = r->why != NULL ? RDV_E_STATE : 0;
		reset_back(r);
	} else {
		reset_move(r);
	}
}
