/* SPDX-License-Identifier: MIT */
/*
 * The end of what lies in the trash. rdv-git deletes it as the account, by
 * descriptor and nothing but the very directory that was put there; git only
 * forgets it then. Once the first file may be gone the row says so: it is
 * neither shown nor restored any more, and the next round goes on with it.
 */
#include "daemon/core/worktreeend.h"

#include <inttypes.h>
#include <string.h>

#include "daemon/app.h"
#include "daemon/core/worktreeask.h"
#include "daemon/core/worktreepin.h"
#include "daemon/core/worktreeremove.h"
#include "lib/arena.h"
#include "lib/clock.h"
#include "lib/err.h"
#include "lib/gitproto.h"
#include "lib/path.h"
#include "lib/str.h"

/* Device, inode, birth; files, bytes. */
#define ID_WORDS    3
#define WEIGH_WORDS 5

struct wt_destroying {
	struct wt_budget *budget;
	wt_step_fn *next;
	const struct git_fact *mounted;
	int64_t until;	      /* monotonic: it is not gone on with then */
	struct wt_budget may; /* what the call under way may delete */
};

/* Numbers, one blank between two; how many, or 0 when it is anything else. */
static size_t
split(struct arena *a, const char *text, const char **word, uint64_t *n,
    size_t max)
{
	size_t len, i = 0;

	for (; *text != '\0' && i < max; text += len + (text[len] == ' ')) {
		len = strcspn(text, " ");
		word[i] = arena_strndup(a, text, len);
		if (!str_to_u64(word[i], 0, UINT64_MAX, &n[i]))
			return 0;
		i++;
	}
	return *text == '\0' ? i : 0;
}

static void
weighed_cb(struct wt_op *op, const struct git_result *r)
{
	const char *why, *word[WEIGH_WORDS];
	const struct git_fact *f = wt_fact_of(op, r, &why);
	uint64_t n[WEIGH_WORDS];
	size_t words = 0;

	op->judging = false;
	if (f != NULL)
		words = split(op->arena, f->text, word, n, WEIGH_WORDS);
	op->row.identity = NULL;
	op->row.files = op->row.bytes = -1;
	if (words == ID_WORDS || words == WEIGH_WORDS)
		op->row.identity = arena_printf(op->arena, "%s %s %s", word[0],
		    word[1], word[2]);
	if (words == WEIGH_WORDS && n[3] <= INT64_MAX && n[4] <= INT64_MAX) {
		op->row.files = (int64_t)n[3];
		op->row.bytes = (int64_t)n[4];
	}
	op->next(op);
}

void
wt_weigh(struct wt_op *op, const char *path, wt_step_fn *next)
{
	const char *const argv[] = { "weigh", path, NULL };
	const char *const dirs[] = { path, NULL };

	op->next = next;
	/* No answer is one. */
	op->judging = true;
	wt_worker_in(op, dirs, argv, weighed_cb);
}

static void
stored(struct wt_op *op)
{
	op->destroying->next(op);
}

static void
unpinned(struct wt_op *op)
{
	op->row.state = "removed";
	op->row.cause = NULL;
	op->row.ending = false;
	wt_store(op, false, EV_WORKTREE_REMOVED, stored);
}

static void
forgotten_cb(struct wt_op *op, const struct git_result *r)
{
	if (r->status != 0)
		wt_fail_git(op, r);
	else
		wt_unpin(op, unpinned);
}

/* There is nothing left that git could delete by itself. */
static void
forget_listed(struct wt_op *op)
{
	const char *const argv[] = { "worktree", "remove", "--force", "--force",
		"--", op->row.trash_path, NULL };

	if (wt_at(&op->list, op->row.trash_path) == NULL)
		wt_unpin(op, unpinned);
	else
		wt_git(op, op->top, argv, NULL, forgotten_cb);
}

/* Others were at work in the repository meanwhile. */
static void
forget_entered(struct wt_op *op)
{
	wt_relist(op, forget_listed);
}

static void erase(struct wt_op *op);

static uint64_t
least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* What was not used is there for others of the same round. */
static void
give_back(const struct wt_destroying *d, uint64_t files, uint64_t bytes)
{
	struct wt_budget *b = d->budget;

	if (b == NULL)
		return;
	b->files += d->may.files;
	b->files -= least(b->files, files);
	b->bytes += d->may.bytes;
	b->bytes -= least(b->bytes, bytes);
}

static void
erased_cb(struct wt_op *op, const struct git_result *r)
{
	struct wt_destroying *d = op->destroying;
	const char *why, *word[3];
	const struct git_fact *f = wt_fact_of(op, r, &why);
	uint64_t n[3];

	if (f == NULL || split(op->arena, f->text, word, n, 3) != 3) {
		give_back(d, 0, 0);
		wt_fail(op, RDV_E_STATE, "rdv-git: %s", why);
		return;
	}
	give_back(d, n[0], n[1]);
	if (n[2] == 0)
		wt_enter(op, forget_entered);
	/* Somebody puts there what is deleted. */
	else if (n[0] == 0)
		wt_fail(op, RDV_E_STATE, "%s cannot be emptied",
		    op->row.trash_path);
	else
		erase(op);
}

static void
take(const struct wt_op *op, struct wt_destroying *d)
{
	d->may = op->w->chunk;
	if (d->budget == NULL)
		return;
	/* A part, so that there is some for all that are at it. */
	d->may.files = least(d->may.files, d->budget->files);
	d->may.bytes = least(d->may.bytes, d->budget->bytes);
	d->budget->files -= d->may.files;
	d->budget->bytes -= d->may.bytes;
}

/* With nothing to delete it says whether it is the one that was put there. */
static void
call_erase(struct wt_op *op, uint64_t files, uint64_t bytes, wt_git_fn *next)
{
	const char *argv[8] = { "erase", op->row.trash_path };
	const char *const dirs[] = { path_parent(op->arena, op->row.trash_path),
		NULL };
	uint64_t n[ID_WORDS];

	if (split(op->arena, op->row.identity, argv + 2, n, ID_WORDS) !=
	    ID_WORDS) {
		wt_fail(op, RDV_E_STATE, "nobody knows which directory it is");
		return;
	}
	argv[5] = arena_printf(op->arena, "%" PRIu64, files);
	argv[6] = arena_printf(op->arena, "%" PRIu64, bytes);
	wt_worker_in(op, dirs, argv, next);
}

static void
erase(struct wt_op *op)
{
	struct wt_destroying *d = op->destroying;

	/* Whoever fills it as fast as it is emptied keeps nobody here. */
	if (clock_mono_ms() >= d->until) {
		wt_fail(op, RDV_E_STATE,
		    "%s takes long, or somebody keeps writing into it; a part "
		    "is gone, and the rest is deleted with the next round",
		    op->row.trash_path);
		return;
	}
	take(op, d);
	if (d->may.files == 0 || d->may.bytes == 0) {
		give_back(d, 0, 0);
		d->next(op);
		return;
	}
	call_erase(op, d->may.files, d->may.bytes, erased_cb);
}

/* Nothing of it is git's business, and it may take long. */
static void
erase_outside(struct wt_op *op)
{
	op->destroying->until = clock_mono_ms() + op->w->destroy_ms;
	wt_leave(op);
	erase(op);
}

/* It is said before the first file goes. */
static void
tried_cb(struct wt_op *op, const struct git_result *r)
{
	const char *why;

	if (wt_fact_of(op, r, &why) == NULL) {
		wt_fail(op, RDV_E_STATE, "rdv-git: %s", why);
		return;
	}
	op->row.ending = true;
	wt_store(op, false, EV_WORKTREE_MOVING, erase_outside);
}

/* What cannot be deleted stays what it was: it is shown, and can come back. */
static void
begin(struct wt_op *op)
{
	if (op->row.identity == NULL)
		wt_fail(op, RDV_E_STATE, "%s cannot be looked at",
		    op->row.trash_path);
	else if (op->row.ending && wt_begins(op))
		erase_outside(op);
	else if (!op->row.ending)
		call_erase(op, 0, 0, tried_cb);
}

static void
rescued(struct wt_op *op)
{
	/* Of one that was moved before rdv took down which it is. */
	if (op->row.identity == NULL)
		wt_weigh(op, op->row.trash_path, begin);
	else
		begin(op);
}

/* Whoever deletes finds what is mounted there, too. */
static void
seen(struct wt_op *op)
{
	const struct wt_destroying *d = op->destroying;
	const struct wt_entry *e = wt_at(&op->list, op->row.trash_path);

	/* Unasked nothing is deleted that git does not call a worktree. */
	if (e == NULL && d->budget != NULL && !op->row.ending)
		wt_fail(op, RDV_E_STATE, "git no longer knows it");
	else if (d->mounted->found != GIT_FOUND ||
		 (d->mounted->flags & GIT_F_MOUNTED) != 0)
		wt_fail(op, RDV_E_STATE, "something is mounted in it");
	/* Before the directory goes, or gc could take its commits. */
	else
		wt_rescue(op, e != NULL ? e->commit : NULL, rescued);
}

static void
opened(struct wt_op *op)
{
	op->destroying->mounted =
	    wt_question(op, "mounted", op->row.trash_path);
	wt_ask(op, seen);
}

void
wt_destroy(struct wt_op *op, struct wt_budget *budget, wt_step_fn *next)
{
	struct wt_destroying *d = arena_alloc(op->arena, sizeof(*d));

	d->budget = budget;
	d->next = next;
	op->destroying = d;
	wt_open(op, op->row.repo_path, opened);
}

struct emptying {
	worktree_emptied_fn *cb;
	void *arg;
	const char *id;
};

static void
empty_fail(struct wt_op *op, int err, const char *why)
{
	const struct emptying *m = op->own;

	m->cb(err, why, m->arg);
	wt_end(op);
}

static void
emptied(struct wt_op *op)
{
	const struct emptying *m = op->own;

	m->cb(0, NULL, m->arg);
	wt_end(op);
}

static void
empty_start(struct wt_op *op)
{
	const struct emptying *m = op->own;
	int err = store_worktree_get(op->w->app->db, op->arena, op->who.user_id,
	    m->id, &op->row);

	if (err == 0 && strcmp(op->row.state, "trashed") != 0)
		err = RDV_E_NOT_FOUND;
	if (err != 0)
		wt_fail(op, err, "there is no such worktree in the trash");
	else if (wt_in_flight(op->w, op, op->who.uid, NULL, m->id))
		wt_fail(op, RDV_E_STATE, "it is being moved or deleted");
	else
		wt_destroy(op, NULL, emptied);
}

void
worktree_empty(struct worktrees *w, const struct worktree_who *who,
    const char *id, worktree_emptied_fn *cb, void *arg)
{
	struct wt_op *op = wt_new(w, who, true, empty_fail);
	struct emptying *m = arena_alloc(op->arena, sizeof(*m));

	*m = (struct emptying){ cb, arg, arena_strdup(op->arena, id) };
	op->own = m;
	wt_later(op, empty_start);
}
