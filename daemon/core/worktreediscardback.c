/* SPDX-License-Identifier: MIT */
/*
 * Discarded changes brought back, and discards that a crash cut off. The files
 * come back by git's own merge of trees, which writes over no file that differs
 * from the index and over none that git does not know: who has changed one
 * again is told so. Where git itself may have left a part of a file, as it was
 * cut off, that is kept beside the rest first, and then written over.
 */
#include <stdlib.h>
#include <string.h>

#include "daemon/app.h"
#include "daemon/core/owner.h"
#include "daemon/core/worktreediscard.h"
#include "daemon/core/worktreespare.h"
#include "lib/arena.h"
#include "lib/clock.h"
#include "lib/err.h"
#include "lib/log.h"

#define TRASH "refs/rdv/trash"

static struct wt_discard *
of(const struct wt_op *op)
{
	const struct wt_change *ch = op->own;

	return ch->more;
}

static const char *
parent(const struct wt_op *op, unsigned n)
{
	return arena_printf(op->arena, "%s^%u", of(op)->row.commit_id, n);
}

/* Into memory that outlives git's answer. */
static const char *
bytes_of(struct wt_op *op, const struct git_result *r)
{
	char *copy = arena_alloc(op->arena, r->outlen + 1);

	memcpy(copy, r->out, r->outlen);
	return copy;
}

static void
write_tree(struct wt_op *op, wt_git_fn *next)
{
	static const char *const argv[] = { "write-tree", NULL };

	wt_git(op, op->at, argv, NULL, next);
}

static void
ask_names(struct wt_op *op, const char *to, wt_git_fn *next)
{
	const char *const argv[] = { "diff-tree", "-r", "-z", "--no-renames",
		"--name-only", parent(op, 3), to, "--", NULL };

	wt_git(op, op->at, argv, NULL, next);
}

static void
back_told(struct wt_op *op)
{
	const struct wt_discard *d = of(op);
	struct wt_change *ch = op->own;

	ch->cb(d->err, &ch->how, d->why, ch->arg);
	wt_end(op);
}

/* The cause says that some files may be half there. */
static void
back_failed(struct wt_op *op)
{
	struct wt_discard *d = of(op);

	if (d->torn) {
		wt_discard_failed(op, "kept");
		return;
	}
	d->row.state = "kept";
	d->row.cause = NULL;
	wt_discard_store(op, false, back_told);
}

static void
refreshed_failed_cb(struct wt_op *op, const struct git_result *r)
{
	(void)r;
	back_failed(op);
}

static void
refresh(struct wt_op *op, wt_git_fn *next)
{
	static const char *const argv[] = { "update-index", "-q", "--refresh",
		NULL };

	wt_git(op, op->at, argv, NULL, next);
}

static void
index_back_cb(struct wt_op *op, const struct git_result *r)
{
	(void)r;
	refresh(op, refreshed_failed_cb);
}

static void
read_index(struct wt_op *op, wt_git_fn *next)
{
	const char *const argv[] = { "read-tree", of(op)->before, NULL };

	wt_git(op, op->at, argv, NULL, next);
}

/* It lies where it lay; of the files none has changed, or it is torn. */
static void
back_fail(struct wt_op *op, int err, const char *why)
{
	struct wt_discard *d = of(op);

	if (d->err == 0) {
		d->err = err;
		d->why = arena_strdup(op->arena, why);
	}
	if (d->noted && !d->undoes && err != RDV_E_UNAVAILABLE) {
		d->undoes = true;
		if (d->before != NULL)
			read_index(op, index_back_cb);
		else
			back_failed(op);
		return;
	}
	if (d->noted && !d->settles)
		worktrees_reconcile(op->w);
	back_told(op);
}

static void
restored(struct wt_op *op)
{
	of(op)->noted = false;
	wt_change_done(op);
}

static void
staged_cb(struct wt_op *op, const struct git_result *r)
{
	struct wt_discard *d = of(op);
	struct wt_change *ch = op->own;

	/* The files are there, and that is what counts. */
	(void)r;
	ch->how.id = d->row.id;
	ch->how.files = d->row.files;
	d->row.state = "restored";
	wt_discard_store(op, false, restored);
}

/* What was staged of it is again, and the rest is not. */
static void
stage_again(struct wt_op *op)
{
	const char *const argv[] = { "reset", "--quiet", parent(op, 2), NULL };
	struct wt_discard *d = of(op);
	struct wt_change *ch = op->own;

	/* From here on nothing is taken back. */
	d->undoes = true;
	ch->names = d->both;
	ch->names_len = d->both_len;
	wt_change_names(op, argv, staged_cb);
}

static void
there_cb(struct wt_op *op, const struct git_result *r)
{
	struct wt_discard *d = of(op);

	if (r->status == 0) {
		wt_discard_raw_back(op, stage_again);
	} else if (wt_discard_refused(r)) {
		wt_fail(op, RDV_E_STATE,
		    "one of its files has changed since, or is there again: "
		    "%.300s",
		    r->err);
	} else {
		d->torn = true;
		wt_fail(op, RDV_E_STATE, "git: %.300s", r->err);
	}
}

static void
refreshed_cb(struct wt_op *op, const struct git_result *r)
{
	const struct wt_discard *d = of(op);
	const char *const argv[] = { "read-tree", "-m", "-u", d->mid, d->with,
		NULL };

	/* Its status only says that some files differ. */
	(void)r;
	wt_git(op, op->at, argv, NULL, there_cb);
}

static void
parts_pinned_cb(struct wt_op *op, const struct git_result *r)
{
	if (r->status != 0)
		wt_fail_git(op, r);
	else
		refresh(op, refreshed_cb);
}

/* A tree needs no commit to be kept by a name. */
static void
pin_parts(struct wt_op *op)
{
	static const char *const argv[] = { "update-ref", "--stdin", NULL };
	const struct wt_discard *d = of(op);

	wt_git_in(op, op->at, argv,
	    arena_printf(op->arena, "create " TRASH "/%s/%lld-parts %s\n",
		d->row.id, (long long)clock_wall_ms(), d->mid),
	    parts_pinned_cb);
}

static void
tree_mid_cb(struct wt_op *op, const struct git_result *r)
{
	struct wt_discard *d = of(op);

	d->mid = wt_discard_oid(op, r);
	if (d->mid == NULL)
		return;
	if (d->torn)
		pin_parts(op);
	else
		refresh(op, refreshed_cb);
}

static void
mid_cb(struct wt_op *op, const struct git_result *r)
{
	if (r->status != 0)
		wt_fail_git(op, r);
	else
		write_tree(op, tree_mid_cb);
}

/*
 * In the index those that are there already are as they were, and the others as
 * HEAD has them; after a cut, as they are.
 */
static void
compared(struct wt_op *op)
{
	static const char *const heads[] = { "reset", "--quiet", NULL };
	static const char *const parts[] = { "-c", "core.safecrlf=false",
		"update-index", "--add", "--remove", "-z", "--stdin", NULL };
	const struct wt_discard *d = of(op);
	struct wt_change *ch = op->own;

	if (d->differ_len == 0) {
		wt_discard_raw_back(op, stage_again);
		return;
	}
	ch->names = d->differ;
	ch->names_len = d->differ_len;
	if (d->torn)
		wt_git_bytes(op, op->at, parts, d->differ, d->differ_len,
		    mid_cb);
	else
		wt_change_names(op, heads, mid_cb);
}

static void
tree_with_cb(struct wt_op *op, const struct git_result *r)
{
	struct wt_discard *d = of(op);

	d->with = wt_discard_oid(op, r);
	if (d->with != NULL)
		wt_discard_compare(op, compared);
}

static void
reset_cb(struct wt_op *op, const struct git_result *r)
{
	if (r->status != 0)
		wt_fail_git(op, r);
	else
		write_tree(op, tree_with_cb);
}

static void
tree_before_cb(struct wt_op *op, const struct git_result *r)
{
	struct wt_discard *d = of(op);
	const struct wt_change *ch = op->own;
	const char *const argv[] = { "reset", "--quiet", d->row.commit_id,
		NULL };

	d->before = wt_discard_oid(op, r);
	if (d->before == NULL)
		return;
	/* Without a name a reset is one of everything. */
	if (ch->names_len == 0)
		stage_again(op);
	else
		wt_change_names(op, argv, reset_cb);
}

static void
back_noted(struct wt_op *op)
{
	of(op)->noted = true;
	write_tree(op, tree_before_cb);
}

/* git would write over what is ignored by now. */
static void
way_seen(struct wt_op *op, const char *name)
{
	struct wt_discard *d = of(op);

	if (name != NULL) {
		wt_fail(op, RDV_E_STATE,
		    "%s is there again, and ignored; move it away first", name);
		return;
	}
	d->row.state = "restoring";
	wt_discard_store(op, false, back_noted);
}

static void
index_names_cb(struct wt_op *op, const struct git_result *r)
{
	struct wt_discard *d = of(op);
	const struct wt_change *ch = op->own;
	char *all;

	if (r->status != 0) {
		wt_fail_git(op, r);
		return;
	}
	d->both_len = ch->names_len + r->outlen;
	all = arena_alloc(op->arena, d->both_len + 1);
	memcpy(all, ch->names, ch->names_len);
	memcpy(all + ch->names_len, r->out, r->outlen);
	d->both = all;
	if (d->both_len == 0) {
		wt_fail(op, RDV_E_STATE, "there is nothing in it");
		return;
	}
	wt_spare_ignored(op, ch->names, ch->names_len, way_seen);
}

static void
names_cb(struct wt_op *op, const struct git_result *r)
{
	struct wt_discard *d = of(op);
	struct wt_change *ch = op->own;

	if (r->status != 0) {
		wt_fail_git(op, r);
		return;
	}
	ch->names = d->touched = bytes_of(op, r);
	ch->names_len = d->touched_len = r->outlen;
	ask_names(op, parent(op, 2), index_names_cb);
}

static void
back_go(struct wt_op *op)
{
	const struct wt_change *ch = op->own;
	struct wt_discard *d = of(op);

	d->torn = d->settles || d->row.cause != NULL;
	d->row.cause = NULL;
	if (ch->under_way != NULL || ch->conflicts > 0)
		wt_change_midway(op);
	else
		ask_names(op, d->row.commit_id, names_cb);
}

static void
back_begin(struct wt_op *op)
{
	struct wt_discard *d = of(op);

	/* Others may have been at it until its turn came. */
	if (store_discard_get(op->w->app->db, op->arena, op->who.user_id,
		d->row.id, &d->row) != 0 ||
	    strcmp(d->row.state, "kept") != 0)
		wt_fail(op, RDV_E_NOT_FOUND,
		    "nothing that was discarded has this id");
	else
		back_go(op);
}

static void
back_start(struct wt_op *op)
{
	struct wt_discard *d = of(op);
	struct wt_change *ch = op->own;
	const char *id = d->row.id;
	int err = store_discard_get(op->w->app->db, op->arena, op->who.user_id,
	    id, &d->row);

	if (err != 0) {
		wt_fail(op, err, "nothing that was discarded has this id");
		return;
	}
	ch->wish.tree = d->row.path;
	wt_change_start(op);
}

void
worktree_discard_restore(struct worktrees *w, const struct worktree_who *who,
    const char *id, worktree_changed_fn *cb, void *arg)
{
	const struct worktree_change none = { .tree = "/" };
	struct wt_op *op = wt_discard_new(w, who, &none, id, cb, arg);
	struct wt_change *ch = op->own;

	ch->act = "restore";
	ch->begin = back_begin;
	op->fail = back_fail;
	op->next = back_start;
}

static void
settled_cb(int err, const struct worktree_changed *how, const char *why,
    void *arg)
{
	(void)how;
	(void)arg;
	/* What git cannot say now is asked again at the next start. */
	if (err != 0)
		log_warnx("worktree", "a discard stays under way: %s", why);
}

static void
undone_cb(struct wt_op *op, const struct git_result *r)
{
	struct wt_discard *d = of(op);

	if (r->status != 0) {
		wt_fail_git(op, r);
		return;
	}
	d->why = "interrupted; nothing was discarded";
	wt_discard_failed(op, "failed");
}

/* The wish is known: files that are as they were stay, or all of it goes. */
static void
wish_cb(struct wt_op *op, const struct git_result *r)
{
	struct wt_discard *d = of(op);
	struct wt_change *ch = op->own;
	const char *const argv[] = { "reset", "--quiet",
		arena_printf(op->arena, TRASH "/%s/index", d->row.id), NULL };

	/* It was written down before anything was touched. */
	if (r->status != 0 || r->outlen == 0) {
		d->why = "interrupted; nothing was discarded";
		wt_discard_failed(op, "failed");
		return;
	}
	ch->names = bytes_of(op, r);
	ch->names_len = r->outlen;
	if (d->row.commit_id == NULL) {
		wt_change_names(op, argv, undone_cb);
		return;
	}
	/* What somebody has made of the files since is kept beside it. */
	d->again = d->torn = true;
	d->prefix =
	    arena_printf(op->arena, "%lld-", (long long)clock_wall_ms());
	wt_discard_take(op);
}

/* Somebody wants it back: then it comes. */
static void
back_settle(struct wt_op *op)
{
	of(op)->noted = true;
	op->fail = back_fail;
	back_go(op);
}

static void
settle_begin(struct wt_op *op)
{
	const struct wt_discard *d = of(op);
	const char *const argv[] = { "cat-file", "blob",
		arena_printf(op->arena, TRASH "/%s/paths", d->row.id), NULL };

	if (strcmp(d->row.state, "restoring") == 0)
		back_settle(op);
	else
		wt_git(op, op->at, argv, NULL, wish_cb);
}

static bool
discard_settle_cb(const struct store_discard *row, void *arg)
{
	struct worktrees *w = arg;
	const struct worktree_change change = { .tree = row->path };
	struct worktree_who who;
	struct wt_discard *d;
	struct wt_change *ch;
	struct wt_op *op;

	if (!owner_may_begin(w->app, row->user_id, &who) ||
	    wt_in_flight(w, NULL, who.uid, NULL, row->id))
		return true;
	op = wt_discard_new(w, &who, &change, row->id, settled_cb, NULL);
	ch = op->own;
	d = ch->more;
	ch->begin = settle_begin;
	d->settles = true;
	/* Read once more, into its own memory. */
	(void)store_discard_get(w->app->db, op->arena, op->who.user_id,
	    d->row.id, &d->row);
	return true;
}

void
wt_discard_settle(struct worktrees *w)
{
	static const char *const states[] = { "taking", "restoring" };

	for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++)
		if (store_discards_in(w->app->db, states[i], discard_settle_cb,
			w) != 0)
			log_warnx("worktree", "discards cannot be read");
}
