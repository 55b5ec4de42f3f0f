/* SPDX-License-Identifier: MIT */
/*
 * What is left of clones that did not come to their end: by a failure, by
 * whoever cancelled them, or by a crash. Invariant: what is deleted is the
 * directory that the row knows by device, inode and birth; where that was not
 * written down yet, an empty one alone.
 */
#include <string.h>

#include "daemon/app.h"
#include "daemon/core/clonestate.h"
#include "daemon/core/owner.h"
#include "daemon/core/run.h"
#include "lib/arena.h"
#include "lib/gitproto.h"
#include "lib/log.h"
#include "lib/path.h"
#include "lib/str.h"

/* By one call of rdv-git. */
#define CHUNK_FILES "20000"
#define CHUNK_BYTES "18446744073709551615"

static void erase(struct wt_op *op);

static void
undone(struct wt_op *op)
{
	clone_over(op->own);
}

static void
settle(struct clone *c)
{
	c->settling = true;
	c->row.state = c->row.cancelled ? "cancelled" : "failed";
	clone_store(c, false, undone);
}

void
clone_stays(struct clone *c, const char *why)
{
	log_warnx("clone", "%s stays: %s", c->row.temp_path, why);
	c->row.cause = arena_printf(c->op->arena, "%s; and %s stays: %s",
	    c->row.cause, c->row.temp_path, why);
	settle(c);
}

/* "FILES BYTES MORE". */
static void
erased_cb(struct wt_op *op, const struct git_result *r)
{
	const char *why, *more;
	const struct git_fact *f = clone_fact(op, r, &why);

	if (f == NULL || f->found != GIT_FOUND) {
		clone_stays(op->own, why);
		return;
	}
	more = strrchr(f->text, ' ');
	if (more == NULL || strcmp(more, " 0") == 0)
		settle(op->own);
	/* Somebody puts there what is deleted. */
	else if (str_starts(f->text, "0 "))
		clone_stays(op->own, "it cannot be emptied");
	else
		erase(op);
}

static void
dropped_cb(struct wt_op *op, const struct git_result *r)
{
	const char *why;
	const struct git_fact *f = clone_fact(op, r, &why);

	if (f == NULL || f->found != GIT_FOUND)
		clone_stays(op->own, why);
	else
		settle(op->own);
}

static void
erase(struct wt_op *op)
{
	struct clone *c = op->own;
	const char *const drop[] = { "clone-drop", c->row.temp_path, NULL };
	const char *argv[8] = { "erase", c->row.temp_path };
	const char *const parent[] = { path_parent(op->arena, c->row.temp_path),
		NULL };

	if (c->row.identity == NULL) {
		wt_worker_in(op, parent, drop, dropped_cb);
		return;
	}
	if (!clone_identity(op->arena, c->row.identity, argv + 2)) {
		clone_stays(op->own, "nobody knows which directory it is");
		return;
	}
	argv[5] = CHUNK_FILES;
	argv[6] = CHUNK_BYTES;
	wt_worker_in(op, parent, argv, erased_cb);
}

void
clone_undo(struct clone *c, const char *cause)
{
	c->undoing = true;
	c->row.cause = arena_strdup(c->op->arena, cause);
	if (c->settling) {
		settle(c);
		return;
	}
	c->row.state = "undoing";
	clone_store(c, false, erase);
}

static void
fix_start(struct wt_op *op)
{
	struct clone *c = op->own;

	if (strcmp(c->row.state, "landing") == 0) {
		clone_land(op);
	} else if (strcmp(c->row.state, "undoing") == 0) {
		c->undoing = true;
		erase(op);
	} else {
		clone_undo(c,
		    c->row.cancelled ? "cancelled" : "interrupted; taken back");
	}
}

static bool
fix_row_cb(const struct store_clone *row, void *arg)
{
	struct clones *cs = arg;
	struct worktree_who who;
	struct clone *c;

	if (clone_find(cs, row->user_id, row->id) != NULL ||
	    !owner_may_begin(cs->app, row->user_id, &who))
		return true;
	c = clone_new(cs, &who);
	c->row = store_clone_copy(c->op->arena, row);
	c->noted = true;
	wt_later(c->op, fix_start);
	return true;
}

void
clonefix_settle_cb(void *arg)
{
	static const char *const states[] = { "making", "cloning", "landing",
		"undoing" };
	struct clones *cs = arg;
	int err = 0;

	/* Its git may still write what is erased here. */
	if (runs_dooming(cs->app->runs)) {
		clones_reconcile(cs);
		return;
	}
	for (size_t i = 0; i < sizeof(states) / sizeof(states[0]) && err == 0;
	     i++)
		err = store_clones_in(cs->app->db, states[i], fix_row_cb, cs);
	if (err != 0)
		log_warnx("clone", "rows cannot be read: %s", strerror(-err));
}
