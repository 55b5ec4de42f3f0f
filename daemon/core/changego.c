/* SPDX-License-Identifier: MIT */
/*
 * Going on with what waits in a worktree, or giving it up. What that is the row
 * says, and git whether it is still so: somebody may have ended it by hand,
 * and then only the row is behind.
 */
#include <string.h>

#include "daemon/app.h"
#include "daemon/core/changeop.h"
#include "daemon/core/worktreeask.h"
#include "lib/arena.h"
#include "lib/err.h"
#include "lib/gitproto.h"
#include "lib/str.h"

static const char *const options[] = {
	[CHANGE_CONTINUE] = "--continue",
	[CHANGE_SKIP] = "--skip",
	[CHANGE_ABORT] = "--abort",
};

/* What git says is open (lib/gitproto.h), for each kind that goes on. */
static const struct {
	const char *kind, *begins, *command;
} commands[] = {
	{ "rebase", "rebase", "rebase" },
	{ "pick", "cherry-pick", "cherry-pick" },
};

/* The command for what is open, or NULL: it is over, or something else. */
static const char *
command_of(const struct change *c)
{
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (strcmp(commands[i].kind, c->row.kind) == 0 &&
		    str_starts(c->midway->text, commands[i].begins))
			return commands[i].command;
	return NULL;
}

/* Half of it is done, or git had come to its end but for that. */
static void
given_up(struct wt_op *op)
{
	const struct change *c = op->own;

	if (change_same(c->branch_now, c->row.branch_before))
		change_untear(op);
	else
		change_settle(op);
}

static void
emptied_cb(struct wt_op *op, const struct git_result *r)
{
	if (r->status != 0)
		change_settle_said(op, r);
	else
		change_heads(op, given_up);
}

/* Of an index with conflicts git makes no commit to keep. */
static void
quit_cb(struct wt_op *op, const struct git_result *r)
{
	static const char *const argv[] = { "reset", "--quiet", "--mixed",
		NULL };

	if (r->status != 0)
		change_settle_said(op, r);
	else
		wt_git(op, op->at, argv, NULL, emptied_cb);
}

/*
 * A git that was ended while it tidied cannot read what it has left there: it
 * is told to forget that, and the tree is brought back from here.
 */
static void
aborted_cb(struct wt_op *op, const struct git_result *r)
{
	const struct change *c = op->own;
	const char *const words[] = { "rebase", "--quit", NULL };

	if (r->status != 0 && strcmp(c->row.kind, "rebase") == 0)
		change_run(op, words, quit_cb);
	else
		change_settle_said(op, r);
}

static void
go_run(struct wt_op *op)
{
	const struct change *c = op->own;
	const char *const words[] = { command_of(c), options[c->verb], NULL };

	change_run(op, words,
	    c->verb == CHANGE_ABORT ? aborted_cb : change_settle_said);
}

static void
go_noted(struct wt_op *op)
{
	struct change *c = op->own;

	c->row.state = "running";
	c->row.cause = NULL;
	change_save(op, EV_CHANGE_UPDATED, go_run);
}

static void
go_checked(struct wt_op *op)
{
	struct change *c = op->own;

	if (c->verb == CHANGE_CONTINUE && c->conflicts != NULL)
		change_refuse(op, RDV_E_STATE, CHANGE_CONFLICT,
		    "%s is still in conflict; resolve it first",
		    c->conflicts[0]);
	else
		go_noted(op);
}

static void
go_known(struct wt_op *op)
{
	change_unmerged(op, op->at, go_checked);
}

/* What was made of it up to here is not lost with it. */
static void
rescued_cb(struct wt_op *op, const struct git_result *r)
{
	if (r->status != 0)
		wt_fail_git(op, r);
	else if (change_of(op)->verb == CHANGE_ABORT)
		go_noted(op);
	else
		change_identity(op, go_known);
}

/* Of commits that are skipped, one after the other, each has its own. */
static void
left_cb(struct wt_op *op, const struct git_result *r)
{
	const char *oid, *as = "aborted";

	if (r->status != 0) {
		wt_fail_git(op, r);
		return;
	}
	oid = change_line(op, r);
	if (change_of(op)->verb != CHANGE_ABORT)
		as = arena_printf(op->arena, "skipped-%s", oid);
	change_rescue(op, as, oid, rescued_cb);
}

static void
commit(struct wt_op *op, const char *tree, const char *index, wt_git_fn *next)
{
	const char *const argv[] = { "-c", "user.name=rdv", "-c",
		"user.email=rdv@localhost", "commit-tree", "-m",
		"left by an abort or a skip", tree, "-p", "HEAD",
		index != NULL ? "-p" : NULL, index, NULL };

	wt_git(op, op->at, argv, NULL, next);
}

/* On top of what was made, which has its name by that. */
static void
staged_cb(struct wt_op *op, const struct git_result *r)
{
	if (r->status != 0)
		wt_fail_git(op, r);
	else
		commit(op, change_of(op)->files, change_line(op, r), left_cb);
}

/* What is staged may be in no file any more. */
static void
kept_cb(struct wt_op *op, const struct git_result *r)
{
	struct change *c = op->own;
	const char *why;
	const struct git_fact *f = wt_fact_of(op, r, &why);
	const size_t n = f != NULL ? strcspn(f->text, " ") : 0;

	if (f == NULL) {
		wt_fail(op, r->status != 0 ? RDV_E_SPAWN : RDV_E_STATE,
		    "what lies in %s cannot be kept: %s", op->at, why);
	} else if (f->text[n] == '\0') {
		wt_fail(op, RDV_E_SPAWN, "rdv-git: these are no two trees");
	} else {
		c->files = arena_strndup(op->arena, f->text, n);
		commit(op, f->text + n + 1, NULL, staged_cb);
	}
}

/* What is edited there, resolved or not, is in no commit yet. */
static void
keep(struct wt_op *op)
{
	const char *const dirs[] = { op->at, op->top, NULL };
	const char **argv;
	size_t n = 0;

	if (!wt_begins(op))
		return;
	while (op->configs != NULL && op->configs[n] != NULL)
		n++;
	argv = arena_alloc(op->arena, (n + 3) * sizeof(*argv));
	argv[0] = "keep";
	argv[1] = op->at;
	for (size_t i = 0; i < n; i++)
		argv[i + 2] = op->configs[i];
	argv[n + 2] = NULL;
	change_of(op)->aborts = change_of(op)->verb == CHANGE_ABORT;
	wt_worker_in(op, dirs, argv, kept_cb);
}

/* Ended in the tree itself: what became of it the branch tells. */
static void
by_hand(struct wt_op *op)
{
	struct change *c = op->own;

	if (change_same(c->row.cause, change_torn)) {
		wt_fail(op, RDV_E_STATE, "%s", change_torn);
	} else if (wt_begins(op)) {
		c->aborts = true;
		change_settle(op);
	}
}

static void
go_seen(struct wt_op *op)
{
	struct change *c = op->own;

	if (c->midway->found != GIT_FOUND)
		wt_fail(op, RDV_E_STATE,
		    "whether an operation is open in %s cannot be told",
		    op->at);
	else if (command_of(c) != NULL && c->verb != CHANGE_CONTINUE)
		keep(op);
	else if (command_of(c) != NULL)
		change_identity(op, go_known);
	else if (c->midway->text[0] != '\0')
		wt_fail(op, RDV_E_STATE, "a %s is open in %s by now",
		    c->midway->text, op->at);
	else if (c->verb == CHANGE_ABORT &&
		 change_same(c->row.cause, change_torn))
		change_untear(op);
	else
		by_hand(op);
}

static void
go_opened(struct wt_op *op)
{
	struct change *c = op->own;
	int err = store_change_at(op->w->app->db, op->arena, op->who.user_id,
	    op->at, &c->row);

	if (err == RDV_E_NOT_FOUND) {
		wt_fail(op, RDV_E_STATE,
		    "nothing that rdv has begun is open in %s", op->at);
	} else if (err != 0) {
		wt_fail(op, err, "the database cannot be read");
	} else if (strcmp(c->row.state, "conflict") != 0) {
		wt_fail(op, RDV_E_BUSY, "it is being settled; ask again");
	} else {
		/* What fails until it is noted leaves it as it is. */
		c->row.user_id = op->who.user_id;
		change_midway(op, op->at, go_seen);
	}
}

static void
go_start(struct wt_op *op)
{
	wt_open(op, change_of(op)->path, go_opened);
}

void
change_go(struct worktrees *w, const struct worktree_who *who, const char *path,
    enum change_verb verb, change_fn *cb, void *arg)
{
	struct wt_op *op = change_new(w, who, cb, arg);
	struct change *c = op->own;

	c->path = arena_strdup(op->arena, path);
	c->verb = verb;
	wt_later(op, go_start);
}
