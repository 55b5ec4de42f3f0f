/* SPDX-License-Identifier: MIT */
/*
 * Throwing changes away, so that they can be had again. What the files and the
 * index are is first made commits, named refs/rdv/trash/<id>/; only then git
 * takes the files from what it has just recorded to what HEAD has, and refuses
 * for one that is something else by then. Invariant: nothing is deleted or
 * written over that no name keeps.
 *
 * The commit has three parents: HEAD, the index as it was, and the index
 * without what was discarded.
 */
#include "daemon/core/worktreediscard.h"

#include <string.h>

#include "daemon/app.h"
#include "daemon/core/worktreespare.h"
#include "daemon/event/event.h"
#include "daemon/store/db.h"
#include "lib/arena.h"
#include "lib/clock.h"
#include "lib/err.h"
#include "lib/js.h"

#define TRASH "refs/rdv/trash"

static struct wt_discard *
of(const struct wt_op *op)
{
	const struct wt_change *ch = op->own;

	return ch->more;
}

const char *
wt_discard_oid(struct wt_op *op, const struct git_result *r)
{
	const size_t len = strcspn(r->out, "\n");

	if (r->status != 0)
		wt_fail_git(op, r);
	else if (len != 40 && len != 64)
		wt_fail(op, RDV_E_INVALID, "git names no object");
	else
		return arena_strndup(op->arena, r->out, len);
	return NULL;
}

static void
worktreediscard_stored_cb(int err, void *arg)
{
	struct wt_op *op = arg;

	if (err != 0)
		wt_fail(op, err, "the database cannot be written");
	else
		op->next(op);
}

void
wt_discard_store(struct wt_op *op, bool insert, wt_step_fn *next)
{
	struct store_discard *row = &of(op)->row;
	struct tx *tx = tx_begin(op->w->app->db);
	struct js *o = js_object();

	op->next = next;
	row->updated_at = clock_wall_ms();
	if (insert)
		(void)store_discard_insert(tx, row);
	else
		(void)store_discard_change(tx, row);
	js_add_str(o, "path", row->path);
	js_add_str(o, "repo_path", row->repo_path);
	js_add_str(o, "act", "discard");
	js_add_str(o, "state", row->state);
	js_add_str(o, "cause", row->cause);
	event_emit(tx, EV_WORKTREE_ACTED, row->user_id, row->id, o);
	tx_commit(tx, worktreediscard_stored_cb, op);
}

static void
told(struct wt_op *op)
{
	const struct wt_discard *d = of(op);
	struct wt_change *ch = op->own;

	ch->cb(d->err, &ch->how, d->why, ch->arg);
	wt_end(op);
}

void
wt_discard_failed(struct wt_op *op, const char *state)
{
	struct wt_discard *d = of(op);

	d->row.state = state;
	d->row.cause = d->why;
	wt_discard_store(op, false, told);
}

static void
undone_cb(struct wt_op *op, const struct git_result *r)
{
	(void)r;
	wt_discard_failed(op, "failed");
}

/* The files were not touched; the index is as it was again. */
static void
undo(struct wt_op *op)
{
	const struct wt_discard *d = of(op);
	const char *const argv[] = { "reset", "--quiet", d->c_before, NULL };

	if (d->c_before != NULL)
		wt_change_names(op, argv, undone_cb);
	else
		undone_cb(op, NULL);
}

/* The files of it are kept, and how many of them are there is not known. */
static void
torn_undone_cb(struct wt_op *op, const struct git_result *r)
{
	(void)r;
	wt_discard_failed(op, "kept");
}

/*
 * Some files are gone: what brings them back looks which. The index is as it
 * was before, as far as there is room for one.
 */
static void
tear(struct wt_op *op)
{
	struct wt_discard *d = of(op);
	const char *const argv[] = { "reset", "--quiet", d->c_before, NULL };

	d->undoes = true;
	d->why = arena_printf(op->arena, "%s; restore %s for what is gone",
	    d->why, d->row.id);
	wt_change_names(op, argv, torn_undone_cb);
}

/* Without the helper nothing is known, and the row stays until it is. */
static void
discard_fail(struct wt_op *op, int err, const char *why)
{
	struct wt_discard *d = of(op);

	if (d->err == 0) {
		d->err = err;
		d->why = arena_strdup(op->arena, why);
	}
	if (d->torn && !d->undoes && err != RDV_E_UNAVAILABLE) {
		tear(op);
		return;
	}
	if (d->noted && !d->undoes && !d->settles && err != RDV_E_UNAVAILABLE) {
		d->undoes = true;
		undo(op);
		return;
	}
	if (d->noted && !d->settles)
		worktrees_reconcile(op->w);
	told(op);
}

static void
kept(struct wt_op *op)
{
	of(op)->noted = false;
	wt_change_done(op);
}

static void
torn_seen(struct wt_op *op)
{
	struct wt_discard *d = of(op);

	/* With all of them there nothing is torn. */
	d->torn = d->again || d->differ_len > 0;
	wt_fail(op, d->err, "%s", d->why);
}

/* It has failed while it wrote, or before. */
static void
half_gone(struct wt_op *op, const struct git_result *r)
{
	struct wt_discard *d = of(op);

	d->err = RDV_E_STATE;
	d->why = arena_printf(op->arena, "git: %.300s", r->err);
	d->torn = true;
	wt_discard_compare(op, torn_seen);
}

static void
gone_cb(struct wt_op *op, const struct git_result *r)
{
	struct wt_discard *d = of(op);
	struct wt_change *ch = op->own;

	if (r->status != 0 && !wt_discard_refused(r)) {
		half_gone(op, r);
		return;
	}
	if (r->status != 0) {
		wt_fail(op, RDV_E_STATE,
		    "one of the files changes just now: %.300s", r->err);
		return;
	}
	ch->how.id = d->row.id;
	ch->how.kept = d->row.commit_id;
	ch->how.files = d->row.files;
	d->row.state = "kept";
	wt_discard_store(op, false, kept);
}

/* From what is recorded to what is without it, or not at all. */
static void
let_go(struct wt_op *op)
{
	const struct wt_discard *d = of(op);
	const char *const argv[] = { "read-tree", "-m", "-u", d->with,
		d->without, NULL };

	wt_git(op, op->at, argv, NULL, gone_cb);
}

/* What git deletes to make room for a file would be kept by nothing. */
static void
way_seen(struct wt_op *op, const char *name)
{
	if (name != NULL)
		wt_fail(op, RDV_E_STATE,
		    "%s is ignored and in the way; move it away first", name);
	else
		wt_discard_store(op, false, let_go);
}

static void
spare(struct wt_op *op)
{
	const struct wt_discard *d = of(op);

	wt_spare_ignored(op, d->touched, d->touched_len, way_seen);
}

static void
counted_cb(struct wt_op *op, const struct git_result *r)
{
	struct wt_discard *d = of(op);
	char *names;

	if (r->status != 0) {
		wt_fail_git(op, r);
		return;
	}
	names = arena_alloc(op->arena, r->outlen + 1);
	memcpy(names, r->out, r->outlen);
	d->touched = names;
	d->touched_len = r->outlen;
	if (!d->again) {
		d->row.commit_id = d->c_with;
		for (size_t i = 0; i < r->outlen; i++)
			d->row.files += r->out[i] == '\0';
	}
	wt_discard_keep_raw(op, spare);
}

static void
pinned_cb(struct wt_op *op, const struct git_result *r)
{
	const struct wt_discard *d = of(op);
	const char *const argv[] = { "diff-tree", "-r", "-z", "--no-renames",
		"--name-only", d->c_without, d->c_with, "--", NULL };

	if (r->status != 0)
		wt_fail_git(op, r);
	else
		wt_git(op, op->at, argv, NULL, counted_cb);
}

static void
pin(struct wt_op *op, const char *text, wt_git_fn *next)
{
	static const char *const argv[] = { "update-ref", "--stdin", NULL };

	wt_git_in(op, op->at, argv, text, next);
}

static void
with_cb(struct wt_op *op, const struct git_result *r)
{
	struct wt_discard *d = of(op);

	d->c_with = wt_discard_oid(op, r);
	if (d->c_with != NULL)
		pin(op,
		    arena_printf(op->arena, "create " TRASH "/%s/%s0 %s\n",
			d->row.id, d->prefix, d->c_with),
		    pinned_cb);
}

/*
 * With HEAD as its parent, and two more or none. The name is rdv's, as it is
 * rdv's own; `what` tells two of one tree apart, or git takes them for one.
 */
static void
make_commit(struct wt_op *op, const char *tree, const char *what,
    const char *one, const char *two, wt_git_fn *next)
{
	const struct wt_change *ch = op->own;
	const char *argv[] = { "-c", "user.name=rdv", "-c",
		"user.email=rdv@localhost", "commit-tree", tree, "-F", "-",
		"-p", ch->status.commit, "-p", one, "-p", two, NULL };

	if (one == NULL)
		argv[10] = NULL;
	wt_git_in(op, op->at, argv, what, next);
}

static void
without_cb(struct wt_op *op, const struct git_result *r)
{
	struct wt_discard *d = of(op);

	d->c_without = wt_discard_oid(op, r);
	if (d->c_without != NULL)
		make_commit(op, d->with, "discarded\n", d->c_before,
		    d->c_without, with_cb);
}

/* Nothing of it differs: then the index has not changed, either. */
static void
nothing(struct wt_op *op)
{
	struct wt_discard *d = of(op);

	if (d->again) {
		d->row.state = "kept";
		wt_discard_store(op, false, kept);
	} else {
		wt_change_refuse(op, "NOTHING_TO_DISCARD",
		    "nothing of that has changed");
	}
}

static void
tree_with_cb(struct wt_op *op, const struct git_result *r)
{
	struct wt_discard *d = of(op);

	d->with = wt_discard_oid(op, r);
	if (d->with == NULL)
		return;
	if (strcmp(d->with, d->without) == 0 &&
	    strcmp(d->before, d->without) == 0)
		nothing(op);
	else
		make_commit(op, d->without, "without what was discarded\n",
		    NULL, NULL, without_cb);
}

static void
write_tree(struct wt_op *op, wt_git_fn *next)
{
	static const char *const argv[] = { "write-tree", NULL };

	wt_git(op, op->at, argv, NULL, next);
}

static void
added_cb(struct wt_op *op, const struct git_result *r)
{
	if (r->status != 0)
		wt_fail_git(op, r);
	else
		write_tree(op, tree_with_cb);
}

/* Files as they lie there, those that git does not know too. */
static void
tree_without_cb(struct wt_op *op, const struct git_result *r)
{
	/* Line ends that git would not give back are kept beside. */
	static const char *const argv[] = { "-c", "core.safecrlf=false", "add",
		"--all", NULL };
	struct wt_discard *d = of(op);

	d->without = wt_discard_oid(op, r);
	if (d->without != NULL)
		wt_change_names(op, argv, added_cb);
}

static void
reset_cb(struct wt_op *op, const struct git_result *r)
{
	if (r->status != 0)
		wt_fail_git(op, r);
	else
		write_tree(op, tree_without_cb);
}

static void
wish_pinned_cb(struct wt_op *op, const struct git_result *r)
{
	static const char *const argv[] = { "reset", "--quiet", NULL };

	if (r->status != 0)
		wt_fail_git(op, r);
	else
		wt_change_names(op, argv, reset_cb);
}

/* Both before the index is touched: what a crash leaves is known by them. */
static void
wish_cb(struct wt_op *op, const struct git_result *r)
{
	struct wt_discard *d = of(op);

	d->wish = wt_discard_oid(op, r);
	if (d->wish != NULL)
		pin(op,
		    arena_printf(op->arena,
			"create " TRASH "/%s/%sindex %s\n"
			"create " TRASH "/%s/%spaths %s\n",
			d->row.id, d->prefix, d->c_before, d->row.id, d->prefix,
			d->wish),
		    wish_pinned_cb);
}

static void
before_cb(struct wt_op *op, const struct git_result *r)
{
	static const char *const argv[] = { "hash-object", "-w", "--stdin",
		NULL };
	const struct wt_change *ch = op->own;
	struct wt_discard *d = of(op);

	d->c_before = wt_discard_oid(op, r);
	if (d->c_before != NULL)
		wt_git_bytes(op, op->at, argv, ch->names, ch->names_len,
		    wish_cb);
}

static void
tree_before_cb(struct wt_op *op, const struct git_result *r)
{
	struct wt_discard *d = of(op);

	d->before = wt_discard_oid(op, r);
	if (d->before != NULL)
		make_commit(op, d->before, "the index before\n", NULL, NULL,
		    before_cb);
}

void
wt_discard_take(struct wt_op *op)
{
	of(op)->noted = true;
	write_tree(op, tree_before_cb);
}

static void
begin(struct wt_op *op)
{
	struct wt_discard *d = of(op);
	struct wt_change *ch = op->own;

	if ((ch->wish.names != NULL) == ch->wish.all) {
		wt_fail(op, RDV_E_INVALID, "paths: either names or `all`");
		return;
	}
	if (ch->under_way != NULL || ch->conflicts > 0) {
		wt_change_midway(op);
		return;
	}
	if (ch->status.commit == NULL) {
		wt_fail(op, RDV_E_STATE,
		    "there is no commit yet that files could go back to");
		return;
	}
	if (ch->wish.all) {
		ch->names = ".";
		ch->names_len = 2;
	}
	d->row.repo_path = op->top;
	d->row.path = op->at;
	d->row.state = "taking";
	wt_discard_store(op, true, wt_discard_take);
}

struct wt_op *
wt_discard_new(struct worktrees *w, const struct worktree_who *who,
    const struct worktree_change *change, const char *id,
    worktree_changed_fn *cb, void *arg)
{
	struct wt_op *op = wt_change_new(w, who, change, cb, arg);
	struct wt_discard *d = arena_alloc(op->arena, sizeof(*d));
	struct wt_change *ch = op->own;
	char made[UUID_TEXT];

	uuid_v7(made);
	d->row.id = arena_strdup(op->arena, id != NULL ? id : made);
	d->row.user_id = op->who.user_id;
	d->row.created_at = clock_wall_ms();
	d->prefix = "";
	ch->more = d;
	ch->act = "discard";
	op->row.id = d->row.id;
	op->fail = discard_fail;
	return op;
}

void
worktree_discard(struct worktrees *w, const struct worktree_who *who,
    const struct worktree_change *change, worktree_changed_fn *cb, void *arg)
{
	struct wt_op *op = wt_discard_new(w, who, change, NULL, cb, arg);
	struct wt_change *ch = op->own;

	ch->begin = begin;
}
