/* SPDX-License-Identifier: MIT */
/*
 * Worktrees as seen from outside: the module's life, and the list. What one
 * holds is in worktreeread.c, what makes one in worktreeadd.c, what takes one
 * away and brings it back in worktreerm.c, what settles things after a crash in
 * worktreefix.c.
 */
#include "daemon/core/worktreeremove.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "daemon/app.h"
#include "daemon/conf.h"
#include "daemon/core/clone.h"
#include "daemon/core/gitwork.h"
#include "daemon/core/transfer.h"
#include "daemon/core/worktreefix.h"
#include "daemon/core/worktreesize.h"
#include "daemon/core/worktreequota.h"
#include "daemon/core/worktreewatch.h"
#include "daemon/core/worktreelook.h"
#include "daemon/core/worktreeop.h"
#include "daemon/loop.h"
#include "lib/arena.h"
#include "lib/err.h"
#include "lib/log.h"
#include "lib/xalloc.h"

/* Out of rdv-git's reach; rdvd has its own rights before it confines itself. */
static void
make_dir(const struct conf *conf)
{
	if (!conf->system && conf_is_set(conf, "worktrees.dir") &&
	    mkdir(conf->worktree_dir, 0700) < 0 && errno != EEXIST)
		log_warn("worktree", "%s cannot be made", conf->worktree_dir);
}

/*
 * In system mode it lies in a home that rdvd cannot see. Elsewhere it lies in
 * rdvd's own state, and may be a link there, which is followed once, before
 * anything that runs for the account could have turned it.
 */
static void
find_trash(struct worktrees *w)
{
	const struct conf *conf = w->app->conf;
	char *server, *real;

	if (conf->system) {
		w->trash = xstrdup("~/.rdv/trash");
		return;
	}
	w->trash = xasprintf("%s/server/trash", conf->base);
	w->real_trash = realpath(w->trash, NULL);
	if (w->real_trash != NULL)
		return;
	/* Not made yet, then. */
	server = xasprintf("%s/server", conf->base);
	real = realpath(server, NULL);
	w->real_trash = xasprintf("%s/trash", real != NULL ? real : server);
	free(server);
	free(real);
}

struct worktrees *
worktrees_new(struct app *app)
{
	struct worktrees *w = xcalloc(1, sizeof(*w));

	w->app = app;
	w->git = git_new(app);
	w->works = gitwork_new(app);
	w->watches = wt_watches_new(w);
	w->clones = clones_new(app);
	w->sizes = wt_sizes_new();
	w->transfers = transfers_new(app);
	find_trash(w);
	TAILQ_INIT(&w->ops);
	TAILQ_INIT(&w->rooms);
	TAILQ_INIT(&w->ended);
	make_dir(app->conf);
	worktreefix_init(w);
	return w;
}

/*
 * Operations that wait for git hear that it will not come; those that wait for
 * the disk hear from the database, which is settled after this.
 */
void
worktrees_let_go(struct worktrees *w)
{
	git_end(w->git);
	gitwork_end(w->works);
	wt_let_go(w);
}

void
worktrees_free(struct worktrees *w)
{
	if (w == NULL)
		return;
	worktreefix_done(w);
	wt_watches_free(w->watches);
	git_free(w->git);
	gitwork_free(w->works);
	wt_done(w);
	worktree_quota_done(w);
	clones_free(w->clones);
	wt_sizes_free(w->sizes);
	transfers_free(w->transfers);
	free(w->trash);
	free(w->real_trash);
	free(w);
}

struct listing {
	worktree_list_fn *cb;
	void *arg;
	const char *path;
};

/* Nothing is undone: whoever only looks has changed nothing. */
static void
list_fail(struct wt_op *op, int err, const char *why)
{
	struct listing *l = op->own;

	l->cb(err, NULL, why, l->arg);
	wt_end(op);
}

/* What lies in the trash is registered with git all the same. */
static void
drop_trash(struct wt_op *op)
{
	size_t n = 0;

	for (size_t i = 0; i < op->list.n; i++)
		if (!worktree_in_trash(op, op->list.entries[i].path))
			op->list.entries[n++] = op->list.entries[i];
	op->list.n = n;
}

static void
list_done(struct wt_op *op)
{
	struct listing *l = op->own;

	drop_trash(op);
	l->cb(0, &op->list, NULL, l->arg);
	wt_end(op);
}

static void
list_start(struct wt_op *op)
{
	struct listing *l = op->own;

	wt_open(op, l->path, list_done);
}

void
worktree_list(struct worktrees *w, const struct worktree_who *who,
    const char *path, worktree_list_fn *cb, void *arg)
{
	/* false: it only looks, and waits for no other who looks. */
	struct wt_op *op = wt_new(w, who, false, list_fail);
	struct listing *l = arena_alloc(op->arena, sizeof(*l));

	*l = (struct listing){ cb, arg, arena_strdup(op->arena, path) };
	op->own = l;
	wt_later(op, list_start);
}

struct judging {
	worktree_states_fn *cb;
	void *arg;
	const char *path;
	struct wt_look look;
};

static void
states_fail(struct wt_op *op, int err, const char *why)
{
	struct judging *j = op->own;

	j->cb(err, NULL, why, j->arg);
	wt_end(op);
}

static void
states_done(struct wt_op *op)
{
	struct judging *j = op->own;
	const struct worktree_states states = {
		.status = &j->look.status,
		.reasons = j->look.reasons,
		.notes = j->look.notes,
		.main = op->at == op->top,
		.text = worktree_reasons(op->arena, &j->look),
	};

	j->cb(0, &states, NULL, j->arg);
	wt_end(op);
}

static void
states_opened(struct wt_op *op)
{
	struct judging *j = op->own;

	worktree_look(op, &j->look, true, states_done);
}

/* The repository has to be known before git may run in the tree at all. */
static void
states_start(struct wt_op *op)
{
	struct judging *j = op->own;

	wt_open(op, j->path, states_opened);
}

void
worktree_states(struct worktrees *w, const struct worktree_who *who,
    const char *path, worktree_states_fn *cb, void *arg)
{
	struct wt_op *op = wt_new(w, who, false, states_fail);
	struct judging *j = arena_alloc(op->arena, sizeof(*j));

	j->cb = cb;
	j->arg = arg;
	j->path = arena_strdup(op->arena, path);
	op->own = j;
	wt_later(op, states_start);
}
