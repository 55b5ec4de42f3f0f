/* SPDX-License-Identifier: MIT */
/*
 * The end of names under refs/rdv, one repository after the other, in its turn
 * there: who restores something does so before or after. That they end is
 * stored before git is told, so that nobody brings half of it back, and what a
 * crash cuts off is gone on with; a few in one round, and only by a clock that
 * can be believed (abuse G23).
 * Invariant: a reference goes only while it is what was judged.
 */
#include "daemon/core/pins.h"

#include <stdlib.h>
#include <string.h>

#include "daemon/app.h"
#include "daemon/conf.h"
#include "daemon/core/workspaceclock.h"
#include "daemon/core/worktreefix.h"
#include "daemon/store/db.h"
#include "daemon/store/pins.h"
#include "daemon/store/workspaces.h"
#include "lib/arena.h"
#include "lib/buf.h"
#include "lib/clock.h"
#include "lib/err.h"
#include "lib/log.h"
#include "lib/str.h"
#include "lib/xalloc.h"

#define DAY_MS	  (24 * 3600 * 1000LL)
#define REPOS_MAX 50 /* that are listed */
#define ROUND_MAX 20 /* and in one round */
#define ENDS_MAX  20 /* items that end in one round */
#define ITEMS_MAX 500
#define REFS_MAX  4000 /* of one repository that are looked at */
#define REFS_TEXT "--count=4000"
/* git's lines of REFS_MAX names are below what its output may be. */
#define LINES_MAX (2u << 20)

/* One of git's, and whether it only stands for another one. */
struct ref {
	const char *name, *oid;
	bool symbolic;
};

/* Those of one item, which git says one after the other. */
struct group {
	struct pin_item item;
	const struct ref *refs;
	size_t n;
	bool known; /* as a name of rdv's; one that stands for another is not */
};

struct walk {
	pins_fn *cb; /* of who only looks; or NULL */
	void *arg;
	const char **repos;
	size_t nrepos, at, max;
	struct pin_item *items;
	size_t n, left; /* that may end yet */
	bool more;
	int64_t before;
	bool begins; /* more than was begun */

	/* Of the repository at hand. */
	struct ref *refs;
	size_t nrefs;
	struct group *due;
	size_t ndue, done;
	const char **stale; /* names of rows without a reference */
	size_t nstale;
	wt_step_fn *stored;
};

static void next_repo(struct wt_op *op);

static void
finish(struct wt_op *op)
{
	const struct walk *k = op->own;

	if (k->cb != NULL)
		k->cb(k->items, k->n, k->more, k->arg);
	wt_end(op);
}

/* One that cannot be looked at keeps no other, but when rdv is ending. */
static void
pins_fail(struct wt_op *op, int err, const char *why)
{
	struct walk *k = op->own;

	/* Of what is no repository any more nothing is left to tell. */
	if (err != RDV_E_INVALID && err != RDV_E_NOT_FOUND)
		k->more = true;
	if (k->cb == NULL)
		log_warnx("worktree", "names in %s stay: %s",
		    k->at > 0 ? k->repos[k->at - 1] : "?", why);
	if (err == RDV_E_UNAVAILABLE || k->at == 0)
		finish(op);
	else
		next_repo(op);
}

static void
pins_stored_cb(int err, void *arg)
{
	struct wt_op *op = arg;

	if (err != 0)
		wt_fail(op, err, "the database cannot be written: %s",
		    strerror(-err));
	else
		op->next(op);
}

void
pin_store(struct wt_op *op, const char *name, const char *state,
    wt_step_fn *next)
{
	const struct store_pin row = { op->who.user_id, op->top, name, state,
		clock_wall_ms() };
	struct tx *tx = tx_begin(op->w->app->db);

	op->next = next;
	/* An error stays in the transaction and is told by its end. */
	(void)store_pin_put(tx, &row);
	tx_commit(tx, pins_stored_cb, op);
}

static void end_stale(struct wt_op *op);
static void end_due(struct wt_op *op);

static void
due_gone(struct wt_op *op)
{
	struct walk *k = op->own;

	k->done++;
	end_due(op);
}

static void
deleted_cb(struct wt_op *op, const struct git_result *r)
{
	const struct walk *k = op->own;

	/* It says so, and the next round tries again. */
	if (r->status != 0)
		wt_fail_git(op, r);
	else
		pin_store(op, k->due[k->done].item.name, "gone", due_gone);
}

/* All of it or none; what it stands for, if it is another's name, stays. */
static void delete (struct wt_op *op)
{
	static const char *const argv[] = { "update-ref", "--no-deref",
		"--stdin", NULL };
	const struct walk *k = op->own;
	const struct group *g = &k->due[k->done];
	struct buf in;

	buf_init(&in, LINES_MAX);
	for (size_t i = 0; i < g->n; i++)
		buf_put_text(&in, arena_printf(op->arena, "delete %s %s\n",
				      g->refs[i].name, g->refs[i].oid));
	wt_git_bytes(op, op->top, argv, buf_cstr(&in), in.len, deleted_cb);
	buf_done(&in);
}

static void
end_due(struct wt_op *op)
{
	struct walk *k = op->own;

	if (k->done == k->ndue || k->left == 0) {
		k->done = 0;
		end_stale(op);
		return;
	}
	k->left--;
	pin_store(op, k->due[k->done].item.name, "ending", delete);
}

static void
stale_gone(struct wt_op *op)
{
	struct walk *k = op->own;

	k->done++;
	end_stale(op);
}

/* Rows of which git has no reference: never made, or gone before a crash. */
static void
end_stale(struct wt_op *op)
{
	const struct walk *k = op->own;

	if (k->done == k->nstale)
		next_repo(op);
	else
		pin_store(op, k->stale[k->done], "gone", stale_gone);
}

/* "<name>\0<oid>\0<what it stands for>\0\n" each; names have no newline. */
static void
take_refs(struct wt_op *op, const struct git_result *r)
{
	const char *at = r->out, *end = r->out + r->outlen, *oid, *to;
	struct walk *k = op->own;
	struct ref *ref;

	k->refs = arena_alloc(op->arena, REFS_MAX * sizeof(*k->refs));
	for (k->nrefs = 0; at < end && k->nrefs < REFS_MAX;
	     at = to + strlen(to) + 2) {
		oid = at + strlen(at) + 1;
		to = oid < end ? oid + strlen(oid) + 1 : end;
		if (to >= end)
			break;
		ref = &k->refs[k->nrefs++];
		ref->name = arena_strdup(op->arena, at);
		ref->oid = arena_strdup(op->arena, oid);
		ref->symbolic = *to != '\0';
	}
	k->more = k->more || k->nrefs == REFS_MAX;
}

static void
tell(struct walk *k, const struct pin_item *item)
{
	if (k->cb == NULL)
		return;
	if (k->n == ITEMS_MAX)
		k->more = true;
	else
		k->items[k->n++] = *item;
}

/* The reference at `at` and those behind it that belong to the same item. */
static struct group
take_group(struct wt_op *op, const struct ref *at, const struct ref *last)
{
	const size_t len = pin_name_len(at->name);
	struct group g = { .refs = at, .known = len > 0 };

	g.item.repo = op->top;
	g.item.name =
	    len == 0 ? at->name : arena_strndup(op->arena, at->name, len);
	g.item.since = -1;
	do {
		g.known = g.known && !at->symbolic;
		g.n++;
		at++;
	} while (len > 0 && at < last && pin_name_len(at->name) == len &&
		 strncmp(at->name, g.item.name, len) == 0);
	return g;
}

static void
judge(struct wt_op *op)
{
	struct walk *k = op->own;
	const struct ref *at = k->refs, *last = at + k->nrefs;
	enum pin_verdict v;
	struct group g;

	k->due = arena_alloc(op->arena, (k->nrefs + 1) * sizeof(*k->due));
	for (k->ndue = k->done = 0; at < last; at += g.n) {
		g = take_group(op, at, last);
		v = g.known ? pin_judge(op, &g.item,
				  k->begins ? k->before : INT64_MIN)
			    : PIN_UNKNOWN;
		if (v != PIN_KEPT)
			tell(k, &g.item);
		if (v == PIN_DUE)
			k->due[k->ndue++] = g;
	}
}

static bool
stale_cb(const struct store_pin *p, void *arg)
{
	struct wt_op *op = arg;
	struct walk *k = op->own;
	const size_t len = strlen(p->name);

	for (size_t i = 0; i < k->nrefs; i++)
		if (strncmp(k->refs[i].name, p->name, len) == 0 &&
		    strchr("/-", k->refs[i].name[len]) != NULL)
			return true;
	k->stale[k->nstale++] = arena_strdup(op->arena, p->name);
	return k->nstale < REFS_MAX;
}

static int
find_stale(struct wt_op *op)
{
	struct walk *k = op->own;

	k->nstale = 0;
	k->stale = arena_alloc(op->arena, REFS_MAX * sizeof(*k->stale));
	/* What was not listed may be there. */
	if (k->nrefs == REFS_MAX)
		return 0;
	return store_pins_of(op->w->app->db, op->who.user_id, op->top, stale_cb,
	    op);
}

static void
refs_cb(struct wt_op *op, const struct git_result *r)
{
	const struct walk *k = op->own;

	if (r->status != 0) {
		wt_fail_git(op, r);
		return;
	}
	take_refs(op, r);
	judge(op);
	if (k->cb != NULL)
		next_repo(op);
	else if (find_stale(op) != 0)
		wt_fail(op, RDV_E_UNAVAILABLE, "the database cannot be read");
	else
		end_due(op);
}

/* Ids are in the order of time: the oldest of each kind come first. */
static void
opened(struct wt_op *op)
{
	static const char *const argv[] = { "for-each-ref", REFS_TEXT,
		"--format=%(refname)%00%(objectname)%00%(symref)%00", "--",
		"refs/rdv/", NULL };

	wt_git(op, op->top, argv, NULL, refs_cb);
}

static void
enter_repo(struct wt_op *op)
{
	struct walk *k = op->own;

	wt_open(op, k->repos[k->at++], opened);
}

/* From the loop: a list of those that fail at once is no recursion. */
static void
next_repo(struct wt_op *op)
{
	const struct walk *k = op->own;

	wt_leave(op);
	op->at = op->top = NULL;
	op->here = NULL;
	op->configs = NULL;
	if (k->at == k->nrepos || (k->cb == NULL && k->left == 0))
		finish(op);
	else
		wt_later(op, enter_repo);
}

static bool
pins_repo_cb(const char *path, void *arg)
{
	struct wt_op *op = arg;
	struct walk *k = op->own;

	if (k->nrepos == k->max) {
		k->more = true;
		return false;
	}
	k->repos[k->nrepos++] = arena_strdup(op->arena, path);
	return true;
}

static struct wt_op *
walk_new(struct worktrees *w, const struct worktree_who *who, size_t max,
    bool ends)
{
	struct wt_op *op = wt_new(w, who, ends, pins_fail);
	struct walk *k = arena_alloc(op->arena, sizeof(*k));

	*k = (struct walk){ .max = max,
		.left = ENDS_MAX,
		.begins = true,
		.before = clock_wall_ms() -
			  w->app->conf->trash_retention_days * DAY_MS };
	k->repos = arena_alloc(op->arena, max * sizeof(*k->repos));
	op->own = k;
	return op;
}

/* Behind `after`; false: the database cannot be read. */
static bool
find_repos(struct wt_op *op, const char *after)
{
	const struct walk *k = op->own;

	return store_pin_repos(op->w->app->db, op->who.user_id, after,
		   (int64_t)k->max + 1, pins_repo_cb, op) == 0;
}

void
pins_look(struct worktrees *w, const struct worktree_who *who, pins_fn *cb,
    void *arg)
{
	struct wt_op *op = walk_new(w, who, REPOS_MAX, false);
	struct walk *k = op->own;

	k->cb = cb;
	k->arg = arg;
	k->items = arena_alloc(op->arena, ITEMS_MAX * sizeof(*k->items));
	k->more = !find_repos(op, "");
	wt_later(op, next_repo);
}

void
pins_tidy(struct worktrees *w, struct wt_round *r)
{
	struct worktree_who who = { .uid = r->uid };
	struct wt_op *op;
	struct walk *k;

	if (!worktreefix_who(w->app, &who))
		return;
	op = walk_new(w, &who, ROUND_MAX, true);
	k = op->own;
	/* Not in a first round either: nobody sees a name listed. */
	k->begins = r->believed && r->began >= 0;
	(void)find_repos(op, r->pinned != NULL ? r->pinned : "");
	free(r->pinned);
	/* The last of them were seen: it begins anew. */
	r->pinned = k->more ? xstrdup(k->repos[k->nrepos - 1]) : NULL;
	k->more = false;
	wt_later(op, next_repo);
}
