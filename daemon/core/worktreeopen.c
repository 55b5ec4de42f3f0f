/* SPDX-License-Identifier: MIT */
/*
 * How every operation on worktrees begins: which repository it is about. That
 * is the one that lists the tree among its worktrees, not the one that a file
 * in the tree points to (abuse G09): a pointer only says where to ask.
 */
#include <string.h>

#include "daemon/app.h"
#include "daemon/core/gitpins.h"
#include "daemon/core/repo.h"
#include "daemon/core/worktreeask.h"
#include "daemon/core/worktreeop.h"
#include "lib/arena.h"
#include "lib/err.h"
#include "lib/log.h"
#include "lib/path.h"

/* What is asked of rdv-git about a repository. */
struct wt_opening {
	const struct git_fact *trash, *at;
	const char *likely;	     /* the main work tree, or NULL */
	const struct git_fact *main; /* of that, or of op->top */
};

static void
opened(struct wt_op *op)
{
	op->here = wt_at(&op->list, op->at);
	/* The pointer said so, the repository does not: a planted .git file. */
	if (op->here == NULL)
		wt_fail(op, RDV_E_INVALID,
		    "%s is not registered as a worktree of %s", op->at,
		    op->top);
	/* It may have waited long, and more than once. */
	else if (wt_still_may(op))
		op->opened(op);
}

static void
config_cb(struct wt_op *op, const struct git_result *r)
{
	if (r->status != 0) {
		wt_fail_git(op, r);
		return;
	}
	op->configs = git_overrides(op->arena, r->out, r->outlen);
	wt_relist(op, opened);
}

/* Names alone: a value is never looked at, only taken away. */
static void
ask_config(struct wt_op *op)
{
	static const char *const argv[] = { "config", "--list", "--name-only",
		"-z", NULL };

	wt_git(op, op->at, argv, NULL, config_cb);
}

/* What is known of the main work tree by now, by a fact's flags. */
static void
judge_top(struct wt_op *op, const struct git_fact *f)
{
	if ((f->flags & GIT_F_MAIN) == 0) {
		wt_fail(op, RDV_E_INVALID,
		    "%s is not the main work tree of a repository under "
		    "worktrees.repo_roots",
		    op->top);
		return;
	}
	op->borrows = (f->flags & GIT_F_BORROWS) != 0;
	wt_enter(op, ask_config);
}

static void
top_seen(struct wt_op *op)
{
	judge_top(op, op->opening->main);
}

/* The main work tree is op->top, if it is one: perhaps that is known. */
static void
read_config(struct wt_op *op)
{
	struct wt_opening *o = op->opening;

	if (o->likely != NULL && strcmp(o->likely, op->top) == 0) {
		judge_top(op, o->main);
		return;
	}
	o->main = wt_question(op, "main", op->top);
	wt_ask(op, top_seen);
}

/* A file of one line, shown as all added: "+gitdir: /a/.git/worktrees/b". */
static void
pointer_cb(struct wt_op *op, const struct git_result *r)
{
	static const char key[] = "\n+gitdir: ";
	const char *at = strstr(r->out, key), *line;

	if (at != NULL) {
		at += strlen(key);
		line = arena_strndup(op->arena, at, strcspn(at, "\n"));
		op->top = repo_of_gitdir(op->arena, op->at, line);
	}
	if (op->top == NULL)
		wt_fail(op, RDV_E_INVALID,
		    "%s belongs to no repository that rdv can use", op->at);
	else
		read_config(op);
}

/*
 * rdvd cannot read the file, and git would follow it before it is judged: so
 * git shows it as text, from a directory that is in no repository.
 */
static void
read_pointer(struct wt_op *op)
{
	const char *file = arena_printf(op->arena, "%s/.git", op->at);
	const char *const argv[] = { "diff", "--no-index", "--no-ext-diff",
		"--no-textconv", "--no-color", "--", "/dev/null", file, NULL };

	wt_git(op, "/usr", argv, NULL, pointer_cb);
}

/* A row of ours says better where it belongs than a file in the tree. */
static void
find_top(struct wt_op *op)
{
	struct store_worktree row;
	int err = store_worktree_at(op->w->app->db, op->arena, op->who.user_id,
	    op->at, &row);

	if (err == 0) {
		op->top = row.repo_path;
		read_config(op);
	} else if (err == RDV_E_NOT_FOUND) {
		read_pointer(op);
	} else {
		wt_fail(op, err, "the database cannot be read");
	}
}

/*
 * Under another name than its own, worktrees would be moved where the answer
 * says, and what lies in the trash would not be known for it. One that is
 * missing is named as it was told.
 */
static bool
is_another_trash(const struct wt_op *op, const struct git_fact *trash)
{
	const struct worktrees *w = op->w;

	return trash->found == GIT_FOUND && w->real_trash != NULL &&
	       strcmp(trash->text, w->real_trash) != 0 &&
	       strcmp(trash->text, w->trash) != 0;
}

static void
refuse_trash(struct wt_op *op, const struct git_fact *trash)
{
	const char *real = op->w->real_trash;

	log_warnx("worktree", "uid %u: rdv-git names %s as the trash, not %s",
	    (unsigned)op->who.uid, trash->text, real);
	wt_fail(op, RDV_E_SPAWN,
	    "rdv-git names %s as the trash, and that is %s; if you have moved "
	    "it, restart rdv",
	    trash->text, real);
}

static void
placed(struct wt_op *op)
{
	const struct git_fact *at = op->opening->at, *trash;

	trash = op->opening->trash;
	if (is_another_trash(op, trash)) {
		refuse_trash(op, trash);
		return;
	}
	if (at->found != GIT_FOUND) {
		wt_fail_fact(op, at);
		return;
	}
	if (!path_absolute_ok(at->text)) {
		wt_fail(op, RDV_E_SPAWN, "rdv-git: that is no path");
		return;
	}
	op->at = at->text;
	if (trash->found == GIT_FOUND && path_absolute_ok(trash->text))
		op->trash = trash->text;
	op->near_trash =
	    op->trash != NULL && (at->flags & GIT_F_SAME_MOUNT) != 0;
	if ((at->flags & GIT_F_LINKED) != 0) {
		find_top(op);
	} else {
		op->top = op->at;
		judge_top(op, at);
	}
}

void
wt_open(struct wt_op *op, const char *path, wt_step_fn *next)
{
	struct wt_opening *o = arena_alloc(op->arena, sizeof(*o));
	struct store_worktree row;

	op->opened = next;
	op->opening = o;
	/* In this order: where the tree is told by its way to the trash. */
	o->trash = wt_question(op, "trash", op->keeps ? "make" : "look");
	o->at = wt_question(op, "place", path);
	/* Mostly it is the path of a row, and then one call is enough. */
	if (store_worktree_at(op->w->app->db, op->arena, op->who.user_id, path,
		&row) == 0) {
		o->likely = row.repo_path;
		o->main = wt_question(op, "main", o->likely);
	}
	wt_ask(op, placed);
}
