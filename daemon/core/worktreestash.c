/* SPDX-License-Identifier: MIT */
/*
 * git's stash, which all worktrees of a repository share. An entry is known by
 * its commit, as its number is another one with each that comes or goes.
 * Invariant: an entry that leaves the list is named refs/rdv/stash/<commit>
 * before it does, and can be applied from there.
 */
#include "daemon/core/worktreestash.h"

#include <stdlib.h>
#include <string.h>

#include "daemon/core/pins.h"
#include "daemon/core/worktreechangeop.h"
#include "daemon/core/worktreespare.h"
#include "lib/arena.h"
#include "lib/err.h"
#include "lib/str.h"

#define PINS "refs/rdv/stash/"

struct stashing {
	const char *oid, *before;
	bool index, applies, drops, untracked;
	const char *files, *files_end; /* those that git knew */
};

static struct stashing *
of(const struct wt_op *op)
{
	const struct wt_change *ch = op->own;

	return ch->more;
}

static void
finish(struct wt_op *op)
{
	struct wt_change *ch = op->own;

	ch->how.kept = of(op)->oid;
	wt_change_done(op);
}

static void
ask_list(struct wt_op *op, wt_git_fn *next)
{
	static const char *const argv[] = { "stash", "list", "-z",
		"--format=%H", NULL };

	wt_git(op, op->at, argv, NULL, next);
}

/* Its number, or -1. */
static int
place_of(const struct wt_op *op, const struct git_result *r)
{
	const char *end = r->out + r->outlen;
	int n = 0;

	for (const char *p = r->out; p < end && r->status == 0;
	     p += strlen(p) + 1, n++)
		if (strcmp(p, of(op)->oid) == 0)
			return n;
	return -1;
}

static void
stored_cb(struct wt_op *op, const struct git_result *r)
{
	if (r->status != 0)
		wt_fail_git(op, r);
	else
		wt_fail(op, RDV_E_STATE,
		    "another git is at the stash; nothing was dropped");
}

/* "Dropped stash@{0} (<commit>)": of two at once one took the other's place. */
static void
dropped_cb(struct wt_op *op, const struct git_result *r)
{
	const char *at = strrchr(r->out, '('), *other;
	struct wt_change *ch = op->own;

	if (r->status != 0 || at == NULL) {
		wt_fail_git(op, r);
		return;
	}
	other = arena_strndup(op->arena, at + 1, strcspn(at + 1, ")"));
	if (strcmp(other, of(op)->oid) != 0) {
		const char *const argv[] = { "stash", "store",
			"--message=kept by rdv", "--end-of-options", other,
			NULL };

		wt_git(op, op->at, argv, NULL, stored_cb);
		return;
	}
	ch->how.dropped = true;
	finish(op);
}

static void
place_cb(struct wt_op *op, const struct git_result *r)
{
	const int n = place_of(op, r);
	const char *const argv[] = { "stash", "drop",
		arena_printf(op->arena, "stash@{%d}", n), NULL };

	if (n < 0)
		finish(op);
	else
		wt_git(op, op->at, argv, NULL, dropped_cb);
}

static void
pinned_cb(struct wt_op *op, const struct git_result *r)
{
	if (r->status != 0)
		wt_fail_git(op, r);
	else
		ask_list(op, place_cb);
}

static void
drop_noted(struct wt_op *op)
{
	const char *const argv[] = { "update-ref",
		arena_printf(op->arena, PINS "%s", of(op)->oid), of(op)->oid,
		NULL };

	wt_git(op, op->at, argv, NULL, pinned_cb);
}

/* The row says from when on it is kept. */
static void
drop(struct wt_op *op)
{
	pin_store(op, arena_printf(op->arena, PINS "%s", of(op)->oid), "kept",
	    drop_noted);
}

/* Some of it may be in conflict: it is applied all the same, and stays. */
static void
unmerged_cb(struct wt_op *op, const struct git_result *r)
{
	if (r->status == 0 && r->outlen > 0)
		finish(op);
	else
		wt_fail(op, RDV_E_STATE,
		    "git does not apply it: files differ that it would write");
}

static void
applied_cb(struct wt_op *op, const struct git_result *r)
{
	static const char *const argv[] = { "ls-files", "--unmerged", "-z",
		NULL };

	if (r->status != 0)
		wt_git(op, op->at, argv, NULL, unmerged_cb);
	else if (of(op)->drops)
		drop(op);
	else
		finish(op);
}

static void
apply(struct wt_op *op)
{
	const struct stashing *s = of(op);
	const char *argv[] = { "stash", "apply", "--quiet", s->oid, NULL,
		NULL };

	if (s->index) {
		argv[3] = "--index";
		argv[4] = s->oid;
	}
	wt_git(op, op->at, argv, NULL, applied_cb);
}

/* Both sorted, as git says them. */
static bool
meet(const char *a, const char *a_end, const char *b, const char *b_end)
{
	int order;

	while (a < a_end && b < b_end) {
		order = strcmp(a, b);
		if (order == 0)
			return true;
		if (order < 0)
			a += strlen(a) + 1;
		else
			b += strlen(b) + 1;
	}
	return false;
}

/* Over those git writes without a word. */
static void
files_seen(struct wt_op *op, const char *name)
{
	if (name != NULL)
		wt_fail(op, RDV_E_STATE,
		    "%s is ignored and in the way; move it away first", name);
	else
		apply(op);
}

static void
dirty_cb(struct wt_op *op, const struct git_result *r)
{
	const struct stashing *s = of(op);

	if (r->status != 0)
		wt_fail_git(op, r);
	else if (meet(s->files, s->files_end, r->out, r->out + r->outlen))
		wt_fail(op, RDV_E_STATE,
		    "git does not apply it: files differ that it would write");
	else
		wt_spare_ignored(op, s->files,
		    (size_t)(s->files_end - s->files), files_seen);
}

static const char *
copy_of(struct wt_op *op, const struct git_result *r)
{
	char *copy = arena_alloc(op->arena, r->outlen + 1);

	memcpy(copy, r->out, r->outlen);
	return copy;
}

static void
files_cb(struct wt_op *op, const struct git_result *r)
{
	static const char *const argv[] = { "diff", "--name-only", "-z",
		"--no-renames", "--no-ext-diff", "--ignore-submodules=none",
		"HEAD", "--", NULL };
	struct stashing *s = of(op);

	if (r->status != 0) {
		wt_fail_git(op, r);
		return;
	}
	s->files = copy_of(op, r);
	s->files_end = s->files + r->outlen;
	wt_git(op, op->at, argv, NULL, dirty_cb);
}

/*
 * Where git does not write the files that it knows, it brings the others back
 * all the same: so that is found out before.
 */
static void
ask_files(struct wt_op *op)
{
	const char *oid = of(op)->oid;
	const char *const argv[] = { "diff-tree", "-r", "-z", "--no-renames",
		"--name-only", arena_printf(op->arena, "%s^1", oid), oid, "--",
		NULL };

	wt_git(op, op->at, argv, NULL, files_cb);
}

/* git would apply the rest and then trip over one that is there. */
static void
untracked_seen(struct wt_op *op, const char *name)
{
	if (name != NULL)
		wt_fail(op, RDV_E_STATE,
		    "a file that it would make is there already: %s", name);
	else
		ask_files(op);
}

static void
untracked_cb(struct wt_op *op, const struct git_result *r)
{
	/* Without a third parent there are none. */
	if (r->status != 0)
		ask_files(op);
	else
		wt_spare_all(op, r->out, r->outlen, untracked_seen);
}

static void
go(struct wt_op *op)
{
	const struct stashing *s = of(op);
	const char *const argv[] = { "ls-tree", "-r", "-z", "--name-only",
		"--full-tree", arena_printf(op->arena, "%s^3", s->oid), NULL };

	if (s->applies)
		wt_git(op, op->at, argv, NULL, untracked_cb);
	else
		drop(op);
}

static void
pin_cb(struct wt_op *op, const struct git_result *r)
{
	if (r->status != 0 || !of(op)->applies)
		wt_fail(op, RDV_E_NOT_FOUND, "stash: there is none of this id");
	else
		go(op);
}

static void
listed_cb(struct wt_op *op, const struct git_result *r)
{
	const char *const argv[] = { "rev-parse", "--verify", "--quiet",
		arena_printf(op->arena, PINS "%s", of(op)->oid), NULL };

	if (place_of(op, r) >= 0)
		go(op);
	else
		wt_git(op, op->at, argv, NULL, pin_cb);
}

static void
use_begin(struct wt_op *op)
{
	const struct wt_change *ch = op->own;
	const struct stashing *s = of(op);
	const size_t len = strlen(s->oid);

	if ((len != 40 && len != 64) ||
	    strspn(s->oid, "0123456789abcdef") < len)
		wt_fail(op, RDV_E_INVALID, "stash: it is a commit's full id");
	else if (s->applies && (ch->under_way != NULL || ch->conflicts > 0))
		wt_change_midway(op);
	else
		ask_list(op, listed_cb);
}

static const char *
first_line(struct wt_op *op, const struct git_result *r)
{
	return r->status != 0
		   ? ""
		   : arena_strndup(op->arena, r->out, strcspn(r->out, "\n"));
}

static void
ask_top(struct wt_op *op, wt_git_fn *next)
{
	static const char *const argv[] = { "rev-parse", "--verify", "--quiet",
		"refs/stash", NULL };

	wt_git(op, op->at, argv, NULL, next);
}

static void
pushed_top_cb(struct wt_op *op, const struct git_result *r)
{
	struct stashing *s = of(op);

	s->oid = first_line(op, r);
	if (strcmp(s->oid, s->before) == 0)
		wt_change_refuse(op, "NOTHING_TO_STASH",
		    "nothing of that has changed");
	else
		finish(op);
}

static void
pushed_cb(struct wt_op *op, const struct git_result *r)
{
	if (r->status != 0)
		wt_fail_git(op, r);
	else
		ask_top(op, pushed_top_cb);
}

static void
push(struct wt_op *op, const struct git_result *r)
{
	const struct wt_change *ch = op->own;
	/* Quiet it would not say what has kept it from that. */
	const char *argv[8] = { "stash", "push" };
	struct stashing *s = of(op);
	size_t n = 2;

	s->before = first_line(op, r);
	if (s->untracked)
		argv[n++] = "--include-untracked";
	if (ch->wish.message != NULL)
		argv[n++] =
		    arena_printf(op->arena, "--message=%s", ch->wish.message);
	if (ch->wish.names != NULL)
		wt_change_names(op, argv, pushed_cb);
	else
		wt_git(op, op->at, argv, NULL, pushed_cb);
}

static void
push_begin(struct wt_op *op)
{
	const struct wt_change *ch = op->own;

	if (ch->under_way != NULL || ch->conflicts > 0)
		wt_change_midway(op);
	else if (ch->status.commit == NULL)
		wt_fail(op, RDV_E_STATE, "there is no commit yet");
	else
		ask_top(op, push);
}

static struct stashing *
begin(struct worktrees *w, const struct worktree_who *who,
    const struct worktree_change *change, worktree_changed_fn *cb, void *arg)
{
	struct wt_op *op = wt_change_new(w, who, change, cb, arg);
	struct stashing *s = arena_alloc(op->arena, sizeof(*s));
	struct wt_change *ch = op->own;

	ch->more = s;
	ch->act = "stash";
	ch->begin = push_begin;
	if (change->stash != NULL) {
		s->oid = arena_strdup(op->arena, change->stash);
		ch->begin = use_begin;
	}
	return s;
}

void
worktree_stash(struct worktrees *w, const struct worktree_who *who,
    const struct worktree_change *change, worktree_changed_fn *cb, void *arg)
{
	begin(w, who, change, cb, arg)->untracked = change->untracked;
}

void
worktree_stash_apply(struct worktrees *w, const struct worktree_who *who,
    const struct worktree_change *change, worktree_changed_fn *cb, void *arg)
{
	struct stashing *s = begin(w, who, change, cb, arg);

	s->applies = true;
	s->index = change->index;
}

void
worktree_stash_pop(struct worktrees *w, const struct worktree_who *who,
    const struct worktree_change *change, worktree_changed_fn *cb, void *arg)
{
	struct stashing *s = begin(w, who, change, cb, arg);

	s->applies = s->drops = true;
	s->index = change->index;
}

void
worktree_stash_drop(struct worktrees *w, const struct worktree_who *who,
    const struct worktree_change *change, worktree_changed_fn *cb, void *arg)
{
	begin(w, who, change, cb, arg)->drops = true;
}

struct listing {
	worktree_stashes_fn *cb;
	void *arg;
	const char *path;
	struct worktree_stashes list;
};

static void
list_fail(struct wt_op *op, int err, const char *why)
{
	struct listing *l = op->own;

	l->cb(err, NULL, why, l->arg);
	wt_end(op);
}

/* "<commit>", seconds and words in turn. */
static void
take(struct wt_op *op, const struct git_result *r, bool dropped)
{
	struct listing *l = op->own;
	const char *end = r->out + r->outlen, *part[3] = { NULL };
	struct worktree_stash_item *items;
	size_t i = 0, most = l->list.n;

	for (size_t k = 0; k < r->outlen; k++)
		most += r->out[k] == '\0';
	items = arena_alloc(op->arena, (most + 1) * sizeof(*items));
	memcpy(items, l->list.items, l->list.n * sizeof(*items));
	l->list.items = items;
	for (const char *p = r->out; p < end && r->status == 0;
	     p += strlen(p) + 1) {
		part[i++] = p[0] == '\n' ? p + 1 : p;
		if (i < 3)
			continue;
		i = 0;
		items[l->list.n++] = (struct worktree_stash_item){
			.commit = arena_strdup(op->arena, part[0]),
			.ms = strtoll(part[1], NULL, 10) * 1000,
			.subject = arena_strdup(op->arena, part[2]),
			.dropped = dropped,
		};
	}
}

static void
pins_cb(struct wt_op *op, const struct git_result *r)
{
	struct listing *l = op->own;

	take(op, r, true);
	l->cb(0, &l->list, NULL, l->arg);
	wt_end(op);
}

static void
entries_cb(struct wt_op *op, const struct git_result *r)
{
	/* A name that ends with no newline of its own, but a NUL. */
	static const char format[] =
	    "--format=%(objectname)%00%(committerdate:unix)%00"
	    "%(contents:subject)%00";
	static const char *const argv[] = { "for-each-ref",
		"--sort=-committerdate", format, "--", PINS, NULL };

	if (r->status != 0) {
		wt_fail_git(op, r);
		return;
	}
	take(op, r, false);
	wt_git(op, op->at, argv, NULL, pins_cb);
}

static void
list_opened(struct wt_op *op)
{
	static const char *const argv[] = { "stash", "list", "-z",
		"--format=%H%x00%ct%x00%gs", NULL };

	wt_git(op, op->at, argv, NULL, entries_cb);
}

static void
list_start(struct wt_op *op)
{
	struct listing *l = op->own;

	wt_open(op, l->path, list_opened);
}

void
worktree_stash_list(struct worktrees *w, const struct worktree_who *who,
    const char *path, worktree_stashes_fn *cb, void *arg)
{
	struct wt_op *op = wt_new(w, who, false, list_fail);
	struct listing *l = arena_alloc(op->arena, sizeof(*l));
	static struct worktree_stash_item none;

	l->cb = cb;
	l->arg = arg;
	l->path = arena_strdup(op->arena, path);
	l->list.items = &none;
	op->own = l;
	wt_later(op, list_start);
}
