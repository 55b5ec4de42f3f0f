/* SPDX-License-Identifier: MIT */
/*
 * How a transfer ends: what is known of it is written down, then its directory
 * goes, then it is over; and what a crash left is led there. Invariant: what
 * was pushed or not is asked of the remote, never taken from the state a row
 * was in; what is deleted is the directory that the row knows by device, inode
 * and birth, or an empty one.
 */
#include <string.h>

#include "daemon/app.h"
#include "daemon/core/clonestate.h"
#include "daemon/core/owner.h"
#include "daemon/core/transferstate.h"
#include "daemon/core/worktreeask.h"
#include "lib/arena.h"
#include "lib/log.h"
#include "lib/path.h"
#include "lib/str.h"

/* By one call of rdv-git. */
#define CHUNK_FILES "20000"
#define CHUNK_BYTES "18446744073709551615"

static void clear(struct wt_op *op);

static void
over(struct wt_op *op)
{
	transfer_over(op->own);
}

static void
settle(struct transfer *t)
{
	transfer_store(t, t->row.outcome, over);
}

void
transfer_stays(struct transfer *t, const char *why)
{
	log_warnx("transfer", "%s stays: %s", t->row.temp_path, why);
	t->row.cause = t->row.cause == NULL
			   ? arena_printf(t->op->arena, "%s stays: %s",
				 t->row.temp_path, why)
			   : arena_printf(t->op->arena, "%s; and %s stays: %s",
				 t->row.cause, t->row.temp_path, why);
	settle(t);
}

/* "FILES BYTES MORE". */
static void
erased_cb(struct wt_op *op, const struct git_result *r)
{
	const char *why, *more;
	const struct git_fact *f = wt_fact_of(op, r, &why);

	if (f == NULL) {
		transfer_stays(op->own, why);
		return;
	}
	more = strrchr(f->text, ' ');
	if (more == NULL || strcmp(more, " 0") == 0)
		settle(op->own);
	/* Somebody puts there what is deleted. */
	else if (str_starts(f->text, "0 "))
		transfer_stays(op->own, "it cannot be emptied");
	else
		clear(op);
}

static void
dropped_cb(struct wt_op *op, const struct git_result *r)
{
	const char *why;

	if (wt_fact_of(op, r, &why) == NULL)
		transfer_stays(op->own, why);
	else
		settle(op->own);
}

static void
clear(struct wt_op *op)
{
	struct transfer *t = op->own;
	const char *const drop[] = { "clone-drop", t->row.temp_path, NULL };
	const char *argv[8] = { "erase", t->row.temp_path };
	const char *const dirs[] = { path_parent(op->arena, t->row.temp_path),
		NULL };

	if (t->row.identity == NULL) {
		wt_worker_in(op, dirs, drop, dropped_cb);
		return;
	}
	if (!clone_identity(op->arena, t->row.identity, argv + 2)) {
		transfer_stays(t, "nobody knows which directory it is");
		return;
	}
	argv[5] = CHUNK_FILES;
	argv[6] = CHUNK_BYTES;
	wt_worker_in(op, dirs, argv, erased_cb);
}

void
transfer_end(struct transfer *t, const char *outcome, const char *code,
    const char *cause)
{
	t->row.outcome = outcome;
	t->row.code = code;
	t->row.cause = cause != NULL ? arena_strdup(t->op->arena, cause) : NULL;
	transfer_store(t, "clearing", clear);
}

/* Nothing of it can have arrived anywhere yet. */
static void
fix_unsent(struct wt_op *op)
{
	struct transfer *t = op->own;

	if (t->row.cancelled)
		transfer_end(t, "cancelled", NULL, "cancelled");
	else
		transfer_end(t, "failed", "INTERRUPTED",
		    "interrupted; nothing was changed");
}

static void
fix_sent(struct wt_op *op)
{
	struct transfer *t = op->own;

	if (strcmp(t->row.kind, "push") != 0) {
		fix_unsent(op);
		return;
	}
	if (t->row.cause == NULL)
		t->row.cause = t->row.cancelled ? "cancelled" : "interrupted";
	transfer_store(t, "asking", transfer_asking);
}

static const struct {
	const char *state;
	wt_step_fn *step;
} fixes[] = {
	{ "making", fix_unsent },
	{ "reading", fix_unsent },
	{ "working", fix_sent },
	{ "asking", fix_sent },
	{ "landing", transfer_landing },
};

static void
fix_opened(struct wt_op *op)
{
	const struct transfer *t = op->own;

	wt_leave(op);
	for (size_t i = 0; i < sizeof(fixes) / sizeof(fixes[0]); i++)
		if (strcmp(t->row.state, fixes[i].state) == 0) {
			/* It leads to a state that may stand further down. */
			fixes[i].step(op);
			return;
		}
}

static void
fix_start(struct wt_op *op)
{
	struct transfer *t = op->own;
	const char *why;

	if (t->row.outcome != NULL)
		clear(op);
	else if (!clone_url_ok(t->row.url, true, &t->way, &why))
		transfer_end(t, "failed", "INTERRUPTED", why);
	else
		wt_open(op, t->row.path, fix_opened);
}

/* Also when the repository cannot be opened any more. */
static bool
is_sent(const struct store_transfer *row)
{
	return strcmp(row->kind, "push") == 0 &&
	       (strcmp(row->state, "working") == 0 ||
		   strcmp(row->state, "asking") == 0);
}

static bool
fix_row_cb(const struct store_transfer *row, void *arg)
{
	struct transfers *ts = arg;
	struct worktree_who who;
	struct transfer *t;

	if (transfer_find(ts, row->user_id, row->id) != NULL ||
	    !owner_may_begin(ts->app, row->user_id, &who))
		return true;
	t = transfer_new(ts, &who);
	t->row = store_transfer_copy(t->op->arena, row);
	t->noted = true;
	t->unsure = is_sent(row);
	wt_later(t->op, fix_start);
	return true;
}

void
transferfix_settle_cb(void *arg)
{
	struct transfers *ts = arg;
	int err = store_transfers_in(ts->app->db, "clearing", fix_row_cb, ts);

	for (size_t i = 0; i < sizeof(fixes) / sizeof(fixes[0]) && err == 0;
	     i++)
		err = store_transfers_in(ts->app->db, fixes[i].state,
		    fix_row_cb, ts);
	if (err != 0)
		log_warnx("transfer", "rows cannot be read: %s",
		    strerror(-err));
}
