/* SPDX-License-Identifier: MIT */
/*
 * What time leaves behind. Rows that were in flight when rdvd or the helper
 * died are settled by asking git where the worktree is: made, half made, moved
 * or not (abuse G20). Worktrees that have lain in the trash for long enough are
 * ended there, a few per round, so that a clock that jumps costs a few days'
 * worth at most (abuse G23); their last commit keeps a name.
 */
#include "daemon/core/worktreefix.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "daemon/app.h"
#include "daemon/conf.h"
#include "daemon/core/change.h"
#include "daemon/core/clone.h"
#include "daemon/core/grant.h"
#include "daemon/core/owner.h"
#include "daemon/core/pins.h"
#include "daemon/core/reset.h"
#include "daemon/core/run.h"
#include "daemon/core/transfer.h"
#include "daemon/core/workspaceexpire.h"
#include "daemon/core/workspace.h"
#include "daemon/core/worktreeask.h"
#include "daemon/core/worktreeclock.h"
#include "daemon/core/worktreediscard.h"
#include "daemon/core/worktreeend.h"
#include "daemon/core/worktreeop.h"
#include "daemon/core/worktreepin.h"
#include "daemon/loop.h"
#include "daemon/store/users.h"
#include "lib/arena.h"
#include "lib/clock.h"
#include "lib/err.h"
#include "lib/log.h"
#include "lib/path.h"
#include "lib/str.h"
#include "lib/xalloc.h"

/* A git of an earlier daemon is being ended; what has begun is found then. */
#define SETTLE_MS 3000
#define ENDING_MS 500 /* it goes on ending */
#define HOUR_MS	  (3600 * 1000LL)
#define DAY_MS	  (24 * HOUR_MS)
#define TIDY_MS	  (10 * 60 * 1000LL) /* after a start */
#define TIDY_MAX  5		     /* in one round */

/* Deleted in one round at most, and by one call of rdv-git. */
#define SWEEP_FILES 200000
#define SWEEP_BYTES (20ULL << 30)
#define CHUNK_FILES 20000
#define CHUNK_BYTES (2ULL << 30)
#define DESTROY_MS  (10 * 60 * 1000LL)

/* What there is at the two places a worktree can be, seen before git moves. */
struct fixing {
	const struct git_fact *path, *trash;
};

static void
fix_end(struct wt_op *op)
{
	/* Its workspace was looked for before this was known. */
	if (op->row.mending)
		worktrees_reconcile(op->w);
	wt_end(op);
}

/* What git cannot say now stays as it is; the next start asks again. */
static void
fix_fail(struct wt_op *op, int err, const char *why)
{
	log_warnx("worktree", "%s stays %s: %s (%s)", op->row.path,
	    op->row.state, why, err > 0 ? err_name(err) : strerror(-err));
	wt_end(op);
}

static void
settle(struct wt_op *op, const char *state, enum event_kind kind,
    const char *cause)
{
	op->row.state = state;
	op->row.cause = cause;
	wt_store(op, false, kind, fix_end);
}

/* Of a branch that is not there, or has moved, nothing is left to undo. */
static void
unbranched_cb(struct wt_op *op, const struct git_result *r)
{
	(void)r;
	settle(op, "failed", EV_WORKTREE_FAILED,
	    "interrupted while it was made; taken back");
}

/* `e` was the tree, or NULL. Its branch would be in the way of a repetition. */
static void
undo_branch(struct wt_op *op, const struct wt_entry *e)
{
	const struct wt_entry *on =
	    op->row.branch != NULL ? wt_on(&op->list, op->row.branch) : NULL;

	if (op->row.branch_start != NULL && on == e)
		wt_unbranch(op, unbranched_cb);
	else
		unbranched_cb(op, NULL);
}

static void
undone_cb(struct wt_op *op, const struct git_result *r)
{
	if (r->status != 0)
		wt_fail_git(op, r);
	else
		undo_branch(op, wt_at(&op->list, op->row.path));
}

static void
fix_creating(struct wt_op *op)
{
	const struct wt_entry *e = wt_at(&op->list, op->row.path);
	/* As in undo_tree(): what was being made is locked. */
	const char *const argv[] = { "worktree", "remove", "--force", "--force",
		"--", op->row.path, NULL };
	const char *const more[] = { path_parent(op->arena, op->row.path),
		NULL };

	if (e == NULL)
		undo_branch(op, NULL);
	else if (wt_half_made(e))
		wt_git(op, op->top, argv, more, undone_cb);
	else
		settle(op, "ready", EV_WORKTREE_CREATED, NULL);
}

/* Failed or not: it is in the trash, and only its branch stays taken. */
static void
detached_cb(struct wt_op *op, const struct git_result *r)
{
	(void)r;
	settle(op, "trashed", EV_WORKTREE_REMOVED, NULL);
}

static void
fix_trashed(struct wt_op *op, const struct wt_entry *e)
{
	const char *const argv[] = { "update-ref", "--no-deref", "HEAD",
		e->commit, NULL };
	const char *const more[] = { op->row.trash_path, NULL };

	if (e->branch != NULL && e->commit != NULL)
		wt_git(op, op->row.trash_path, argv, more, detached_cb);
	else
		detached_cb(op, NULL);
}

static void
fix_compared_cb(struct wt_op *op, const struct git_result *r)
{
	op->row.mending = r->status == 1;
	settle(op, "ready", EV_WORKTREE_RESTORED, NULL);
}

/*
 * git may have deleted a part of it, of which it has everything: nothing was
 * missing when that began.
 */
static void
fix_unpinned(struct wt_op *op)
{
	static const char *const argv[] = { "diff-files", "--quiet",
		"--ignore-submodules", "--diff-filter=D", NULL };
	const char *const more[] = { op->row.path, NULL };

	op->row.mending = false;
	if (op->row.trash_path == NULL)
		wt_git(op, op->row.path, argv, more, fix_compared_cb);
	else
		settle(op, "ready", EV_WORKTREE_RESTORED, NULL);
}

static void
fix_attached(struct wt_op *op)
{
	wt_unpin(op, fix_unpinned);
}

static void
fix_moved(struct wt_op *op)
{
	const struct wt_entry *here = wt_at(&op->list, op->row.path);
	const struct fixing *f = op->own;
	const struct wt_entry *e = NULL;

	if (op->row.trash_path != NULL)
		e = wt_at(&op->list, op->row.trash_path);
	if (e != NULL)
		fix_trashed(op, e);
	/* Not moved after all, or back already; its branch may be missing. */
	else if (here != NULL)
		wt_attach(op, here, fix_attached);
	else if (!wt_absent(f->path))
		settle(op, "failed", EV_WORKTREE_FAILED,
		    "interrupted; git no longer knows it");
	else if (f->trash == NULL || wt_absent(f->trash))
		settle(op, "removed", EV_WORKTREE_REMOVED, NULL);
	/* Unknown to git, but whoever looks for it finds it. */
	else if ((f->trash->flags & GIT_F_THERE) != 0)
		settle(op, "trashed", EV_WORKTREE_REMOVED, NULL);
	else
		wt_fail(op, RDV_E_STATE, "%s cannot be looked at",
		    op->row.trash_path);
}

/* Where it really is, when git has another place for it; else NULL. */
static const char *
real_place(const struct wt_op *op)
{
	const char *path = op->row.path, *trash = op->row.trash_path;
	const struct fixing *f = op->own;

	if (trash == NULL)
		return NULL;
	if (wt_at(&op->list, path) != NULL && wt_absent(f->path) &&
	    !wt_absent(f->trash))
		return trash;
	return wt_at(&op->list, trash) != NULL && wt_absent(f->trash) &&
		       !wt_absent(f->path)
		   ? path
		   : NULL;
}

static void
fix_repaired(struct wt_op *op)
{
	if (real_place(op) != NULL)
		wt_fail(op, RDV_E_STATE, "git cannot be told that it is in %s",
		    real_place(op));
	else
		fix_moved(op);
}

/* It also complains of those it may not look at: the list tells. */
static void
repaired_cb(struct wt_op *op, const struct git_result *r)
{
	(void)r;
	wt_relist(op, fix_repaired);
}

/*
 * git moves a worktree by a rename and then writes down where to. Killed in
 * between it leaves a directory that nobody knows any more, with all the work
 * in it: it is told where that is (abuse G20).
 */
static void
fix_removing(struct wt_op *op)
{
	const char *real = real_place(op);
	const char *const argv[] = { "worktree", "repair", "--", real, NULL };
	const char *const more[] = { real, NULL };

	if (real == NULL)
		fix_moved(op);
	else
		wt_git(op, op->top, argv, more, repaired_cb);
}

static void
fix_opened(struct wt_op *op)
{
	if (strcmp(op->row.state, "creating") == 0)
		fix_creating(op);
	else
		fix_removing(op);
}

static void
fix_start(struct wt_op *op)
{
	struct fixing *f = arena_alloc(op->arena, sizeof(*f));

	op->own = f;
	f->path = wt_question(op, "there", op->row.path);
	if (op->row.trash_path != NULL)
		f->trash = wt_question(op, "there", op->row.trash_path);
	wt_open(op, op->row.repo_path, fix_opened);
}

/* For as much as may go in this round; the rest is for the next one. */
static void
tidy_start(struct wt_op *op)
{
	wt_destroy(op, op->own, fix_end);
}

struct begin {
	struct worktrees *w;
	wt_step_fn *step;
	int64_t after, before; /* rows changed in between are looked at */
	int left;
	int64_t last;		/* when the newest one of them was changed */
	bool ending;		/* of a round: those that were begun, or not */
	struct wt_round *round; /* of this account alone; NULL: of all */
};

static bool
begin_cb(const struct store_worktree *row, void *arg)
{
	struct begin *b = arg;
	struct worktree_who who;
	struct wt_op *op;

	if (b->left <= 0)
		return false;
	if ((b->round != NULL && row->ending != b->ending) ||
	    row->updated_at <= b->after)
		return true;
	/* They come in this order: behind it all are younger. */
	if (row->updated_at >= b->before)
		return false;
	if (!owner_may_begin(b->w->app, row->user_id, &who) ||
	    (b->round != NULL && b->round->uid != who.uid))
		return true;
	b->left--;
	b->last = row->updated_at;
	if (wt_in_flight(b->w, NULL, who.uid, NULL, row->id))
		return true;
	/* git runs as whoever the row is of. */
	op = wt_new(b->w, &who, true, fix_fail);
	op->row = *row;
	op->row.id = arena_strdup(op->arena, row->id);
	op->row.user_id = op->who.user_id;
	op->row.repo_path = arena_strdup(op->arena, row->repo_path);
	op->row.path = arena_strdup(op->arena, row->path);
	op->row.branch = arena_text(op->arena, row->branch);
	op->row.base = arena_text(op->arena, row->base);
	op->row.state = arena_strdup(op->arena, row->state);
	op->row.cause = arena_text(op->arena, row->cause);
	op->row.trash_path = arena_text(op->arena, row->trash_path);
	op->row.branch_start = arena_text(op->arena, row->branch_start);
	op->row.identity = arena_text(op->arena, row->identity);
	op->own = b->round != NULL ? &b->round->budget : NULL;
	wt_later(op, b->step);
	return true;
}

static void
begin(struct begin *b, const char *state)
{
	int err = store_worktrees_in(b->w->app->db, state, begin_cb, b);

	if (err != 0)
		log_warnx("worktree", "rows cannot be read: %s",
		    strerror(-err));
}

void
worktreefix_settle(struct worktrees *w)
{
	static const char *const states[] = { "creating", "removing" };

	/* "removing" is also what is on its way back. */
	for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++) {
		struct begin b = { .w = w,
			.step = fix_start,
			.after = -1,
			.before = INT64_MAX,
			.left = INT32_MAX };

		begin(&b, states[i]);
	}
}

static bool
who_cb(const struct store_user *u, void *arg)
{
	struct worktree_who *who = arg;

	if (u->uid == who->uid)
		(void)str_copy(who->user_id, u->id, sizeof(who->user_id));
	return u->uid != who->uid;
}

bool
worktreefix_who(const struct app *app, struct worktree_who *who)
{
	who->user_id[0] = '\0';
	return store_users_each(app->db, who_cb, who) == 0 &&
	       who->user_id[0] != '\0';
}

/* From behind *came on, which is then where the next round begins. */
static void
tidy_some(struct begin b, int64_t *came)
{
	b.after = *came;
	b.left = TIDY_MAX;
	begin(&b, "trashed");
	*came = b.left > 0 ? -1 : b.last;
}

/*
 * What was begun is ended first, whenever that was. What cannot be ended, as
 * its repository is gone, keeps nobody else here: neither those like it nor
 * what is to be begun.
 */
static void
tidy(struct worktrees *w, struct wt_round *r, bool asked)
{
	struct begin b = { .w = w, .step = tidy_start, .round = r };

	r->budget = w->sweep;
	r->believed = worktree_believed(w, r);
	b.ending = true;
	b.before = INT64_MAX;
	tidy_some(b, &r->ended);
	b.ending = false;
	b.before =
	    clock_wall_ms() - w->app->conf->trash_retention_days * DAY_MS;
	if (asked ? worktree_believed_asked(w) : r->believed)
		tidy_some(b, &r->came);
	pins_tidy(w, r);
	workspaces_expire(w->app->workspaces, r->uid, r->began < 0);
	r->began = clock_mono_ms();
	r->due = false;
}

static struct wt_round *
round_of(struct worktrees *w, uid_t uid)
{
	struct wt_round *r;

	SLIST_FOREACH(r, &w->rounds, link)
	if (r->uid == uid)
		return r;
	r = xcalloc(1, sizeof(*r));
	*r = (struct wt_round){
		.uid = uid, .began = -1, .came = -1, .ended = -1
	};
	SLIST_INSERT_HEAD(&w->rounds, r, link);
	return r;
}

void
worktreefix_tidy_of(struct worktrees *w, uid_t uid)
{
	tidy(w, round_of(w, uid), true);
}

void
worktreefix_tidy(struct worktrees *w)
{
	tidy(w, round_of(w, geteuid()), false);
}

static void
fix_settle_cb(void *arg)
{
	struct worktrees *w = arg;
	struct wt_round *r;

	/* It may still make what would be looked for now. */
	if (runs_dooming(w->app->runs)) {
		loop_timer_set(w->settle, ENDING_MS);
		return;
	}
	worktreefix_settle(w);
	changes_settle(w);
	wt_discard_settle(w);
	/* Of these each worktree is settled by now, or on its way. */
	workspaces_settle(w->app->workspaces);
	resets_settle(w->app->resets);
	SLIST_FOREACH(r, &w->rounds, link)
	if (r->due)
		tidy(w, r, false);
}

static void
fix_tidy_cb(void *arg)
{
	struct worktrees *w = arg;

	worktreefix_tidy(w);
	loop_timer_set(w->tidy, w->app->conf->cleanup_interval_hours * HOUR_MS);
}

/*
 * In system mode work that nobody waits beside is done when its user comes, and
 * the trash is looked through as rarely as elsewhere.
 */
static void
fix_given_cb(uid_t uid, void *arg)
{
	struct worktrees *w = arg;
	struct wt_round *r = round_of(w, uid);
	const int64_t rest = w->app->conf->cleanup_interval_hours * HOUR_MS;

	r->due = r->began < 0 || clock_mono_ms() - r->began >= rest;
	worktrees_reconcile(w);
}

void
worktrees_reconcile(struct worktrees *w)
{
	loop_timer_set(w->settle, SETTLE_MS);
	clones_reconcile(w->clones);
	transfers_reconcile(w->transfers);
}

void
worktreefix_init(struct worktrees *w)
{
	SLIST_INIT(&w->rounds);
	w->sweep = (struct wt_budget){ SWEEP_FILES, SWEEP_BYTES };
	w->chunk = (struct wt_budget){ CHUNK_FILES, CHUNK_BYTES };
	w->destroy_ms = DESTROY_MS;
	ws_clock_start(&w->clock);
	w->settle = loop_timer_new(w->app->loop, fix_settle_cb, w);
	w->tidy = loop_timer_new(w->app->loop, fix_tidy_cb, w);
	if (w->app->conf->system)
		grants_on_given(w->app->grants, fix_given_cb, w);
	else
		loop_timer_set(w->tidy, TIDY_MS);
}

void
worktreefix_done(struct worktrees *w)
{
	struct wt_round *r;

	grants_on_given(w->app->grants, NULL, NULL);
	loop_timer_free(w->settle);
	loop_timer_free(w->tidy);
	while ((r = SLIST_FIRST(&w->rounds)) != NULL) {
		SLIST_REMOVE_HEAD(&w->rounds, link);
		free(r->pinned);
		free(r);
	}
}
