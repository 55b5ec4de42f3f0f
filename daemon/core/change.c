/* SPDX-License-Identifier: MIT */
/*
 * What all changes of branches have in common: their row, their end. Invariant:
 * once the row stands, whatever goes wrong is answered only after git was asked
 * what became of it, or never will be by this process; the row says so then.
 */
#include "daemon/core/changeop.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "daemon/app.h"
#include "daemon/store/db.h"
#include "lib/arena.h"
#include "lib/clock.h"
#include "lib/err.h"
#include "lib/js.h"
#include "lib/log.h"

struct change *
change_of(const struct wt_op *op)
{
	return op->own;
}

const char *
change_ref(struct wt_op *op, const char *name)
{
	return arena_printf(op->arena, "refs/heads/%s", name);
}

bool
change_same(const char *a, const char *b)
{
	return a != NULL && b != NULL && strcmp(a, b) == 0;
}

const char *
change_line(struct wt_op *op, const struct git_result *r)
{
	return arena_strndup(op->arena, r->out, strcspn(r->out, "\n"));
}

void
change_answer(struct wt_op *op, int err, const char *why)
{
	const struct change *c = op->own;
	const struct change_told told = {
		.row = c->noted ? &c->row : NULL,
		.code = c->code,
		.conflicts = c->conflicts,
	};

	if (c->cb != NULL)
		c->cb(err, &told, why, c->arg);
	else if (err != 0)
		log_warnx("change", "%s of %s is %s: %s", c->row.kind,
		    c->row.path, c->row.state, why);
	wt_end(op);
}

/* UNAVAILABLE: nobody can be asked now, and the next start settles it. */
static void
change_fail(struct wt_op *op, int err, const char *why)
{
	struct change *c = op->own;

	if (!c->noted || c->settling || err == RDV_E_UNAVAILABLE) {
		change_answer(op, err, why);
		return;
	}
	c->settling = true;
	c->err = err;
	c->why = arena_strdup(op->arena, why);
	wt_later(op, change_settle);
}

struct wt_op *
change_new(struct worktrees *w, const struct worktree_who *who, change_fn *cb,
    void *arg)
{
	struct wt_op *op = wt_new(w, who, true, change_fail);
	struct change *c = arena_alloc(op->arena, sizeof(*c));

	c->cb = cb;
	c->arg = arg;
	op->own = c;
	return op;
}

void
change_refuse(struct wt_op *op, int err, const char *code, const char *fmt, ...)
{
	char why[1024];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(why, sizeof(why), fmt, ap);
	va_end(ap);
	change_of(op)->code = code;
	op->fail(op, err, why);
}

static struct js *
row_json(const struct store_change *c)
{
	struct js *o = js_object();

	js_add_str(o, "id", c->id);
	js_add_str(o, "kind", c->kind);
	js_add_str(o, "path", c->path);
	js_add_str(o, "repo_path", c->repo_path);
	js_add_str(o, "branch", c->branch);
	js_add_str(o, "target", c->target);
	js_add_str(o, "state", c->state);
	js_add_str(o, "cause", c->cause);
	return o;
}

void
change_open(struct wt_op *op)
{
	change_refuse(op, RDV_E_MIDWAY, NULL,
	    "another change of %s is open; continue or abort that", op->at);
}

static void note(struct wt_op *op);

static void
change_stored_cb(int err, void *arg)
{
	struct wt_op *op = arg;
	struct change *c = op->own;

	if (err == -EEXIST && c->past.id == NULL) {
		change_past(op, note);
	} else if (err == -EEXIST) {
		change_open(op);
	} else if (err != 0) {
		wt_fail(op, err, "the database cannot be written: %s",
		    strerror(-err));
	} else {
		c->noted = true;
		c->stored(op);
	}
}

/* In the same transaction as the one that takes its place. */
static void
end_past(struct tx *tx, struct store_change *past)
{
	past->updated_at = clock_wall_ms();
	(void)store_change_change(tx, past);
	event_emit(tx, EV_CHANGE_ENDED, past->user_id, past->id,
	    row_json(past));
}

static void
store(struct wt_op *op, bool insert, enum event_kind kind, wt_step_fn *next)
{
	struct change *c = op->own;
	struct tx *tx;

	if (!wt_begins(op))
		return;
	tx = tx_begin(op->w->app->db);
	c->stored = next;
	c->row.updated_at = clock_wall_ms();
	/* Errors stay in the transaction and are told by its end. */
	if (insert && c->past.id != NULL)
		end_past(tx, &c->past);
	if (insert)
		(void)store_change_insert(tx, &c->row);
	else
		(void)store_change_change(tx, &c->row);
	event_emit(tx, kind, c->row.user_id, c->row.id, row_json(&c->row));
	tx_commit(tx, change_stored_cb, op);
}

static void
note(struct wt_op *op)
{
	store(op, true, EV_CHANGE_STARTED, change_of(op)->stored);
}

void
change_note(struct wt_op *op, wt_step_fn *next)
{
	struct change *c = op->own;
	char id[UUID_TEXT];

	uuid_v7(id);
	c->row.id = arena_strdup(op->arena, id);
	c->row.user_id = op->who.user_id;
	c->row.repo_path = op->top;
	c->row.path = op->at;
	c->row.state = "running";
	c->row.branch_before = c->branch_now;
	c->row.target_before = c->target_now;
	c->row.created_at = clock_wall_ms();
	store(op, true, EV_CHANGE_STARTED, next);
}

void
change_save(struct wt_op *op, enum event_kind kind, wt_step_fn *next)
{
	store(op, false, kind, next);
}

static void
ended(struct wt_op *op)
{
	struct change *c = op->own;

	change_answer(op, c->err, c->why);
}

void
change_end(struct wt_op *op, const char *state, const char *cause)
{
	struct change *c = op->own;

	c->row.state = state;
	c->row.cause = cause;
	change_save(op,
	    strcmp(state, "conflict") == 0 ? EV_CHANGE_UPDATED
					   : EV_CHANGE_ENDED,
	    ended);
}

/*
 * The commit of a branch in lines of "commit ref", or NULL. Compared whole, as
 * a pattern of for-each-ref matches all below it.
 */
static const char *
head_of(struct wt_op *op, const struct git_result *r, const char *branch)
{
	const char *want = arena_printf(op->arena, " refs/heads/%s", branch);
	const size_t len = strlen(want);

	for (const char *line = r->out, *end;
	     (end = strchr(line, '\n')) != NULL; line = end + 1) {
		const size_t oid = strcspn(line, " ");

		if ((size_t)(end - line) == oid + len &&
		    strncmp(line + oid, want, len) == 0)
			return arena_strndup(op->arena, line, oid);
	}
	return NULL;
}

static void
heads_cb(struct wt_op *op, const struct git_result *r)
{
	struct change *c = op->own;

	if (r->status != 0) {
		wt_fail_git(op, r);
		return;
	}
	c->branch_now = head_of(op, r, c->row.branch);
	c->target_now = head_of(op, r, c->row.target);
	c->then(op);
}

void
change_heads(struct wt_op *op, wt_step_fn *next)
{
	struct change *c = op->own;
	const char *const argv[] = { "for-each-ref",
		"--format=%(objectname) %(refname)", "--",
		change_ref(op, c->row.branch), change_ref(op, c->row.target),
		NULL };

	c->then = next;
	wt_git(op, op->top, argv, NULL, heads_cb);
}
